//! The view as text, once.

use std::path::Path;
use std::time::{Duration, Instant};

use signal_hook::iterator::Signals;
use tracer::output::{Output, Permissions};
use tracer::top::view::{self, Theme};

use super::Args;
use super::looking::Looking;
use super::screen::{Signal, next_signal};

/// How often signals are looked for.
const PERIOD: Duration = Duration::from_millis(50);

/// Looks for as many intervals as `args` say, less if a signal ends that or the target
/// ends, and prints the view.
pub fn run(args: &Args, looking: &mut Looking, signals: &mut Signals) -> anyhow::Result<()> {
    let started = Instant::now();
    let time = args.interval.saturating_mul(args.intervals);
    loop {
        let has_looked = looking.look(PERIOD)?;
        let is_last = looking.state.newest().is_some_and(|newest| newest.is_last);
        let is_through = has_looked && started.elapsed() >= time;
        if is_through || is_last || next_signal(signals) == Some(Signal::End) {
            break;
        }
    }
    let theme = Theme::new(false, true);
    let text = view::to_text(&looking.state, &theme, args.width, args.height);
    let output = Output::create(Path::new("-"), false, Permissions::Umask)?;
    Ok(output.commit(text.as_bytes())?)
}
