//! What grows, where probes counted each step: how many things there were follows from how
//! often each capacity was left and reached, however far a step went.

use std::collections::{BTreeMap, BTreeSet};

use super::Counted;
use super::place::Site;
use crate::plan::growth::SPLIT;
use crate::profile::{Intervals, Measure, Sample};

/// Tables that a split makes of one.
const TABLES_OF_SPLIT: u64 = 2;

/// The steps of slices or maps of one type at a line.
#[derive(Clone, Debug, Default)]
pub(super) struct Steps<'a> {
    /// They, but for the first room there is for anything.
    samples: Vec<&'a Sample>,
    /// How often a capacity was outgrown.
    left: BTreeMap<u64, u64>,
    /// How often it was made.
    reached: BTreeMap<u64, u64>,
    /// Elements that were copied.
    copied: u64,
    /// Elements that there was room for in what was outgrown.
    outgrown: u64,
    /// Type of what grows and, of slices, bytes of an element, where they are known.
    pub type_name: Option<&'a str>,
    /// See above.
    pub element_bytes: Option<u64>,
}

impl<'a> Steps<'a> {
    /// Those at a site that belong to objects of a type, `types` being all that objects
    /// there have. `None` without any: no probes counted them.
    pub fn of_type(
        site: &Site<'a>,
        type_name: Option<&str>,
        types: &BTreeSet<Option<&str>>,
    ) -> Option<Self> {
        let type_of = |sample: &'a Sample| sample.labels.type_name.as_deref();
        let known: BTreeSet<_> = site.steps.iter().map(|it| type_of(it)).collect();
        let has_own = |name: Option<&str>| name.is_some() && known.contains(&name);
        // Of some objects the type is not known, and the tables of a map do not have the
        // name that its type may have: theirs are the steps of no others.
        let takes_rest =
            !has_own(type_name) && types.iter().filter(|it| !has_own(**it)).count() == 1;
        let mut steps = Self::default();
        for sample in &site.steps {
            let of = type_of(sample);
            let is_own = has_own(type_name) && of == type_name;
            if is_own || (takes_rest && !types.contains(&of)) {
                steps.add(sample);
            }
        }
        (!steps.left.is_empty()).then_some(steps)
    }

    fn add(&mut self, sample: &'a Sample) {
        let Some(growth) = sample.labels.growth else {
            return;
        };
        let times = sample.values.calls;
        self.type_name = sample.labels.type_name.as_deref();
        self.element_bytes = sample.labels.element_bytes;
        if growth.old_cap > 0 {
            self.samples.push(sample);
        }
        let is_split = sample.labels.call.as_deref() == Some(SPLIT);
        let (new_cap, made) = if is_split {
            (growth.old_cap, times.saturating_mul(TABLES_OF_SPLIT))
        } else {
            (growth.new_cap, times)
        };
        for (counts, capacity, more) in [
            (&mut self.left, growth.old_cap, times),
            (&mut self.reached, new_cap, made),
        ] {
            let sum = counts.entry(capacity).or_default();
            *sum = sum.saturating_add(more);
        }
        let sum = |sum: &mut u64, each: u64| *sum = sum.saturating_add(times.saturating_mul(each));
        sum(&mut self.copied, growth.old_len);
        sum(&mut self.outgrown, growth.old_cap);
    }

    /// How many things there were: those that began empty, and those that began with a
    /// capacity which is outgrown more often than it is made. `tolerance`: by what share of
    /// itself it may be without that, as estimates scatter.
    pub fn things(&self, tolerance: f64) -> f64 {
        let begun = |(capacity, left): (&u64, &u64)| {
            let made = self.reached.get(capacity).copied().unwrap_or_default();
            let more = left.saturating_sub(made) as f64;
            let is_begun = *capacity == 0 || more > tolerance * *left as f64;
            if is_begun { more } else { 0.0 }
        };
        self.left.iter().map(begun).sum()
    }

    /// How many of them had room for no more than `first` at first.
    pub fn first_rooms(&self, first: u64) -> u64 {
        let left = |capacity: u64| self.left.get(&capacity).copied().unwrap_or_default();
        left(0).max(left(first))
    }

    /// How many outgrew it, or began with more.
    pub fn outgrew_first(&self, first: u64, tolerance: f64) -> f64 {
        let of = |counts: &BTreeMap<u64, u64>| counts.get(&first).copied().unwrap_or_default();
        let stayed = of(&self.reached).saturating_sub(of(&self.left));
        (self.things(tolerance) - stayed as f64).max(0.0)
    }

    /// What was counted.
    pub fn counted(&self, intervals: &Intervals) -> Counted {
        let steps = self.samples.iter().map(|it| it.values.calls);
        Counted {
            steps: steps.fold(0, u64::saturating_add),
            interval: intervals.interval(self.samples.iter().copied(), Measure::Calls),
            copied: self.copied,
        }
    }

    /// Bytes of what was outgrown; `None` where the size of an element is not known.
    pub fn outgrown_bytes(&self) -> Option<u64> {
        Some(self.outgrown.saturating_mul(self.element_bytes?))
    }
}

#[cfg(test)]
mod tests {
    use crate::advise::fixture::{Counted, Line, count, recording};
    use crate::advise::{Advice, Finding, advise};
    use crate::profile::Profile;

    const GROW: &str = "internal/runtime/maps.(*table).grow";

    fn appending<'a>(calls: &'a [&'a str], sizes: &'a [(u64, u64)]) -> Profile {
        recording(&[Line {
            place: ("main.f", 3),
            calls,
            what: ("[]uint8", "append growth"),
            element_bytes: Some(1),
            sizes,
        }])
    }

    fn bytes_of<'a>(call: &'a str, steps: &'a [(u64, u64, u64, u64)]) -> Counted<'a> {
        Counted {
            call,
            type_name: "[]uint8",
            element_bytes: Some(1),
            steps,
        }
    }

    fn found(profile: &Profile) -> Vec<Advice> {
        advise(profile).unwrap().advice
    }

    #[test]
    fn pieces_of_any_length_are_told_from_copies() {
        let sizes = [(48, 100), (320, 100), (2048, 100)];
        let mut profile = appending(&["runtime.growslice"], &sizes);
        assert!(found(&profile).is_empty(), "three sizes may be anything");
        let mut copies = profile.clone();
        let steps = [(0, 0, 48, 100), (40, 48, 320, 100), (300, 320, 2048, 100)];
        count(&mut profile, 0, &bytes_of("runtime.growslice", &steps));
        let advice = found(&profile);
        let [advice] = advice.as_slice() else {
            panic!("{advice:?}");
        };
        let Finding::SliceGrowth {
            slices,
            capacity,
            counted,
            outgrown_bytes,
            ..
        } = advice.finding
        else {
            panic!("{advice:?}");
        };
        assert_eq!((slices, capacity), (100, Some(2048)));
        let counted = counted.unwrap();
        assert_eq!((counted.steps, counted.copied), (200, 100 * (40 + 300)));
        assert_eq!(outgrown_bytes, Some(100 * (48 + 320)));
        assert_eq!(advice.saved_bytes, 100 * (48 + 320));

        let steps = [(0, 0, 48, 100), (0, 0, 320, 100), (0, 0, 2048, 100)];
        count(&mut copies, 0, &bytes_of("runtime.growslice", &steps));
        assert!(found(&copies).is_empty());
    }

    #[test]
    fn slices_may_begin_with_room() {
        let mut profile = appending(&["runtime.growslice"], &[(128, 100), (256, 90)]);
        let steps = [(64, 64, 128, 100), (128, 128, 256, 90)];
        count(&mut profile, 0, &bytes_of("runtime.growslice", &steps));
        let advice = found(&profile);
        assert!(
            matches!(
                advice[0].finding,
                Finding::SliceGrowth {
                    slices: 100,
                    capacity: Some(256),
                    ..
                }
            ),
            "{advice:?}"
        );
        assert_eq!(advice[0].saved_bytes, 100 * 128 + 90 * 256 - 100 * 256);
    }

    #[test]
    fn a_buffer_says_itself_how_it_grows() {
        let calls = [
            "runtime.growslice",
            "bytes.growSlice",
            "bytes.(*Buffer).Write",
        ];
        let mut profile = appending(&calls, &[(128, 100), (512, 100)]);
        count(
            &mut profile,
            0,
            &bytes_of("runtime.growslice", &[(0, 0, 128, 100), (0, 0, 512, 100)]),
        );
        assert!(found(&profile).is_empty(), "of copies there is no telling");
        count(
            &mut profile,
            0,
            &bytes_of(
                "bytes.growSlice",
                &[(60, 64, 128, 100), (100, 128, 512, 100)],
            ),
        );
        let advice = found(&profile);
        let counted = match advice[0].finding {
            Finding::SliceGrowth {
                slices: 100,
                capacity: Some(512),
                counted,
                ..
            } => counted.unwrap(),
            _ => panic!("{advice:?}"),
        };
        assert_eq!((counted.steps, counted.copied), (200, 100 * (60 + 100)));
    }

    fn filling(steps: &[(u64, u64, u64, u64)], type_name: &str) -> Vec<Advice> {
        let mut profile = recording(&[Line {
            place: ("main.f", 3),
            calls: &[GROW, "runtime.mapassign_fast64"],
            what: ("[]map.group[int]int", "map growth"),
            element_bytes: Some(136),
            sizes: &[(272, 100), (544, 100), (1088, 100)],
        }]);
        let counted = Counted {
            call: GROW,
            type_name,
            element_bytes: None,
            steps,
        };
        count(&mut profile, 0, &counted);
        found(&profile)
    }

    #[test]
    fn maps_that_stay_small_count_against_a_hint() {
        let steps = [
            (0, 0, 8, 100),
            (8, 8, 16, 100),
            (14, 16, 32, 100),
            (28, 32, 64, 100),
        ];
        let advice = filling(&steps, "main.Index");
        assert_eq!(advice[0].type_name.as_deref(), Some("main.Index"));
        assert!(
            matches!(
                advice[0].finding,
                Finding::MapGrowth {
                    maps: 100,
                    hint: 56,
                    ..
                }
            ),
            "{advice:?}"
        );
        let mut many = steps;
        many[0].3 = 1000;
        assert!(filling(&many, "map[int]int").is_empty());
    }
}
