//! Credentials that expire soon, of a whole environment or of one tenant.

use mintmark_core::clock::Timestamp;
use mintmark_core::model::{ClientId, EnvironmentName, TenantId};
use mintmark_core::store::Read;

use super::SqlStore;
use super::engine::Row;
use super::fields::Fields;
use super::rows::readable;
use super::statements::{CREDENTIALS_EXPIRING, CREDENTIALS_EXPIRING_OF_TENANT};

/// A credential that is turned on, of a client that is, and expires.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpiringCredential {
    /// Whose it is.
    pub client_id: ClientId,
    /// What people call that client.
    pub client_name: String,
    /// What people tell the credential from others by.
    pub hint: String,
    /// When it expires.
    pub expires_at: Timestamp,
}

impl SqlStore {
    /// The credentials that expire after one moment and up to another, of one tenant or of all, the first to expire first.
    pub async fn expiring_credentials(
        &self,
        (environment, tenant): (&EnvironmentName, Option<TenantId>),
        (after, until): (Timestamp, Timestamp),
        limit: u32,
    ) -> Read<Vec<ExpiringCredential>> {
        let statement = if tenant.is_some() { CREDENTIALS_EXPIRING_OF_TENANT } else { CREDENTIALS_EXPIRING };
        let query = statement.query().bind(environment.as_str()).bind(after.0).bind(until.0).bind(i64::from(limit));
        let query = tenant.into_iter().fold(query, |query, tenant| query.bind(tenant.to_string()));
        Ok(readable(&self.engine.rows(query).await?, expiring))
    }
}

fn expiring(row: &Row) -> Read<ExpiringCredential> {
    let fields = Fields::of(row, "credential", "client_id");
    Ok(ExpiringCredential {
        client_id: fields.parsed("client_id")?,
        client_name: fields.text("name")?,
        hint: fields.text("hint")?,
        expires_at: fields.time("expires_at")?,
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use mintmark_core::clock::FakeClock;
    use mintmark_core::random::SeededRandom;
    use sqlx::Row as _;

    use super::*;
    use crate::store::engine::Transaction;
    use crate::store::{OpenOptions, StorePlace};

    #[tokio::test]
    async fn what_expires_is_read_by_when_and_a_tenants_by_its_clients() {
        let folder = tempfile::tempdir().unwrap();
        let (clock, random) = (Arc::new(FakeClock::at(0)), Arc::new(SeededRandom::new(1)));
        let options = OpenOptions { create: true, kind: None, clock, random };
        let store = SqlStore::open(&StorePlace::file(folder.path().join("test.db")), options).await.unwrap();
        let Ok(Transaction::Sqlite(mut transaction)) = store.engine.begin_read().await else { panic!("it is a file") };
        let by_expiry = ("SEARCH c USING INDEX credential_by_expiry", "(environment=? AND expires_at>? AND expires_at<?)");
        let by_client = ("SEARCH k USING INDEX client_", "(environment=? AND tenant_id=?)");
        for (statement, (table, by)) in [(CREDENTIALS_EXPIRING, by_expiry), (CREDENTIALS_EXPIRING_OF_TENANT, by_client)] {
            let plan = sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {}", statement.sql));
            let steps =
                sqlx::query(plan).bind("a").bind(1).bind(2).bind(3).bind("b").fetch_all(&mut *transaction).await.unwrap();
            let step: String = steps[0].get("detail");
            assert!(step.starts_with(table) && step.ends_with(by), "{step}");
        }
    }
}
