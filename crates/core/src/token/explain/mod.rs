//! Why a request was refused, in words that help.

mod catalogue;
mod code;
mod words;

pub use catalogue::{CATALOGUE, CatalogueEntry, catalogue_entry};
pub use words::Explanation;

#[cfg(test)]
mod tests;
