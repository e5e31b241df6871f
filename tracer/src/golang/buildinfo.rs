//! Build info: the release, the main package and the build settings, which
//! survive stripping.
//!
//! Format: go1.26 src/debug/buildinfo/buildinfo.go:61 (header and inline
//! strings, since Go 1.18) and src/runtime/debug/mod.go:159 (the text).

use memchr::memmem;

use super::bytes::uvarint;
use super::elf::ElfImage;
use super::version::GoVersion;

const MAGIC: &[u8] = b"\xff Go buildinf:";
const HEADER_BYTES: usize = 32;
const ALIGN_BYTES: usize = 16;
const FLAGS_AT: usize = 15;
/// Flag of the inline-string format, the only one since Go 1.18.
const INLINE_STRINGS: u8 = 2;
/// Sentinel around the module text, so that tools find its ends.
const SENTINEL_BYTES: usize = 16;

/// Longest version that is taken for one, and most places looked at.
const MAX_VERSION_BYTES: usize = 256;
const MAX_CANDIDATES: usize = 1 << 10;

/// What the linker wrote into the binary about its build.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BuildInfo {
    /// `go1.26.6`, as `runtime.Version` returns it.
    pub go_version: String,
    /// Import path of the main package.
    pub main_path: Option<String>,
    /// Every module it is built of, that of the main package first.
    pub modules: Vec<BuiltModule>,
    /// Build settings in file order: `-pgo`, `-ldflags`, `GOEXPERIMENT`, ...
    pub settings: Vec<(String, String)>,
}

/// A module that went into a binary.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BuiltModule {
    /// Path that the import paths of its packages begin with.
    pub path: String,
    /// Its version, `(devel)` of a main module without one. Where something replaces it,
    /// the version of that, with its path if that is another:
    /// `v1.2.3 => example.com/fork v1.2.4`.
    pub version: String,
}

impl BuildInfo {
    /// The value of a build setting.
    #[must_use]
    pub fn setting(&self, key: &str) -> Option<&str> {
        let (_, value) = self.settings.iter().find(|(name, _)| name == key)?;
        Some(value)
    }

    /// Toolchain experiments that differ from the release's defaults, from the
    /// `GOEXPERIMENT` setting and the version: `noswissmap`, `nodwarf5`.
    #[must_use]
    pub fn experiments(&self) -> Vec<String> {
        let mut names: Vec<String> = self
            .setting("GOEXPERIMENT")
            .unwrap_or_default()
            .split(',')
            .filter(|name| !name.is_empty())
            .map(str::to_owned)
            .collect();
        if let Some(version) = GoVersion::parse(&self.go_version) {
            for name in version.experiments() {
                if !names.iter().any(|known| known == name) {
                    names.push(name.to_owned());
                }
            }
        }
        names
    }
}

/// Finds and reads the build info. `None` when there is none, or none of a
/// format that any Go release since 1.18 writes.
pub(super) fn find(image: &ElfImage) -> Option<BuildInfo> {
    if let Some(section) = image.section(".go.buildinfo")
        && let Some(info) = parse(image.section_bytes(section))
    {
        return Some(info);
    }
    // Without section headers: the linker puts it at the start of the data.
    let (writable, rest): (Vec<_>, Vec<_>) = image
        .segments()
        .iter()
        .partition(|segment| segment.writable);
    writable.into_iter().chain(rest).find_map(|segment| {
        let bytes = image.segment_bytes(segment);
        memmem::find_iter(bytes, MAGIC)
            .filter(|at| at % ALIGN_BYTES == 0)
            .take(MAX_CANDIDATES)
            .find_map(|at| parse(bytes.get(at..)?))
    })
}

fn parse(blob: &[u8]) -> Option<BuildInfo> {
    if !blob.starts_with(MAGIC) || blob.get(FLAGS_AT)? & INLINE_STRINGS == 0 {
        return None;
    }
    let (version, rest) = inline_string(blob.get(HEADER_BYTES..)?)?;
    if version.is_empty() || version.len() > MAX_VERSION_BYTES {
        return None;
    }
    let version = std::str::from_utf8(version).ok()?;
    let mut info = BuildInfo {
        go_version: version.to_owned(),
        ..BuildInfo::default()
    };
    if let Some((module, _)) = inline_string(rest) {
        info.read_module_text(&String::from_utf8_lossy(unwrap_sentinels(module)));
    }
    Some(info)
}

fn inline_string(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (len, rest) = uvarint(bytes)?;
    rest.split_at_checked(usize::try_from(len).ok()?)
}

fn unwrap_sentinels(text: &[u8]) -> &[u8] {
    let inner = text
        .len()
        .checked_sub(SENTINEL_BYTES)
        .and_then(|end| text.get(SENTINEL_BYTES..end));
    match inner {
        Some(inner) if inner.ends_with(b"\n") => inner,
        _ => &[],
    }
}

impl BuildInfo {
    fn read_module_text(&mut self, text: &str) {
        for line in text.lines() {
            let Some((kind, rest)) = line.split_once('\t') else {
                continue;
            };
            match kind {
                "path" => self.main_path = Some(rest.to_owned()),
                "mod" | "dep" => self.modules.push(module(rest)),
                "=>" => {
                    if let Some(replaced) = self.modules.last_mut() {
                        replaced.replace_by(module(rest));
                    }
                }
                "build" => self.settings.extend(setting(rest)),
                _ => {}
            }
        }
    }
}

/// Path and version, apart by tabs; a checksum may follow.
fn module(text: &str) -> BuiltModule {
    let mut fields = text.split('\t').map(str::to_owned);
    BuiltModule {
        path: fields.next().unwrap_or_default(),
        version: fields.next().unwrap_or_default(),
    }
}

impl BuiltModule {
    fn replace_by(&mut self, other: Self) {
        self.version = if other.path == self.path {
            other.version
        } else {
            let text = format!("{} => {} {}", self.version, other.path, other.version);
            text.trim().to_owned()
        };
    }
}

/// `key=value`, either of them quoted where it holds blanks or quotes.
fn setting(text: &str) -> Option<(String, String)> {
    let (key, rest) = if text.starts_with(['"', '`']) {
        let end = quoted_end(text)?;
        (unquote(text.get(..end)?), text.get(end..)?)
    } else {
        let end = text.find('=')?;
        (text.get(..end)?.to_owned(), text.get(end..)?)
    };
    Some((key, unquote(rest.strip_prefix('=')?)))
}

/// Length of the quoted text that `text` begins with.
fn quoted_end(text: &str) -> Option<usize> {
    let quote = text.chars().next()?;
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        if escaped {
            escaped = false;
        } else if c == '\\' && quote == '"' {
            escaped = true;
        } else if c == quote {
            return Some(at + 1);
        }
    }
    None
}

/// Undoes Go's `strconv.Quote` as far as it occurs in build settings.
fn unquote(text: &str) -> String {
    if let Some(raw) = text.strip_prefix('`').and_then(|t| t.strip_suffix('`')) {
        return raw.to_owned();
    }
    let Some(inner) = text.strip_prefix('"').and_then(|t| t.strip_suffix('"')) else {
        return text.to_owned();
    };
    let mut out = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('n') => out.push('\n'),
                Some('t') => out.push('\t'),
                Some(other) => out.push(other),
                None => {}
            },
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn blob(version: &str, module: &str) -> Vec<u8> {
        let mut blob = MAGIC.to_vec();
        blob.extend([8, INLINE_STRINGS]);
        blob.resize(HEADER_BYTES, 0);
        let module = format!("0123456789abcdef{module}0123456789abcdef");
        for text in [version, &module] {
            let mut len = text.len();
            while len >= 0x80 {
                blob.push(len as u8 | 0x80);
                len >>= 7;
            }
            blob.push(len as u8);
            blob.extend(text.bytes());
        }
        blob
    }

    #[test]
    fn everything_is_read() {
        let text = "path\texample.com/a/cmd\nmod\texample.com/a\tv1.2.3\th1:abc=\n\
            dep\texample.com/b\tv0.0.1\th1:def=\ndep\texample.com/c\tv1.0.0\n\
            =>\t../fork\t(devel)\t\ndep\texample.com/d\tv1.0.0\n=>\texample.com/d\tv1.1.0\n\
            build\t-compiler=gc\n\
            build\t-ldflags=\"-s -w -X \\\"main.v=1\\\"\"\nbuild\tGOEXPERIMENT=noswissmap\n";
        let info = parse(&blob("go1.24.1 X:noswissmap,nodwarf5", text)).expect("valid");
        assert_eq!(info.main_path.as_deref(), Some("example.com/a/cmd"));
        let modules: Vec<_> = info
            .modules
            .iter()
            .map(|it| (&*it.path, &*it.version))
            .collect();
        assert_eq!(
            modules,
            [
                ("example.com/a", "v1.2.3"),
                ("example.com/b", "v0.0.1"),
                ("example.com/c", "v1.0.0 => ../fork (devel)"),
                ("example.com/d", "v1.1.0"),
            ]
        );
        assert_eq!(info.setting("-compiler"), Some("gc"));
        assert_eq!(info.setting("-ldflags"), Some("-s -w -X \"main.v=1\""));
        assert_eq!(info.setting("-pgo"), None);
        assert_eq!(info.experiments(), ["noswissmap", "nodwarf5"]);
    }

    #[test]
    fn quoted_keys() {
        assert_eq!(
            setting("\"a=b\"=c d"),
            Some(("a=b".to_owned(), "c d".to_owned()))
        );
        assert_eq!(
            setting("`a b`=`c`"),
            Some(("a b".to_owned(), "c".to_owned()))
        );
        assert_eq!(setting("\"open=c"), None);
    }

    #[test]
    fn a_version_alone_is_enough() {
        let mut bytes = blob("go1.26", "");
        bytes.truncate(HEADER_BYTES + 7);
        assert_eq!(parse(&bytes).expect("valid").go_version, "go1.26");
        bytes.truncate(HEADER_BYTES + 4);
        assert_eq!(parse(&bytes), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes: Vec<u8>) {
            let mut blob = blob("go1.26", "path\tx\n");
            blob.truncate(HEADER_BYTES);
            blob.extend(bytes);
            let _ = parse(&blob);
        }

        #[test]
        fn any_module_text_is_survived(text: String) {
            let _ = parse(&blob("go1.26", &text));
            let _ = setting(&text);
        }
    }
}
