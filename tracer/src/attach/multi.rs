//! Probes behind `uprobe_multi` links, one link per program.
//!
//! The library does not know this way of attaching yet, so the two calls of
//! bpf(2) are made here: BPF_PROG_LOAD with the attach type that such a link
//! wants, and BPF_LINK_CREATE with all offsets and cookies at once
//! (linux 6.6 include/uapi/linux/bpf.h:1656, kernel/trace/bpf_trace.c:3160).
//! Parsing and relocating the object stay with the library.

use std::collections::{BTreeMap, HashMap};
use std::ffi::CString;
use std::io;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use aya::Ebpf;
use aya::maps::Map;
use aya_obj::generated::{bpf_attach_type, bpf_attr, bpf_cmd, bpf_insn, bpf_prog_type};
use aya_obj::{EbpfSectionKind, Object};

use super::{Error, OBJECT, Probes, Scope, Site};
use crate::addr::FileOffset;

/// Room for what the verifier has to say about a refused program.
const VERIFIER_LOG_BYTES: usize = 1 << 20;

/// The programs, relocated against the maps of one load.
pub(super) struct Prepared {
    license: CString,
    programs: HashMap<String, Vec<bpf_insn>>,
}

impl Prepared {
    /// Parses the object a second time and points it at the maps that the
    /// library has created from the first.
    pub(super) fn new(ebpf: &Ebpf) -> Result<Self, Error> {
        let prepare = |error: &dyn std::fmt::Display| Error::Prepare(error.to_string());
        let mut object = Object::parse(OBJECT).map_err(|error| prepare(&error))?;
        let maps = std::mem::take(&mut object.maps);
        let mut descriptors = Vec::new();
        for (name, map) in &maps {
            match ebpf.map(name) {
                Some(loaded) => descriptors.push((name.as_str(), descriptor(loaded)?, map)),
                // Sections that no program refers to are not loaded.
                None if map.section_kind() != EbpfSectionKind::Maps => {}
                None => return Err(Error::Prepare(format!("map {name} was not created"))),
            }
        }
        let text_sections = object
            .functions
            .keys()
            .map(|(section, _)| *section)
            .collect();
        object
            .relocate_maps(descriptors.into_iter(), &text_sections)
            .map_err(|error| prepare(&error))?;
        object
            .relocate_calls(&text_sections)
            .map_err(|error| prepare(&error))?;
        object.sanitize_functions(aya::features());
        let programs = object
            .programs
            .iter()
            .filter_map(|(name, program)| {
                let function = object.functions.get(&program.function_key())?;
                Some((name.clone(), function.instructions.clone()))
            })
            .collect();
        Ok(Self {
            license: object.license.clone(),
            programs,
        })
    }

    /// Loads one program for this way of attaching.
    fn load(&self, name: &str) -> Result<OwnedFd, Error> {
        let instructions = self
            .programs
            .get(name)
            .ok_or_else(|| Error::Prepare(format!("the object has no program {name}")))?;
        let first = match self.load_program(instructions, &mut []) {
            Ok(program) => return Ok(program),
            Err(error) => error,
        };
        if first.kind() == io::ErrorKind::PermissionDenied && !rustix::process::geteuid().is_root()
        {
            return Err(Error::Permission {
                action: "load BPF programs",
            });
        }
        let mut log = vec![0; VERIFIER_LOG_BYTES];
        match self.load_program(instructions, &mut log) {
            Ok(program) => Ok(program),
            Err(_) => Err(Error::Program {
                program: name.to_owned(),
                reason: format!("{first}\n{}", last_words(&log)),
            }),
        }
    }

    fn load_program(&self, instructions: &[bpf_insn], log: &mut [u8]) -> io::Result<OwnedFd> {
        let mut attr = zeroed_attr();
        // SAFETY: every member of the union is plain integers, so any of them
        // may be borrowed from zeroed memory.
        let load = unsafe { &mut attr.__bindgen_anon_3 };
        load.prog_type = bpf_prog_type::BPF_PROG_TYPE_KPROBE as u32;
        load.expected_attach_type = bpf_attach_type::BPF_TRACE_UPROBE_MULTI as u32;
        load.insns = instructions.as_ptr() as u64;
        load.insn_cnt = instructions.len() as u32;
        load.license = self.license.as_ptr() as u64;
        if !log.is_empty() {
            load.log_level = 1;
            load.log_buf = log.as_mut_ptr() as u64;
            load.log_size = log.len() as u32;
        }
        bpf(bpf_cmd::BPF_PROG_LOAD, &mut attr)
    }
}

/// Loads the programs that the sites name and links each to all its sites.
pub(super) fn attach(
    prepared: &Prepared,
    exe: &Path,
    sites: &[Site],
    scope_of_hits: Scope,
) -> Result<Probes, Error> {
    let mut by_program: BTreeMap<&'static str, (Vec<u64>, Vec<u64>)> = BTreeMap::new();
    for (cookie, site) in (0u64..).zip(sites) {
        let (offsets, cookies) = by_program.entry(site.program).or_default();
        offsets.push(site.offset.0);
        cookies.push(cookie);
    }
    let path = CString::new(exe.as_os_str().as_bytes())
        .map_err(|_| Error::Prepare(format!("{} holds a NUL byte", exe.display())))?;
    // The verifier takes its time over each program: they are loaded side by side.
    let links = std::thread::scope(|scope| {
        let attaching: Vec<_> = by_program
            .iter()
            .map(|(name, (offsets, cookies))| {
                let path = &path;
                scope.spawn(move || {
                    let program = prepared.load(name)?;
                    link(&program, path, offsets, cookies, scope_of_hits)
                        .map_err(|source| attach_error(name, offsets, exe, source))
                })
            })
            .collect();
        let joined = attaching.into_iter().map(|thread| {
            thread
                .join()
                .unwrap_or_else(|_| Err(Error::Prepare("a thread that attaches died".to_owned())))
        });
        joined.collect::<Result<Vec<OwnedFd>, Error>>()
    })?;
    Ok(Probes {
        links: links
            .into_iter()
            .map(|link| -> Box<dyn Send> { Box::new(link) })
            .collect(),
    })
}

fn attach_error(program: &'static str, offsets: &[u64], exe: &Path, source: io::Error) -> Error {
    if source.kind() == io::ErrorKind::PermissionDenied {
        return Error::Permission {
            action: "attach uprobes",
        };
    }
    Error::Attach {
        program,
        offset: FileOffset(offsets.first().copied().unwrap_or_default()),
        path: exe.display().to_string(),
        source,
    }
}

fn link(
    program: &OwnedFd,
    path: &CString,
    offsets: &[u64],
    cookies: &[u64],
    scope: Scope,
) -> io::Result<OwnedFd> {
    let mut attr = zeroed_attr();
    // SAFETY: every member of the union is plain integers, so any of them may
    // be borrowed from zeroed memory.
    let create = unsafe { &mut attr.link_create };
    create.__bindgen_anon_1.prog_fd = program.as_raw_fd() as u32;
    create.attach_type = bpf_attach_type::BPF_TRACE_UPROBE_MULTI as u32;
    // SAFETY: as above.
    let multi = unsafe { &mut create.__bindgen_anon_3.uprobe_multi };
    multi.path = path.as_ptr() as u64;
    multi.offsets = offsets.as_ptr() as u64;
    multi.cookies = cookies.as_ptr() as u64;
    multi.cnt = offsets.len() as u32;
    multi.pid = match scope {
        Scope::Process(pid) => pid.get(),
        Scope::EveryProcess => 0,
    };
    bpf(bpf_cmd::BPF_LINK_CREATE, &mut attr)
}

fn zeroed_attr() -> bpf_attr {
    // SAFETY: `bpf_attr` is a union of structs of plain integers, for which
    // zero is a value; the kernel wants unused fields to be zero.
    unsafe { std::mem::zeroed() }
}

/// Makes a bpf(2) call that returns a new descriptor.
fn bpf(command: bpf_cmd, attr: &mut bpf_attr) -> io::Result<OwnedFd> {
    // SAFETY: `attr` is a whole, initialised `bpf_attr`; the buffers whose
    // addresses it holds are borrowed by the callers across this call.
    let result = unsafe {
        libc::syscall(
            libc::SYS_bpf,
            command as libc::c_long,
            std::ptr::from_mut(attr),
            size_of::<bpf_attr>(),
        )
    };
    let descriptor = RawFd::try_from(result).map_err(io::Error::other)?;
    if descriptor < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the call succeeded, so the descriptor is open and nobody
    // else's; both commands in use set close-on-exec.
    Ok(unsafe { OwnedFd::from_raw_fd(descriptor) })
}

fn descriptor(map: &Map) -> Result<RawFd, Error> {
    let data = match map {
        Map::Array(data)
        | Map::HashMap(data)
        | Map::LruHashMap(data)
        | Map::PerCpuArray(data)
        | Map::PerCpuHashMap(data)
        | Map::PerfEventArray(data)
        | Map::RingBuf(data) => data,
        other => {
            return Err(Error::Prepare(format!(
                "map of an unexpected type: {other:?}"
            )));
        }
    };
    Ok(data.fd().as_fd().as_raw_fd())
}

/// The end of the verifier's log, where it says what it did not like.
fn last_words(log: &[u8]) -> String {
    let text: Vec<u8> = log.iter().copied().take_while(|&byte| byte != 0).collect();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<_> = text.lines().collect();
    lines[lines.len().saturating_sub(12)..].join("\n")
}
