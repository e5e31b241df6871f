//! Every format against its golden file.

use std::path::Path;

use super::*;
use crate::output::golden::check;
use crate::profile::fixture;
use crate::report::By;

const BUDGET: &str = r#"
[[rule]]
name = "orders, 100 % of them: cheap"
function = "main.newOrder"
max_objects_per_op = 1
max_bytes_per_op = "1 MiB"

[[rule]]
package = "io"
max_bytes_share = "99 %"

[[rule]]
function = "nobody.*"
max_bytes = 0

[[rule]]
max_bytes_per_second = "1 KiB"
"#;

fn findings() -> Vec<Finding> {
    let budget = Budget::parse(BUDGET).unwrap();
    let work = Work {
        operations: Some(1000.0),
    };
    let (exact, sampled) = (fixture::service(), fixture::sampled());
    let growth = Growth {
        most_percent: 5.0,
        by: By::Function,
        least_share_percent: 1.0,
    };
    let mut findings = judge(&exact, &budget, work).unwrap();
    findings.extend(judge(&sampled, &budget, work).unwrap());
    findings.extend(judge_growth(
        (&sampled, Work::default()),
        (&exact, Work::default()),
        growth,
    ));
    findings
}

#[test]
fn every_format_matches_its_golden_file() {
    let findings = findings();
    check("check.txt", to_text(&findings).as_bytes());
    check("check.json", to_json(&findings).as_bytes());
    check("check.junit.xml", to_junit(&findings).as_bytes());
    let root = Path::new("/home/dev/shop");
    check("check.github.txt", to_github(&findings, root).as_bytes());
}

#[test]
fn an_annotation_is_one_line() {
    let text = to_github(&findings(), Path::new("/"));
    assert!(
        text.lines()
            .all(|line| line.starts_with("::error ") || line.starts_with("::warning "))
    );
}

#[test]
fn the_xml_reads_back() {
    let report = quick_junit::Report::deserialize_from_str(&to_junit(&findings())).unwrap();
    assert_eq!((report.tests, report.failures), (17, 4));
}
