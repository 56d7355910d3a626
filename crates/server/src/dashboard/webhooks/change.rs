//! What changes an endpoint, and what tries it out.

use axum::extract::Path;
use mintmark_core::model::Status;

use super::one::{Asked, Names, href, load, name_of, page};
use super::{admit, path, require_edit, typed_kinds, typed_url};
use crate::admin::Refusal;
use crate::admin::operations::webhooks::{self, WebhookPatch, WebhookView};
use crate::dashboard::mistake::Mistake;
use crate::dashboard::seat::{Answer, Seat, go};
use crate::dashboard::words;

/// `POST /{environment}/webhooks/{webhook}`: its URL and what it is told.
pub(super) async fn save(seat: Seat, Path(names): Names) -> Answer {
    admit(&seat)?;
    let webhook = load(&seat, &names).await?;
    // A form without a version is none of ours.
    let seen = seat.fields.one("version").and_then(|version| version.parse().ok());
    let seen = Some(seen.ok_or_else(|| seat.stop(Refusal::Changed))?);
    let edited = match typed_kinds(&seat) {
        Ok(kinds) => {
            let patch = WebhookPatch { url: Some(typed_url(&seat)), kinds: Some(kinds), status: None };
            webhooks::edit(&seat.desk, (&webhook.environment, webhook.id), patch, seen).await.map(drop)
        }
        Err(refusal) => Err(refusal),
    };
    answer(&seat, &names, (&webhook, edited, "webhook-saved")).await
}

/// `POST .../test`.
pub(super) async fn test(seat: Seat, Path(names): Names) -> Answer {
    require_edit(&seat)?;
    let webhook = load(&seat, &names).await?;
    let tested = webhooks::test(&seat.desk, &webhook.environment, webhook.id).await.map(drop);
    answer(&seat, &names, (&webhook, tested, "webhook-tested")).await
}

/// `POST .../disable`.
pub(super) async fn disable(seat: Seat, Path(names): Names) -> Answer {
    set_status(&seat, &names, (Status::Disabled, "webhook-disabled")).await
}

/// `POST .../enable`.
pub(super) async fn enable(seat: Seat, Path(names): Names) -> Answer {
    set_status(&seat, &names, (Status::Active, "webhook-enabled")).await
}

async fn set_status(seat: &Seat, names: &(String, String), (status, done): (Status, &'static str)) -> Answer {
    admit(seat)?;
    let webhook = load(seat, names).await?;
    let patch = WebhookPatch { status: Some(status), ..WebhookPatch::default() };
    let edited = webhooks::edit(&seat.desk, (&webhook.environment, webhook.id), patch, None).await.map(drop);
    answer(seat, names, (&webhook, edited, done)).await
}

/// `POST .../remove`: with its name typed.
pub(super) async fn remove(seat: Seat, Path(names): Names) -> Answer {
    admit(&seat)?;
    let webhook = load(&seat, &names).await?;
    if seat.fields.one("confirmation") != Some(name_of(&webhook).as_str()) {
        let asked = Asked { dialog: "remove".to_owned(), cursor: None };
        return page(&seat, webhook, asked, Some(Mistake::new("", words::webhooks::NOT_CONFIRMED))).await;
    }
    match webhooks::remove(&seat.desk, &webhook.environment, webhook.id).await {
        Ok(()) => Ok(go(&path(&webhook.environment, ""), Some("webhook-removed"))),
        refused => answer(&seat, &names, (&webhook, refused, "")).await,
    }
}

/// After a change: the endpoint's page, with what was done or what is wrong.
async fn answer(
    seat: &Seat,
    names: &(String, String),
    (webhook, result, done): (&WebhookView, Result<(), Refusal>, &'static str),
) -> Answer {
    match result {
        Ok(()) => Ok(go(&href(webhook), Some(done))),
        Err(refusal) => {
            let mistake = Mistake::of(refusal).map_err(|refusal| seat.stop(refusal))?;
            let webhook = load(seat, names).await?;
            page(seat, webhook, Asked::default(), Some(mistake)).await
        }
    }
}
