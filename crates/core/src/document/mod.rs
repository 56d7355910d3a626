//! TOML files read by hand, so that every mistake is found in one run and told with its place.
//!
//! Dialect files and the server's configuration are read through this. A [`Document`] remembers where each key and value
//! stands, also after one file was laid over another; a [`TableReader`] takes the keys it knows and then reports the rest,
//! naming the nearest known one.

mod diagnostic;
mod reader;
mod tree;

pub use diagnostic::{Diagnostic, Diagnostics};
pub use reader::{TableReader, nearest};
pub use tree::{Document, Key, Node, Place, Source, Table, Value};

#[cfg(test)]
pub(crate) use tree::edit;

#[cfg(test)]
mod tests;
