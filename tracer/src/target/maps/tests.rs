use proptest::prelude::*;

use super::*;
use crate::addr::ElfAddr;

const MAPS: &[u8] = b"\
55d0c0000000-55d0c0002000 r--p 00000000 fe:00 247030                     /srv/my app
55d0c0002000-55d0c0007000 r-xp 00002000 fe:00 247030                     /srv/my app
55d0c0007000-55d0c000a000 rw-p 00007000 fe:00 247030                     /srv/my app
55d0c000a000-55d0c002b000 rw-p 00000000 00:00 0                          [heap]
7f0000000000-7f0000002000 r-xp 00000000 103:1f 9                         /lib/\xff.so (deleted)
7f0000004000-7f0000005000 r--p 00000000 103:1f 10                        /SYSVx
7f0000005000-7f0000006000 rw-p 00000000 00:00 0 
7f0000006000-7f0000007000 r-xp 00000000 00:00 0                          [vdso]
";

const EXE: FileId = FileId {
    device: 0xfe00,
    inode: 247_030,
};

#[test]
fn groups_mappings_by_file() {
    let maps = Maps::parse(MAPS).unwrap();
    let [exe, library, other] = maps.files() else {
        panic!("{maps:?}")
    };
    assert_eq!(
        (exe.file, exe.path.as_path()),
        (EXE, Path::new("/srv/my app"))
    );
    assert_eq!(exe.mappings.len(), 3);
    assert_eq!(exe.mappings[1].offset, FileOffset(0x2000));
    assert!(exe.mappings[1].executable && !exe.mappings[2].executable);
    assert_eq!(
        library.path.as_os_str().as_bytes(),
        b"/lib/\xff.so (deleted)"
    );
    assert_eq!(library.file.device, rustix::fs::makedev(0x103, 0x1f));
    assert_eq!(other.path, Path::new("/SYSVx"));
    assert_eq!(maps.file_at(ProcAddr(0x55d0_c000_6fff)), Some(exe));
    assert_eq!(maps.file_at(ProcAddr(0x7f00_0000_2000)), None);
}

#[test]
fn finds_the_executable_by_identity_or_else_by_name() {
    let maps = Maps::parse(MAPS).unwrap();
    let wrong = Path::new("/elsewhere");
    let other_device = FileId { device: 1, ..EXE };
    assert_eq!(maps.exe_of(EXE, wrong).map(|file| file.file), Some(EXE));
    assert_eq!(
        maps.exe_of(other_device, Path::new("/srv/my app"))
            .map(|f| f.file),
        Some(EXE)
    );
    assert_eq!(maps.exe_of(other_device, wrong), None);
}

#[test]
fn the_bias_is_that_of_the_executable_mappings() {
    let mut exe = Maps::parse(MAPS).unwrap().files()[0].clone();
    let by_offset = |offset: FileOffset, start: ProcAddr| Some(LoadBias(start.0 - offset.0));
    assert_eq!(exe.load_bias(by_offset), Some(LoadBias(0x55d0_c000_0000)));
    assert_eq!(exe.load_bias(|_, _| None), None);
    let asked_for = |offset, start| {
        assert_eq!(
            (offset, start),
            (FileOffset(0x2000), ProcAddr(0x55d0_c000_2000))
        );
        None
    };
    assert_eq!(exe.load_bias(asked_for), None);

    // The same code mapped a second time elsewhere.
    let code = exe.mappings[1];
    let (start, end) = (
        ProcAddr(code.start.0 + 0x10_0000),
        ProcAddr(code.end.0 + 0x10_0000),
    );
    exe.mappings.push(Mapping { start, end, ..code });
    assert_eq!(exe.load_bias(by_offset), None);
}

#[test]
fn a_bad_line_is_named() {
    for (text, line) in [
        (&b"x"[..], 1),
        (b"1000-2000 r-xp 0 0:0 0\n1000-2000 r", 2),
        (b"2000-1000 r-xp 0 0:0 0", 1),
        (b"1000-2000 r-xp 0 0:0 x", 1),
        (b"1000-2000 rx 0 0:0 0", 1),
        (b"10000000000000000-2 r-xp 0 0:0 0", 1),
    ] {
        assert_eq!(Maps::parse(text), Err(MalformedLine { line }), "{text:?}");
    }
    assert_eq!(Maps::parse(b""), Ok(Maps::default()));
}

#[test]
fn reads_this_process() {
    use object::read::elf::{FileHeader, ProgramHeader};
    use object::{Endianness, elf};

    let process = Process::open(std::process::id()).unwrap();
    let maps = process.maps().unwrap();
    let exe = maps.exe(&process).unwrap();
    let data = fs::read(process.exe_file()).unwrap();
    let header = elf::FileHeader64::<Endianness>::parse(&*data).unwrap();
    let endian = header.endian().unwrap();
    let loads = header.program_headers(endian, &*data).unwrap().iter();
    let code = loads
        .filter(|program| program.p_type(endian) == elf::PT_LOAD)
        .find(|program| program.p_flags(endian) & elf::PF_X != elf::ProgramFlags(0))
        .unwrap();
    let (offset, address) = (code.p_offset(endian), code.p_vaddr(endian));
    let bias = exe
        .load_bias(|mapped, start| {
            let mapped_address = ElfAddr(address.wrapping_add(mapped.0).wrapping_sub(offset));
            Some(LoadBias::between(mapped_address, start))
        })
        .unwrap();

    // The bytes in memory are those of the file.
    let mut bytes = [0; 64];
    let code_start = ElfAddr(address).in_process(bias);
    process
        .memory()
        .unwrap()
        .read_exact_at(code_start, &mut bytes)
        .unwrap();
    let at = usize::try_from(offset).unwrap();
    assert_eq!(&bytes, &data[at..at + 64]);

    let library = maps.libraries(&process).next().unwrap();
    assert_ne!(library.file, process.exe_id());
    let opened = library.open(&process).unwrap();
    assert_eq!(opened.metadata().unwrap().ino(), library.file.inode);
}

#[test]
fn a_replaced_library_is_not_opened_by_name() {
    let process = Process::open(std::process::id()).unwrap();
    let exe = process.maps().unwrap().exe(&process).unwrap().clone();
    let replaced = MappedFile {
        file: FileId {
            inode: exe.file.inode ^ 1,
            ..exe.file
        },
        ..exe
    };
    assert!(replaced.open(&process).is_none());
}

proptest! {
    #[test]
    fn survives_any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = Maps::parse(&bytes);
    }

    #[test]
    fn survives_mutations(at in 0..MAPS.len(), byte in any::<u8>(), cut in 0..MAPS.len()) {
        let mut text = MAPS.to_vec();
        text[at] = byte;
        let _ = Maps::parse(&text);
        text.truncate(cut);
        let _ = Maps::parse(&text);
    }

    #[test]
    fn reads_what_the_kernel_writes(
        start in 0..u64::MAX, len in 1..u64::MAX, offset: u64, major in 0..4096_u32,
        minor in 0..1_048_576_u32, inode in 1..u64::MAX, executable: bool,
        name in proptest::collection::vec(any::<u8>().prop_filter("escaped", |b| *b != b'\n'), 0..20),
    ) {
        let end = start.saturating_add(len);
        let flag = if executable { 'x' } else { '-' };
        // The column width of show_vma_header_prefix, Linux fs/proc/task_mmu.c.
        let head = format!("{start:08x}-{end:08x} r-{flag}p {offset:08x} {major:02x}:{minor:02x} {inode} ");
        let mut line = format!("{head:73}/").into_bytes();
        line.extend(&name);
        let maps = Maps::parse(&line).unwrap();
        let file = &maps.files()[0];
        let device = rustix::fs::makedev(major, minor);
        prop_assert_eq!(file.file, FileId { device, inode });
        prop_assert_eq!(&file.path.as_os_str().as_bytes()[1..], &name);
        prop_assert_eq!(&file.mappings, &[Mapping {
            start: ProcAddr(start), end: ProcAddr(end), offset: FileOffset(offset), executable,
        }]);
    }
}
