//! The transactions that write.

use std::cmp::Reverse;

use mintmark_core::model::Position;
use mintmark_core::store::{Change, CommitError, CredentialUse, Read, Subject};

use super::SqlStore;
use super::engine::{Query, Transaction, WriteError};
use super::fields::Fields;
use super::rows::subject_columns;
use super::statements::{CREDENTIALS_USED, FEED_INSERT, STORE_ADVANCE};
use super::writes::{big, random_mark, write};

/// How many uses are written to a file before others get their turn: some tenths of a second.
const USES_IN_ONE_FILE_TRANSACTION: usize = 10_000;
/// How many of them one statement writes.
const USES_AT_ONCE: usize = 50;

impl SqlStore {
    /// Commits changes in one transaction, named after the action of the first.
    pub(super) async fn commit_changes(&self, changes: &[Change]) -> Result<Position, CommitError> {
        let name = changes.first().map_or("store.commit_nothing", |change| change.audit.action);
        let committed = self.engine.write(name, || self.try_commit(changes)).await;
        committed.map_err(|error| match error {
            WriteError::Conflict => CommitError::Conflict,
            WriteError::Exists => CommitError::Exists,
            WriteError::Unknown(cause) => CommitError::Unknown(cause),
            failed @ (WriteError::Again(_) | WriteError::Away(_) | WriteError::Failed(_)) => {
                CommitError::Store(failed.into_store_error())
            }
        })
    }

    async fn try_commit(&self, changes: &[Change]) -> Result<Position, WriteError> {
        let mut transaction = self.engine.begin_write().await?;
        let mut last = None;
        for change in changes {
            last = Some(self.write_change(&mut transaction, change).await?);
        }
        transaction.commit().await?;
        last.ok_or_else(|| WriteError::Failed("there was nothing to commit".to_owned()))
    }

    async fn write_change(&self, transaction: &mut Transaction, change: &Change) -> Result<Position, WriteError> {
        let mark = random_mark(&*self.options.random);
        let position = advance(transaction, mark).await?;
        for row in &change.writes {
            write(transaction, row, position).await?;
        }
        self.insert_audit(transaction, position, &change.audit).await.map_err(not_the_callers)?;
        insert_feed(transaction, (position, mark), &change.feed_subject()).await.map_err(not_the_callers)?;
        Ok(position)
    }

    /// Moves the times of last use forward, in transactions that let others in between.
    pub(super) async fn write_uses(&self, uses: &[CredentialUse]) -> Read<()> {
        if uses.is_empty() {
            return Ok(());
        }
        // In the order of the primary key, so that each page is visited once; of each credential the last use, since a statement
        // may take any of two.
        let mut sorted: Vec<&CredentialUse> = uses.iter().collect();
        sorted.sort_unstable_by_key(|used| (&used.environment, used.credential_id, Reverse(used.at)));
        sorted.dedup_by_key(|used| (&used.environment, used.credential_id));
        // Where several nodes write, few rows are locked together: two that lock many in two orders would wait for each other, and
        // changes for both.
        let at_once = if self.engine.has_one_writer() { USES_IN_ONE_FILE_TRANSACTION } else { USES_AT_ONCE };
        for part in sorted.chunks(at_once) {
            let written = self.engine.write(CREDENTIALS_USED.name, || self.try_write_uses(part)).await;
            written.map_err(WriteError::into_store_error)?;
        }
        Ok(())
    }

    async fn try_write_uses(&self, uses: &[&CredentialUse]) -> Result<(), WriteError> {
        let mut transaction = self.engine.begin_write().await?;
        for alike in uses.chunk_by(|one, next| one.environment == next.environment) {
            for part in alike.chunks(USES_AT_ONCE) {
                let Some(last) = part.last() else { continue };
                let query = CREDENTIALS_USED.query(USES_AT_ONCE).bind(last.environment.as_str());
                // A short part repeats its last one, which changes nothing.
                let full = part.iter().chain(std::iter::repeat(last)).take(USES_AT_ONCE);
                let bind = |query: Query, used: &&CredentialUse| {
                    query.bind(used.credential_id.to_string()).bind(used.at.0).bind(used.source.to_string())
                };
                full.fold(query, bind).execute(&mut transaction).await?;
            }
        }
        transaction.commit().await?;
        Ok(())
    }
}

/// Takes the next position. It locks the store's row until the end of the transaction, so that positions are given in the
/// order of commits (rule S12).
async fn advance(transaction: &mut Transaction, mark: i64) -> Result<Position, WriteError> {
    let row = STORE_ADVANCE.query().bind(mark).row(transaction).await?;
    let row = row.ok_or_else(|| WriteError::Failed("the store's own row is missing".to_owned()))?;
    let position = Fields::of(&row, "store", "position").number("position");
    position.map(Position).map_err(|error| WriteError::Failed(error.to_string()))
}

async fn insert_feed(
    transaction: &mut Transaction,
    (position, mark): (Position, i64),
    subject: &Subject,
) -> Result<(), WriteError> {
    let (kind, environment, id) = subject_columns(subject);
    let query = FEED_INSERT.query().bind(big(position.0)).bind(kind).bind(environment).bind(id).bind(mark);
    query.execute(transaction).await?;
    Ok(())
}

/// A position that is taken is a damaged store, not an object that exists already.
fn not_the_callers(error: WriteError) -> WriteError {
    match error {
        WriteError::Exists => WriteError::Failed("the audit log is ahead of the store's position".to_owned()),
        other => other,
    }
}
