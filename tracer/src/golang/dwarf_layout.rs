//! The runtime's field offsets, read from debug information.

use std::collections::HashMap;

use gimli::{DW_AT_data_member_location, DW_AT_name, DW_TAG_member, DW_TAG_structure_type};

use super::binary::GoBinary;
use super::dwarf::{DwarfError, Reader};
use super::layout::{LayoutSource, RuntimeLayout};

const STRUCTS: [&str; 5] = [
    "runtime.g",
    "runtime.m",
    "runtime.p",
    "runtime.mcache",
    "runtime.stack",
];

/// Offsets by struct and field.
type Fields = HashMap<(&'static str, String), u16>;

impl GoBinary {
    /// Offsets of the runtime's fields as the debug information has them; `None`
    /// when it lacks them. Unpacks and reads most of it, which takes a tenth of
    /// a second or more in a large program.
    ///
    /// # Errors
    /// When the debug information is damaged.
    pub fn dwarf_layout(&self) -> Result<Option<RuntimeLayout>, DwarfError> {
        if !self.has_dwarf() {
            return Ok(None);
        }
        let dwarf = self.load_dwarf()?;
        let mut fields = Fields::new();
        let mut missing = STRUCTS.to_vec();
        let mut units = dwarf.units();
        while let Some(header) = units.next()? {
            let unit = dwarf.unit(header)?;
            collect(&dwarf, &unit, &mut missing, &mut fields)?;
            if missing.is_empty() {
                break;
            }
        }
        Ok(layout(&fields))
    }
}

/// Takes the fields of those missing structs that the unit describes.
fn collect(
    dwarf: &gimli::Dwarf<Reader>,
    unit: &gimli::Unit<Reader>,
    missing: &mut Vec<&'static str>,
    fields: &mut Fields,
) -> Result<(), DwarfError> {
    let mut entries = unit.entries();
    // The struct being read, and how deep its entry is.
    let mut current = None;
    while let Some(entry) = entries.next_dfs()? {
        let name = || -> Result<Option<String>, gimli::Error> {
            let Some(value) = entry.attr_value(DW_AT_name) else {
                return Ok(None);
            };
            let name = dwarf.attr_string(unit, value)?;
            Ok(Some(String::from_utf8_lossy(&name).into_owned()))
        };
        let depth = entry.depth();
        if current.is_some_and(|(_, inside)| depth <= inside) {
            current = None;
        }
        if entry.tag() == DW_TAG_structure_type {
            let name = name()?;
            let found = missing.iter().position(|s| name.as_deref() == Some(*s));
            current = found.map(|index| (missing.swap_remove(index), depth));
        } else if entry.tag() == DW_TAG_member
            && let Some((parent, _)) = current
            && let Some(name) = name()?
            && let Some(value) = entry.attr_value(DW_AT_data_member_location)
            && let Some(offset) = value.udata_value().and_then(|v| u16::try_from(v).ok())
        {
            fields.insert((parent, name), offset);
        }
    }
    Ok(())
}

fn layout(fields: &Fields) -> Option<RuntimeLayout> {
    let at = |parent: &'static str, name: &str| fields.get(&(parent, name.to_owned())).copied();
    let stack = at("runtime.g", "stack")?;
    Some(RuntimeLayout {
        g_stack_lo: stack.checked_add(at("runtime.stack", "lo")?)?,
        g_stack_hi: stack.checked_add(at("runtime.stack", "hi")?)?,
        g_m: at("runtime.g", "m")?,
        g_goid: at("runtime.g", "goid")?,
        m_g0: at("runtime.m", "g0")?,
        m_curg: at("runtime.m", "curg")?,
        m_p: at("runtime.m", "p")?,
        p_mcache: at("runtime.p", "mcache")?,
        mcache_tinyoffset: at("runtime.mcache", "tinyoffset")?,
        source: LayoutSource::Dwarf,
    })
}
