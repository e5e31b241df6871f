//! Figures for people.

pub use crate::profile::summary::count;
use crate::profile::{Interval, Measure};

/// Bytes in binary units with at most three digits, as `96 B`, `4 KiB`,
/// `1.53 MiB`.
#[must_use]
pub fn bytes(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let mut value = bytes as f64;
    let mut unit = "B";
    for larger in UNITS {
        // What would round to 1000 of a unit is one of the next.
        if value < 999.5 {
            break;
        }
        value /= 1024.0;
        unit = larger;
    }
    let digits = if value >= 99.95 {
        0
    } else {
        usize::from(value < 9.995) + 1
    };
    let text = format!("{value:.digits$}");
    let text = if digits == 0 {
        &text
    } else {
        text.trim_end_matches('0').trim_end_matches('.')
    };
    format!("{text} {unit}")
}

/// A figure that need not be whole, as of an operation: bytes with their unit, others with
/// two digits behind the point if they are small.
#[must_use]
pub fn figure(value: f64, measure: Measure) -> String {
    let is_whole = value >= 1000.0 || value.fract() == 0.0;
    match measure {
        Measure::Bytes => bytes(value.round() as u64),
        Measure::Objects | Measure::Calls if is_whole => count(value.round() as u64),
        Measure::Objects | Measure::Calls => format!("{value:.2}"),
    }
}

/// How far `value` may be off by its interval, in percent of it: the larger side,
/// as `0.4`, `12` or `>999`. Nothing when it is exact.
#[must_use]
pub fn percent_off(value: u64, interval: Option<Interval>) -> String {
    let Some(Interval { low, high }) = interval else {
        return String::new();
    };
    let off = value.saturating_sub(low).max(high.saturating_sub(value));
    if off == 0 {
        return "0".to_owned();
    }
    let percent = off as f64 / value as f64 * 100.0;
    if percent < 0.1 {
        "<0.1".to_owned()
    } else if percent < 9.95 {
        format!("{percent:.1}")
    } else if percent < 999.5 {
        format!("{percent:.0}")
    } else {
        ">999".to_owned()
    }
}

/// A bar of at most `width` characters, in eighths of one; what is there at all gets at
/// least one.
#[must_use]
pub fn bar(part: u64, tallest: u64, width: usize) -> String {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    if part == 0 {
        return String::new();
    }
    let eighths = (part as f64 / tallest as f64 * (width * 8) as f64).round() as usize;
    let eighths = eighths.clamp(1, (width * 8).max(1));
    format!("{}{}", "█".repeat(eighths / 8), EIGHTHS[eighths % 8])
}

/// A path without all but its last two parts, as `…/order/order.go`.
#[must_use]
pub fn short_path(path: &str) -> String {
    match path.rmatch_indices('/').nth(1) {
        Some((slash, _)) if slash > 0 => format!("…{}", path.get(slash..).unwrap_or(path)),
        _ => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_have_three_digits_at_most() {
        for (n, text) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1 KiB"),
            (1536, "1.5 KiB"),
            (4096, "4 KiB"),
            (12_345, "12.1 KiB"),
            (123_456, "121 KiB"),
            (1_048_575, "1 MiB"),
            (1_600_000, "1.53 MiB"),
            (u64::MAX, "16 EiB"),
        ] {
            assert_eq!(bytes(n), text, "{n}");
        }
    }

    #[test]
    fn what_is_off_is_the_larger_side() {
        for (low, high, text) in [
            (1_000, 1_000, "0"),
            (1_000, 1_001, "0.1"),
            (970, 1_010, "3.0"),
            (990, 1_123, "12"),
            (1, 10_984, "998"),
            (1, 11_000, ">999"),
        ] {
            let interval = Some(Interval { low, high });
            assert_eq!(percent_off(1_000, interval), text, "{low} {high}");
        }
        let interval = Interval {
            low: 0,
            high: 1_000_000,
        };
        assert_eq!(percent_off(0, Some(interval)), ">999");
        assert_eq!(
            percent_off(
                999_999,
                Some(Interval {
                    low: 999_999,
                    high: 1_000_000
                })
            ),
            "<0.1"
        );
        assert_eq!(percent_off(5, None), "");
    }

    #[test]
    fn paths_keep_their_last_two_parts() {
        assert_eq!(short_path("/home/dev/shop/main.go:31"), "…/shop/main.go:31");
        assert_eq!(short_path("shop/main.go:31"), "shop/main.go:31");
        assert_eq!(short_path("/main.go:31"), "/main.go:31");
        assert_eq!(short_path("main.go"), "main.go");
    }

    #[test]
    fn bars_show_what_is_there_at_all() {
        assert_eq!(bar(0, 100, 40), "");
        assert_eq!(bar(1, 1_000_000, 40), "▏");
        assert_eq!(bar(100, 100, 40).chars().count(), 40);
    }
}
