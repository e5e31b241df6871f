//! The functions of frames; those of one name are one.

use std::borrow::Cow;

use serde::Serialize;

use super::Strings;
use crate::export::table::FrameTable;
use crate::profile::interner::Interner;
use crate::profile::module::STANDARD_LIBRARY;
use crate::profile::pprof::LOST_STACK;
use crate::profile::{Frame, LocationId, Profile};

/// A function of every program's own module.
const MAIN: &str = "main.main";

/// A function by number.
pub(super) type FunctionNumber = u32;

/// Every function of a recording, and which each location has.
pub(super) struct Catalog<'a> {
    known: Known<'a>,
    table: FrameTable<FunctionNumber>,
    /// What stands for a lost call chain.
    pub(super) lost: FunctionNumber,
}

impl<'a> Catalog<'a> {
    /// That of `profile`.
    pub(super) fn of(profile: &'a Profile) -> Self {
        let mut known = Known {
            profile,
            own_module: profile.module(MAIN),
            names: Interner::default(),
            details: Vec::new(),
        };
        let lost = known.number(Cow::Borrowed(LOST_STACK), "", |_| Kind::None);
        let table = FrameTable::new(profile, |id| {
            let frames = profile.frames(std::slice::from_ref(id));
            let numbers: Vec<_> = frames.map(|frame| known.number_of(frame)).collect();
            numbers.into_iter().rev()
        });
        Self { known, table, lost }
    }

    /// The functions of a location, outermost first.
    pub(super) fn at(&self, id: LocationId) -> &[FunctionNumber] {
        self.table.of(id)
    }

    /// The functions that `frames` are of, which get new numbers, and whose texts go to
    /// `strings`.
    pub(super) fn used(&self, frames: &mut [FunctionNumber], strings: &mut Strings) -> Functions {
        let mut functions = Functions::default();
        let mut numbers = vec![None; self.known.details.len()];
        for frame in frames {
            let old = *frame as usize;
            *frame = *numbers[old].get_or_insert_with(|| {
                let (file, kind) = self.known.details[old];
                functions
                    .name
                    .push(strings.index_of(&self.known.names.items[old]));
                functions.file.push(strings.index_of(file));
                functions.kind.push(kind as u8);
                functions.name.len() as FunctionNumber - 1
            });
        }
        functions
    }
}

struct Known<'a> {
    profile: &'a Profile,
    /// The module of package main.
    own_module: Option<String>,
    names: Interner<Cow<'a, str>>,
    /// File and kind of each.
    details: Vec<(&'a str, Kind)>,
}

impl<'a> Known<'a> {
    fn number_of(&mut self, frame: Frame<'a>) -> FunctionNumber {
        let is_runtime = frame.runtime;
        self.number(frame.function, frame.file, |it| {
            if is_runtime {
                Kind::Runtime
            } else {
                // It was put there before it is asked for.
                it.kind(it.names.items.last().map_or("", |name| name))
            }
        })
    }

    fn number(
        &mut self,
        name: Cow<'a, str>,
        file: &'a str,
        kind: impl FnOnce(&Self) -> Kind,
    ) -> FunctionNumber {
        let name = if name.trim().is_empty() {
            Cow::Borrowed("[unnamed]")
        } else {
            name
        };
        let number = self.names.index(name);
        if number as usize == self.details.len() {
            let kind = kind(self);
            self.details.push((file, kind));
        }
        number
    }

    /// Whose code a function is that is not the runtime's.
    fn kind(&self, function: &str) -> Kind {
        let profile = self.profile;
        let Some(package) = profile.package(function) else {
            return Kind::None;
        };
        match profile.module(function) {
            Some(module) if module == STANDARD_LIBRARY => Kind::Standard,
            module if module.is_some() && module == self.own_module => Kind::Own,
            // Not every file says what it is built of.
            None if package == "main" => Kind::Own,
            _ => Kind::Other,
        }
    }
}

/// Functions that occur in the page.
#[derive(Default, Serialize)]
pub(super) struct Functions {
    pub(super) name: Vec<u32>,
    file: Vec<u32>,
    kind: Vec<u8>,
}

/// Whose code a function is; the numbers are those of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Own = 0,
    Other = 1,
    Standard = 2,
    Runtime = 3,
    None = 4,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::{Target, fixture};

    #[test]
    fn code_is_the_program_s_own_or_whose() {
        let mut profile = fixture::service();
        let file = "code.go";
        let names = [
            "main.main",
            "example.com/shop/order.New",
            "example.com/shopping.New",
            "net/http.(*conn).serve",
            "malloc",
            "runtime.mallocgc",
        ];
        let mut b = fixture::Builder::default();
        let stack = b.stack(
            &names
                .map(|name| [(name, file, 1)])
                .each_ref()
                .map(|it| it.as_slice()),
        );
        b.objects(stack, ("", ""), 16, 1);
        let target = std::mem::take(&mut profile.target);
        profile = b.finish();
        profile.target = target;
        let kinds = |profile: &Profile| {
            let catalog = Catalog::of(profile);
            let stack = profile.samples[0].stack.iter();
            let mut frames: Vec<_> = stack.flat_map(|id| catalog.at(*id)).copied().collect();
            let functions = catalog.used(&mut frames, &mut Strings::default());
            assert_eq!(frames, [0, 1, 2, 3, 4, 5]);
            functions.kind
        };
        assert_eq!(kinds(&profile), [0, 0, 1, 2, 4, 3]);
        profile.target = Target::default();
        assert_eq!(
            kinds(&profile),
            [0, 1, 1, 2, 4, 3],
            "nothing is known of modules"
        );
    }
}
