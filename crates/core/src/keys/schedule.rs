//! What is due to be done with the keys of an environment, decided from their rows and the time.

use std::fmt;

use mintmark_verify::Algorithm;

use super::{PUBLISHED_BEFORE_USE, UNREACHABLE_ALLOWANCE};
use crate::clock::Timestamp;
use crate::dialect::DialectSet;
use crate::model::{KeyState, SigningKey};
use crate::store::EnvironmentRecord;

/// How late a rotation may be before people are told, in seconds: servers look every half minute, but may be off for a while.
const OVERDUE: i64 = 86_400;

/// One thing that is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Due {
    /// An algorithm that is signed with has no key.
    Create(Algorithm),
    /// An algorithm that is signed with has no next key.
    Prepare {
        /// The algorithm.
        algorithm: Algorithm,
        /// The key that is active.
        active_kid: String,
    },
    /// The active key has signed for long enough.
    Rotate {
        /// The algorithm.
        algorithm: Algorithm,
        /// The key that is active.
        active_kid: String,
    },
    /// Nobody noted when a key was retired: a program of an earlier version did it. It counts from now on.
    NoteRetirement(String),
    /// No token of a retired key can be valid any more.
    Remove(String),
    /// A removed key was kept for long enough.
    Delete(String),
}

impl fmt::Display for Due {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Due::Create(algorithm) => write!(out, "to make the first {algorithm} key"),
            Due::Prepare { algorithm, .. } => write!(out, "to publish the next {algorithm} key"),
            Due::Rotate { algorithm, active_kid } => write!(out, "to replace the active {algorithm} key {active_kid}"),
            Due::NoteRetirement(kid) => write!(out, "to note when {kid} was retired"),
            Due::Remove(kid) => write!(out, "to remove the retired key {kid}"),
            Due::Delete(kid) => write!(out, "to delete the removed key {kid}"),
        }
    }
}

/// The algorithms that an environment signs with: its own, and those that its resources and the dialects name.
pub fn algorithms_of(record: &EnvironmentRecord, dialects: &DialectSet) -> Vec<Algorithm> {
    let of_dialects = dialects.iter().filter_map(|dialect| dialect.token.algorithm);
    let of_resources = record.resources.iter().filter_map(|resource| resource.algorithm);
    let mut algorithms: Vec<_> = of_dialects.chain(of_resources).chain([record.environment.algorithm]).collect();
    algorithms.sort_unstable();
    algorithms.dedup();
    algorithms
}

/// The active keys that are about to be due for rotation and have no next key, or are long overdue: no server does the work, or it
/// cannot be done.
pub fn overdue<'a>(keys: &'a [SigningKey], wanted: &[Algorithm], rotate_after: u32, now: Timestamp) -> Vec<&'a SigningKey> {
    let is_late = |active: &&SigningKey| {
        let age = now.0.saturating_sub(active.active_since().0);
        let is_next = |key: &SigningKey| key.state == KeyState::Next && key.algorithm == active.algorithm;
        let allowed = if keys.iter().any(is_next) { OVERDUE } else { -scheduled_lead(rotate_after) / 2 };
        active.state == KeyState::Active && wanted.contains(&active.algorithm) && age > i64::from(rotate_after) + allowed
    };
    if rotate_after == 0 { Vec::new() } else { keys.iter().filter(is_late).collect() }
}

/// For how many seconds the schedule has a next key published before it signs: long enough for verifiers that cannot reach us and
/// nodes that are cut off, unless keys are to change quicker than that.
pub fn scheduled_lead(rotate_after: u32) -> i64 {
    i64::from(rotate_after).clamp(PUBLISHED_BEFORE_USE, PUBLISHED_BEFORE_USE + UNREACHABLE_ALLOWANCE)
}

/// What is due for the keys of one environment, each thing apart from the others. `wanted` are the algorithms that it signs with, and
/// `rotate_after` is for how many seconds a key signs; 0 if people alone rotate.
pub fn due(keys: &[SigningKey], wanted: &[Algorithm], rotate_after: u32, now: Timestamp) -> Vec<Due> {
    let successions = wanted.iter().filter_map(|algorithm| due_succession(keys, *algorithm, rotate_after, now));
    let partings = keys.iter().filter_map(|key| due_parting(key, now));
    successions.chain(partings).collect()
}

fn due_succession(keys: &[SigningKey], algorithm: Algorithm, rotate_after: u32, now: Timestamp) -> Option<Due> {
    let of_state = |state| keys.iter().find(move |key| key.algorithm == algorithm && key.state == state);
    let Some(active) = of_state(KeyState::Active) else { return Some(Due::Create(algorithm)) };
    let active_kid = active.kid.clone();
    let Some(next) = of_state(KeyState::Next) else { return Some(Due::Prepare { algorithm, active_kid }) };
    let age_of = |moment: Timestamp| now.0.saturating_sub(moment.0);
    let is_over = rotate_after > 0 && age_of(active.active_since()) >= i64::from(rotate_after);
    let is_known = age_of(next.created_at) >= scheduled_lead(rotate_after);
    (is_over && is_known).then_some(Due::Rotate { algorithm, active_kid })
}

fn due_parting(key: &SigningKey, now: Timestamp) -> Option<Due> {
    match key.state {
        KeyState::Retired if key.retired_at.is_none() => Some(Due::NoteRetirement(key.kid.clone())),
        KeyState::Retired if key.removable_at().is_some_and(|at| at <= now) => Some(Due::Remove(key.kid.clone())),
        KeyState::Removed if key.restorable_until().is_some_and(|at| at <= now) => Some(Due::Delete(key.kid.clone())),
        KeyState::Next | KeyState::Active | KeyState::Retired | KeyState::Removed | KeyState::Revoked => None,
    }
}
