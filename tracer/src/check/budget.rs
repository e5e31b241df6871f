//! The budget file: rules in TOML.
//!
//! ```toml
//! [[rule]]
//! name = "orders stay cheap"
//! function = "example.com/shop/order.*"
//! max_objects_per_op = 12
//! max_bytes_per_op = "4 KiB"
//! ```

use bytesize::ByteSize;
use serde::Deserialize;
use wildmatch::WildMatch;

use crate::profile::{Measure, Profile, Sample};
use crate::report::By;

/// Rules that a recording is to keep.
#[derive(Clone, Debug, PartialEq)]
pub struct Budget {
    /// At least one.
    pub rules: Vec<Rule>,
}

/// What some of the allocations may come to.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// What to call it.
    pub name: String,
    /// Which allocations.
    pub selector: Selector,
    /// At least one.
    pub limits: Vec<Limit>,
}

/// Which allocations a rule is about: those that match all patterns it has. With
/// none it is about all. In a pattern `*` stands for any text and `?` for any
/// character.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Selector {
    patterns: Vec<(By, WildMatch)>,
}

/// The most that may be allocated.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limit {
    /// Objects or bytes.
    pub measure: Measure,
    /// Of what.
    pub per: Per,
    /// So many.
    pub most: f64,
}

/// What a figure is related to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Per {
    /// The whole recording.
    Recording,
    /// A second of it.
    Second,
    /// An operation: the user says how many there were.
    Operation,
    /// All that was recorded, in percent.
    Share,
}

/// Why a budget cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BudgetError {
    /// It is no TOML, or has keys or values that no rule has.
    #[error("line {line}: {message}")]
    Syntax {
        /// In the file, from 1.
        line: usize,
        /// What is wrong with it.
        message: String,
    },
    /// There is nothing to check.
    #[error("it has no [[rule]]")]
    NoRules,
    /// A rule allows everything.
    #[error("rule {0} has no limit: give it max_bytes, max_objects_per_op or another max_...")]
    NoLimit(String),
    /// A limit that nothing can be held against.
    #[error("rule {rule}: {key} = {value} is not {expected}")]
    BadValue {
        /// Name of the rule.
        rule: String,
        /// Of the limit.
        key: &'static str,
        /// As it is in the file.
        value: String,
        /// What it has to be.
        expected: &'static str,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    rule: Vec<RawRule>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRule {
    name: Option<String>,
    package: Option<String>,
    function: Option<String>,
    site: Option<String>,
    #[serde(rename = "type")]
    type_name: Option<String>,
    cause: Option<String>,
    max_objects: Option<Amount>,
    max_bytes: Option<Amount>,
    max_objects_per_second: Option<Amount>,
    max_bytes_per_second: Option<Amount>,
    max_objects_per_op: Option<Amount>,
    max_bytes_per_op: Option<Amount>,
    max_objects_share: Option<Amount>,
    max_bytes_share: Option<Amount>,
}

/// A number, or one with its unit.
#[derive(Deserialize)]
#[serde(untagged)]
enum Amount {
    Number(f64),
    Text(String),
}

impl Budget {
    /// Reads a budget file.
    ///
    /// # Errors
    ///
    /// When it is none.
    pub fn parse(text: &str) -> Result<Self, BudgetError> {
        let file: File = toml::from_str(text).map_err(|error| syntax_error(text, &error))?;
        if file.rule.is_empty() {
            return Err(BudgetError::NoRules);
        }
        let rules = file.rule.into_iter().enumerate();
        let rules = rules.map(|(index, raw)| raw.rule(index));
        Ok(Self {
            rules: rules.collect::<Result<_, _>>()?,
        })
    }
}

fn syntax_error(text: &str, error: &toml::de::Error) -> BudgetError {
    let start = error.span().map_or(0, |span| span.start);
    let before = text.as_bytes().iter().take(start);
    BudgetError::Syntax {
        line: 1 + before.filter(|&&byte| byte == b'\n').count(),
        message: error.message().lines().collect::<Vec<_>>().join(" "),
    }
}

impl RawRule {
    fn rule(self, index: usize) -> Result<Rule, BudgetError> {
        let patterns: Vec<_> = [
            (By::Package, self.package),
            (By::Function, self.function),
            (By::Site, self.site),
            (By::Type, self.type_name),
            (By::Cause, self.cause),
        ]
        .into_iter()
        .filter_map(|(by, pattern)| Some((by, pattern?)))
        .collect();
        let name = self.name.unwrap_or_else(|| name_of(index, &patterns));
        let limits = [
            (
                "max_objects",
                Measure::Objects,
                Per::Recording,
                self.max_objects,
            ),
            ("max_bytes", Measure::Bytes, Per::Recording, self.max_bytes),
            (
                "max_objects_per_second",
                Measure::Objects,
                Per::Second,
                self.max_objects_per_second,
            ),
            (
                "max_bytes_per_second",
                Measure::Bytes,
                Per::Second,
                self.max_bytes_per_second,
            ),
            (
                "max_objects_per_op",
                Measure::Objects,
                Per::Operation,
                self.max_objects_per_op,
            ),
            (
                "max_bytes_per_op",
                Measure::Bytes,
                Per::Operation,
                self.max_bytes_per_op,
            ),
            (
                "max_objects_share",
                Measure::Objects,
                Per::Share,
                self.max_objects_share,
            ),
            (
                "max_bytes_share",
                Measure::Bytes,
                Per::Share,
                self.max_bytes_share,
            ),
        ];
        let limits = limits
            .into_iter()
            .filter_map(|(key, measure, per, amount)| {
                let limit = |most| Limit { measure, per, most };
                Some(amount?.most(&name, key, measure, per).map(limit))
            });
        let limits: Vec<_> = limits.collect::<Result<_, _>>()?;
        if limits.is_empty() {
            return Err(BudgetError::NoLimit(name));
        }
        let patterns = patterns.into_iter();
        let patterns = patterns.map(|(by, pattern)| (by, WildMatch::new(&pattern)));
        Ok(Rule {
            name,
            selector: Selector {
                patterns: patterns.collect(),
            },
            limits,
        })
    }
}

/// What a rule without a name is called.
fn name_of(index: usize, patterns: &[(By, String)]) -> String {
    let patterns = patterns.iter();
    let patterns: Vec<_> = patterns
        .map(|(by, it)| format!("{} {it}", by.name()))
        .collect();
    if patterns.is_empty() {
        format!("rule {}", index + 1)
    } else {
        patterns.join(", ")
    }
}

impl Amount {
    fn most(
        self,
        rule: &str,
        key: &'static str,
        measure: Measure,
        per: Per,
    ) -> Result<f64, BudgetError> {
        let (expected, number, value) = match self {
            Self::Number(number) => ("zero or more", Some(number), number.to_string()),
            Self::Text(text) if per == Per::Share => {
                let number = text.trim().strip_suffix('%').map(str::trim_end);
                (
                    "a share as \"5 %\"",
                    number.and_then(|it| it.parse().ok()),
                    text,
                )
            }
            Self::Text(text) if measure == Measure::Bytes => {
                let bytes = text.parse::<ByteSize>().map(|it| it.as_u64() as f64);
                ("a size as \"4 KiB\"", bytes.ok(), text)
            }
            Self::Text(text) => ("a number", None, text),
        };
        number
            .filter(|number| number.is_finite() && *number >= 0.0)
            .ok_or_else(|| BudgetError::BadValue {
                rule: rule.to_owned(),
                key,
                value,
                expected,
            })
    }
}

impl Selector {
    /// Whether a sample is one of those meant. The main package may be meant by its
    /// path and as `main`.
    #[must_use]
    pub fn matches(&self, profile: &Profile, sample: &Sample) -> bool {
        let mut patterns = self.patterns.iter();
        patterns.all(|(by, pattern)| {
            let key = by.key(profile, sample);
            let is_main = *by == By::Package && profile.target.main_path.as_ref() == Some(&key);
            pattern.matches(&key) || is_main && pattern.matches("main")
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn error(text: &str) -> String {
        Budget::parse(text).unwrap_err().to_string()
    }

    #[test]
    fn reads_every_limit() {
        let budget = Budget::parse(
            r#"
            [[rule]]
            name = "all"
            max_objects = 10
            max_bytes = "4 KiB"
            max_objects_per_second = 1.5
            max_bytes_per_second = "1 MB"
            max_objects_per_op = 12
            max_bytes_per_op = 96
            max_objects_share = "20 %"
            max_bytes_share = 2.5
            [[rule]]
            package = "net/*"
            cause = "append growth"
            max_bytes = 0
            "#,
        )
        .unwrap();
        let [all, net] = budget.rules.as_slice() else {
            panic!("{budget:?}");
        };
        let most: Vec<_> = all.limits.iter().map(|limit| limit.most).collect();
        assert_eq!(most, [10.0, 4096.0, 1.5, 1e6, 12.0, 96.0, 20.0, 2.5]);
        assert_eq!(net.name, "package net/*, cause append growth");
    }

    #[test]
    fn what_is_wrong_is_said_with_its_cure() {
        assert_eq!(error(""), "it has no [[rule]]");
        assert!(error("[[rule]]\nname = 'x'").contains("rule x has no limit: give it"));
        assert!(error("[[rule]]\nmax_byte = 1").contains("unknown field `max_byte`"));
        assert_eq!(
            error("[[rule]]\nmax_bytes = 'much'"),
            "rule rule 1: max_bytes = much is not a size as \"4 KiB\""
        );
        assert!(error("[[rule]]\nmax_objects = -1").contains("is not zero or more"));
        assert!(error("[[rule]]\nmax_objects_share = '5'").contains("is not a share"));
        assert!(error("[[rule").contains("line 1"));
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in ".{0,200}") {
            let _ = Budget::parse(&text);
        }

        #[test]
        fn any_value_is_read_or_refused(value in "[-+0-9a-zA-Z.% \"]{0,12}") {
            let _ = Budget::parse(&format!("[[rule]]\nmax_bytes = {value}"));
            let _ = Budget::parse(&format!("[[rule]]\nmax_bytes_share = '{value}'"));
        }
    }
}
