//! A recording with very many samples, made up.
//!
//! Call chains are those of a server: a few ways in, layers of functions of which each
//! calls some of the next, the runtime's on top. Which functions a chain has, the type
//! and the size come from a generator with a fixed seed.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use tracer::addr::ElfAddr;
use tracer::profile::{
    Coverage, Function, FunctionId, Labels, Line, Location, LocationId, Method, Profile, Sample,
    Target, Values, pprof,
};

/// Functions of each layer, from the outermost in.
const LAYERS: [usize; 20] = [
    1, 4, 8, 16, 32, 64, 120, 200, 300, 400, 500, 500, 500, 500, 500, 500, 500, 500, 500, 400,
];

/// Functions that each calls of the next layer.
const CALLEES: usize = 4;

/// Program counters in each function at which it calls.
const CALLS: usize = 3;

const TYPES: usize = 2_000;
const CAUSES: [&str; 6] = [
    "new",
    "make slice",
    "append",
    "map growth",
    "string concatenation",
    "interface boxing",
];

/// What the recording is like.
#[derive(serde::Serialize, serde::Deserialize)]
pub struct Made {
    pub functions: usize,
    pub mean_frames: usize,
}

/// Writes a recording of `samples` samples.
pub fn write(samples: usize, file: &Path) -> Result<Made> {
    let mut random = fastrand::Rng::with_seed(1);
    let mut profile = Profile {
        target: Target {
            pids: vec![4242],
            exe: "/usr/bin/server".to_owned(),
            go_version: "go1.26.6".to_owned(),
            ..Target::default()
        },
        coverage: Coverage {
            method: Method::All,
            traced_ns: 60_000_000_000,
            recorded_ns: 60_000_000_000,
            ..Coverage::default()
        },
        start_unix_ns: 1_700_000_000_000_000_000,
        duration_ns: 60_000_000_000,
        ..Profile::default()
    };
    let layers = layers(&mut profile);
    let runtime = [
        function(&mut profile, "runtime.mallocgc", true),
        function(&mut profile, "runtime.newobject", true),
    ];
    let runtime = runtime.map(|function| location(&mut profile, function, None, 1));
    let types: Vec<_> = (0..TYPES)
        .map(|index| format!("*service{}.Message{index}", index % 40).into())
        .collect();
    let mut seen = HashSet::new();
    let mut frames = 0;
    while profile.samples.len() < samples {
        let stack = stack(&mut random, &layers, runtime);
        let size_bytes = 8_u64 << random.u32(0..9);
        let type_index = random.usize(0..TYPES);
        if !seen.insert((stack.clone(), type_index, size_bytes)) {
            continue;
        }
        frames += stack
            .iter()
            .filter_map(|id| profile.location(*id))
            .map(|location| location.lines.len())
            .sum::<usize>();
        let objects = random.u64(1..1_000);
        profile.samples.push(Sample {
            stack,
            values: Values {
                objects,
                bytes: objects * size_bytes,
                heap_bytes: objects * size_bytes,
                calls: 0,
            },
            labels: Labels {
                type_name: types.get(type_index).cloned(),
                cause: CAUSES.get(type_index % CAUSES.len()).map(|it| (*it).into()),
                size_bytes: Some(size_bytes),
                ..Labels::default()
            },
            parts: Vec::new(),
        });
    }
    let made = Made {
        functions: profile.functions.len(),
        mean_frames: frames / samples,
    };
    fs::write(file, pprof::encode(&profile))
        .with_context(|| format!("cannot write {}", file.display()))?;
    Ok(made)
}

/// Locations of each function of each layer, one for each of its calls.
type Layers = Vec<Vec<Vec<LocationId>>>;

fn layers(profile: &mut Profile) -> Layers {
    let mut layers = Vec::new();
    for (depth, functions) in LAYERS.into_iter().enumerate() {
        let mut layer = Vec::new();
        for index in 0..functions {
            let name = format!(
                "example.com/server/service{}.(*Handler{depth}).Do{index}",
                index % 40
            );
            let outer = function(profile, &name, false);
            let inner = format!("example.com/server/internal/layer{depth}.helper{index}");
            let inner = function(profile, &inner, false);
            let calls = (0..CALLS as u32).map(|call| {
                // The compiler has inlined some of what a function calls.
                let inlined = (call == 0).then_some(inner);
                location(profile, outer, inlined, 10 * call + 7)
            });
            layer.push(calls.collect());
        }
        layers.push(layer);
    }
    layers
}

/// A way through the layers, innermost first.
fn stack(random: &mut fastrand::Rng, layers: &Layers, runtime: [LocationId; 2]) -> Vec<LocationId> {
    let depth = random.usize(layers.len() / 2..=layers.len());
    let mut stack = Vec::with_capacity(depth + runtime.len());
    let mut at = 0;
    for layer in layers.iter().take(depth) {
        at = (at * CALLEES + random.usize(0..CALLEES)) % layer.len();
        let calls = &layer[at];
        stack.push(calls[random.usize(0..calls.len())]);
    }
    stack.reverse();
    runtime.into_iter().chain(stack).collect()
}

fn function(profile: &mut Profile, name: &str, runtime: bool) -> FunctionId {
    let file = name.split('(').next().unwrap_or(name).trim_end_matches('.');
    profile.functions.push(Function {
        name: name.to_owned(),
        file: format!("/home/dev/{file}.go"),
        start_line: 5,
        runtime,
        full_name: None,
    });
    FunctionId(profile.functions.len() as u32 - 1)
}

fn location(
    profile: &mut Profile,
    outer: FunctionId,
    inlined: Option<FunctionId>,
    line: u32,
) -> LocationId {
    let functions = inlined.into_iter().chain([outer]);
    profile.locations.push(Location {
        address: ElfAddr(0x40_0000 + 16 * profile.locations.len() as u64),
        lines: functions.map(|function| Line { function, line }).collect(),
    });
    LocationId(profile.locations.len() as u32 - 1)
}
