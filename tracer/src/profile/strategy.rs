//! Strategies for property tests over profiles.

use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;

use super::{
    Coverage, Draw, Function, FunctionId, GrowthStep, Labels, LeftOut, Line, Location, LocationId,
    Losses, Method, Module, Part, Profile, Sample, SiteSeries, Slice, Stratum, Target, Timeline,
    Values, WINDOW_GROUPS,
};
use crate::addr::ElfAddr;

/// pprof's numbers are signed.
fn number() -> impl Strategy<Value = u64> {
    prop_oneof![0..100_u64, 0..=i64::MAX as u64]
}

/// Any text, of any script and with control characters.
fn text() -> impl Strategy<Value = String> {
    ".{0,12}|[a-z/]{1,8}\\.[A-Za-z]{1,8}|runtime\\.[a-z]{1,8}".prop_map(|s: String| s)
}

/// A label: pprof has no empty ones.
fn label() -> impl Strategy<Value = Option<String>> {
    option::of(text().prop_filter("pprof has no empty labels", |text| !text.is_empty()))
}

fn function() -> impl Strategy<Value = Function> {
    (text(), text(), any::<u32>(), any::<bool>()).prop_map(|(name, file, start_line, runtime)| {
        Function {
            name,
            file,
            start_line,
            runtime,
            full_name: None,
        }
    })
}

fn location(functions: u32) -> impl Strategy<Value = Location> {
    let line = (0..functions, any::<u32>()).prop_map(|(function, line)| Line {
        function: FunctionId(function),
        line,
    });
    (any::<u64>(), vec(line, 0..3)).prop_map(|(address, lines)| Location {
        address: ElfAddr(address),
        lines,
    })
}

fn stratum() -> impl Strategy<Value = Stratum> {
    (0.0..1e18, any::<bool>()).prop_map(|(untraced, known)| Stratum { untraced, known })
}

/// A part of one of `strata`.
fn part(strata: u16) -> impl Strategy<Value = Part> {
    let draws = btree_map(0..WINDOW_GROUPS, 0.0_f32..1e18, 0..5).prop_map(|draws| {
        draws
            .into_iter()
            .map(|(group, objects)| Draw { group, objects })
            .collect()
    });
    (0..strata, any::<u64>(), draws).prop_map(|(stratum, counted, draws)| Part {
        stratum,
        counted,
        draws,
    })
}

fn parts(strata: u16) -> BoxedStrategy<Vec<Part>> {
    match strata {
        0 => Just(Vec::new()).boxed(),
        strata => vec(part(strata), 0..3).boxed(),
    }
}

fn values() -> impl Strategy<Value = Values> {
    (number(), number(), number(), number()).prop_map(|(objects, bytes, heap_bytes, calls)| {
        Values {
            objects,
            bytes,
            heap_bytes,
            calls,
        }
    })
}

fn left_out(strata: u16) -> impl Strategy<Value = LeftOut> {
    (text(), values(), parts(strata)).prop_map(|(view, values, parts)| LeftOut {
        view,
        values,
        parts,
    })
}

fn sample(locations: u32, strata: u16) -> impl Strategy<Value = Sample> {
    let labels = (
        label(),
        label(),
        option::of(number()),
        option::of(number()),
        label(),
        option::of((number(), number(), number())),
        option::of(any::<u32>()),
    )
        .prop_map(
            |(type_name, cause, size_bytes, element_bytes, call, growth, pid)| Labels {
                type_name: type_name.map(Into::into),
                cause: cause.map(Into::into),
                size_bytes,
                element_bytes,
                call: call.map(Into::into),
                growth: growth.map(|(old_len, old_cap, new_cap)| GrowthStep {
                    old_len,
                    old_cap,
                    new_cap,
                }),
                pid,
            },
        );
    (
        vec((0..locations).prop_map(LocationId), 0..6),
        values(),
        labels,
        parts(strata),
    )
        .prop_map(|(stack, values, labels, parts)| Sample {
            stack,
            values,
            labels,
            parts,
        })
}

fn module() -> impl Strategy<Value = Module> {
    (text(), text()).prop_map(|(path, version)| Module { path, version })
}

fn target() -> impl Strategy<Value = Target> {
    (
        vec(any::<u32>(), 0..3),
        text(),
        vec(text(), 0..3),
        text(),
        option::of(text()),
        option::of(text()),
        vec(module(), 0..3),
    )
        .prop_map(
            |(pids, exe, args, go_version, main_path, build_id, modules)| Target {
                pids,
                exe,
                args,
                go_version,
                main_path,
                build_id,
                modules,
            },
        )
}

type Tables = (
    Vec<Function>,
    Vec<Location>,
    Vec<Stratum>,
    Vec<Sample>,
    Option<LeftOut>,
);

fn tables() -> impl Strategy<Value = Tables> {
    vec(function(), 1..6)
        .prop_map(|mut functions| {
            // Whether a function is the runtime's follows from its name and file.
            functions.sort_by(|a, b| (&a.name, &a.file).cmp(&(&b.name, &b.file)));
            functions.dedup_by(|a, b| (&a.name, &a.file) == (&b.name, &b.file));
            functions
        })
        .prop_flat_map(|functions| {
            let count = functions.len() as u32;
            (
                Just(functions),
                vec(location(count), 1..8),
                vec(stratum(), 0..4),
            )
        })
        .prop_flat_map(|(functions, locations, strata)| {
            let sample = sample(locations.len() as u32, strata.len() as u16);
            let left_out = left_out(strata.len() as u16);
            (
                Just(functions),
                Just(locations),
                Just(strata),
                vec(sample, 0..12),
                option::of(left_out),
            )
        })
}

fn coverage() -> impl Strategy<Value = Coverage> {
    let method = prop_oneof![
        Just(Method::All),
        Just(Method::Windows),
        Just(Method::Spans),
        Just(Method::Unknown),
    ];
    (
        method,
        any::<(u64, u64, u64, u64)>(),
        option::of(any::<u64>()),
    )
        .prop_map(
            |(method, (traced_ns, recorded_ns, windows, objects_counted), objects_runtime)| {
                Coverage {
                    method,
                    traced_ns,
                    recorded_ns,
                    windows,
                    objects_counted,
                    objects_runtime,
                }
            },
        )
}

/// A timeline whose series sum to its slices.
pub fn timeline() -> impl Strategy<Value = Timeline> {
    let value = || 0..u64::MAX >> 8;
    let interval_ns = prop_oneof![1..4_u64, any::<u64>()];
    (interval_ns, 0..5_usize)
        .prop_flat_map(move |(interval_ns, slices)| {
            let series = (text(), vec(value(), slices), vec(value(), slices)).prop_map(
                |(site, objects, heap_bytes)| SiteSeries {
                    site,
                    objects,
                    heap_bytes,
                },
            );
            (
                Just(interval_ns),
                vec(0..u64::MAX >> 8, slices),
                vec(series, 0..6),
            )
        })
        .prop_map(|(interval_ns, lengths_ns, series)| {
            let mut end_ns = 0;
            let slice = |(index, length_ns): (usize, &u64)| {
                end_ns += length_ns;
                Slice {
                    end_ns,
                    objects: series.iter().map(|it: &SiteSeries| it.objects[index]).sum(),
                    heap_bytes: series.iter().map(|it| it.heap_bytes[index]).sum(),
                }
            };
            let slices = lengths_ns.iter().enumerate().map(slice).collect();
            Timeline {
                interval_ns,
                slices,
                series,
            }
        })
}

/// Any profile that pprof can hold: numbers up to `i64::MAX`, no empty labels,
/// one `runtime` flag for each name and file.
pub fn profile() -> impl Strategy<Value = Profile> {
    let losses = any::<(u64, u64, u64)>().prop_map(|(events, stacks, stacks_cut)| Losses {
        events,
        stacks,
        stacks_cut,
    });
    (
        target(),
        coverage(),
        any::<i64>(),
        number(),
        losses,
        vec(text(), 0..3),
        tables(),
        option::of(timeline()),
    )
        .prop_map(
            |(target, coverage, start_unix_ns, duration_ns, losses, warnings, tables, timeline)| {
                let (functions, locations, strata, samples, left_out) = tables;
                Profile {
                    target,
                    coverage,
                    start_unix_ns,
                    duration_ns,
                    losses,
                    warnings,
                    functions,
                    locations,
                    samples,
                    left_out,
                    strata,
                    timeline,
                }
            },
        )
}
