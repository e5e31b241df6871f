//! Reading recordings, and what every command that reads one has in common.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use anyhow::{Context, ensure};
use tracer::profile::{Profile, pprof, summary};

use super::Outcome;

/// The recording at `path`; `-` is standard input.
pub fn read(path: &Path) -> anyhow::Result<Profile> {
    let name = if path == Path::new("-") {
        "standard input".to_owned()
    } else {
        path.display().to_string()
    };
    let bytes = if path == Path::new("-") {
        read_bounded(io::stdin().lock())
    } else {
        File::open(path)
            .map_err(anyhow::Error::from)
            .and_then(read_bounded)
    };
    let bytes = bytes.with_context(|| format!("cannot read {name}"))?;
    pprof::decode(&bytes).with_context(|| format!("cannot read {name}"))
}

/// All bytes, unless there are more than any recording has.
fn read_bounded(reader: impl Read) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader
        .take(pprof::MAX_DECODED_BYTES + 1)
        .read_to_end(&mut bytes)?;
    ensure!(
        bytes.len() as u64 <= pprof::MAX_DECODED_BYTES,
        "it has more than {} MiB, the most a recording can have",
        pprof::MAX_DECODED_BYTES >> 20
    );
    Ok(bytes)
}

/// What a recording of a live process runs in.
pub fn event_loop() -> anyhow::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the event loop")
}

/// How a command ends that showed `profile`. What a view shows and what was lost are
/// said on stderr as well, because not every format has a place for it.
pub fn outcome(profile: &Profile) -> Outcome {
    if let Some(view) = summary::view(profile) {
        eprintln!("goalloc: shown: {view}");
    }
    if !profile.losses.any() {
        return Outcome::Done;
    }
    if let Some(lost) = summary::losses(&profile.losses) {
        eprintln!("goalloc: LOST: {lost}");
    }
    Outcome::EventsLost
}
