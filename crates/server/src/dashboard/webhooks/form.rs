//! A new endpoint.

use axum::extract::Path;
use axum::response::IntoResponse;
use http::StatusCode;
use mintmark_core::model::EnvironmentName;

use super::{admit, environment, offered_kinds, path, require_edit, typed_kinds, typed_url};
use crate::admin::Refusal;
use crate::admin::operations::webhooks::{self, NewWebhookBody, WebhookView};
use crate::dashboard::members::{chosen_tenant, tenants_offered};
use crate::dashboard::mistake::Mistake;
use crate::dashboard::navigation::Section;
use crate::dashboard::seat::{Answer, Seat, crumbs, go};
use crate::dashboard::views::WebhookFormPage;
use crate::dashboard::{problem, words};

/// `GET /{environment}/webhooks/new`.
pub(super) async fn blank(seat: Seat, Path(name): Path<String>) -> Answer {
    let environment = environment(&seat, &name)?;
    require_edit(&seat)?;
    form(&seat, &environment, None).await
}

async fn form(seat: &Seat, environment: &EnvironmentName, mistake: Option<Mistake>) -> Answer {
    let mut frame = seat.frame_in(environment, words::webhooks::NEW, Section::Webhooks);
    frame.breadcrumbs = crumbs([(words::webhooks::TITLE.to_owned(), path(environment, ""))]);
    let status = if mistake.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let ticked: Vec<&str> = seat.fields.many("kind").collect();
    let page = WebhookFormPage {
        frame,
        action: path(environment, "/new"),
        shows_owner: seat.is_operator(),
        tenants: tenants_offered(seat).await?,
        tenant: seat.fields.one("tenant").unwrap_or_default().to_owned(),
        url: typed_url(seat),
        kinds: offered_kinds(|kind| ticked.contains(&kind.as_str()), mistake.as_ref()),
        mistake,
    };
    Ok((status, problem::page(&page)).into_response())
}

/// `POST /{environment}/webhooks/new`.
pub(super) async fn create(seat: Seat, Path(name): Path<String>) -> Answer {
    let environment = environment(&seat, &name)?;
    admit(&seat)?;
    match add(&seat, &environment).await {
        Ok(webhook) => Ok(go(&path(&environment, &format!("/{}", webhook.id)), Some("webhook-created"))),
        Err(refusal) => {
            let mistake = Mistake::of(refusal).map_err(|refusal| seat.stop(refusal))?;
            form(&seat, &environment, Some(mistake)).await
        }
    }
}

async fn add(seat: &Seat, environment: &EnvironmentName) -> Result<WebhookView, Refusal> {
    let new = NewWebhookBody { url: typed_url(seat), kinds: typed_kinds(seat)?, tenant_id: chosen_tenant(seat)? };
    webhooks::create(&seat.desk, environment, new).await
}
