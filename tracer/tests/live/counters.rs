//! The runtime's counters, read from outside, against what the programs read of
//! them themselves.

use std::time::{Duration, Instant};

use tracer::counters::CounterReader;
use tracer::golang::{DataSource, GoBinary};
use tracer::target::Process;

use crate::common::{self, Slot, build::Variant, fixture::Fixture};

const STRIPPED: Variant = Variant {
    name: "binutils-stripped",
    strip: true,
    ..Variant::PLAIN
};

/// A reader of the counters of a running program.
fn reader(pid: u32) -> CounterReader {
    let process = Process::open(pid).expect("it runs");
    let binary = GoBinary::open(&process.exe_file()).expect("a Go program");
    let maps = process.maps().expect("readable");
    let exe = maps.exe(&process).expect("mapped");
    let bias = exe
        .load_bias(|offset, start| binary.load_bias(offset, start))
        .expect("its code is mapped");
    let memory = process.memory().expect("readable");
    CounterReader::open(memory, bias, &binary).unwrap_or_else(|error| panic!("{error}"))
}

/// A fixture, unless this machine has not what it takes.
fn start(minor: u32, variant: Variant, program: &str, args: &[&str]) -> Option<Fixture> {
    let ((), executable) = common::traceable(|| (), minor, variant, program)?;
    Some(Fixture::start(&executable, args))
}

/// Reads around the section of a fixture and compares with its own account.
fn exact(minor: u32, variant: Variant, program: &str) {
    let _slot = Slot::take();
    let Some(mut fixture) = start(minor, variant, program, &[]) else {
        return;
    };
    let mut reader = reader(fixture.pid());
    let before = reader.read().expect("it runs");
    fixture.run_section();
    let after = reader.read().expect("it runs");
    let truth = fixture.finish();
    let found = after.since(&before);
    assert_eq!(found.uncertain_objects, 0, "the program was quiet");
    assert_eq!(found.mallocs(), truth.mallocs);
    assert_eq!(found.total_alloc_bytes(), truth.total_alloc);
    // A collection that ends behind the section counts for the program alone.
    let late = truth.num_gc.checked_sub(found.gc_cycles.into());
    assert!(late.is_some_and(|late| late <= 1), "{late:?}");
    let source = if variant.strip {
        DataSource::Instructions
    } else {
        DataSource::Symtab
    };
    assert_eq!(reader.source(), source);
}

macro_rules! every_release {
    ($($release:ident: $minor:literal,)+) => {
        $(mod $release {
            use super::{PROGRAMS, STRIPPED, Variant, exact};

            #[test]
            fn plain() {
                for program in PROGRAMS {
                    exact($minor, Variant::PLAIN, program);
                }
            }

            #[test]
            fn stripped() {
                for program in PROGRAMS {
                    exact($minor, STRIPPED, program);
                }
            }

            #[test]
            fn busy() {
                super::busy($minor, STRIPPED);
            }

            /// Processors come and go.
            #[test]
            fn resized() {
                super::throughout($minor, "procs", &["-p", "8"]);
            }

            /// The runtime adds up its counters.
            #[test]
            fn metrics() {
                super::throughout($minor, "metrics", &[]);
            }
        })+
    };
}

/// Objects of every size, tiny and large ones; collections in the section.
const PROGRAMS: [&str; 5] = ["new", "strings", "gc", "finalizers", "maps"];

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

/// Two readers in turn, so that neither can make up for what the other saw.
fn busy(minor: u32, variant: Variant) {
    const READS: u32 = 2000;
    let _slots = Slot::take_all();
    let Some(mut fixture) = start(minor, variant, "burn", &["-d", "4"]) else {
        return;
    };
    let (mut one, mut other) = (reader(fixture.pid()), reader(fixture.pid()));
    let before = one.read().expect("it runs");
    fixture.begin();
    let mut last = before.clone();
    let (mut uncertain, mut uncertain_reads) = (0, 0);
    let mut spent = Duration::ZERO;
    for _ in 0..READS {
        let start = Instant::now();
        let now = one.read().expect("it runs");
        spent += start.elapsed();
        assert!(last.mallocs() <= now.mallocs() + now.uncertain_objects);
        uncertain = now.uncertain_objects.max(uncertain);
        uncertain_reads += u32::from(now.uncertain_objects > 0);
        last = now;
        std::mem::swap(&mut one, &mut other);
        std::thread::sleep(Duration::from_micros(200));
    }
    fixture.wait_done();
    let after = one.read().expect("it runs");
    let truth = fixture.finish();
    let busy = last.since(&before);
    println!(
        "Go 1.{minor} {}: {READS} reads of {:?}; {} objects and {} collections meanwhile; {uncertain_reads} reads uncertain, by {uncertain} objects at most",
        variant.name,
        spent / READS,
        busy.mallocs(),
        busy.gc_cycles
    );
    assert!(busy.mallocs() > u64::from(READS), "the target was busy");
    let found = after.since(&before);
    assert_eq!(found.mallocs(), truth.mallocs);
    assert_eq!(found.total_alloc_bytes(), truth.total_alloc);
}

/// Reads on through the section of a fixture, and once it is over.
fn throughout(minor: u32, program: &str, args: &[&str]) {
    const READS: u32 = 1000;
    let _slots = Slot::take_all();
    let Some(mut fixture) = start(minor, Variant::PLAIN, program, args) else {
        return;
    };
    let mut reader = reader(fixture.pid());
    let before = reader.read().expect("it runs");
    fixture.begin();
    let mut last = before.clone();
    for _ in 0..READS {
        let now = reader.read().expect("it runs");
        assert!(last.mallocs() <= now.mallocs());
        last = now;
        std::thread::sleep(Duration::from_micros(200));
    }
    fixture.wait_done();
    let after = reader.read().expect("it runs");
    let start = Instant::now();
    for _ in 0..READS {
        let now = reader.read().expect("it runs");
        assert_eq!((now.mallocs(), now.uncertain_objects), (after.mallocs(), 0));
    }
    let each = start.elapsed() / READS;
    println!("Go 1.{minor} {program} {args:?}: {each:?} a read when it is quiet");
    let truth = fixture.finish();
    let found = after.since(&before);
    assert!(last.mallocs() <= after.mallocs());
    assert_eq!(found.mallocs(), truth.mallocs);
    assert_eq!(found.total_alloc_bytes(), truth.total_alloc);
}

#[test]
fn many_processors() {
    throughout(19, "procs", &["-p", "64"]);
    throughout(27, "procs", &["-p", "64"]);
}
