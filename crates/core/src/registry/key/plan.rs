//! What a change of signing keys is made of.

use mintmark_verify::Algorithm;
use serde::Serialize;

use super::super::{Draft, Outcome, RegistryError};
use crate::clock::Timestamp;
use crate::model::{EnvironmentName, KeyState, SigningKey};
use crate::store::{Subject, Write};

/// Whether a change is made or only told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Run {
    /// It is made.
    Commit,
    /// It is planned and told, and nothing is changed.
    Plan,
}

/// What becomes of one key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KeyStep {
    /// The key's id.
    pub kid: String,
    /// Its algorithm.
    pub algorithm: Algorithm,
    /// Its state before; nothing for a new key.
    pub from: Option<KeyState>,
    /// Its state after; nothing for a key whose row is deleted.
    pub to: Option<KeyState>,
}

/// What a plan is made from.
pub(super) struct Situation<'a> {
    pub(super) environment: &'a EnvironmentName,
    /// All keys of the environment.
    pub(super) keys: &'a [SigningKey],
    pub(super) now: Timestamp,
    /// Why a key cannot be used, if it cannot.
    pub(super) check: &'a dyn Fn(&SigningKey) -> Result<(), String>,
}

impl Situation<'_> {
    pub(super) fn key(&self, kid: &str) -> Outcome<&SigningKey> {
        let missing = || RegistryError::NotFound(format!("signing key {kid} in {}", self.environment));
        self.keys.iter().find(|key| key.kid == kid).ok_or_else(missing)
    }

    pub(super) fn of_state(&self, algorithm: Algorithm, state: KeyState) -> Option<&SigningKey> {
        self.keys.iter().find(|key| key.algorithm == algorithm && key.state == state)
    }
}

/// A change and what to tell of it; no change if there is nothing to do.
pub(super) struct KeyPlan<T> {
    pub(super) outcome: T,
    pub(super) change: Option<KeyChange>,
}

impl<T> KeyPlan<T> {
    pub(super) fn nothing(outcome: T) -> Self {
        Self { outcome, change: None }
    }
}

impl KeyPlan<Vec<KeyStep>> {
    /// A change that is told by what becomes of each key.
    pub(super) fn of(change: KeyChange) -> Self {
        Self { outcome: change.rows.iter().map(KeyRow::step).collect(), change: Some(change) }
    }
}

/// A change of keys, to be committed as one transaction.
pub(super) struct KeyChange {
    /// Names it in the audit.
    pub(super) action: &'static str,
    /// The key that the audit row is about.
    pub(super) kid: String,
    pub(super) before: Option<serde_json::Value>,
    pub(super) after: Option<serde_json::Value>,
    /// The rows in the order in which they are written.
    pub(super) rows: Vec<KeyRow>,
}

impl KeyChange {
    pub(super) fn into_draft(self, environment: &EnvironmentName) -> Draft {
        Draft {
            tenant: None,
            action: self.action,
            subject: Subject::SigningKey { environment: environment.clone(), kid: self.kid },
            before: self.before,
            after: self.after,
            writes: self.rows.into_iter().map(KeyRow::into_write).collect(),
        }
    }
}

/// One row of a change.
pub(super) enum KeyRow {
    New(SigningKey),
    Changed { from: KeyState, key: SigningKey },
    Deleted(SigningKey),
}

impl KeyRow {
    /// A row whose key goes over to another state, or stays in its own: then the version alone tells whether a change of somebody
    /// else came between.
    pub(super) fn becomes(key: &SigningKey, change: impl FnOnce(&mut SigningKey)) -> Self {
        let mut after = key.clone();
        change(&mut after);
        after.version = key.version + 1;
        Self::Changed { from: key.state, key: after }
    }

    fn step(&self) -> KeyStep {
        let (key, from, to) = match self {
            KeyRow::New(key) => (key, None, Some(key.state)),
            KeyRow::Changed { from, key } => (key, Some(*from), Some(key.state)),
            KeyRow::Deleted(key) => (key, Some(key.state), None),
        };
        KeyStep { kid: key.kid.clone(), algorithm: key.algorithm, from, to }
    }

    fn into_write(self) -> Write {
        match self {
            KeyRow::New(key) => Write::InsertSigningKey(key),
            KeyRow::Changed { key, .. } => Write::UpdateSigningKey(key),
            KeyRow::Deleted(key) => Write::DeleteSigningKey(key),
        }
    }
}

/// The changes of state, each with its time.
impl SigningKey {
    pub(super) fn activate(&mut self, now: Timestamp) {
        (self.state, self.activated_at) = (KeyState::Active, Some(now));
    }

    pub(super) fn retire(&mut self, now: Timestamp) {
        (self.state, self.retired_at, self.withdrawn_at) = (KeyState::Retired, Some(now), None);
    }

    pub(super) fn remove(&mut self, now: Timestamp) {
        (self.state, self.withdrawn_at) = (KeyState::Removed, Some(now));
    }

    /// The private part goes with it: a row that somebody puts back by hand signs nothing and publishes nothing.
    pub(super) fn revoke(&mut self, now: Timestamp) {
        (self.state, self.withdrawn_at) = (KeyState::Revoked, Some(now));
        self.sealed.0.clear();
    }
}
