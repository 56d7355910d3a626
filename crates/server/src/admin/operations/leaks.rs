//! Credentials that leaked: what was reported, and what is decided about it.

use mintmark_core::crypto::SecretText;
use mintmark_core::management::Permission;
use mintmark_core::model::{ClientId, CredentialId, EnvironmentName, Leak, LeakId, LeakState, TenantId};
use mintmark_core::registry::LeakReport;
use mintmark_core::store::{self, LeakStore};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::page::{Page, Wanted, read_page};
use crate::admin::{Desk, Moment, Refusal, schema};

/// That a credential leaked: one for each credential, also if it is reported again.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Leak)]
pub struct LeakView {
    /// Its identifier.
    #[schema(value_type = schema::LeakId)]
    pub id: LeakId,
    /// The environment.
    #[schema(value_type = schema::EnvironmentName)]
    pub environment: EnvironmentName,
    /// The tenant of the client.
    #[schema(value_type = schema::TenantId)]
    pub tenant_id: TenantId,
    /// The client.
    #[schema(value_type = schema::ClientId)]
    pub client_id: ClientId,
    /// The credential.
    #[schema(value_type = schema::CredentialId)]
    pub credential_id: CredentialId,
    /// What people tell the credential from others by.
    pub hint: String,
    /// Where the answer to it stands.
    #[schema(value_type = schema::LeakState)]
    pub state: LeakState,
    /// Who reported it last: `holder` for whoever held it, or a scanner's name.
    pub reporter: String,
    /// Where it was found, as the reporter says. A stranger's text: show it as text, and follow it with care.
    pub found_at: String,
    /// When it was last reported.
    pub reported_at: Moment,
    /// When the credential is turned off for ever, if nobody decides before.
    #[schema(required)]
    pub revoke_at: Option<Moment>,
    /// When it was decided.
    #[schema(required)]
    pub ended_at: Option<Moment>,
    /// Why the credential was released.
    pub reason: String,
    /// Counts the changes; the entity tag is made of it.
    pub version: u64,
}

impl From<Leak> for LeakView {
    fn from(leak: Leak) -> Self {
        Self {
            id: leak.id,
            environment: leak.environment,
            tenant_id: leak.tenant_id,
            client_id: leak.client_id,
            credential_id: leak.credential_id,
            hint: leak.hint,
            state: leak.state,
            reporter: leak.reporter,
            found_at: leak.found_at,
            reported_at: leak.reported_at.into(),
            revoke_at: leak.revoke_at.map(Into::into),
            ended_at: leak.ended_at.map(Into::into),
            reason: leak.reason,
            version: leak.version,
        }
    }
}

/// Which leaks to list.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct LeakFilter {
    /// How many objects a page holds.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<u32>,
    /// The `next` of the page before.
    pub cursor: Option<String>,
    /// Those of this tenant alone.
    #[param(value_type = Option<schema::TenantId>)]
    pub tenant_id: Option<TenantId>,
    /// Those of this state alone.
    #[param(value_type = Option<schema::LeakState>)]
    pub state: Option<LeakState>,
}

/// A secret that leaked.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LeakReportBody {
    /// The secret. It is neither kept nor logged.
    #[schema(max_length = 512)]
    pub secret: String,
    /// Where it was found.
    #[serde(default)]
    #[schema(required = false, max_length = 2048)]
    pub url: String,
}

/// What came of a report.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = LeakReported)]
pub struct LeakReportedView {
    /// The leak; nothing if the text is no secret that is in force here.
    #[schema(required)]
    pub leak: Option<LeakView>,
}

/// Why a credential is released.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReleaseBody {
    /// The reason, for the audit and those who ask later.
    #[schema(value_type = schema::Reason)]
    pub reason: String,
}

/// Leaks within reach, by identifier.
pub async fn list(desk: &Desk, environment: &EnvironmentName, filter: &LeakFilter) -> Result<Page<LeakView>, Refusal> {
    desk.require(Permission::Read)?;
    desk.require_environment(environment).await?;
    let wanted = Wanted::<LeakId>::read(filter.limit, filter.cursor.as_deref())?;
    let tenant = match (desk.only_tenant(), filter.tenant_id) {
        (Some(own), Some(asked)) if own != asked => Some(TenantId::none()),
        (own, asked) => own.or(asked),
    };
    let read = |after: Option<LeakId>, limit| async move {
        Ok(desk.store().leaks(environment, tenant, store::Page { after: after.as_ref(), limit }).await?)
    };
    let is_wanted = |leak: &Leak| filter.state.is_none_or(|state| state == leak.state);
    read_page(wanted, read, |leak| leak.id, |leak| is_wanted(&leak).then(|| leak.into())).await
}

/// One leak.
pub async fn read(desk: &Desk, environment: &EnvironmentName, id: LeakId) -> Result<LeakView, Refusal> {
    desk.require(Permission::Read)?;
    found(desk, environment, id).await.map(Into::into)
}

/// The leaks of some credentials that nobody has decided yet.
pub async fn open_of(
    desk: &Desk,
    environment: &EnvironmentName,
    credentials: &[CredentialId],
) -> Result<Vec<LeakView>, Refusal> {
    desk.require(Permission::Read)?;
    let mut open = Vec::new();
    for id in credentials {
        let found = desk.store().leak_of(environment, *id).await?;
        open.extend(found.filter(|leak| leak.state.is_open() && is_within(desk, leak)).map(LeakView::from));
    }
    Ok(open)
}

/// Reports a secret. The operator alone hears what came of it; others report where everybody does.
pub async fn report(desk: &Desk, environment: &EnvironmentName, body: LeakReportBody) -> Result<LeakReportedView, Refusal> {
    desk.require(Permission::EditOperator)?;
    desk.require_environment(environment).await?;
    let secret = SecretText::new(body.secret);
    let reporter = desk.authority.principal().to_string();
    let report = LeakReport { secret: &secret, found_at: &body.url, reporter: &reporter };
    let leak = desk.registry.report_leak(&report, |environment| desk.node.leaks.policy(environment)).await?;
    Ok(LeakReportedView { leak: leak.map(Into::into) })
}

/// Turns the credential of a leak off for ever, now.
pub async fn revoke(desk: &Desk, environment: &EnvironmentName, id: LeakId) -> Result<LeakView, Refusal> {
    desk.require(Permission::EditClients)?;
    found(desk, environment, id).await?;
    Ok(desk.registry.revoke_leak(environment, id).await?.into())
}

/// Lets the credential of a leak be used again.
pub async fn release(desk: &Desk, environment: &EnvironmentName, id: LeakId, body: &ReleaseBody) -> Result<LeakView, Refusal> {
    desk.require(Permission::EditClients)?;
    found(desk, environment, id).await?;
    Ok(desk.registry.release_leak(environment, id, &body.reason).await?.into())
}

/// A leak within reach (rule S4).
async fn found(desk: &Desk, environment: &EnvironmentName, id: LeakId) -> Result<Leak, Refusal> {
    let found = desk.store().leak(environment, id).await?;
    found.filter(|leak| is_within(desk, leak)).ok_or(Refusal::NotFound)
}

fn is_within(desk: &Desk, leak: &Leak) -> bool {
    desk.only_tenant().is_none_or(|own| leak.tenant_id == own)
}
