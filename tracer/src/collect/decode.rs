//! Ring records: bytes in, values out, whatever the bytes.

use thiserror::Error;
use tracer_ebpf::wire::{
    CountKey, EventRecord, MAX_FRAMES, STACK_HEADER_BYTES, StackId, TypeRecord, kind,
};

use crate::addr::ProcAddr;

/// A decoded ring record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    /// The frames of a stack that was new to the kernel side.
    Stack(StackId, Stack),
    /// One event that found no room in the map.
    Event {
        /// What happened.
        key: CountKey,
        /// How many objects or calls it stands for.
        objects: u32,
    },
    /// A type made at run time, to be read while its process lives.
    Type {
        /// The process.
        pid: u32,
        /// Where its descriptor is.
        address: ProcAddr,
    },
}

/// The frames of a call stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stack {
    /// Process it was seen in first.
    pub pid: u32,
    /// Probe it was seen at first: index into the plan.
    pub probe: u16,
    /// Address of the probed instruction in that process.
    pub probe_ip: ProcAddr,
    /// Return addresses, innermost first.
    pub frames: Vec<ProcAddr>,
}

/// Why a ring record cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DecodeError {
    /// The record ends before its fields do.
    #[error("ring record of kind {kind} has {length} bytes, {needed} expected")]
    Short {
        /// Its kind, 0 if not even that is there.
        kind: u32,
        /// Bytes it has.
        length: usize,
        /// Bytes it needs.
        needed: usize,
    },
    /// The first word names no kind of record.
    #[error("ring record of unknown kind {kind}")]
    UnknownKind {
        /// What it says.
        kind: u32,
    },
    /// A record claims more frames than any record holds.
    #[error("a record claims {depth} frames, {MAX_FRAMES} is the most")]
    TooDeep {
        /// Frames claimed.
        depth: u32,
    },
    /// A probe number that no table row can have.
    #[error("stack record names probe {probe}")]
    BadProbe {
        /// What it says.
        probe: u32,
    },
}

impl Record {
    /// Decodes one ring record.
    ///
    /// # Errors
    ///
    /// The record is short, of no known kind, or contradicts itself.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut fields = Fields { bytes, kind: 0 };
        let record_kind = fields.u32(0)?;
        fields.kind = record_kind;
        match record_kind {
            kind::STACK => decode_stack(&fields),
            kind::EVENT => {
                fields.need(size_of::<EventRecord>())?;
                Ok(Self::Event {
                    objects: fields.u32(4)?,
                    key: CountKey {
                        stack: StackId {
                            lo: fields.u64(8)?,
                            hi: fields.u64(16)?,
                        },
                        type_addr: fields.u64(24)?,
                        size_bytes: fields.u64(32)?,
                        pid: fields.u32(40)?,
                        probe: fields.u16(44)?,
                        flags: fields.u16(46)?,
                    },
                })
            }
            kind::TYPE => {
                fields.need(size_of::<TypeRecord>())?;
                Ok(Self::Type {
                    pid: fields.u32(4)?,
                    address: ProcAddr(fields.u64(8)?),
                })
            }
            kind => Err(DecodeError::UnknownKind { kind }),
        }
    }
}

fn decode_stack(fields: &Fields<'_>) -> Result<Record, DecodeError> {
    let depth = fields.u32(4)?;
    if depth as usize > MAX_FRAMES {
        return Err(DecodeError::TooDeep { depth });
    }
    let id = StackId {
        lo: fields.u64(8)?,
        hi: fields.u64(16)?,
    };
    let probe = fields.u32(36)?;
    let stack = Stack {
        probe_ip: ProcAddr(fields.u64(24)?),
        pid: fields.u32(32)?,
        probe: u16::try_from(probe).map_err(|_| DecodeError::BadProbe { probe })?,
        frames: (0..depth as usize)
            .map(|index| fields.u64(STACK_HEADER_BYTES + 8 * index).map(ProcAddr))
            .collect::<Result<_, _>>()?,
    };
    Ok(Record::Stack(id, stack))
}

/// Little-endian fields of a record, by offset.
pub(super) struct Fields<'a> {
    pub bytes: &'a [u8],
    pub kind: u32,
}

impl Fields<'_> {
    pub fn need(&self, needed: usize) -> Result<(), DecodeError> {
        if self.bytes.len() < needed {
            return Err(DecodeError::Short {
                kind: self.kind,
                length: self.bytes.len(),
                needed,
            });
        }
        Ok(())
    }

    pub fn array<const N: usize>(&self, at: usize) -> Result<[u8; N], DecodeError> {
        self.need(at + N)?;
        self.bytes
            .get(at..at + N)
            .and_then(|field| field.try_into().ok())
            .ok_or(DecodeError::Short {
                kind: self.kind,
                length: self.bytes.len(),
                needed: at + N,
            })
    }

    pub fn u16(&self, at: usize) -> Result<u16, DecodeError> {
        self.array(at).map(u16::from_le_bytes)
    }

    pub fn u32(&self, at: usize) -> Result<u32, DecodeError> {
        self.array(at).map(u32::from_le_bytes)
    }

    pub fn u64(&self, at: usize) -> Result<u64, DecodeError> {
        self.array(at).map(u64::from_le_bytes)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Writes a record the way the BPF side lays it out.
    fn encode(record: &Record) -> Vec<u8> {
        let mut bytes = Vec::new();
        match record {
            Record::Stack(id, stack) => {
                bytes.extend(kind::STACK.to_le_bytes());
                bytes.extend((stack.frames.len() as u32).to_le_bytes());
                bytes.extend(id.lo.to_le_bytes());
                bytes.extend(id.hi.to_le_bytes());
                bytes.extend(stack.probe_ip.0.to_le_bytes());
                bytes.extend(stack.pid.to_le_bytes());
                bytes.extend(u32::from(stack.probe).to_le_bytes());
                for frame in &stack.frames {
                    bytes.extend(frame.0.to_le_bytes());
                }
            }
            Record::Event { key, objects } => {
                bytes.extend(kind::EVENT.to_le_bytes());
                bytes.extend(objects.to_le_bytes());
                bytes.extend(key.stack.lo.to_le_bytes());
                bytes.extend(key.stack.hi.to_le_bytes());
                bytes.extend(key.type_addr.to_le_bytes());
                bytes.extend(key.size_bytes.to_le_bytes());
                bytes.extend(key.pid.to_le_bytes());
                bytes.extend(key.probe.to_le_bytes());
                bytes.extend(key.flags.to_le_bytes());
            }
            Record::Type { pid, address } => {
                bytes.extend(kind::TYPE.to_le_bytes());
                bytes.extend(pid.to_le_bytes());
                bytes.extend(address.0.to_le_bytes());
            }
        }
        bytes
    }

    fn any_record() -> impl Strategy<Value = Record> {
        let id = (any::<u64>(), any::<u64>()).prop_map(|(lo, hi)| StackId { lo, hi });
        prop_oneof![
            (
                id.clone(),
                any::<u32>(),
                any::<u16>(),
                any::<u64>(),
                prop::collection::vec(any::<u64>().prop_map(ProcAddr), 0..=MAX_FRAMES)
            )
                .prop_map(|(id, pid, probe, ip, frames)| Record::Stack(
                    id,
                    Stack {
                        pid,
                        probe,
                        probe_ip: ProcAddr(ip),
                        frames
                    }
                )),
            (
                id,
                any::<u64>(),
                any::<u64>(),
                any::<u32>(),
                any::<u16>(),
                any::<u16>(),
                any::<u32>()
            )
                .prop_map(
                    |(stack, type_addr, size_bytes, pid, probe, flags, objects)| {
                        Record::Event {
                            key: CountKey {
                                stack,
                                type_addr,
                                size_bytes,
                                pid,
                                probe,
                                flags,
                            },
                            objects,
                        }
                    }
                ),
            (any::<u32>(), any::<u64>()).prop_map(|(pid, address)| Record::Type {
                pid,
                address: ProcAddr(address)
            }),
        ]
    }

    proptest! {
        #[test]
        fn decodes_what_was_encoded(record in any_record(), slack in 0usize..64) {
            let mut bytes = encode(&record);
            bytes.resize(bytes.len() + slack, 0xaa);
            prop_assert_eq!(Record::decode(&bytes), Ok(record));
        }

        #[test]
        fn refuses_every_shorter_record(record in any_record(), cut in any::<prop::sample::Index>()) {
            let bytes = encode(&record);
            let short = &bytes[..cut.index(bytes.len())];
            prop_assert!(Record::decode(short).is_err());
        }

        #[test]
        fn never_panics(bytes in prop::collection::vec(any::<u8>(), 0..2048)) {
            let _ = Record::decode(&bytes);
        }
    }

    #[test]
    fn says_what_is_wrong() {
        assert_eq!(
            Record::decode(&[9, 0, 0, 0]),
            Err(DecodeError::UnknownKind { kind: 9 })
        );
        let mut deep = vec![1, 0, 0, 0, 128, 0, 0, 0];
        deep.resize(4096, 0);
        assert_eq!(
            Record::decode(&deep),
            Err(DecodeError::TooDeep { depth: 128 })
        );
    }
}
