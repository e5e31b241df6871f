//! The distribution of sizes as percentile text (`.hgrm`), as
//! `AbstractHistogram.outputPercentileDistribution` of HdrHistogram 2.1 writes
//! it and its plotter (`plotFiles.html`) reads it.

use std::fmt::Write;

use super::Report;
use crate::profile::summary;

/// Reporting points in each halving of the distance to 100 %, the default of
/// HdrHistogram's own tools.
const TICKS_PER_HALF: u32 = 5;

/// The sizes of `report` in percentiles, values in bytes. Its total count is the
/// report's objects. Lines that begin with `#` are comments to the plotter; the
/// last ones name the target and what was lost.
#[must_use]
pub fn to_hgrm(report: &Report<'_>) -> String {
    let sizes = &report.sizes;
    let hdr = sizes.hdr();
    let mut text = format!(
        "{:>12} {:>14} {:>10} {:>14}\n\n",
        "Value", "Percentile", "TotalCount", "1/(1-Percentile)"
    );
    let mut seen = 0_u64;
    for step in hdr.iter_quantiles(TICKS_PER_HALF) {
        seen = seen.saturating_add(step.count_since_last_iteration());
        let quantile = step.quantile_iterated_to();
        let value = if quantile < 1.0 {
            hdr.lowest_equivalent(step.value_iterated_to())
        } else {
            sizes.max()
        } as f64;
        // Writing to a String does not fail.
        let _ = write!(text, "{value:12.3} {quantile:2.12} {seen:10}");
        let _ = if quantile < 1.0 {
            writeln!(text, " {:14.2}", 1.0 / (1.0 - quantile))
        } else {
            writeln!(text)
        };
    }
    let (mean, deviation) = if hdr.is_empty() {
        (0.0, 0.0)
    } else {
        (hdr.mean(), hdr.stdev())
    };
    let _ = writeln!(
        text,
        "#[Mean    = {mean:12.3}, StdDeviation   = {deviation:12.3}]"
    );
    let _ = writeln!(
        text,
        "#[Max     = {:12.3}, Total count    = {:12}]",
        sizes.max() as f64,
        hdr.len()
    );
    let _ = writeln!(
        text,
        "#[Buckets = {:12}, SubBuckets     = {:12}]",
        hdr.buckets(),
        // As HdrHistogram counts them: twice the distinct values of a bucket's half.
        hdr.distinct_values() / (usize::from(hdr.buckets()) + 1) * 2
    );
    for line in comments(report) {
        let _ = writeln!(text, "# {}", line.replace(['\n', '\r'], " "));
    }
    text
}

/// What every histogram file says about itself.
pub(super) fn comments(report: &Report<'_>) -> Vec<String> {
    let profile = report.profile;
    let mut comments = vec![
        format!(
            "goalloc: sizes of heap objects in bytes, {}",
            summary::target(profile)
        ),
        format!("coverage: {}", summary::coverage(profile)),
    ];
    if let Some(only) = &report.options.only {
        comments.push(format!(
            "only: {} containing {only}",
            report.options.by.name()
        ));
    }
    comments.extend(summary::losses(&profile.losses).map(|lost| format!("LOST: {lost}")));
    comments.extend(
        profile
            .warnings
            .iter()
            .map(|warning| format!("warning: {warning}")),
    );
    comments
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::{Profile, fixture};
    use crate::report::Options;

    /// What the plotter keeps of a line: value and `1/(1-percentile)`.
    fn plotted(text: &str) -> Vec<(f64, f64)> {
        text.lines()
            .filter(|line| !line.starts_with('#'))
            .map(|line| line.split_whitespace().collect::<Vec<_>>())
            .filter(|fields| fields.len() == 4)
            .filter_map(|fields| Some((fields[0].parse().ok()?, fields[3].parse().ok()?)))
            .collect()
    }

    #[test]
    fn the_total_count_is_the_objects_of_the_report() {
        let profile = fixture::service();
        for only in [None, Some("ReadAll".to_owned())] {
            let report = Report::new(
                &profile,
                Options {
                    only,
                    ..Options::default()
                },
            );
            let text = to_hgrm(&report);
            let objects = report.sizes.objects();
            assert!(
                text.contains(&format!("Total count    = {objects:12}]")),
                "{text}"
            );
            let last = text
                .lines()
                .rfind(|line| line.contains("1.000000000000"))
                .unwrap();
            assert_eq!(last.split_whitespace().nth(2), Some(&*objects.to_string()));
        }
    }

    #[test]
    fn the_plotter_finds_a_rising_curve() {
        let profile = fixture::service();
        let points = plotted(&to_hgrm(&Report::new(&profile, Options::default())));
        assert!(points.len() > 10);
        assert!(
            points.is_sorted_by(|a, b| a.0 <= b.0 && a.1 <= b.1),
            "{points:?}"
        );
    }

    #[test]
    fn an_empty_profile_has_a_footer_of_zeros() {
        let profile = Profile::default();
        let text = to_hgrm(&Report::new(&profile, Options::default()));
        assert!(text.contains("Total count    =            0]"), "{text}");
        assert!(!text.contains("NaN"), "{text}");
    }
}
