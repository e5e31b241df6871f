//! The fixtures without a tracer: what their sites add up to is what the
//! runtime counted. A fixture that fails here proves nothing elsewhere.

use crate::common::{self, Slot, build::Variant, fixture::Fixture};

fn untraced(minor: u32, program: &str) {
    let Some((_slot, executable)) = common::runnable(Slot::take, minor, Variant::PLAIN, program)
    else {
        return;
    };
    let mut fixture = Fixture::start(&executable, &[]);
    fixture.run_section();
    let truth = fixture.finish();
    assert_eq!(truth.objects(), truth.mallocs, "{truth:#?}");
    let collected = truth.num_gc > 0;
    let collects = ["finalizers", "gc", "pool"].contains(&program);
    assert_eq!(collected, collects, "collections during the section");
}

crate::exact::every_fixture! { super::untraced =>
    go1_19: 19,
    go1_21: 21,
    go1_22: 22,
    go1_23: 23,
    go1_24: 24,
    go1_25: 25,
    go1_26: 26,
    go1_27: 27,
}
