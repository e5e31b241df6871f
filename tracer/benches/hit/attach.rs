//! What it takes to attach to a large stripped binary.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result};

use crate::common::markdown::Figures;
use crate::common::usage;
use crate::common::workload::etcd::{Server, program};

/// One attachment.
struct Attachment {
    to_first_event_ms: f64,
    peak_rss_mib: f64,
}

/// Attaches `rounds` times to a running etcd.
pub fn table(rounds: u32) -> Result<String> {
    let program = program()?;
    let bytes = std::fs::metadata(&program)?.len();
    let etcd = Server::start(&program)?;
    let mut attachments = Vec::new();
    for round in 0..rounds {
        eprintln!("round {} of {rounds}: attaching to etcd", round + 1);
        attachments.push(attach(etcd.pid())?);
    }
    let of = |value: fn(&Attachment) -> f64| -> Figures { attachments.iter().map(value).collect() };
    let times = of(|attachment| attachment.to_first_event_ms);
    let sizes = of(|attachment| attachment.peak_rss_mib);
    Ok(format!(
        "Debian's etcd, {:.1} MB, stripped, running with an empty store; goalloc recording for 2 s.\n\n\
         | | median | worst of {rounds} |\n|---|---|---|\n\
         | start of goalloc to the first event it has in hand, ms | {:.0} | {:.0} |\n\
         | peak resident memory, MiB | {:.1} | {:.1} |\n",
        bytes as f64 / 1e6,
        times.median(),
        times.high(),
        sizes.median(),
        sizes.high(),
    ))
}

fn attach(pid: u32) -> Result<Attachment> {
    let started = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_goalloc"))
        .args(["record", "-d", "2s", "-o", "/dev/null", "-p"])
        .arg(pid.to_string())
        .env("GOALLOC_LOG", "debug")
        .stderr(Stdio::piped())
        .spawn()?;
    let stderr = child.stderr.take().context("no stderr")?;
    let mut to_first_event_ms = None;
    for line in BufReader::new(stderr).lines() {
        if line?.contains("first event") && to_first_event_ms.is_none() {
            to_first_event_ms = Some(started.elapsed().as_secs_f64() * 1e3);
        }
    }
    Ok(Attachment {
        to_first_event_ms: to_first_event_ms.context("goalloc saw no event")?,
        peak_rss_mib: usage::wait(&child)?.peak_rss_bytes as f64 / f64::from(1 << 20),
    })
}
