//! Many changes in one transaction, as an import makes them: the rows of several go into one statement.

use std::collections::BTreeMap;

use mintmark_core::audit::ChainName;
use mintmark_core::model::{ClientId, EnvironmentName, Position};
use mintmark_core::store::{AuditEntry, Change, CommitError, Read, Write};

use super::SqlStore;
use super::commit::commit_error;
use super::engine::{Query, Transaction, WriteError};
use super::fields::Fields;
use super::rows::{client_name, readable, subject_columns};
use super::statements::{CLIENT_INSERT, CLIENTS_AMONG, CREDENTIAL_INSERT, FEED_INSERT, STORE, STORE_ADVANCE_BY, Statement};
use super::writes::{big, insert_client, insert_credential, random_mark, write};

/// How many rows one statement inserts.
pub(super) const ROWS_AT_ONCE: usize = 50;
/// What logs call a transaction of nothing; others are called as their first change's action.
const NOTHING: &str = "store.commit_nothing";

/// Rows that wait to be inserted together. A client is inserted before what refers to it.
#[derive(Default)]
struct Pending {
    clients: Vec<Query>,
    credentials: Vec<Query>,
}

impl Pending {
    async fn write(&mut self, transaction: &mut Transaction) -> Result<(), WriteError> {
        insert(transaction, CLIENT_INSERT, std::mem::take(&mut self.clients)).await?;
        insert(transaction, CREDENTIAL_INSERT, std::mem::take(&mut self.credentials)).await
    }
}

impl SqlStore {
    pub(super) async fn commit_changes(&self, changes: &[Change]) -> Result<Position, CommitError> {
        let name = changes.first().map_or(NOTHING, |change| change.audit.action);
        self.engine.write(name, || self.try_commit_all(changes)).await.map_err(commit_error)
    }

    async fn try_commit_all(&self, changes: &[Change]) -> Result<Position, WriteError> {
        let mut transaction = self.engine.begin_write().await?;
        let marks: Vec<i64> = changes.iter().map(|_| random_mark(&*self.options.random)).collect();
        let Some(last_mark) = marks.last() else { return position_of(STORE.query(), &mut transaction).await };
        let count = i64::try_from(changes.len()).unwrap_or(i64::MAX);
        let last = position_of(STORE_ADVANCE_BY.query().bind(*last_mark).bind(count), &mut transaction).await?;
        let first = last.0.saturating_sub(changes.len() as u64);
        let placed: Vec<(Position, &Change)> = (first + 1..).map(Position).zip(changes).collect();
        write_rows(&mut transaction, &placed).await?;
        for (chain, entries) in by_chain(&placed) {
            self.insert_audits(&mut transaction, &chain, &entries).await?;
        }
        let feed = placed.iter().zip(&marks).map(|((position, change), mark)| feed_row(*position, change, *mark));
        insert(&mut transaction, FEED_INSERT, feed.collect()).await.map_err(|error| match error {
            WriteError::Exists => WriteError::Failed("the feed is ahead of the store's position".to_owned()),
            other => other,
        })?;
        transaction.commit().await?;
        Ok(last)
    }

    /// Which identifiers are those of clients: some hundred in one statement.
    pub(super) async fn read_clients_among(&self, environment: &EnvironmentName, ids: &[ClientId]) -> Read<Vec<ClientId>> {
        let mut found = Vec::new();
        for part in ids.chunks(ROWS_AT_ONCE) {
            let query = CLIENTS_AMONG.query(part.len()).bind(environment.as_str());
            let query = part.iter().fold(query, |query, id| query.bind(id.as_str()));
            let rows = self.engine.rows(query).await?;
            found.extend(readable(&rows, client_name).into_iter().map(|(_, id)| id));
        }
        Ok(found)
    }
}

async fn position_of(query: Query, transaction: &mut Transaction) -> Result<Position, WriteError> {
    let row = query.row(transaction).await?;
    let row = row.ok_or_else(|| WriteError::Failed("the store's own row is missing".to_owned()))?;
    let position = Fields::of(&row, "store", "position").number("position");
    position.map(Position).map_err(|error| WriteError::Failed(error.to_string()))
}

/// New clients and credentials together, everything else in its turn.
async fn write_rows(transaction: &mut Transaction, changes: &[(Position, &Change)]) -> Result<(), WriteError> {
    let mut pending = Pending::default();
    for (position, change) in changes {
        for row in &change.writes {
            match row {
                Write::InsertClient(client) => pending.clients.push(insert_client(client)?),
                Write::InsertCredential(credential) => pending.credentials.push(insert_credential(credential, *position)?),
                other => {
                    pending.write(transaction).await?;
                    write(transaction, other, *position).await?;
                }
            }
        }
    }
    pending.write(transaction).await
}

async fn insert(transaction: &mut Transaction, statement: Statement, rows: Vec<Query>) -> Result<(), WriteError> {
    let mut rows = rows.into_iter().peekable();
    while rows.peek().is_some() {
        let part: Vec<Query> = rows.by_ref().take(ROWS_AT_ONCE).collect();
        let wanted = part.len() as u64;
        if statement.query_of_rows(part).execute(transaction).await? != wanted {
            return Err(WriteError::Conflict);
        }
    }
    Ok(())
}

fn by_chain<'a>(changes: &[(Position, &'a Change)]) -> BTreeMap<String, Vec<(Position, &'a AuditEntry)>> {
    let mut chains: BTreeMap<String, Vec<(Position, &AuditEntry)>> = BTreeMap::new();
    for (position, change) in changes {
        chains.entry(ChainName(change.audit.tenant).to_string()).or_default().push((*position, &change.audit));
    }
    chains
}

fn feed_row(position: Position, change: &Change, mark: i64) -> Query {
    let subject = change.feed_subject();
    let (kind, environment, id) = subject_columns(&subject);
    FEED_INSERT.query().bind(big(position.0)).bind(kind).bind(environment).bind(id).bind(mark)
}
