//! Findings as JUnit XML: a test case for each, which fails when the limit is broken.

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::text::{noun, sentence, step_text};
use super::{Finding, Verdict};

/// Every finding. A limit inside the error bar is no failure; what is known of it is
/// in the case's output.
#[must_use]
pub fn to_junit(findings: &[Finding]) -> String {
    let mut suite = TestSuite::new("allocation budget");
    for finding in findings {
        let mut case = TestCase::new(
            format!("{} ({})", finding.rule, noun(finding.measure)),
            status(finding),
        );
        case.set_classname("goalloc.check");
        case.set_system_out(format!(
            "{}: {}",
            finding.verdict().name(),
            sentence(finding)
        ));
        suite.add_test_case(case);
    }
    let mut report = Report::new("goalloc check");
    report.add_test_suite(suite);
    report
        .to_string()
        .unwrap_or_else(|error| unreachable!("plain text becomes XML: {error}"))
}

fn status(finding: &Finding) -> TestCaseStatus {
    if finding.verdict() != Verdict::Broken {
        return TestCaseStatus::success();
    }
    let path: Vec<_> = finding.path.iter().map(step_text).collect();
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
    status
        .set_type("allocation budget")
        .set_message(sentence(finding))
        .set_description(path.join("\n"));
    status
}
