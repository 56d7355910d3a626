//! How many token requests there were, and why some were refused.

use mintmark_core::model::{ClientId, EnvironmentName};

use super::answer::Shown;
use super::extract::{Answer, Asked, Names, Sent};
use crate::admin::Desk;
use crate::admin::operations::Page;
use crate::admin::operations::explain::{self, DryRunBody, DryRunView};
use crate::admin::operations::herd::{self, HerdFilter, HerdView};
use crate::admin::operations::inspect::{self, TokenReportView, TokenToInspect};
use crate::admin::operations::refusals::{self, RefusalView, RefusalsFilter};
use crate::admin::operations::usage::{self, UsageFilter, UsageView};

/// Count token requests by what became of them.
#[utoipa::path(get, path = "/admin/v1/environments/{environment}/usage", tag = "Insight",
    params(("environment" = String, Path, description = "The environment."), UsageFilter),
    responses((status = 200, description = "The counts.", body = UsageView)))]
pub(in crate::admin) async fn read_usage(
    desk: Desk,
    Names(environment): Names<EnvironmentName>,
    Asked(filter): Asked<UsageFilter>,
) -> Answer<Shown<UsageView>> {
    Ok(Shown(usage::read(&desk, &environment, &filter).await?))
}

/// List clients that ask for tokens far more often than their tokens expire.
#[utoipa::path(get, path = "/admin/v1/environments/{environment}/usage/herd", tag = "Insight",
    params(("environment" = String, Path, description = "The environment."), HerdFilter),
    responses((status = 200, description = "The clients.", body = HerdView)))]
pub(in crate::admin) async fn read_herd(
    desk: Desk,
    Names(environment): Names<EnvironmentName>,
    Asked(filter): Asked<HerdFilter>,
) -> Answer<Shown<HerdView>> {
    Ok(Shown(herd::read(&desk, &environment, &filter).await?))
}

/// List token requests that were refused, latest first, with why and what to do.
#[utoipa::path(get, path = "/admin/v1/environments/{environment}/refusals", tag = "Insight",
    params(("environment" = String, Path, description = "The environment."), RefusalsFilter),
    responses((status = 200, description = "A page of refusals.", body = Page<RefusalView>)))]
pub(in crate::admin) async fn list_refusals(
    desk: Desk,
    Names(environment): Names<EnvironmentName>,
    Asked(filter): Asked<RefusalsFilter>,
) -> Answer<Shown<Page<RefusalView>>> {
    Ok(Shown(refusals::list(&desk, &environment, &filter).await?))
}

/// Read why a token request was refused, by the id that its answer had in `X-Request-Id`.
#[utoipa::path(get, path = "/admin/v1/environments/{environment}/refusals/{request}", tag = "Insight",
    params(("environment" = String, Path, description = "The environment."), ("request" = String, Path, description = "The request's id.")),
    responses((status = 200, description = "The refusal.", body = RefusalView)))]
pub(in crate::admin) async fn read_refusal(
    desk: Desk,
    Names((environment, request)): Names<(EnvironmentName, String)>,
) -> Answer<Shown<RefusalView>> {
    Ok(Shown(refusals::read(&desk, &environment, &request).await?))
}

/// Go through every step of a token request of a client. Nothing is issued, counted or used up.
#[utoipa::path(post, path = "/admin/v1/environments/{environment}/clients/{client}/dry-run", tag = "Insight", request_body = DryRunBody,
    params(("environment" = String, Path, description = "The environment."), ("client" = String, Path, description = "The client's id.")),
    responses((status = 200, description = "What the request would get.", body = DryRunView)))]
pub(in crate::admin) async fn dry_run(
    desk: Desk,
    Names((environment, client)): Names<(EnvironmentName, ClientId)>,
    Sent(body): Sent<DryRunBody>,
) -> Answer<Shown<DryRunView>> {
    Ok(Shown(explain::dry_run(&desk, (&environment, &client), &body).await?))
}

/// Decode a token, verify it line by line, and say whether it is live, expired or revoked.
#[utoipa::path(post, path = "/admin/v1/tokens/inspect", tag = "Insight", request_body = TokenToInspect,
    responses((status = 200, description = "What it is worth.", body = TokenReportView)))]
pub(in crate::admin) async fn inspect_token(desk: Desk, Sent(asked): Sent<TokenToInspect>) -> Answer<Shown<TokenReportView>> {
    Ok(Shown(inspect::inspect(&desk, &asked).await?))
}
