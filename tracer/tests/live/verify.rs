//! `goalloc verify`: goalloc's count, the runtime's counters and its heap profile,
//! against what the programs know of themselves.

use std::path::Path;

use serde_json::Value;

use crate::common::{self, Slot, build::Variant, fixture::Fixture, goalloc::Attached};

const STRIPPED: Variant = Variant {
    name: "binutils-stripped",
    strip: true,
    ..Variant::PLAIN
};

/// `goalloc verify` of a process, as JSON.
fn verifier(pid: u32, overhead: &str) -> Attached {
    let args = ["verify", "--format", "json", "--max-overhead", overhead];
    Attached::start(pid, &args)
}

/// The fixture with a rate of the profiler.
fn start(executable: &Path, rate: &str) -> Fixture {
    let setting = format!("RATE={rate}");
    let program = executable.to_str().expect("a plain path");
    Fixture::start(Path::new("env"), &[&setting, program])
}

fn number(found: &Value, path: &str) -> u64 {
    let number = found.pointer(path).and_then(Value::as_u64);
    number.unwrap_or_else(|| panic!("no number at {path}: {found:#}"))
}

/// With a rate of 1 each source is exact.
fn exact(minor: u32, variant: Variant) {
    let traceable = common::traceable(Slot::take, minor, variant, "heapprofile");
    let Some((_slot, executable)) = traceable else {
        return;
    };
    let mut fixture = start(&executable, "1");
    let verifier = verifier(fixture.pid(), "none");
    fixture.run_section();
    let (code, found) = verifier.stop();
    let truth = fixture.finish();
    assert_eq!(code, 0, "{found:#}");
    assert_eq!(number(&found, "/counters/objects"), truth.mallocs);
    assert_eq!(number(&found, "/counters/bytes"), truth.total_alloc);
    assert_eq!(number(&found, "/goalloc/objects/found"), truth.mallocs);
    let tiny = number(&found, "/counters/tiny_objects");
    assert!(tiny > 0, "{found:#}");
    assert_eq!(
        number(&found, "/heap_profile/objects/found"),
        truth.mallocs - tiny
    );
    assert_eq!(
        number(&found, "/heap_profile/bytes/found"),
        truth.total_alloc
    );
    for source in ["goalloc", "heap_profile"] {
        assert_eq!(found[source]["verdict"], "agrees", "{found:#}");
        assert_eq!(found[source]["error"], "readings", "{found:#}");
    }
}

/// With the rate that programs have by default it is estimated.
fn sampled(minor: u32) {
    let traceable = common::traceable(Slot::take, minor, Variant::PLAIN, "heapprofile");
    let Some((_slot, executable)) = traceable else {
        return;
    };
    let mut fixture = Fixture::start(&executable, &[]);
    let verifier = verifier(fixture.pid(), "none");
    fixture.run_section();
    let (code, found) = verifier.stop();
    drop(fixture);
    assert_eq!(code, 0, "{found:#}");
    assert_eq!(found["heap_profile"]["verdict"], "agrees", "{found:#}");
    assert_eq!(found["heap_profile"]["error"], "sampling", "{found:#}");
    // 104 MB, one sample in 512 KiB.
    let samples = number(&found, "/heap_profile/samples");
    assert!((100..300).contains(&samples), "{found:#}");
}

macro_rules! every_release {
    ($($release:ident: $minor:literal,)+) => {
        $(mod $release {
            #[test]
            fn exact() {
                super::exact($minor, super::Variant::PLAIN);
            }

            #[test]
            fn sampled() {
                super::sampled($minor);
            }
        })+
    };
}

every_release! {
    go1_19: 19,
    go1_21: 21,
    go1_22: 22,
    go1_23: 23,
    go1_24: 24,
    go1_25: 25,
    go1_26: 26,
    go1_27: 27,
}

/// Without symbols the profile is found by machine code.
#[test]
fn stripped() {
    for minor in [19, 24, 27] {
        exact(minor, STRIPPED);
    }
}

/// What cannot be had is said, and is no disagreement: a rate of 0, or a program that
/// cannot ask for its profile, of which the linker has made the rate 0.
#[test]
fn a_source_that_cannot_be_had() {
    let cases = [
        (26, Variant::PLAIN, "heapprofile"),
        (19, STRIPPED, "new"),
        (27, STRIPPED, "new"),
    ];
    for (minor, variant, program) in cases {
        let traceable = common::traceable(Slot::take, minor, variant, program);
        let Some((_slot, executable)) = traceable else {
            return;
        };
        let mut fixture = start(&executable, "0");
        let verifier = verifier(fixture.pid(), "none");
        fixture.run_section();
        let (code, found) = verifier.stop();
        assert_eq!(code, 0, "{found:#}");
        assert!(found["heap_profile"].is_null(), "{found:#}");
        let said = found["no_heap_profile"].as_str().expect("a reason");
        assert!(said.contains("MemProfileRate is 0"), "{said}");
    }
}

/// With a bound goalloc's totals are the runtime's own, and it says so.
#[test]
fn windows_are_no_source_of_their_own() {
    let traceable = common::traceable(Slot::take_all, 26, Variant::PLAIN, "burn");
    let Some((_slots, executable)) = traceable else {
        return;
    };
    let mut fixture = Fixture::start(&executable, &[]);
    fixture.begin();
    let verifier = verifier(fixture.pid(), "5");
    std::thread::sleep(std::time::Duration::from_secs(1));
    let (code, found) = verifier.stop();
    fixture.end_section();
    assert_eq!(code, 0, "{found:#}");
    assert_eq!(found["goalloc"]["verdict"], "unsure", "{found:#}");
    assert_eq!(found["goalloc"]["error"], "windows", "{found:#}");
}
