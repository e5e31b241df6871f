//! Linux capabilities, as far as goalloc cares.

use std::fmt;

/// A capability, with its bit number (Linux include/uapi/linux/capability.h).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Capability {
    /// Read and write any file.
    DacOverride = 1,
    /// Read any file.
    DacReadSearch = 2,
    /// Look into processes of other users.
    SysPtrace = 19,
    /// Nearly anything; stands for [`Self::Perfmon`] and [`Self::Bpf`] as well.
    SysAdmin = 21,
    /// Exceed resource limits.
    SysResource = 24,
    /// Attach probes.
    Perfmon = 38,
    /// Load BPF programs.
    Bpf = 39,
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::DacOverride => "CAP_DAC_OVERRIDE",
            Self::DacReadSearch => "CAP_DAC_READ_SEARCH",
            Self::SysPtrace => "CAP_SYS_PTRACE",
            Self::SysAdmin => "CAP_SYS_ADMIN",
            Self::SysResource => "CAP_SYS_RESOURCE",
            Self::Perfmon => "CAP_PERFMON",
            Self::Bpf => "CAP_BPF",
        })
    }
}

/// A set of capabilities, as `CapEff` of `/proc/PID/status` spells it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CapabilitySet(pub u64);

impl CapabilitySet {
    /// Whether it has that one.
    #[must_use]
    pub fn has(self, capability: Capability) -> bool {
        self.0 & (1 << capability as u8) != 0
    }

    /// Whether it has one of those.
    #[must_use]
    pub fn has_any(self, capabilities: &[Capability]) -> bool {
        capabilities.iter().any(|&capability| self.has(capability))
    }
}

impl FromIterator<Capability> for CapabilitySet {
    fn from_iter<I: IntoIterator<Item = Capability>>(capabilities: I) -> Self {
        Self(
            capabilities
                .into_iter()
                .fold(0, |bits, one| bits | 1 << one as u8),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_capabilities_apart() {
        let set = CapabilitySet::from_iter([Capability::Bpf, Capability::SysPtrace]);
        assert_eq!(set.0, 0x80_0008_0000);
        assert!(set.has(Capability::Bpf) && !set.has(Capability::Perfmon));
        assert!(set.has_any(&[Capability::SysAdmin, Capability::SysPtrace]));
        assert!(!CapabilitySet::default().has_any(&[Capability::SysAdmin, Capability::Bpf]));
    }
}
