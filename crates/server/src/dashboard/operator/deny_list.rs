//! What is revoked now, and revoking more.

use axum::extract::Query;
use mintmark_core::management::Permission;
use mintmark_core::model::{EnvironmentName, RevocationKind, SensitiveAction};
use serde::Deserialize;
use serde_json::Value;

use super::{address, encoded};
use crate::admin::operations::deny_list::{self, RevocationFilter, RevocationView};
use crate::admin::operations::inspect::{self, StandingView, TokenReportView, TokenToInspect};
use crate::admin::operations::revocations::{self, TokenRevocation};
use crate::admin::operations::{clients, credentials};
use crate::admin::{Moment, Refusal};
use crate::dashboard::components::{Pager, When};
use crate::dashboard::navigation::Section;
use crate::dashboard::seat::{Answer, Seat, Stop, go};
use crate::dashboard::views::{DeniedRow, DenyListPage, DenyTyped};
use crate::dashboard::{problem, words};

const HERE: &str = "/revocations";

/// What the list is asked for.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct DenyQuery {
    kind: String,
    environment: String,
    cursor: String,
}

/// `GET /revocations`.
pub(super) async fn show(seat: Seat, Query(asked): Query<DenyQuery>) -> Answer {
    Ok(problem::page(&page_of(&seat, asked, DenyTyped::default()).await?))
}

async fn page_of(seat: &Seat, asked: DenyQuery, typed: DenyTyped) -> Result<DenyListPage, Stop> {
    let environment: Option<EnvironmentName> = match asked.environment.as_str() {
        "" => None,
        named => Some(seat.environment(named)?.environment.name.clone()),
    };
    let filter = RevocationFilter {
        limit: None,
        cursor: Some(asked.cursor.clone()).filter(|cursor| !cursor.is_empty()),
        kind: RevocationKind::from_word(&asked.kind),
        environment,
    };
    let page = deny_list::list(&seat.desk, &filter).await.map_err(|refusal| seat.stop(refusal))?;
    let here = |cursor: &str| address(HERE, [("kind", &asked.kind), ("environment", &asked.environment), ("cursor", cursor)]);
    let rows: Vec<DeniedRow> = page.items.into_iter().map(|denied| row(seat, denied)).collect();
    Ok(DenyListPage {
        frame: seat.frame(words::deny_list::TITLE, Some(Section::Revocations)),
        pager: Pager {
            showing: words::deny_list::showing(rows.len()),
            first: (!asked.cursor.is_empty()).then(|| here("")),
            next: page.next.as_deref().map(here),
        },
        rows,
        environments: seat.environments().iter().map(|record| record.environment.name.to_string()).collect(),
        may_edit: seat.may(Permission::EditOperator),
        kind: asked.kind,
        environment: asked.environment,
        typed,
    })
}

fn row(seat: &Seat, denied: RevocationView) -> DeniedRow {
    let RevocationView { kind, environment, id, since, revoked_by, until } = denied;
    let now = seat.app.now();
    let kind_word = match kind {
        RevocationKind::Credential => words::deny_list::CREDENTIAL,
        RevocationKind::Client => words::deny_list::CLIENT,
        RevocationKind::Business => words::deny_list::BUSINESS,
        RevocationKind::Tenant => words::deny_list::TENANT,
        RevocationKind::Token => words::deny_list::TOKEN,
    };
    let href = match (kind, &environment) {
        (RevocationKind::Client, Some(name)) => Some(format!("/{name}/clients/{}", encoded(&id))),
        (RevocationKind::Tenant, _) => Some(format!("/tenants/{id}")),
        _ => None,
    };
    DeniedRow {
        kind: kind_word,
        href,
        environment: environment.map(|name| name.to_string()),
        since: since.map(|at| When::relative(Some(at.0), now)),
        by: revoked_by,
        until: When::relative(Some(until.0), now),
        id,
    }
}

/// The list with the form that cannot be done.
async fn wrong(seat: &Seat, typed: DenyTyped, field: &'static str, text: impl Into<String>) -> Answer {
    let typed = DenyTyped { mistake: Some((field, text.into())), ..typed };
    Ok(problem::again(&page_of(seat, DenyQuery::default(), typed).await?))
}

/// Sees that whoever ends tokens here is the operator, and showed anew who they are.
fn admit(seat: &Seat) -> Result<(), Stop> {
    if !seat.may(Permission::EditOperator) {
        return Err(seat.stop(Refusal::Forbidden(Permission::EditOperator)));
    }
    seat.require_step_up(SensitiveAction::Credentials)
}

/// `POST /revocations/token`: the token itself, which must be one of ours that is good.
pub(super) async fn token(seat: Seat) -> Answer {
    admit(&seat)?;
    let typed = DenyTyped::default();
    let token = seat.fields.one("token").unwrap_or_default().trim().to_owned();
    let report = match inspect::inspect(&seat.desk, &TokenToInspect { token }).await {
        Ok(report) => report,
        Err(Refusal::Invalid { expected, .. }) => {
            return wrong(&seat, typed, "token", words::mistake::expected(&expected)).await;
        }
        Err(refusal) => return Err(seat.stop(refusal)),
    };
    let mistake = match &report.standing {
        StandingView::Live { .. } | StandingView::NotYetValid { .. } => None,
        StandingView::Expired { .. } => Some(words::deny_list::EXPIRED),
        StandingView::Revoked { .. } => Some(words::deny_list::REVOKED),
        StandingView::Invalid => Some(words::deny_list::INVALID),
        StandingView::Foreign => Some(words::deny_list::FOREIGN),
        StandingView::Malformed => Some(words::deny_list::MALFORMED),
    };
    if let Some(mistake) = mistake {
        return wrong(&seat, typed, "token", mistake).await;
    }
    let Some((environment, revocation)) = revocation_of(report) else {
        return wrong(&seat, typed, "token", words::deny_list::NAMELESS).await;
    };
    let revoked = revocations::revoke_token(&seat.desk, &environment, &revocation).await;
    let revoked = revoked.map_err(|refusal| seat.stop(refusal))?;
    Ok(go(HERE, Some(if revoked.all_of_client { "client-tokens-ended" } else { "token-revoked" })))
}

/// What ends a token whose signature was verified.
fn revocation_of(report: TokenReportView) -> Option<(EnvironmentName, TokenRevocation)> {
    let (environment, claims) = (report.environment?, report.claims?);
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let expires_at = claims.get("exp").and_then(Value::as_i64);
    let revocation = TokenRevocation {
        jti: text("jti")?.to_owned(),
        client_id: text("client_id").and_then(|id| id.parse().ok()),
        expires_at: expires_at.map(|at| Moment(mintmark_core::clock::Timestamp(at))),
    };
    Some((environment, revocation))
}

/// `POST /revocations/client`: of a client, or of one of its credentials.
pub(super) async fn client(seat: Seat) -> Answer {
    admit(&seat)?;
    let field = |name: &str| seat.fields.one(name).unwrap_or_default().trim().to_owned();
    let typed = DenyTyped {
        environment: field("environment"),
        client: field("client_id"),
        credential: field("credential_id"),
        ..DenyTyped::default()
    };
    let name = seat.environment(&typed.environment)?.environment.name.clone();
    let Ok(client) = typed.client.parse() else {
        return wrong(&seat, typed, "client_id", words::deny_list::NO_CLIENT).await;
    };
    if typed.credential.is_empty() {
        return match clients::revoke(&seat.desk, &name, &client).await {
            Ok(()) => Ok(go(HERE, Some("client-tokens-ended"))),
            Err(Refusal::NotFound) => wrong(&seat, typed, "client_id", words::deny_list::NO_CLIENT).await,
            Err(refusal) => Err(seat.stop(refusal)),
        };
    }
    let Ok(credential) = typed.credential.parse() else {
        return wrong(&seat, typed, "credential_id", words::deny_list::NO_CREDENTIAL).await;
    };
    match credentials::revoke(&seat.desk, (&name, &client), credential).await {
        Ok(()) => Ok(go(HERE, Some("credential-tokens-ended"))),
        Err(Refusal::NotFound) => wrong(&seat, typed, "credential_id", words::deny_list::NO_CREDENTIAL).await,
        Err(refusal) => Err(seat.stop(refusal)),
    }
}

/// `POST /revocations/tenant`.
pub(super) async fn tenant(seat: Seat) -> Answer {
    admit(&seat)?;
    let named = seat.fields.one("tenant_id").unwrap_or_default().trim().to_owned();
    let typed = DenyTyped { tenant: named.clone(), ..DenyTyped::default() };
    let Ok(id) = named.parse() else { return wrong(&seat, typed, "tenant_id", words::deny_list::NO_TENANT).await };
    match revocations::revoke_tenant(&seat.desk, id).await {
        Ok(()) => Ok(go(HERE, Some("tenant-tokens-ended"))),
        Err(Refusal::NotFound) => wrong(&seat, typed, "tenant_id", words::deny_list::NO_TENANT).await,
        Err(refusal) => Err(seat.stop(refusal)),
    }
}
