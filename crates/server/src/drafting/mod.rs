//! Learning an existing token endpoint: from its description or from what it answered to a dialect file.
//!
//! | file | is |
//! |---|---|
//! | `tree.rs` | an OpenAPI document as an ordered tree, read within limits |
//! | `openapi/` | what such a document tells of its token endpoint |
//! | `body.rs` | JSON text with the places of its values; from a body to a template |
//! | `meaning.rs` | what a key of a body or a parameter means, by its name and value |
//! | `faults.rs` | which fault is answered with which of the known answers |
//! | `draft.rs` | all that is known of a dialect, with what is not |
//! | `write.rs` | the dialect file |
//! | `secrecy.rs` | what looks like a secret and is not written down |
//!
//! Nothing here is asked over the network, and nothing decides about tokens: a draft is a file that somebody reads before it is used.

mod body;
mod draft;
mod faults;
mod meaning;
mod openapi;
mod secrecy;
mod tree;
mod write;

pub use draft::Draft;
pub use openapi::{OperationName, draft_from_openapi};
pub use tree::{MAX_DOCUMENT, Tree};
