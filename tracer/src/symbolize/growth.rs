//! What a counted step says of a slice or a map that grows.

use tracer_ebpf::growth::Step;

use super::stacks::TypeLabel;
use crate::golang::{MallocRules, RuntimeType, growth};
use crate::plan::Grower;
use crate::profile::{GrowthStep, Labels};

/// Says how far something grows, and of which type it is: of slices the runtime has the
/// type of an element.
pub(super) fn label(
    labels: &mut Labels,
    grower: Grower,
    packed: u64,
    of_type: Option<&RuntimeType>,
    rules: MallocRules,
) {
    let Step {
        old_len,
        old_cap,
        new_len,
    } = Step::unpack(packed);
    let (type_name, element_bytes, new_cap) = match (grower, of_type) {
        (Grower::Buffer, _) => (
            Some("[]uint8".to_owned()),
            Some(1),
            growth::slice_capacity(new_len, 0, 1, true, rules),
        ),
        (Grower::Slice | Grower::SliceByParts, Some(known)) => {
            let (size_bytes, noscan) = (known.size_bytes, known.is_noscan());
            let of = TypeLabel::many(known);
            (
                Some(of.name),
                of.element_bytes,
                growth::slice_capacity(new_len, old_cap, size_bytes, noscan, rules),
            )
        }
        (_, of_type) => (of_type.map(|known| known.name.clone()), None, None),
    };
    labels.type_name = type_name.map(Into::into);
    labels.element_bytes = element_bytes;
    labels.growth = Some(GrowthStep {
        old_len,
        old_cap,
        new_cap: new_cap.unwrap_or(new_len),
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::addr::ElfAddr;
    use crate::golang::{GoVersion, Kind};

    fn labels(grower: Grower, step: Step, of_type: Option<(&str, u64)>) -> Labels {
        let of_type = of_type.map(|(name, size_bytes)| RuntimeType {
            addr: ElfAddr(1),
            size_bytes,
            ptr_bytes: 0,
            kind: Kind::Int,
            name: name.to_owned(),
        });
        let version = GoVersion::parse("go1.27.3").expect("valid");
        let rules = MallocRules::new(&version, &[]);
        let mut labels = Labels::default();
        label(&mut labels, grower, step.pack(), of_type.as_ref(), rules);
        labels
    }

    #[test]
    fn each_function_has_its_own_type_and_rounding() {
        let step = |old_len, old_cap, new_len| Step {
            old_len,
            old_cap,
            new_len,
        };
        for (grower, step, of_type, type_name, new_cap) in [
            (
                Grower::Slice,
                step(5, 5, 6),
                Some(("int8", 1)),
                Some("[]int8"),
                16,
            ),
            (
                Grower::SliceByParts,
                step(4, 4, 5),
                Some(("int", 8)),
                Some("[]int"),
                8,
            ),
            (Grower::Slice, step(4, 4, 5), None, None, 5),
            (
                Grower::Buffer,
                step(60, 64, 128),
                None,
                Some("[]uint8"),
                128,
            ),
            (
                Grower::Buffer,
                step(60, 64, 130),
                None,
                Some("[]uint8"),
                144,
            ),
            (
                Grower::Table,
                step(14, 16, 32),
                Some(("map[int]int", 8)),
                Some("map[int]int"),
                32,
            ),
            (Grower::FirstGroup, step(0, 0, 8), None, None, 8),
        ] {
            let found = labels(grower, step, of_type);
            assert_eq!(found.type_name.as_deref(), type_name, "{grower:?}");
            let expected = GrowthStep {
                old_len: step.old_len,
                old_cap: step.old_cap,
                new_cap,
            };
            assert_eq!(found.growth, Some(expected), "{grower:?}");
        }
    }
}
