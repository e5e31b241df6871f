//! Type descriptors become names.

use std::collections::HashMap;

use crate::addr::{LoadBias, ProcAddr};
use crate::collect::RuntimeTypeBytes;
use crate::golang::{GoBinary, RuntimeType};

/// What the runtime knows of the types that were seen, looked up once each.
pub(super) struct Types<'a> {
    binary: &'a GoBinary,
    /// Descriptors that `reflect` made at run time, by process and address.
    made: &'a HashMap<(u32, ProcAddr), RuntimeTypeBytes>,
    known: HashMap<(u32, ProcAddr), Option<RuntimeType>>,
}

impl<'a> Types<'a> {
    pub fn new(binary: &'a GoBinary, made: &'a HashMap<(u32, ProcAddr), RuntimeTypeBytes>) -> Self {
        Self {
            binary,
            made,
            known: HashMap::new(),
        }
    }

    /// The type behind a descriptor in a process.
    pub fn get(&mut self, pid: u32, address: u64, bias: LoadBias) -> Option<&RuntimeType> {
        if address == 0 {
            return None;
        }
        let address = ProcAddr(address);
        let (binary, made) = (self.binary, self.made);
        self.known
            .entry((pid, address))
            .or_insert_with(|| {
                binary.type_at(address.in_elf(bias)).or_else(|| {
                    let bytes = made.get(&(pid, address))?;
                    binary
                        .parse_type(bytes, address.in_elf(bias))
                        .or_else(|| GoBinary::made_type(bytes, address.in_elf(bias)))
                })
            })
            .as_ref()
    }
}
