//! Exported heads: where all chains ended at one moment, to be kept apart from the database and compared with it later.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::ChainHead;
use crate::clock::Timestamp;
use crate::crypto::{AuditKeys, ChainLink, LinkError};

/// The version of the form.
const VERSION: u32 = 1;

/// What exported heads say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeadsContent {
    /// When they were read.
    pub made_at: Timestamp,
    /// The history of changes that the positions count.
    pub incarnation: String,
    /// The position of the last change.
    pub position: u64,
    /// How many rows are in no chain, since they were written before there were chains.
    pub outside: u64,
    /// The head of each chain, ordered by its name.
    pub heads: Vec<ChainHead>,
}

/// Heads with a MAC under a key that is not in the database. They are told as JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditHeads {
    version: u32,
    #[serde(flatten)]
    content: HeadsContent,
    key: String,
    #[serde(with = "crate::base64url::bytes")]
    mac: Vec<u8>,
}

/// Why exported heads are not used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HeadsError {
    /// They are not of the form that [`AuditHeads::to_json`] writes.
    Malformed,
    /// They were made under a master key that is not loaded.
    KeyUnknown(String),
    /// They were changed, or are of another deployment.
    NotAuthentic,
}

impl fmt::Display for HeadsError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HeadsError::Malformed => out.write_str("these are no heads that `mintmark audit head` wrote"),
            HeadsError::KeyUnknown(id) => write!(out, "the heads were made under the master key {id:?}, which is not loaded"),
            HeadsError::NotAuthentic => out.write_str("the heads were changed, or are of another deployment"),
        }
    }
}

impl std::error::Error for HeadsError {}

impl AuditHeads {
    /// The longest text of them that is read, in bytes: some two hundred thousand chains.
    pub const MAX_BYTES: u64 = 32 * 1024 * 1024;

    /// Puts a MAC over heads. None if no master key is loaded.
    pub fn seal(keys: &AuditKeys, content: HeadsContent) -> Option<Self> {
        let made = keys.mac_of_heads(fields(&content).iter().map(Vec::as_slice))?;
        Some(Self { version: VERSION, content, key: made.key_id, mac: made.mac })
    }

    /// Reads heads that [`AuditHeads::to_json`] wrote, and checks that nobody changed them.
    pub fn open(keys: &AuditKeys, json: &[u8]) -> Result<HeadsContent, HeadsError> {
        let Self { version, content, key, mac } = serde_json::from_slice(json).map_err(|_| HeadsError::Malformed)?;
        if version != VERSION {
            return Err(HeadsError::Malformed);
        }
        let made = ChainLink { key_id: key, mac };
        keys.check_heads(fields(&content).iter().map(Vec::as_slice), &made).map_err(|error| match error {
            LinkError::KeyUnknown => HeadsError::KeyUnknown(made.key_id.clone()),
            LinkError::NotAuthentic => HeadsError::NotAuthentic,
        })?;
        let names: BTreeSet<&str> = content.heads.iter().map(|head| head.chain.as_str()).collect();
        if names.len() == content.heads.len() { Ok(content) } else { Err(HeadsError::Malformed) }
    }

    /// As JSON.
    pub fn to_json(&self) -> serde_json::Value {
        serde_json::to_value(self).unwrap_or_default()
    }
}

/// All that the MAC is over, in one order.
fn fields(content: &HeadsContent) -> Vec<Vec<u8>> {
    let HeadsContent { made_at, incarnation, position, outside, heads } = content;
    let mut fields = vec![
        VERSION.to_be_bytes().to_vec(),
        made_at.0.to_be_bytes().to_vec(),
        incarnation.as_bytes().to_vec(),
        position.to_be_bytes().to_vec(),
        outside.to_be_bytes().to_vec(),
    ];
    for head in heads {
        fields.push(head.chain.as_bytes().to_vec());
        fields.push(head.rows.to_be_bytes().to_vec());
        fields.push(head.position.to_be_bytes().to_vec());
        fields.push(head.mac.clone());
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::RootKeys;
    use crate::random::SeededRandom;

    fn keys(seed: u64) -> AuditKeys {
        RootKeys::parse(&RootKeys::generate(&SeededRandom::new(seed))).unwrap().audit_keys()
    }

    fn content() -> HeadsContent {
        let head = ChainHead { chain: "operator".to_owned(), rows: 3, position: 9, mac: vec![7; 32] };
        let (incarnation, heads) = ("one".to_owned(), vec![head]);
        HeadsContent { made_at: Timestamp(1_800_000_000), incarnation, position: 9, outside: 0, heads }
    }

    #[test]
    fn s25_exported_heads_are_read_back_as_they_were() {
        let text = AuditHeads::seal(&keys(1), content()).unwrap().to_json().to_string();
        assert_eq!(AuditHeads::open(&keys(1), text.as_bytes()), Ok(content()));
    }

    #[test]
    fn s25_heads_that_anything_of_was_changed_are_refused() {
        let sealed = AuditHeads::seal(&keys(1), content()).unwrap().to_json();
        let mut tried = 0;
        for path in ["/made_at", "/position", "/outside", "/heads/0/rows", "/heads/0/position"] {
            let mut changed = sealed.clone();
            *changed.pointer_mut(path).unwrap() = 4.into();
            assert_eq!(AuditHeads::open(&keys(1), changed.to_string().as_bytes()), Err(HeadsError::NotAuthentic), "{path}");
            tried += 1;
        }
        for path in ["/incarnation", "/heads/0/chain", "/heads/0/mac", "/mac"] {
            let mut changed = sealed.clone();
            *changed.pointer_mut(path).unwrap() = "YWJj".into();
            assert_eq!(AuditHeads::open(&keys(1), changed.to_string().as_bytes()), Err(HeadsError::NotAuthentic), "{path}");
            tried += 1;
        }
        let mut fewer = sealed.clone();
        fewer["heads"] = serde_json::json!([]);
        assert_eq!(AuditHeads::open(&keys(1), fewer.to_string().as_bytes()), Err(HeadsError::NotAuthentic));
        assert_eq!(AuditHeads::open(&keys(2), sealed.to_string().as_bytes()), Err(HeadsError::NotAuthentic));
        let mut other = sealed;
        other["key"] = "m9".into();
        assert_eq!(AuditHeads::open(&keys(1), other.to_string().as_bytes()), Err(HeadsError::KeyUnknown("m9".to_owned())));
        assert_eq!(tried, 9);
    }

    #[test]
    fn what_is_no_export_of_heads_is_refused() {
        for text in ["", "{}", "[]", "null", "{\"version\":2}"] {
            assert_eq!(AuditHeads::open(&keys(1), text.as_bytes()), Err(HeadsError::Malformed), "{text}");
        }
    }
}
