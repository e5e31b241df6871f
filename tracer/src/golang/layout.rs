//! Offsets of the few fields of the runtime's own structs that a probe reads.

use super::version::GoVersion;

/// Offsets in bytes within `runtime.g`, `m`, `p` and `mcache`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RuntimeLayout {
    /// `g.stack.lo`.
    pub g_stack_lo: u16,
    /// `g.stack.hi`.
    pub g_stack_hi: u16,
    /// `g.m`.
    pub g_m: u16,
    /// `g.goid`.
    pub g_goid: u16,
    /// `g.labels`, the goroutine's profiler labels.
    pub g_labels: u16,
    /// `m.g0`.
    pub m_g0: u16,
    /// `m.curg`.
    pub m_curg: u16,
    /// `m.p`.
    pub m_p: u16,
    /// `p.mcache`.
    pub p_mcache: u16,
    /// `mcache.tinyoffset`.
    pub mcache_tinyoffset: u16,
    /// Where these were taken from.
    pub source: LayoutSource,
}

/// Where a [`RuntimeLayout`] was taken from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LayoutSource {
    /// What is known of the release.
    Release,
    /// The binary's debug information.
    Dwarf,
}

impl RuntimeLayout {
    /// What is known of a release, built with its default experiments; `None` when
    /// it is newer or older than any that is known.
    ///
    /// Taken from the debug information of programs built by each release (Go 1.20:
    /// as 1.19, whose sources agree); a test compares the two.
    #[must_use]
    pub fn of_release(version: &GoVersion) -> Option<Self> {
        if version.is_newer_than_known() || version.is_too_old() {
            return None;
        }
        let since = |minor| version.at_least(1, minor);
        Some(Self {
            g_stack_lo: 0,
            g_stack_hi: 8,
            g_m: 0x30,
            g_goid: if since(23) && !since(25) { 0xa0 } else { 0x98 },
            g_labels: match () {
                () if since(26) => 0x160,
                () if since(25) => 0x158,
                () if since(23) => 0x160,
                () if since(21) => 0x158,
                () => 0x168,
            },
            m_g0: 0,
            m_curg: if since(25) { 0xb8 } else { 0xc0 },
            m_p: if since(25) && !since(26) { 0xc8 } else { 0xd0 },
            p_mcache: if since(23) { 0x38 } else { 0x40 },
            mcache_tinyoffset: if since(24) { 0x20 } else { 0x18 },
            source: LayoutSource::Release,
        })
    }
}
