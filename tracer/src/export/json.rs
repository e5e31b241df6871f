//! Every sample as JSON, `schema` 1.
//!
//! ```json
//! {
//!   "schema": 1,
//!   "target": {"pids": [1], "exe": "", "args": [], "go_version": "", "main_path": null, "build_id": null,
//!              "modules": [{"path": "", "version": ""}]},
//!   "coverage": {"method": "windows", "traced_ns": 1, "recorded_ns": 1, "windows": 1,
//!                "objects_counted": 1, "objects_runtime": null},
//!   "start_unix_ns": 1, "duration_ns": 1,
//!   "lost": {"events": 0, "stacks": 0, "cut": 0},
//!   "warnings": [], "left_out": null,
//!   "frames": [{"function": "", "file": "", "line": 1, "address": 1, "inlined": false, "runtime": false}],
//!   "samples": [{"stack": [0], "type": null, "cause": null, "size_bytes": null, "element_bytes": null,
//!                "call": null, "growth": {"old_len": 4, "old_cap": 4, "new_cap": 8}, "pid": null,
//!                "objects": 1, "bytes": 1, "heap_bytes": 1, "calls": 0}]
//! }
//! ```
//!
//! `stack` holds indexes into `frames`, innermost first; it is empty when the
//! call chain was lost. `file` is empty and `line` 0 when unknown. `address` is
//! the program counter in the ELF file, for callers one less than the return
//! address; a frame with `inlined` was inlined into the next one out. `growth` is of
//! calls by which something grows, in elements. Labels
//! that a sample does not have are null. Fields may be added without a new
//! schema. `coverage` is that of the report's JSON: values are estimates unless
//! its method is `all`. `left_out` is what a view took out ([`crate::view`]):
//! `{"view": "--focus json", "values": {"objects": 1, "bytes": 1, "heap_bytes": 1, "calls": 0}}`.

use std::borrow::Cow;
use std::io::{self, Write};

use serde::Serialize;

use super::seq::Seq;
use super::table::FrameTable;
use crate::profile::{Coverage, Frame, GrowthStep, LeftOut, Profile, Sample, Target};
use crate::report::Lost;

/// Version of the JSON; a change that breaks readers raises it.
pub const SCHEMA: u32 = 1;

#[derive(Serialize)]
struct Document<'a, S> {
    schema: u32,
    target: &'a Target,
    coverage: &'a Coverage,
    start_unix_ns: i64,
    duration_ns: u64,
    lost: Lost,
    warnings: &'a [String],
    left_out: Option<&'a LeftOut>,
    frames: &'a [FrameFields<'a>],
    samples: S,
}

#[derive(Serialize)]
struct FrameFields<'a> {
    function: Cow<'a, str>,
    file: &'a str,
    line: u32,
    address: u64,
    inlined: bool,
    runtime: bool,
}

#[derive(Serialize)]
struct SampleFields<'a, S> {
    stack: S,
    r#type: Option<&'a str>,
    cause: Option<&'a str>,
    size_bytes: Option<u64>,
    element_bytes: Option<u64>,
    call: Option<&'a str>,
    growth: Option<GrowthFields>,
    pid: Option<u32>,
    objects: u64,
    bytes: u64,
    heap_bytes: u64,
    calls: u64,
}

#[derive(Serialize)]
struct GrowthFields {
    old_len: u64,
    old_cap: u64,
    new_cap: u64,
}

impl From<GrowthStep> for GrowthFields {
    fn from(step: GrowthStep) -> Self {
        Self {
            old_len: step.old_len,
            old_cap: step.old_cap,
            new_cap: step.new_cap,
        }
    }
}

/// Writes `profile` as JSON on one line, ended by a line feed.
pub(super) fn write(profile: &Profile, out: &mut dyn Write) -> io::Result<()> {
    let frames = FrameTable::new(profile, |id| {
        profile.frames(std::slice::from_ref(id)).map(frame_fields)
    });
    let samples = || {
        let samples = profile.samples.iter();
        samples.map(|sample| sample_fields(&frames, sample))
    };
    let document = Document {
        schema: SCHEMA,
        target: &profile.target,
        coverage: &profile.coverage,
        start_unix_ns: profile.start_unix_ns,
        duration_ns: profile.duration_ns,
        lost: profile.losses.into(),
        warnings: &profile.warnings,
        left_out: profile.left_out.as_ref(),
        frames: &frames.items,
        samples: Seq(samples),
    };
    serde_json::to_writer(&mut *out, &document)?;
    out.write_all(b"\n")
}

fn frame_fields(frame: Frame<'_>) -> FrameFields<'_> {
    FrameFields {
        function: frame.function,
        file: frame.file,
        line: frame.line,
        address: frame.address.0,
        inlined: frame.inlined,
        runtime: frame.runtime,
    }
}

fn sample_fields<'a>(
    frames: &'a FrameTable<FrameFields<'_>>,
    sample: &'a Sample,
) -> SampleFields<'a, impl Serialize> {
    SampleFields {
        stack: Seq(|| sample.stack.iter().flat_map(|id| frames.range(*id))),
        r#type: sample.labels.type_name.as_deref(),
        cause: sample.labels.cause.as_deref(),
        size_bytes: sample.labels.size_bytes,
        element_bytes: sample.labels.element_bytes,
        call: sample.labels.call.as_deref(),
        growth: sample.labels.growth.map(GrowthFields::from),
        pid: sample.labels.pid,
        objects: sample.values.objects,
        bytes: sample.values.bytes,
        heap_bytes: sample.values.heap_bytes,
        calls: sample.values.calls,
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Format, Value, written};
    use super::*;
    use crate::output::golden;
    use crate::profile::fixture;

    fn to_json(profile: &Profile) -> String {
        written(profile, Format::Json, Value::Bytes, None)
    }

    #[test]
    fn the_json_matches_its_golden_file() {
        golden::check("export.json", to_json(&fixture::service()).as_bytes());
    }

    #[test]
    fn coverage_says_that_values_are_estimates() {
        let json: serde_json::Value = serde_json::from_str(&to_json(&fixture::sampled())).unwrap();
        let coverage = &json["coverage"];
        assert_eq!(coverage["method"], "windows");
        assert_eq!(coverage["windows"], 1_071);
        assert!(coverage["objects_counted"].as_u64() < coverage["objects_runtime"].as_u64());
    }

    #[test]
    fn stacks_lead_to_their_frames() {
        let json: serde_json::Value = serde_json::from_str(&to_json(&fixture::service())).unwrap();
        let stack = json["samples"][0]["stack"].as_array().unwrap();
        let frame = |depth: usize| &json["frames"][stack[depth].as_u64().unwrap() as usize];
        assert_eq!(frame(0)["function"], "runtime.newobject");
        assert_eq!(frame(1)["function"], "main.newOrder");
        assert_eq!(frame(1)["inlined"], true);
        assert_eq!(frame(2)["inlined"], false);
        assert_eq!(frame(1)["address"], frame(2)["address"]);
        assert_eq!(json["samples"][8]["stack"], serde_json::json!([]));
    }
}
