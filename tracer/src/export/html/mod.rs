//! One page for a browser: flame graph, tables and timeline, without a network.
//!
//! Input: a [`Profile`]. Output: HTML that holds the script, the style and all data.
//! The page is written once (`page.html`, `*.css`, `*.js`); what differs is a JSON
//! document in it ([`model`]), gzipped and in base64, from which the script builds every
//! name it shows as text. A policy in the page lets the browser run that script and
//! nothing else, and load nothing.

mod flame;
mod functions;
mod model;
mod narrow;
mod spread;
mod tables;
mod timeline;
mod tree;

use std::io::{self, BufWriter, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use base64::write::EncoderWriter;
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest as _, Sha256};

use crate::profile::Profile;
use crate::profile::interner::Interner;

/// Strings of the document, by number.
type Strings = Interner<String>;

const PAGE: &str = include_str!("page.html");

const STYLE: &str = concat!(
    include_str!("page.css"),
    include_str!("flame.css"),
    include_str!("table.css"),
);

/// One script: an earlier file knows nothing of a later one.
const SCRIPT: &str = concat!(
    include_str!("format.js"),
    include_str!("dom.js"),
    include_str!("data.js"),
    include_str!("tree.js"),
    include_str!("flame.js"),
    include_str!("graph.js"),
    include_str!("table.js"),
    include_str!("timeline.js"),
    include_str!("page.js"),
);

/// Writes `profile` as a page.
pub(super) fn write(profile: &Profile, out: &mut dyn Write) -> io::Result<()> {
    let policy = format!(
        "default-src 'none'; script-src '{}'; style-src '{}'; base-uri 'none'; form-action 'none'",
        hash(SCRIPT),
        hash(STYLE),
    );
    let mut rest = PAGE;
    for (name, part) in [
        ("policy", Part::Text(&policy)),
        ("style", Part::Text(STYLE)),
        ("data", Part::Document(profile)),
        ("script", Part::Text(SCRIPT)),
    ] {
        let (before, after) = rest
            .split_once(&format!("{{{{{name}}}}}"))
            .expect("the page names each part in this order");
        out.write_all(before.as_bytes())?;
        match part {
            Part::Text(text) => out.write_all(text.as_bytes())?,
            Part::Document(profile) => pack(profile, out)?,
        }
        rest = after;
    }
    out.write_all(rest.as_bytes())
}

/// What stands in the page for its `{{name}}`.
enum Part<'a> {
    Text(&'a str),
    Document(&'a Profile),
}

/// How hard a document is packed: one level less makes it 6 % longer, one more 2 % shorter.
const PACKING: Compression = Compression::new(3);

/// Writes the document of `profile`: half as long as the JSON or less, and without a
/// character that means anything in HTML.
fn pack(profile: &Profile, out: &mut dyn Write) -> io::Result<()> {
    let mut base64 = EncoderWriter::new(out, &STANDARD);
    let gzip = GzEncoder::new(&mut base64, PACKING);
    let mut json = BufWriter::new(gzip);
    serde_json::to_writer(&mut json, &model::document(profile))?;
    json.into_inner()?.finish()?;
    base64.finish().map(drop)
}

/// A source of a Content-Security-Policy that lets an inline element of this text in.
fn hash(text: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(text)))
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use flate2::read::GzDecoder;
    use proptest::prelude::*;

    use super::super::{Format, Value, written};
    use super::*;
    use crate::profile::{fixture, strategy};

    fn to_html(profile: &Profile) -> String {
        written(profile, Format::Html, Value::Bytes, None)
    }

    /// What stands between a page's `before` and the tag that ends it.
    fn between<'a>(page: &'a str, before: &str, end: &str) -> &'a str {
        let (_, rest) = page.split_once(before).expect("the page has it");
        rest.split_once(end).expect("it ends").0
    }

    /// The document of a page.
    fn document(page: &str) -> serde_json::Value {
        let text = between(
            page,
            "<script type=\"text/plain\" id=\"data\">",
            "</script>",
        );
        let bytes = STANDARD.decode(text).expect("base64");
        let mut json = String::new();
        let mut gzip = GzDecoder::new(bytes.as_slice());
        gzip.read_to_string(&mut json).expect("gzip of text");
        serde_json::from_str(&json).expect("JSON")
    }

    #[test]
    fn the_page_names_nothing_to_load_and_nothing_that_its_policy_forbids() {
        let page = to_html(&fixture::service());
        // The name of SVG's elements is a URL that nothing is loaded from.
        let page = page.replace("http://www.w3.org/2000/svg", "");
        for word in [
            "http:",
            "https:",
            "src=",
            "href=\"//",
            "@import",
            "url(",
            " style=",
            "unsafe-",
            "innerHTML",
            "{{",
        ] {
            assert!(!page.contains(word), "{word}");
        }
        assert_eq!(page.matches("'sha256-").count(), 2);
    }

    #[test]
    fn the_policy_holds_the_hashes_of_what_is_in_the_page() {
        let page = to_html(&fixture::service());
        let script = between(&page, "<script type=\"module\">", "</script>");
        let style = between(&page, "<style>", "</style>");
        let policy = between(&page, "Policy\" content=\"", "\">");
        assert!(policy.starts_with("default-src 'none'; "), "{policy}");
        assert!(policy.contains(&format!("script-src '{}';", hash(script))));
        assert!(policy.contains(&format!("style-src '{}';", hash(style))));
        // Content Security Policy Level 2, section 7.17.2, has this example.
        assert_eq!(
            hash("alert('Hello, world.');"),
            "sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng="
        );
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
