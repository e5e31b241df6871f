//! Stacks of addresses become stacks of locations.

use std::borrow::Cow;
use std::collections::HashMap;

use super::{Frame, Symbolizer, call_site};
use crate::addr::{ElfAddr, LoadBias};
use crate::collect::Stack;
use crate::golang::{GoBinary, RuntimeType};
use crate::plan::Plan;
use crate::profile::{Function, FunctionId, Line, Location, LocationId};

/// A call stack with everything known of it.
#[derive(Clone, Debug, Default)]
pub(super) struct ResolvedStack {
    /// Innermost first, from the probed function on.
    pub locations: Vec<LocationId>,
    /// Names of the functions between the probe and the first frame that is
    /// not the runtime's, innermost first.
    pub runtime_names: Vec<String>,
    /// Type of what the first frame which is not the runtime's asks the runtime
    /// for, where its code names it.
    pub passed_type: Option<TypeLabel>,
    /// What the loader added in this process.
    pub bias: LoadBias,
    /// Whether the walk ran into something that is no code.
    pub broken: bool,
}

/// A type as a reader of source code would name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TypeLabel {
    /// The name.
    pub name: String,
    /// Size of an element, where it is many of one type.
    pub element_bytes: Option<u64>,
}

impl TypeLabel {
    /// `[]T`, of a `T`.
    pub fn many(of: &RuntimeType) -> Self {
        Self {
            name: format!("[]{}", of.name),
            element_bytes: Some(of.size_bytes),
        }
    }

    /// One of a type that has no elements, or of which they are not known.
    pub fn one(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            element_bytes: None,
        }
    }
}

/// The functions and locations of a profile in the making, each once.
pub(super) struct Stacks<'a> {
    binary: &'a GoBinary,
    symbolizer: Symbolizer<'a>,
    plan: &'a Plan,
    /// Whether the chain of frame pointers misses the caller of `systemstack`.
    systemstack_hides_caller: bool,
    known: HashMap<ElfAddr, Known>,
    markers: HashMap<&'static str, LocationId>,
    passed_types: HashMap<ElfAddr, Option<TypeLabel>>,
    function_ids: HashMap<Function, FunctionId>,
    pub functions: Vec<Function>,
    pub locations: Vec<Location>,
}

/// What an address turned out to be.
#[derive(Clone, Copy, Debug)]
enum Known {
    /// A frame to show.
    Shown(LocationId),
    /// A frame Go hides from its tracebacks.
    Hidden,
    /// The root of a stack.
    Root,
    /// No code of this program.
    Nowhere,
}

impl<'a> Stacks<'a> {
    pub fn new(binary: &'a GoBinary, plan: &'a Plan) -> Self {
        Self {
            binary,
            symbolizer: Symbolizer::new(binary),
            plan,
            // systemstack makes a frame of its own from Go 1.21 on
            // (go1.21 src/runtime/asm_amd64.s:462); before, the return address
            // into its caller is on no frame-pointer chain.
            systemstack_hides_caller: !binary.version().at_least(1, 21),
            known: HashMap::new(),
            markers: HashMap::new(),
            passed_types: HashMap::new(),
            function_ids: HashMap::new(),
            functions: Vec::new(),
            locations: Vec::new(),
        }
    }

    /// Resolves one stack.
    pub fn resolve(&mut self, stack: &Stack) -> ResolvedStack {
        let mut resolved = ResolvedStack::default();
        let Some(probe) = self.plan.probes.get(usize::from(stack.probe)) else {
            resolved.broken = true;
            return resolved;
        };
        resolved.bias = LoadBias::between(probe.at(), stack.probe_ip);
        let mut in_runtime = true;
        let calls = stack.frames.iter().map(|frame| {
            // A return address may be the first of the next function; the call
            // before it never is.
            ElfAddr(frame.in_elf(resolved.bias).0.wrapping_sub(1))
        });
        let addresses: Vec<ElfAddr> = std::iter::once(probe.at()).chain(calls).collect();
        for address in addresses {
            match self.look_up(address) {
                Known::Shown(id) => {
                    resolved.locations.push(id);
                    let ended = in_runtime && !self.extend_runtime_names(id, &mut resolved);
                    if ended {
                        in_runtime = false;
                        resolved.passed_type = self.passed_type(address, &resolved);
                    }
                    if self.systemstack_hides_caller && self.is_systemstack(id) {
                        let marker = self.marker("[caller of systemstack not recorded]");
                        resolved.locations.push(marker);
                    }
                }
                Known::Hidden => {}
                Known::Root => break,
                Known::Nowhere => {
                    resolved.broken = true;
                    break;
                }
            }
        }
        resolved
    }

    fn look_up(&mut self, address: ElfAddr) -> Known {
        if let Some(known) = self.known.get(&address) {
            return *known;
        }
        let known = self.describe(address);
        self.known.insert(address, known);
        known
    }

    fn describe(&mut self, address: ElfAddr) -> Known {
        let frames = self.symbolizer.resolve(address);
        if frames.is_empty() {
            return if self.symbolizer.knows(address) {
                Known::Hidden
            } else {
                Known::Nowhere
            };
        }
        if frames.iter().any(|frame| frame.top) {
            return Known::Root;
        }
        let lines = frames.iter().map(|frame| self.line(frame)).collect();
        Known::Shown(self.add(Location { address, lines }))
    }

    fn line(&mut self, frame: &Frame<'_>) -> Line {
        let function = Function {
            name: frame.name.clone().into_owned(),
            file: frame.file.clone().into_owned(),
            start_line: frame.start_line,
            runtime: frame.runtime,
            full_name: frame.full_name.clone().map(Cow::into_owned),
        };
        Line {
            function: self.function_id(function),
            line: frame.line,
        }
    }

    fn function_id(&mut self, function: Function) -> FunctionId {
        if let Some(id) = self.function_ids.get(&function) {
            return *id;
        }
        let id = FunctionId(u32::try_from(self.functions.len()).unwrap_or(u32::MAX));
        self.functions.push(function.clone());
        self.function_ids.insert(function, id);
        id
    }

    fn add(&mut self, location: Location) -> LocationId {
        let id = LocationId(u32::try_from(self.locations.len()).unwrap_or(u32::MAX));
        self.locations.push(location);
        id
    }

    /// A location that stands for what could not be recorded.
    pub fn marker(&mut self, name: &'static str) -> LocationId {
        if let Some(id) = self.markers.get(name) {
            return *id;
        }
        let function = self.function_id(Function {
            name: name.to_owned(),
            runtime: true,
            ..Function::default()
        });
        let id = self.add(Location {
            address: ElfAddr(0),
            lines: vec![Line { function, line: 0 }],
        });
        self.markers.insert(name, id);
        id
    }

    /// The type that the call around `address` asks the runtime function behind it
    /// for.
    fn passed_type(&mut self, address: ElfAddr, stack: &ResolvedStack) -> Option<TypeLabel> {
        let callee = stack.runtime_names.last()?;
        if let Some(known) = self.passed_types.get(&address) {
            return known.clone();
        }
        let label = address
            .checked_add(1)
            .and_then(|behind| call_site::passed_type(self.binary, behind, callee))
            .and_then(|passed| {
                let known = self.binary.type_at(passed.descriptor)?;
                Some(match passed.is_element {
                    true => TypeLabel::many(&known),
                    false => TypeLabel::one(&known.name),
                })
            });
        self.passed_types.insert(address, label.clone());
        label
    }

    /// Adds the runtime functions of a location to the names the cause is read
    /// from. `false` as soon as one is not the runtime's.
    fn extend_runtime_names(&self, id: LocationId, resolved: &mut ResolvedStack) -> bool {
        for function in self.functions_of(id) {
            if !function.runtime {
                return false;
            }
            resolved.runtime_names.push(function.name.clone());
        }
        true
    }

    fn functions_of(&self, id: LocationId) -> impl Iterator<Item = &Function> {
        self.locations
            .get(id.0 as usize)
            .into_iter()
            .flat_map(|location| &location.lines)
            .filter_map(|line| self.functions.get(line.function.0 as usize))
    }

    fn is_systemstack(&self, id: LocationId) -> bool {
        self.functions_of(id)
            .any(|function| function.name == "runtime.systemstack")
    }
}
