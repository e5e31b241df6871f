//! Which rows of two recordings are the same: lines move from build to build.

use std::collections::{BTreeSet, HashMap, HashSet};

use crate::profile::pprof::LOST_STACK;
use crate::profile::timeline::NOT_SEEN;
use crate::profile::{Profile, Sample};
use crate::report::By;

/// Whether both recordings are of one build.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Builds {
    /// They have the same build id: lines are the same.
    Same,
    /// They have not, or it is not known: a site is found again by its function and by
    /// how many lines it is below the `func` keyword.
    Differ,
}

impl Builds {
    /// Of two recordings.
    #[must_use]
    pub fn of(before: &Profile, after: &Profile) -> Self {
        let (before, after) = (&before.target.build_id, &after.target.build_id);
        if before.is_some() && before == after {
            Self::Same
        } else {
            Self::Differ
        }
    }
}

/// Lines of each function at which something is allocated, from its `func` keyword.
type Lines = HashMap<String, BTreeSet<u32>>;

/// Gives samples of two recordings their keys.
pub(super) struct Keys {
    by: By,
    builds: Builds,
    /// Functions that have changed themselves, so that their lines cannot be told.
    edited: HashSet<String>,
    /// What is shown of a key.
    names: HashMap<String, String>,
}

impl Keys {
    pub fn of(before: &Profile, after: &Profile, by: By) -> Self {
        let builds = Builds::of(before, after);
        let mut edited = HashSet::new();
        if by == By::Site && builds == Builds::Differ {
            let (before, after) = (Places::of(before).lines(), Places::of(after).lines());
            for (function, lines) in before {
                // Of one that is the same some lines may not have been seen.
                let is_same = after
                    .get(&function)
                    .is_none_or(|now| lines.is_subset(now) || now.is_subset(&lines));
                if !is_same {
                    edited.insert(function);
                }
            }
        }
        Self {
            by,
            builds,
            edited,
            names: HashMap::new(),
        }
    }

    /// Keys of one of the two; the names of the one asked last are shown.
    pub fn keyed<'a>(&'a mut self, profile: &'a Profile) -> impl FnMut(&Sample) -> String + 'a {
        let places = Places::of(profile);
        move |sample| {
            let (key, name) = self.key(profile, &places, sample);
            if let Some(name) = name {
                self.names.insert(key.clone(), name);
            }
            key
        }
    }

    /// What is shown of a key.
    pub fn name(&self, key: &str) -> String {
        self.names.get(key).map_or(key, String::as_str).to_owned()
    }

    /// A key, and what is shown of it if that is something else.
    fn key(
        &self,
        profile: &Profile,
        places: &Places<'_>,
        sample: &Sample,
    ) -> (String, Option<String>) {
        let site = profile.site(sample);
        // Under every property what was not seen is a row of its own.
        match &site {
            Some(site) if site.function == NOT_SEEN => return (NOT_SEEN.to_owned(), None),
            None => return (LOST_STACK.to_owned(), None),
            Some(_) => {}
        }
        let name = self.by.key(profile, sample);
        let (By::Site, Builds::Differ, Some((function, line))) =
            (self.by, self.builds, places.place(sample))
        else {
            return (name, None);
        };
        if self.edited.contains(&function) {
            let name = format!("{function} [all lines]");
            return (function, Some(name));
        }
        (format!("{function} +{line}"), Some(name))
    }
}

/// Where the functions of a recording begin.
struct Places<'a> {
    profile: &'a Profile,
    starts: HashMap<(&'a str, &'a str), u32>,
}

impl<'a> Places<'a> {
    fn of(profile: &'a Profile) -> Self {
        let functions = profile.functions.iter();
        let starts = functions
            .map(|it| ((it.name.as_str(), it.file.as_str()), it.start_line))
            .collect();
        Self { profile, starts }
    }

    /// Function of a sample's site, and how far below its beginning it is.
    fn place(&self, sample: &Sample) -> Option<(String, u32)> {
        let site = self.profile.site(sample)?;
        let start = self.starts.get(&(&*site.function, site.file));
        let line = site.line.saturating_sub(start.copied().unwrap_or_default());
        Some((site.function.into_owned(), line))
    }

    fn lines(&self) -> Lines {
        let mut lines = Lines::new();
        let samples = self.profile.samples.iter();
        for sample in samples.filter(|it| it.values.objects > 0) {
            if let Some((function, line)) = self.place(sample) {
                lines.entry(function).or_default().insert(line);
            }
        }
        lines
    }
}
