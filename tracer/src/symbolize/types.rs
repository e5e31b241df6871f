//! Type descriptors become names.

use std::collections::HashMap;

use crate::addr::{LoadBias, ProcAddr};
use crate::collect::RuntimeTypeBytes;
use crate::golang::{GoBinary, RuntimeType};

/// What the runtime knows of the types that were seen, looked up once each.
pub(super) struct Types<'a> {
    binary: &'a GoBinary,
    known: HashMap<(u32, ProcAddr), Option<RuntimeType>>,
}

impl<'a> Types<'a> {
    pub fn new(binary: &'a GoBinary) -> Self {
        Self {
            binary,
            known: HashMap::new(),
        }
    }

    /// The type behind a descriptor in a process, where `made` are those that `reflect`
    /// made at run time, by process and address.
    pub fn get(
        &mut self,
        made: &HashMap<(u32, ProcAddr), RuntimeTypeBytes>,
        pid: u32,
        address: u64,
        bias: LoadBias,
    ) -> Option<&RuntimeType> {
        if address == 0 {
            return None;
        }
        let address = ProcAddr(address);
        let binary = self.binary;
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

    /// What was not known of types so far may be by now.
    pub fn forget_unknown(&mut self) {
        self.known.retain(|_, known| known.is_some());
    }
}
