//! Names of C, C++ and Rust functions linked into a Go program.

use std::borrow::Cow;

/// Longest mangled name that is taken apart.
const MAX_MANGLED_BYTES: usize = 4096;

/// The name as its source has it, where it is mangled.
pub(super) fn demangle(name: &str) -> Cow<'_, str> {
    if name.len() > MAX_MANGLED_BYTES || !name.starts_with("_Z") && !name.starts_with("_R") {
        return Cow::Borrowed(name);
    }
    if let Ok(rust) = rustc_demangle::try_demangle(name) {
        // The alternate form leaves out the hash.
        return Cow::Owned(format!("{rust:#}"));
    }
    cpp_demangle::Symbol::new(name)
        .ok()
        .and_then(|symbol| symbol.demangle().ok())
        .map_or(Cow::Borrowed(name), Cow::Owned)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_by_its_own_rules() {
        for (mangled, name) in [
            ("_ZN6shapes4areaEii", "shapes::area(int, int)"),
            ("_ZN3foo3bar17h05af221e174051e9E", "foo::bar"),
            ("_RNvC6_123foo3bar", "123foo::bar"),
            ("twice", "twice"),
            ("_Zbroken", "_Zbroken"),
            ("_cgo_topofstack", "_cgo_topofstack"),
        ] {
            assert_eq!(demangle(mangled), name);
        }
    }

    proptest! {
        #[test]
        fn any_name_is_survived(name in "_[ZR]\\PC{0,80}") {
            let _ = demangle(&name);
        }
    }
}
