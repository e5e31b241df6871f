//! `goalloc record` and `goalloc run`.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use bytesize::ByteSize;
use clap::Args;
use tracer::attach::Mechanism;
use tracer::budget::MaxOverhead;
use tracer::output::{Output, Permissions};
use tracer::plan::ProbeSet;
use tracer::profile::{pprof, summary};
use tracer::session::{self, Config, CutAt, Subject, Tables};

use super::progress::Line;
use super::{Outcome, recording, usage};

/// Arguments of `goalloc record`.
#[derive(Debug, Args)]
pub struct RecordArgs {
    #[command(flatten)]
    subject: SubjectArgs,
    #[command(flatten)]
    common: CommonArgs,
}

/// Arguments of `goalloc run`.
#[derive(Debug, Args)]
pub struct RunArgs {
    #[command(flatten)]
    common: CommonArgs,
    /// The command and its arguments, behind `--`
    #[arg(last = true, required = true, num_args = 1.., value_name = "COMMAND")]
    command: Vec<OsString>,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct SubjectArgs {
    /// Process to attach to; several with commas between
    #[arg(short, long, value_name = "PID", value_delimiter = ',')]
    pid: Vec<u32>,
    /// Record every process that runs this file, now or later
    #[arg(long, value_name = "PATH")]
    exe: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct CommonArgs {
    /// How long to record, as 10s or 2m; without it until Ctrl-C or the end of the target
    #[arg(short, long, value_name = "TIME", value_parser = humantime::parse_duration)]
    duration: Option<Duration>,
    /// Where to write the recording (gzipped pprof); - is stdout
    #[arg(short, long, value_name = "FILE", default_value = "alloc.pb.gz")]
    output: PathBuf,
    /// Overwrite the file if it exists
    #[arg(long)]
    force: bool,
    /// What tracing may cost, in percent of the CPU time the target uses: what does not
    /// fit is traced in random windows and estimated. With none every allocation is
    /// traced, which can slow a target down many times
    #[arg(long, value_name = "PCT|none", default_value_t)]
    max_overhead: MaxOverhead,
    /// Keep what is allocated in each so much time, as 1s or 100ms: a timeline in the
    /// recording [default: none]
    #[arg(long, value_name = "TIME", value_parser = interval)]
    interval: Option<Duration>,
    /// What to probe: alloc; with counted map calls alloc,map or alloc,map-all; with the steps
    /// by which slices and maps grow, for goalloc advise, alloc,growth
    #[arg(long, value_name = "SET", default_value_t)]
    probes: ProbeSet,
    /// Size of the ring buffer
    #[arg(long, value_name = "BYTES", default_value_t = ByteSize::b(Tables::default().ring_bytes.into()))]
    ring_size: ByteSize,
    /// Distinct (stack, type, size) counted in the kernel; what does not fit is streamed
    #[arg(long, value_name = "N", default_value_t = Tables::default().map_entries)]
    map_entries: u32,
    /// How to attach [default: the best this kernel has]
    #[arg(long, value_name = "HOW", value_enum, hide = true)]
    attach: Option<AttachArg>,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum AttachArg {
    Multi,
    Perf,
}

/// CPU time with tracing over that without, from which on it is warned of.
const NOTABLE_SLOWDOWN: f64 = 1.2;

/// The shortest slice of time: cutting takes a millisecond or so.
const LEAST_INTERVAL: Duration = Duration::from_millis(10);

/// Runs `goalloc record`.
pub fn record(args: RecordArgs) -> anyhow::Result<Outcome> {
    let subject = match args.subject.exe {
        Some(path) => Subject::Executable(path),
        None => Subject::Processes(distinct(args.subject.pid)),
    };
    record_subject(subject, &args.common)
}

/// A process named twice is recorded once.
fn distinct(mut pids: Vec<u32>) -> Vec<u32> {
    pids.sort_unstable();
    pids.dedup();
    pids
}

/// Runs `goalloc run`.
pub fn run(args: RunArgs) -> anyhow::Result<Outcome> {
    let mut words = args.command.into_iter();
    let program = words.next().context("name a command behind --")?;
    let subject = Subject::Command {
        program,
        args: words.collect(),
    };
    record_subject(subject, &args.common)
}

fn record_subject(subject: Subject, args: &CommonArgs) -> anyhow::Result<Outcome> {
    let output = Output::create(&args.output, args.force, Permissions::Private)?;
    let config = Config {
        subject,
        duration: args.duration,
        max_overhead: args.max_overhead,
        cuts: args.interval.map(CutAt::Every),
        probes: args.probes,
        tables: tables(args.ring_size, args.map_entries)?,
        mechanism: args.attach.map(|how| match how {
            AttachArg::Multi => Mechanism::UprobeMulti,
            AttachArg::Perf => Mechanism::PerfEvent,
        }),
    };
    let runtime = recording::event_loop()?;
    let recording = runtime.block_on(session::record(&config, &mut Line::new()))?;
    let profile = recording.profile;
    output.commit(&pprof::encode(&profile))?;

    let totals = profile.totals();
    eprintln!(
        "goalloc: {} objects, {} asked for in {}; {}",
        totals.objects,
        ByteSize::b(totals.bytes),
        summary::seconds(profile.duration_ns),
        output_hint(&args.output),
    );
    if let Some(slowdown) = recording.slowdown {
        tell_cost(slowdown, args.max_overhead);
    }
    if let Some(mut command) = recording.launched {
        let status = runtime
            .block_on(command.wait())
            .context("cannot wait for the command")?;
        if !status.success() {
            eprintln!("goalloc: the command ended with {status}");
        }
        if let (Some(wall), Some(cpu)) = (command.ran_for(), usage::of_children()) {
            tracing::debug!(
                "the command took {:.6} s and {:.6} s of CPU time",
                wall.as_secs_f64(),
                cpu.as_secs_f64()
            );
        }
    }
    Ok(recording::outcome(&profile))
}

/// A length that slices of time can have.
fn interval(text: &str) -> anyhow::Result<Duration> {
    let interval = humantime::parse_duration(text)?;
    anyhow::ensure!(
        interval >= LEAST_INTERVAL,
        "slices of time are {} at least",
        humantime::format_duration(LEAST_INTERVAL)
    );
    Ok(interval)
}

/// Says what tracing cost the target, and how to make that less if it was much.
fn tell_cost(slowdown: f64, bound: MaxOverhead) {
    if slowdown >= NOTABLE_SLOWDOWN {
        let cure = match bound {
            MaxOverhead::None => "--max-overhead 2 bounds that",
            MaxOverhead::Percent(_) => "longer recordings keep to the bound",
        };
        eprintln!(
            "goalloc: warning: tracing made the target take {slowdown:.1} times the CPU time; \
             {cure}"
        );
    } else {
        let percent = (slowdown - 1.0) * 100.0;
        eprintln!("goalloc: tracing took {percent:.1} % of the CPU time the target used");
    }
}

fn output_hint(path: &std::path::Path) -> String {
    if path.as_os_str() == "-" {
        return "written to stdout".to_owned();
    }
    let path = path.display();
    format!("see it with: goalloc report {path}")
}

fn tables(ring_size: ByteSize, map_entries: u32) -> anyhow::Result<Tables> {
    let ring_bytes = ring_bytes(ring_size)?;
    anyhow::ensure!(map_entries > 0, "--map-entries must be at least 1");
    Ok(Tables {
        ring_bytes,
        map_entries,
    })
}

/// A size the kernel takes for a ring.
pub fn ring_bytes(ring_size: ByteSize) -> anyhow::Result<u32> {
    let ring_bytes = u32::try_from(ring_size.as_u64()).unwrap_or(u32::MAX);
    anyhow::ensure!(
        ring_bytes.is_power_of_two() && (4096..=1 << 30).contains(&ring_bytes),
        "--ring-size must be a power of two from 4KiB to 1GiB, as 16MiB"
    );
    Ok(ring_bytes)
}
