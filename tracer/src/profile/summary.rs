//! The sentences every output shares: how much was seen, what was lost.

use super::{Coverage, Losses, Method, Profile};

/// How much of the recording was traced, and how certain the figures are, as one
/// sentence without a full stop.
#[must_use]
pub fn coverage(profile: &Profile) -> String {
    let coverage = &profile.coverage;
    let times = times(profile);
    match coverage.method {
        Method::All if coverage.traced_ns >= coverage.recorded_ns => {
            format!("every allocation traced, {times}")
        }
        Method::All => format!("every allocation traced for {times}"),
        Method::Windows => {
            let plural = if coverage.windows == 1 { "" } else { "s" };
            let windows = count(coverage.windows);
            format!(
                "{windows} window{plural}, {times} traced; {}",
                estimated(coverage)
            )
        }
        Method::Spans => format!("used-up spans, {times}; {}", estimated(coverage)),
        Method::Unknown => "not stated: this profile was not written by goalloc".to_owned(),
    }
}

/// `1.204 s of 20.002 s`, and of how many processes that is the sum. Only the sum
/// over several exceeds the length of the recording.
fn times(profile: &Profile) -> String {
    let coverage = &profile.coverage;
    let times = format!(
        "{} of {}",
        seconds(coverage.traced_ns),
        seconds(coverage.recorded_ns)
    );
    let processes = profile.target.pids.len();
    if processes > 1 && coverage.recorded_ns > profile.duration_ns {
        format!("{times} over {processes} processes")
    } else {
        times
    }
}

/// How many objects were seen, and what that means for the others.
fn estimated(coverage: &Coverage) -> String {
    let counted = count(coverage.objects_counted);
    match coverage.objects_runtime {
        Some(all) => format!(
            "{counted} of {} objects; the rest is estimated, totals are the runtime's own",
            count(all)
        ),
        None => format!(
            "{counted} objects; the rest is scaled up by time, so that totals may be off as well"
        ),
    }
}

/// How much of the recording a view shows, as
/// `12.3 % of bytes, 4.0 % of objects (--focus json)`; `None` without a view.
#[must_use]
pub fn view(profile: &Profile) -> Option<String> {
    let left_out = profile.left_out.as_ref()?;
    let (shown, recorded) = (profile.totals(), profile.recorded());
    let percent = |shown: u64, all: u64| match all {
        0 => 100.0,
        all => shown as f64 / all as f64 * 100.0,
    };
    Some(format!(
        "{:.1} % of bytes, {:.1} % of objects ({})",
        percent(shown.bytes, recorded.bytes),
        percent(shown.objects, recorded.objects),
        left_out.view
    ))
}

/// What went missing, as one line; `None` when nothing did. A cut stack alone
/// is mentioned too.
#[must_use]
pub fn losses(losses: &Losses) -> Option<String> {
    let parts: Vec<String> = [
        (
            losses.events,
            "in no sample at all",
            "event is",
            "events are",
        ),
        (
            losses.stacks,
            "counted without a call chain",
            "event is",
            "events are",
        ),
        (
            losses.stacks_cut,
            "cut short",
            "call chain is",
            "call chains are",
        ),
    ]
    .into_iter()
    .filter(|(count, ..)| *count > 0)
    .map(|(count, what, one, many)| {
        format!("{count} {} {what}", if count == 1 { one } else { many })
    })
    .collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// The program by name: its executable's file name, else its main package.
#[must_use]
pub fn program(profile: &Profile) -> &str {
    let target = &profile.target;
    target
        .exe
        .rsplit('/')
        .find(|part| !part.is_empty())
        .or(target.main_path.as_deref())
        .unwrap_or("unknown program")
}

/// The program with its process ids and Go release, as
/// `/usr/bin/etcd (pid 4242, go1.26.6)`.
#[must_use]
pub fn target(profile: &Profile) -> String {
    let target = &profile.target;
    let name = if target.exe.is_empty() {
        program(profile)
    } else {
        &target.exe
    };
    let mut facts = Vec::new();
    match target.pids.as_slice() {
        [] => {}
        [pid] => facts.push(format!("pid {pid}")),
        pids if pids.len() <= 8 => {
            let pids: Vec<String> = pids.iter().map(u32::to_string).collect();
            facts.push(format!("pids {}", pids.join(" ")));
        }
        pids => facts.push(format!("{} processes", pids.len())),
    }
    if !target.go_version.is_empty() {
        facts.push(target.go_version.clone());
    }
    if facts.is_empty() {
        name.to_owned()
    } else {
        format!("{name} ({})", facts.join(", "))
    }
}

/// A count with thousands set apart, as `1,234,567`.
#[must_use]
pub fn count(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Nanoseconds as seconds with three digits behind the point.
#[must_use]
pub fn seconds(duration_ns: u64) -> String {
    format!(
        "{}.{:03} s",
        duration_ns / 1_000_000_000,
        duration_ns / 1_000_000 % 1_000
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_lost_is_nothing_said() {
        assert_eq!(losses(&Losses::default()), None);
    }

    #[test]
    fn each_kind_of_loss_is_named_and_counted() {
        let all = Losses {
            events: 1,
            stacks: 2,
            stacks_cut: 3,
        };
        assert_eq!(
            losses(&all).as_deref(),
            Some(
                "1 event is in no sample at all, 2 events are counted without a call chain, \
                 3 call chains are cut short"
            )
        );
    }

    #[test]
    fn counts_are_grouped_by_three() {
        for (n, text) in [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (1_234_567, "1,234,567"),
        ] {
            assert_eq!(count(n), text);
        }
    }

    #[test]
    fn coverage_says_how_much_was_seen_and_what_totals_are() {
        let mut profile = Profile {
            coverage: Coverage {
                method: Method::Windows,
                traced_ns: 1_204_000_000,
                recorded_ns: 20_002_000_000,
                windows: 212,
                objects_counted: 1_204_332,
                objects_runtime: Some(91_223_100),
            },
            duration_ns: 20_002_000_000,
            ..Profile::default()
        };
        profile.target.pids = vec![1, 2];
        assert_eq!(
            coverage(&profile),
            "212 windows, 1.204 s of 20.002 s traced; 1,204,332 of 91,223,100 objects; the rest \
             is estimated, totals are the runtime's own"
        );
        profile.coverage.windows = 1;
        profile.coverage.objects_runtime = None;
        assert_eq!(
            coverage(&profile),
            "1 window, 1.204 s of 20.002 s traced; 1,204,332 objects; the rest is scaled up by \
             time, so that totals may be off as well"
        );
        let other = profile.coverage.clone();
        profile.coverage.merge(&other);
        profile.coverage.method = Method::All;
        assert_eq!(
            coverage(&profile),
            "every allocation traced for 2.408 s of 40.004 s over 2 processes"
        );
    }

    #[test]
    fn seconds_keep_milliseconds() {
        assert_eq!(seconds(10_000_000_000), "10.000 s");
        assert_eq!(seconds(1_002_999_999), "1.002 s");
    }
}
