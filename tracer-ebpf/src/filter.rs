//! placeholder until plan branch
use crate::wire::LeafFilter;
impl LeafFilter {
    /// x
    #[inline(always)]
    pub fn takes(&self, size_bytes: u64, noscan: bool) -> bool {
        let _ = (size_bytes, noscan);
        true
    }
}
