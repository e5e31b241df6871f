//! Whether a recording keeps to a budget: for a gate in continuous integration.
//!
//! Input: a [`Profile`], and a [`Budget`] or a second profile that it is held
//! against. Output: a [`Finding`] for each limit, which each format module turns
//! into text.
//!
//! An estimated figure breaks a limit only if its whole 95 % interval is beyond it;
//! if the figure itself is, and not the whole interval, that is said and breaks
//! nothing.

mod budget;
mod github;
mod growth;
mod json;
mod judge;
mod junit;
mod side;
mod text;

#[cfg(test)]
mod golden;

pub use budget::{Budget, BudgetError, Limit, Per, Rule, Selector};
pub use github::to_github;
pub use growth::{Growth, judge_growth};
pub use json::{SCHEMA, to_json};
pub use judge::{JudgeError, Work, judge};
pub use junit::to_junit;
pub use side::Side;
pub use text::to_text;

use crate::profile::{Frame, Interval, Measure, Profile, Sample};

/// What became of a limit.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// Name of the rule.
    pub rule: String,
    /// What was measured.
    pub measure: Measure,
    /// In which unit.
    pub per: Per,
    /// The figure, with its interval.
    pub value: Estimate,
    /// The most it may be.
    pub limit: f64,
    /// What the limit comes from, if from another recording.
    pub base: Option<Estimate>,
    /// Whether anything of the recording is what the rule is about.
    pub matched: bool,
    /// The call path that allocates most of it, from the call site outwards.
    pub path: Vec<Step>,
}

/// A figure and the 95 % interval it is in; one point where it is exact.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Estimate {
    /// The figure.
    pub value: f64,
    /// Lowest.
    pub low: f64,
    /// Highest.
    pub high: f64,
}

/// A frame of a call path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Function.
    pub function: String,
    /// Source file, empty when unknown.
    pub file: String,
    /// Line in it, 0 when unknown.
    pub line: u32,
}

/// What a finding says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The figure is within the limit.
    Held,
    /// It is beyond the limit, which is within its interval.
    Unsure,
    /// It is beyond the limit with all of its interval.
    Broken,
}

impl Verdict {
    /// Its name in every output.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Unsure => "unsure",
            Self::Broken => "broken",
        }
    }
}

impl Finding {
    /// What it says.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        if self.value.low > self.limit {
            Verdict::Broken
        } else if self.value.value > self.limit {
            Verdict::Unsure
        } else {
            Verdict::Held
        }
    }
}

/// How many findings say what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// [`Verdict::Broken`].
    pub broken: usize,
    /// [`Verdict::Unsure`].
    pub unsure: usize,
    /// [`Verdict::Held`].
    pub held: usize,
}

impl Tally {
    /// Counts them.
    #[must_use]
    pub fn of(findings: &[Finding]) -> Self {
        let mut tally = Self::default();
        for finding in findings {
            match finding.verdict() {
                Verdict::Broken => tally.broken += 1,
                Verdict::Unsure => tally.unsure += 1,
                Verdict::Held => tally.held += 1,
            }
        }
        tally
    }
}

impl Estimate {
    fn new(value: u64, interval: Option<Interval>) -> Self {
        let (low, high) = interval.map_or((value, value), |it| (it.low, it.high));
        Self {
            value: value as f64,
            low: low as f64,
            high: high as f64,
        }
    }

    fn times(self, factor: f64) -> Self {
        Self {
            value: self.value * factor,
            low: self.low * factor,
            high: self.high * factor,
        }
    }

    /// Whether it is known without error.
    #[must_use]
    pub fn is_exact(self) -> bool {
        self.low == self.high
    }
}

/// The call path of the sample that has most.
fn heaviest_path(profile: &Profile, samples: &[&Sample], measure: Measure) -> Vec<Step> {
    let heaviest = samples.iter().max_by_key(|sample| measure.of(sample));
    let Some(sample) = heaviest else {
        return Vec::new();
    };
    let step = |frame: &Frame<'_>| Step {
        function: frame.function.clone().into_owned(),
        file: frame.file.to_owned(),
        line: frame.line,
    };
    let frames: Vec<_> = profile.frames(&sample.stack).collect();
    let own = frames.iter().position(|frame| !frame.runtime);
    match own {
        Some(first) => frames.iter().skip(first).map(step).collect(),
        // All of it is the runtime's.
        None => profile.site(sample).iter().map(step).collect(),
    }
}
