//! The sentences every output shares: how much was seen, what was lost.

use super::{Coverage, Losses, Method, Profile};

/// How much of the recording was traced, as one sentence without a full stop.
#[must_use]
pub fn coverage(coverage: &Coverage) -> String {
    let traced = seconds(coverage.traced_ns);
    let recorded = seconds(coverage.recorded_ns);
    match coverage.method {
        Method::All if coverage.traced_ns >= coverage.recorded_ns => {
            format!("every allocation traced, {traced} of {recorded}")
        }
        Method::Windows => format!(
            "{} windows, {traced} of {recorded}; the rest is estimated",
            coverage.windows
        ),
        Method::Spans => format!("used-up spans, {traced} of {recorded}; the rest is estimated"),
        Method::All => format!("every allocation traced for {traced} of {recorded}"),
        Method::Unknown => "not stated: this profile was not written by goalloc".to_owned(),
    }
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
    fn seconds_keep_milliseconds() {
        assert_eq!(seconds(10_000_000_000), "10.000 s");
        assert_eq!(seconds(1_002_999_999), "1.002 s");
    }
}
