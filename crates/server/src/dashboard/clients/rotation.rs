//! The rotation of a secret, on the secret's page.

use axum::extract::Path;
use mintmark_core::model::{ProofKind, SensitiveAction};
use mintmark_core::registry::{Grace, safe_to_retire};

use super::credentials::{Names, answer, href, is_in_force, load, page, shown_hint};
use super::{new, ready};
use crate::admin::operations::clients::ClientView;
use crate::admin::operations::credentials::CredentialView;
use crate::admin::operations::rotations::{self, GraceWord, NewRotation, RotationExtension};
use crate::dashboard::components::When;
use crate::dashboard::mistake::Mistake;
use crate::dashboard::once::{self, Sent};
use crate::dashboard::seat::{Answer, Seat};
use crate::dashboard::views::{RotatedSecret, Rotation, RotationUnderWay};
use crate::dashboard::{problem, words};

/// What a secret's page shows of its rotation; nothing where it can have none.
pub(super) fn shown(seat: &Seat, client: &ClientView, credential: &CredentialView, all: &[CredentialView]) -> Option<Rotation> {
    let now = seat.app.now();
    if credential.kind != ProofKind::Secret || !is_in_force(credential, now) {
        return None;
    }
    let is_old =
        |one: &&CredentialView| is_in_force(one, now) && one.rotation.as_ref().is_some_and(|found| found.new == credential.id);
    if let Some(old) = all.iter().find(is_old) {
        return Some(Rotation::Successor { old_hint: shown_hint(old), old: href(client, old) });
    }
    let Some(rotation) = &credential.rotation else {
        return Some(Rotation::Idle { graces: graces(&Grace::ALL), once: once::token(seat.app.random()) });
    };
    let new = all.iter().find(|one| one.id == rotation.new)?;
    let used = |one: &CredentialView| one.last_used_at.map(|at| at.0);
    let verdict = safe_to_retire(used(credential), used(new), rotation.started_at.0, now);
    let secret = |one: &CredentialView, other: &CredentialView| RotatedSecret {
        hint: shown_hint(one),
        href: href(client, one),
        last_used: When::relative(used(one), now),
        from: one.last_used_from.map(|source| source.to_string()),
        is_latest: used(one).is_some() && used(one) > used(other),
    };
    Some(Rotation::UnderWay(Box::new(RotationUnderWay {
        old: secret(credential, new),
        new: secret(new, credential),
        deadline: When::end(Some(rotation.deadline.0), now),
        is_safe: verdict.is_safe(),
        verdict: words::rotation::verdict(&verdict, now),
        // Not at all is what completing does.
        graces: graces(Grace::ALL.get(1..).unwrap_or_default()),
    })))
}

fn graces(of: &[Grace]) -> Vec<(String, String)> {
    of.iter().map(|grace| (grace.as_str().to_owned(), words::rotation::grace(grace.as_str()).to_owned())).collect()
}

fn typed_grace(seat: &Seat) -> Result<GraceWord, Mistake> {
    match seat.fields.one("grace") {
        Some("now") => Ok(GraceWord::Now),
        Some("1h") => Ok(GraceWord::OneHour),
        Some("24h") => Ok(GraceWord::OneDay),
        Some("7d") => Ok(GraceWord::SevenDays),
        Some("30d") => Ok(GraceWord::ThirtyDays),
        _ => Err(Mistake::new("grace", words::create::EXPIRY_WRONG)),
    }
}

/// `POST .../credentials/{credential}/rotation`: the answer shows the new secret, once.
pub(super) async fn start(seat: Seat, Path(names): Names) -> Answer {
    seat.require_step_up(SensitiveAction::Credentials)?;
    let (client, credential) = load(&seat, &names).await?;
    let grace = match typed_grace(&seat) {
        Ok(grace) => grace,
        Err(mistake) => return page(&seat, &client, &credential, (String::new(), Some(mistake))).await,
    };
    let ticket = match once::begin(&seat).await? {
        Sent::First(ticket) => ticket,
        Sent::Before(id) => return ready::credential_is_gone(&seat, &client, &id).await,
        Sent::Unclear => return Ok(new::unclear(&seat, &client.environment)),
    };
    let new = NewRotation { grace: Some(grace), expires_at: None };
    match rotations::start(&seat.desk, (&client.environment, &client.id), credential.id, new).await {
        Ok(started) => {
            ticket.done(&seat, &started.credential.id.to_string()).await;
            let made = ready::Made { kind: ProofKind::Secret, secret: Some(started.secret.expose()), gone: None };
            Ok(problem::page(&ready::page(&seat, &client, words::result::secret_title(&client.name), made)))
        }
        Err(refusal) => {
            if ready::is_known_undone(&refusal) {
                ticket.undone(&seat).await;
            }
            answer(&seat, &names, (Err(refusal), "")).await
        }
    }
}

/// `POST .../credentials/{credential}/rotation/cancel`.
pub(super) async fn cancel(seat: Seat, Path(names): Names) -> Answer {
    seat.require_step_up(SensitiveAction::Credentials)?;
    let (client, credential) = load(&seat, &names).await?;
    let done = rotations::cancel(&seat.desk, (&client.environment, &client.id), credential.id).await;
    answer(&seat, &names, (done.map(drop), "rotation-cancelled")).await
}

/// `POST .../credentials/{credential}/rotation/complete`.
pub(super) async fn complete(seat: Seat, Path(names): Names) -> Answer {
    seat.require_step_up(SensitiveAction::Credentials)?;
    let (client, credential) = load(&seat, &names).await?;
    let done = rotations::complete(&seat.desk, (&client.environment, &client.id), credential.id).await;
    answer(&seat, &names, (done.map(drop), "rotation-completed")).await
}

/// `POST .../credentials/{credential}/rotation/extend`.
pub(super) async fn extend(seat: Seat, Path(names): Names) -> Answer {
    seat.require_step_up(SensitiveAction::Credentials)?;
    let (client, credential) = load(&seat, &names).await?;
    let grace = match typed_grace(&seat) {
        Ok(grace) => grace,
        Err(mistake) => return page(&seat, &client, &credential, (String::new(), Some(mistake))).await,
    };
    let extension = RotationExtension { grace };
    let done = rotations::extend(&seat.desk, (&client.environment, &client.id), credential.id, extension).await;
    answer(&seat, &names, (done.map(drop), "rotation-extended")).await
}
