//! Puts every measured byte to what the compiler said of it.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

use super::announced::is_one_of;
use super::{BuildLog, Escape};
use crate::cause::Cause;
use crate::profile::frame::package_of;
use crate::profile::pprof::LOST_STACK;
use crate::profile::{Frame, Interval, Intervals, Measure, Profile, Sample, Values};
use crate::report::NO_CAUSE;

/// A program's allocations and the compiler's words on them.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation<'a> {
    /// Announced and measured, most bytes first.
    pub costly: Vec<(Vec<&'a Escape>, Measured)>,
    /// Measured and not announced, most bytes first.
    pub blind: Vec<BlindSpot>,
    /// Announced and not measured, in the log's order.
    pub never_ran: Vec<&'a Escape>,
    /// Sum over the first two, which is that of the recording.
    pub totals: Values,
}

/// What was measured on a line.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Measured {
    /// How much.
    pub values: Values,
    /// 95 % interval of the bytes; `None` when they are exact.
    pub bytes_interval: Option<Interval>,
    /// Objects by cause.
    pub causes: BTreeMap<String, u64>,
}

/// A line whose allocations, of one cause, the compiler said nothing of.
#[derive(Clone, Debug, PartialEq)]
pub struct BlindSpot {
    /// The function.
    pub function: String,
    /// Its source file, empty when unknown.
    pub file: String,
    /// Line in it, 0 when unknown.
    pub line: u32,
    /// Why it was allocated.
    pub cause: String,
    /// How much.
    pub measured: Measured,
    /// Why nothing was said.
    pub why: Blind,
}

/// Why the compiler said nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Blind {
    /// The runtime decides when it runs: growth of maps and slices, for one.
    RunTime,
    /// What is known of escapes is not enough: that a conversion or concatenation
    /// allocates, for one, is said only where its result escapes.
    Unsaid,
    /// The package is not in the log.
    NotInLog,
    /// Where it was allocated is not known.
    NoPlace,
}

impl Blind {
    /// A name for machines.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::RunTime => "run-time",
            Self::Unsaid => "unsaid",
            Self::NotInLog => "not-in-log",
            Self::NoPlace => "no-place",
        }
    }

    /// A reason for people.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::RunTime => "decided when it runs",
            Self::Unsaid => "not announced",
            Self::NotInLog => "package not in the log: build with -gcflags=all=-m=2",
            Self::NoPlace => "call site unknown",
        }
    }
}

/// Causes that no escape analysis knows of: whether there is room is seen at run time.
const DECIDED_AT_RUN_TIME: &[Cause] = &[
    Cause::AppendGrowth,
    Cause::MapGrowth,
    Cause::MapInsert,
    Cause::Goroutine,
    Cause::Reflect,
    Cause::Select,
    Cause::Runtime,
];

/// Joins what was measured with what was said.
#[must_use]
pub fn explain<'a>(profile: &Profile, log: &'a BuildLog) -> Explanation<'a> {
    let index = Index::of(log);
    let mut announced: BTreeMap<Vec<usize>, Vec<&Sample>> = BTreeMap::new();
    let mut blind: HashMap<Spot, Vec<&Sample>> = HashMap::new();
    for sample in profile.samples.iter().filter(|it| it.values.objects > 0) {
        let cause = sample.labels.cause.as_deref();
        match index.find(profile, sample, cause) {
            Ok(escapes) => announced.entry(escapes).or_default().push(sample),
            Err(why) => blind
                .entry(Spot::of(profile, sample, why))
                .or_default()
                .push(sample),
        }
    }
    let intervals = Intervals::of(profile);
    let mut has_run = vec![false; log.escapes.len()];
    let mut costly = Vec::new();
    for (escapes, samples) in announced {
        for &escape in &escapes {
            has_run[escape] = true;
        }
        let escapes: Vec<_> = escapes.iter().map(|&it| &log.escapes[it]).collect();
        costly.push((escapes, Measured::of(&intervals, &samples)));
    }
    costly.sort_by_key(|(escapes, measured)| (Reverse(measured.values.bytes), escapes.clone()));
    let mut blind: Vec<_> = blind
        .into_iter()
        .map(|(spot, samples)| spot.measured(Measured::of(&intervals, &samples)))
        .collect();
    blind.sort_by(|a, b| {
        let order = |it: &BlindSpot| Reverse(it.measured.values.bytes);
        let place = |it: &BlindSpot| (it.function.clone(), it.line, it.cause.clone());
        order(a)
            .cmp(&order(b))
            .then_with(|| place(a).cmp(&place(b)))
    });
    let mut totals = Values::default();
    for measured in costly
        .iter()
        .map(|(_, it)| it)
        .chain(blind.iter().map(|it| &it.measured))
    {
        totals += measured.values;
    }
    let never_ran = log
        .escapes
        .iter()
        .zip(&has_run)
        .filter(|(_, has_run)| !**has_run);
    Explanation {
        costly,
        blind,
        never_ran: never_ran.map(|(escape, _)| escape).collect(),
        totals,
    }
}

impl Measured {
    fn of(intervals: &Intervals, samples: &[&Sample]) -> Self {
        let mut measured = Self {
            bytes_interval: intervals.interval(samples.iter().copied(), Measure::Bytes),
            ..Self::default()
        };
        for sample in samples {
            measured.values += sample.values;
            let cause = sample.labels.cause.as_deref().unwrap_or(NO_CAUSE);
            *measured.causes.entry(cause.to_owned()).or_default() += sample.values.objects;
        }
        measured
    }
}

/// What tells blind spots apart.
#[derive(PartialEq, Eq, Hash)]
struct Spot {
    function: String,
    file: String,
    line: u32,
    cause: String,
    why: Blind,
}

impl Spot {
    fn of(profile: &Profile, sample: &Sample, why: Blind) -> Self {
        let site = profile.site(sample);
        Self {
            function: site.as_ref().map_or_else(
                || LOST_STACK.to_owned(),
                |it| it.function.clone().into_owned(),
            ),
            file: site
                .as_ref()
                .map_or_else(String::new, |it| it.file.to_owned()),
            line: site.map_or(0, |it| it.line),
            cause: sample
                .labels
                .cause
                .as_deref()
                .unwrap_or(NO_CAUSE)
                .to_owned(),
            why,
        }
    }

    fn measured(self, measured: Measured) -> BlindSpot {
        BlindSpot {
            function: self.function,
            file: self.file,
            line: self.line,
            cause: self.cause,
            measured,
            why: self.why,
        }
    }
}

/// The log's escapes by package, file name and line.
struct Index<'a> {
    log: &'a BuildLog,
    by_line: HashMap<(&'a str, &'a str, u32), Vec<usize>>,
}

impl<'a> Index<'a> {
    fn of(log: &'a BuildLog) -> Self {
        let mut by_line: HashMap<_, Vec<usize>> = HashMap::new();
        for (index, escape) in log.escapes.iter().enumerate() {
            let key = (
                escape.package.as_str(),
                file_name(&escape.file),
                escape.line,
            );
            by_line.entry(key).or_default().push(index);
        }
        Self { log, by_line }
    }

    /// The escapes that a sample can be, at the innermost line that has any; or why
    /// there is none.
    fn find(
        &self,
        profile: &Profile,
        sample: &Sample,
        cause: Option<&str>,
    ) -> Result<Vec<usize>, Blind> {
        let frames: Vec<_> = profile.frames(&sample.stack).collect();
        let Some(first) = frames.iter().position(|frame| !frame.runtime) else {
            return Err(if frames.is_empty() {
                Blind::NoPlace
            } else {
                Blind::RunTime
            });
        };
        let own = &frames[first..];
        // Up to the function that the others were inlined into, and that one.
        let last = own.iter().position(|frame| !frame.inlined).unwrap_or(0);
        let mut is_in_log = false;
        for frame in own.iter().take(last + 1) {
            let packages = self.packages(profile, frame);
            is_in_log |= !packages.is_empty();
            for package in packages {
                let found = self.at(package, frame, cause);
                if !found.is_empty() {
                    return Ok(found);
                }
            }
        }
        Err(match cause {
            _ if own[0].file.is_empty() => Blind::NoPlace,
            _ if !is_in_log => Blind::NotInLog,
            Some(cause) if is_one_of(cause, DECIDED_AT_RUN_TIME) => Blind::RunTime,
            _ => Blind::Unsaid,
        })
    }

    /// What the log may call a frame's package: a program's own is `main` to the linker.
    fn packages(&self, profile: &Profile, frame: &Frame<'_>) -> Vec<&'a str> {
        let package = package_of(&frame.function);
        let named = package.as_deref();
        let main = profile.target.main_path.as_deref();
        let names = [named, main.filter(|_| named == Some("main")), Some("")];
        let names = names.into_iter().flatten();
        names
            .filter_map(|name| self.log.packages.get(name).map(String::as_str))
            .collect()
    }

    fn at(&self, package: &'a str, frame: &Frame<'_>, cause: Option<&str>) -> Vec<usize> {
        let key = (package, file_name(frame.file), frame.line);
        let there = self.by_line.get(&key).map_or(&[][..], Vec::as_slice);
        let is_it = |index: &&usize| {
            let escape = &self.log.escapes[**index];
            cause.is_none_or(|cause| escape.can_be(cause))
        };
        there.iter().filter(is_it).copied().collect()
    }
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}
