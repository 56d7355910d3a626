//! The audit log: its rows are written in the transaction of their change, each linked to the one before in its chain (rule S25).

use mintmark_core::audit::{ChainHead, ChainName, ChainReport, ChainVerifier, HeadsContent, StoredRow};
use mintmark_core::crypto::{AuditKeys, ChainLink};
use mintmark_core::model::Position;
use mintmark_core::store::{AuditEntry, AuditFilter, AuditRecord, Read, StoreError};

use super::SqlStore;
use super::engine::{Query, Row, Transaction, WriteError, unavailable};
use super::fields::Fields;
use super::reads::head;
use super::rows::{self, readable, subject_columns};
use super::statements::{
    AUDIT, AUDIT_CHAIN_ROWS, AUDIT_CHAINS, AUDIT_FIRST_CHAINED, AUDIT_HEAD, AUDIT_HEAD_INSERT, AUDIT_HEAD_MOVE, AUDIT_HEADS,
    AUDIT_INSERT, AUDIT_OF_CHAIN, AUDIT_OF_SUBJECT, AUDIT_OUTSIDE, AUDIT_SINCE, Statement,
};
use super::writes::{big, json};

/// How many rows, heads or names of chains are read at a time.
const PAGE: u32 = 1000;
/// What sorts behind every action.
const BEHIND_ALL: &str = "\u{10ffff}";

/// What is known of the audit log beside its chains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditSurvey {
    /// How many rows are in no chain: programs from before there were chains wrote them.
    pub outside: u64,
    /// How many of these were written after the first row of a chain.
    pub outside_late: u64,
    /// For how many changes of this history there is no row.
    pub missing: u64,
    /// How many rows there are for which there is no change.
    pub surplus: u64,
}

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
        let mut before = before.map_or(i64::MAX, |position| big(position.0));
        let mut page = Vec::new();
        loop {
            let wanted = (limit as usize).saturating_sub(page.len());
            let query = filtered(filter, before).bind(i64::try_from(wanted).unwrap_or(i64::MAX));
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

    /// The names of chains, those that have a head alone included, after one: as many as are read at a time, none after the last.
    pub async fn audit_chains(&self, after: &str) -> Read<Vec<String>> {
        let found = self.engine.rows(AUDIT_CHAINS.query().bind(after).bind(i64::from(PAGE))).await?;
        found.iter().map(|row| Fields::of(row, "audit", "chain").text("chain")).collect()
    }

    /// Verifies a chain from its first row to its head, and against a head of it that was exported earlier. It sees all that was
    /// committed before it was called; changes can go on meanwhile.
    pub async fn verify_audit_chain(&self, chain: &str, exported: Option<ChainHead>) -> Read<ChainReport> {
        let keys = self.audit_keys().map_err(StoreError::Unavailable)?;
        let mut verifier = ChainVerifier::new(keys, chain, exported);
        let mut after = (i64::MIN, i64::MIN);
        loop {
            let mut transaction = self.engine.begin_read().await?;
            let query = AUDIT_CHAIN_ROWS.query().bind(chain).bind(after.0).bind(after.1).bind(i64::from(PAGE));
            let found = query.rows(&mut transaction).await.map_err(unavailable)?;
            let last = AUDIT_HEAD.query().bind(chain).row(&mut transaction).await.map_err(unavailable)?;
            transaction.end_read().await?;
            for row in &found {
                match rows::chained_row(row) {
                    Ok(row) => verifier.feed(&row),
                    Err(_) => verifier.feed_unreadable(),
                }
            }
            match found.last().filter(|_| found.len() == PAGE as usize && !verifier.has_fault()) {
                Some(last) => {
                    let fields = Fields::of(last, "audit", "position");
                    after = (fields.number("ordinal")?, fields.number("position")?);
                }
                // Read together with the last rows, so that nothing can have come between.
                None => return Ok(verifier.finish(last.as_ref().and_then(|row| chain_head(row).ok()).as_ref())),
            }
        }
    }

    /// Where all chains end, as one moment has it.
    pub async fn audit_heads(&self) -> Read<HeadsContent> {
        let mut transaction = self.engine.begin_read().await?;
        let store = head(&mut transaction).await?;
        let outside = number(&mut transaction, AUDIT_OUTSIDE.query().bind(i64::MIN)).await?;
        let mut heads: Vec<ChainHead> = Vec::new();
        loop {
            let after = heads.last().map_or("", |last| last.chain.as_str());
            let query = AUDIT_HEADS.query().bind(after).bind(i64::from(PAGE));
            let found = query.rows(&mut transaction).await.map_err(unavailable)?;
            heads.extend(found.iter().map(chain_head).collect::<Read<Vec<_>>>()?);
            if found.len() < PAGE as usize {
                break;
            }
        }
        transaction.end_read().await?;
        let (made_at, incarnation, position) = (self.options.clock.now(), store.incarnation.0, store.position.0);
        Ok(HeadsContent { made_at, incarnation, position, outside: outside.unsigned_abs(), heads })
    }

    /// Counts what no chain tells of. Rows in no chain up to `known` are not late: until there, programs from before there were chains
    /// wrote as well.
    pub async fn survey_audit(&self, known: Option<Position>) -> Read<AuditSurvey> {
        let mut transaction = self.engine.begin_read().await?;
        let store = head(&mut transaction).await?;
        let first = number(&mut transaction, AUDIT_FIRST_CHAINED.query()).await?;
        let outside = number(&mut transaction, AUDIT_OUTSIDE.query().bind(i64::MIN)).await?;
        let late_from = known.map_or(first, |known| first.max(big(known.0)));
        let late = number(&mut transaction, AUDIT_OUTSIDE.query().bind(late_from)).await?;
        let rows = number(&mut transaction, AUDIT_SINCE.query().bind(big(store.first.0))).await?;
        transaction.end_read().await?;
        // Each change takes the next position and leaves one row there.
        let (rows, changes) = (rows.unsigned_abs(), store.position.0.saturating_sub(store.first.0));
        Ok(AuditSurvey {
            outside: outside.unsigned_abs(),
            outside_late: if first == i64::MAX { 0 } else { late.unsigned_abs() },
            missing: changes.saturating_sub(rows),
            surplus: rows.saturating_sub(changes),
        })
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

/// A row of `audit_head`.
fn chain_head(row: &Row) -> Read<ChainHead> {
    let fields = Fields::of(row, "audit_head", "chain");
    Ok(ChainHead {
        chain: fields.text("chain")?,
        rows: fields.number("ordinal")?,
        position: fields.number("position")?,
        mac: fields.bytes("mac")?,
    })
}

/// The rows that a filter asks for, but for how many. By the index that leaves the fewest to look at.
fn filtered(filter: &AuditFilter, before: i64) -> Query {
    let chain = filter.tenant.map(|tenant| ChainName(tenant).to_string());
    let statement = match (&filter.subject, &chain) {
        (Some(_), _) => AUDIT_OF_SUBJECT,
        (None, Some(_)) => AUDIT_OF_CHAIN,
        (None, None) => AUDIT,
    };
    let action = filter.action.as_deref().unwrap_or_default();
    let query = statement.query().bind(before).bind(i64::from(filter.who.is_some()));
    let query = query.bind(filter.who.as_deref().unwrap_or_default()).bind(action).bind(format!("{action}{BEHIND_ALL}"));
    let query = query.bind(filter.from.map_or(i64::MIN, |from| from.0)).bind(filter.to.map_or(i64::MAX, |to| to.0));
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

/// The number that a query gives.
async fn number(transaction: &mut Transaction, query: Query) -> Read<i64> {
    let row = query.row(transaction).await.map_err(unavailable)?;
    row.map_or(Ok(0), |row| Fields::of(&row, "audit", "found").number("found"))
}
