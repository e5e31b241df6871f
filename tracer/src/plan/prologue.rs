//! The instruction of a function that carries its probe.
//!
//! A Go function starts with a check of its stack and, when the stack is too
//! small (or the goroutine is to be preempted), runs again from its entry. A
//! probe on the entry therefore counts some calls twice. The `jbe` that ends
//! the check does not, once hits with CF or ZF set are skipped: those are the
//! ones that branch to `morestack`. The arguments are still in their registers
//! there, `[rsp]` is the return address and `rbp` the caller's frame.
//!
//! The forms of the check are those of `stacksplit` (go1.19
//! src/cmd/internal/obj/x86/obj6.go:1034, go1.21 :1030, go1.27 :914).

use std::fmt;

use iced_x86::{
    Code, Decoder, DecoderOptions, FlowControl, Instruction, Mnemonic, OpKind, Register,
};
use thiserror::Error;

use crate::addr::ElfAddr;

/// `g.stackguard0`, which Go code compares its stack pointer with
/// (go1.19 src/cmd/internal/obj/x86/obj6.go:1084).
const G_STACKGUARD0: u64 = 0x10;

/// `g.stackguard1`, the same for `//go:systemstack` functions (:1086).
const G_STACKGUARD1: u64 = 0x18;

/// Longest instruction of x86.
const MAX_INSTRUCTION_BYTES: usize = 15;

/// What kind of instruction carries a probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProbeInstruction {
    /// The `jbe` that ends the stack check.
    Jbe,
    /// `push rbp`, first instruction of a function without a stack check.
    Push,
    /// `sub rsp, n`, likewise, up to Go 1.20.
    Sub,
    /// Any other first instruction of a function without a stack check.
    Other,
}

/// How the kernel gets past a probed instruction. Single-stepping a copy of it
/// costs some 18 times as much.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cost {
    /// The kernel does its work itself (Linux v5.15
    /// arch/x86/kernel/uprobes.c: `branch_setup_xol_ops`, `push_setup_xol_ops`).
    Emulated,
    /// The kernel runs a copy of it with the trap flag set.
    SingleStepped,
}

/// Where the probe of a function goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProbePoint {
    /// What is there.
    pub instruction: ProbeInstruction,
    /// Its address.
    pub at: ElfAddr,
    /// The same, in bytes from the function's entry.
    pub offset_in_function: u64,
}

/// Why a function has no instruction that is safe to probe.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum PrologueError {
    /// The bytes stop being instructions before the probe point.
    #[error("no instruction at offset {offset:#x} of the function")]
    Undecodable {
        /// Bytes from the entry.
        offset: u64,
    },
    /// The function runs again from its entry, but not because of a stack
    /// check known here.
    #[error(
        "the stack check has an unknown shape: the function returns to its entry, which is `{first}`"
    )]
    UnknownStackCheck {
        /// The first instruction.
        first: String,
    },
    /// A stack check that is not followed by its `jbe`.
    #[error("the stack check is followed by `{found}` where `jbe` was expected")]
    CheckWithoutBranch {
        /// What follows it.
        found: String,
    },
    /// A `jbe` that does not lead to the function's own call of `morestack`.
    #[error(
        "the branch of the stack check leads to {target}, which is not further on in the function"
    )]
    BranchLeavesFunction {
        /// Where it leads.
        target: ElfAddr,
    },
    /// The instruction is the target of a branch, so one call could pass it
    /// more than once.
    #[error("the function jumps back to {at}, so one call could pass it twice")]
    JumpedTo {
        /// The instruction.
        at: ElfAddr,
    },
    /// An instruction the kernel refuses to probe, or not known to be safe.
    #[error("the kernel may refuse a probe on `{instruction}`")]
    Refused {
        /// The instruction.
        instruction: String,
    },
}

impl ProbeInstruction {
    /// How the kernel gets past it.
    #[must_use]
    pub fn cost(self) -> Cost {
        match self {
            Self::Jbe | Self::Push => Cost::Emulated,
            Self::Sub | Self::Other => Cost::SingleStepped,
        }
    }
}

impl ProbePoint {
    /// Whether hits with CF or ZF set have to be skipped.
    #[must_use]
    pub fn tests_flags(&self) -> bool {
        self.instruction == ProbeInstruction::Jbe
    }

    /// Why this instruction, in a few words.
    #[must_use]
    pub fn why(&self) -> &'static str {
        match self.instruction {
            ProbeInstruction::Jbe => {
                "ends the stack check; not counted when it branches to morestack"
            }
            ProbeInstruction::Push | ProbeInstruction::Sub => {
                "no stack check: entered once per call, so its first instruction does"
            }
            ProbeInstruction::Other => {
                "no stack check and no frame set up first: its first instruction does"
            }
        }
    }
}

impl fmt::Display for ProbeInstruction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Jbe => "jbe",
            Self::Push => "push rbp",
            Self::Sub => "sub rsp",
            Self::Other => "other",
        })
    }
}

impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Emulated => "emulated",
            Self::SingleStepped => "single-stepped",
        })
    }
}

/// Finds the instruction to probe in a function, given all its bytes and its
/// entry.
///
/// # Errors
/// Where no instruction is known to run exactly once per call with the
/// arguments still in place.
pub fn probe_point(code: &[u8], entry: ElfAddr) -> Result<ProbePoint, PrologueError> {
    let function = Function { code, entry };
    let point = match function.stack_check_end()? {
        Some(offset) => function.jbe_at(offset)?,
        None => function.first_instruction()?,
    };
    if function.branches().any(|target| target == point.at) {
        return Err(PrologueError::JumpedTo { at: point.at });
    }
    Ok(point)
}

/// Where the direct calls of a function lead, in code order.
pub fn call_targets(code: &[u8], entry: ElfAddr) -> impl Iterator<Item = ElfAddr> {
    Function { code, entry }
        .instructions()
        .filter(|instruction| instruction.flow_control() == FlowControl::Call)
        .filter_map(|instruction| near_target(&instruction))
}

struct Function<'a> {
    code: &'a [u8],
    entry: ElfAddr,
}

impl<'a> Function<'a> {
    /// All instructions, decoded in a row. Bytes that are none (there are none
    /// in compiled Go code; assembly may hold data) are stepped over.
    fn instructions(&self) -> impl Iterator<Item = Instruction> + use<'a> {
        let mut decoder = Decoder::with_ip(64, self.code, self.entry.0, DecoderOptions::NONE);
        std::iter::from_fn(move || decoder.can_decode().then(|| decoder.decode()))
    }

    /// The instruction at an offset from the entry.
    fn at(&self, offset: u64) -> Result<Instruction, PrologueError> {
        let undecodable = PrologueError::Undecodable { offset };
        let start = usize::try_from(offset).map_err(|_| undecodable.clone())?;
        let bytes = self.code.get(start..).ok_or_else(|| undecodable.clone())?;
        let bytes = bytes.get(..MAX_INSTRUCTION_BYTES).unwrap_or(bytes);
        let ip = self.entry.0.wrapping_add(offset);
        let instruction = Decoder::with_ip(64, bytes, ip, DecoderOptions::NONE).decode();
        if instruction.is_invalid() {
            Err(undecodable)
        } else {
            Ok(instruction)
        }
    }

    /// The offset behind the comparison with the stack guard, or `None` if the
    /// function does not start with one.
    fn stack_check_end(&self) -> Result<Option<u64>, PrologueError> {
        let first = self.at(0)?;
        let next = instruction_bytes(&first);
        if compares_with_guard(&first, Register::RSP) {
            return Ok(Some(next));
        }
        let compare_at = if is_lea_below_stack(&first) {
            next
        } else if is_copy_of_stack_pointer(&first) {
            // Frames so large that the subtraction may wrap around.
            let subtract = self.at(next)?;
            if !is_sub_immediate(&subtract, Register::R12) {
                return Ok(None);
            }
            let branch_at = next + instruction_bytes(&subtract);
            let branch = self.at(branch_at)?;
            if branch.mnemonic() != Mnemonic::Jb {
                return Ok(None);
            }
            branch_at + instruction_bytes(&branch)
        } else {
            return Ok(None);
        };
        let compare = self.at(compare_at)?;
        Ok(compares_with_guard(&compare, Register::R12)
            .then(|| compare_at + instruction_bytes(&compare)))
    }

    fn jbe_at(&self, offset: u64) -> Result<ProbePoint, PrologueError> {
        let branch = self.at(offset)?;
        if !matches!(branch.code(), Code::Jbe_rel8_64 | Code::Jbe_rel32_64) {
            return Err(PrologueError::CheckWithoutBranch {
                found: branch.to_string(),
            });
        }
        let target = branch.near_branch_target();
        let at = self.entry.0.wrapping_add(offset);
        let end = self.entry.0.saturating_add(self.code.len() as u64);
        if target <= at || target >= end {
            return Err(PrologueError::BranchLeavesFunction {
                target: ElfAddr(target),
            });
        }
        Ok(self.point(ProbeInstruction::Jbe, offset))
    }

    /// The first instruction, if the function enters itself only by a call.
    fn first_instruction(&self) -> Result<ProbePoint, PrologueError> {
        let first = self.at(0)?;
        if self.branches().any(|target| target == self.entry) {
            return Err(PrologueError::UnknownStackCheck {
                first: first.to_string(),
            });
        }
        let kind = if first.code() == Code::Push_r64 && first.op0_register() == Register::RBP {
            ProbeInstruction::Push
        } else if is_sub_immediate(&first, Register::RSP) {
            ProbeInstruction::Sub
        } else if is_safe_to_step(&first) {
            ProbeInstruction::Other
        } else {
            return Err(PrologueError::Refused {
                instruction: first.to_string(),
            });
        };
        Ok(self.point(kind, 0))
    }

    fn point(&self, instruction: ProbeInstruction, offset: u64) -> ProbePoint {
        ProbePoint {
            instruction,
            at: ElfAddr(self.entry.0.wrapping_add(offset)),
            offset_in_function: offset,
        }
    }

    /// Targets of the function's jumps, calls excluded.
    fn branches(&self) -> impl Iterator<Item = ElfAddr> + use<'a> {
        self.instructions()
            .filter(|instruction| {
                matches!(
                    instruction.flow_control(),
                    FlowControl::ConditionalBranch | FlowControl::UnconditionalBranch
                )
            })
            .filter_map(|instruction| near_target(&instruction))
    }
}

fn instruction_bytes(instruction: &Instruction) -> u64 {
    instruction.len() as u64
}

fn near_target(instruction: &Instruction) -> Option<ElfAddr> {
    let is_near = instruction.op0_kind() == OpKind::NearBranch64;
    is_near.then(|| ElfAddr(instruction.near_branch_target()))
}

/// `cmp left, [r14+10h]`: r14 is the current goroutine's `g`.
fn compares_with_guard(instruction: &Instruction, left: Register) -> bool {
    instruction.code() == Code::Cmp_r64_rm64
        && instruction.op0_register() == left
        && instruction.op1_kind() == OpKind::Memory
        && instruction.memory_base() == Register::R14
        && instruction.memory_index() == Register::None
        && !instruction.has_segment_prefix()
        && matches!(
            instruction.memory_displacement64(),
            G_STACKGUARD0 | G_STACKGUARD1
        )
}

/// `lea r12, [rsp-n]`
fn is_lea_below_stack(instruction: &Instruction) -> bool {
    instruction.code() == Code::Lea_r64_m
        && instruction.op0_register() == Register::R12
        && instruction.memory_base() == Register::RSP
        && instruction.memory_index() == Register::None
        && (instruction.memory_displacement64() as i64) < 0
}

/// `mov r12, rsp`
fn is_copy_of_stack_pointer(instruction: &Instruction) -> bool {
    instruction.mnemonic() == Mnemonic::Mov
        && instruction.op0_kind() == OpKind::Register
        && instruction.op1_kind() == OpKind::Register
        && instruction.op0_register() == Register::R12
        && instruction.op1_register() == Register::RSP
}

/// `sub register, n`
fn is_sub_immediate(instruction: &Instruction, register: Register) -> bool {
    matches!(
        instruction.code(),
        Code::Sub_rm64_imm8 | Code::Sub_rm64_imm32
    ) && instruction.op0_kind() == OpKind::Register
        && instruction.op0_register() == register
}

/// Whether the kernel surely accepts a probe on it: plain moves and arithmetic.
/// It refuses `lock` and segment prefixes, `int3`, port and privileged
/// instructions, and loads of `ss` (Linux v5.15 arch/x86/kernel/uprobes.c:
/// `good_insns_64`, `is_prefix_bad`, `insn_masking_exception`).
fn is_safe_to_step(instruction: &Instruction) -> bool {
    let plain = matches!(
        instruction.mnemonic(),
        Mnemonic::Mov
            | Mnemonic::Movzx
            | Mnemonic::Movsx
            | Mnemonic::Movsxd
            | Mnemonic::Lea
            | Mnemonic::Cmp
            | Mnemonic::Test
            | Mnemonic::Add
            | Mnemonic::Sub
            | Mnemonic::And
            | Mnemonic::Or
            | Mnemonic::Xor
            | Mnemonic::Shl
            | Mnemonic::Shr
    );
    let segment = |register: Register| register.is_segment_register();
    plain
        && instruction.flow_control() == FlowControl::Next
        && !instruction.has_lock_prefix()
        && !instruction.has_segment_prefix()
        && !(0..instruction.op_count()).any(|i| {
            instruction.op_kind(i) == OpKind::Register && segment(instruction.op_register(i))
        })
}

#[cfg(test)]
#[path = "prologue_tests.rs"]
mod tests;
