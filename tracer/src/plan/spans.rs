//! Where spans are used up: one probe for many objects, for kernels on which
//! probes cannot go on and off quickly.
//!
//! A P takes a new span of a class by `(*mcache).refill` when the old one has no
//! free slot left; the objects allocated of the old one since are known then
//! (go1.24 src/runtime/mcache.go:147). They are charged to the call stack that
//! needed the new one.

use tracer_ebpf::wire::{LeafFilter, general_leaf};

use super::binary::FunctionSpan;

/// The function that takes a span.
pub const REFILL: &str = "runtime.(*mcache).refill";

/// Its only caller. It calls `refill` exactly when all slots of the span are
/// taken (go1.24 src/runtime/malloc.go:976).
pub const NEXT_FREE: &str = "runtime.(*mcache).nextFree";

/// What every recording made this way says of itself.
pub const BIAS: &str = "shares are those of used-up spans: each is charged whole to the call stack \
     that needed the next one, so the shares of call stacks that take turns in a fixed rhythm \
     are unreliable; sizes are those of size classes";

/// Said where large objects are seen nowhere.
pub const NO_LARGE: &str = "counts incomplete: objects over 32 KiB are not seen";

/// Said where calls were asked for.
pub const NO_CALLS: &str = "calls of maps and steps of growth are not counted: on this kernel they cannot be within a \
     bound";

/// A function whose probe sees spans used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place<'a> {
    /// Which.
    pub function: &'a FunctionSpan,
    /// Whether `refill` is inlined in it, and not every call of it gets there.
    pub is_host: bool,
}

impl Place<'_> {
    /// Which of its calls count.
    #[must_use]
    pub fn filter(&self) -> LeafFilter {
        LeafFilter {
            general: match self.is_host {
                true => general_leaf::USED_UP_SPAN,
                false => 0,
            },
            ..LeafFilter::default()
        }
    }
}

/// Where to probe, and what that will not see.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places<'a> {
    /// The functions.
    pub probed: Vec<Place<'a>>,
    /// Sentences.
    pub warnings: Vec<String>,
}

/// The places, given `refill` where it has code of its own and the functions it
/// is inlined in.
#[must_use]
pub fn places<'a>(refill: Option<&'a FunctionSpan>, hosts: &'a [FunctionSpan]) -> Places<'a> {
    let mut places = Places::default();
    places.probed.extend(refill.map(|function| Place {
        function,
        is_host: false,
    }));
    for host in hosts {
        if host.name == NEXT_FREE {
            places.probed.push(Place {
                function: host,
                is_host: true,
            });
        } else {
            places.warnings.push(format!(
                "counts incomplete: {REFILL} is inlined in {}, where used-up spans cannot be told",
                host.name
            ));
        }
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::addr::ElfAddr;

    fn function(name: &str) -> FunctionSpan {
        FunctionSpan {
            name: name.to_owned(),
            entry: ElfAddr(0x1000),
            end: ElfAddr(0x1100),
        }
    }

    #[test]
    fn refill_itself_where_it_is() {
        let refill = function(REFILL);
        let places = places(Some(&refill), &[]);
        assert_eq!(places.probed.len(), 1);
        assert_eq!(places.probed[0].filter(), LeafFilter::default());
        assert!(places.warnings.is_empty());
    }

    #[test]
    fn next_free_where_it_took_it_in() {
        let hosts = [function(NEXT_FREE)];
        let places = places(None, &hosts);
        assert_eq!(
            places.probed[0].filter().general,
            general_leaf::USED_UP_SPAN
        );
    }

    #[test]
    fn what_cannot_be_seen_is_said() {
        let refill = function(REFILL);
        let hosts = [function("runtime.mallocgcSmallNoscan")];
        let places = places(Some(&refill), &hosts);
        assert_eq!(places.probed.len(), 1);
        assert!(places.warnings[0].contains("runtime.mallocgcSmallNoscan"));
    }
}
