//! Why token requests were refused: kept for a while, for those who may know (rule S5).

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use mintmark_core::clock::Timestamp;
use mintmark_core::management::Permission;
use mintmark_core::model::{BusinessId, ClientId, CredentialId, DialectName, EnvironmentName, TenantId};
use mintmark_core::store::{self, Store};
use mintmark_core::token::Explanation;
use mintmark_core::usage::{RefusalFilter, RefusedBefore, RefusedClient};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Page;
use super::page::{Wanted, page_cut};
use super::usage::tenant;
use crate::admin::{Desk, Moment, Refusal, schema};

/// The longest reason that is looked for.
const MAX_CODE: usize = 64;

/// A token request that was refused, and why.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Refusal)]
pub struct RefusalView {
    /// The id that the answer named the request by, in `X-Request-Id`.
    pub request_id: String,
    /// When it was answered.
    pub at: Moment,
    /// Where.
    #[schema(value_type = schema::EnvironmentName)]
    pub environment: EnvironmentName,
    /// The endpoint's dialect.
    #[schema(value_type = schema::DialectName)]
    pub dialect: DialectName,
    /// The client, if there is one of the name given.
    #[schema(value_type = Option<schema::ClientId>, required)]
    pub client_id: Option<ClientId>,
    /// Whose client that is.
    #[schema(value_type = Option<schema::TenantId>, required)]
    pub tenant_id: Option<TenantId>,
    /// What proved it, where it was proved.
    #[schema(value_type = Option<schema::CredentialId>, required)]
    pub credential_id: Option<CredentialId>,
    /// The business, where that was decided.
    #[schema(value_type = Option<schema::BusinessId>, required)]
    pub business_id: Option<BusinessId>,
    /// Who sent the request, on the network.
    #[schema(value_type = String)]
    pub source: IpAddr,
    /// Why, as the log has it: more than the wire was told.
    pub detail: String,
    /// Why in words, with what to do about it.
    pub explanation: ExplanationView,
}

/// A reason in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Explanation)]
pub struct ExplanationView {
    /// The word for it, which never changes.
    pub code: String,
    /// What happened.
    pub what: String,
    /// What to do about it.
    pub fix: String,
    /// Where to read more, from the root of the documentation.
    #[schema(required)]
    pub link: Option<String>,
}

impl From<Explanation> for ExplanationView {
    fn from(explanation: Explanation) -> Self {
        let Explanation { code, what, fix, link } = explanation;
        Self { code: code.to_owned(), what, fix, link: link.map(str::to_owned) }
    }
}

impl From<store::Refusal> for RefusalView {
    fn from(refusal: store::Refusal) -> Self {
        // A reason of another version of the server has its detail alone.
        let unknown =
            || ExplanationView { code: refusal.code.clone(), what: refusal.detail.clone(), fix: String::new(), link: None };
        let explanation = Explanation::of_code(&refusal.code).map_or_else(unknown, Into::into);
        let store::Refusal { request_id, at, environment, dialect, client_id, tenant_id, .. } = refusal;
        let (at, source, detail) = (at.into(), refusal.source, refusal.detail);
        let (credential_id, business_id) = (refusal.credential_id, refusal.business_id);
        Self {
            request_id,
            at,
            environment,
            dialect,
            client_id,
            tenant_id,
            credential_id,
            business_id,
            source,
            detail,
            explanation,
        }
    }
}

/// Which refusals to list.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct RefusalsFilter {
    /// How many a page holds.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<u32>,
    /// The `next` of the page before.
    pub cursor: Option<String>,
    /// Those of this tenant's clients alone.
    #[param(value_type = Option<schema::TenantId>)]
    pub tenant_id: Option<TenantId>,
    /// Those of this client alone.
    #[param(value_type = Option<schema::ClientId>)]
    pub client_id: Option<ClientId>,
    /// Those alone where no client is known: the operator's.
    pub unknown: bool,
    /// Those for this reason alone: a word of docs/errors.md.
    #[param(max_length = 64)]
    pub code: Option<String>,
}

/// Where a page of refusals goes on, as its cursor says.
struct Place(RefusedBefore);

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} {}", self.0.at.0, self.0.request_id)
    }
}

impl FromStr for Place {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (at, request_id) = text.split_once(' ').ok_or(())?;
        let at = Timestamp(at.parse().map_err(drop)?);
        Ok(Self(RefusedBefore { at, request_id: request_id.to_owned() }))
    }
}

/// Refusals within reach, latest first. They are kept for a while: of each client the last twenty for each reason.
pub async fn list(desk: &Desk, environment: &EnvironmentName, filter: &RefusalsFilter) -> Result<Page<RefusalView>, Refusal> {
    desk.require(Permission::Read)?;
    desk.require_environment(environment).await?;
    if filter.code.as_ref().is_some_and(|code| code.len() > MAX_CODE) {
        return Err(Refusal::Invalid { field: "code", expected: format!("at most {MAX_CODE} characters") });
    }
    let wanted = Wanted::<Place>::read(filter.limit, filter.cursor.as_deref())?;
    let client = match &filter.client_id {
        Some(client) => RefusedClient::Only(client.clone()),
        None if filter.unknown => RefusedClient::Unknown,
        None => RefusedClient::Any,
    };
    let asked = RefusalFilter {
        environment: environment.clone(),
        tenant: tenant(desk, filter.tenant_id),
        client,
        code: filter.code.clone().filter(|code| !code.is_empty()),
    };
    let limit = u32::try_from(wanted.size).unwrap_or(u32::MAX).saturating_add(1);
    let found = desk.store().refusals(&asked, wanted.after.as_ref().map(|place| &place.0), limit).await?;
    Ok(page_cut(found, wanted.size, |refusal| Place(refusal.into()), Into::into))
}

/// Why a request was refused, by the id that its answer had.
pub async fn read(desk: &Desk, environment: &EnvironmentName, request_id: &str) -> Result<RefusalView, Refusal> {
    desk.require(Permission::Read)?;
    desk.require_environment(environment).await?;
    if let Some(found) = find(desk, environment, request_id).await? {
        return Ok(found.into());
    }
    // It may be so new that it waits on this node to be written down. Nothing is written for whoever asks: anybody can ask for ids
    // that there are none of.
    let waiting = desk.node.endpoint.usage.waiting_refusal(request_id).await;
    if let Some(waiting) = waiting.filter(|waiting| is_within(desk, environment, waiting)) {
        return Ok(waiting.into());
    }
    // It may have been written down since it was looked for.
    find(desk, environment, request_id).await?.map(Into::into).ok_or(Refusal::NotFound)
}

async fn find(desk: &Desk, environment: &EnvironmentName, request_id: &str) -> Result<Option<store::Refusal>, Refusal> {
    let found = desk.store().refusal(request_id).await?;
    Ok(found.filter(|found| is_within(desk, environment, found)))
}

fn is_within(desk: &Desk, environment: &EnvironmentName, found: &store::Refusal) -> bool {
    found.environment == *environment && found.may_be_seen_by(&desk.authority)
}
