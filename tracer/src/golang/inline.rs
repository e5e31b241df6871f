//! Calls that were inlined: the entries of a function's inline tree.

use super::bytes::{i32_at, u32_at};
use super::function::{FuncId, Function, name_at};
use super::pclntab::FuncLayout;
use crate::addr::ElfAddr;

/// A call that the compiler replaced by the callee's body.
///
/// Layout: `type inlinedCall`, go1.19 src/runtime/symtab.go:1175 (20 bytes),
/// go1.21 src/runtime/symtabinl.go:10 (16 bytes, with the start line).
#[derive(Clone, Copy, Debug)]
pub struct InlinedCall<'a> {
    /// Name of the callee, as [`Function::name`] gives it.
    pub name: &'a str,
    /// An instruction of the caller, for what the caller is and where the call
    /// stands: looked up as any other address.
    pub parent_pc: ElfAddr,
    /// Line of the callee's `func` keyword. `None` before Go 1.20.
    pub start_line: Option<u32>,
    /// The runtime's mark on the callee.
    pub func_id: FuncId,
    /// Whether the callee is a wrapper, see [`Function::is_wrapper`].
    pub is_wrapper: bool,
}

/// Length of an entry, and where in it the name offset and the parent's
/// program counter are.
pub(super) struct EntryLayout {
    pub(super) bytes: usize,
    func_id: usize,
    pub(super) name: usize,
    parent_pc: usize,
    start_line: Option<usize>,
}

impl EntryLayout {
    pub(super) fn of(layout: FuncLayout) -> Self {
        match layout {
            FuncLayout::Go118 => Self {
                bytes: 20,
                func_id: 2,
                name: 12,
                parent_pc: 16,
                start_line: None,
            },
            FuncLayout::Go120 => Self {
                bytes: 16,
                func_id: 0,
                name: 4,
                parent_pc: 8,
                start_line: Some(12),
            },
        }
    }
}

impl<'a> InlinedCall<'a> {
    /// Entry `index` of a function's inline tree.
    pub(super) fn read(function: &Function<'a>, tree: &[u8], index: u32) -> Option<Self> {
        let tables = function.tables;
        let layout = EntryLayout::of(tables.layout);
        let at = usize::try_from(index).ok()?.checked_mul(layout.bytes)?;
        let entry = tree.get(at..at.checked_add(layout.bytes)?)?;
        let offset = u64::try_from(i32_at(entry, layout.parent_pc)?).ok()?;
        let func_id = *entry.get(layout.func_id)?;
        let start_line = layout.start_line.and_then(|at| i32_at(entry, at));
        Some(Self {
            name: name_at(tables, u32_at(entry, layout.name)?)?,
            parent_pc: function.entry().checked_add(offset)?,
            start_line: start_line
                .and_then(|line| u32::try_from(line).ok())
                .filter(|&line| line > 0),
            func_id,
            is_wrapper: func_id == function.binary.ids().wrapper,
        })
    }
}
