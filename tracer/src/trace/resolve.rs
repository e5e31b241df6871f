//! Calls become events: types and frames by name.

use std::collections::HashMap;
use std::sync::Arc;

use super::event::{Argument, Event, Outcome, Position, Value};
use super::join::Ending;
use super::labels::Labels;
use super::select::{Selection, TracedFunction};
use super::signature::{Facts, Kind, Source};
use crate::addr::{ElfAddr, LoadBias, ProcAddr};
use crate::collect::Call;
use crate::golang::{GoBinary, MallocRules, RuntimeType, TYPE_HEADER_BYTES};
use crate::symbolize::Symbolizer;

/// Call sites and types that are remembered; when there are more all are looked up anew.
const MOST_REMEMBERED: usize = 1 << 16;

/// Reads the target's memory; `None` if it is not there.
pub type ReadMemory<'a> = Box<dyn Fn(ProcAddr, &mut [u8]) -> Option<()> + 'a>;

/// Resolves the calls of one process.
pub struct Resolver<'a> {
    binary: &'a GoBinary,
    symbolizer: Symbolizer<'a>,
    rules: MallocRules,
    functions: Vec<(Arc<str>, &'a TracedFunction)>,
    bias: LoadBias,
    /// Frames of an event's stack.
    most_frames: usize,
    read_memory: ReadMemory<'a>,
    places: HashMap<ProcAddr, Arc<[Arc<Position>]>>,
    types: HashMap<ProcAddr, Option<KnownType>>,
    labels: Labels,
}

#[derive(Clone)]
struct KnownType {
    name: Arc<str>,
    size_bytes: u64,
    noscan: bool,
}

impl<'a> Resolver<'a> {
    /// For a process that runs `binary` at `bias`; events get stacks of up to
    /// `most_frames`.
    #[must_use]
    pub fn new(
        binary: &'a GoBinary,
        selection: &'a Selection,
        bias: LoadBias,
        most_frames: usize,
        read_memory: ReadMemory<'a>,
    ) -> Self {
        let functions = selection.functions.iter();
        Self {
            binary,
            symbolizer: Symbolizer::new(binary),
            rules: binary.malloc_rules(),
            functions: functions
                .map(|function| (function.name.as_str().into(), function))
                .collect(),
            bias,
            most_frames,
            read_memory,
            places: HashMap::new(),
            types: HashMap::new(),
            labels: Labels::new(binary.version()),
        }
    }

    /// Resolves one call. `None` for one of a function that is not traced.
    pub fn resolve(&mut self, call: &Call) -> Option<Event> {
        let (name, function) = self.functions.get(usize::from(call.probe))?;
        let (name, function) = (Arc::clone(name), *function);
        let arguments = self.arguments(function, call);
        let (mut site, mut caller) = (None, None);
        let mut stack = Vec::new();
        'walk: for &frame in &call.frames {
            let Some(positions) = self.positions(frame) else {
                break;
            };
            for position in positions.iter() {
                caller.get_or_insert_with(|| Arc::clone(position));
                if site.is_none() && !position.runtime {
                    site = Some(Arc::clone(position));
                }
                if stack.len() < self.most_frames {
                    stack.push(Arc::clone(position));
                } else if site.is_some() {
                    break 'walk;
                }
            }
        }
        let labels = match call.labels {
            Some(at) => self.labels.at(at, call.time_ns, &self.read_memory),
            None => Some(Arc::default()),
        };
        Some(Event {
            time_ns: call.time_ns,
            tid: call.tid,
            goid: call.goid,
            function: name,
            arguments,
            outcome: Outcome::NotWatched,
            labels,
            site: site.or(caller),
            stack,
        })
    }

    fn arguments(&mut self, function: &TracedFunction, call: &Call) -> Vec<Argument> {
        let parameters = function.signature.parameters;
        let type_register = parameters.iter().find_map(|it| match it.source {
            Source::Register(index, Kind::Type) => call.registers.get(index),
            _ => None,
        });
        let known = type_register.and_then(|&at| self.type_at(ProcAddr(at)));
        let facts = Facts {
            registers: call.registers,
            copied: call.copied,
            element: known.as_ref().map(|it| (it.size_bytes, it.noscan)),
            rules: self.rules,
        };
        let value = |source: Source| {
            let word = |index: usize| call.registers.get(index).copied().unwrap_or_default();
            match source {
                Source::Register(index, kind) => {
                    let name = known.as_ref().map(|it| Arc::clone(&it.name));
                    value_of(kind, word(index), name)
                }
                Source::Text(length) => {
                    let length_bytes = word(length);
                    match self.text(call, length_bytes) {
                        Some(start) => Value::Text {
                            start,
                            length_bytes,
                        },
                        None => Value::Unreadable,
                    }
                }
                Source::Derived(derive) => {
                    derive(&facts).map_or(Value::Unreadable, Value::Unsigned)
                }
                Source::Constant(constant) => Value::Unsigned(constant),
            }
        };
        parameters
            .iter()
            .map(|parameter| Argument {
                name: parameter.name,
                value: value(parameter.source),
            })
            .collect()
    }

    /// How a call of a function of the selection ended.
    #[must_use]
    pub fn outcome(&self, function: usize, ending: Ending) -> Outcome {
        let registers = match ending {
            Ending::NotWatched => return Outcome::NotWatched,
            Ending::Left => return Outcome::Left,
            Ending::Running => return Outcome::Running,
            Ending::Unseen => return Outcome::Unseen,
            Ending::Returned(registers) => registers,
        };
        let Some((_, function)) = self.functions.get(function) else {
            return Outcome::Unseen;
        };
        let results = function.signature.results.iter();
        Outcome::Returned(
            results
                .map(|result| Argument {
                    name: result.name,
                    value: match registers.get(result.register) {
                        Some(word) => value_of(result.kind, *word, None),
                        None => Value::Unreadable,
                    },
                })
                .collect(),
        )
    }

    /// The beginning of a string. One that is a constant of the program may not have been
    /// in memory when the call was made; it is in the file.
    fn text(&self, call: &Call, length_bytes: u64) -> Option<Vec<u8>> {
        let room = call.copied.map_or(0, |copied| copied.len());
        let length = usize::try_from(length_bytes).unwrap_or(usize::MAX);
        if let Some(copied) = &call.copied {
            return Some(copied.get(..length.min(room))?.to_vec());
        }
        let at = ProcAddr(*call.registers.get(2)?).in_elf(self.bias);
        let length = length.min(tracer_ebpf::wire::TRACED_MEMORY_BYTES);
        let segments = self.binary.segments().iter();
        let mut constant = segments.filter(|segment| !segment.writable);
        constant.find(|segment| segment.range().contains(&at))?;
        Some(self.binary.read(at, length)?.to_vec())
    }

    fn type_at(&mut self, at: ProcAddr) -> Option<KnownType> {
        if at.0 == 0 {
            return None;
        }
        if let Some(known) = self.types.get(&at) {
            return known.clone();
        }
        let known = self.look_up_type(at).map(|it| KnownType {
            noscan: it.is_noscan(),
            size_bytes: it.size_bytes,
            name: it.name.into(),
        });
        if self.types.len() >= MOST_REMEMBERED {
            self.types.clear();
        }
        self.types.insert(at, known.clone());
        known
    }

    /// A type of the executable, or one that reflection made at run time.
    fn look_up_type(&self, at: ProcAddr) -> Option<RuntimeType> {
        let in_file = at.in_elf(self.bias);
        if let Some(known) = self.binary.type_at(in_file) {
            return Some(known);
        }
        let mut header = [0; TYPE_HEADER_BYTES];
        (self.read_memory)(at, &mut header)?;
        self.binary
            .parse_type(&header, in_file)
            .or_else(|| GoBinary::made_type(&header, in_file))
    }

    /// The places that a return address leads back to, innermost first: several where
    /// calls were inlined, none where only wrappers are. `None` past the end of the stack.
    fn positions(&mut self, return_address: ProcAddr) -> Option<Arc<[Arc<Position>]>> {
        if let Some(known) = self.places.get(&return_address) {
            return Some(Arc::clone(known));
        }
        // A return address may be the first of the next function; the call before it
        // never is.
        let pc = ElfAddr(return_address.in_elf(self.bias).0.wrapping_sub(1));
        let frames = self.symbolizer.resolve(pc);
        let is_end = frames.iter().any(|frame| frame.top);
        if is_end || (frames.is_empty() && !self.symbolizer.knows(pc)) {
            return None;
        }
        let positions: Arc<[_]> = frames
            .into_iter()
            .map(|frame| {
                Arc::new(Position {
                    function: frame.name.into_owned(),
                    file: frame.file.into_owned(),
                    line: frame.line,
                    runtime: frame.runtime,
                })
            })
            .collect();
        if self.places.len() >= MOST_REMEMBERED {
            self.places.clear();
        }
        self.places.insert(return_address, Arc::clone(&positions));
        Some(positions)
    }
}

/// What a register holds; the name is that of a type.
fn value_of(kind: Kind, word: u64, name: Option<Arc<str>>) -> Value {
    match kind {
        Kind::Signed => Value::Signed(word.cast_signed()),
        Kind::Unsigned => Value::Unsigned(word),
        Kind::Unsigned32 => Value::Unsigned((word as u32).into()),
        Kind::Unsigned16 => Value::Unsigned((word as u16).into()),
        Kind::Bool => Value::Bool(word as u8 != 0),
        Kind::Pointer => Value::Pointer(ProcAddr(word)),
        Kind::Type => Value::Type(ProcAddr(word), name),
    }
}
