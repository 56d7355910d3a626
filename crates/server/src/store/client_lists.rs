//! Clients as lists for people show them: by name, and each with what proves it. A page takes a fixed number of queries, whatever is
//! on it.

use mintmark_core::clock::Timestamp;
use mintmark_core::model::{Client, ClientId, CredentialId, EnvironmentName, ProofKind, Status, TenantId};
use mintmark_core::store::{Page, Read, Store};

use super::SqlStore;
use super::engine::{Query, Row};
use super::fields::Fields;
use super::reads::start;
use super::rows::{self, readable};
use super::statements::{
    CLIENTS_NAMED, CLIENTS_NAMED_AFTER, CLIENTS_OF_TENANT_NAMED, CLIENTS_OF_TENANT_NAMED_AFTER, CREDENTIALS_OF_CLIENTS,
    DISABLED_CLIENTS_AFTER, DISABLED_CLIENTS_NAMED, DISABLED_CLIENTS_NAMED_AFTER, DISABLED_CLIENTS_OF_TENANT_AFTER,
    DISABLED_CLIENTS_OF_TENANT_NAMED, DISABLED_CLIENTS_OF_TENANT_NAMED_AFTER, Statement, TENANTS_NAMED,
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

/// Which clients a list is about.
#[derive(Clone, Copy, Debug)]
pub struct ClientsOf<'a> {
    /// Where.
    pub environment: &'a EnvironmentName,
    /// Whose; everybody's, if nobody is named.
    pub tenant: Option<TenantId>,
    /// Whether it is about those alone that are turned off.
    pub disabled: bool,
}

impl ClientsOf<'_> {
    /// The statements for the clients of one name, and for those of the names after it.
    fn by_name(&self) -> (Statement, Statement) {
        match (self.tenant, self.disabled) {
            (None, false) => (CLIENTS_NAMED, CLIENTS_NAMED_AFTER),
            (Some(_), false) => (CLIENTS_OF_TENANT_NAMED, CLIENTS_OF_TENANT_NAMED_AFTER),
            (None, true) => (DISABLED_CLIENTS_NAMED, DISABLED_CLIENTS_NAMED_AFTER),
            (Some(_), true) => (DISABLED_CLIENTS_OF_TENANT_NAMED, DISABLED_CLIENTS_OF_TENANT_NAMED_AFTER),
        }
    }
}

/// What a list shows of a credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CredentialGlance {
    /// Which.
    pub id: CredentialId,
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
    /// Clients by identifier.
    pub async fn clients_by_id(&self, of: ClientsOf<'_>, page: Page<'_, ClientId>) -> Read<Vec<Client>> {
        if !of.disabled {
            return self.clients(of.environment, of.tenant, page).await;
        }
        let query = |after: &str, limit| match of.tenant {
            None => DISABLED_CLIENTS_AFTER.query().bind(of.environment.as_str()).bind(after).bind(limit),
            Some(tenant) => {
                let of_tenant = DISABLED_CLIENTS_OF_TENANT_AFTER.query().bind(of.environment.as_str()).bind(tenant.to_string());
                of_tenant.bind(after).bind(limit)
            }
        };
        self.listing(start(page.after), page.limit, query, rows::client).await
    }

    /// The clients whose names begin so, after a place, by name. Names are compared with the letters A to Z made small; `prefix` comes
    /// with them small.
    pub async fn clients_by_name(&self, of: ClientsOf<'_>, prefix: &str, after: &NamePlace, limit: u32) -> Read<Vec<Client>> {
        let environment = of.environment;
        let whose = of.tenant.map(|tenant| tenant.to_string()).unwrap_or_default();
        let (same, later) = of.by_name();
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
        id: fields.parsed("id")?,
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

    async fn store(folder: &tempfile::TempDir) -> SqlStore {
        let (clock, random) = (Arc::new(FakeClock::at(0)), Arc::new(SeededRandom::new(1)));
        let options = OpenOptions { create: true, kind: None, clock, random };
        SqlStore::open(&StorePlace::file(folder.path().join("test.db")), options).await.unwrap()
    }

    async fn plan(connection: &mut sqlx::SqliteConnection, sql: &str) -> Vec<String> {
        let explain = sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}"));
        let steps = sqlx::query(explain).fetch_all(connection).await.unwrap();
        steps.iter().map(|step| step.get("detail")).collect()
    }

    #[tokio::test]
    async fn lists_sort_nothing_and_look_at_no_row_that_they_do_not_show() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(&folder).await;
        let Ok(Transaction::Sqlite(mut transaction)) = store.engine.begin_read().await else { panic!("it is a file") };
        let statements = [
            (CLIENTS_NAMED, "client_by_name"),
            (CLIENTS_NAMED_AFTER, "client_by_name"),
            (CLIENTS_OF_TENANT_NAMED, "client_of_tenant_by_name"),
            (CLIENTS_OF_TENANT_NAMED_AFTER, "client_of_tenant_by_name"),
            (DISABLED_CLIENTS_AFTER, "client_disabled"),
            (DISABLED_CLIENTS_OF_TENANT_AFTER, "client_disabled_of_tenant"),
            (DISABLED_CLIENTS_NAMED, "client_disabled_by_name"),
            (DISABLED_CLIENTS_NAMED_AFTER, "client_disabled_by_name"),
            (DISABLED_CLIENTS_OF_TENANT_NAMED, "client_disabled_of_tenant_by_name"),
            (DISABLED_CLIENTS_OF_TENANT_NAMED_AFTER, "client_disabled_of_tenant_by_name"),
        ];
        for (statement, index) in statements {
            let steps = plan(&mut transaction, statement.sql).await;
            assert_eq!(steps.len(), 1, "nothing is sorted: {}", statement.sql);
            assert!(steps[0].starts_with(&format!("SEARCH client USING INDEX {index} (")), "{}", steps[0]);
        }
    }

    #[tokio::test]
    async fn what_a_page_shows_beside_its_rows_is_looked_up_for_these_alone() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(&folder).await;
        let Ok(Transaction::Sqlite(mut transaction)) = store.engine.begin_read().await else { panic!("it is a file") };
        let credentials = plan(&mut transaction, &CREDENTIALS_OF_CLIENTS.sql(USUAL_ROWS)).await;
        let looked_up = "SEARCH c USING INDEX credential_by_client (environment=? AND client_id=?)";
        assert_eq!(credentials.last().unwrap(), looked_up, "{credentials:?}");
        let tenants = plan(&mut transaction, &TENANTS_NAMED.sql(USUAL_ROWS)).await;
        assert!(tenants.last().unwrap().starts_with("SEARCH t USING INDEX sqlite_autoindex_tenant_1 (id=?)"), "{tenants:?}");
        for steps in [credentials, tenants] {
            assert_eq!(steps[0], "SCAN 50-ROW VALUES CLAUSE", "the wanted ones come first: {steps:?}");
        }
    }
}
