//! Who was recorded, and how much of it was seen, as attributes.

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, KeyValue};

use crate::profile::{Profile, summary};

/// Of the process: the names are those of OpenTelemetry's semantic conventions.
pub(super) fn of_process(profile: &Profile) -> Vec<KeyValue> {
    let target = &profile.target;
    let mut attributes = vec![text("service.name", summary::program(profile))];
    if !target.exe.is_empty() {
        attributes.push(text("process.executable.path", &target.exe));
    }
    if !target.args.is_empty() {
        attributes.push(texts("process.command_args", &target.args));
    }
    if let [pid] = target.pids.as_slice() {
        attributes.push(attribute("process.pid", Value::IntValue(i64::from(*pid))));
    }
    if !target.go_version.is_empty() {
        attributes.push(text("process.runtime.name", "go"));
        attributes.push(text("process.runtime.version", &target.go_version));
    }
    attributes
}

/// Of the recording.
pub(super) fn of_recording(profile: &Profile) -> Vec<KeyValue> {
    let mut attributes = vec![text("goalloc.coverage", &summary::coverage(profile))];
    let lost = summary::losses(&profile.losses);
    attributes.extend(lost.map(|lost| text("goalloc.lost", &lost)));
    let shown = summary::view(profile);
    attributes.extend(shown.map(|shown| text("goalloc.shown", &shown)));
    if !profile.warnings.is_empty() {
        attributes.push(texts("goalloc.warnings", &profile.warnings));
    }
    attributes
}

fn text(key: &str, value: &str) -> KeyValue {
    attribute(key, Value::StringValue(value.to_owned()))
}

fn texts(key: &str, values: &[String]) -> KeyValue {
    let value = |text: &String| AnyValue {
        value: Some(Value::StringValue(text.clone())),
    };
    let values = values.iter().map(value).collect();
    attribute(key, Value::ArrayValue(ArrayValue { values }))
}

fn attribute(key: &str, value: Value) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue { value: Some(value) }),
        ..KeyValue::default()
    }
}
