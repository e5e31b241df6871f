//! An allocation as the compiler announces it, and what it is likely to be called for.

use crate::cause::Cause;

/// Something that the compiler puts on the heap.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Escape {
    /// Import path of the package, as the build says it; empty when it does not.
    pub package: String,
    /// File, as the compiler names it.
    pub file: String,
    /// Line in it.
    pub line: u32,
    /// Column, in bytes.
    pub column: u32,
    /// What it is: an expression, or the name of a variable.
    pub what: String,
    /// Whether it is a variable that lives on the heap.
    pub is_variable: bool,
    /// How it gets there, in the compiler's words and its order; empty with `-m` alone.
    pub flow: Vec<String>,
}

impl Escape {
    /// The compiler's sentence.
    #[must_use]
    pub fn sentence(&self) -> String {
        if self.is_variable {
            format!("moved to heap: {}", self.what)
        } else {
            format!("{} escapes to heap", self.what)
        }
    }

    /// Whether an allocation with this cause can be the one announced. A value of any
    /// kind may be announced because it is stored in an interface.
    #[must_use]
    pub fn can_be(&self, cause: &str) -> bool {
        if self.is_variable {
            return is_one_of(cause, &[Cause::New]);
        }
        is_one_of(cause, &[Cause::InterfaceBoxing]) || is_one_of(cause, causes_of(&self.what))
    }
}

/// Whether the cause of this name is one of these.
pub(super) fn is_one_of(cause: &str, causes: &[Cause]) -> bool {
    causes.iter().any(|it| it.name() == cause)
}

/// What the runtime may be called for to make the value of an expression, as the
/// compiler prints it (go1.27 src/cmd/compile/internal/ir/fmt.go).
fn causes_of(what: &str) -> &'static [Cause] {
    let starts = |prefix: &str| what.starts_with(prefix);
    if what == "func literal" {
        &[Cause::Closure, Cause::Goroutine, Cause::Defer]
    } else if starts("make(") {
        &[
            Cause::MakeSlice,
            Cause::MakeMap,
            Cause::Channel,
            Cause::Copy,
        ]
    } else if starts("append(") || what == "append" {
        &[Cause::AppendGrowth]
    } else if starts("new(") || starts("&") || what == "... argument" || what.ends_with('}') {
        &[Cause::New, Cause::MakeSlice, Cause::MakeMap]
    } else if starts("string(") || starts("[]") || starts("([]") {
        &[Cause::StringConversion]
    } else if what.contains(" + ") {
        &[Cause::StringConcat]
    } else {
        // A method value, the result of an inlined call.
        &[Cause::Closure, Cause::New, Cause::StringConversion]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn escape(what: &str) -> Escape {
        Escape {
            package: String::new(),
            file: "a.go".to_owned(),
            line: 1,
            column: 1,
            what: what.to_owned(),
            is_variable: false,
            flow: Vec::new(),
        }
    }

    #[test]
    fn an_expression_tells_what_for() {
        for (what, cause) in [
            ("func literal", Cause::Closure),
            ("make([]int, n)", Cause::MakeSlice),
            ("make(map[string]int)", Cause::MakeMap),
            ("make(chan int)", Cause::Channel),
            ("append(s, i)", Cause::AppendGrowth),
            ("append", Cause::AppendGrowth),
            ("&node{...}", Cause::New),
            ("new(T)", Cause::New),
            ("... argument", Cause::New),
            ("map[string]int{...}", Cause::MakeMap),
            ("[]int{...}", Cause::New),
            ("string(b)", Cause::StringConversion),
            ("([]byte)(s)", Cause::StringConversion),
            ("a + b", Cause::StringConcat),
            ("t.Method", Cause::Closure),
            ("n", Cause::InterfaceBoxing),
        ] {
            assert!(escape(what).can_be(cause.name()), "{what}: {cause}");
        }
    }

    #[test]
    fn growth_is_not_announced_by_what_makes() {
        for what in [
            "make(map[string]int)",
            "map[string]int{}",
            "&node{...}",
            "\"a\"",
        ] {
            for cause in [Cause::MapGrowth, Cause::MapInsert, Cause::AppendGrowth] {
                assert!(!escape(what).can_be(cause.name()), "{what}: {cause}");
            }
        }
    }

    #[test]
    fn a_variable_is_one_object() {
        let mut x = escape("x");
        x.is_variable = true;
        assert!(x.can_be("new"));
        assert!(!x.can_be("interface boxing"));
        assert_eq!(x.sentence(), "moved to heap: x");
    }
}
