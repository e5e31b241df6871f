//! Each form of a function's start, as bytes.

use proptest::prelude::*;

use super::*;

const ENTRY: ElfAddr = ElfAddr(0x40_1000);

/// A function: a start, `ret`, then the tail that the stack check leads to:
/// a call of `morestack` and a jump back to the entry.
fn with_tail(start: &[u8]) -> Vec<u8> {
    let mut code = start.to_vec();
    code.push(0xc3);
    code.extend([0xe8, 0, 1, 0, 0]);
    let back = -(code.len() as i64 + 5) as i32;
    code.push(0xe9);
    code.extend(back.to_le_bytes());
    code
}

fn point(code: &[u8]) -> ProbePoint {
    probe_point(code, ENTRY).unwrap()
}

#[test]
fn small_frame_short_branch() {
    // cmp rsp,[r14+10h]; jbe +5; push rbp; mov rbp,rsp; pop rbp; ret
    let code = with_tail(&[
        0x49, 0x3b, 0x66, 0x10, 0x76, 6, 0x55, 0x48, 0x89, 0xe5, 0x5d,
    ]);
    let point = point(&code);
    assert_eq!(point.instruction, ProbeInstruction::Jbe);
    assert_eq!(point.at, ElfAddr(0x40_1004));
    assert_eq!(point.offset_in_function, 4);
    assert!(point.tests_flags());
    assert_eq!(point.instruction.cost(), Cost::Emulated);
}

#[test]
fn small_frame_long_branch_of_go_1_19() {
    // cmp rsp,[r14+10h]; jbe near; sub rsp,18h; add rsp,18h
    let code = with_tail(&[
        0x49, 0x3b, 0x66, 0x10, 0x0f, 0x86, 9, 0, 0, 0, 0x48, 0x83, 0xec, 0x18, 0x48, 0x83, 0xc4,
        0x18,
    ]);
    assert_eq!(point(&code).offset_in_function, 4);
    assert!(point(&code).tests_flags());
}

#[test]
fn big_frame() {
    // lea r12,[rsp-10h]; cmp r12,[r14+10h]; jbe near; push rbp
    let short = [
        0x4c, 0x8d, 0x64, 0x24, 0xf0, 0x4d, 0x3b, 0x66, 0x10, 0x0f, 0x86, 1, 0, 0, 0, 0x55,
    ];
    assert_eq!(point(&with_tail(&short)).offset_in_function, 9);
    // The same with a four-byte displacement.
    let long = [
        0x4c, 0x8d, 0xa4, 0x24, 0x48, 0xff, 0xff, 0xff, 0x4d, 0x3b, 0x66, 0x10, 0x0f, 0x86, 1, 0,
        0, 0, 0x55,
    ];
    assert_eq!(point(&with_tail(&long)).offset_in_function, 12);
}

#[test]
fn huge_frame() {
    // mov r12,rsp; sub r12,12345h; jb near; cmp r12,[r14+10h]; jbe near; push rbp
    let code = with_tail(&[
        0x49, 0x89, 0xe4, 0x49, 0x81, 0xec, 0x45, 0x23, 0x01, 0x00, 0x0f, 0x82, 11, 0, 0, 0, 0x4d,
        0x3b, 0x66, 0x10, 0x0f, 0x86, 1, 0, 0, 0, 0x55,
    ]);
    assert_eq!(point(&code).offset_in_function, 20);
    assert!(point(&code).tests_flags());
}

#[test]
fn function_of_the_system_stack_checks_the_other_guard() {
    let code = with_tail(&[0x49, 0x3b, 0x66, 0x18, 0x76, 1, 0x55]);
    assert_eq!(point(&code).offset_in_function, 4);
}

#[test]
fn no_stack_check() {
    // push rbp; mov rbp,rsp; pop rbp; ret
    let push = point(&[0x55, 0x48, 0x89, 0xe5, 0x5d, 0xc3]);
    assert_eq!((push.instruction, push.at), (ProbeInstruction::Push, ENTRY));
    assert!(!push.tests_flags());
    // sub rsp,18h; add rsp,18h; ret
    let sub = point(&[0x48, 0x83, 0xec, 0x18, 0x48, 0x83, 0xc4, 0x18, 0xc3]);
    assert_eq!(sub.instruction, ProbeInstruction::Sub);
    assert_eq!(sub.instruction.cost(), Cost::SingleStepped);
    // mov rax,[rip+100h]; ret: rip-relative is fine.
    let other = point(&[0x48, 0x8b, 0x05, 0, 1, 0, 0, 0xc3]);
    assert_eq!(other.instruction, ProbeInstruction::Other);
}

#[test]
fn a_call_of_itself_is_no_jump_back() {
    // push rbp; call entry; pop rbp; ret
    let code = [0x55, 0xe8, 0xfa, 0xff, 0xff, 0xff, 0x5d, 0xc3];
    assert_eq!(point(&code).instruction, ProbeInstruction::Push);
    assert_eq!(call_targets(&code, ENTRY).collect::<Vec<_>>(), [ENTRY]);
}

#[test]
fn an_unknown_stack_check_is_not_taken_for_none() {
    // Old ABI: mov rcx,fs:[-8]; cmp rsp,[rcx+10h]; jbe; push rbp
    let code = with_tail(&[
        0x64, 0x48, 0x8b, 0x0c, 0x25, 0xf8, 0xff, 0xff, 0xff, 0x48, 0x3b, 0x61, 0x10, 0x76, 1, 0x55,
    ]);
    let error = probe_point(&code, ENTRY).unwrap_err();
    assert!(
        matches!(error, PrologueError::UnknownStackCheck { .. }),
        "{error}"
    );
}

#[test]
fn check_without_its_branch() {
    // cmp rsp,[r14+10h]; ja +1 instead of jbe
    let code = with_tail(&[0x49, 0x3b, 0x66, 0x10, 0x77, 1, 0x55]);
    let error = probe_point(&code, ENTRY).unwrap_err();
    assert!(
        matches!(error, PrologueError::CheckWithoutBranch { .. }),
        "{error}"
    );
}

#[test]
fn branch_that_leaves_the_function() {
    for displacement in [0x7f_u8, 0xf0] {
        let code = with_tail(&[0x49, 0x3b, 0x66, 0x10, 0x76, displacement, 0x55]);
        let error = probe_point(&code, ENTRY).unwrap_err();
        assert!(
            matches!(error, PrologueError::BranchLeavesFunction { .. }),
            "{error}"
        );
    }
}

#[test]
fn instruction_that_is_jumped_back_to() {
    // cmp rsp,[r14+10h]; jbe +3; push rbp; jmp back to the jbe
    let code = with_tail(&[0x49, 0x3b, 0x66, 0x10, 0x76, 3, 0x55, 0xeb, 0xfb]);
    let error = probe_point(&code, ENTRY).unwrap_err();
    assert_eq!(
        error,
        PrologueError::JumpedTo {
            at: ElfAddr(0x40_1004)
        }
    );
}

#[test]
fn instructions_the_kernel_refuses() {
    for code in [
        &[0xcc_u8, 0xc3][..],            // int3
        &[0xf0, 0x48, 0xff, 0x00, 0xc3], // lock inc [rax]
        &[0xf0, 0x48, 0x01, 0x08, 0xc3], // lock add [rax],rcx
        &[0x2e, 0x48, 0x89, 0x08, 0xc3], // cs mov [rax],rcx
        &[0x8e, 0xd0, 0xc3],             // mov ss,eax
        &[0xf4],                         // hlt
        &[0xe6, 0x10, 0xc3],             // out 10h,al
        &[0xe8, 0, 0, 0, 0, 0xc3],       // call
        &[0xc5, 0xf8, 0x10, 0x00, 0xc3], // vmovups: not plain enough
    ] {
        let error = probe_point(code, ENTRY).unwrap_err();
        assert!(
            matches!(error, PrologueError::Refused { .. }),
            "{code:x?}: {error}"
        );
    }
}

#[test]
fn code_that_ends_too_early() {
    for code in [
        &[][..],
        &[0x49, 0x3b],
        &[0x49, 0x3b, 0x66, 0x10],
        &[0x49, 0x3b, 0x66, 0x10, 0x0f],
    ] {
        let error = probe_point(code, ENTRY).unwrap_err();
        assert!(
            matches!(error, PrologueError::Undecodable { .. }),
            "{code:x?}: {error}"
        );
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(code in proptest::collection::vec(any::<u8>(), 0..200), entry: u64) {
        if let Ok(point) = probe_point(&code, ElfAddr(entry)) {
            prop_assert!(point.offset_in_function < code.len() as u64);
        }
        let _ = call_targets(&code, ElfAddr(entry)).count();
    }

    #[test]
    fn one_wrong_byte_never_panics(at in 0_usize..28, byte: u8, end in 0_usize..40, entry: u64) {
        let mut code = with_tail(&[
            0x49, 0x89, 0xe4, 0x49, 0x81, 0xec, 0x45, 0x23, 0x01, 0x00, 0x0f, 0x82, 11, 0, 0, 0,
            0x4d, 0x3b, 0x66, 0x10, 0x0f, 0x86, 1, 0, 0, 0, 0x55,
        ]);
        code[at] = byte;
        code.truncate(end);
        let _ = probe_point(&code, ElfAddr(entry));
    }
}
