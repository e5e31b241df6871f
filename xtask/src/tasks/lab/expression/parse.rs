//! Predicates from text.

use std::iter::Peekable;

use anyhow::{Context as _, Result, bail, ensure};

use super::{Comparison, Factor, Field, Predicate, Product, Sum};

impl Predicate {
    /// Reads one.
    pub(super) fn parse(text: &str) -> Result<Self> {
        let words = words(text)?;
        let mut words = words.iter().map(String::as_str).peekable();
        let first = Sum::parse(&mut words)?;
        let mut rest = Vec::new();
        while let Some(word) = words.next() {
            let comparison = match word {
                "==" => Comparison::Equal,
                "!=" => Comparison::NotEqual,
                "<" => Comparison::Less,
                "<=" => Comparison::LessOrEqual,
                ">" => Comparison::Greater,
                ">=" => Comparison::GreaterOrEqual,
                other => bail!("`{other}` is no comparison such as =="),
            };
            rest.push((comparison, Sum::parse(&mut words)?));
        }
        ensure!(!rest.is_empty(), "it compares nothing, as == would");
        Ok(Self {
            text: text.to_owned(),
            first,
            rest,
        })
    }
}

/// Splits at blanks, but not inside of quotes.
fn words(text: &str) -> Result<Vec<String>> {
    let mut words = Vec::new();
    for (index, part) in text.split('"').enumerate() {
        if index % 2 == 1 {
            words.push(format!("\"{part}"));
        } else {
            words.extend(part.split_whitespace().map(ToOwned::to_owned));
        }
    }
    ensure!(
        text.matches('"').count().is_multiple_of(2),
        "a quote has no end"
    );
    Ok(words)
}

impl Sum {
    fn parse<'a>(words: &mut Peekable<impl Iterator<Item = &'a str>>) -> Result<Self> {
        let mut sum = vec![(1.0, Product::parse(words)?)];
        while let Some(sign) = words.next_if(|it| matches!(*it, "+" | "-")) {
            let sign = if sign == "+" { 1.0 } else { -1.0 };
            sum.push((sign, Product::parse(words)?));
        }
        Ok(Self(sum))
    }
}

impl Product {
    fn parse<'a>(words: &mut Peekable<impl Iterator<Item = &'a str>>) -> Result<Self> {
        let mut factor = || -> Result<Factor> {
            Factor::parse(words.next().context("it ends before it should")?)
        };
        let mut product = vec![(false, factor()?)];
        while let Some(sign) = words.next_if(|it| matches!(*it, "*" | "/")) {
            let word = words.next().context("it ends before it should")?;
            product.push((sign == "/", Factor::parse(word)?));
        }
        Ok(Self(product))
    }
}

impl Factor {
    fn parse(word: &str) -> Result<Self> {
        if let Some(text) = word.strip_prefix('"') {
            return Ok(Self::Text(text.to_owned()));
        }
        if let Ok(number) = word.parse() {
            return Ok(Self::Number(number));
        }
        let (function, field) = word
            .split_once('.')
            .with_context(|| format!("`{word}` is neither a number nor FUNCTION.FIELD"))?;
        let field = match field {
            "objects" => Field::Objects,
            "bytes" => Field::Bytes,
            "largest" => Field::Largest,
            "tables" => Field::Tables,
            "announced" => Field::Announced,
            "dearest" => Field::Dearest,
            "cause" => Field::Cause,
            other => bail!("no field `{other}`"),
        };
        Ok(Self::Of(function.to_owned(), field))
    }
}
