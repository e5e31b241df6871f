//! What can be wrong with a pprof file.

use super::limits::{MAX_DECODED_BYTES, MAX_MESSAGES};
use super::meta::SCHEMA;

/// Why bytes are not a profile goalloc can read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// No bytes.
    #[error("the file is empty")]
    Empty,
    /// Gzip, but broken.
    #[error("the gzip data is broken or cut short")]
    Gzip {
        /// What flate2 says.
        source: std::io::Error,
    },
    /// Larger than the limit.
    #[error("the profile has more than {} MiB once decompressed", MAX_DECODED_BYTES >> 20)]
    TooLarge,
    /// More messages than the limit.
    #[error("the profile has more than {MAX_MESSAGES} messages")]
    TooManyMessages,
    /// A field ends behind the end of the file.
    #[error(
        "not a pprof profile, or one that is cut short: a field ends behind the end of the file"
    )]
    Truncated,
    /// Not protobuf.
    #[error("not a pprof profile")]
    Protobuf {
        /// What prost says.
        #[from]
        source: prost::DecodeError,
    },
    /// A string that is not in the table.
    #[error("malformed profile: string {index} of {strings}")]
    StringIndex {
        /// The index.
        index: i64,
        /// Strings in the table.
        strings: usize,
    },
    /// An id that is zero or taken.
    #[error("malformed profile: {kind} id {id} is zero or used twice")]
    Id {
        /// `function` or `location`.
        kind: &'static str,
        /// The id.
        id: u64,
    },
    /// An id nothing has.
    #[error("malformed profile: no {kind} has id {id}")]
    Missing {
        /// `function` or `location`.
        kind: &'static str,
        /// The id.
        id: u64,
    },
    /// Values do not match the sample types.
    #[error("malformed profile: a sample has {values} values for {types} sample types")]
    ValueCount {
        /// Values of the sample.
        values: usize,
        /// Sample types of the profile.
        types: usize,
    },
    /// A value below zero.
    #[error(
        "negative values: this is the difference of two profiles, give the profiles themselves"
    )]
    Negative,
    /// Not about allocations.
    #[error(
        "no allocations in this profile: its sample types are {found}; give a recording of \
         `goalloc record`, or a heap profile that has alloc_objects and alloc_space"
    )]
    NotAllocations {
        /// Sample types it has.
        found: String,
    },
    /// The goalloc comment is not what it should be.
    #[error("malformed goalloc comment")]
    Comment {
        /// What serde says.
        source: serde_json::Error,
    },
    /// Written by a newer goalloc.
    #[error(
        "written by goalloc {version} with schema {schema}, this one reads up to {SCHEMA}; update goalloc"
    )]
    NewerSchema {
        /// Version of the writer.
        version: String,
        /// Its schema.
        schema: u32,
    },
}
