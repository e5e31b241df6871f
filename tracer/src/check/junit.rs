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
    let xml = report
        .to_string()
        .unwrap_or_else(|error| unreachable!("plain text becomes XML: {error}"));
    as_its_schema_has_it(&xml)
}

/// Without the number of disabled tests of a suite: the schema that Jenkins reads by has
/// it for all suites together only. In text and attributes `<` is escaped, so that the
/// tag is the only place there is.
fn as_its_schema_has_it(xml: &str) -> String {
    xml.split_inclusive('>')
        .map(|upto| match upto.contains("<testsuite ") {
            true => upto.replacen(" disabled=\"0\"", "", 1),
            false => upto.to_owned(),
        })
        .collect()
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
