//! Frames: what stands at an address, as a traceback prints it.

use std::borrow::Cow;

/// One function at one place of a call chain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frame<'a> {
    /// Its name, type arguments folded to `[...]`, C++ and Rust demangled.
    pub name: Cow<'a, str>,
    /// The name with its type arguments, where the binary holds them: from Go 1.21 on.
    pub full_name: Option<Cow<'a, str>>,
    /// Source file, empty when unknown.
    pub file: Cow<'a, str>,
    /// Line in it, 0 when unknown.
    pub line: u32,
    /// Line of its `func` keyword, 0 when unknown.
    pub start_line: u32,
    /// Whether its call was inlined into the next frame's function.
    pub inlined: bool,
    /// Whether the compiler made it to adapt a call; tracebacks hide it.
    pub wrapper: bool,
    /// Whether a stack ends here.
    pub top: bool,
    /// Whether it belongs to the Go runtime, see
    /// [`GoBinary::is_runtime_file`](crate::golang::GoBinary::is_runtime_file).
    pub runtime: bool,
}

impl<'a> Frame<'a> {
    /// A frame of the function that the binary calls `name`, and nothing but its name.
    pub(super) fn named(name: &'a str) -> Self {
        let folded = fold_generics(name);
        Self {
            full_name: matches!(folded, Cow::Owned(_)).then_some(Cow::Borrowed(name)),
            name: folded,
            ..Self::default()
        }
    }
}

/// A function's name with its type arguments folded: `main.F[go.shape.int].func1`
/// becomes `main.F[...].func1`.
///
/// This is what the runtime prints: `funcNamePiecesForPrint`, go1.21
/// src/runtime/traceback.go:758; before Go 1.21 the linker did it.
#[must_use]
pub fn fold_generics(name: &str) -> Cow<'_, str> {
    let (Some(open), Some(close)) = (name.find('['), name.rfind(']')) else {
        return Cow::Borrowed(name);
    };
    match (
        name.get(..=open),
        name.get(open + 1..close),
        name.get(close..),
    ) {
        (Some(head), Some(arguments), Some(tail)) if arguments != "..." => {
            Cow::Owned(format!("{head}...{tail}"))
        }
        _ => Cow::Borrowed(name),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn from_the_first_bracket_to_the_last() {
        for (name, folded) in [
            ("main.F[go.shape.int].func1", "main.F[...].func1"),
            (
                "main.(*T[go.shape.[]int,go.shape.string]).M",
                "main.(*T[...]).M",
            ),
            ("main.F[...]", "main.F[...]"),
            ("main.F", "main.F"),
            ("main.F[", "main.F["),
            ("]main.F[", "]main.F["),
            ("type:.eq.[2]interface {}", "type:.eq.[...]interface {}"),
        ] {
            assert_eq!(fold_generics(name), folded);
        }
    }

    proptest! {
        #[test]
        fn folding_twice_changes_nothing(name: String) {
            let once = fold_generics(&name).into_owned();
            prop_assert_eq!(fold_generics(&once), once.as_str());
        }
    }
}
