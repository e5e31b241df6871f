//! Records of the returns of traced calls: bytes in, values out, whatever the bytes.

use tracer_ebpf::wire::{Activation, RETURNED_REGISTERS, ReturnRecord, kind};

use super::call::activation;
use super::decode::{DecodeError, Fields};

/// The return of a traced call, before anything is resolved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Return {
    /// When, by the monotonic clock.
    pub time_ns: u64,
    /// Where: a row of the probe table.
    pub probe: u32,
    /// What it has in common with its call.
    pub activation: Activation,
    /// RAX, RBX, RCX: the first results.
    pub registers: [u64; RETURNED_REGISTERS],
}

/// Places in the record, as `wire::ReturnRecord` has them.
const PROBE: usize = 4;
const TIME: usize = 8;
const ACTIVATION: usize = 16;
const REGISTERS: usize = 32;

impl Return {
    /// Decodes one ring record. `None` for a record of another kind.
    ///
    /// # Errors
    ///
    /// The record is short.
    pub fn decode(bytes: &[u8]) -> Result<Option<Self>, DecodeError> {
        let fields = Fields {
            bytes,
            kind: kind::RETURN,
        };
        if fields.u32(0)? != kind::RETURN {
            return Ok(None);
        }
        fields.need(size_of::<ReturnRecord>())?;
        let mut registers = [0; RETURNED_REGISTERS];
        for (index, register) in registers.iter_mut().enumerate() {
            *register = fields.u64(REGISTERS + 8 * index)?;
        }
        Ok(Some(Self {
            time_ns: fields.u64(TIME)?,
            probe: fields.u32(PROBE)?,
            activation: activation(&fields, ACTIVATION)?,
            registers,
        }))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Writes a record the way the BPF side lays it out.
    fn encode(it: &Return) -> Vec<u8> {
        let mut bytes = Vec::new();
        bytes.extend(kind::RETURN.to_le_bytes());
        bytes.extend(it.probe.to_le_bytes());
        bytes.extend(it.time_ns.to_le_bytes());
        bytes.extend(it.activation.g.to_le_bytes());
        bytes.extend(it.activation.depth_bytes.to_le_bytes());
        for register in it.registers {
            bytes.extend(register.to_le_bytes());
        }
        bytes
    }

    prop_compose! {
        fn any_return()(
            time_ns: u64, probe: u32, g: u64, depth_bytes: u64,
            registers: [u64; RETURNED_REGISTERS],
        ) -> Return {
            Return {
                time_ns,
                probe,
                activation: Activation { g, depth_bytes },
                registers,
            }
        }
    }

    proptest! {
        #[test]
        fn decodes_what_was_encoded(it in any_return(), slack in 0usize..64) {
            let mut bytes = encode(&it);
            bytes.resize(bytes.len() + slack, 0xaa);
            prop_assert_eq!(Return::decode(&bytes), Ok(Some(it)));
        }

        #[test]
        fn refuses_every_shorter_record(it in any_return(), cut in 0usize..size_of::<ReturnRecord>()) {
            prop_assert!(Return::decode(&encode(&it)[..cut]).is_err());
        }

        #[test]
        fn never_panics(bytes in prop::collection::vec(any::<u8>(), 0..128)) {
            let _ = Return::decode(&bytes);
        }
    }

    #[test]
    fn other_records_are_none_of_its_business() {
        assert_eq!(Return::decode(&kind::TRACE.to_le_bytes()), Ok(None));
    }
}
