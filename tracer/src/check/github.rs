//! Findings as workflow commands of GitHub Actions, which become annotations at the
//! lines of a pull request.

use std::path::Path;

use super::text::{sentence, step_text};
use super::{Finding, Step, Verdict};

/// A line for each limit that is broken (an error) or may be (a warning), at the
/// innermost frame of its call path whose file is below `root`: only those are in the
/// pull request, and annotations want them relative to it.
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
    let place = finding.path.iter().find_map(|step| place(step, root));
    let path = finding.path.iter().map(step_text);
    let message: Vec<_> = std::iter::once(sentence(finding)).chain(path).collect();
    Some(format!(
        "::{level} {}title={}::{}\n",
        place.unwrap_or_default(),
        property("goalloc check"),
        data(&message.join("\n"))
    ))
}

fn place(step: &Step, root: &Path) -> Option<String> {
    let file = Path::new(&step.file).strip_prefix(root).ok()?;
    let file = property(&file.display().to_string());
    Some(format!("file={file},line={},", step.line.max(1)))
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
