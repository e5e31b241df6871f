//! What exporting a large recording takes: every format of `goalloc export`, on a
//! recording of a million samples with call chains like those of a Go server.
//!
//! `cargo xtask bench export` runs it. Medians of a few rounds are printed, and the
//! worst.

#[allow(dead_code, reason = "each bench uses a part of it")]
#[path = "../common/mod.rs"]
mod common;

mod recording;

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use clap::ValueEnum;
use tracer::export::Format;
use tracer::report::units;

use common::markdown::{self, Figures, Table};
use common::options::Options;
use common::usage;
use recording::Made;

/// Rounds unless told otherwise.
const ROUNDS: u32 = 3;

/// Samples of the recording.
const SAMPLES: usize = 1_000_000;

/// With this set to a path the bench only writes the recording there, as a process of
/// its own: what a process had resident counts for those that it starts.
const MAKE: &str = "GOALLOC_BENCH_MAKE";

fn main() -> Result<()> {
    if let Some(file) = std::env::var_os(MAKE) {
        let made = recording::write(SAMPLES, Path::new(&file))?;
        println!("{}", serde_json::to_string(&made)?);
        return Ok(());
    }
    let Some(options) = Options::parse_unless_test() else {
        return Ok(());
    };
    let rounds = options.rounds.unwrap_or(ROUNDS);
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("million.pb.gz");
    eprintln!("writing a recording of {SAMPLES} samples");
    let recording = make(&file)?;
    let mut table = Table::new(&[
        "format",
        "wall-clock time, s",
        "worst",
        "CPU time, s",
        "peak resident memory, MB",
        "worst",
        "file, MB",
    ]);
    for format in Format::value_variants() {
        let name = format.to_possible_value().context("a format has a name")?;
        let mut seconds = Figures::default();
        let mut cpu_seconds = Figures::default();
        let mut megabytes = Figures::default();
        let mut bytes = 0;
        for round in 0..rounds {
            eprintln!("round {} of {rounds}: {}", round + 1, name.get_name());
            let cost = export(&file, name.get_name())?;
            seconds.push(cost.seconds);
            cpu_seconds.push(cost.cpu_seconds);
            megabytes.push(cost.peak_rss_bytes as f64 / 1e6);
            bytes = cost.file_bytes;
        }
        table.row(&[
            name.get_name().to_owned(),
            format!("{:.2}", seconds.median()),
            format!("{:.2}", seconds.high()),
            format!("{:.2}", cpu_seconds.median()),
            format!("{:.0}", megabytes.median()),
            format!("{:.0}", megabytes.high()),
            format!("{:.0}", bytes as f64 / 1e6),
        ]);
    }
    println!("## Export of a large recording\n");
    println!(
        "{}; {} samples, no two alike, {} frames on average, {} functions, a file of {:.0} MB; \
         {rounds} rounds.\n",
        markdown::environment(),
        units::count(SAMPLES as u64),
        recording.mean_frames,
        units::count(recording.functions as u64),
        std::fs::metadata(&file)?.len() as f64 / 1e6,
    );
    println!("{table}");
    Ok(())
}

fn make(file: &Path) -> Result<Made> {
    let mut make = Command::new(std::env::current_exe()?);
    let output = make.env(MAKE, file).stderr(Stdio::inherit()).output()?;
    ensure!(output.status.success(), "no recording was written");
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// What one export took.
struct Cost {
    seconds: f64,
    cpu_seconds: f64,
    peak_rss_bytes: u64,
    file_bytes: u64,
}

fn export(file: &Path, format: &str) -> Result<Cost> {
    let output = file.with_extension("export");
    // What an earlier export wrote is neither freed nor put on the disk meanwhile.
    if output.exists() {
        std::fs::remove_file(&output)?;
    }
    rustix::fs::sync();
    let mut command = Command::new(env!("CARGO_BIN_EXE_goalloc"));
    command
        .arg("export")
        .arg(file)
        .args(["--format", format, "-o"])
        .arg(&output)
        .stdin(Stdio::null());
    let started = Instant::now();
    let child = command.spawn().context("cannot start goalloc")?;
    let ended = usage::wait(&child)?;
    let seconds = started.elapsed().as_secs_f64();
    ensure!(ended.success, "{command:?} failed");
    Ok(Cost {
        seconds,
        cpu_seconds: ended.cpu.as_secs_f64(),
        peak_rss_bytes: ended.peak_rss_bytes,
        file_bytes: std::fs::metadata(&output)?.len(),
    })
}
