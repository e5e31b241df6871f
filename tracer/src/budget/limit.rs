//! The bound on the slowdown, as the user states it.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// How much of the CPU time that the target uses may be spent on tracing it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum MaxOverhead {
    /// This many percent, above 0 and at most 100.
    Percent(f64),
    /// No bound: every allocation is traced, whatever it costs.
    None,
}

impl Default for MaxOverhead {
    fn default() -> Self {
        Self::Percent(2.0)
    }
}

/// A bound that cannot be held.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error(
    "`{text}` is no bound: give percent of the target's CPU time above 0 and up to 100, or none"
)]
pub struct ParseError {
    text: String,
}

impl FromStr for MaxOverhead {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "none" {
            return Ok(Self::None);
        }
        let number = text.strip_suffix('%').unwrap_or(text);
        match number.trim().parse::<f64>() {
            Ok(percent) if percent > 0.0 && percent <= 100.0 => Ok(Self::Percent(percent)),
            _ => Err(ParseError {
                text: text.to_owned(),
            }),
        }
    }
}

impl fmt::Display for MaxOverhead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Percent(percent) => write!(f, "{percent}"),
            Self::None => f.write_str("none"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percent_or_none() {
        assert_eq!("2".parse(), Ok(MaxOverhead::Percent(2.0)));
        assert_eq!("0.5%".parse(), Ok(MaxOverhead::Percent(0.5)));
        assert_eq!("none".parse(), Ok(MaxOverhead::None));
        for wrong in ["", "0", "-1", "101", "NaN", "inf", "all", "2 %%"] {
            assert!(wrong.parse::<MaxOverhead>().is_err(), "{wrong:?}");
        }
        let default = MaxOverhead::default();
        assert_eq!(default.to_string().parse(), Ok(default));
    }
}
