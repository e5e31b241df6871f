//! Profiles for tests.

use super::timeline::OTHER_SITES;
use super::{
    Coverage, Draw, Function, FunctionId, Labels, Line, Location, LocationId, Losses, Method,
    Module, Part, Profile, Sample, SiteSeries, Slice, Stratum, Target, Timeline, Values,
    WINDOW_GROUPS,
};
use crate::addr::ElfAddr;

/// A frame as tests write it: function, file, line.
pub type TestFrame<'a> = (&'a str, &'a str, u32);

/// Builds a profile from frames by name.
#[derive(Default)]
pub struct Builder {
    profile: Profile,
}

impl Builder {
    /// The locations of a call chain, innermost first; each location is its
    /// frames, innermost first. Functions of package `runtime` and
    /// `internal/runtime/maps`, and `reflect.unsafe_New`, are the runtime's.
    pub fn stack(&mut self, stack: &[&[TestFrame<'_>]]) -> Vec<LocationId> {
        stack.iter().map(|frames| self.location(frames)).collect()
    }

    /// Adds a sample of objects of `size_bytes`, rounded up to 16 on the heap.
    pub fn objects(
        &mut self,
        stack: Vec<LocationId>,
        what: (&str, &str),
        size_bytes: u64,
        objects: u64,
    ) {
        let (type_name, cause) = what;
        let some = |text: &str| (!text.is_empty()).then(|| text.into());
        self.profile.samples.push(Sample {
            stack,
            values: Values {
                objects,
                bytes: size_bytes * objects,
                heap_bytes: size_bytes.next_multiple_of(16) * objects,
                calls: 0,
            },
            labels: Labels {
                type_name: some(type_name),
                cause: some(cause),
                size_bytes: Some(size_bytes),
                ..Labels::default()
            },
            parts: Vec::new(),
        });
    }

    /// Adds a sample of counted calls.
    pub fn calls(&mut self, stack: Vec<LocationId>, call: &str, type_name: &str, calls: u64) {
        self.profile.samples.push(Sample {
            stack,
            values: Values {
                calls,
                ..Values::default()
            },
            labels: Labels {
                type_name: Some(type_name.into()),
                call: Some(call.into()),
                ..Labels::default()
            },
            parts: Vec::new(),
        });
    }

    /// The profile so far.
    pub fn finish(self) -> Profile {
        self.profile
    }

    fn location(&mut self, frames: &[TestFrame<'_>]) -> LocationId {
        let lines: Vec<Line> = frames
            .iter()
            .map(|(name, file, line)| Line {
                function: self.function(name, file),
                line: *line,
            })
            .collect();
        let locations = &mut self.profile.locations;
        let index = locations
            .iter()
            .position(|l| l.lines == lines)
            .unwrap_or_else(|| {
                let address = ElfAddr(0x401000 + 0x10 * locations.len() as u64);
                locations.push(Location { address, lines });
                locations.len() - 1
            });
        LocationId(index as u32)
    }

    fn function(&mut self, name: &str, file: &str) -> FunctionId {
        let functions = &mut self.profile.functions;
        let index = functions
            .iter()
            .position(|f| f.name == name)
            .unwrap_or_else(|| {
                functions.push(Function {
                    name: name.to_owned(),
                    file: file.to_owned(),
                    start_line: 0,
                    full_name: None,
                    runtime: name.starts_with("runtime.")
                        || name.starts_with("internal/runtime/maps.")
                        || name == "reflect.unsafe_New",
                });
                functions.len() - 1
            });
        FunctionId(index as u32)
    }
}

/// [`service`], cut into slices of a second: a quiet one, a busy one, one in between.
pub fn over_time() -> Profile {
    let mut profile = service();
    let series = |site: &str, objects: [u64; 3], heap_bytes: [u64; 3]| SiteSeries {
        site: site.to_owned(),
        objects: objects.to_vec(),
        heap_bytes: heap_bytes.to_vec(),
    };
    let series = vec![
        series("io.ReadAll", [0, 9_000, 4_801], [0, 30_000_000, 12_773_376]),
        series(
            "main.newOrder",
            [20_000, 60_000, 40_000],
            [1_920_000, 5_760_000, 3_840_000],
        ),
        series(OTHER_SITES, [90, 0, 10], [7_340_032, 0, 2_800]),
    ];
    let slice = |(index, end_ns): (usize, u64)| Slice {
        end_ns,
        objects: series.iter().map(|it| it.objects[index]).sum(),
        heap_bytes: series.iter().map(|it| it.heap_bytes[index]).sum(),
    };
    let ends_ns = [1_001_000_000, 2_000_400_000, 2_500_000_000];
    let slices = ends_ns.into_iter().enumerate().map(slice).collect();
    profile.timeline = Some(Timeline {
        interval_ns: 1_000_000_000,
        slices,
        series,
    });
    profile
}

/// The profile of the golden files: inlined frames, an unknown address, a lost
/// stack, a stack of the runtime alone, counted calls, every kind of loss.
pub fn service() -> Profile {
    const GO: &str = "/usr/local/go/src";
    let malloc = format!("{GO}/runtime/malloc.go");
    let mut b = Builder::default();
    let main: &[TestFrame<'_>] = &[("main.main", "/home/dev/shop/main.go", 31)];
    let runtime_main: &[TestFrame<'_>] = &[("runtime.main", &format!("{GO}/runtime/proc.go"), 283)];
    let newobject: &[TestFrame<'_>] = &[("runtime.newobject", &malloc, 1714)];
    let makeslice: &[TestFrame<'_>] =
        &[("runtime.makeslice", &format!("{GO}/runtime/slice.go"), 116)];
    let goexit: &[TestFrame<'_>] =
        &[("runtime.goexit", &format!("{GO}/runtime/asm_amd64.s"), 1700)];

    let orders: &[TestFrame<'_>] = &[
        ("main.newOrder", "/home/dev/shop/order/order.go", 12),
        ("main.(*Shop).Place", "/home/dev/shop/shop.go", 88),
    ];
    let stack = b.stack(&[newobject, orders, main, runtime_main, goexit]);
    b.objects(stack, ("main.Order", "new"), 96, 120_000);

    let read: &[TestFrame<'_>] = &[("io.ReadAll", &format!("{GO}/io/io.go"), 706)];
    let serve: &[TestFrame<'_>] = &[(
        "net/http.(*conn).serve",
        &format!("{GO}/net/http/server.go"),
        2102,
    )];
    for (size, objects) in [(512, 9_000), (4_096, 4_500), (65_536, 301)] {
        let stack = b.stack(&[makeslice, read, serve, goexit]);
        b.objects(stack, ("", "make slice"), size, objects);
    }

    let grow: &[TestFrame<'_>] = &[(
        "internal/runtime/maps.(*table).grow",
        &format!("{GO}/internal/runtime/maps/table.go"),
        1039,
    )];
    let index: &[TestFrame<'_>] = &[
        ("main.index[...]", "/home/dev/shop/index.go", 40),
        ("main.main.func1", "/home/dev/shop/main.go", 25),
    ];
    let stack = b.stack(&[grow, index, goexit]);
    b.objects(stack, ("map.group[string,int]", "map growth"), 1_048_576, 7);
    let reflected: &[TestFrame<'_>] = &[("reflect.unsafe_New", &malloc, 1730)];
    let stack = b.stack(&[reflected, index, goexit]);
    b.objects(stack, ("struct { A int; B, C string }", "reflect"), 40, 77);
    let sweep: &[TestFrame<'_>] = &[("runtime.bgsweep", &format!("{GO}/runtime/mgcsweep.go"), 300)];
    let stack = b.stack(&[newobject, sweep, goexit]);
    b.objects(stack, ("runtime.sudog", "new"), 96, 3);
    let unknown: &[TestFrame<'_>] = &[];
    let stack = b.stack(&[newobject, unknown]);
    b.objects(stack, ("main.Order", "new"), 96, 5);
    b.objects(Vec::new(), ("main.Order", "new"), 96, 11);

    let assign: &[TestFrame<'_>] = &[(
        "runtime.mapassign_fast64",
        &format!("{GO}/runtime/map_fast64.go"),
        93,
    )];
    let stack = b.stack(&[assign, index, goexit]);
    b.calls(stack, "runtime.mapassign_fast64", "map[int]string", 45_000);
    let stack = b.stack(&[assign, orders, main, runtime_main, goexit]);
    b.calls(
        stack,
        "runtime.mapassign_fast64",
        "map[uint64]main.Order",
        120_000,
    );

    let mut profile = b.finish();
    profile.target = Target {
        pids: vec![4242],
        exe: "/home/dev/shop/shop".to_owned(),
        args: vec!["./shop".to_owned(), "-listen=:8080".to_owned()],
        go_version: "go1.26.6".to_owned(),
        main_path: Some("example.com/shop".to_owned()),
        build_id: Some("f00dcafe".to_owned()),
        modules: vec![Module {
            path: "example.com/shop".to_owned(),
            version: "v1.4.0".to_owned(),
        }],
    };
    profile.coverage = Coverage {
        method: Method::All,
        traced_ns: 10_000_000_000,
        recorded_ns: 10_000_000_000,
        ..Coverage::default()
    };
    profile.start_unix_ns = 1_700_000_000_000_000_000;
    profile.duration_ns = 10_002_000_000;
    profile.losses = Losses {
        events: 2,
        stacks: 11,
        stacks_cut: 1,
    };
    profile.warnings =
        vec!["runtime.mallocgcTiny is inlined in main.fast: its objects are missing".to_owned()];
    profile
}

/// [`service`] as windows see it: 5 % of most samples counted, the rest estimated.
/// The map growth was in one window only, the samples without a known site are
/// exact, what was counted by calls is scaled by time, and some objects of a class
/// were in no window.
pub fn sampled() -> Profile {
    let mut profile = service();
    let stratum = |sample: &Sample| match (&sample.labels.call, sample.labels.size_bytes) {
        (Some(_), _) => 2,
        (None, Some(96..=512)) => 0,
        _ => 1,
    };
    let mut untraced = [0.0; 4];
    for (index, sample) in profile.samples.iter_mut().enumerate() {
        let values = &mut sample.values;
        let estimate = values.objects.max(values.calls);
        let counted = estimate / 20;
        if counted == 0 && estimate != 7 {
            continue;
        }
        let stratum = stratum(sample);
        untraced[usize::from(stratum)] += (estimate - counted) as f64;
        let groups = if estimate == 7 {
            5..6
        } else {
            0..WINDOW_GROUPS
        };
        // Uneven between groups, and differently so from sample to sample.
        let weight = |group: u8| 1 + (u64::from(group) * (3 + 2 * index as u64)) % 5;
        let all: u64 = groups.clone().map(weight).sum();
        let draw = |group| Draw {
            group,
            objects: ((estimate - counted) * weight(group)) as f32 / all as f32,
        };
        sample.parts = vec![Part {
            stratum,
            counted,
            draws: groups.map(draw).collect(),
        }];
    }
    untraced[3] = 40.0;
    profile.samples.push(Sample {
        values: Values {
            objects: 40,
            bytes: 960,
            heap_bytes: 960,
            calls: 0,
        },
        parts: vec![Part {
            stratum: 3,
            ..Part::default()
        }],
        ..Sample::default()
    });
    profile.strata = untraced
        .into_iter()
        .enumerate()
        .map(|(index, untraced)| Stratum {
            untraced,
            known: index != 2,
        })
        .collect();
    profile.coverage = Coverage {
        method: Method::Windows,
        traced_ns: 502_000_000,
        recorded_ns: 10_002_000_000,
        windows: 1_071,
        objects_counted: profile
            .samples
            .iter()
            .filter(|sample| sample.labels.call.is_none())
            .map(|sample| match sample.parts.as_slice() {
                [] => sample.values.objects,
                parts => parts.iter().map(|part| part.counted).sum(),
            })
            .sum(),
        objects_runtime: Some(profile.totals().objects),
    };
    profile
}
