//! `goalloc doctor`.

use comfy_table::{ContentArrangement, Table, presets};
use serde::Serialize;
use tracer::attach::{Loaded, Options};
use tracer::doctor::{self, Check, Status};

use super::Outcome;

/// Version of the JSON layout.
const SCHEMA: u32 = 1;

#[derive(Debug, clap::Args)]
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
        let loaded = Loaded::load(&Options::default());
        loaded.map(drop).map_err(|error| error.to_string())
    });
    let status = doctor::verdict(&checks);
    match args.format {
        Format::Table => println!("{}", table(&checks)),
        Format::Json => {
            let document = Document {
                schema: SCHEMA,
                status,
                checks: &checks,
            };
            println!("{}", serde_json::to_string_pretty(&document)?);
        }
    }
    Ok(match status {
        Status::Ok | Status::Warn => Outcome::Done,
        Status::Fail => Outcome::Unfit,
    })
}

fn table(checks: &[Check]) -> Table {
    let mut table = Table::new();
    table
        .load_preset(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_header(["", "CHECK", "FOUND"]);
    for check in checks {
        let mark = match check.status {
            Status::Ok => "ok",
            Status::Warn => "WARN",
            Status::Fail => "FAIL",
        };
        table.add_row([mark, check.name, &check.found]);
        if let Some(cure) = &check.cure {
            table.add_row(["", "", &format!("-> {cure}")]);
        }
    }
    table
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
        let shown = table(&checks).to_string();
        let lines: Vec<&str> = shown.lines().map(str::trim).collect();
        assert!(
            lines[1].starts_with("FAIL") && lines[1].ends_with("4.4"),
            "{shown}"
        );
        assert_eq!(lines[2], "-> boot a newer one");
    }
}
