//! What proves a client: the list, one more, and each one's own page.

use axum::extract::{Path, Query};
use axum::response::IntoResponse;
use http::StatusCode;
use mintmark_core::clock::Timestamp;
use mintmark_core::management::Permission;
use mintmark_core::model::{ProofKind, SensitiveAction, Status as Stored};
use serde::Deserialize;

use super::answers;
use super::{leaked, new, one};
use crate::admin::operations::clients::ClientView;
use crate::admin::operations::credentials::{self, CredentialPatch, CredentialView, Disabled, LimitsView};
use crate::admin::operations::environments::PageFilter;
use crate::admin::{Moment, Refusal};
use crate::dashboard::components::{Banner, Button, Status, When};
use crate::dashboard::frame::Tone;
use crate::dashboard::mistake::Mistake;
use crate::dashboard::seat::{Answer, Seat, Stop, go};
use crate::dashboard::views::{ClientCredentialsPage, ClientTab, CredentialPage, CredentialRow, Fact, Method};
use crate::dashboard::{problem, words};

/// How many credentials are shown: more than a client can have in force.
const SHOWN_MAX: u32 = 200;

/// `GET /{environment}/clients/{client}/credentials`.
pub(super) async fn list(seat: Seat, Path((name, id)): Path<(String, String)>) -> Answer {
    let client = one::load(&seat, (&name, &id)).await?;
    let mut all = all(&seat, &client).await?;
    // The newest first, since the oldest are mostly over.
    all.reverse();
    Ok(problem::page(&ClientCredentialsPage {
        frame: one::frame(&seat, &client, &client.name),
        head: one::head(&seat, &client, ClientTab::Credentials),
        notices: notices_of(&seat, &client, &all).await?,
        rows: all.iter().map(|credential| row(&client, credential, seat.app.now())).collect(),
        may_edit: seat.may(Permission::EditClients),
    }))
}

pub(super) async fn all(seat: &Seat, client: &ClientView) -> Result<Vec<CredentialView>, Stop> {
    let filter = PageFilter { limit: Some(SHOWN_MAX), ..PageFilter::default() };
    let of = (&client.environment, &client.id);
    let mut page = credentials::list(&seat.desk, of, &filter).await.map_err(|refusal| seat.stop(refusal))?;
    let mut all = page.items;
    while let Some(cursor) = page.next.take() {
        let filter = PageFilter { limit: Some(SHOWN_MAX), cursor: Some(cursor) };
        page = credentials::list(&seat.desk, of, &filter).await.map_err(|refusal| seat.stop(refusal))?;
        all.append(&mut page.items);
    }
    Ok(all)
}

/// What to know about a client's credentials first.
pub(super) async fn notices(seat: &Seat, client: &ClientView) -> Result<Vec<Banner>, Stop> {
    notices_of(seat, client, &all(seat, client).await?).await
}

async fn notices_of(seat: &Seat, client: &ClientView, all: &[CredentialView]) -> Result<Vec<Banner>, Stop> {
    let mut notices = leaked::notices(seat, client, all).await?;
    notices.extend(rotations(seat, client, all));
    Ok(notices)
}

/// The rotations that are under way.
fn rotations(seat: &Seat, client: &ClientView, all: &[CredentialView]) -> Vec<Banner> {
    let now = seat.app.now();
    let running = all.iter().filter(|one| is_in_force(one, now)).filter_map(|old| {
        let rotation = old.rotation.as_ref()?;
        let new = all.iter().find(|one| one.id == rotation.new)?;
        let left = When::end(Some(rotation.deadline.0), now);
        let text = words::rotation::under_way(&shown_hint(old), &shown_hint(new), left.said());
        let see = Button::plain(words::rotation::SEE_OLD).to(href(client, old));
        // Who uses the old one shortly before its end will be refused after it.
        let is_late = left.is_urgent() && old.last_used_at.is_some_and(|used| used.0 >= rotation.started_at.0);
        let (tone, title) =
            if is_late { (Tone::Warning, words::rotation::OVERDUE) } else { (Tone::Note, words::rotation::UNDER_WAY) };
        Some(Banner::new(tone, title, text).action(see))
    });
    running.collect()
}

pub(super) fn is_in_force(credential: &CredentialView, now: Timestamp) -> bool {
    credential.status == Stored::Active && credential.expires_at.is_none_or(|end| end.0 > now)
}

/// A credential's own page.
pub(super) fn href(client: &ClientView, credential: &CredentialView) -> String {
    format!("{}/credentials/{}", one::href(client), credential.id)
}

pub(super) fn row(client: &ClientView, credential: &CredentialView, now: Timestamp) -> CredentialRow {
    let expires_at = credential.expires_at.map(|at| at.0);
    let expires = When::end(expires_at, now);
    let status = match credential.status {
        Stored::Disabled if credential.quarantined_at.is_some() => Status::Quarantined,
        Stored::Disabled => Status::Disabled,
        Stored::Active if expires_at.is_some_and(|end| end <= now) => Status::Expired,
        Stored::Active if credential.rotation.is_some() => Status::Retiring,
        Stored::Active if expires.is_near() => Status::Expiring,
        Stored::Active => Status::Active,
    };
    CredentialRow {
        hint: shown_hint(credential),
        href: href(client, credential),
        method: Method::of(credential.kind),
        status,
        created: When::relative(Some(credential.created_at.0), now),
        last_used: When::relative(credential.last_used_at.map(|at| at.0), now),
        from: credential.last_used_from.map(|source| source.to_string()),
        expires,
        limits: limits_in_words(&credential.limits),
    }
}

/// What it is told by. Of a secret only the end is known.
pub(super) fn shown_hint(credential: &CredentialView) -> String {
    match credential.kind {
        ProofKind::Secret | ProofKind::SharedKey => format!("…{}", credential.hint),
        _ if credential.hint.is_empty() => credential.id.to_string(),
        _ => credential.hint.clone(),
    }
}

fn limits_in_words(limits: &LimitsView) -> String {
    let mut words = Vec::new();
    if !limits.networks.is_empty() {
        words.push(words::credential::networks(limits.networks.len()));
    }
    words.extend(limits.scopes.as_ref().map(|scopes| words::credential::scopes(scopes.len())));
    words.extend(limits.businesses.as_ref().map(|ids| words::credential::businesses(ids.len())));
    words.extend(limits.not_before.map(|at| words::credential::from(&new::day(at.0))));
    words::credential::limited_to(&words)
}

/// The names in the address of a credential.
pub(super) type Names = Path<(String, String, String)>;

/// What the address asks for.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    pub(super) dialog: String,
}

/// `GET /{environment}/clients/{client}/credentials/{credential}`.
pub(super) async fn show(seat: Seat, Path(names): Names, Query(asked): Query<Asked>) -> Answer {
    let (client, credential) = load(&seat, &names).await?;
    page(&seat, &client, &credential, (asked.dialog, None)).await
}

/// The client and the credential that an address names.
pub(super) async fn load(
    seat: &Seat,
    (name, id, credential): &(String, String, String),
) -> Result<(ClientView, CredentialView), Stop> {
    let client = one::load(seat, (name, id)).await?;
    let credential = credential.parse().map_err(|_| seat.stop(Refusal::NotFound))?;
    let read = credentials::read(&seat.desk, (&client.environment, &client.id), credential).await;
    let credential = read.map_err(|refusal| seat.stop(refusal))?;
    Ok((client, credential))
}

/// A credential's page: as it is, or with what is wrong with a form on it.
pub(super) async fn page(
    seat: &Seat,
    client: &ClientView,
    credential: &CredentialView,
    (dialog, mistake): (String, Option<Mistake>),
) -> Answer {
    let now = seat.app.now();
    let all = all(seat, client).await?;
    let is_live = is_in_force(credential, now);
    let is_last = !all.iter().any(|other| other.id != credential.id && is_in_force(other, now));
    let row = row(client, credential, now);
    let name = row.method.word().to_owned();
    let status = if mistake.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    // What was typed comes back, but over a change of somebody else, which is to be seen.
    let again = mistake.as_ref().is_some_and(|mistake| !mistake.is_change());
    let limits = super::limits::shown(seat, client, credential, again);
    let page = CredentialPage {
        frame: one::frame(seat, client, &format!("{name} {}", row.hint)),
        name,
        id: credential.id.to_string(),
        details: details(credential),
        notices: leaked::notices(seat, client, std::slice::from_ref(credential)).await?,
        version: credential.version,
        may_edit: is_live && seat.may(Permission::EditClients),
        rotation: super::rotation::shown(seat, client, credential, &all),
        limits,
        expiry: answers::days(),
        dialog,
        effect: if is_last { words::credential::LAST_ONE } else { words::credential::STILL_OTHERS }.to_owned(),
        mistake,
        row,
    };
    Ok((status, problem::page(&page)).into_response())
}

/// What is known of a key or a certificate, each member by its name.
fn details(credential: &CredentialView) -> Vec<Fact> {
    let object = credential.details.as_ref().and_then(|details| details.as_object());
    let text = |value: &serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let members = object.into_iter().flatten();
    members.map(|(name, value)| Fact { name: name.clone(), value: text(value).chars().take(300).collect() }).collect()
}

/// The version that a form showed.
pub(super) fn seen(seat: &Seat) -> Option<u64> {
    seat.fields.one("version").and_then(|version| version.parse().ok())
}

/// After a change of a credential: its page, with what was done or what is wrong.
pub(super) async fn answer(
    seat: &Seat,
    names: &(String, String, String),
    (result, done): (Result<(), Refusal>, &'static str),
) -> Answer {
    match result {
        Ok(()) => {
            let (client, credential) = load(seat, names).await?;
            Ok(go(&href(&client, &credential), Some(done)))
        }
        Err(refusal) => {
            let mistake = Mistake::of(refusal).map_err(|refusal| seat.stop(refusal))?;
            let (client, credential) = load(seat, names).await?;
            page(seat, &client, &credential, (String::new(), Some(mistake))).await
        }
    }
}

/// `POST .../credentials/{credential}/expiry`.
pub(super) async fn set_expiry(seat: Seat, Path(names): Names) -> Answer {
    seat.require_step_up(SensitiveAction::Credentials)?;
    let (client, credential) = load(&seat, &names).await?;
    let typed = answers::expiry(seat.fields.one("expires_in_days").unwrap_or_default(), seat.app.now());
    // An expiry that is there is put off, not taken away.
    let at = typed.and_then(|at| at.ok_or_else(|| Mistake::new("expires_at", words::credential::NEVER_IS_NO_CHANGE)));
    let at = match at {
        Ok(at) => at,
        Err(mistake) => return page(&seat, &client, &credential, (String::new(), Some(mistake))).await,
    };
    let patch = CredentialPatch { expires_at: Some(Moment(at)), ..CredentialPatch::default() };
    let of = (&client.environment, &client.id);
    let edited = credentials::edit(&seat.desk, of, credential.id, (patch, seen(&seat))).await;
    answer(&seat, &names, (edited.map(drop), "credential-saved")).await
}

/// `POST .../credentials/{credential}/disable`: with its hint typed.
pub(super) async fn disable(seat: Seat, Path(names): Names) -> Answer {
    seat.require_step_up(SensitiveAction::Credentials)?;
    let (client, credential) = load(&seat, &names).await?;
    if seat.fields.one("confirmation") != Some(shown_hint(&credential).as_str()) {
        let mistake = Mistake::new("", words::client::NOT_CONFIRMED);
        return page(&seat, &client, &credential, ("disable".to_owned(), Some(mistake))).await;
    }
    let patch = CredentialPatch { status: Some(Disabled::Disabled), ..CredentialPatch::default() };
    let of = (&client.environment, &client.id);
    let edited = credentials::edit(&seat.desk, of, credential.id, (patch, None)).await;
    answer(&seat, &names, (edited.map(drop), "credential-disabled")).await
}

/// `POST .../credentials/{credential}/revoke`.
pub(super) async fn revoke(seat: Seat, Path(names): Names) -> Answer {
    seat.require_step_up(SensitiveAction::Credentials)?;
    let (client, credential) = load(&seat, &names).await?;
    let revoked = credentials::revoke(&seat.desk, (&client.environment, &client.id), credential.id).await;
    answer(&seat, &names, (revoked, "credential-revoked")).await
}
