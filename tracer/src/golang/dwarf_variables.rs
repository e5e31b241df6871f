//! Addresses of package variables, read from debug information.

use gimli::{AttributeValue, DW_AT_location, DW_AT_name, DW_TAG_variable, Operation};

use super::binary::GoBinary;
use super::dwarf::{DwarfError, Reader};
use crate::addr::ElfAddr;

impl GoBinary {
    /// Addresses of the variables of these names, as far as the debug information
    /// has them.
    pub(super) fn dwarf_variables<const N: usize>(
        &self,
        names: [&str; N],
    ) -> Result<[Option<ElfAddr>; N], DwarfError> {
        let mut found = [None; N];
        if !self.has_dwarf() {
            return Ok(found);
        }
        let dwarf = self.load_dwarf()?;
        let mut units = dwarf.units();
        while let Some(header) = units.next()?
            && found.iter().any(Option::is_none)
        {
            let unit = dwarf.unit(header)?;
            let mut entries = unit.entries();
            while let Some(entry) = entries.next_dfs()? {
                if entry.tag() != DW_TAG_variable {
                    continue;
                }
                let Some(value) = entry.attr_value(DW_AT_name) else {
                    continue;
                };
                let name = dwarf.attr_string(&unit, value)?;
                let index = names.iter().position(|wanted| *name == *wanted.as_bytes());
                let location = entry.attr_value(DW_AT_location);
                if let Some(place) = index.and_then(|index| found.get_mut(index))
                    && let Some(AttributeValue::Exprloc(expression)) = location
                {
                    *place = address(&dwarf, &unit, expression)?;
                }
            }
        }
        Ok(found)
    }
}

/// What an expression of a single address says: `DW_OP_addr` up to DWARF 4,
/// `DW_OP_addrx` since.
fn address(
    dwarf: &gimli::Dwarf<Reader>,
    unit: &gimli::Unit<Reader>,
    expression: gimli::Expression<Reader>,
) -> Result<Option<ElfAddr>, gimli::Error> {
    let mut operations = expression.operations(unit.encoding());
    let address = match operations.next()? {
        Some(Operation::Address { address }) => Some(address),
        Some(Operation::AddressIndex { index }) => Some(dwarf.address(unit, index)?),
        _ => None,
    };
    Ok(address.map(ElfAddr))
}
