//! The few lines of `/proc/PID/status` that are of use.
//!
//! Read as bytes and line by line: a process may call itself anything, and
//! whole-file parsers give up on a name that is not UTF-8.

/// The value of a field, without the blanks around it.
fn field<'a>(status: &'a [u8], name: &str) -> Option<&'a str> {
    status.split(|&byte| byte == b'\n').find_map(|line| {
        let value = line.strip_prefix(name.as_bytes())?.strip_prefix(b":")?;
        Some(str::from_utf8(value).ok()?.trim())
    })
}

/// The PID by which the process's innermost PID namespace knows it: the last
/// number of `NSpid` (Documentation/filesystems/proc.rst, Linux 4.1 on).
pub(super) fn namespace_pid(status: &[u8]) -> Option<u32> {
    field(status, "NSpid")?
        .split_ascii_whitespace()
        .next_back()?
        .parse()
        .ok()
}

/// The process a thread belongs to.
fn thread_group_of(status: &[u8]) -> Option<u32> {
    field(status, "Tgid")?.parse().ok()
}

/// The process that the thread `tid` belongs to, if it is there.
pub(super) fn thread_group(tid: u32) -> Option<u32> {
    thread_group_of(&std::fs::read(format!("/proc/{tid}/status")).ok()?)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const STATUS: &[u8] = b"Name:\tNSpid: \xff\nUmask:\t0022\nTgid:\t77\nPid:\t78\n\
        NSpid:\t78\t5\t2\nCapEff:\t000001ffffffffff\n";

    #[test]
    fn reads_the_innermost_pid_and_the_leader() {
        assert_eq!(namespace_pid(STATUS), Some(2));
        assert_eq!(thread_group_of(STATUS), Some(77));
        assert_eq!(namespace_pid(b"NSpid:\t\n"), None);
        assert_eq!(namespace_pid(b""), None);
    }

    #[test]
    fn a_field_is_found_by_its_whole_name() {
        assert_eq!(field(b"VmPeakX:\t1\nVmPeak:\t2", "VmPeak"), Some("2"));
    }

    #[test]
    fn knows_this_process() {
        let status = std::fs::read("/proc/self/status").unwrap();
        assert_eq!(thread_group_of(&status), Some(std::process::id()));
        assert!(namespace_pid(&status).is_some());
    }

    proptest! {
        #[test]
        fn survives_any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = namespace_pid(&bytes);
            let _ = thread_group_of(&bytes);
        }

        #[test]
        fn reads_what_the_kernel_writes(pids in proptest::collection::vec(any::<u32>(), 1..6)) {
            let list: Vec<String> = pids.iter().map(u32::to_string).collect();
            let status = format!("Name:\tx\nNSpid:\t{}\n", list.join("\t"));
            prop_assert_eq!(namespace_pid(status.as_bytes()), pids.last().copied());
        }
    }
}
