//! What an operator notes about a client for its tokens: named scalar values.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Attributes by name. A dialect may copy one into the token as a claim.
pub type Attributes = BTreeMap<String, AttributeValue>;

/// The value of an attribute: a scalar, so that it cannot nest and has an obvious size.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum AttributeValue {
    /// `true` or `false`.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// A text of at most 256 bytes.
    Text(String),
}

impl AttributeValue {
    /// The longest text, in bytes.
    pub const MAX_TEXT: usize = 256;

    /// The value as JSON, for a claim.
    pub fn to_json(&self) -> serde_json::Value {
        match self {
            AttributeValue::Boolean(value) => (*value).into(),
            AttributeValue::Integer(value) => (*value).into(),
            AttributeValue::Text(value) => value.as_str().into(),
        }
    }
}
