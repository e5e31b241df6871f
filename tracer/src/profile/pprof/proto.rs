//! Messages of the pprof format.
//!
//! Field numbers and meanings are those of `proto/profile.proto` of
//! github.com/google/pprof (package `perftools.profiles`), which every Go
//! distribution carries in decoded form in
//! go1.24 src/cmd/vendor/github.com/google/pprof/profile/encode.go:134.
//! Integers that stand for strings index [`Profile::string_table`], whose entry
//! 0 is the empty string.

/// The file as a whole.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Profile {
    /// What the values of each sample are, in their order.
    #[prost(message, repeated, tag = "1")]
    pub sample_type: Vec<ValueType>,
    /// The samples.
    #[prost(message, repeated, tag = "2")]
    pub sample: Vec<Sample>,
    /// The files mapped into the process.
    #[prost(message, repeated, tag = "3")]
    pub mapping: Vec<Mapping>,
    /// The program counters.
    #[prost(message, repeated, tag = "4")]
    pub location: Vec<Location>,
    /// The functions.
    #[prost(message, repeated, tag = "5")]
    pub function: Vec<Function>,
    /// Every string. Declared as bytes, the same on the wire, because other
    /// producers write what is not UTF-8.
    #[prost(bytes = "vec", repeated, tag = "6")]
    pub string_table: Vec<Vec<u8>>,
    /// Start of the recording, nanoseconds since the Unix epoch.
    #[prost(int64, tag = "9")]
    pub time_nanos: i64,
    /// Its length.
    #[prost(int64, tag = "10")]
    pub duration_nanos: i64,
    /// What is between two samples.
    #[prost(message, optional, tag = "11")]
    pub period_type: Option<ValueType>,
    /// How much of it.
    #[prost(int64, tag = "12")]
    pub period: i64,
    /// Free text, one string each.
    #[prost(int64, repeated, tag = "13")]
    pub comment: Vec<i64>,
    /// The sample type viewers show first.
    #[prost(int64, tag = "14")]
    pub default_sample_type: i64,
    /// A [`Sampling`], in a field that the format leaves unused: readers pass
    /// over fields they do not know. Bytes, so that one that is damaged does not
    /// make the file unreadable.
    #[prost(bytes = "vec", tag = "15000")]
    pub sampling: Vec<u8>,
    /// A [`Timeline`], in the same way.
    #[prost(bytes = "vec", tag = "15001")]
    pub timeline: Vec<u8>,
}

/// What was allocated over time, goalloc's own. Empty where the recording was not cut
/// into slices.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Timeline {
    /// Version of this message.
    #[prost(uint32, tag = "1")]
    pub version: u32,
    /// CRC-32 of the values of all samples, as in [`Sampling`].
    #[prost(fixed32, tag = "2")]
    pub values_crc32: u32,
    /// How long a slice was meant to be.
    #[prost(uint64, tag = "3")]
    pub interval_ns: u64,
    /// How long each slice is.
    #[prost(uint64, repeated, tag = "4")]
    pub slice_ns: Vec<u64>,
    /// Site of each series.
    #[prost(string, repeated, tag = "5")]
    pub site: Vec<String>,
    /// Heap objects of each series in each slice, one series behind the other.
    #[prost(uint64, repeated, tag = "6")]
    pub objects: Vec<u64>,
    /// Bytes of heap set aside, likewise.
    #[prost(uint64, repeated, tag = "7")]
    pub heap_bytes: Vec<u64>,
}

/// What the values of a recording are estimated from, goalloc's own: the strata,
/// the parts of the samples and the draws of the parts as columns.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Sampling {
    /// Version of this message.
    #[prost(uint32, tag = "1")]
    pub version: u32,
    /// CRC-32 of the values of all samples in their order, as little-endian
    /// 64-bit integers. It tells whether they still are what this is about.
    #[prost(fixed32, tag = "2")]
    pub values_crc32: u32,
    /// Untraced objects of each stratum.
    #[prost(double, repeated, tag = "3")]
    pub untraced: Vec<f64>,
    /// Whether that number is the runtime's, of each stratum.
    #[prost(bool, repeated, tag = "4")]
    pub known: Vec<bool>,
    /// Index of the sample of each part, as difference from the part before. Parts of
    /// what a view left out have the index behind the last.
    #[prost(uint32, repeated, tag = "5")]
    pub sample_delta: Vec<u32>,
    /// Index of the stratum of each part.
    #[prost(uint32, repeated, tag = "6")]
    pub stratum: Vec<u32>,
    /// Objects traced of each part.
    #[prost(uint64, repeated, tag = "7")]
    pub counted: Vec<u64>,
    /// Number of draws of each part.
    #[prost(uint32, repeated, tag = "8")]
    pub draws: Vec<u32>,
    /// Group of each draw, a byte.
    #[prost(bytes = "vec", tag = "9")]
    pub group: Vec<u8>,
    /// Untraced objects of each draw.
    #[prost(float, repeated, tag = "10")]
    pub objects: Vec<f32>,
}

/// Name and unit of a value.
#[derive(Clone, Copy, PartialEq, prost::Message)]
pub struct ValueType {
    /// Name, a string index.
    #[prost(int64, tag = "1")]
    pub r#type: i64,
    /// Unit, a string index.
    #[prost(int64, tag = "2")]
    pub unit: i64,
}

/// Values of one call chain and set of labels.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Sample {
    /// Innermost first.
    #[prost(uint64, repeated, tag = "1")]
    pub location_id: Vec<u64>,
    /// One for each sample type.
    #[prost(int64, repeated, tag = "2")]
    pub value: Vec<i64>,
    /// Labels.
    #[prost(message, repeated, tag = "3")]
    pub label: Vec<Label>,
}

/// A label: a string, or a number with its unit.
#[derive(Clone, Copy, PartialEq, prost::Message)]
pub struct Label {
    /// Name, a string index.
    #[prost(int64, tag = "1")]
    pub key: i64,
    /// Value as a string index; 0 when it is a number.
    #[prost(int64, tag = "2")]
    pub str: i64,
    /// Value as a number.
    #[prost(int64, tag = "3")]
    pub num: i64,
    /// Its unit, a string index.
    #[prost(int64, tag = "4")]
    pub num_unit: i64,
}

/// A file mapped into the process.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Mapping {
    /// Not 0.
    #[prost(uint64, tag = "1")]
    pub id: u64,
    /// First address.
    #[prost(uint64, tag = "2")]
    pub memory_start: u64,
    /// Address behind the last.
    #[prost(uint64, tag = "3")]
    pub memory_limit: u64,
    /// Position in the file of the first byte.
    #[prost(uint64, tag = "4")]
    pub file_offset: u64,
    /// Path, a string index.
    #[prost(int64, tag = "5")]
    pub filename: i64,
    /// Build id, a string index.
    #[prost(int64, tag = "6")]
    pub build_id: i64,
    /// Whether functions are resolved, so that viewers need not.
    #[prost(bool, tag = "7")]
    pub has_functions: bool,
    /// Whether file names are.
    #[prost(bool, tag = "8")]
    pub has_filenames: bool,
    /// Whether line numbers are.
    #[prost(bool, tag = "9")]
    pub has_line_numbers: bool,
    /// Whether inlined frames are.
    #[prost(bool, tag = "10")]
    pub has_inline_frames: bool,
}

/// A program counter.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Location {
    /// Not 0.
    #[prost(uint64, tag = "1")]
    pub id: u64,
    /// Its mapping, 0 for none.
    #[prost(uint64, tag = "2")]
    pub mapping_id: u64,
    /// The address.
    #[prost(uint64, tag = "3")]
    pub address: u64,
    /// Innermost first; the last is the function that was really called.
    #[prost(message, repeated, tag = "4")]
    pub line: Vec<Line>,
}

/// A position in a function.
#[derive(Clone, Copy, PartialEq, prost::Message)]
pub struct Line {
    /// Which.
    #[prost(uint64, tag = "1")]
    pub function_id: u64,
    /// Line in its file.
    #[prost(int64, tag = "2")]
    pub line: i64,
}

/// A function.
#[derive(Clone, Copy, PartialEq, prost::Message)]
pub struct Function {
    /// Not 0.
    #[prost(uint64, tag = "1")]
    pub id: u64,
    /// Name as people read it, a string index.
    #[prost(int64, tag = "2")]
    pub name: i64,
    /// Name as the linker knows it, a string index.
    #[prost(int64, tag = "3")]
    pub system_name: i64,
    /// Source file, a string index.
    #[prost(int64, tag = "4")]
    pub filename: i64,
    /// Line of its beginning.
    #[prost(int64, tag = "5")]
    pub start_line: i64,
}
