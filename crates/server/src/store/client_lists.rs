//! Clients as lists for people show them: by name, and each with what proves it. A page takes a fixed number of queries, whatever is
//! on it.

use mintmark_core::clock::Timestamp;
use mintmark_core::model::{Client, ClientId, EnvironmentName, ProofKind, Status, TenantId};
use mintmark_core::store::Read;

use super::SqlStore;
use super::engine::{Query, Row};
use super::fields::Fields;
use super::rows::{self, readable};
use super::statements::{
    CLIENTS_NAMED, CLIENTS_NAMED_AFTER, CLIENTS_OF_TENANT_NAMED, CLIENTS_OF_TENANT_NAMED_AFTER, CREDENTIALS_OF_CLIENTS,
    TENANTS_NAMED,
};

/// No name is after the prefix with this behind it and begins with the prefix.
const LAST: char = '\u{10FFFF}';
/// Questions about several rows ask about so many, the rest of them of no name, or about as many as they need: so there are few texts
/// to prepare.
const USUAL_ROWS: usize = 50;

/// A place in a list by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamePlace {
    /// The name, its letters A to Z made small.
    pub name: String,
    /// The identifier; none before the first of that name.
    pub id: String,
}

/// What a list shows of a credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CredentialGlance {
    /// Whose it is.
    pub client_id: ClientId,
    /// What it is.
    pub kind: ProofKind,
    /// Whether it is turned on.
    pub status: Status,
    /// When it expires.
    pub expires_at: Option<Timestamp>,
    /// When it was last used.
    pub last_used_at: Option<Timestamp>,
}

impl SqlStore {
    /// The clients of an environment, of one tenant or of all, whose names begin so, after a place, by name. Names are compared with
    /// the letters A to Z made small; `prefix` comes with them small.
    pub async fn clients_by_name(
        &self,
        (environment, tenant): (&EnvironmentName, Option<TenantId>),
        prefix: &str,
        after: &NamePlace,
        limit: u32,
    ) -> Read<Vec<Client>> {
        let whose = tenant.map(|tenant| tenant.to_string()).unwrap_or_default();
        let (same, later) = match tenant {
            None => (CLIENTS_NAMED, CLIENTS_NAMED_AFTER),
            Some(_) => (CLIENTS_OF_TENANT_NAMED, CLIENTS_OF_TENANT_NAMED_AFTER),
        };
        let (name, last) = (format!("{whose}{}", after.name), format!("{whose}{prefix}{LAST}"));
        let same = same.query().bind(environment.as_str()).bind(name.as_str()).bind(after.id.as_str()).bind(i64::from(limit));
        let mut found = self.engine.rows(same).await?;
        let rest = i64::from(limit).saturating_sub(i64::try_from(found.len()).unwrap_or(i64::MAX));
        if rest > 0 {
            let later = later.query().bind(environment.as_str()).bind(name).bind(last).bind(rest);
            found.extend(self.engine.rows(later).await?);
        }
        Ok(readable(&found, rows::client))
    }

    /// What proves each of some clients of an environment, those that are over included.
    pub async fn credentials_of(&self, environment: &EnvironmentName, clients: &[&ClientId]) -> Read<Vec<CredentialGlance>> {
        let (query, size) = (CREDENTIALS_OF_CLIENTS, clients.len().max(USUAL_ROWS));
        let ids = clients.iter().map(ToString::to_string).chain(std::iter::repeat(String::new())).take(size);
        let query = ids.fold(query.query(size).bind(environment.as_str()), Query::bind);
        let found = self.engine.rows(query).await?;
        Ok(readable(&found, glance))
    }

    /// The names of some tenants.
    pub async fn tenant_names(&self, tenants: &[TenantId]) -> Read<Vec<(TenantId, String)>> {
        let size = tenants.len().max(USUAL_ROWS);
        let ids = tenants.iter().map(ToString::to_string).chain(std::iter::repeat(String::new())).take(size);
        let found = self.engine.rows(ids.fold(TENANTS_NAMED.query(size), Query::bind)).await?;
        Ok(readable(&found, tenant_name))
    }
}

fn glance(row: &Row) -> Read<CredentialGlance> {
    let fields = Fields::of(row, "credential", "id");
    Ok(CredentialGlance {
        client_id: fields.parsed("client_id")?,
        kind: fields.word("kind", ProofKind::from_word)?,
        status: fields.word("status", Status::from_word)?,
        expires_at: fields.optional_time("expires_at")?,
        last_used_at: fields.optional_time("last_used_at")?,
    })
}

fn tenant_name(row: &Row) -> Read<(TenantId, String)> {
    let fields = Fields::of(row, "tenant", "id");
    Ok((fields.parsed("id")?, fields.text("name")?))
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
    async fn lists_by_name_sort_nothing_and_look_at_no_row_that_they_do_not_show() {
        let folder = tempfile::tempdir().unwrap();
        let (clock, random) = (Arc::new(FakeClock::at(0)), Arc::new(SeededRandom::new(1)));
        let options = OpenOptions { create: true, kind: None, clock, random };
        let store = SqlStore::open(&StorePlace::file(folder.path().join("test.db")), options).await.unwrap();
        let Ok(Transaction::Sqlite(mut transaction)) = store.engine.begin_read().await else { panic!("it is a file") };
        let statements = [
            (CLIENTS_NAMED, "client_by_name"),
            (CLIENTS_NAMED_AFTER, "client_by_name"),
            (CLIENTS_OF_TENANT_NAMED, "client_of_tenant_by_name"),
            (CLIENTS_OF_TENANT_NAMED_AFTER, "client_of_tenant_by_name"),
        ];
        for (statement, index) in statements {
            let plan = sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {}", statement.sql));
            let steps = sqlx::query(plan).bind("a").bind("b").bind("c").bind(10).fetch_all(&mut *transaction).await.unwrap();
            assert_eq!(steps.len(), 1, "nothing is sorted: {}", statement.sql);
            let step: String = steps[0].get("detail");
            assert!(step.starts_with(&format!("SEARCH client USING INDEX {index} (")), "{step}");
        }
    }
}
