//! One page for a browser: flame graph, tables and timeline, without a network.
//!
//! Input: a [`Profile`]. Output: HTML that holds the script, the style and all data.
//! What every page has is written once (`page.html`, `*.css`, `*.js`, by [`page`]), what
//! that of a recording has of its own is in `recording`; what differs is a JSON document
//! in it ([`model`]), gzipped and in base64, from which the script builds every name it
//! shows as text. A policy in the page lets the browser run that script and nothing else,
//! and load nothing.
//!
//! The page of a comparison ([`crate::diff`]) is made of the same parts.

mod flame;
mod functions;
mod model;
mod narrow;
mod page;
mod spread;
mod tables;
mod timeline;
mod tree;

use std::io::{self, Write};

pub(crate) use flame::Flame;
pub(crate) use model::FactFields;
pub(crate) use page::Page;
#[cfg(test)]
pub(crate) use page::tests as pages;
pub(crate) use tables::OTHERS;

use crate::profile::Profile;
use crate::profile::interner::Interner;

/// Strings of the document, by number.
pub(crate) type Strings = Interner<String>;

/// The page of a recording.
const RECORDING: Page = Page {
    subject: "heap allocations",
    above: include_str!("recording/timeline.html"),
    graph_switch: "",
    table_switch: "",
    style: include_str!("recording/recording.css"),
    script: concat!(
        include_str!("recording/frames.js"),
        include_str!("recording/columns.js"),
        include_str!("recording/timeline.js"),
        include_str!("recording/recording.js"),
    ),
};

/// Writes `profile` as a page.
pub(super) fn write(profile: &Profile, out: &mut dyn Write) -> io::Result<()> {
    RECORDING.write(&model::document(profile), out)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{Format, Value, written};
    use super::pages::{check_loads_nothing, check_policy, document};
    use super::*;
    use crate::profile::{fixture, strategy};

    fn to_html(profile: &Profile) -> String {
        written(profile, Format::Html, Value::Bytes, None)
    }

    #[test]
    fn the_page_loads_nothing_and_runs_its_script_only() {
        let page = to_html(&fixture::service());
        check_loads_nothing(&page);
        check_policy(&page);
    }

    #[test]
    fn names_are_in_the_document_only() {
        let mut profile = fixture::service();
        let name = "</script><script>alert(1)</script>&\u{2028}{{script}}<!--";
        name.clone_into(&mut profile.functions[0].name);
        name.clone_into(&mut profile.target.exe);
        profile.warnings = vec![name.to_owned()];
        profile.samples[0].labels.type_name = Some(name.into());
        let page = to_html(&profile);
        assert!(!page.contains("alert(1)"));
        let document = document(&page);
        let strings = document["strings"].as_array().unwrap();
        assert!(strings.iter().any(|it| it == name));
        assert_eq!(
            document["facts"][0]["value"],
            format!("{name} (pid 4242, go1.26.6)")
        );
    }

    proptest! {
        #[test]
        fn any_profile_is_a_page_whose_document_reads_back(mut profile in strategy::profile()) {
            for sample in &mut profile.samples {
                sample.values.objects %= 1 << 40;
            }
            let document = document(&to_html(&profile));
            prop_assert_eq!(&document["totals"]["bytes"], &profile.recorded().bytes);
        }
    }
}
