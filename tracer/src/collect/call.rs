//! Records of traced calls: bytes in, values out, whatever the bytes.

use tracer_ebpf::wire::{
    Activation, MAX_FRAMES, TRACE_HEADER_BYTES, TRACED_MEMORY_BYTES, TRACED_REGISTERS, flags, kind,
};

use super::decode::{DecodeError, Fields};
use crate::addr::ProcAddr;

/// One call of a traced function, before anything is resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// When, by the monotonic clock.
    pub time_ns: u64,
    /// The thread, in the initial PID namespace.
    pub tid: u32,
    /// The goroutine; `None` on a thread without one, or where the runtime's layout is
    /// unknown.
    pub goid: Option<u64>,
    /// Where the goroutine's profiler labels are, if it has any.
    pub labels: Option<ProcAddr>,
    /// What it has in common with its return; without a meaning where calls are not
    /// joined with their returns.
    pub activation: Activation,
    /// Which function: index into the selection.
    pub probe: u16,
    /// RAX, RBX, RCX, RDI, RSI: the first integer arguments.
    pub registers: [u64; TRACED_REGISTERS],
    /// Memory behind an argument; `None` if it could not be read. Without a meaning
    /// where nothing was to be copied.
    pub copied: Option<Copied>,
    /// Return addresses, innermost first.
    pub frames: Vec<ProcAddr>,
    /// Whether there are more of them than were to be walked.
    pub is_cut: bool,
}

/// Memory copied from the target.
pub type Copied = [u8; TRACED_MEMORY_BYTES];

/// Places in the record, as `wire::TraceHeader` has them.
const TID: usize = 4;
const PROBE: usize = 8;
const FLAGS: usize = 10;
const DEPTH: usize = 12;
const TIME: usize = 16;
const GOID: usize = 24;
const LABELS: usize = 32;
const ACTIVATION: usize = 40;
const REGISTERS: usize = 56;
const MEMORY: usize = REGISTERS + 8 * TRACED_REGISTERS;

impl Call {
    /// Decodes one ring record. `None` for a record of another kind.
    ///
    /// # Errors
    ///
    /// The record is short or contradicts itself.
    pub fn decode(bytes: &[u8]) -> Result<Option<Self>, DecodeError> {
        let fields = Fields {
            bytes,
            kind: kind::TRACE,
        };
        if fields.u32(0)? != kind::TRACE {
            return Ok(None);
        }
        fields.need(TRACE_HEADER_BYTES)?;
        let depth = fields.u32(DEPTH)?;
        if depth as usize > MAX_FRAMES {
            return Err(DecodeError::TooDeep { depth });
        }
        let mut registers = [0; TRACED_REGISTERS];
        for (index, register) in registers.iter_mut().enumerate() {
            *register = fields.u64(REGISTERS + 8 * index)?;
        }
        let bits = fields.u16(FLAGS)?;
        let copied = match bits & flags::NOT_COPIED {
            0 => Some(fields.array(MEMORY)?),
            _ => None,
        };
        Ok(Some(Self {
            time_ns: fields.u64(TIME)?,
            tid: fields.u32(TID)?,
            goid: Some(fields.u64(GOID)?).filter(|goid| *goid != 0),
            labels: Some(fields.u64(LABELS)?)
                .filter(|at| *at != 0)
                .map(ProcAddr),
            activation: activation(&fields, ACTIVATION)?,
            probe: fields.u16(PROBE)?,
            registers,
            copied,
            frames: (0..depth as usize)
                .map(|index| fields.u64(TRACE_HEADER_BYTES + 8 * index).map(ProcAddr))
                .collect::<Result<_, _>>()?,
            is_cut: bits & flags::CUT_AT_DEPTH != 0,
        }))
    }
}

pub(super) fn activation(fields: &Fields<'_>, at: usize) -> Result<Activation, DecodeError> {
    Ok(Activation {
        g: fields.u64(at)?,
        depth_bytes: fields.u64(at + 8)?,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Writes a record the way the BPF side lays it out.
    fn encode(call: &Call) -> Vec<u8> {
        let mut bits = 0;
        if call.is_cut {
            bits |= flags::CUT_AT_DEPTH;
        }
        if call.copied.is_none() {
            bits |= flags::NOT_COPIED;
        }
        let mut bytes = Vec::new();
        bytes.extend(kind::TRACE.to_le_bytes());
        bytes.extend(call.tid.to_le_bytes());
        bytes.extend(call.probe.to_le_bytes());
        bytes.extend(bits.to_le_bytes());
        bytes.extend((call.frames.len() as u32).to_le_bytes());
        bytes.extend(call.time_ns.to_le_bytes());
        bytes.extend(call.goid.unwrap_or_default().to_le_bytes());
        bytes.extend(call.labels.map_or(0, |at| at.0).to_le_bytes());
        bytes.extend(call.activation.g.to_le_bytes());
        bytes.extend(call.activation.depth_bytes.to_le_bytes());
        for register in call.registers {
            bytes.extend(register.to_le_bytes());
        }
        bytes.extend(call.copied.unwrap_or([0xaa; TRACED_MEMORY_BYTES]));
        for frame in &call.frames {
            bytes.extend(frame.0.to_le_bytes());
        }
        bytes
    }

    prop_compose! {
        fn any_call()(
            time_ns: u64, tid: u32, goid: u64, probe: u16, labels: u64,
            (g, depth_bytes) in any::<(u64, u64)>(),
            registers: [u64; TRACED_REGISTERS],
            copied in proptest::option::of(any::<[u8; 32]>()),
            frames in prop::collection::vec(any::<u64>(), 0..=MAX_FRAMES),
            is_cut: bool,
        ) -> Call {
            Call {
                time_ns,
                tid,
                goid: Some(goid).filter(|goid| *goid != 0),
                labels: Some(labels).filter(|at| *at != 0).map(ProcAddr),
                activation: Activation { g, depth_bytes },
                probe,
                registers,
                copied: copied.map(|half| {
                    let mut whole = [0; TRACED_MEMORY_BYTES];
                    whole[..32].copy_from_slice(&half);
                    whole
                }),
                frames: frames.into_iter().map(ProcAddr).collect(),
                is_cut,
            }
        }
    }

    proptest! {
        #[test]
        fn decodes_what_was_encoded(call in any_call(), slack in 0usize..64) {
            let mut bytes = encode(&call);
            bytes.resize(bytes.len() + slack, 0xaa);
            prop_assert_eq!(Call::decode(&bytes), Ok(Some(call)));
        }

        #[test]
        fn refuses_every_shorter_record(call in any_call(), cut in any::<prop::sample::Index>()) {
            let bytes = encode(&call);
            let short = &bytes[..cut.index(bytes.len())];
            prop_assert!(Call::decode(short).is_err());
        }

        #[test]
        fn never_panics(bytes in prop::collection::vec(any::<u8>(), 0..2048)) {
            let _ = Call::decode(&bytes);
        }
    }

    #[test]
    fn other_records_are_none_of_its_business() {
        assert_eq!(Call::decode(&kind::STACK.to_le_bytes()), Ok(None));
    }

    #[test]
    fn says_what_is_wrong() {
        let mut deep = kind::TRACE.to_le_bytes().to_vec();
        deep.resize(DEPTH, 0);
        deep.extend(128_u32.to_le_bytes());
        deep.resize(4096, 0);
        assert_eq!(
            Call::decode(&deep),
            Err(DecodeError::TooDeep { depth: 128 })
        );
    }
}
