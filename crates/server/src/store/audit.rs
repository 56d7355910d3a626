//! The audit log: its rows are written in the transaction of their change, each linked to the one before in its chain (rule S25).

mod chains;

use mintmark_core::audit::{ChainName, StoredRow};
use mintmark_core::crypto::{AuditKeys, ChainLink};
use mintmark_core::model::Position;
use mintmark_core::store::{AuditEntry, AuditFilter, AuditRecord, Read};

pub use chains::AuditSurvey;
use chains::chain_head;

use super::SqlStore;
use super::engine::{Query, Transaction, WriteError};
use super::fields::Fields;
use super::rows::{self, readable, subject_columns};
use super::statements::{
    AUDIT, AUDIT_FLOOR, AUDIT_FLOOR_OF_CHAIN, AUDIT_FLOOR_OF_SUBJECT, AUDIT_HEAD, AUDIT_HEAD_INSERT, AUDIT_HEAD_MOVE,
    AUDIT_INSERT, AUDIT_OF_CHAIN, AUDIT_OF_SUBJECT, Statement,
};
use super::writes::{big, json};

/// What sorts behind every action.
const BEHIND_ALL: &str = "\u{10ffff}";

impl SqlStore {
    /// Gives the keys that audit rows are linked with: no change is committed before. Keys that were given stay.
    pub fn link_audit_with(&self, keys: AuditKeys) {
        let _ = self.audit_keys.set(keys);
    }

    fn audit_keys(&self) -> Result<&AuditKeys, String> {
        self.audit_keys.get().ok_or_else(|| "the store was opened without root keys, which the audit log needs".to_owned())
    }

    /// Writes the audit row of a change and moves its chain's head. The lock on the store's row, which every change takes first, puts
    /// those who write to one chain in order.
    pub(super) async fn insert_audit(
        &self,
        transaction: &mut Transaction,
        position: Position,
        audit: &AuditEntry,
    ) -> Result<(), WriteError> {
        let keys = self.audit_keys().map_err(WriteError::Failed)?;
        let chain = ChainName(audit.tenant).to_string();
        let last = AUDIT_HEAD.query().bind(chain.as_str()).row(transaction).await?;
        let last = last.as_ref().map(chain_head).transpose().map_err(|error| WriteError::Failed(error.to_string()))?;
        let mut row = new_row(audit, chain, position, last.as_ref().map_or(0, |last| last.rows))?;
        let previous = last.as_ref().map(|last| last.mac.as_slice()).unwrap_or_default();
        row.link = keys
            .link(previous, &row.content())
            .ok_or_else(|| WriteError::Failed("no master key is loaded to link the audit row with".to_owned()))?;
        insert_row(&row).execute(transaction).await.map_err(|error| taken(&row, error))?;
        let moved = if last.is_some() { AUDIT_HEAD_MOVE } else { AUDIT_HEAD_INSERT };
        match moved_head(moved, &row).execute(transaction).await? {
            1 => Ok(()),
            _ => Err(WriteError::Again("another change moved the head of the audit chain".to_owned())),
        }
    }

    /// Audit rows, latest first. Rows that cannot be read are left out and others take their place, so that a short page means that
    /// there is no more.
    pub(super) async fn read_audit(
        &self,
        filter: &AuditFilter,
        before: Option<Position>,
        limit: u32,
    ) -> Read<Vec<AuditRecord>> {
        self.audit_between(filter, (0, top(before)), limit).await
    }

    /// Audit rows, latest first, of the `looked_at` rows before a position that a filter can be compared with; and the last position
    /// that was looked at, where there may be more before it. So a filter that takes few rows does not read the whole log at once.
    pub async fn audit_among(
        &self,
        filter: &AuditFilter,
        before: Option<Position>,
        (limit, looked_at): (u32, u32),
    ) -> Read<(Vec<AuditRecord>, Option<Position>)> {
        let before = top(before);
        let floor = if compares(filter) { self.audit_floor(filter, before, looked_at).await? } else { None };
        let rows = self.audit_between(filter, (floor.unwrap_or(0), before), limit).await?;
        Ok((rows, floor.and_then(|floor| u64::try_from(floor).ok()).map(Position)))
    }

    /// The position of the last of so many rows before a position.
    async fn audit_floor(&self, filter: &AuditFilter, before: i64, rows: u32) -> Read<Option<i64>> {
        let chain = chain_of(filter);
        let statement = match (&filter.subject, &chain) {
            (Some(_), _) => AUDIT_FLOOR_OF_SUBJECT,
            (None, Some(_)) => AUDIT_FLOOR_OF_CHAIN,
            (None, None) => AUDIT_FLOOR,
        };
        let query = statement.query().bind(before).bind(i64::from(rows.saturating_sub(1)));
        let query = match (&filter.subject, chain) {
            (Some(subject), _) => {
                let (kind, _, id) = subject_columns(subject);
                query.bind(kind).bind(id)
            }
            (None, Some(chain)) => query.bind(chain),
            (None, None) => query,
        };
        let row = self.engine.row(query).await?;
        row.as_ref().map(|row| Fields::of(row, "audit", "position").number("position")).transpose()
    }

    async fn audit_between(&self, filter: &AuditFilter, (from, mut before): (i64, i64), limit: u32) -> Read<Vec<AuditRecord>> {
        let mut page = Vec::new();
        loop {
            let wanted = (limit as usize).saturating_sub(page.len());
            let query = filtered(filter, (from, before)).bind(i64::try_from(wanted).unwrap_or(i64::MAX));
            let found = self.engine.rows(query).await?;
            page.extend(readable(&found, rows::audit_record));
            match found.last() {
                Some(last) if found.len() == wanted && page.len() < limit as usize => {
                    before = Fields::of(last, "audit", "position").number("position")?;
                }
                _ => return Ok(page),
            }
        }
    }
}

/// A number or position that a row has already is a damaged log, not an object that exists.
fn taken(row: &StoredRow, error: WriteError) -> WriteError {
    match error {
        WriteError::Exists => WriteError::Failed(format!(
            "the audit log is ahead of the store's position, or of the head of the chain {}; `mintmark audit verify` says more",
            row.chain
        )),
        other => other,
    }
}

/// The row of a change, behind so many others, before it is linked.
fn new_row(audit: &AuditEntry, chain: String, position: Position, rows: i64) -> Result<StoredRow, WriteError> {
    let (kind, subject_environment, subject_id) = subject_columns(&audit.subject);
    Ok(StoredRow {
        chain,
        sequence: rows.saturating_add(1),
        position: big(position.0),
        at: audit.at.0,
        actor: audit.actor.clone(),
        source: audit.source.map(|source| source.to_string()),
        request_id: audit.request_id.clone(),
        action: audit.action.to_owned(),
        subject_kind: kind.to_owned(),
        subject_environment,
        subject_id,
        before: audit.before.as_ref().map(json).transpose()?,
        after: audit.after.as_ref().map(json).transpose()?,
        link: ChainLink { key_id: String::new(), mac: Vec::new() },
    })
}

fn insert_row(row: &StoredRow) -> Query {
    let query = AUDIT_INSERT.query().bind(row.position).bind(row.at).bind(row.actor.as_str()).bind(row.action.as_str());
    let query = query.bind(row.subject_kind.as_str()).bind(row.subject_environment.as_deref()).bind(row.subject_id.as_str());
    let query = query.bind(row.before.as_deref()).bind(row.after.as_deref()).bind(row.chain.as_str()).bind(row.sequence);
    let query = query.bind(row.source.as_deref()).bind(row.request_id.as_deref());
    query.bind(row.link.key_id.as_str()).bind(row.link.mac.as_slice())
}

/// The head after a row, inserted or moved from the row before.
fn moved_head(statement: Statement, row: &StoredRow) -> Query {
    let query = statement.query().bind(row.chain.as_str()).bind(row.sequence).bind(row.position);
    query.bind(row.link.key_id.as_str()).bind(row.link.mac.as_slice())
}

fn top(before: Option<Position>) -> i64 {
    before.map_or(i64::MAX, |position| big(position.0))
}

fn chain_of(filter: &AuditFilter) -> Option<String> {
    filter.tenant.map(|tenant| ChainName(tenant).to_string())
}

/// Whether rows are compared with more than an index holds, so that many may be left out.
fn compares(filter: &AuditFilter) -> bool {
    let AuditFilter { tenant, subject, who, action, from, to } = filter;
    let is_of_both = subject.is_some() && tenant.is_some();
    is_of_both || who.is_some() || action.is_some() || from.is_some() || to.is_some()
}

/// The rows that a filter asks for between two positions, but for how many. By the index that leaves the fewest to look at.
fn filtered(filter: &AuditFilter, (from, before): (i64, i64)) -> Query {
    let chain = chain_of(filter);
    let statement = match (&filter.subject, &chain) {
        (Some(_), _) => AUDIT_OF_SUBJECT,
        (None, Some(_)) => AUDIT_OF_CHAIN,
        (None, None) => AUDIT,
    };
    let action = filter.action.as_deref().unwrap_or_default();
    let query = statement.query().bind(before).bind(i64::from(filter.who.is_some()));
    let query = query.bind(filter.who.as_deref().unwrap_or_default()).bind(action).bind(format!("{action}{BEHIND_ALL}"));
    let query = query.bind(filter.from.map_or(i64::MIN, |from| from.0)).bind(filter.to.map_or(i64::MAX, |to| to.0));
    let query = query.bind(from);
    let name = chain.as_deref().unwrap_or_default();
    match (&filter.subject, &chain) {
        (Some(subject), _) => {
            let (kind, environment, id) = subject_columns(subject);
            let query = query.bind(i64::from(chain.is_some())).bind(name);
            query.bind(kind).bind(id).bind(environment.unwrap_or_default())
        }
        (None, Some(_)) => query.bind(name),
        (None, None) => query,
    }
}
