//! Build ids, from the note segments, which stripping leaves.

use std::fmt::Write as _;

use super::bytes::u32_at;

/// `NT_GNU_BUILD_ID` under the name `GNU`: the ELF gABI's note format, GNU's number.
const GNU: (&[u8], u32) = (b"GNU\0", 3);
/// `ELF_NOTE_GOBUILDID_TAG`, go1.26 src/cmd/link/internal/ld/elf.go:971.
const GO: (&[u8], u32) = (b"Go\0\0", 4);

/// The GNU build id in hexadecimal, else the Go build id as text.
pub(super) fn build_id<'a>(segments: impl Iterator<Item = &'a [u8]>) -> Option<String> {
    let mut go = None;
    for note in segments.flat_map(Notes) {
        if (note.name, note.kind) == GNU {
            return Some(note.content.iter().fold(String::new(), |mut hex, byte| {
                // Writing to a String cannot fail.
                let _ = write!(hex, "{byte:02x}");
                hex
            }));
        }
        if (note.name, note.kind) == GO {
            go = go.or_else(|| String::from_utf8(note.content.to_vec()).ok());
        }
    }
    go
}

struct Note<'a> {
    name: &'a [u8],
    kind: u32,
    content: &'a [u8],
}

struct Notes<'a>(&'a [u8]);

impl<'a> Iterator for Notes<'a> {
    type Item = Note<'a>;

    fn next(&mut self) -> Option<Note<'a>> {
        let name_bytes = usize::try_from(u32_at(self.0, 0)?).ok()?;
        let content_bytes = usize::try_from(u32_at(self.0, 4)?).ok()?;
        let kind = u32_at(self.0, 8)?;
        let name_end = 12usize.checked_add(name_bytes)?;
        let content_at = name_end.checked_next_multiple_of(4)?;
        let content_end = content_at.checked_add(content_bytes)?;
        let note = Note {
            name: self.0.get(12..name_end)?,
            kind,
            content: self.0.get(content_at..content_end)?,
        };
        let next = content_end.checked_next_multiple_of(4)?;
        self.0 = self.0.get(next..).unwrap_or_default();
        Some(note)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn note(name: &[u8], kind: u32, content: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        for word in [name.len() as u32, content.len() as u32, kind] {
            out.extend(word.to_le_bytes());
        }
        for part in [name, content] {
            out.extend(part);
            out.resize(out.len().next_multiple_of(4), 0);
        }
        out
    }

    #[test]
    fn gnu_goes_before_go() {
        let go = note(b"Go\0\0", 4, b"abc/def");
        let gnu = note(b"GNU\0", 3, &[0x0a, 0xff, 1]);
        let other = note(b"GNU\0", 5, &[1]);
        let both = [other, go.clone(), gnu].concat();
        assert_eq!(build_id([&both[..]].into_iter()).as_deref(), Some("0aff01"));
        assert_eq!(build_id([&go[..]].into_iter()).as_deref(), Some("abc/def"));
        assert_eq!(build_id(std::iter::empty()), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes: Vec<u8>) {
            let _ = build_id([&bytes[..]].into_iter());
        }
    }
}
