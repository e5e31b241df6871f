//! `docs/lab.md`, from what was measured.

use super::{
    figures::ByRelease,
    release::Release,
    scenario::{Finding, Scenario, Scenarios, Verdict},
    table,
};

const INTRODUCTION: &str = "\
# The lab: what is said of Go's allocations, measured

`cargo xtask lab` writes this page, as root. It builds
[testdata/go/lab](../testdata/go/lab) with each Go release, traces every allocation
(`goalloc record --max-overhead none`), and reads `runtime.MemStats` before and after
each piece of code. Where the two differ it fails, and so it does where a sentence below
does not follow from the figures: [scenarios.toml](../testdata/go/lab/scenarios.toml) has
the predicate of each. Continuous integration measures the oldest and the newest release
again (`cargo xtask lab --check --go 1.19 --go 1.27`).

- **Go**: the releases; `all` are 1.19 and 1.21 to 1.27.
- **objects/op**, **bytes/op**: heap objects of one operation and the bytes of heap set aside
  for them, by goalloc; in the column after each, by the program's own `MemStats` (`Mallocs`,
  `TotalAlloc`). Objects are equal to the last one; bytes of a whole run may differ by two
  blocks of 16 bytes ([accuracy.md](accuracy.md)).
- What a program needs once (pools, caches, tables of types) is there before: each
  piece has run six times.
- Figures are means of 1000 operations, of fewer where one takes much memory. Up to Go 1.23
  the random seed of a map decides how many overflow buckets it needs: there they differ by
  some percent from one measurement to the next.
- **cause** is what goalloc names, that of most objects first; of fewer than 3 % of the
  objects it is left out.
- **`-gcflags=-m`** is what the compiler says of the lines of that code: what is on the heap,
  or else what is not.
";

/// The whole page.
pub fn document(scenarios: &Scenarios, measured: &ByRelease) -> String {
    let mut text = INTRODUCTION.to_owned();
    text += "\n| # | claim | verdict |\n|---|---|---|\n";
    for scenario in &scenarios.all {
        let claim = scenario.claim.as_deref().unwrap_or(&scenario.title);
        let anchor = anchor(&heading(scenario));
        text += &format!(
            "| [{}](#{anchor}) | {claim} | {} |\n",
            scenario.number,
            scenario.verdict.word().trim_end_matches('.').to_lowercase()
        );
    }
    for scenario in &scenarios.all {
        text += &format!("\n## {}\n\n", heading(scenario));
        if let Some(claim) = &scenario.claim {
            text += &format!("Claim: {claim}\n\n");
        }
        text += &format!("{}\n\n", verdict(scenario));
        text += &table::write(&table::rows(scenario, measured));
    }
    text
}

fn heading(scenario: &Scenario) -> String {
    format!("{}. {}", scenario.number, scenario.title)
}

/// The link to a heading, as Markdown viewers make it.
fn anchor(heading: &str) -> String {
    let kept = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
    let lower = heading.to_lowercase();
    lower
        .chars()
        .filter(kept)
        .collect::<String>()
        .replace(' ', "-")
}

/// The verdict and why, releases named where they differ; several reasons are a list.
fn verdict(scenario: &Scenario) -> String {
    let word = match scenario.verdict {
        Verdict::Measured => String::new(),
        verdict => format!("**{}**", verdict.word()),
    };
    let sentences: Vec<_> = scenario.findings.iter().map(sentence).collect();
    if let [sentence] = sentences.as_slice() {
        return wrapped(format!("{word} {sentence}").trim_start(), "");
    }
    let mut text = word;
    if !text.is_empty() {
        text += "\n\n";
    }
    let items: Vec<_> = sentences
        .iter()
        .map(|it| wrapped(&format!("- {it}"), "  "))
        .collect();
    text + &items.join("\n")
}

fn sentence(finding: &Finding) -> String {
    let says = &finding.says;
    match (finding.since, finding.until) {
        (None, None) => says.clone(),
        (Some(since), None) => format!("Go {since} and later: {says}"),
        (None, Some(until)) => format!("Go {until} and earlier: {says}"),
        (Some(since), Some(until)) if since == until => format!("Go {since} alone: {says}"),
        (Some(since), Some(until)) => format!("Go {since} to {until}: {says}"),
    }
}

/// Lines of at most this many characters, where words allow it.
const WIDTH: usize = 92;

/// `text` in such lines; all but the first begin with `indent`.
fn wrapped(text: &str, indent: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= WIDTH => {
                line.push(' ');
                line.push_str(word);
            }
            Some(_) => lines.push(format!("{indent}{word}")),
            None => lines.push(word.to_owned()),
        }
    }
    lines.join("\n")
}

/// The releases measured, for a message.
pub fn releases(measured: &ByRelease) -> String {
    let releases: Vec<_> = measured.keys().copied().collect();
    Release::ranges(&releases)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_name_their_releases() {
        let finding = |since: Option<&str>, until: Option<&str>| {
            let release = |it: &str| it.parse::<Release>().unwrap();
            sentence(&Finding {
                says: "So.".to_owned(),
                since: since.map(release),
                until: until.map(release),
                when: Vec::new(),
            })
        };
        assert_eq!(finding(None, None), "So.");
        assert_eq!(finding(Some("1.24"), None), "Go 1.24 and later: So.");
        assert_eq!(finding(None, Some("1.23")), "Go 1.23 and earlier: So.");
        assert_eq!(finding(Some("1.24"), Some("1.24")), "Go 1.24 alone: So.");
        assert_eq!(finding(Some("1.24"), Some("1.25")), "Go 1.24 to 1.25: So.");
    }

    #[test]
    fn links_lead_to_their_headings() {
        assert_eq!(anchor("5. `sync.Map` and a map"), "5-syncmap-and-a-map");
    }

    #[test]
    fn long_lines_are_wrapped_between_words() {
        let text = "word ".repeat(40);
        let wrapped = wrapped(text.trim(), "  ");
        assert!(wrapped.lines().all(|it| it.len() <= WIDTH));
        assert_eq!(wrapped.replace("\n  ", " "), text.trim());
    }
}
