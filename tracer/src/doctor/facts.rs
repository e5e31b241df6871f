//! What the system says of itself.

use std::fmt;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::str::FromStr;

use rustix::process::{Resource, getrlimit};

use super::CapabilitySet;

/// A kernel release, as far as features depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct KernelVersion {
    /// The 6 of 6.18.
    pub major: u32,
    /// The 18 of 6.18.
    pub minor: u32,
}

impl KernelVersion {
    /// That release.
    #[must_use]
    pub const fn new(major: u32, minor: u32) -> Self {
        Self { major, minor }
    }
}

impl fmt::Display for KernelVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// A release that does not begin with two numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a kernel release")]
pub struct NotARelease;

impl FromStr for KernelVersion {
    type Err = NotARelease;

    /// From what `uname -r` prints: `6.1.0-40-cloud-amd64`, `6.18-rc1`.
    fn from_str(release: &str) -> Result<Self, NotARelease> {
        let (major, rest) = release.split_once('.').ok_or(NotARelease)?;
        let end = rest
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(rest.len());
        let minor = rest.get(..end).and_then(|minor| minor.parse().ok());
        Ok(Self {
            major: major.parse().map_err(|_| NotARelease)?,
            minor: minor.ok_or(NotARelease)?,
        })
    }
}

/// How far the kernel is locked down (kernel_lockdown(7)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lockdown {
    /// Not at all, or not built in.
    None,
    /// The kernel may not be changed.
    Integrity,
    /// Nor read.
    Confidentiality,
}

impl Lockdown {
    /// From `/sys/kernel/security/lockdown`: the mode in brackets.
    fn parse(text: &str) -> Self {
        match text
            .split_once('[')
            .and_then(|(_, rest)| rest.split_once(']'))
        {
            Some(("integrity", _)) => Self::Integrity,
            Some(("confidentiality", _)) => Self::Confidentiality,
            _ => Self::None,
        }
    }
}

/// What there is to know. `None` where the system does not say.
#[derive(Clone, Debug)]
pub struct Facts {
    /// `uname -m`.
    pub machine: String,
    /// `uname -r`.
    pub release: String,
    /// Whether `/sys/bus/event_source/devices/uprobe` is there.
    pub has_uprobe_pmu: bool,
    /// `net.core.bpf_jit_enable` is not 0.
    pub jit_enabled: Option<bool>,
    /// Whether the kernel describes its types.
    pub has_btf: bool,
    /// `kernel.perf_event_paranoid`.
    pub perf_event_paranoid: Option<i32>,
    /// `kernel.unprivileged_bpf_disabled`.
    pub unprivileged_bpf_disabled: Option<i32>,
    /// Lockdown mode.
    pub lockdown: Lockdown,
    /// Capabilities in effect.
    pub capabilities: CapabilitySet,
    /// Bytes that may be locked in memory; `None` for any number.
    pub memlock_bytes: Option<u64>,
    /// Whether capabilities count in the whole system.
    pub in_initial_user_namespace: bool,
    /// Whether PIDs are those of the whole system.
    pub in_initial_pid_namespace: bool,
}

impl Facts {
    /// Looks at this machine and this process.
    #[must_use]
    pub fn of_this_machine() -> Self {
        let uname = rustix::system::uname();
        let capabilities = procfs::process::Process::myself().and_then(|me| me.status());
        Self {
            machine: uname.machine().to_string_lossy().into_owned(),
            release: uname.release().to_string_lossy().into_owned(),
            has_uprobe_pmu: Path::new("/sys/bus/event_source/devices/uprobe/type").exists(),
            jit_enabled: sysctl("net/core/bpf_jit_enable").map(|mode| mode != 0),
            has_btf: Path::new("/sys/kernel/btf/vmlinux").exists(),
            perf_event_paranoid: sysctl("kernel/perf_event_paranoid"),
            unprivileged_bpf_disabled: sysctl("kernel/unprivileged_bpf_disabled"),
            lockdown: fs::read_to_string("/sys/kernel/security/lockdown")
                .map_or(Lockdown::None, |text| Lockdown::parse(&text)),
            capabilities: CapabilitySet(capabilities.map_or(0, |status| status.capeff)),
            memlock_bytes: getrlimit(Resource::Memlock).current,
            in_initial_user_namespace: is_initial("user", 0xEFFF_FFFD),
            in_initial_pid_namespace: is_initial("pid", 0xEFFF_FFFC),
        }
    }
}

/// A number of `/proc/sys`.
fn sysctl(name: &str) -> Option<i32> {
    fs::read_to_string(Path::new("/proc/sys").join(name))
        .ok()?
        .trim()
        .parse()
        .ok()
}

/// Whether this process is in the first namespace of that kind, whose inode
/// number is fixed (`PROC_USER_INIT_INO` and `PROC_PID_INIT_INO`, Linux
/// include/linux/proc_ns.h). Taken for granted where it cannot be told.
fn is_initial(kind: &str, inode: u64) -> bool {
    fs::metadata(format!("/proc/self/ns/{kind}")).map_or(true, |ns| ns.ino() == inode)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_kernel_releases() {
        let read = |release: &str| release.parse::<KernelVersion>().ok();
        assert_eq!(read("6.1.0-40-cloud-amd64"), Some(KernelVersion::new(6, 1)));
        assert_eq!(read("6.18-rc1"), Some(KernelVersion::new(6, 18)));
        assert_eq!(read("5.15"), Some(KernelVersion::new(5, 15)));
        assert_eq!(read("6"), None);
        assert_eq!(read("6.x"), None);
        assert_eq!(read("6.99999999999"), None);
        assert!(KernelVersion::new(5, 9) < KernelVersion::new(5, 15));
    }

    #[test]
    fn reads_the_lockdown_mode() {
        assert_eq!(
            Lockdown::parse("[none] integrity confidentiality\n"),
            Lockdown::None
        );
        assert_eq!(
            Lockdown::parse("none [integrity] confidentiality"),
            Lockdown::Integrity
        );
        assert_eq!(
            Lockdown::parse("none integrity [confidentiality]"),
            Lockdown::Confidentiality
        );
        assert_eq!(Lockdown::parse("[["), Lockdown::None);
    }

    #[test]
    fn knows_this_machine() {
        let facts = Facts::of_this_machine();
        assert!(
            facts.release.parse::<KernelVersion>().is_ok(),
            "{}",
            facts.release
        );
        assert_eq!(facts.machine, std::env::consts::ARCH);
    }

    proptest! {
        #[test]
        fn survives_any_text(text in "\\PC{0,40}|[0-9.\\-]{0,12}") {
            let _ = text.parse::<KernelVersion>();
            let _ = Lockdown::parse(&text);
        }

        #[test]
        fn a_release_is_read_back(major in 0..u32::MAX, minor in 0..u32::MAX, tail in "(\\.[0-9]+|-[a-z]+)*") {
            let release = format!("{major}.{minor}{tail}");
            prop_assert_eq!(release.parse(), Ok(KernelVersion::new(major, minor)));
        }
    }
}
