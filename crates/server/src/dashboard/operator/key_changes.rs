//! Rotating, removing, publishing again and revoking signing keys. Each asks anew who one is (rule S24).

use axum::extract::Path;
use axum::response::Response;
use mintmark_core::model::{EnvironmentName, SensitiveAction};

use super::key_dialogs::is_needed;
use super::key_pages::{page_of, short};
use crate::admin::operations::keys::{self, KeyView, RotateKey, RotationView, WithdrawKey};
use crate::dashboard::seat::{Answer, Seat, Stop, go};
use crate::dashboard::views::KeyPage;
use crate::dashboard::{problem, words};

type Named = Path<(String, String)>;

/// The environment and the key that an address names.
async fn find(seat: &Seat, environment: &str, kid: &str) -> Result<(EnvironmentName, KeyView), Stop> {
    let name = seat.environment(environment)?.environment.name.clone();
    let key = keys::read(&seat.desk, &name, kid).await.map_err(|refusal| seat.stop(refusal))?;
    Ok((name, key))
}

/// `POST /keys/{environment}/{kid}/rotate`: the key is the one that was seen active.
pub(super) async fn rotate(seat: Seat, Path((environment, kid)): Named) -> Answer {
    seat.require_step_up(SensitiveAction::Keys)?;
    let (name, key) = find(&seat, &environment, &kid).await?;
    let request = RotateKey { algorithm: key.algorithm, active_kid: kid, at_once: false, plan: false };
    let rotated = keys::rotate(&seat.desk, &name, &request).await.map_err(|refusal| seat.stop(refusal))?;
    let done = match rotated {
        RotationView::Rotated { .. } => "key-rotated",
        RotationView::Prepared { .. } => "key-prepared",
        RotationView::TooEarly { .. } => "key-too-early",
        RotationView::Done { .. } => "key-rotated-before",
    };
    Ok(go(&format!("/keys/{name}"), Some(done)))
}

/// `POST /keys/{environment}/{kid}/revoke`.
pub(super) async fn revoke(seat: Seat, Path((environment, kid)): Named) -> Answer {
    seat.require_step_up(SensitiveAction::Keys)?;
    let (name, key) = find(&seat, &environment, &kid).await?;
    if !is_confirmed(&seat, &key) {
        return ask_again(&seat, &name, &kid, "revoke").await;
    }
    let revoked = keys::revoke(&seat.desk, (&name, &kid), &WithdrawKey::default()).await;
    revoked.map_err(|refusal| seat.stop(refusal))?;
    Ok(back(&name, &kid, "key-revoked"))
}

/// `POST /keys/{environment}/{kid}/remove`.
pub(super) async fn remove(seat: Seat, Path((environment, kid)): Named) -> Answer {
    seat.require_step_up(SensitiveAction::Keys)?;
    let (name, key) = find(&seat, &environment, &kid).await?;
    let is_needed = is_needed(&seat, &key);
    if is_needed && !is_confirmed(&seat, &key) {
        return ask_again(&seat, &name, &kid, "remove").await;
    }
    let how = WithdrawKey { plan: false, confirmed_kid: is_needed.then(|| kid.clone()) };
    keys::remove(&seat.desk, (&name, &kid), &how).await.map_err(|refusal| seat.stop(refusal))?;
    Ok(back(&name, &kid, "key-removed"))
}

/// `POST /keys/{environment}/{kid}/restore`.
pub(super) async fn restore(seat: Seat, Path((environment, kid)): Named) -> Answer {
    seat.require_step_up(SensitiveAction::Keys)?;
    let (name, _) = find(&seat, &environment, &kid).await?;
    let restored = keys::restore(&seat.desk, (&name, &kid), &WithdrawKey::default()).await;
    restored.map_err(|refusal| seat.stop(refusal))?;
    Ok(back(&name, &kid, "key-restored"))
}

fn is_confirmed(seat: &Seat, key: &KeyView) -> bool {
    seat.fields.one("confirmation").is_some_and(|typed| typed.trim() == short(&key.kid))
}

fn back(environment: &EnvironmentName, kid: &str, done: &'static str) -> Response {
    go(&format!("/keys/{environment}/{kid}"), Some(done))
}

/// The question once more: something else was typed.
async fn ask_again(seat: &Seat, environment: &EnvironmentName, kid: &str, dialog: &str) -> Answer {
    let page = page_of(seat, environment.as_str(), kid, dialog).await?;
    let page = KeyPage { error: Some(words::operator::CONFIRMATION), ..page };
    Ok(problem::again(&page))
}
