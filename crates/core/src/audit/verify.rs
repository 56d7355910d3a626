//! Verifying one chain: its rows are fed in the order of their numbers, and the first one that is not as it was written is named.

use std::collections::BTreeMap;
use std::fmt;

use super::{ChainHead, StoredRow};
use crate::crypto::{AuditKeys, LinkError};

/// What is wrong with a chain at a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// The row is not there, and later ones are.
    Missing,
    /// A row of this number was there before, or the number is none that a row has.
    Repeated,
    /// It is not the row that was written there: something in it was changed, or it was made by somebody else, or moved here.
    Altered,
    /// A column of it cannot be read.
    Unreadable,
    /// It was made under a master key that is not loaded, so nothing can be said of it or of what follows.
    KeyUnknown(String),
    /// The rows from here on are gone: the chain's head counts up to the given one.
    CutOff(i64),
    /// The head does not know of the row: the head was taken back, or the row was added behind it.
    BeyondHead,
    /// The chain has rows, and no head.
    HeadGone,
    /// The head does not name the last row.
    HeadAltered,
    /// It is not the row that the exported head names.
    NotAsExported,
    /// The rows from here on are gone: the exported head counts up to the given one.
    CutOffSinceExport(i64),
}

impl FaultKind {
    /// One word for programs.
    pub fn as_str(&self) -> &'static str {
        match self {
            FaultKind::Missing => "missing",
            FaultKind::Repeated => "repeated",
            FaultKind::Altered => "altered",
            FaultKind::Unreadable => "unreadable",
            FaultKind::KeyUnknown(_) => "key_unknown",
            FaultKind::CutOff(_) => "cut_off",
            FaultKind::BeyondHead => "beyond_head",
            FaultKind::HeadGone => "head_gone",
            FaultKind::HeadAltered => "head_altered",
            FaultKind::NotAsExported => "not_as_exported",
            FaultKind::CutOffSinceExport(_) => "cut_off_since_export",
        }
    }
}

/// The first row of a chain that something is wrong with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainFault {
    /// Its number.
    pub sequence: i64,
    /// What is wrong.
    pub kind: FaultKind,
}

impl fmt::Display for ChainFault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = self.sequence;
        match &self.kind {
            FaultKind::Missing => write!(out, "row {number} is missing"),
            FaultKind::Repeated => write!(out, "there is a row {number} that does not belong there"),
            FaultKind::Altered => write!(out, "row {number} is not the one that was written there"),
            FaultKind::Unreadable => write!(out, "row {number} cannot be read"),
            FaultKind::KeyUnknown(id) => {
                write!(
                    out,
                    "row {number} and what follows cannot be verified: it was made under the master key {id:?}, which is not loaded"
                )
            }
            FaultKind::CutOff(last) => write!(out, "rows {number} to {last} are missing"),
            FaultKind::BeyondHead => write!(out, "row {number} comes after the chain's end, which was taken back"),
            FaultKind::HeadGone => write!(out, "the note of the chain's end, row {number}, is missing"),
            FaultKind::HeadAltered => write!(out, "the note of the chain's end does not name row {number} as it is"),
            FaultKind::NotAsExported => write!(out, "row {number} is not the one that the exported head names"),
            FaultKind::CutOffSinceExport(last) => {
                write!(out, "rows {number} to {last}, which the exported head counts, are missing")
            }
        }
    }
}

/// What was found of a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainReport {
    /// Whose chain: a tenant's id, or `operator`.
    pub chain: String,
    /// How many rows, from the first, are as they were written.
    pub intact: u64,
    /// Of these, how many were made under which master key, by its id.
    pub keys: BTreeMap<String, u64>,
    /// The first thing that is wrong, if anything is.
    pub fault: Option<ChainFault>,
}

/// Verifies a chain. Rows are fed in ascending order of number, then of position.
#[derive(Debug)]
pub struct ChainVerifier<'k> {
    keys: &'k AuditKeys,
    exported: Option<ChainHead>,
    last: ChainHead,
    report: ChainReport,
}

impl<'k> ChainVerifier<'k> {
    /// For the chain of this name, and, if it was exported, its head of then. The head must have been found authentic.
    pub fn new(keys: &'k AuditKeys, chain: &str, exported: Option<ChainHead>) -> Self {
        let report = ChainReport { chain: chain.to_owned(), intact: 0, keys: BTreeMap::new(), fault: None };
        let last = ChainHead { chain: chain.to_owned(), rows: 0, position: 0, mac: Vec::new() };
        Self { keys, exported, last, report }
    }

    /// Whether something was found: more rows change nothing then.
    pub fn has_fault(&self) -> bool {
        self.report.fault.is_some()
    }

    /// The next row.
    pub fn feed(&mut self, row: &StoredRow) {
        if self.has_fault() {
            return;
        }
        let (sequence, next) = (row.sequence, self.last.rows.saturating_add(1));
        if sequence != next {
            let is_late = sequence < next;
            return self
                .fault(if is_late { sequence } else { next }, if is_late { FaultKind::Repeated } else { FaultKind::Missing });
        }
        let checked = if row.chain == self.report.chain {
            self.keys.check(&self.last.mac, &row.content(), &row.link)
        } else {
            Err(LinkError::NotAuthentic)
        };
        match checked {
            Ok(()) => self.accept(row),
            Err(LinkError::NotAuthentic) => self.fault(sequence, FaultKind::Altered),
            Err(LinkError::KeyUnknown) => self.fault(sequence, FaultKind::KeyUnknown(row.link.key_id.clone())),
        }
    }

    /// The next row, if the database holds it in a form that cannot be read.
    pub fn feed_unreadable(&mut self) {
        self.fault(self.last.rows.saturating_add(1), FaultKind::Unreadable);
    }

    fn accept(&mut self, row: &StoredRow) {
        self.last = row.head();
        self.report.intact += 1;
        *self.report.keys.entry(row.link.key_id.clone()).or_default() += 1;
        let differs = |exported: &ChainHead| exported.rows == self.last.rows && *exported != self.last;
        if self.exported.as_ref().is_some_and(differs) {
            self.fault(row.sequence, FaultKind::NotAsExported);
        }
    }

    /// After the last row: `head` is the chain's head as it was at the same moment, if it has one.
    pub fn finish(mut self, head: Option<&ChainHead>) -> ChainReport {
        let last = self.last.rows;
        match head {
            None if last > 0 => self.fault(last, FaultKind::HeadGone),
            Some(head) if head.rows > last => self.fault(last.saturating_add(1), FaultKind::CutOff(head.rows)),
            Some(head) if head.rows < last => self.fault(head.rows.saturating_add(1), FaultKind::BeyondHead),
            Some(head) if *head != self.last => self.fault(last, FaultKind::HeadAltered),
            None | Some(_) => {}
        }
        if let Some(rows) = self.exported.as_ref().map(|exported| exported.rows).filter(|rows| *rows > last) {
            self.fault(last.saturating_add(1), FaultKind::CutOffSinceExport(rows));
        }
        self.report
    }

    /// Only the first one is told: what follows it may be its consequence.
    fn fault(&mut self, sequence: i64, kind: FaultKind) {
        self.report.fault.get_or_insert(ChainFault { sequence, kind });
    }
}

#[cfg(test)]
mod tests;
