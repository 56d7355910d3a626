//! Credentials that leaked.

use mintmark_core::clock::Timestamp;
use mintmark_core::model::{Credential, CredentialId, EnvironmentName, Leak, LeakId, LeakState, TenantId};
use mintmark_core::store::{LeakStore, Page, Read};

use super::SqlStore;
use super::engine::{Query, Row};
use super::fields::Fields;
use super::reads::start;
use super::rows::{self, readable};
use super::statements::{CREDENTIALS_HINTED, LEAK, LEAK_INSERT, LEAK_OF, LEAK_UPDATE, LEAKS, LEAKS_DUE, LEAKS_OF_TENANT};
use super::writes::big;

impl LeakStore for SqlStore {
    async fn leak(&self, environment: &EnvironmentName, id: LeakId) -> Read<Option<Leak>> {
        let query = LEAK.query().bind(environment.as_str()).bind(id.to_string());
        self.engine.row(query).await?.as_ref().map(leak).transpose()
    }

    async fn leak_of(&self, environment: &EnvironmentName, credential: CredentialId) -> Read<Option<Leak>> {
        let query = LEAK_OF.query().bind(environment.as_str()).bind(credential.to_string());
        self.engine.row(query).await?.as_ref().map(leak).transpose()
    }

    async fn leaks(&self, environment: &EnvironmentName, tenant: Option<TenantId>, page: Page<'_, LeakId>) -> Read<Vec<Leak>> {
        let statement = if tenant.is_some() { LEAKS_OF_TENANT } else { LEAKS };
        let query = |after: &str, limit| {
            let query = statement.query().bind(environment.as_str()).bind(after).bind(limit);
            tenant.into_iter().fold(query, |query, tenant| query.bind(tenant.to_string()))
        };
        self.listing(start(page.after), page.limit, query, leak).await
    }

    async fn due_leaks(&self, now: Timestamp, limit: u32) -> Read<Vec<Leak>> {
        let rows = self.engine.rows(LEAKS_DUE.query().bind(now.0).bind(i64::from(limit))).await?;
        Ok(readable(&rows, leak))
    }

    async fn credentials_hinted(&self, environment: &EnvironmentName, hint: &str, limit: u32) -> Read<Vec<Credential>> {
        let query = CREDENTIALS_HINTED.query().bind(environment.as_str()).bind(hint).bind(i64::from(limit));
        Ok(readable(&self.engine.rows(query).await?, rows::credential))
    }
}

pub(super) fn insert(row: &Leak) -> Query {
    bind(LEAK_INSERT.query(), row)
}

pub(super) fn update(row: &Leak) -> Query {
    bind(LEAK_UPDATE.query(), row)
}

fn bind(query: Query, row: &Leak) -> Query {
    let query = query.bind(row.environment.as_str()).bind(row.id.to_string()).bind(row.tenant_id.to_string());
    let query = query.bind(row.client_id.as_str()).bind(row.credential_id.to_string()).bind(row.hint.as_str());
    let query = query.bind(row.state.as_str()).bind(row.reporter.as_str()).bind(row.found_at.as_str());
    let query = query.bind(row.reported_at.0).bind(row.revoke_at.map(|at| at.0)).bind(row.ended_at.map(|at| at.0));
    query.bind(row.reason.as_str()).bind(big(row.version))
}

/// A row of `leak`.
fn leak(row: &Row) -> Read<Leak> {
    let fields = Fields::of(row, "leak", "id");
    Ok(Leak {
        id: fields.parsed("id")?,
        environment: fields.parsed("environment")?,
        tenant_id: fields.parsed("tenant_id")?,
        client_id: fields.parsed("client_id")?,
        credential_id: fields.parsed("credential_id")?,
        hint: fields.text("hint")?,
        state: fields.word("state", LeakState::from_word)?,
        reporter: fields.text("reporter")?,
        found_at: fields.text("found_at")?,
        reported_at: fields.time("reported_at")?,
        revoke_at: fields.optional_time("revoke_at")?,
        ended_at: fields.optional_time("ended_at")?,
        reason: fields.text("reason")?,
        version: fields.number("version")?,
    })
}
