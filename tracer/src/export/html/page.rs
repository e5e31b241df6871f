//! Pages: what all of them have, and how one is written.

use std::io::{self, BufWriter, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use base64::write::EncoderWriter;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

const PAGE: &str = include_str!("page.html");

const STYLE: &str = concat!(
    include_str!("page.css"),
    include_str!("flame.css"),
    include_str!("table.css"),
);

/// The part of the script that every page has: an earlier file knows nothing of a later
/// one, and none of them what a page is of.
const SCRIPT: &str = concat!(
    include_str!("format.js"),
    include_str!("dom.js"),
    include_str!("data.js"),
    include_str!("tree.js"),
    include_str!("flame.js"),
    include_str!("graph.js"),
    include_str!("table.js"),
    include_str!("page.js"),
);

/// What one kind of page has of its own; all of it is text of this crate.
pub(crate) struct Page {
    /// What it shows, below the name of the program.
    pub(crate) subject: &'static str,
    /// Sections above the flame graph.
    pub(crate) above: &'static str,
    /// Another switch of the flame graph.
    pub(crate) graph_switch: &'static str,
    /// Another switch of the tables.
    pub(crate) table_switch: &'static str,
    /// Behind the style of every page.
    pub(crate) style: &'static str,
    /// Behind the script of every page; it starts the page.
    pub(crate) script: &'static str,
}

impl Page {
    /// Writes the page of a document.
    pub(crate) fn write(&self, document: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
        let style = [STYLE, self.style].concat();
        let script = [SCRIPT, self.script].concat();
        let policy = format!(
            "default-src 'none'; script-src '{}'; style-src '{}'; base-uri 'none'; \
             form-action 'none'",
            hash(&script),
            hash(&style),
        );
        let mut rest = PAGE;
        for (name, part) in [
            ("policy", Some(policy.as_str())),
            ("style", Some(&style)),
            ("subject", Some(self.subject)),
            ("above", Some(self.above)),
            ("graph_switch", Some(self.graph_switch)),
            ("table_switch", Some(self.table_switch)),
            ("data", None),
            ("script", Some(&script)),
        ] {
            let (before, after) = rest
                .split_once(&format!("{{{{{name}}}}}"))
                .expect("the page names each part in this order");
            out.write_all(before.as_bytes())?;
            match part {
                Some(text) => out.write_all(text.as_bytes())?,
                None => pack(document, out)?,
            }
            rest = after;
        }
        out.write_all(rest.as_bytes())
    }
}

/// How hard a document is packed: one level less makes it 6 % longer, one more 2 % shorter.
const PACKING: Compression = Compression::new(3);

/// Writes a document: half as long as the JSON or less, and without a character that means
/// anything in HTML.
fn pack(document: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    let mut base64 = EncoderWriter::new(out, &STANDARD);
    let gzip = GzEncoder::new(&mut base64, PACKING);
    let mut json = BufWriter::new(gzip);
    serde_json::to_writer(&mut json, document)?;
    json.into_inner()?.finish()?;
    base64.finish().map(drop)
}

/// A source of a Content-Security-Policy that lets an inline element of this text in.
fn hash(text: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(text)))
}

/// Pages read back.
#[cfg(test)]
pub(crate) mod tests {
    use std::io::Read as _;

    use flate2::read::GzDecoder;

    use super::*;

    /// What stands between a page's `before` and the tag that ends it.
    fn between<'a>(page: &'a str, before: &str, end: &str) -> &'a str {
        let (_, rest) = page.split_once(before).expect("the page has it");
        rest.split_once(end).expect("it ends").0
    }

    /// The document of a page.
    pub(crate) fn document(page: &str) -> serde_json::Value {
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

    /// It names nothing to load, and nothing that its policy forbids.
    pub(crate) fn check_loads_nothing(page: &str) {
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

    /// Its policy holds the hashes of what is in it.
    pub(crate) fn check_policy(page: &str) {
        let script = between(page, "<script type=\"module\">", "</script>");
        let style = between(page, "<style>", "</style>");
        let policy = between(page, "Policy\" content=\"", "\">");
        assert!(policy.starts_with("default-src 'none'; "), "{policy}");
        assert!(policy.contains(&format!("script-src '{}';", hash(script))));
        assert!(policy.contains(&format!("style-src '{}';", hash(style))));
    }

    #[test]
    fn hashes_are_those_of_the_standard() {
        // Content Security Policy Level 2, section 7.17.2, has this example.
        assert_eq!(
            hash("alert('Hello, world.');"),
            "sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng="
        );
    }
}
