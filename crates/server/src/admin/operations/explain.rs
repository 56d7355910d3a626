//! What a request would get, without sending it.

use std::net::{IpAddr, Ipv4Addr};

use mintmark_core::management::Permission;
use mintmark_core::model::{ClientId, CredentialId, DialectName, EnvironmentName, ResourceUri, TokenFormat};
use mintmark_core::token::{DryRun, DryRunStep, PlannedRequest, PlannedToken, StepVerdict, SupposedBinding};
use mintmark_verify::Algorithm;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::patch::present;
use super::refusals::ExplanationView;
use crate::admin::trials::Trial;
use crate::admin::{Desk, Refusal, schema};

/// The longest scope that can be planned with, in bytes.
const MAX_SCOPE: usize = 4096;
/// How many resources can be.
const MAX_RESOURCES: usize = 20;
/// The longest name of a business that can be.
const MAX_BUSINESS: usize = 256;

/// A token request that is not sent: the client is supposed to have proved itself.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = DryRunRequest)]
pub struct DryRunBody {
    /// The endpoint, by its dialect.
    #[schema(value_type = schema::DialectName)]
    pub dialect: DialectName,
    /// What the client would prove itself with; the first of its credentials that would be taken, where it is left out.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = schema::CredentialId, required = false)]
    pub credential_id: Option<CredentialId>,
    /// The scopes, with spaces between them.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = String, required = false, max_length = 4096)]
    pub scope: Option<String>,
    /// The resources.
    #[serde(default)]
    #[schema(value_type = Vec<schema::ResourceUri>, max_items = 20)]
    pub resources: Vec<ResourceUri>,
    /// The business, by its id or the tenant's own name for it.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = String, required = false, max_length = 256)]
    pub business_id: Option<String>,
    /// The lifetime, in seconds.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = u32, required = false)]
    pub lifetime: Option<u32>,
    /// Where the request would come from; from where you are, where it is left out.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = String, required = false)]
    pub source: Option<IpAddr>,
    /// What it would show that a token can be bound to.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Shows, required = false)]
    pub shows: Option<Shows>,
}

/// What a token can be bound to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Shows {
    /// A good `DPoP` proof.
    Dpop,
    /// A certificate on the connection.
    Certificate,
}

/// What a request would get.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = DryRun)]
pub struct DryRunView {
    /// Whether there would be a token.
    pub passed: bool,
    /// Every step, in the dialect's order.
    pub steps: Vec<StepView>,
    /// Why there would be none.
    #[schema(required)]
    pub explanation: Option<ExplanationView>,
    /// What the wire would tell of that: the word of dialect files.
    #[schema(required)]
    pub told: Option<&'static str>,
    /// What would prove the client.
    #[schema(value_type = Option<schema::CredentialId>, required)]
    pub credential_id: Option<CredentialId>,
    /// The token that there would be.
    #[schema(required)]
    pub token: Option<PlannedTokenView>,
}

/// One step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = DryRunStep)]
pub struct StepView {
    /// Its name.
    pub check: &'static str,
    /// How it went.
    #[schema(value_type = schema::StepVerdict)]
    pub verdict: StepVerdict,
    /// What was asked, or for the one that failed what was found.
    pub words: String,
}

/// What a token would be.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = PlannedToken)]
pub struct PlannedTokenView {
    /// Its claims, but for `jti`, which is random.
    #[schema(value_type = Object)]
    pub claims: Map<String, Value>,
    /// Its form.
    #[schema(value_type = schema::TokenFormat)]
    pub format: TokenFormat,
    /// What it would be signed with; null for an opaque one.
    #[schema(value_type = Option<schema::Algorithm>, required)]
    pub algorithm: Option<Algorithm>,
    /// The key that would sign it.
    #[schema(required)]
    pub kid: Option<String>,
    /// For how many seconds it would be good.
    pub lifetime: u32,
    /// Its scopes.
    pub scope: String,
    /// How it is to be presented.
    pub token_type: &'static str,
}

impl From<PlannedToken> for PlannedTokenView {
    fn from(token: PlannedToken) -> Self {
        let PlannedToken { claims, format, algorithm, kid, lifetime, scope, token_type } = token;
        Self { claims, format, algorithm, kid, lifetime, scope, token_type }
    }
}

impl From<DryRun> for DryRunView {
    fn from(found: DryRun) -> Self {
        let step = |DryRunStep { check, verdict, words }| StepView { check, verdict, words };
        Self {
            passed: found.passed,
            steps: found.steps.into_iter().map(step).collect(),
            explanation: found.explanation.map(Into::into),
            told: found.told,
            credential_id: found.credential_id,
            token: found.token.map(Into::into),
        }
    }
}

/// Goes through every step of a request and issues nothing, counts nothing, uses nothing up. The client's secret is not asked for.
pub async fn dry_run(
    desk: &Desk,
    (environment, client_id): (&EnvironmentName, &ClientId),
    body: &DryRunBody,
) -> Result<DryRunView, Refusal> {
    desk.require(Permission::EditClients)?;
    desk.client(environment, client_id).await?;
    check_length("scope", body.scope.as_deref(), MAX_SCOPE)?;
    check_length("business_id", body.business_id.as_deref(), MAX_BUSINESS)?;
    if body.resources.len() > MAX_RESOURCES {
        return Err(Refusal::Invalid { field: "resources", expected: format!("at most {MAX_RESOURCES}") });
    }
    let _running = desk.begin(Trial::Token)?;
    let dialects = desk.node.dialects.load_full();
    let dialect = dialects.get(body.dialect.as_str()).ok_or_else(unknown_dialect)?;
    let resources: Vec<String> = body.resources.iter().map(ToString::to_string).collect();
    let planned = PlannedRequest {
        environment,
        dialect,
        client_id,
        credential_id: body.credential_id,
        scope: body.scope.as_deref(),
        resources: &resources,
        business_id: body.business_id.as_deref(),
        lifetime: body.lifetime,
        source: source(desk, body.source),
        binding: match body.shows {
            None => SupposedBinding::Nothing,
            Some(Shows::Dpop) => SupposedBinding::Dpop,
            Some(Shows::Certificate) => SupposedBinding::Certificate,
        },
    };
    let found = Box::pin(desk.node.endpoint.dry_run(&planned)).await;
    found.map(Into::into).map_err(|unaskable| no_place(&unaskable.left))
}

pub(super) fn unknown_dialect() -> Refusal {
    Refusal::Invalid { field: "dialect", expected: "a dialect that this node has loaded".to_owned() }
}

/// The dialect has no place for something that is asked.
pub(super) fn no_place(left: &[&'static str]) -> Refusal {
    let field = match left.first() {
        Some(&"expires_in") => "lifetime",
        Some(&"resource") => "resources",
        Some(name) => name,
        None => "dialect",
    };
    Refusal::Invalid { field, expected: "nothing: the dialect has no place for it".to_owned() }
}

/// Where a request would come from, or does: from whoever asks, where nobody says.
pub(super) fn source(desk: &Desk, named: Option<IpAddr>) -> IpAddr {
    named.or(desk.registry.actor.source).unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST))
}

pub(super) fn check_length(field: &'static str, text: Option<&str>, most: usize) -> Result<(), Refusal> {
    let is_long = text.is_some_and(|text| text.len() > most);
    if is_long { Err(Refusal::Invalid { field, expected: format!("at most {most} bytes") }) } else { Ok(()) }
}
