//! What goalloc must be allowed to do, and the command that allows it.

/// The capabilities a full recording needs, as `setcap` names them:
/// `cap_bpf` to load programs, `cap_perfmon` to attach them as uprobes,
/// `cap_sys_ptrace` to read `/proc/PID/{exe,maps,mem}` of other users'
/// processes, `cap_dac_read_search` to open an executable or a binary whose
/// mode keeps others out.
pub const CAPABILITIES: &str = "cap_bpf,cap_perfmon,cap_sys_ptrace,cap_dac_read_search";

/// The command that gives this very binary [`CAPABILITIES`].
#[must_use]
pub fn setcap_command() -> String {
    let exe = std::env::current_exe().map_or_else(
        |_| "$(command -v goalloc)".to_owned(),
        |path| path.display().to_string(),
    );
    format!("sudo setcap {CAPABILITIES}+ep {exe}")
}
