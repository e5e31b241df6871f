//! Profiles to make pages of.

use std::collections::{HashMap, HashSet};

use tracer::addr::ElfAddr;
use tracer::export::{self, Export, Format, Value};
use tracer::profile::{
    Coverage, Draw, Function, FunctionId, Labels, Line, Location, LocationId, Losses, Method,
    Module, Part, Profile, Sample, SiteSeries, Slice, Stratum, Target, Timeline, Values,
};

/// A name that is markup, were it not shown as text.
pub const MARKUP: &str = "<script>alert(1)</script>";

/// `profile` as a page.
pub fn to_html(profile: &Profile) -> String {
    let export = Export {
        format: Format::Html,
        value: Value::Bytes,
        root: None,
    };
    let mut page = Vec::new();
    export::write(profile, export, &mut page).expect("a Vec takes all that is written to it");
    String::from_utf8(page).expect("pages are text")
}

/// Groups of windows that samples are seen in.
const GROUPS: u8 = 32;

/// Builds a profile of one stratum, of which one object in twenty was traced.
#[derive(Default)]
struct Builder {
    profile: Profile,
    functions: HashMap<String, FunctionId>,
    locations: HashMap<Line, LocationId>,
    untraced: f64,
}

impl Builder {
    fn location(&mut self, name: &str, line: u32) -> LocationId {
        let functions = &mut self.profile.functions;
        let function = *self.functions.entry(name.to_owned()).or_insert_with(|| {
            let package = name.rsplit_once('.').map_or("", |(package, _)| package);
            functions.push(Function {
                name: name.to_owned(),
                file: format!("/home/dev/src/{package}/code.go"),
                start_line: 1,
                runtime: name.starts_with("runtime."),
                full_name: None,
            });
            FunctionId(functions.len() as u32 - 1)
        });
        let line = Line { function, line };
        let locations = &mut self.profile.locations;
        *self.locations.entry(line).or_insert_with(|| {
            locations.push(Location {
                address: ElfAddr(0x40_1000 + 16 * locations.len() as u64),
                lines: vec![line],
            });
            LocationId(locations.len() as u32 - 1)
        })
    }

    /// Adds objects at the end of `stack`, innermost first.
    fn add(&mut self, stack: Vec<LocationId>, what: (&str, &str), size_bytes: u64, objects: u64) {
        let (type_name, cause) = what;
        let counted = objects / 20;
        let untraced = (objects - counted) as f64;
        self.untraced += untraced;
        let index = self.profile.samples.len();
        // The more there are the more windows have seen them, unevenly.
        let first = (index % usize::from(GROUPS - 2)) as u8;
        let groups = if objects < 2_500 {
            first..first + 2
        } else {
            0..GROUPS
        };
        let weight = |group: u8| f64::from(2 + (u32::from(group) * (3 + index as u32)) % 3);
        let all: f64 = groups.clone().map(weight).sum();
        let draw = |group| Draw {
            group,
            objects: (untraced * weight(group) / all) as f32,
        };
        self.profile.samples.push(Sample {
            stack,
            values: Values {
                objects,
                bytes: size_bytes * objects,
                heap_bytes: size_bytes.next_multiple_of(16) * objects,
                calls: 0,
            },
            labels: Labels {
                type_name: Some(type_name.into()),
                cause: Some(cause.into()),
                size_bytes: Some(size_bytes),
                ..Labels::default()
            },
            parts: vec![Part {
                stratum: 0,
                counted,
                draws: groups.map(draw).collect(),
            }],
        });
    }

    fn finish(self) -> Profile {
        let mut profile = self.profile;
        profile.strata = vec![Stratum {
            untraced: self.untraced,
            known: true,
        }];
        let objects = profile.totals().objects;
        profile.target = Target {
            pids: vec![4242],
            exe: "/usr/local/bin/shop".to_owned(),
            args: vec!["shop".to_owned(), "-listen=:8080".to_owned()],
            go_version: "go1.27.3".to_owned(),
            main_path: Some("example.com/shop/cmd/shop".to_owned()),
            build_id: None,
            modules: vec![Module {
                path: "example.com/shop".to_owned(),
                version: "v1.4.0".to_owned(),
            }],
        };
        profile.coverage = Coverage {
            method: Method::Windows,
            traced_ns: 480_000_000,
            recorded_ns: 10_002_000_000,
            windows: 311,
            objects_counted: objects / 20,
            objects_runtime: Some(objects),
        };
        profile.start_unix_ns = 1_700_000_000_000_000_000;
        profile.duration_ns = 10_002_000_000;
        profile
    }
}

/// A call chain, innermost first; type and cause, bytes of an object, objects.
type Chain = (
    &'static [&'static str],
    (&'static str, &'static str),
    u64,
    u64,
);

/// A small service: one of its functions, types and warnings is [`MARKUP`].
pub fn shop() -> Profile {
    let mut b = Builder::default();
    let chains: [Chain; 8] = [
        (
            &[
                "runtime.newobject",
                "example.com/shop/order.New",
                "main.serve",
            ],
            ("order.Order", "new"),
            96,
            120_000,
        ),
        (
            &["runtime.makeslice", "io.ReadAll", "main.serve"],
            ("[]uint8", "make slice"),
            512,
            40_000,
        ),
        (
            &[
                "runtime.growslice",
                "example.com/shop/order.(*Order).Add",
                "example.com/shop/order.New",
                "main.serve",
            ],
            ("order.Line", "slice growth"),
            48,
            90_000,
        ),
        (
            &["runtime.newobject", MARKUP, "main.serve"],
            (MARKUP, "new"),
            1_152,
            9_000,
        ),
        (
            &[
                "runtime.mapassign_faststr",
                "github.com/acme/cache.(*LRU[go.shape.string]).Put",
                "main.refresh",
            ],
            ("map.group[string,int]", "map growth"),
            4_112,
            2_500,
        ),
        (
            &[
                "runtime.slicebytetostring",
                "encoding/json.(*decodeState).literalStore",
                "encoding/json.Unmarshal",
                "main.refresh",
            ],
            ("string", "string from bytes"),
            24,
            250_000,
        ),
        (
            &[
                "runtime.newobject",
                "encoding/json.Unmarshal",
                "main.refresh",
            ],
            ("json.decodeState", "new"),
            208,
            31_000,
        ),
        (&["cgo_alloc"], ("[no type]", "unknown"), 64, 400),
    ];
    for (chain, what, size_bytes, objects) in chains {
        let outer = ["main.main", "runtime.main", "runtime.goexit"];
        let stack = chain.iter().chain(&outer);
        let stack = stack
            .enumerate()
            .map(|(i, name)| b.location(name, 10 + i as u32));
        let stack = stack.collect();
        b.add(stack, what, size_bytes, objects);
    }
    let mut profile = b.finish();
    profile.losses = Losses {
        events: 2,
        ..Losses::default()
    };
    profile.warnings = vec![format!("{MARKUP} is inlined: its objects are missing")];
    profile.timeline = Some(timeline(&profile));
    profile
}

/// Twenty slices in which each site allocates more than in the one before, or less.
fn timeline(profile: &Profile) -> Timeline {
    const SLICES: u64 = 20;
    let series: Vec<SiteSeries> = profile
        .samples
        .iter()
        .enumerate()
        .map(|(i, sample)| {
            let frame = profile.site(sample).expect("no chain is lost");
            let weight = |slice: u64| 1 + (slice * (i as u64 + 1)) % 7;
            let all: u64 = (0..SLICES).map(weight).sum();
            let part = |whole: u64| (0..SLICES).map(|it| whole * weight(it) / all).collect();
            let position = frame.position().expect("files are known");
            SiteSeries {
                site: format!("{} {position}", frame.function),
                objects: part(sample.values.objects),
                heap_bytes: part(sample.values.heap_bytes),
            }
        })
        .collect();
    let sum = |of: fn(&SiteSeries) -> &Vec<u64>, slice: usize| -> u64 {
        series.iter().map(|it| of(it)[slice]).sum()
    };
    Timeline {
        interval_ns: 500_000_000,
        slices: (0..SLICES as usize)
            .map(|slice| Slice {
                end_ns: 500_000_000 * (slice as u64 + 1),
                objects: sum(|it| &it.objects, slice),
                heap_bytes: sum(|it| &it.heap_bytes, slice),
            })
            .collect(),
        series,
    }
}

/// A program of more frames than a page holds: nearly all objects are of one place, and
/// 20 of 16 bytes are at the end of each of `chains` call chains of 3,100 frames.
pub fn deep(chains: usize) -> Profile {
    let mut b = Builder::default();
    let main = b.location("main.main", 31);
    let often = b.location("main.often", 20);
    b.add(vec![often, main], ("order.Order", "new"), 16, 2_200_000);
    for chain in 0..chains {
        let mut stack = vec![b.location("main.recurse", 50); 3_098];
        stack.push(b.location(&format!("main.rare{chain}"), 40));
        stack.push(main);
        b.add(stack, ("cache.Entry", "append"), 16, 20);
    }
    b.finish()
}

/// A large program: `stacks` call chains, no two alike, of 8 to 48 frames, through 6,000
/// functions, for 800 types. The same number gives the same profile.
pub fn large(stacks: usize) -> Profile {
    const FUNCTIONS: usize = 6_000;
    const TYPES: usize = 800;
    const CAUSES: [&str; 6] = [
        "new",
        "make slice",
        "slice growth",
        "map growth",
        "string concat",
        "closure",
    ];
    let mut random = fastrand::Rng::with_seed(4_242);
    let mut b = Builder::default();
    let names: Vec<String> = (0..FUNCTIONS)
        .map(|i| {
            format!(
                "example.com/shop/internal/part{:02}/module{}.(*Handler{}).Serve{i}",
                i % 40,
                i % 7,
                i % 97
            )
        })
        .collect();
    let types: Vec<String> = (0..TYPES)
        .map(|i| format!("*part{:02}.Message{i}", i % 40))
        .collect();
    let mut seen = HashSet::new();
    while seen.len() < stacks {
        let depth = random.usize(8..48);
        let mut function = 0;
        let mut stack = vec![
            b.location("runtime.goexit", 1_700),
            b.location("main.main", 31),
        ];
        for _ in 0..depth {
            // Few callees are called often; which they are depends on the caller.
            let callee = (random.f64().powi(3) * 12.0) as usize;
            function = (function * 31 + callee * 1_009 + 7) % FUNCTIONS;
            stack.push(b.location(&names[function], 20 + callee as u32));
        }
        stack.push(b.location("runtime.newobject", 1_714));
        stack.reverse();
        if seen.insert(stack.clone()) {
            let what = (
                types[function % TYPES].as_str(),
                CAUSES[function % CAUSES.len()],
            );
            let size_bytes = 8 << random.u32(0..9);
            b.add(stack, what, size_bytes, 20 + random.u64(0..2_000));
        }
    }
    b.finish()
}
