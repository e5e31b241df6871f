//! Recordings of several processes at once, as one.

use std::collections::{HashMap, hash_map::Entry};

use super::interner::Interner;
use super::{
    Coverage, Function, FunctionId, Labels, Location, LocationId, Losses, Method, Module, Profile,
    Sample, Stratum, Target, Timeline,
};

/// What a merged profile says that has more strata than parts can name.
const TOO_MANY_STRATA: &str =
    "too many processes were sampled together: it is not known how far estimates may be off";

/// What a merged profile says of which not all parts have a timeline with the same slices.
const NO_TIMELINE: &str = "no timeline: the processes were not recorded in the same slices of time";

/// One profile of several recordings that ran side by side.
///
/// - Functions, locations and samples that are equal become one. Equal addresses
///   of different executables stay apart unless they are on the same lines.
/// - With more than one process each sample gets the label `pid`.
/// - What is known of every target is kept if it is the same for all; different
///   executables and Go releases are listed. The command line is the first's.
/// - The recording lasts from the first start to the last end.
/// - Coverage and losses add up ([`Coverage::merge`]); warnings that are not
///   about every recording begin with the process they are about.
/// - Timelines add up slice by slice ([`Timeline::merge`]); where one is missing or has
///   slices of another length there is none, and a warning.
#[must_use]
pub fn merge(profiles: Vec<Profile>) -> Profile {
    if profiles.len() < 2 {
        return profiles.into_iter().next().unwrap_or_default();
    }
    let mut pids: Vec<u32> = profiles
        .iter()
        .flat_map(|profile| &profile.target.pids)
        .copied()
        .collect();
    pids.sort_unstable();
    pids.dedup();

    let mut merged = Profile {
        target: target(&profiles, pids),
        warnings: warnings(&profiles),
        ..Profile::default()
    };
    span(&mut merged, &profiles);
    for (index, profile) in profiles.iter().enumerate() {
        merged.losses.merge(profile.losses);
        if index == 0 {
            merged.coverage = profile.coverage.clone();
        } else {
            merged.coverage.merge(&profile.coverage);
        }
    }
    if profiles.iter().any(|profile| profile.timeline.is_some()) {
        let timelines: Option<Vec<_>> = profiles.iter().map(|it| it.timeline.clone()).collect();
        merged.timeline = timelines.and_then(|timelines| Timeline::merge(&timelines));
        if merged.timeline.is_none() {
            merged.warnings.push(NO_TIMELINE.to_owned());
        }
    }
    let several = merged.target.pids.len() > 1;
    let mut tables = Tables::default();
    for profile in profiles {
        tables.add(profile, several);
    }
    merged.functions = tables.functions.items;
    merged.locations = tables.locations.items;
    merged.samples = tables.samples;
    merged.strata = tables.strata;
    // Parts name strata by 16 bits.
    if merged.strata.len() > usize::from(u16::MAX) + 1 {
        merged.strata.clear();
        for sample in &mut merged.samples {
            sample.parts.clear();
        }
        merged.warnings.push(TOO_MANY_STRATA.to_owned());
    }
    merged
}

/// The samples of both in one profile, the first's before the second's, and how many the
/// first has; of all else only what is known of the second. No samples become one.
pub(crate) fn beside(first: Profile, second: Profile) -> (Profile, usize) {
    let mut both = Profile {
        target: second.target.clone(),
        start_unix_ns: second.start_unix_ns,
        duration_ns: second.duration_ns,
        ..Profile::default()
    };
    let mut tables = Tables::default();
    tables.add(first, false);
    let of_first = tables.samples.len();
    tables.indexes.clear();
    tables.add(second, false);
    both.functions = tables.functions.items;
    both.locations = tables.locations.items;
    both.samples = tables.samples;
    (both, of_first)
}

impl Coverage {
    /// Takes in what was seen of another process: times, windows and objects add
    /// up, so that `traced_ns` of `recorded_ns` is the share of the processes'
    /// time taken together. The runtime's count is known if it is for both. As
    /// soon as one of the two is estimated, all is.
    pub fn merge(&mut self, other: &Self) {
        /// The method with the higher rank is that of both.
        fn rank(method: Method) -> u8 {
            match method {
                Method::All => 0,
                Method::Unknown => 1,
                Method::Windows => 2,
                Method::Spans => 3,
            }
        }
        if rank(other.method) > rank(self.method) {
            self.method = other.method;
        }
        self.traced_ns = self.traced_ns.saturating_add(other.traced_ns);
        self.recorded_ns = self.recorded_ns.saturating_add(other.recorded_ns);
        self.windows = self.windows.saturating_add(other.windows);
        self.objects_counted = self.objects_counted.saturating_add(other.objects_counted);
        self.objects_runtime = self
            .objects_runtime
            .zip(other.objects_runtime)
            .map(|(mine, theirs)| mine.saturating_add(theirs));
    }
}

impl Losses {
    /// Takes in what another recording lost.
    pub fn merge(&mut self, other: Self) {
        self.events = self.events.saturating_add(other.events);
        self.stacks = self.stacks.saturating_add(other.stacks);
        self.stacks_cut = self.stacks_cut.saturating_add(other.stacks_cut);
    }
}

fn target(profiles: &[Profile], pids: Vec<u32>) -> Target {
    Target {
        pids,
        exe: listed(profiles, |target| &target.exe),
        args: profiles
            .first()
            .map(|profile| profile.target.args.clone())
            .unwrap_or_default(),
        go_version: listed(profiles, |target| &target.go_version),
        main_path: common(profiles, |target| &target.main_path),
        build_id: common(profiles, |target| &target.build_id),
        modules: modules(profiles),
    }
}

/// The different texts, in the order they come up.
fn listed(profiles: &[Profile], of: impl Fn(&Target) -> &String) -> String {
    let mut texts: Vec<&str> = Vec::new();
    for text in profiles.iter().map(|profile| of(&profile.target).as_str()) {
        if !text.is_empty() && !texts.contains(&text) {
            texts.push(text);
        }
    }
    texts.join(", ")
}

/// The different modules, in the order they come up.
fn modules(profiles: &[Profile]) -> Vec<Module> {
    let mut modules = Interner::default();
    for module in profiles.iter().flat_map(|profile| &profile.target.modules) {
        modules.index(module.clone());
    }
    modules.items
}

fn common(profiles: &[Profile], of: impl Fn(&Target) -> &Option<String>) -> Option<String> {
    let mut texts = profiles.iter().map(|profile| of(&profile.target));
    let first = texts.next()?;
    texts.all(|text| text == first).then(|| first.clone())?
}

fn warnings(profiles: &[Profile]) -> Vec<String> {
    let mut warnings = Vec::new();
    for profile in profiles {
        for warning in &profile.warnings {
            let common = profiles.iter().all(|p| p.warnings.contains(warning));
            let warning = match who(&profile.target) {
                Some(who) if !common => format!("{who}: {warning}"),
                _ => warning.clone(),
            };
            if !warnings.contains(&warning) {
                warnings.push(warning);
            }
        }
    }
    warnings
}

/// The processes of one recording, as `pid 1` or `pids 1 2`.
fn who(target: &Target) -> Option<String> {
    match target.pids.as_slice() {
        [] => Some(target.exe.clone()).filter(|exe| !exe.is_empty()),
        [pid] => Some(format!("pid {pid}")),
        pids => {
            let pids: Vec<_> = pids.iter().map(u32::to_string).collect();
            Some(format!("pids {}", pids.join(" ")))
        }
    }
}

/// From the first start to the last end; without a start the longest.
fn span(merged: &mut Profile, profiles: &[Profile]) {
    let end = |profile: &Profile| {
        profile
            .start_unix_ns
            .saturating_add_unsigned(profile.duration_ns)
    };
    let starts = || profiles.iter().map(|profile| profile.start_unix_ns);
    merged.start_unix_ns = starts().min().unwrap_or_default();
    let stated = starts().all(|start| start != 0);
    merged.duration_ns = if stated {
        let last = profiles.iter().map(end).max().unwrap_or_default();
        last.saturating_sub(merged.start_unix_ns)
            .try_into()
            .unwrap_or_default()
    } else {
        profiles
            .iter()
            .map(|p| p.duration_ns)
            .max()
            .unwrap_or_default()
    };
}

/// The tables of the merged profile under construction.
#[derive(Default)]
struct Tables {
    functions: Interner<Function>,
    locations: Interner<Location>,
    samples: Vec<Sample>,
    /// By stack, labels and whether it is exact: an exact sample and an estimated
    /// one cannot be added up and stay both.
    indexes: HashMap<(Vec<LocationId>, Labels, bool), usize>,
    strata: Vec<Stratum>,
}

impl Tables {
    fn add(&mut self, profile: Profile, several: bool) {
        let functions: Vec<_> = profile
            .functions
            .into_iter()
            .map(|function| FunctionId(self.functions.index(function)))
            .collect();
        let locations: Vec<_> = profile
            .locations
            .into_iter()
            .map(|mut location| {
                location.lines.retain_mut(|line| {
                    let id = functions.get(line.function.0 as usize);
                    line.function = id.copied().unwrap_or(line.function);
                    id.is_some()
                });
                LocationId(self.locations.index(location))
            })
            .collect();
        let pid = match profile.target.pids.as_slice() {
            [pid] if several => Some(*pid),
            _ => None,
        };
        let first_stratum = self.strata.len();
        self.strata.extend(profile.strata);
        for mut sample in profile.samples {
            let known = |id: &LocationId| locations.get(id.0 as usize).copied();
            sample.stack = sample.stack.iter().filter_map(known).collect();
            sample.labels.pid = sample.labels.pid.or(pid);
            for part in &mut sample.parts {
                let stratum = first_stratum + usize::from(part.stratum);
                // More strata than fit are dropped in the end.
                part.stratum = u16::try_from(stratum).unwrap_or(u16::MAX);
            }
            self.add_sample(sample);
        }
    }

    fn add_sample(&mut self, sample: Sample) {
        let key = (
            sample.stack.clone(),
            sample.labels.clone(),
            sample.parts.is_empty(),
        );
        match self.indexes.entry(key) {
            Entry::Occupied(entry) => {
                if let Some(same) = self.samples.get_mut(*entry.get()) {
                    same.values += sample.values;
                    same.parts.extend(sample.parts);
                }
            }
            Entry::Vacant(entry) => {
                entry.insert(self.samples.len());
                self.samples.push(sample);
            }
        }
    }
}

#[cfg(test)]
#[path = "merge_tests.rs"]
mod tests;
