//! Where a function returns.
//!
//! Returns are probed at the function's own `ret` instructions. A return probe of the
//! kernel (uretprobe) would put an address of its own on the stack in place of the return
//! address, and Go's runtime, which reads and moves stacks, dies of it.
//!
//! At a `ret` the frame is gone and the results are in their registers, the first integer
//! ones in RAX, RBX, RCX (go1.24 src/cmd/compile/abi-internal.md).

use iced_x86::{Code, Decoder, DecoderOptions, FlowControl, Instruction, OpKind};
use thiserror::Error;

use crate::addr::ElfAddr;

/// How control leaves a function, other than by a panic.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Returns {
    /// Its `ret` instructions, in code order.
    pub points: Vec<ElfAddr>,
    /// Where it jumps to outside of itself: what is there returns in its stead.
    pub jumps_out: Vec<ElfAddr>,
}

/// Why it is not known where a function returns.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum ReturnError {
    /// Data among its code, or no code at all.
    #[error("no instruction at offset {offset:#x} of the function")]
    Undecodable {
        /// Bytes from the entry.
        offset: u64,
    },
    /// A return of a kind that the Go compiler does not make.
    #[error("it returns by `{instruction}`")]
    OtherReturn {
        /// How.
        instruction: String,
    },
    /// None of its instructions returns.
    #[error("it never returns by itself")]
    Never,
}

/// Finds the returns of a function, given all its bytes, padding included, and its entry.
///
/// # Errors
/// Where they are not known for certain, or there are none.
pub fn returns(code: &[u8], entry: ElfAddr) -> Result<Returns, ReturnError> {
    let end = entry.0.saturating_add(code.len() as u64);
    let mut found = Returns::default();
    let mut decoder = Decoder::with_ip(64, code, entry.0, DecoderOptions::NONE);
    while decoder.can_decode() {
        let instruction = decoder.decode();
        if instruction.is_invalid() {
            let offset = instruction.ip().wrapping_sub(entry.0);
            return Err(ReturnError::Undecodable { offset });
        }
        match instruction.flow_control() {
            FlowControl::Return if is_plain_return(&instruction) => {
                found.points.push(ElfAddr(instruction.ip()));
            }
            FlowControl::Return => {
                let instruction = instruction.to_string();
                return Err(ReturnError::OtherReturn { instruction });
            }
            FlowControl::UnconditionalBranch | FlowControl::ConditionalBranch
                if instruction.op0_kind() == OpKind::NearBranch64 =>
            {
                let target = instruction.near_branch_target();
                if !(entry.0..end).contains(&target) {
                    found.jumps_out.push(ElfAddr(target));
                }
            }
            // The compiler's jump tables go through a register, and stay inside.
            _ => {}
        }
    }
    if found.points.is_empty() {
        return Err(ReturnError::Never);
    }
    Ok(found)
}

/// `ret`, of a single byte.
fn is_plain_return(instruction: &Instruction) -> bool {
    instruction.code() == Code::Retnq && instruction.len() == 1
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ENTRY: ElfAddr = ElfAddr(0x40_1000);

    fn at(offsets: &[u64]) -> Vec<ElfAddr> {
        offsets.iter().map(|it| ElfAddr(ENTRY.0 + it)).collect()
    }

    #[test]
    fn every_ret_is_found_and_nothing_that_looks_like_one() {
        let code = [
            0x49, 0x3b, 0x66, 0x10, // cmp rsp, [r14+10h]
            0x76, 0x12, // jbe 18h
            0x55, // push rbp
            0x48, 0xc7, 0xc0, 0xc3, 0xc3, 0xc3, 0x43, // mov rax, 43c3c3c3h
            0x74, 0x02, // je +2
            0x5d, 0xc3, // pop rbp; ret
            0x31, 0xc0, 0x5d, 0xc3, // xor eax, eax; pop rbp; ret
            0xcc, 0xcc, // padding
            0xe8, 0xc3, 0x00, 0x00, 0x00, // call morestack
            0xeb, 0xe1, // jmp to the entry
            0xcc, 0xcc, 0xcc,
        ];
        let found = returns(&code, ENTRY).expect("found");
        assert_eq!(found.points, at(&[0x11, 0x15]));
        assert_eq!(found.jumps_out, []);
    }

    #[test]
    fn jumps_out_are_told() {
        // test eax, eax; jne +7fh; ret; jmp -80h
        let code = [0x85, 0xc0, 0x75, 0x7f, 0xc3, 0xeb, 0x80];
        let found = returns(&code, ENTRY).expect("found");
        assert_eq!(found.points, at(&[4]));
        assert_eq!(
            found.jumps_out,
            [ElfAddr(ENTRY.0 + 0x83), ElfAddr(ENTRY.0 - 0x79)]
        );
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for (code, expected) in [
            // jmp to itself
            (&[0xeb, 0xfe][..], ReturnError::Never),
            (&[], ReturnError::Never),
            // nop; an instruction that is cut off
            (&[0x90, 0x48], ReturnError::Undecodable { offset: 1 }),
            // ret 8
            (
                &[0xc2, 8, 0],
                ReturnError::OtherReturn {
                    instruction: "ret 8".to_owned(),
                },
            ),
        ] {
            assert_eq!(returns(code, ENTRY), Err(expected), "{code:x?}");
        }
    }

    /// An instruction with a byte of `ret` inside, or a `ret`.
    fn any_instruction() -> impl Strategy<Value = (Vec<u8>, bool)> {
        prop_oneof![
            Just((vec![0xc3], true)),
            Just((vec![0xcc], false)),
            Just((vec![0x48, 0x8b, 0xc3], false)),
            any::<u32>().prop_map(|value| {
                let immediate = value | 0xc3;
                ([&[0xb8][..], &immediate.to_le_bytes()].concat(), false)
            }),
            any::<u32>().prop_map(|displacement| {
                (
                    [&[0x48, 0x8d, 0x83][..], &displacement.to_le_bytes()].concat(),
                    false,
                )
            }),
        ]
    }

    proptest! {
        #[test]
        fn finds_those_and_only_those(instructions in prop::collection::vec(any_instruction(), 1..40)) {
            let (mut code, mut expected) = (Vec::new(), Vec::new());
            for (bytes, is_return) in instructions {
                if is_return {
                    expected.push(ElfAddr(ENTRY.0 + code.len() as u64));
                }
                code.extend(bytes);
            }
            match returns(&code, ENTRY) {
                Ok(found) => prop_assert_eq!(found.points, expected),
                Err(error) => {
                    prop_assert_eq!(error, ReturnError::Never);
                    prop_assert!(expected.is_empty());
                }
            }
        }

        #[test]
        fn never_panics(code in prop::collection::vec(any::<u8>(), 0..512), entry: u64) {
            if let Ok(found) = returns(&code, ElfAddr(entry)) {
                for at in found.points {
                    let index = at.0.wrapping_sub(entry) as usize;
                    prop_assert_eq!(code[index], 0xc3);
                }
            }
        }
    }
}
