//! Probes as perf events, one each, through the library.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;

use aya::Ebpf;
use aya::programs::uprobe::{UProbeAttachLocation, UProbeAttachPoint, UProbeScope};
use aya::programs::{ProgramError, UProbe};

use super::{Error, Probes, Scope, Site, again, is_permission};

/// Loads those programs that the sites name and that are not loaded yet.
pub(super) fn load(ebpf: &mut Ebpf, sites: &[(u32, Site)]) -> Result<(), Error> {
    let names: BTreeSet<_> = sites.iter().map(|(_, site)| site.program).collect();
    for name in names {
        let program = program(ebpf, name)?;
        if program.fd().is_err() {
            again::load(|| program.load(), errno_of)
                .map_err(|error| program_error(name, &error))?;
        }
    }
    Ok(())
}

/// Attaches each site; they come with their cookies.
pub(super) fn attach(
    ebpf: &mut Ebpf,
    exe: &Path,
    sites: &[(u32, Site)],
    scope: Scope,
) -> Result<Probes, Error> {
    let mut probes = Probes { links: Vec::new() };
    for (cookie, site) in sites {
        let uprobe = program(ebpf, site.program)?;
        let point = UProbeAttachPoint {
            location: UProbeAttachLocation::AbsoluteOffset(site.offset.0),
            cookie: Some(u64::from(*cookie)),
        };
        let scope = match scope {
            Scope::Process(pid) => UProbeScope::OneProcess(pid),
            Scope::EveryProcess => UProbeScope::AllProcesses,
        };
        let link = uprobe
            .attach(point, exe, scope)
            .and_then(|id| uprobe.take_link(id))
            .map_err(|error| attach_error(site, exe, &error))?;
        probes.links.push(Box::new(link));
    }
    Ok(probes)
}

fn program<'a>(ebpf: &'a mut Ebpf, name: &str) -> Result<&'a mut UProbe, Error> {
    ebpf.program_mut(name)
        .ok_or_else(|| Error::Prepare(format!("the object has no program {name}")))?
        .try_into()
        .map_err(|error: ProgramError| Error::Prepare(format!("{name}: {error}")))
}

fn errno_of(error: &ProgramError) -> Option<i32> {
    match error {
        ProgramError::LoadError { io_error, .. } => again::errno_of(io_error),
        _ => None,
    }
}

fn program_error(name: &str, error: &ProgramError) -> Error {
    if is_permission(error) {
        return Error::Permission {
            action: "load BPF programs",
        };
    }
    if again::is_interrupted(errno_of(error)) {
        return Error::Interrupted {
            program: name.to_owned(),
        };
    }
    Error::Program {
        program: name.to_owned(),
        reason: error.to_string(),
    }
}

fn attach_error(site: &Site, exe: &Path, error: &ProgramError) -> Error {
    if is_permission(error) {
        return Error::Permission {
            action: "attach uprobes",
        };
    }
    Error::Attach {
        program: site.program,
        offset: site.offset,
        path: exe.display().to_string(),
        source: io::Error::other(error.to_string()),
    }
}
