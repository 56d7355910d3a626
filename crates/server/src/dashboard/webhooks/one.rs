//! An endpoint's own page: what it is told, and what came of it.

use axum::extract::{Path, Query};
use axum::response::IntoResponse;
use http::StatusCode;
use mintmark_core::clock::Timestamp;
use mintmark_core::management::Permission;
use mintmark_core::model::DeliveryState;
use mintmark_core::notice::NoticeKind;
use serde::Deserialize;

use super::{environment, offered_kinds, path, typed_url};
use crate::admin::Refusal;
use crate::admin::operations::webhooks::{self, DeliveryFilter, DeliveryView, WebhookView};
use crate::dashboard::components::{Code, Pager, When};
use crate::dashboard::members::{organisations, page_of};
use crate::dashboard::mistake::Mistake;
use crate::dashboard::navigation::Section;
use crate::dashboard::seat::{Answer, Seat, Stop, crumbs};
use crate::dashboard::views::insight::Verdict;
use crate::dashboard::views::{DeliveryRow, WebhookPage, status_of};
use crate::dashboard::{problem, words};

/// The longest host that stands for an endpoint; one that is longer is told by its identifier.
const NAME_MAX: usize = 100;
/// How many deliveries a page shows.
const ROWS: u32 = 25;

/// The names in the address of an endpoint.
pub(super) type Names = Path<(String, String)>;

/// What the address asks for.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    pub(super) dialog: String,
    pub(super) cursor: Option<String>,
}

/// The endpoint that an address names.
pub(super) async fn load(seat: &Seat, (name, id): &(String, String)) -> Result<WebhookView, Stop> {
    let environment = environment(seat, name)?;
    let id = id.parse().map_err(|_| seat.stop(Refusal::NotFound))?;
    webhooks::read(&seat.desk, &environment, id).await.map_err(|refusal| seat.stop(refusal))
}

/// An endpoint's own page.
pub(super) fn href(webhook: &WebhookView) -> String {
    path(&webhook.environment, &format!("/{}", webhook.id))
}

/// What people tell an endpoint by, and type before it is removed: its host.
pub(super) fn name_of(webhook: &WebhookView) -> String {
    let rest = webhook.url.strip_prefix("https://").unwrap_or_default();
    let host = rest.split(['/', '?']).next().filter(|host| !host.is_empty() && host.len() <= NAME_MAX);
    host.map_or_else(|| webhook.id.to_string(), str::to_owned)
}

/// `GET /{environment}/webhooks/{webhook}`.
pub(super) async fn show(seat: Seat, Path(names): Names, Query(asked): Query<Asked>) -> Answer {
    let webhook = load(&seat, &names).await?;
    page(&seat, webhook, asked, None).await
}

/// The page: as it is, or with what is wrong with a form on it.
pub(super) async fn page(seat: &Seat, webhook: WebhookView, asked: Asked, mistake: Option<Mistake>) -> Answer {
    let status = if mistake.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let (href, name) = (href(&webhook), name_of(&webhook));
    let filter = DeliveryFilter { limit: Some(ROWS), cursor: asked.cursor.clone() };
    let told = webhooks::deliveries(&seat.desk, (&webhook.environment, webhook.id), &filter).await;
    let told = told.map_err(|refusal| seat.stop(refusal))?;
    let owner = organisations(seat, vec![webhook.tenant_id]).await?.remove(&webhook.tenant_id);
    let now = seat.app.now();
    // What was typed comes back, but over a change of somebody else, which is to be seen.
    let is_typed = mistake.as_ref().is_some_and(|mistake| !mistake.is_change()) && seat.fields.one("url").is_some();
    let ticked: Vec<&str> = seat.fields.many("kind").collect();
    let is_chosen = |kind: NoticeKind| if is_typed { ticked.contains(&kind.as_str()) } else { webhook.kinds.contains(&kind) };
    let mut frame = seat.frame_in(&webhook.environment, name.clone(), Section::Webhooks);
    frame.breadcrumbs = crumbs([(words::webhooks::TITLE.to_owned(), path(&webhook.environment, ""))]);
    let deliveries: Vec<_> = told.items.iter().map(|delivery| row(delivery, now)).collect();
    let page = WebhookPage {
        frame,
        id: webhook.id.to_string(),
        status: status_of(webhook.status),
        owner,
        told: words::webhooks::kinds(webhook.kinds.len()),
        created: When::relative(Some(webhook.created_at.0), now),
        dropped: webhook.dropped,
        url: if is_typed { typed_url(seat) } else { webhook.url.clone() },
        kinds: offered_kinds(is_chosen, mistake.as_ref()),
        version: webhook.version,
        may_edit: seat.may(Permission::EditClients),
        pager: Pager {
            showing: words::webhooks::showing_deliveries(deliveries.len()),
            first: asked.cursor.as_ref().map(|_| href.clone()),
            next: told.next.as_deref().map(|next| page_of(&href, &[("cursor", Some(next))])),
        },
        deliveries,
        keys: keys(seat, &webhook)?,
        dialog: asked.dialog,
        mistake,
        stored_url: webhook.url,
        name,
        href,
    };
    Ok((status, problem::page(&page)).into_response())
}

fn row(delivery: &DeliveryView, now: Timestamp) -> DeliveryRow {
    let state = match (delivery.state, delivery.tries) {
        (DeliveryState::Waiting, 0) => Verdict::note(words::webhooks::WAITING),
        (DeliveryState::Waiting, _) => Verdict::warning(words::webhooks::AGAIN),
        (DeliveryState::Delivered, _) => Verdict::good(words::webhooks::DELIVERED),
        (DeliveryState::Failed, _) => Verdict::bad(words::webhooks::FAILED),
    };
    let answer = match delivery.answer {
        None | Some(0) => words::webhooks::NO_ANSWER.to_owned(),
        Some(status) => status.to_string(),
    };
    let next = delivery.next_at.map(|at| at.0);
    DeliveryRow {
        kind: delivery.kind.as_str(),
        notice_id: delivery.notice_id.to_string(),
        made: When::relative(Some(delivery.made_at.0), now),
        state,
        tries: delivery.tries,
        last: delivery.last_at.map(|at| (When::relative(Some(at.0), now), answer)),
        is_due: next.is_some_and(|at| at.0 < now.0.saturating_add(60)),
        next: next.map(|at| When::relative(Some(at), now)),
    }
}

/// Where the keys are that a receiver verifies with.
fn keys(seat: &Seat, webhook: &WebhookView) -> Result<Code, Stop> {
    let issuer = &seat.environment(webhook.environment.as_str())?.environment.issuer;
    let text = format!("curl {issuer}/.well-known/mintmark-webhook-keys");
    Ok(Code { id: "keys", label: words::webhooks::KEYS.to_owned(), text })
}
