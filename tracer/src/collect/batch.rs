//! All counts of a per-CPU map with one call for many of them
//! (`BPF_MAP_LOOKUP_BATCH` and `BPF_MAP_LOOKUP_AND_DELETE_BATCH`, linux 5.6
//! include/uapi/linux/bpf.h:614), which the library has no function for.

use std::io;
use std::os::fd::{AsFd, AsRawFd};

use aya::maps::MapData;
use aya_obj::generated::{bpf_attr, bpf_cmd};
use tracer_ebpf::wire::CountKey;

/// Keys asked for at once.
const BATCH: usize = 1024;
/// A bucket of the map can hold more keys than were asked for; then more are.
const MOST_BATCH: usize = 1 << 20;

/// The buffers, kept from one time to the next.
pub struct Taker {
    cpus: usize,
    keys: Vec<CountKey>,
    values: Vec<u64>,
}

impl Taker {
    /// For a machine with so many possible CPUs.
    pub fn new(cpus: usize) -> Self {
        let mut taker = Self {
            cpus,
            keys: Vec::new(),
            values: Vec::new(),
        };
        taker.resize(BATCH);
        taker
    }

    fn resize(&mut self, batch: usize) {
        self.keys.resize(batch, CountKey::default());
        self.values.resize(batch * self.cpus, 0);
    }

    /// Empties the map, handing each key with its value on each CPU to `each`.
    /// No program may be counting meanwhile: what it adds could be lost.
    ///
    /// # Errors
    ///
    /// What the kernel says; a part may have been taken by then.
    pub fn take(&mut self, map: &MapData, each: impl FnMut(CountKey, &[u64])) -> io::Result<()> {
        self.walk(map, bpf_cmd::BPF_MAP_LOOKUP_AND_DELETE_BATCH, each)
    }

    /// The same, leaving the map as it is. Programs may be counting meanwhile.
    ///
    /// # Errors
    ///
    /// What the kernel says.
    pub fn look(&mut self, map: &MapData, each: impl FnMut(CountKey, &[u64])) -> io::Result<()> {
        self.walk(map, bpf_cmd::BPF_MAP_LOOKUP_BATCH, each)
    }

    fn walk(
        &mut self,
        map: &MapData,
        command: bpf_cmd,
        mut each: impl FnMut(CountKey, &[u64]),
    ) -> io::Result<()> {
        let descriptor = map.fd().as_fd().as_raw_fd();
        let descriptor = u32::try_from(descriptor).map_err(io::Error::other)?;
        // Where to go on: opaque to all but the kernel.
        let mut position: Option<u64> = None;
        loop {
            let mut next = 0u64;
            let (result, count) = self.call(command, descriptor, position.as_ref(), &mut next);
            let ended = match &result {
                Ok(()) => false,
                Err(error) if error.raw_os_error() == Some(libc::ENOENT) => true,
                Err(error)
                    if error.raw_os_error() == Some(libc::ENOSPC)
                        && self.keys.len() < MOST_BATCH =>
                {
                    self.resize(self.keys.len() * 4);
                    continue;
                }
                Err(_) => return result,
            };
            let rows = self.values.chunks_exact(self.cpus);
            for (key, per_cpu) in self.keys.iter().zip(rows).take(count) {
                each(*key, per_cpu);
            }
            if ended {
                return Ok(());
            }
            position = Some(next);
        }
    }

    /// One call: its result, and how many entries it filled in.
    fn call(
        &mut self,
        command: bpf_cmd,
        map: u32,
        position: Option<&u64>,
        next: &mut u64,
    ) -> (io::Result<()>, usize) {
        // SAFETY: `bpf_attr` is a union of structs of plain integers, for which
        // zero is a value; the kernel wants unused fields to be zero.
        let mut attr: bpf_attr = unsafe { std::mem::zeroed() };
        // SAFETY: every member of the union is plain integers, so any of them
        // may be borrowed from zeroed memory.
        let batch = unsafe { &mut attr.batch };
        batch.in_batch = position.map_or(0, |position| std::ptr::from_ref(position) as u64);
        batch.out_batch = std::ptr::from_mut(next) as u64;
        batch.keys = self.keys.as_mut_ptr() as u64;
        batch.values = self.values.as_mut_ptr() as u64;
        batch.count = u32::try_from(self.keys.len()).unwrap_or(u32::MAX);
        batch.map_fd = map;
        // SAFETY: the attribute is whole, its buffers are as long as it says
        // (`resize` keeps them so) and live across the call.
        let result = unsafe {
            libc::syscall(
                libc::SYS_bpf,
                command as libc::c_long,
                &raw mut attr,
                size_of::<bpf_attr>(),
            )
        };
        let result = if result < 0 {
            Err(io::Error::last_os_error())
        } else {
            Ok(())
        };
        // SAFETY: as above; the kernel has written how many it took, also with
        // an error.
        let count = unsafe { attr.batch.count } as usize;
        (result, count.min(self.keys.len()))
    }
}
