//! The type that a call site hands over, read from its own code.
//!
//! The runtime drops the element type of a pointer-free slice before it
//! allocates (go1.24 src/runtime/slice.go:262: `mallocgc(capmem, nil, false)`),
//! and where spans or large objects are probed no type is at hand. The code that
//! called the runtime still names it: the compiler loads the address of the type
//! with a `lea` just before the call.

use iced_x86::{
    Code, Decoder, DecoderOptions, FlowControl, Instruction, InstructionInfoFactory, OpAccess,
    Register,
};

use crate::addr::ElfAddr;
use crate::golang::GoBinary;

/// Longest function that is decoded for this.
const MAX_FUNCTION_BYTES: u64 = 1 << 18;

/// Runtime functions with a type among their arguments, the register it is in by
/// the internal ABI (RAX, RBX, RCX, RDI, RSI in order), and whether it is that of
/// an element (go1.20 src/runtime/slice.go:36, :100, :155; go1.26 :303, :510, :547;
/// go1.20 src/runtime/malloc.go:1254, :1275, src/runtime/iface.go:334).
const PASSED: &[(&str, Register, bool)] = &[
    ("runtime.growslice", Register::RSI, true),
    ("runtime.growsliceBuf", Register::RSI, true),
    ("runtime.growsliceNoAlias", Register::RSI, true),
    ("runtime.growsliceBufNoAlias", Register::RSI, true),
    ("runtime.makeslicecopy", Register::RAX, true),
    ("runtime.makeslice", Register::RAX, true),
    ("runtime.makeslice64", Register::RAX, true),
    ("runtime.newarray", Register::RAX, true),
    ("runtime.newobject", Register::RAX, false),
    ("runtime.convT", Register::RAX, false),
    ("runtime.convTnoptr", Register::RAX, false),
];

/// A type that code passes to the runtime.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PassedType {
    /// Its descriptor.
    pub descriptor: ElfAddr,
    /// Whether many of it are asked for.
    pub is_element: bool,
}

/// The type that the call before `return_address` passes to the runtime function
/// `callee`. `None` where that takes none, and where the code does not name it
/// outright.
pub(super) fn passed_type(
    binary: &GoBinary,
    return_address: ElfAddr,
    callee: &str,
) -> Option<PassedType> {
    let (register, is_element) = if callee.starts_with("runtime.mallocgc") {
        // Size, type.
        (Register::RBX, false)
    } else {
        let (_, register, is_element) = PASSED.iter().find(|(name, ..)| *name == callee)?;
        (*register, *is_element)
    };
    // Go 1.19 still had the type first (go1.19 src/runtime/slice.go:166).
    let register = if callee == "runtime.growslice" && !binary.version().at_least(1, 20) {
        Register::RAX
    } else {
        register
    };
    let function = binary.function_at(ElfAddr(return_address.0.checked_sub(1)?))?;
    let length = return_address.0.checked_sub(function.entry().0)?;
    if length > MAX_FUNCTION_BYTES {
        return None;
    }
    let code = binary.code(function.entry(), usize::try_from(length).ok()?)?;
    let descriptor = loaded_address(code, function.entry(), register)?;
    Some(PassedType {
        descriptor,
        is_element,
    })
}

/// The address that `register` holds before the last instruction of `code`, if
/// that is a call and a `lea` of the same basic block put it there.
fn loaded_address(code: &[u8], at: ElfAddr, register: Register) -> Option<ElfAddr> {
    let mut decoder = Decoder::with_ip(64, code, at.0, DecoderOptions::NONE);
    let mut factory = InstructionInfoFactory::new();
    let mut instruction = Instruction::default();
    let mut loaded = None;
    while decoder.can_decode() {
        decoder.decode_out(&mut instruction);
        if instruction.is_invalid() {
            return None;
        }
        let is_last = !decoder.can_decode();
        if is_last {
            break;
        }
        if instruction.code() == Code::Lea_r64_m
            && instruction.op0_register() == register
            && instruction.is_ip_rel_memory_operand()
        {
            loaded = Some(ElfAddr(instruction.ip_rel_memory_address()));
        } else if instruction.flow_control() != FlowControl::Next
            || writes(&mut factory, &instruction, register)
        {
            loaded = None;
        }
    }
    loaded.filter(|_| instruction.flow_control() == FlowControl::Call)
}

fn writes(
    factory: &mut InstructionInfoFactory,
    instruction: &Instruction,
    register: Register,
) -> bool {
    factory
        .info(instruction)
        .used_registers()
        .iter()
        .any(|used| {
            used.register().full_register() == register
                && !matches!(
                    used.access(),
                    OpAccess::Read | OpAccess::CondRead | OpAccess::None
                )
        })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const AT: ElfAddr = ElfAddr(0x1000);
    /// `lea rsi, [rip+0x100]`, `mov edi, 1`, `call +0`
    const LEA_RSI: [u8; 7] = [0x48, 0x8d, 0x35, 0x00, 0x01, 0x00, 0x00];
    const MOV_EDI: [u8; 5] = [0xbf, 1, 0, 0, 0];
    const MOV_ESI: [u8; 5] = [0xbe, 1, 0, 0, 0];
    const CALL: [u8; 5] = [0xe8, 0, 0, 0, 0];
    /// `je +0`
    const JE: [u8; 2] = [0x74, 0];

    fn loaded(parts: &[&[u8]]) -> Option<ElfAddr> {
        loaded_address(&parts.concat(), AT, Register::RSI)
    }

    #[test]
    fn a_lea_before_the_call_names_the_type() {
        assert_eq!(loaded(&[&LEA_RSI, &MOV_EDI, &CALL]), Some(ElfAddr(0x1107)));
    }

    #[test]
    fn what_comes_between_may_undo_it() {
        assert_eq!(loaded(&[&LEA_RSI, &MOV_ESI, &CALL]), None, "overwritten");
        assert_eq!(loaded(&[&LEA_RSI, &JE, &CALL]), None, "another block");
        assert_eq!(loaded(&[&LEA_RSI, &CALL, &CALL]), None, "another call");
        assert_eq!(loaded(&[&LEA_RSI, &MOV_EDI]), None, "no call at the end");
        assert_eq!(loaded(&[&CALL]), None);
    }

    proptest! {
        #[test]
        fn never_panics(code in prop::collection::vec(any::<u8>(), 0..256), at in any::<u64>()) {
            let _ = loaded_address(&code, ElfAddr(at), Register::RSI);
        }
    }
}
