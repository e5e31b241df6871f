//! From facts to verdicts.

use super::{Capability, Check, Facts, KernelVersion, Lockdown, Status};
use crate::target::setcap_command;

/// Attach cookies: `bpf_get_attach_cookie` came with Linux 5.15.
const OLDEST_KERNEL: KernelVersion = KernelVersion::new(5, 15);

/// From 6.10 on the PID filter of `uprobe_multi` looks at the whole process.
const UPROBE_MULTI_KERNEL: KernelVersion = KernelVersion::new(6, 10);

/// Before 5.11 BPF maps counted against the limit on locked memory.
const MEMCG_KERNEL: KernelVersion = KernelVersion::new(5, 11);

/// Judges what was found, most fundamental first.
#[must_use]
pub fn checks(facts: &Facts) -> Vec<Check> {
    let kernel = facts.release.parse::<KernelVersion>().ok();
    let mut checks = vec![
        architecture(facts),
        kernel_version(facts, kernel),
        uprobe_multi(kernel),
        uprobes(facts),
        jit(facts),
        btf(facts),
        lockdown(facts),
        user_namespace(facts),
        pid_namespace(facts),
    ];
    checks.extend(capabilities(facts));
    checks.push(paranoia(facts));
    checks.push(unprivileged_bpf(facts));
    checks.extend(memlock(facts, kernel));
    checks
}

fn architecture(facts: &Facts) -> Check {
    match facts.machine.as_str() {
        machine @ "x86_64" => Check::ok("architecture", machine),
        machine => Check::not_ok(
            "architecture",
            Status::Fail,
            machine,
            "run goalloc and its target on x86-64",
        ),
    }
}

fn kernel_version(facts: &Facts, kernel: Option<KernelVersion>) -> Check {
    match kernel {
        Some(version) if version >= OLDEST_KERNEL => Check::ok("kernel", &facts.release),
        Some(_) => Check::not_ok(
            "kernel",
            Status::Fail,
            &facts.release,
            format!("boot Linux {OLDEST_KERNEL} or later (attach cookies)"),
        ),
        None => Check::not_ok(
            "kernel",
            Status::Warn,
            format!("{}: a release of unknown form", facts.release),
            format!("make sure that it is Linux {OLDEST_KERNEL} or later"),
        ),
    }
}

fn uprobe_multi(kernel: Option<KernelVersion>) -> Check {
    let found = match kernel {
        Some(version) if version >= UPROBE_MULTI_KERNEL => "all probes go on and off at once",
        _ => "probes go on and off one by one (uprobe_multi needs Linux 6.10)",
    };
    Check::ok("uprobe_multi", found)
}

fn uprobes(facts: &Facts) -> Check {
    if facts.has_uprobe_pmu {
        return Check::ok("uprobes", "there");
    }
    Check::not_ok(
        "uprobes",
        Status::Fail,
        "/sys/bus/event_source/devices/uprobe is missing",
        "mount sysfs (`mount -t sysfs sysfs /sys`), or use a kernel with CONFIG_UPROBE_EVENTS",
    )
}

fn jit(facts: &Facts) -> Check {
    match facts.jit_enabled {
        Some(true) => Check::ok("BPF JIT", "on"),
        Some(false) => Check::not_ok(
            "BPF JIT",
            Status::Warn,
            "off: every hit costs several times more",
            "sudo sysctl net.core.bpf_jit_enable=1",
        ),
        // Only root may read it; distributions have it on.
        None => Check::ok("BPF JIT", "not readable"),
    }
}

fn btf(facts: &Facts) -> Check {
    // No program of goalloc's looks into kernel structures.
    Check::ok(
        "BTF",
        if facts.has_btf {
            "there"
        } else {
            "missing, not needed"
        },
    )
}

fn lockdown(facts: &Facts) -> Check {
    match facts.lockdown {
        Lockdown::None => Check::ok("lockdown", "none"),
        Lockdown::Integrity => Check::ok("lockdown", "integrity"),
        Lockdown::Confidentiality => Check::not_ok(
            "lockdown",
            Status::Warn,
            "confidentiality: the kernel may refuse BPF programs",
            "if the programs below do not load, boot with `lockdown=integrity`",
        ),
    }
}

fn user_namespace(facts: &Facts) -> Check {
    if facts.in_initial_user_namespace {
        return Check::ok("user namespace", "initial");
    }
    Check::not_ok(
        "user namespace",
        Status::Fail,
        "not the initial one: capabilities do not count here",
        "run goalloc on the host, or in a container that is not rootless",
    )
}

fn pid_namespace(facts: &Facts) -> Check {
    if facts.in_initial_pid_namespace {
        return Check::ok("PID namespace", "initial");
    }
    Check::not_ok(
        "PID namespace",
        Status::Warn,
        "not the initial one: only processes of this container can be seen",
        "run goalloc on the host, or start the container with `--pid=host`",
    )
}

/// One check for each thing that takes a privilege.
fn capabilities(facts: &Facts) -> impl Iterator<Item = Check> {
    use Capability::{Bpf, DacOverride, DacReadSearch, Perfmon, SysAdmin, SysPtrace};
    let needs: [(&'static str, &[Capability], Status, &str); 4] = [
        (
            "CAP_BPF",
            &[Bpf, SysAdmin],
            Status::Fail,
            "cannot load BPF programs",
        ),
        (
            "CAP_PERFMON",
            &[Perfmon, SysAdmin],
            Status::Fail,
            "cannot attach probes",
        ),
        (
            "CAP_SYS_PTRACE",
            &[SysPtrace],
            Status::Warn,
            "cannot read other users' processes",
        ),
        (
            "CAP_DAC_READ_SEARCH",
            &[DacReadSearch, DacOverride],
            Status::Warn,
            "cannot read executables that are closed to this user",
        ),
    ];
    let held = facts.capabilities;
    needs
        .into_iter()
        .map(move |(name, any_of, status, without)| {
            match any_of.iter().find(|&&one| held.has(one)) {
                Some(&one) if one.to_string() == name => Check::ok(name, "effective"),
                Some(other) => Check::ok(name, format!("by {other}")),
                None => Check::not_ok(
                    name,
                    status,
                    without,
                    format!("run as root, or once `{}`", setcap_command()),
                ),
            }
        })
}

fn paranoia(facts: &Facts) -> Check {
    let name = "perf_event_paranoid";
    let Some(level) = facts.perf_event_paranoid else {
        return Check::not_ok(
            name,
            Status::Warn,
            "not there: this kernel may lack perf events",
            "mount /proc, or use a kernel with CONFIG_PERF_EVENTS",
        );
    };
    // Uprobes need CAP_PERFMON at every level; with it no level keeps them out.
    Check::ok(name, format!("{level}, no matter with CAP_PERFMON"))
}

fn unprivileged_bpf(facts: &Facts) -> Check {
    let found = match facts.unprivileged_bpf_disabled {
        Some(level) => format!("{level}, no matter with CAP_BPF"),
        None => "not readable".to_owned(),
    };
    Check::ok("unprivileged_bpf_disabled", found)
}

fn memlock(facts: &Facts, kernel: Option<KernelVersion>) -> Option<Check> {
    /// Tables of the default size, and room.
    const NEEDED_BYTES: u64 = 256 << 20;
    if kernel.is_none_or(|version| version >= MEMCG_KERNEL) {
        return None;
    }
    let may_raise = facts.capabilities.has(Capability::SysResource);
    Some(match facts.memlock_bytes {
        Some(bytes) if bytes < NEEDED_BYTES && !may_raise => Check::not_ok(
            "locked memory",
            Status::Fail,
            format!("{bytes} bytes"),
            "ulimit -l unlimited",
        ),
        Some(bytes) => Check::ok("locked memory", format!("{bytes} bytes")),
        None => Check::ok("locked memory", "unlimited"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::CapabilitySet;

    fn fine() -> Facts {
        Facts {
            machine: "x86_64".to_owned(),
            release: "6.12.1".to_owned(),
            has_uprobe_pmu: true,
            jit_enabled: Some(true),
            has_btf: true,
            perf_event_paranoid: Some(2),
            unprivileged_bpf_disabled: Some(2),
            lockdown: Lockdown::None,
            capabilities: CapabilitySet(u64::MAX),
            memlock_bytes: Some(8 << 20),
            in_initial_user_namespace: true,
            in_initial_pid_namespace: true,
        }
    }

    fn status_of(facts: &Facts, name: &str) -> Status {
        let checks = checks(facts);
        checks
            .iter()
            .find(|check| check.name == name)
            .unwrap()
            .status
    }

    #[test]
    fn nothing_is_wrong_with_a_good_machine() {
        for check in checks(&fine()) {
            assert_eq!(
                (check.status, &check.cure),
                (Status::Ok, &None),
                "{check:?}"
            );
        }
    }

    #[test]
    fn each_flaw_is_found_and_has_a_cure() {
        type Break = fn(&mut Facts);
        let flaws: [(&str, Status, Break); 12] = [
            ("architecture", Status::Fail, |f| {
                f.machine = "aarch64".to_owned();
            }),
            ("kernel", Status::Fail, |f| {
                f.release = "5.10.0-1".to_owned();
            }),
            ("kernel", Status::Warn, |f| f.release = "tip".to_owned()),
            ("uprobes", Status::Fail, |f| f.has_uprobe_pmu = false),
            ("BPF JIT", Status::Warn, |f| f.jit_enabled = Some(false)),
            ("lockdown", Status::Warn, |f| {
                f.lockdown = Lockdown::Confidentiality;
            }),
            ("user namespace", Status::Fail, |f| {
                f.in_initial_user_namespace = false;
            }),
            ("PID namespace", Status::Warn, |f| {
                f.in_initial_pid_namespace = false;
            }),
            ("CAP_BPF", Status::Fail, |f| {
                f.capabilities = CapabilitySet(0);
            }),
            ("CAP_PERFMON", Status::Fail, |f| {
                f.capabilities = CapabilitySet(0);
            }),
            ("CAP_SYS_PTRACE", Status::Warn, |f| {
                f.capabilities = CapabilitySet(0);
            }),
            ("perf_event_paranoid", Status::Warn, |f| {
                f.perf_event_paranoid = None;
            }),
        ];
        for (name, status, flaw) in flaws {
            let mut facts = fine();
            flaw(&mut facts);
            assert_eq!(status_of(&facts, name), status, "{name}");
            let found = checks(&facts);
            assert!(
                found
                    .iter()
                    .all(|check| (check.status == Status::Ok) == check.cure.is_none())
            );
        }
    }

    #[test]
    fn the_administrator_needs_no_single_capabilities() {
        let mut facts = fine();
        facts.capabilities = CapabilitySet::from_iter([Capability::SysAdmin]);
        assert_eq!(status_of(&facts, "CAP_BPF"), Status::Ok);
        assert_eq!(status_of(&facts, "CAP_PERFMON"), Status::Ok);
        assert_eq!(status_of(&facts, "CAP_SYS_PTRACE"), Status::Warn);
    }

    #[test]
    fn the_cure_names_the_capabilities() {
        let mut facts = fine();
        facts.capabilities = CapabilitySet(0);
        let checks = checks(&facts);
        let cure = checks
            .iter()
            .find_map(|check| check.cure.as_deref())
            .unwrap();
        assert!(cure.contains("sudo setcap cap_bpf,cap_perfmon"), "{cure}");
    }

    #[test]
    fn locked_memory_counts_on_old_kernels_alone() {
        let mut facts = fine();
        assert!(
            checks(&facts)
                .iter()
                .all(|check| check.name != "locked memory")
        );
        facts.release = "5.10.1".to_owned();
        assert_eq!(status_of(&facts, "locked memory"), Status::Ok);
        facts.capabilities = CapabilitySet(0);
        assert_eq!(status_of(&facts, "locked memory"), Status::Fail);
        facts.memlock_bytes = None;
        assert_eq!(status_of(&facts, "locked memory"), Status::Ok);
    }
}
