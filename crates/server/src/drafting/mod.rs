//! Learning an existing token endpoint: from its description or from what it answered to a dialect file.
//!
//! | file | is |
//! |---|---|
//! | `tree.rs` | an OpenAPI document as an ordered tree, read within limits |
//! | `openapi/` | what such a document tells of its token endpoint |
//! | `body.rs` | JSON text with the places of its values; from a body to a template |
//! | `meaning.rs` | what a key of a body or a parameter means, by its name and value |
//! | `answer.rs` | the answer with a token: from a body to a template, lifetimes, scopes |
//! | `faults.rs` | which fault is answered with which of the known answers |
//! | `recorded.rs` | what recorded exchanges tell |
//! | `probed.rs` | what they tell of how requests are read: repeated parameters, queries, other bodies |
//! | `draft.rs` | all that is known of a dialect, with what is not |
//! | `write.rs` | the dialect file |
//! | `secrecy.rs` | what looks like a secret and is not written down |
//!
//! Nothing here is asked over the network, and nothing decides about tokens: a draft is a file that somebody reads before it is used.

mod answer;
mod body;
mod draft;
mod faults;
mod meaning;
mod openapi;
mod probed;
mod recorded;
mod secrecy;
mod tree;
mod write;

pub(crate) use body::{Leaf, leaves, replaced};
pub use draft::Draft;
pub(crate) use meaning::{AnswerValue, ErrorValue, answer_value, error_value, role_of};
pub use openapi::{OperationName, draft_from_openapi};
pub use recorded::draft_from_recordings;
pub(crate) use recorded::{fields as fields_of, given_scopes, names_scopes};
pub(crate) use secrecy::looks_secret;
pub use tree::{MAX_DOCUMENT, Tree};

/// A value as JSON, for its placeholder.
pub(crate) fn json_of(value: &Tree) -> String {
    value.to_json()
}
