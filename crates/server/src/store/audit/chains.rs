//! The chains of the audit log as a whole: verifying one, where they end, and what no chain tells of (rule S25).

use mintmark_core::audit::{ChainHead, ChainReport, ChainVerifier, HeadsContent};
use mintmark_core::model::Position;
use mintmark_core::store::{Read, StoreError};

use super::super::SqlStore;
use super::super::engine::{Query, Row, Transaction, unavailable};
use super::super::fields::Fields;
use super::super::reads::head;
use super::super::rows;
use super::super::statements::{
    AUDIT_CHAIN_ROWS, AUDIT_CHAINS, AUDIT_FIRST_CHAINED, AUDIT_HEAD, AUDIT_HEADS, AUDIT_OUTSIDE, AUDIT_SINCE,
};
use super::super::writes::big;

/// How many rows, heads or names of chains are read at a time.
const PAGE: u32 = 1000;
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

/// A row of `audit_head`.
pub(super) fn chain_head(row: &Row) -> Read<ChainHead> {
    let fields = Fields::of(row, "audit_head", "chain");
    Ok(ChainHead {
        chain: fields.text("chain")?,
        rows: fields.number("ordinal")?,
        position: fields.number("position")?,
        mac: fields.bytes("mac")?,
    })
}

/// The number that a query gives.
async fn number(transaction: &mut Transaction, query: Query) -> Read<i64> {
    let row = query.row(transaction).await.map_err(unavailable)?;
    row.map_or(Ok(0), |row| Fields::of(&row, "audit", "found").number("found"))
}
