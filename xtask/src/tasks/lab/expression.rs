//! Predicates over measured figures, as `s01Read.objects == 0`.
//!
//! A predicate is two or more sums between comparisons, all of which have to hold:
//! `1 <= s03None9.objects < 3`. What is added are numbers, `FUNCTION.FIELD`, and
//! products of them. Fields: `objects` and `bytes` of one operation, `largest` (bytes
//! of the largest object), `tables` (different sizes of the
//! buckets and groups of its maps), `announced` (things of which the compiler says that they
//! are on the heap), `dearest` (the dearest write of a map that doubles, in writes to one that
//! has room) and `cause`, a text: `s08Int256.cause == "interface boxing"`.

mod parse;

use std::{collections::BTreeSet, fmt};

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;

use super::figures::{Figures, Measured};

/// A predicate, parsed.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
pub struct Predicate {
    text: String,
    first: Sum,
    rest: Vec<(Comparison, Sum)>,
}

/// Products with a sign each.
#[derive(Clone, Debug)]
struct Sum(Vec<(f64, Product)>);

/// Factors, some of which divide.
#[derive(Clone, Debug)]
struct Product(Vec<(bool, Factor)>);

#[derive(Clone, Debug)]
enum Factor {
    Number(f64),
    Text(String),
    Of(String, Field),
}

#[derive(Clone, Copy, Debug)]
enum Field {
    Objects,
    Bytes,
    Largest,
    Tables,
    Announced,
    Dearest,
    Cause,
}

#[derive(Clone, Copy, Debug)]
enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// What a sum comes to.
#[derive(Clone, Debug, PartialEq)]
enum Value {
    Number(f64),
    Text(String),
}

/// Numbers nearer than this share of the larger, or than this, are equal: figures
/// are shown with three digits.
const EQUAL: f64 = 0.005;

impl Predicate {
    /// Whether it holds; `None` if the release lacks one of the functions.
    pub fn holds(&self, measured: &Measured) -> Result<Option<bool>> {
        if !self.functions().iter().all(|it| measured.contains_key(*it)) {
            return Ok(None);
        }
        let mut left = self.first.value(measured)?;
        for (comparison, right) in &self.rest {
            let right = right.value(measured)?;
            let holds = comparison
                .holds(&left, &right)
                .with_context(|| format!("`{self}`"))?;
            if !holds {
                return Ok(Some(false));
            }
            left = right;
        }
        Ok(Some(true))
    }

    /// The functions it is about.
    pub fn functions(&self) -> BTreeSet<&str> {
        let sums = std::iter::once(&self.first).chain(self.rest.iter().map(|(_, sum)| sum));
        let products = sums.flat_map(|sum| sum.0.iter().map(|(_, product)| product));
        let factors = products.flat_map(|product| product.0.iter().map(|(_, factor)| factor));
        factors
            .filter_map(|factor| match factor {
                Factor::Of(function, _) => Some(function.as_str()),
                _ => None,
            })
            .collect()
    }

    /// What its figures are, for the message that it does not hold.
    pub fn figures(&self, measured: &Measured) -> String {
        let of = |name: &str| {
            let it = measured.get(name)?;
            Some(format!(
                "{name}: {} objects, {} bytes, largest {}, {} tables, {} announced, dearest {}, {}",
                it.objects_per_op(),
                it.bytes_per_op(),
                it.largest_bytes,
                it.table_sizes_bytes.len(),
                it.announced.len(),
                it.dearest_writes,
                it.causes_by_objects().join("+")
            ))
        };
        let figures: Vec<_> = self.functions().into_iter().filter_map(of).collect();
        figures.join("; ")
    }
}

impl TryFrom<String> for Predicate {
    type Error = anyhow::Error;

    fn try_from(text: String) -> Result<Self> {
        // serde shows the outermost message only.
        Self::parse(&text).map_err(|error| anyhow::anyhow!("`{text}`: {error:#}"))
    }
}

impl fmt::Display for Predicate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Sum {
    fn value(&self, measured: &Measured) -> Result<Value> {
        if let [(_, Product(factors))] = self.0.as_slice()
            && let [(_, factor)] = factors.as_slice()
        {
            return factor.value(measured);
        }
        let mut sum = 0.0;
        for (sign, product) in &self.0 {
            sum += sign * product.value(measured)?;
        }
        Ok(Value::Number(sum))
    }
}

impl Product {
    fn value(&self, measured: &Measured) -> Result<f64> {
        let mut product = 1.0;
        for (divides, factor) in &self.0 {
            let Value::Number(number) = factor.value(measured)? else {
                bail!("a text is no number");
            };
            if *divides {
                product /= number;
            } else {
                product *= number;
            }
        }
        Ok(product)
    }
}

impl Factor {
    fn value(&self, measured: &Measured) -> Result<Value> {
        Ok(match self {
            Self::Number(number) => Value::Number(*number),
            Self::Text(text) => Value::Text(text.clone()),
            Self::Of(function, field) => {
                let figures = measured.get(function);
                field.of(figures.with_context(|| format!("{function} was not measured"))?)
            }
        })
    }
}

impl Field {
    fn of(self, figures: &Figures) -> Value {
        Value::Number(match self {
            Self::Objects => figures.objects_per_op(),
            Self::Bytes => figures.bytes_per_op(),
            Self::Largest => figures.largest_bytes as f64,
            Self::Tables => figures.table_sizes_bytes.len() as f64,
            Self::Announced => figures.announced.len() as f64,
            Self::Dearest => figures.dearest_writes,
            Self::Cause => return Value::Text(figures.causes_by_objects().join(", ")),
        })
    }
}

impl Comparison {
    fn holds(self, left: &Value, right: &Value) -> Result<bool> {
        let (left, right) = match (left, right) {
            (Value::Number(left), Value::Number(right)) => (*left, *right),
            (Value::Text(left), Value::Text(right)) => {
                return match self {
                    Self::Equal => Ok(left == right),
                    Self::NotEqual => Ok(left != right),
                    _ => bail!("texts are equal or not"),
                };
            }
            _ => bail!("a text and a number"),
        };
        let equal = (left - right).abs() <= EQUAL * left.abs().max(right.abs()).max(1.0);
        Ok(match self {
            Self::Equal => equal,
            Self::NotEqual => !equal,
            Self::Less => left < right && !equal,
            Self::LessOrEqual => left < right || equal,
            Self::Greater => left > right && !equal,
            Self::GreaterOrEqual => left > right || equal,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::figures::Count;
    use super::*;

    fn measured() -> Measured {
        let figures = |objects, heap_bytes, cause: &str| Figures {
            operations: 100,
            goalloc: Count {
                objects,
                heap_bytes,
            },
            causes: [(cause.to_owned(), objects)].into(),
            largest_bytes: 64,
            table_sizes_bytes: [48, 64].into(),
            ..Figures::default()
        };
        let a = figures(100, 4800, "make map");
        let b = figures(350, 9600, "map growth");
        [("a".to_owned(), a), ("b".to_owned(), b)].into()
    }

    fn holds(text: &str) -> Option<bool> {
        let predicate = Predicate::try_from(text.to_owned()).unwrap();
        predicate.holds(&measured()).unwrap()
    }

    #[test]
    fn compares_figures_of_one_operation() {
        for (text, expected) in [
            ("a.objects == 1", true),
            ("b.objects == 3.5", true),
            ("3 <= b.objects < 3.5", false),
            ("b.bytes == 2 * a.bytes", true),
            ("b.bytes - a.bytes == 48", true),
            ("b.bytes / a.bytes > 1.9", true),
            ("a.cause == \"make map\"", true),
            ("a.cause != b.cause", true),
            ("a.largest + a.announced == 64", true),
            ("a.tables == 2", true),
        ] {
            assert_eq!(holds(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn a_function_that_a_release_lacks_decides_nothing() {
        assert_eq!(holds("a.objects == c.objects"), None);
    }

    #[test]
    fn what_is_no_predicate_is_refused() {
        for text in [
            "",
            "a.objects",
            "a.objects = 1",
            "a.size == 1",
            "a == 1",
            "1 ==",
            "a.objects == \"x",
            "1 == 2 +",
            "1 == 2 *",
        ] {
            assert!(Predicate::try_from(text.to_owned()).is_err(), "{text}");
        }
        let texts = Predicate::try_from("a.cause == 1".to_owned()).unwrap();
        assert!(texts.holds(&measured()).is_err());
    }
}
