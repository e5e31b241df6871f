//! `goalloc ps`.

use std::path::Path;

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use serde::Serialize;
use tracer::golang::GoBinary;
use tracer::output::{Output, Permissions};
use tracer::target::list::Running;
use tracer::target::{RunningExe, Scan};

use super::Outcome;

/// Version of the JSON layout.
const SCHEMA: u32 = 1;

#[derive(Clone, Copy, Debug, clap::Args)]
pub struct Args {
    /// How to print the list
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Format {
    Table,
    Json,
}

/// A Go process.
#[derive(Clone, Debug, Serialize)]
struct Row {
    pid: u32,
    go_version: String,
    /// Path of the main package.
    main_path: Option<String>,
    exe: String,
    /// The file is no longer there under that name.
    deleted: bool,
    /// No symbol table.
    stripped: bool,
    /// No debug information.
    no_dwarf: bool,
}

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    processes: &'a [Row],
    unreadable: usize,
}

/// Lists the Go processes of this host.
pub fn run(args: Args) -> anyhow::Result<Outcome> {
    let scan = Scan::of_host()?;
    let mut rows: Vec<Row> = scan.executables.iter().flat_map(rows_of).collect();
    rows.sort_by_key(|row| row.pid);
    let mut text = match args.format {
        Format::Table => table(&rows),
        Format::Json => serde_json::to_string_pretty(&Document {
            schema: SCHEMA,
            processes: &rows,
            unreadable: scan.unreadable,
        })?,
    };
    text.push('\n');
    Output::create(Path::new("-"), false, Permissions::Umask)?.commit(text.as_bytes())?;
    if scan.unreadable > 0 {
        eprintln!(
            "goalloc: not looked into, for want of permission (CAP_SYS_PTRACE): {} of the processes",
            scan.unreadable
        );
    }
    Ok(Outcome::Done)
}

/// The processes of one executable, none when it is not Go's. Opens the file
/// once, through the first process that is still there.
fn rows_of(exe: &RunningExe) -> Vec<Row> {
    let mut files = exe
        .processes
        .iter()
        .map(|process| format!("/proc/{}/exe", process.pid));
    let Some(file) = files.find(|file| Path::new(file).exists()) else {
        return Vec::new();
    };
    let Ok(binary) = GoBinary::open(Path::new(&file)) else {
        return Vec::new();
    };
    let row = |process: &Running| Row {
        pid: process.pid,
        go_version: binary.version().to_string(),
        main_path: binary.build_info().main_path.clone(),
        exe: process.exe.path.display().to_string(),
        deleted: process.exe.deleted,
        stripped: !binary.has_symtab(),
        no_dwarf: !binary.has_dwarf(),
    };
    exe.processes.iter().map(row).collect()
}

fn table(rows: &[Row]) -> String {
    let mut table = Table::new();
    table
        .load_preset(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled)
        .set_header(["PID", "GO", "SYMBOLS", "PACKAGE", "EXECUTABLE"]);
    for row in rows {
        let symbols = match (row.stripped, row.no_dwarf) {
            (false, false) => "debug",
            (false, true) => "names",
            (true, false) => "debug only",
            (true, true) => "stripped",
        };
        let deleted = if row.deleted { " (deleted)" } else { "" };
        table.add_row([
            row.pid.to_string(),
            row.go_version.clone(),
            symbols.to_owned(),
            row.main_path.clone().unwrap_or_else(|| "-".to_owned()),
            format!("{}{deleted}", row.exe),
        ]);
    }
    if let Some(pid) = table.column_mut(0) {
        pid.set_cell_alignment(CellAlignment::Right);
    }
    table.trim_fmt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_what_is_known_of_a_process() {
        let row = Row {
            pid: 42,
            go_version: "go1.26.6".to_owned(),
            main_path: None,
            exe: "/srv/app".to_owned(),
            deleted: true,
            stripped: true,
            no_dwarf: true,
        };
        let shown = table(&[row]);
        let words: Vec<&str> = shown.lines().nth(1).unwrap().split_whitespace().collect();
        assert_eq!(
            words,
            ["42", "go1.26.6", "stripped", "-", "/srv/app", "(deleted)"]
        );
    }
}
