use mintmark_core::model::{EnvironmentName, WebhookId};

use super::answer::{Done, Made, Shown, Tagged};
use super::extract::{Answer, Asked, Names, Seen, Sent};
use crate::admin::Desk;
use crate::admin::operations::Page;
use crate::admin::operations::webhooks::{
    self, DeliveryFilter, DeliveryView, NewWebhookBody, TestedView, WebhookFilter, WebhookPatch, WebhookView,
};

type Of = (EnvironmentName, WebhookId);

/// List the endpoints that are told notices.
#[utoipa::path(get, path = "/admin/v1/environments/{environment}/webhooks", tag = "Webhooks",
    params(("environment" = String, Path, description = "The environment."), WebhookFilter),
    responses((status = 200, description = "A page of endpoints.", body = Page<WebhookView>)))]
pub(in crate::admin) async fn list_webhooks(
    desk: Desk,
    Names(environment): Names<EnvironmentName>,
    Asked(filter): Asked<WebhookFilter>,
) -> Answer<Shown<Page<WebhookView>>> {
    Ok(Shown(webhooks::list(&desk, &environment, &filter).await?))
}

/// Have an endpoint told what happens.
#[utoipa::path(post, path = "/admin/v1/environments/{environment}/webhooks", tag = "Webhooks", request_body = NewWebhookBody,
    params(("environment" = String, Path, description = "The environment.")),
    responses((status = 201, description = "It was made.", body = WebhookView)))]
pub(in crate::admin) async fn create_webhook(
    desk: Desk,
    Names(environment): Names<EnvironmentName>,
    Sent(new): Sent<NewWebhookBody>,
) -> Answer<Made<WebhookView>> {
    let view = webhooks::create(&desk, &environment, new).await?;
    let location = format!("/admin/v1/environments/{environment}/webhooks/{}", view.id);
    Ok(Made { view, location, holds_secret: false })
}

/// Read an endpoint.
#[utoipa::path(get, path = "/admin/v1/environments/{environment}/webhooks/{webhook}", tag = "Webhooks",
    params(("environment" = String, Path, description = "The environment."), ("webhook" = String, Path, description = "The endpoint's id.")),
    responses((status = 200, description = "The endpoint.", body = WebhookView)))]
pub(in crate::admin) async fn read_webhook(desk: Desk, Names((environment, id)): Names<Of>) -> Answer<Tagged<WebhookView>> {
    Ok(Tagged(webhooks::read(&desk, &environment, id).await?))
}

/// Change an endpoint, or turn it off or on.
#[utoipa::path(patch, path = "/admin/v1/environments/{environment}/webhooks/{webhook}", tag = "Webhooks", request_body = WebhookPatch,
    params(("environment" = String, Path, description = "The environment."), ("webhook" = String, Path, description = "The endpoint's id.")),
    responses((status = 200, description = "The endpoint as it is now.", body = WebhookView)))]
pub(in crate::admin) async fn edit_webhook(
    desk: Desk,
    Names((environment, id)): Names<Of>,
    Seen(seen): Seen,
    Sent(patch): Sent<WebhookPatch>,
) -> Answer<Tagged<WebhookView>> {
    Ok(Tagged(webhooks::edit(&desk, (&environment, id), patch, seen).await?))
}

/// Remove an endpoint that is turned off, with its deliveries.
#[utoipa::path(post, path = "/admin/v1/environments/{environment}/webhooks/{webhook}/remove", tag = "Webhooks",
    params(("environment" = String, Path, description = "The environment."), ("webhook" = String, Path, description = "The endpoint's id.")),
    responses((status = 204, description = "There is no such endpoint any more.")))]
pub(in crate::admin) async fn remove_webhook(desk: Desk, Names((environment, id)): Names<Of>) -> Answer<Done> {
    webhooks::remove(&desk, &environment, id).await?;
    Ok(Done)
}

/// Tell an endpoint a notice that says nothing, to see whether it arrives.
#[utoipa::path(post, path = "/admin/v1/environments/{environment}/webhooks/{webhook}/test", tag = "Webhooks",
    params(("environment" = String, Path, description = "The environment."), ("webhook" = String, Path, description = "The endpoint's id.")),
    responses((status = 200, description = "The notice is on its way.", body = TestedView)))]
pub(in crate::admin) async fn test_webhook(desk: Desk, Names((environment, id)): Names<Of>) -> Answer<Shown<TestedView>> {
    Ok(Shown(webhooks::test(&desk, &environment, id).await?))
}

/// List what an endpoint was told, latest first, and what came of it.
#[utoipa::path(get, path = "/admin/v1/environments/{environment}/webhooks/{webhook}/deliveries", tag = "Webhooks",
    params(("environment" = String, Path, description = "The environment."), ("webhook" = String, Path, description = "The endpoint's id."), DeliveryFilter),
    responses((status = 200, description = "A page of deliveries.", body = Page<DeliveryView>)))]
pub(in crate::admin) async fn list_deliveries(
    desk: Desk,
    Names((environment, id)): Names<Of>,
    Asked(filter): Asked<DeliveryFilter>,
) -> Answer<Shown<Page<DeliveryView>>> {
    Ok(Shown(webhooks::deliveries(&desk, (&environment, id), &filter).await?))
}
