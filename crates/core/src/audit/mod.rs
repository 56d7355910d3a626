//! The audit log's chains (rule S25), and how one is verified.
//!
//! Each change leaves one row, in the chain of the tenant that it concerns or in the operator's. The rows of a chain are numbered from 1,
//! and each is linked to the one before by a MAC under a key that is not in the database ([`crate::crypto::AuditKeys`]). The chain's head,
//! a row of its own, names the last one; it moves in the transaction of the change. Heads can be exported and kept elsewhere, so that a
//! database that was taken back as a whole is found out too.
//!
//! | File | Owns |
//! |---|---|
//! | `mod` | names of chains, rows as they are stored |
//! | `verify` | verifying one chain, row by row |
//! | `heads` | exported heads |

mod heads;
mod verify;

pub use heads::{AuditHeads, HeadsContent, HeadsError};
pub use verify::{ChainFault, ChainReport, ChainVerifier, FaultKind};

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::crypto::{ChainLink, ChainedRow};
use crate::model::{IdError, TenantId};

/// What the chain of no tenant is called.
const OPERATOR: &str = "operator";

/// Whose chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChainName(pub Option<TenantId>);

impl fmt::Display for ChainName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(tenant) => tenant.fmt(out),
            None => out.write_str(OPERATOR),
        }
    }
}

impl FromStr for ChainName {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        if text == OPERATOR { Ok(Self(None)) } else { text.parse().map(|tenant| Self(Some(tenant))) }
    }
}

/// A row of a chain as the database holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields of `ChainedRow`, and the link")]
pub struct StoredRow {
    pub chain: String,
    pub sequence: i64,
    pub position: i64,
    pub at: i64,
    pub actor: String,
    pub source: Option<String>,
    pub request_id: Option<String>,
    pub action: String,
    pub subject_kind: String,
    pub subject_environment: Option<String>,
    pub subject_id: String,
    pub before: Option<String>,
    pub after: Option<String>,
    pub link: ChainLink,
}

impl StoredRow {
    /// What the link is made over.
    pub fn content(&self) -> ChainedRow<'_> {
        ChainedRow {
            chain: &self.chain,
            sequence: self.sequence,
            position: self.position,
            at: self.at,
            actor: &self.actor,
            source: self.source.as_deref(),
            request_id: self.request_id.as_deref(),
            action: &self.action,
            subject_kind: &self.subject_kind,
            subject_environment: self.subject_environment.as_deref(),
            subject_id: &self.subject_id,
            before: self.before.as_deref(),
            after: self.after.as_deref(),
        }
    }

    /// The head of a chain that ends with this row.
    pub fn head(&self) -> ChainHead {
        let Self { chain, sequence, position, link, .. } = self;
        ChainHead { chain: chain.clone(), rows: *sequence, position: *position, mac: link.mac.clone() }
    }
}

/// The end of a chain: how many rows it has, and the last one's MAC, which stands for all of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChainHead {
    /// Whose chain: a tenant's id, or `operator`.
    pub chain: String,
    /// How many rows it has, which is the number of the last.
    pub rows: i64,
    /// The last row's position in the feed.
    pub position: i64,
    /// The last row's MAC; as base64url in JSON.
    #[serde(with = "crate::base64url::bytes")]
    pub mac: Vec<u8>,
}
