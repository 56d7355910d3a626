//! What ends tokens before they expire.

use mintmark_core::clock::Timestamp;
use mintmark_core::model::{ClientId, EnvironmentName, Position, Revocation, RevocationSubject};
use mintmark_core::store::{Read, RevocationPage, StoredRevocation};

use super::SqlStore;
use super::engine::{Query, Row, unavailable};
use super::fields::Fields;
use super::reads::head;
use super::rows;
use super::statements::{REVOCATION_UPSERT, REVOCATIONS, REVOCATIONS_AT, REVOKED_TOKENS};
use super::writes::big;

impl SqlStore {
    /// A row that cannot be read at all is left out and logged. What can be read of a damaged one refuses too much rather than too
    /// little ([`rows::revocation`]).
    pub(super) async fn read_revocations(&self, after: Position, limit: u32) -> Read<RevocationPage> {
        let mut transaction = self.engine.begin_read().await?;
        let head = head(&mut transaction).await?;
        // From the beginning all are read, also one whose position was damaged.
        let from = if after == Position(0) { i64::MIN } else { big(after.0).saturating_add(1) };
        let query = REVOCATIONS.query().bind(from).bind(i64::from(limit));
        let mut found = query.rows(&mut transaction).await.map_err(unavailable)?;
        let last = match found.last() {
            Some(row) if found.len() >= limit as usize => Some(position_of(row)?),
            _ => None,
        };
        if let Some(last) = last {
            // All of the last change, so that the next page begins with another one.
            let is_before = |row: &Row| position_of(row).is_ok_and(|position| position < last);
            found.retain(is_before);
            found.extend(REVOCATIONS_AT.query().bind(last).rows(&mut transaction).await.map_err(unavailable)?);
        }
        transaction.end_read().await?;
        let next = last.map(|last| Position(u64::try_from(last).unwrap_or(0))).filter(|next| *next > after);
        let revocations: Vec<StoredRevocation> = rows::readable(&found, rows::revocation);
        Ok(RevocationPage { incarnation: head.incarnation, head: head.position, revocations, next })
    }

    pub(super) async fn count_revoked_tokens(
        &self,
        environment: &EnvironmentName,
        client: &ClientId,
        now: Timestamp,
        limit: u32,
    ) -> Read<u64> {
        let query = REVOKED_TOKENS.query().bind(environment.as_str()).bind(client.as_str()).bind(now.0);
        let row = self.engine.row(query.bind(i64::from(limit))).await?;
        row.map_or(Ok(0), |row| Fields::of(&row, "revocation", "tokens").number("tokens"))
    }
}

fn position_of(row: &Row) -> Read<i64> {
    Fields::of(row, "revocation", "id").number("position")
}

/// One that is there already keeps the higher position and the later end.
pub(super) fn upsert(row: &Revocation, position: Position) -> Query {
    let subject = &row.subject;
    let client_id = match subject {
        RevocationSubject::Token { client_id, .. } => client_id.as_ref().map(ToString::to_string),
        _ => None,
    };
    let environment = subject.environment().map_or_else(String::new, ToString::to_string);
    let query = REVOCATION_UPSERT.query().bind(subject.kind().as_str()).bind(environment).bind(subject.id());
    query.bind(big(position.0)).bind(row.expires_at.0).bind(client_id)
}
