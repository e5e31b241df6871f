//! Every sample as CSV: a header line, then one line for each sample.
//!
//! | column | holds |
//! |---|---|
//! | `objects`, `bytes`, `heap_bytes`, `calls` | its values |
//! | `type`, `cause`, `call` | its labels, empty when it has none |
//! | `size_bytes`, `element_bytes`, `pid` | the same, numbers |
//! | `old_len`, `old_cap`, `new_cap` | the same, of calls by which something grows |
//! | `site` | function, file and line it is attributed to, as reports have it |
//! | `stack` | functions from the outermost to the innermost between semicolons |
//!
//! A lost call chain is [`LOST_STACK`]. A semicolon in a name is a colon in `stack`. CSV has
//! no place for losses and for the coverage of estimates; the command line prints losses to
//! stderr.

use std::io::{self, Write};

use super::chains::frame_name;
use super::table::FrameTable;
use crate::profile::pprof::LOST_STACK;
use crate::profile::{Profile, Sample};
use crate::report::{By, Keys};

const COLUMNS: [&str; 15] = [
    "objects",
    "bytes",
    "heap_bytes",
    "calls",
    "type",
    "cause",
    "call",
    "size_bytes",
    "element_bytes",
    "pid",
    "old_len",
    "old_cap",
    "new_cap",
    "site",
    "stack",
];

/// As much as outputs take at once, so that they do not copy it once more.
const BUFFER_BYTES: usize = 256 << 10;

/// Writes `profile` as CSV.
pub(super) fn write(profile: &Profile, out: &mut dyn Write) -> io::Result<()> {
    let mut builder = csv::WriterBuilder::new();
    let mut writer = builder.buffer_capacity(BUFFER_BYTES).from_writer(out);
    writer.write_record(COLUMNS)?;
    // The names of a location as they are in stacks.
    let names = FrameTable::new(profile, |id| {
        let frames = profile.frames(std::slice::from_ref(id));
        let names: Vec<_> = frames.map(|frame| frame_name(frame.function)).collect();
        let parts = names.iter().rev().flat_map(|name| [name, ";"]);
        Some(parts.collect::<String>())
    });
    let mut sites = Keys::new(profile, By::Site);
    let mut stack = String::new();
    for sample in &profile.samples {
        write_numbers(&mut writer, sample)?;
        stack.clear();
        for names in sample.stack.iter().rev().flat_map(|id| names.of(*id)) {
            stack.push_str(names);
        }
        let site = sites.number(sample);
        writer.write_field(sites.text(site))?;
        writer.write_field(stack.strip_suffix(';').unwrap_or(LOST_STACK))?;
        writer.write_record(None::<&[u8]>)?;
    }
    writer.flush()
}

fn write_numbers(writer: &mut csv::Writer<&mut dyn Write>, sample: &Sample) -> csv::Result<()> {
    let mut buffer = itoa::Buffer::new();
    let values = sample.values;
    for value in [
        values.objects,
        values.bytes,
        values.heap_bytes,
        values.calls,
    ] {
        writer.write_field(buffer.format(value))?;
    }
    let labels = &sample.labels;
    for label in [&labels.type_name, &labels.cause, &labels.call] {
        writer.write_field(label.as_deref().unwrap_or_default())?;
    }
    let pid = labels.pid.map(u64::from);
    let growth = labels.growth;
    for number in [
        labels.size_bytes,
        labels.element_bytes,
        pid,
        growth.map(|step| step.old_len),
        growth.map(|step| step.old_cap),
        growth.map(|step| step.new_cap),
    ] {
        writer.write_field(number.map_or("", |number| buffer.format(number)))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::{Format, Value, written};
    use crate::output::golden;
    use crate::profile::fixture;

    #[test]
    fn the_csv_matches_its_golden_file() {
        let text = written(&fixture::service(), Format::Csv, Value::Bytes, None);
        golden::check("export.csv", text.as_bytes());
    }

    #[test]
    fn names_with_commas_come_back_whole() {
        let profile = fixture::service();
        let text = written(&profile, Format::Csv, Value::Bytes, None);
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let records: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        assert_eq!(records.len(), profile.samples.len());
        assert_eq!(&records[5][4], "struct { A int; B, C string }");
        let bytes: u64 = records.iter().map(|it| it[1].parse::<u64>().unwrap()).sum();
        assert_eq!(bytes, profile.totals().bytes);
    }
}
