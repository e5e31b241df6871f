//! Findings as workflow commands of GitHub Actions, which become annotations at the
//! lines of a pull request.

use std::path::Path;

use super::text::{sentence, step_text};
use super::{Finding, Step, Verdict};

/// A line for each limit that is broken (an error) or may be (a warning). Paths below
/// `root` are given relative to it, as the annotations want them.
#[must_use]
pub fn to_github(findings: &[Finding], root: &Path) -> String {
    findings
        .iter()
        .filter_map(|finding| annotation(finding, root))
        .collect()
}

fn annotation(finding: &Finding, root: &Path) -> Option<String> {
    let level = match finding.verdict() {
        Verdict::Held => return None,
        Verdict::Unsure => "warning",
        Verdict::Broken => "error",
    };
    let place = finding.path.first().map(|step| place(step, root));
    let path = finding.path.iter().map(step_text);
    let message: Vec<_> = std::iter::once(sentence(finding)).chain(path).collect();
    Some(format!(
        "::{level} {}title={}::{}\n",
        place.unwrap_or_default(),
        property("goalloc check"),
        data(&message.join("\n"))
    ))
}

fn place(step: &Step, root: &Path) -> String {
    if step.file.is_empty() {
        return String::new();
    }
    let file = Path::new(&step.file);
    let file = file
        .strip_prefix(root)
        .unwrap_or(file)
        .display()
        .to_string();
    format!("file={},line={},", property(&file), step.line.max(1))
}

/// What a message may not hold as it is.
fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// And what a property may not.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
