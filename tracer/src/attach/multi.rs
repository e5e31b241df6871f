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
use std::path::{Path, PathBuf};
use std::sync::Arc;

use aya::Ebpf;
use aya::maps::Map;
use aya_obj::generated::{bpf_attach_type, bpf_attr, bpf_cmd, bpf_insn, bpf_prog_type};
use aya_obj::{EbpfSectionKind, Object};

use super::{Error, OBJECT, Probes, Scope, Site, again};
use crate::addr::FileOffset;

/// Room for what the verifier has to say about a refused program.
const VERIFIER_LOG_BYTES: usize = 1 << 20;

/// The programs, relocated against the maps of one load.
pub(super) struct Prepared {
    license: CString,
    programs: HashMap<String, Vec<bpf_insn>>,
    loaded: HashMap<&'static str, Arc<OwnedFd>>,
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
            loaded: HashMap::new(),
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
        if again::is_interrupted(again::errno_of(&first)) {
            return Err(Error::Interrupted {
                program: name.to_owned(),
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
        again::load(|| bpf(bpf_cmd::BPF_PROG_LOAD, &mut attr), again::errno_of)
    }
}

/// Loaded programs with the places each goes to.
pub(super) struct Links {
    exe: PathBuf,
    path: CString,
    scope: Scope,
    programs: Vec<Program>,
}

/// A loaded program with the places it goes to.
struct Program {
    name: &'static str,
    program: Arc<OwnedFd>,
    offsets: Vec<u64>,
    cookies: Vec<u64>,
}

impl Prepared {
    /// Loads the programs that the sites name; sites come with their cookies.
    pub(super) fn links(
        &mut self,
        exe: &Path,
        sites: &[(u32, Site)],
        scope: Scope,
    ) -> Result<Links, Error> {
        let path = CString::new(exe.as_os_str().as_bytes())
            .map_err(|_| Error::Prepare(format!("{} holds a NUL byte", exe.display())))?;
        let mut by_program: BTreeMap<&'static str, (Vec<u64>, Vec<u64>)> = BTreeMap::new();
        for (cookie, site) in sites {
            let (offsets, cookies) = by_program.entry(site.program).or_default();
            offsets.push(site.offset.0);
            cookies.push(u64::from(*cookie));
        }
        self.load_all(by_program.keys().copied())?;
        let programs = by_program
            .into_iter()
            .map(|(name, (offsets, cookies))| Program {
                name,
                program: Arc::clone(&self.loaded[name]),
                offsets,
                cookies,
            })
            .collect();
        Ok(Links {
            exe: exe.to_owned(),
            path,
            scope,
            programs,
        })
    }

    /// Loads those programs that are not loaded yet. The verifier takes its time
    /// over each: they are loaded side by side.
    fn load_all(&mut self, names: impl Iterator<Item = &'static str>) -> Result<(), Error> {
        let missing: Vec<&'static str> = names
            .filter(|name| !self.loaded.contains_key(name))
            .collect();
        let this = &*self;
        let loaded = std::thread::scope(|scope| {
            let loading: Vec<_> = missing
                .iter()
                .map(|&name| scope.spawn(move || Ok((name, Arc::new(this.load(name)?)))))
                .collect();
            let joined = loading.into_iter().map(|thread| {
                thread
                    .join()
                    .unwrap_or_else(|_| Err(Error::Prepare("a thread that loads died".to_owned())))
            });
            joined.collect::<Result<Vec<_>, Error>>()
        })?;
        self.loaded.extend(loaded);
        Ok(())
    }
}

impl Links {
    pub(super) fn is_empty(&self) -> bool {
        self.programs.is_empty()
    }

    /// Puts all probes on, one link per program.
    pub(super) fn on(&self) -> Result<Probes, Error> {
        let mut links: Vec<Box<dyn Send>> = Vec::new();
        for program in &self.programs {
            let link = link(program, &self.path, self.scope).map_err(|source| {
                attach_error(program.name, &program.offsets, &self.exe, source)
            })?;
            links.push(Box::new(link));
        }
        Ok(Probes { links })
    }
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

fn link(program: &Program, path: &CString, scope: Scope) -> io::Result<OwnedFd> {
    let mut attr = zeroed_attr();
    // SAFETY: every member of the union is plain integers, so any of them may
    // be borrowed from zeroed memory.
    let create = unsafe { &mut attr.link_create };
    create.__bindgen_anon_1.prog_fd = program.program.as_raw_fd() as u32;
    create.attach_type = bpf_attach_type::BPF_TRACE_UPROBE_MULTI as u32;
    // SAFETY: as above.
    let multi = unsafe { &mut create.__bindgen_anon_3.uprobe_multi };
    multi.path = path.as_ptr() as u64;
    multi.offsets = program.offsets.as_ptr() as u64;
    multi.cookies = program.cookies.as_ptr() as u64;
    multi.cnt = program.offsets.len() as u32;
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

pub(super) fn descriptor(map: &Map) -> Result<RawFd, Error> {
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
