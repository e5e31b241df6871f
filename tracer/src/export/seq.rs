//! Sequences that are serialized as they are made.

use serde::{Serialize, Serializer};

/// The items of an iterator, made anew each time they are serialized.
pub(super) struct Seq<F>(pub F);

impl<F, I> Serialize for Seq<F>
where
    F: Fn() -> I,
    I: IntoIterator,
    I::Item: Serialize,
{
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq((self.0)())
    }
}
