//! What becomes of call chains: each location is looked at once.

use super::{FrameOptions, Generics, RUNTIME, RuntimeFrames};
use crate::addr::ElfAddr;
use crate::profile::interner::Interner;
use crate::profile::pprof::LOST_STACK;
use crate::profile::{Function, FunctionId, Line, Location, LocationId, Profile};

/// Whether a call chain is shown.
pub(super) enum StackView {
    Shown,
    LeftOut,
}

/// The frames of a profile as the options want them.
pub(super) struct Frames<'a> {
    profile: &'a Profile,
    options: &'a FrameOptions,
    known: Vec<Option<View>>,
    tables: Tables,
}

/// What becomes of a location.
#[derive(Clone, Default)]
struct View {
    /// Whether a frame of it matches `focus`, or nothing has to.
    focus: bool,
    /// Whether a frame of it matches `ignore`.
    ignore: bool,
    /// Whether a frame of it is left by `hide` and `show`.
    visible: bool,
    /// The new locations, innermost first.
    locations: Vec<LocationId>,
    /// Those without the frames outward of the outermost that `trim_to` asks for;
    /// `None` when it has none of these.
    trimmed: Option<Vec<LocationId>>,
}

impl<'a> Frames<'a> {
    pub fn new(profile: &'a Profile, options: &'a FrameOptions) -> Self {
        Self {
            profile,
            options,
            known: vec![None; profile.locations.len()],
            tables: Tables::default(),
        }
    }

    /// What is shown of `stack`, put into `shown`.
    pub fn view(&mut self, stack: &[LocationId], shown: &mut Vec<LocationId>) -> StackView {
        shown.clear();
        if stack.is_empty() {
            return self.view_of_lost();
        }
        let (mut focus, mut ignore, mut visible) = (self.options.focus.is_none(), false, false);
        let mut outermost = None;
        for (depth, id) in stack.iter().enumerate() {
            let view = self.look_up(*id);
            focus |= view.focus;
            ignore |= view.ignore;
            visible |= view.visible;
            if view.trimmed.is_some() {
                outermost = Some(depth);
            }
        }
        let trims = self.options.trim_to.is_some();
        if !focus || ignore || !visible || trims && outermost.is_none() {
            return StackView::LeftOut;
        }
        let end = outermost.map_or(stack.len(), |depth| depth + 1);
        for (depth, id) in stack.iter().take(end).enumerate() {
            let view = self.look_up(*id);
            let locations = match &view.trimmed {
                Some(trimmed) if Some(depth) == outermost => trimmed,
                _ => &view.locations,
            };
            shown.extend_from_slice(locations);
        }
        match self.options.runtime_frames {
            RuntimeFrames::Show => {}
            RuntimeFrames::Hide if shown.is_empty() => shown.push(self.tables.runtime()),
            RuntimeFrames::Hide => {}
            RuntimeFrames::Fold => {
                let runtime = self.tables.runtime();
                shown.dedup_by(|a, b| *a == runtime && *b == runtime);
            }
        }
        StackView::Shown
    }

    /// A lost call chain is a frame of that name.
    fn view_of_lost(&self) -> StackView {
        let options = self.options;
        let shown = options
            .focus
            .as_ref()
            .is_none_or(|it| it.is_match(LOST_STACK))
            && options
                .show
                .as_ref()
                .is_none_or(|it| it.is_match(LOST_STACK))
            && !options
                .ignore
                .as_ref()
                .is_some_and(|it| it.is_match(LOST_STACK))
            && !options
                .hide
                .as_ref()
                .is_some_and(|it| it.is_match(LOST_STACK))
            && options.trim_to.is_none();
        match shown {
            true => StackView::Shown,
            false => StackView::LeftOut,
        }
    }

    fn look_up(&mut self, id: LocationId) -> &View {
        let index = id.0 as usize;
        if index >= self.known.len() {
            self.known.resize(index + 1, None);
        }
        if self.known[index].is_none() {
            let view = self.describe(id);
            self.known[index] = Some(view);
        }
        self.known[index].get_or_insert_default()
    }

    fn describe(&mut self, id: LocationId) -> View {
        let (profile, options) = (self.profile, self.options);
        let Some(location) = profile.location(id) else {
            return View::default();
        };
        let mut view = View::default();
        let mut lines = Vec::new();
        for frame in Named::of(profile, location) {
            view.focus |= options.focus.as_ref().is_none_or(|it| frame.matches(it));
            view.ignore |= options.ignore.as_ref().is_some_and(|it| frame.matches(it));
            let hidden = options.hide.as_ref().is_some_and(|it| frame.matches(it))
                || options.show.as_ref().is_some_and(|it| !frame.matches(it));
            if !hidden {
                lines.push(frame);
            }
        }
        view.visible = !lines.is_empty();
        view.locations = self.place(location.address, &lines);
        let in_package = |frame: &Named<'_>| {
            let trim_to = options.trim_to.as_ref();
            trim_to.is_some_and(|it| frame.is_of_package(profile, it))
        };
        if let Some(outermost) = lines.iter().rposition(in_package) {
            let inner = lines.get(..=outermost).unwrap_or_default();
            view.trimmed = Some(self.place(location.address, inner));
        }
        view
    }

    /// The locations for frames at one address, innermost first.
    fn place(&mut self, address: ElfAddr, frames: &[Named<'_>]) -> Vec<LocationId> {
        let mut locations = Vec::new();
        let runs = match self.options.runtime_frames {
            RuntimeFrames::Show => vec![frames],
            RuntimeFrames::Hide | RuntimeFrames::Fold => frames
                .chunk_by(|a, b| a.is_runtime() == b.is_runtime())
                .collect(),
        };
        for run in runs.into_iter().filter(|run| !run.is_empty()) {
            let is_runtime = run.iter().any(Named::is_runtime);
            match self.options.runtime_frames {
                RuntimeFrames::Hide if is_runtime => {}
                RuntimeFrames::Fold if is_runtime => locations.push(self.tables.runtime()),
                _ => locations.push(self.tables.location(address, run, self.options.generics)),
            }
        }
        locations
    }

    pub fn into_tables(self) -> (Vec<Function>, Vec<Location>) {
        (self.tables.functions.items, self.tables.locations.items)
    }
}

/// A frame with what it is matched by.
#[derive(Clone)]
struct Named<'a> {
    /// `None` of an address nothing is known of.
    known: Option<(&'a Function, u32)>,
    address: ElfAddr,
}

impl<'a> Named<'a> {
    fn of(profile: &'a Profile, location: &'a Location) -> Vec<Self> {
        let address = location.address;
        if location.lines.is_empty() {
            return vec![Self {
                known: None,
                address,
            }];
        }
        let known = location.lines.iter().filter_map(|line| {
            let function = profile.function(line.function)?;
            Some(Self {
                known: Some((function, line.line)),
                address,
            })
        });
        known.collect()
    }

    fn matches(&self, pattern: &regex::Regex) -> bool {
        match self.known {
            Some((function, _)) => {
                let full_name = function.full_name.as_ref();
                pattern.is_match(&function.name)
                    || pattern.is_match(&function.file)
                    || full_name.is_some_and(|name| pattern.is_match(name))
            }
            None => pattern.is_match(&self.address.to_string()),
        }
    }

    fn is_of_package(&self, profile: &Profile, pattern: &regex::Regex) -> bool {
        let Some((function, _)) = self.known else {
            return false;
        };
        let package = profile.package(&function.name);
        package.is_some_and(|package| {
            let is_main = profile.target.main_path.as_deref() == Some(&package);
            pattern.is_match(&package) || is_main && pattern.is_match("main")
        })
    }

    fn is_runtime(&self) -> bool {
        self.known.is_some_and(|(function, _)| function.runtime)
    }
}

/// The tables of the profile that the view is.
#[derive(Default)]
struct Tables {
    functions: Interner<Function>,
    locations: Interner<Location>,
}

impl Tables {
    fn location(&mut self, address: ElfAddr, run: &[Named<'_>], generics: Generics) -> LocationId {
        let known = run.iter().filter_map(|frame| frame.known);
        let lines = known
            .map(|(function, line)| {
                let mut function = function.clone();
                if let (Generics::Full, Some(full_name)) = (generics, &function.full_name) {
                    function.name.clone_from(full_name);
                }
                Line {
                    function: FunctionId(self.functions.index(function)),
                    line,
                }
            })
            .collect();
        LocationId(self.locations.index(Location { address, lines }))
    }

    fn runtime(&mut self) -> LocationId {
        let function = FunctionId(self.functions.index(Function {
            name: RUNTIME.to_owned(),
            runtime: true,
            ..Function::default()
        }));
        LocationId(self.locations.index(Location {
            address: ElfAddr(0),
            lines: vec![Line { function, line: 0 }],
        }))
    }
}
