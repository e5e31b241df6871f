use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::addr::ElfAddr;
use crate::profile::fixture::{self, Builder};
use crate::profile::interval::Measure;
use crate::profile::{Draw, Intervals, Part, pprof, strategy};

fn of_pid(pid: u32) -> Profile {
    let mut profile = fixture::over_time();
    profile.target.pids = vec![pid];
    profile
}

#[test]
fn processes_of_one_executable_share_locations_and_functions() {
    let (one, two) = (of_pid(1), of_pid(2));
    let merged = merge(vec![one.clone(), two]);
    assert_eq!(merged.functions, one.functions);
    assert_eq!(merged.locations, one.locations);
    assert_eq!(merged.samples.len(), 2 * one.samples.len());
    let pids = |pid| {
        let of_pid = merged.samples.iter().filter(|s| s.labels.pid == Some(pid));
        of_pid.count()
    };
    assert_eq!((pids(1), pids(2)), (one.samples.len(), one.samples.len()));
    assert_eq!(merged.target.pids, [1, 2]);
    assert_eq!(merged.target.exe, one.target.exe);
    assert_eq!(merged.target.build_id, one.target.build_id);
    assert_eq!(merged.warnings, one.warnings);
    assert_eq!(merged.losses.events, 2 * one.losses.events);
    assert_eq!(merged.coverage.recorded_ns, 2 * one.coverage.recorded_ns);
    assert_eq!(merged.duration_ns, one.duration_ns);
    let bytes = |profile: &Profile| {
        let slices = &profile.timeline.as_ref().unwrap().slices;
        slices.iter().map(|it| it.heap_bytes).collect::<Vec<_>>()
    };
    let doubled: Vec<_> = bytes(&one).iter().map(|it| 2 * it).collect();
    assert_eq!(bytes(&merged), doubled);
}

#[test]
fn timelines_that_do_not_fit_together_are_dropped_with_a_warning() {
    let (one, mut two) = (of_pid(1), of_pid(2));
    two.timeline = None;
    let mut warnings = one.warnings.clone();
    warnings.push(NO_TIMELINE.to_owned());
    let merged = merge(vec![one.clone(), two.clone()]);
    assert_eq!((merged.timeline, merged.warnings), (None, warnings));
    two.timeline = Some(Timeline {
        interval_ns: 3,
        ..Timeline::default()
    });
    assert_eq!(merge(vec![one, two]).timeline, None);
}

#[test]
fn one_profile_stays_as_it_is_and_none_is_empty() {
    assert_eq!(merge(vec![of_pid(7)]), of_pid(7));
    assert_eq!(merge(Vec::new()), Profile::default());
}

#[test]
fn equal_addresses_of_different_executables_stay_apart() {
    let profile = |function: &str, pid| {
        let mut b = Builder::default();
        let stack = b.stack(&[&[(function, "main.go", 1)], &[("main.main", "main.go", 9)]]);
        b.objects(stack, ("", "new"), 16, 1);
        let mut profile = b.finish();
        profile.target.pids = vec![pid];
        profile.target.exe = format!("/bin/{pid}");
        profile.target.go_version = "go1.26.6".to_owned();
        profile.target.main_path = Some(format!("m{pid}"));
        profile
    };
    let merged = merge(vec![profile("main.a", 1), profile("main.b", 2)]);
    assert_eq!(merged.target.exe, "/bin/1, /bin/2");
    assert_eq!(merged.target.go_version, "go1.26.6");
    assert_eq!(merged.target.main_path, None);
    let at = |address| {
        merged
            .locations
            .iter()
            .filter(move |l| l.address == ElfAddr(address))
    };
    assert_eq!(at(0x401000).count(), 2);
    assert_eq!(at(0x401010).count(), 1);
    let sites: Vec<_> = merged
        .samples
        .iter()
        .map(|sample| merged.site(sample).unwrap().function.into_owned())
        .collect();
    assert_eq!(sites, ["main.a", "main.b"]);
}

#[test]
fn warnings_name_the_process_unless_they_are_about_all() {
    let (mut one, mut two) = (of_pid(1), of_pid(2));
    one.warnings = vec!["common".to_owned(), "of one".to_owned()];
    two.warnings = vec!["of two".to_owned(), "common".to_owned()];
    two.target.pids = vec![2, 3];
    assert_eq!(
        merge(vec![one, two]).warnings,
        ["common", "pid 1: of one", "pids 2 3: of two"]
    );
}

#[test]
fn one_process_that_became_another_program_has_no_label_and_adds_up() {
    let merged = merge(vec![of_pid(5), of_pid(5)]);
    let one = of_pid(5);
    assert_eq!(merged.samples.len(), one.samples.len());
    assert_eq!(merged.totals().objects, 2 * one.totals().objects);
    assert!(merged.samples.iter().all(|s| s.labels.pid.is_none()));
}

#[test]
fn the_span_is_from_the_first_start_to_the_last_end() {
    let (mut one, mut two) = (of_pid(1), of_pid(2));
    (one.start_unix_ns, one.duration_ns) = (1_000, 500);
    (two.start_unix_ns, two.duration_ns) = (1_200, 700);
    let merged = merge(vec![one.clone(), two.clone()]);
    assert_eq!((merged.start_unix_ns, merged.duration_ns), (1_000, 900));
    two.start_unix_ns = 0;
    let merged = merge(vec![one, two]);
    assert_eq!((merged.start_unix_ns, merged.duration_ns), (0, 700));
}

#[test]
fn coverage_is_estimated_as_soon_as_one_is() {
    let coverage = |method, objects_runtime| Coverage {
        method,
        objects_runtime,
        ..Coverage::default()
    };
    let merged = |mut one: Coverage, two| {
        one.merge(&two);
        (one.method, one.objects_runtime)
    };
    let all = || coverage(Method::All, Some(1));
    let windows = || coverage(Method::Windows, Some(2));
    assert_eq!(merged(all(), windows()), (Method::Windows, Some(3)));
    assert_eq!(merged(windows(), all()), (Method::Windows, Some(3)));
    assert_eq!(
        merged(windows(), coverage(Method::Spans, None)),
        (Method::Spans, None)
    );
    assert_eq!(
        merged(coverage(Method::Unknown, None), all()),
        (Method::Unknown, None)
    );
}

#[test]
fn intervals_stay_those_of_each_process() {
    let profile = fixture::sampled();
    let mut other = profile.clone();
    other.target.pids = vec![99];
    let merged = merge(vec![profile.clone(), other]);
    assert_eq!(merged.strata.len(), 2 * profile.strata.len());
    let (before, after) = (Intervals::of(&profile), Intervals::of(&merged));
    let mut some = 0;
    for (sample, twin) in profile
        .samples
        .iter()
        .chain(&profile.samples)
        .zip(&merged.samples)
    {
        for measure in [Measure::Objects, Measure::Bytes] {
            let interval = before.interval([sample], measure);
            assert_eq!(after.interval([twin], measure), interval);
            some += usize::from(interval.is_some());
        }
    }
    assert!(some > 0);
}

#[test]
fn more_strata_than_parts_can_name_are_dropped_with_a_warning() {
    let mut profile = fixture::sampled();
    profile.strata.resize(40_000, Stratum::default());
    profile.samples[0].parts.push(Part {
        stratum: 39_999,
        counted: 1,
        draws: vec![Draw::default()],
    });
    let mut other = profile.clone();
    other.target.pids = vec![99];
    let merged = merge(vec![profile, other]);
    assert_eq!(merged.strata, []);
    assert!(merged.samples.iter().all(|sample| sample.parts.is_empty()));
    assert!(merged.warnings.iter().any(|w| w == TOO_MANY_STRATA));
}

proptest! {
    #[test]
    fn nothing_gets_lost_and_the_result_can_be_stored(
        mut profiles in vec(strategy::profile(), 0..4),
        bound in 1_u64..1 << 50,
    ) {
        for sample in profiles.iter_mut().flat_map(|profile| &mut profile.samples) {
            let values = &mut sample.values;
            for value in [
                &mut values.objects,
                &mut values.bytes,
                &mut values.heap_bytes,
                &mut values.calls,
            ] {
                *value %= bound;
            }
        }
        let frames = |profile: &Profile| -> usize {
            profile.samples.iter().map(|s| profile.frames(&s.stack).count()).sum()
        };
        let parts = |profile: &Profile| -> usize {
            profile.samples.iter().map(|s| s.parts.len()).sum()
        };
        let mut totals = crate::profile::Values::default();
        for profile in &profiles {
            totals += profile.totals();
        }
        let most_frames = profiles.iter().map(frames).sum::<usize>();
        let all_parts = profiles.iter().map(parts).sum::<usize>();
        let merged = merge(profiles);
        prop_assert_eq!(merged.totals(), totals);
        prop_assert!(frames(&merged) <= most_frames);
        prop_assert_eq!(parts(&merged), all_parts);
        for part in merged.samples.iter().flat_map(|sample| &sample.parts) {
            prop_assert!(usize::from(part.stratum) < merged.strata.len());
        }
        let read = pprof::decode(&pprof::encode(&merged)).unwrap();
        prop_assert_eq!(read.totals(), totals);
        prop_assert_eq!(read.strata, merged.strata);
    }
}
