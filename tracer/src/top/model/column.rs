//! The columns of a table, and the order of its rows.

use std::cmp::Ordering;

use clap::ValueEnum;

use super::rows::Row;

/// A column.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Column {
    /// Bytes asked for a second, over the last ten seconds
    #[default]
    #[value(name = "bytes/s")]
    BytesRate,
    /// Objects a second, over the last ten seconds
    #[value(name = "objects/s")]
    ObjectsRate,
    /// Share of all bytes/s
    #[value(name = "share")]
    Share,
    /// Bytes asked for since the recording began
    #[value(name = "bytes")]
    Bytes,
    /// How far those may be off
    #[value(name = "off")]
    Off,
    /// Objects since the recording began
    #[value(name = "objects")]
    Objects,
    /// Site, function, type, cause or package
    #[value(name = "name")]
    Name,
}

impl Column {
    /// From left to right.
    pub const ALL: [Self; 7] = [
        Self::BytesRate,
        Self::ObjectsRate,
        Self::Share,
        Self::Bytes,
        Self::Off,
        Self::Objects,
        Self::Name,
    ];

    /// What is written above it; the name's heading is the table's.
    #[must_use]
    pub fn heading(self) -> &'static str {
        match self {
            Self::BytesRate => "bytes/s",
            Self::ObjectsRate => "obj/s",
            Self::Share => "%",
            Self::Bytes => "bytes",
            Self::Off => "±%",
            Self::Objects => "objects",
            Self::Name => "name",
        }
    }

    /// The neighbour to the left, or the last one.
    #[must_use]
    pub(super) fn left(self) -> Self {
        self.neighbour(Self::ALL.len() - 1)
    }

    /// The neighbour to the right, or the first one.
    #[must_use]
    pub(super) fn right(self) -> Self {
        self.neighbour(1)
    }

    fn neighbour(self, distance: usize) -> Self {
        let at = Self::ALL.iter().position(|it| *it == self).unwrap_or(0);
        Self::ALL[(at + distance) % Self::ALL.len()]
    }

    /// How rows are ordered by it: most first, names from A on. Equals by total, then by
    /// name.
    pub(super) fn compare(self, a: &Row, b: &Row) -> Ordering {
        let most_first = |of: fn(&Row) -> f64| of(b).total_cmp(&of(a));
        let by_column = match self {
            Self::BytesRate | Self::Share => most_first(|row| row.bytes_per_s),
            Self::ObjectsRate => most_first(|row| row.objects_per_s),
            Self::Bytes => b.values.bytes.cmp(&a.values.bytes),
            Self::Off => most_first(Row::off),
            Self::Objects => b.values.objects.cmp(&a.values.objects),
            Self::Name => Ordering::Equal,
        };
        by_column
            .then_with(|| match self {
                Self::Name => Ordering::Equal,
                _ => b.values.bytes.cmp(&a.values.bytes),
            })
            .then_with(|| a.key.cmp(&b.key))
    }
}
