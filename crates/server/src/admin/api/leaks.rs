use mintmark_core::model::{EnvironmentName, LeakId};

use super::answer::{Shown, Tagged};
use super::extract::{Answer, Asked, Names, Sent};
use crate::admin::Desk;
use crate::admin::operations::Page;
use crate::admin::operations::leaks::{self, LeakFilter, LeakReportBody, LeakReportedView, LeakView, ReleaseBody};

type Of = (EnvironmentName, LeakId);

/// List credentials that were reported as leaked.
#[utoipa::path(get, path = "/admin/v1/environments/{environment}/leaks", tag = "Leaks",
    params(("environment" = String, Path, description = "The environment."), LeakFilter),
    responses((status = 200, description = "A page of leaks.", body = Page<LeakView>)))]
pub(in crate::admin) async fn list_leaks(
    desk: Desk,
    Names(environment): Names<EnvironmentName>,
    Asked(filter): Asked<LeakFilter>,
) -> Answer<Shown<Page<LeakView>>> {
    Ok(Shown(leaks::list(&desk, &environment, &filter).await?))
}

/// Report a secret that leaked, of whichever client.
#[utoipa::path(post, path = "/admin/v1/environments/{environment}/leaks", tag = "Leaks", request_body = LeakReportBody,
    params(("environment" = String, Path, description = "The environment.")),
    responses((status = 200, description = "What came of it.", body = LeakReportedView)))]
pub(in crate::admin) async fn report_leak(
    desk: Desk,
    Names(environment): Names<EnvironmentName>,
    Sent(body): Sent<LeakReportBody>,
) -> Answer<Shown<LeakReportedView>> {
    Ok(Shown(leaks::report(&desk, &environment, body).await?))
}

/// Read a leak.
#[utoipa::path(get, path = "/admin/v1/environments/{environment}/leaks/{leak}", tag = "Leaks",
    params(("environment" = String, Path, description = "The environment."), ("leak" = String, Path, description = "The leak's id.")),
    responses((status = 200, description = "The leak.", body = LeakView)))]
pub(in crate::admin) async fn read_leak(desk: Desk, Names((environment, id)): Names<Of>) -> Answer<Tagged<LeakView>> {
    Ok(Tagged(leaks::read(&desk, &environment, id).await?))
}

/// Turn the credential of a leak off for ever, with its tokens.
#[utoipa::path(post, path = "/admin/v1/environments/{environment}/leaks/{leak}/revoke", tag = "Leaks",
    params(("environment" = String, Path, description = "The environment."), ("leak" = String, Path, description = "The leak's id.")),
    responses((status = 200, description = "The leak as it is now.", body = LeakView)))]
pub(in crate::admin) async fn revoke_leak(desk: Desk, Names((environment, id)): Names<Of>) -> Answer<Tagged<LeakView>> {
    Ok(Tagged(leaks::revoke(&desk, &environment, id).await?))
}

/// Let the credential of a leak be used again, for a reason.
#[utoipa::path(post, path = "/admin/v1/environments/{environment}/leaks/{leak}/release", tag = "Leaks", request_body = ReleaseBody,
    params(("environment" = String, Path, description = "The environment."), ("leak" = String, Path, description = "The leak's id.")),
    responses((status = 200, description = "The leak as it is now.", body = LeakView)))]
pub(in crate::admin) async fn release_leak(
    desk: Desk,
    Names((environment, id)): Names<Of>,
    Sent(body): Sent<ReleaseBody>,
) -> Answer<Tagged<LeakView>> {
    Ok(Tagged(leaks::release(&desk, &environment, id, &body).await?))
}
