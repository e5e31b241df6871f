//! `goalloc doctor`.

use std::path::Path;

use comfy_table::{ContentArrangement, Table, presets};
use serde::Serialize;
use tracer::doctor::{self, Check, Status};
use tracer::output::{Output, Permissions};
use tracer::session;

use super::Outcome;

/// Version of the JSON layout.
const SCHEMA: u32 = 1;

#[derive(Clone, Copy, Debug, clap::Args)]
pub struct Args {
    /// How to print the checks
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Format {
    Table,
    Json,
}

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    status: Status,
    checks: &'a [Check],
}

/// Checks the machine; [`Outcome::Unfit`] when no recording is possible.
pub fn run(args: Args) -> anyhow::Result<Outcome> {
    let checks = doctor::run(|| {
        session::measure_hit_cost().map_err(|error| format!("{:#}", anyhow::Error::from(error)))
    });
    let status = doctor::verdict(&checks);
    let mut text = match args.format {
        Format::Table => table(&checks),
        Format::Json => serde_json::to_string_pretty(&Document {
            schema: SCHEMA,
            status,
            checks: &checks,
        })?,
    };
    text.push('\n');
    Output::create(Path::new("-"), false, Permissions::Umask)?.commit(text.as_bytes())?;
    Ok(match status {
        Status::Ok | Status::Warn => Outcome::Done,
        Status::Fail => Outcome::Unfit,
    })
}

fn table(checks: &[Check]) -> String {
    let mut table = Table::new();
    table
        .load_preset(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled)
        .set_header(["", "CHECK", "FOUND"]);
    for (index, check) in checks.iter().enumerate() {
        let mark = match check.status {
            Status::Ok => "ok",
            Status::Warn => "WARN",
            Status::Fail => "FAIL",
        };
        table.add_row([mark, check.name, &check.found]);
        // What mends several things in a row stands below the last of them.
        let next = checks.get(index + 1);
        if let Some(cure) = &check.cure
            && next.is_none_or(|next| next.cure != check.cure)
        {
            table.add_row(["", "", &format!("-> {cure}")]);
        }
    }
    table.trim_fmt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cure_stands_below_what_was_found() {
        let checks = [Check {
            name: "kernel",
            status: Status::Fail,
            found: "4.4".to_owned(),
            cure: Some("boot a newer one".to_owned()),
        }];
        let shown = table(&checks);
        let lines: Vec<&str> = shown.lines().map(str::trim).collect();
        assert!(
            lines[1].starts_with("FAIL") && lines[1].ends_with("4.4"),
            "{shown}"
        );
        assert_eq!(lines[2], "-> boot a newer one");
    }

    #[test]
    fn a_cure_for_several_things_is_told_once() {
        let lacking = |name| Check {
            name,
            status: Status::Fail,
            found: "missing".to_owned(),
            cure: Some("run as root".to_owned()),
        };
        let shown = table(&[lacking("CAP_BPF"), lacking("CAP_PERFMON")]);
        assert_eq!(shown.matches("run as root").count(), 1, "{shown}");
        assert!(shown.ends_with("-> run as root"), "{shown}");
    }
}
