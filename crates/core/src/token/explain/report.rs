//! What the token debugger finds: lines of checks, and what the token is worth.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::clock::Timestamp;
use crate::model::{EnvironmentName, RevocationKind};

/// How one check of a token went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LineVerdict {
    /// As it has to be.
    Passed,
    /// Not as it has to be.
    Failed,
    /// Neither right nor wrong: for whoever reads it.
    Note,
    /// It could not be looked at, since an earlier check failed.
    NotChecked,
}

/// One check of a token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReportLine {
    /// Its name, in `snake_case`.
    pub check: &'static str,
    /// How it went.
    pub verdict: LineVerdict,
    /// What was found, in words.
    pub detail: String,
}

/// What ended a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EndedBy {
    /// It was revoked itself.
    Token,
    /// Its credential was turned off or removed, or its tokens were revoked.
    Credential,
    /// Its client.
    Client,
    /// Its business.
    Business,
    /// Its tenant.
    Tenant,
    /// The key that signed it was revoked.
    Key,
    /// The store was restored from a backup that is older than it.
    Restore,
}

impl EndedBy {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            EndedBy::Token => "token",
            EndedBy::Credential => "credential",
            EndedBy::Client => "client",
            EndedBy::Business => "business",
            EndedBy::Tenant => "tenant",
            EndedBy::Key => "key",
            EndedBy::Restore => "restore",
        }
    }
}

impl From<RevocationKind> for EndedBy {
    fn from(kind: RevocationKind) -> Self {
        match kind {
            RevocationKind::Credential => EndedBy::Credential,
            RevocationKind::Client => EndedBy::Client,
            RevocationKind::Business => EndedBy::Business,
            RevocationKind::Tenant => EndedBy::Tenant,
            RevocationKind::Token => EndedBy::Token,
        }
    }
}

/// What a token is worth at this moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum TokenStanding {
    /// Services take it.
    Live {
        /// For so many seconds more.
        seconds_left: i64,
    },
    /// It has expired.
    Expired {
        /// So many seconds ago.
        seconds_ago: i64,
    },
    /// It was ended before it expires.
    Revoked {
        /// By what.
        by: EndedBy,
        /// When, where that is known.
        when: Option<Timestamp>,
    },
    /// It is good later.
    NotYetValid {
        /// In so many seconds.
        seconds: i64,
    },
    /// It says that it is of this server, and is not: changed, forged, or signed by a key that is not there.
    Invalid,
    /// It is of another issuer, or none that whoever asks may look into.
    Foreign,
    /// It is no token.
    Malformed,
}

/// What the token debugger found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TokenReport {
    /// Every check, in order.
    pub lines: Vec<ReportLine>,
    /// The header of a JWT.
    pub header: Option<Map<String, Value>>,
    /// What it says. Nobody has verified it unless the line `signature` has passed.
    pub claims: Option<Map<String, Value>>,
    /// The environment that made it, if it is known.
    pub environment: Option<EnvironmentName>,
    /// What it is worth.
    pub standing: TokenStanding,
}

/// Lines as they are written.
#[derive(Debug, Default)]
pub(super) struct Lines(pub(super) Vec<ReportLine>);

impl Lines {
    pub(super) fn put(&mut self, check: &'static str, verdict: LineVerdict, detail: impl Into<String>) {
        self.0.push(ReportLine { check, verdict, detail: detail.into() });
    }

    /// A check that passes or fails. Returns whether it passes.
    pub(super) fn check(&mut self, check: &'static str, passes: bool, detail: impl Into<String>) -> bool {
        self.put(check, if passes { LineVerdict::Passed } else { LineVerdict::Failed }, detail);
        passes
    }

    /// Whether everything that was looked at is as it has to be.
    pub(super) fn all_pass(&self) -> bool {
        self.0.iter().all(|line| matches!(line.verdict, LineVerdict::Passed | LineVerdict::Note))
    }

    /// The report.
    pub(super) fn into_report(self, standing: TokenStanding) -> TokenReport {
        TokenReport { lines: self.0, header: None, claims: None, environment: None, standing }
    }
}
