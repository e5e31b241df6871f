//! A live view of which sites allocate, for a terminal.
//!
//! Input: [`Snapshot`](crate::session::Snapshot)s and keys. Output: what a terminal is to
//! show. Three parts that know of each other in this order only:
//!
//! - [`model`]: the [`State`], pure: it takes snapshots and actions, and holds all that is
//!   shown as plain values.
//! - [`input`]: which key is which action.
//! - [`view`]: draws a [`State`], and nothing else, into a buffer of characters.
//!
//! Terminals, signals and files are `goalloc top`'s own (`cli/top`).

#[cfg(test)]
mod fixture;
pub mod input;
pub mod model;
pub mod view;

pub use model::{Action, Column, Options, Request, State};
