//! The programs, one per argument shape. `tracer::plan::Program` names them.
//!
//! The Go internal ABI passes integer arguments in RAX, RBX, RCX, RDI, RSI,
//! R8 ... (go1.24 src/cmd/compile/abi-internal.md), and at every probe they
//! are still there.

#![expect(
    clippy::needless_pass_by_value,
    reason = "the attribute macro hands the context over by value"
)]

use aya_ebpf::bindings::pt_regs;
use aya_ebpf::helpers::bpf_get_attach_cookie;
use aya_ebpf::macros::uprobe;
use aya_ebpf::programs::ProbeContext;
use tracer_ebpf::filter::takes;
use tracer_ebpf::wire::{Config, Gate, ProbeSpec, counter, flags, tiny_rule};

use super::count::{Event, count, pid};
use super::forget::forget;
use super::maps::{PROBES, add, config, most_frames, open_gate, pass};
use super::stack::{self, Stack};
use super::stopwatch::Stopwatch;
use super::target::{is_noscan, opens_tiny_block, read_u64, used_up_span};

/// CF and ZF: with one of them set `jbe` is taken, into the code that grows
/// the stack and starts the function again.
const CARRY_OR_ZERO: u64 = 0x41;

/// Size in RAX, type in RBX: the functions that allocate.
#[uprobe]
pub fn alloc(context: ProbeContext) -> u32 {
    if let Some(hit) = Hit::new(&context) {
        let (size_bytes, type_addr) = (hit.regs.rax, hit.regs.rbx);
        hit.allocation(size_bytes, type_addr, Filtered::No);
    }
    0
}

/// Size in RAX, type in RBX: a host of inlined leaves that knows the size.
#[uprobe]
pub fn alloc_dispatch(context: ProbeContext) -> u32 {
    if let Some(hit) = Hit::new(&context) {
        let (size_bytes, type_addr) = (hit.regs.rax, hit.regs.rbx);
        hit.allocation(size_bytes, type_addr, Filtered::Yes);
    }
    0
}

/// Type in RAX: a host that allocates one object of it.
#[uprobe]
pub fn alloc_new(context: ProbeContext) -> u32 {
    if let Some(hit) = Hit::new(&context) {
        let type_addr = hit.regs.rax;
        hit.elements(type_addr, 1);
    }
    0
}

/// Type in RAX, count in RBX: a host that allocates an array.
#[uprobe]
pub fn alloc_array(context: ProbeContext) -> u32 {
    if let Some(hit) = Hit::new(&context) {
        let (type_addr, elements) = (hit.regs.rax, hit.regs.rbx);
        hit.elements(type_addr, elements);
    }
    0
}

/// Type in RAX, length in RBX, capacity in RCX: a host that makes a slice.
#[uprobe]
pub fn alloc_slice(context: ProbeContext) -> u32 {
    if let Some(hit) = Hit::new(&context) {
        let (type_addr, elements) = (hit.regs.rax, hit.regs.rcx);
        hit.elements(type_addr, elements);
    }
    0
}

/// Size in RAX, type in RBX: the function that allocates large objects, probed
/// all the time.
#[uprobe]
pub fn large(context: ProbeContext) -> u32 {
    if let Some(hit) = Hit::new(&context) {
        let (size_bytes, type_addr) = (hit.regs.rax, hit.regs.rbx);
        hit.large(size_bytes, type_addr);
    }
    0
}

/// Size in RBX: the same where the type is not at hand.
#[uprobe]
pub fn large_untyped(context: ProbeContext) -> u32 {
    if let Some(hit) = Hit::new(&context) {
        let size_bytes = hit.regs.rbx;
        hit.large(size_bytes, 0);
    }
    0
}

/// `mcache` in RAX, span class in RBX: a P is about to take a new span of that
/// class, and what was allocated of the old one is known.
#[uprobe]
pub fn span(context: ProbeContext) -> u32 {
    if let Some(hit) = Hit::new(&context) {
        let (mcache, span_class) = (hit.regs.rax, hit.regs.rbx);
        hit.span(mcache, span_class);
    }
    0
}

/// Type in RAX: a call that is counted, not an allocation.
#[uprobe]
pub fn call_typed(context: ProbeContext) -> u32 {
    if let Some(hit) = Hit::new(&context) {
        let type_addr = hit.regs.rax;
        hit.call(type_addr);
    }
    0
}

/// No arguments: a call that is counted.
#[uprobe]
pub fn call(context: ProbeContext) -> u32 {
    if let Some(hit) = Hit::new(&context) {
        hit.call(0);
    }
    0
}

/// Does nothing: what a probe at this place costs by itself.
#[uprobe]
pub fn empty(_context: ProbeContext) -> u32 {
    0
}

/// Whether the probe's leaf filter applies.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Filtered {
    Yes,
    No,
}

/// A hit that counts.
pub struct Hit<'a> {
    context: &'a ProbeContext,
    /// The registers at the probe.
    pub regs: &'a pt_regs,
    /// What is known of the target.
    pub config: Config,
    /// Attach cookie of the probe.
    pub probe: u32,
    /// What is known of the probe.
    pub spec: &'a ProbeSpec,
    /// What let it in.
    pub gate: *mut Gate,
    /// Since when it is dealt with.
    pub stopwatch: Stopwatch,
}

impl<'a> Hit<'a> {
    /// `None` when hits are switched off or the budget is used up, and when the
    /// function is about to run its entry again.
    #[inline(always)]
    pub fn new(context: &'a ProbeContext) -> Option<Self> {
        add(counter::TRAPS, 1);
        // SAFETY: the context of a uprobe program is the registers.
        let regs = unsafe { &*context.regs };
        // SAFETY: the helper takes the program's own context.
        let cookie = unsafe { bpf_get_attach_cookie(context.regs.cast()) };
        let probe = cookie as u32;
        let spec = PROBES.get(probe)?;
        let gate = open_gate(spec.gate)?;
        if spec.tests_flags != 0 && regs.eflags & CARRY_OR_ZERO != 0 {
            return None;
        }
        pass(gate);
        Some(Self {
            context,
            regs,
            config: config(),
            probe,
            spec,
            gate,
            stopwatch: Stopwatch::start(),
        })
    }

    /// The stack it happened on.
    #[inline(always)]
    pub fn stack(&self) -> Stack {
        stack::identify(self.regs, pid(&self.config), most_frames(self.gate))
    }

    /// Counts an object.
    #[inline(always)]
    fn allocation(&self, size_bytes: u64, type_addr: u64, filtered: Filtered) {
        if size_bytes == 0 {
            return;
        }
        let mut noscan = false;
        if filtered == Filtered::Yes {
            noscan = forget(is_noscan(type_addr));
            if !forget(takes(&self.spec.filter, size_bytes, noscan)) {
                return;
            }
        }
        // The walk comes before all that depends on the object, so that the
        // verifier has to follow it only once.
        let stack = self.stack();
        let mut bits = 0;
        if noscan {
            bits |= flags::NOSCAN;
        }
        if size_bytes < 16 && self.is_tiny(type_addr, noscan) {
            bits |= flags::TINY | flags::NOSCAN;
            if self.config.mcache_tinyoffset != 0
                && opens_tiny_block(self.regs, &self.config, size_bytes)
            {
                bits |= flags::TINY_OPENS_BLOCK;
            }
        }
        self.count(&stack, size_bytes, type_addr, bits, 1);
    }

    /// Counts a large object.
    #[inline(always)]
    fn large(&self, size_bytes: u64, type_addr: u64) {
        let stack = self.stack();
        let event = Event {
            probe: self.probe,
            size_bytes,
            type_addr,
            flags: 0,
            objects: 1,
            always: true,
            gate: self.gate,
            stopwatch: self.stopwatch,
        };
        count(self.context, &self.config, &stack, &event);
    }

    /// Counts the objects of a span that is used up.
    #[inline(always)]
    fn span(&self, mcache: u64, span_class: u64) {
        let span_class = span_class & 0xff;
        let Some(objects) = used_up_span(&self.config, &self.spec.filter, mcache, span_class)
        else {
            return;
        };
        let stack = self.stack();
        self.count(&stack, span_class, 0, flags::SPAN, objects);
    }

    /// Counts an object of `elements` elements.
    #[inline(always)]
    fn elements(&self, type_addr: u64, elements: u64) {
        if let Some(element_bytes) = read_u64(type_addr) {
            self.allocation(
                element_bytes.wrapping_mul(elements),
                type_addr,
                Filtered::Yes,
            );
        }
    }

    /// Counts a call.
    #[inline(always)]
    fn call(&self, type_addr: u64) {
        let stack = self.stack();
        self.count(&stack, 0, type_addr, 0, 1);
    }

    #[inline(always)]
    fn is_tiny(&self, type_addr: u64, noscan: bool) -> bool {
        match self.spec.tiny_rule {
            tiny_rule::ALWAYS => true,
            tiny_rule::BY_TYPE => noscan || is_noscan(type_addr),
            _ => false,
        }
    }

    /// Counts what it stands for.
    #[inline(always)]
    pub fn count(&self, stack: &Stack, size_bytes: u64, type_addr: u64, bits: u16, objects: u32) {
        count(
            self.context,
            &self.config,
            stack,
            &Event {
                probe: self.probe,
                size_bytes,
                type_addr,
                flags: bits,
                objects,
                always: false,
                gate: self.gate,
                stopwatch: self.stopwatch,
            },
        );
    }
}
