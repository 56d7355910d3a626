//! One leak: what is known of it, and what somebody decides.

use axum::extract::{Path, Query};
use axum::response::IntoResponse;
use http::StatusCode;
use mintmark_core::management::Permission;
use mintmark_core::model::{EnvironmentName, LeakId, LeakState, SensitiveAction};
use serde::Deserialize;

use super::{path, verdict};
use crate::admin::Refusal;
use crate::admin::operations::leaks::{self, LeakView, ReleaseBody};
use crate::dashboard::clients::href_of;
use crate::dashboard::components::{Banner, When};
use crate::dashboard::frame::Tone;
use crate::dashboard::insight::names;
use crate::dashboard::members::organisations;
use crate::dashboard::mistake::Mistake;
use crate::dashboard::navigation::Section;
use crate::dashboard::seat::{Answer, Seat, Stop, crumbs, go};
use crate::dashboard::views::{FoundAt, LeakPage};
use crate::dashboard::{problem, words};

/// What a report by whoever held the secret is by.
const HOLDER: &str = "holder";

/// The names in the address of a leak.
type Names = Path<(String, String)>;

/// What the address asks for.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    dialog: String,
}

/// A leak's own page.
pub(in crate::dashboard) fn path_of(environment: &EnvironmentName, leak: LeakId) -> String {
    path(environment, &format!("/{leak}"))
}

/// The leak that an address names.
async fn load(seat: &Seat, (name, id): &(String, String)) -> Result<LeakView, Stop> {
    let environment = seat.environment(name)?.environment.name.clone();
    let id = id.parse().map_err(|_| seat.stop(Refusal::NotFound))?;
    leaks::read(&seat.desk, &environment, id).await.map_err(|refusal| seat.stop(refusal))
}

/// `GET /{environment}/leaks/{leak}`.
pub(super) async fn show(seat: Seat, Path(names): Names, Query(asked): Query<Asked>) -> Answer {
    let leak = load(&seat, &names).await?;
    page(&seat, leak, (asked.dialog, None)).await
}

async fn page(seat: &Seat, leak: LeakView, (dialog, mistake): (String, Option<Mistake>)) -> Answer {
    let status = if mistake.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let (environment, now) = (&leak.environment, seat.app.now());
    let mut frame = seat.frame_in(environment, words::leaks::title(&leak.hint), Section::Leaks);
    frame.breadcrumbs = crumbs([(words::leaks::TITLE.to_owned(), path(environment, ""))]);
    let known = names::of_clients(seat, environment, vec![leak.client_id.clone()]).await;
    let known = known.map_err(|refusal| seat.stop(refusal))?.remove(&leak.client_id);
    let client = href_of(environment, &leak.client_id);
    let owner = Some(leak.tenant_id);
    let page = LeakPage {
        frame,
        href: path_of(environment, leak.id),
        id: leak.id.to_string(),
        state: verdict(leak.state),
        banner: banner(&leak, seat),
        credential: format!("{client}/credentials/{}", leak.credential_id),
        client: (known.unwrap_or_else(|| leak.client_id.to_string()), client),
        owner: organisations(seat, vec![owner]).await?.remove(&owner),
        reporter: reporter(seat, &leak.reporter).await.map_err(|refusal| seat.stop(refusal))?,
        found: found_at(&leak.found_at),
        reported: When::relative(Some(leak.reported_at.0), now),
        ended: leak.ended_at.map(|at| When::relative(Some(at.0), now)),
        is_open: leak.state.is_open(),
        is_quarantined: leak.state == LeakState::Quarantined,
        may_edit: seat.may(Permission::EditClients),
        typed: typed_reason(seat),
        dialog,
        mistake,
        hint: leak.hint,
        reason: leak.reason,
    };
    Ok((status, problem::page(&page)).into_response())
}

fn typed_reason(seat: &Seat) -> String {
    seat.fields.one("reason").unwrap_or_default().trim().to_owned()
}

/// What the state means for the secret.
fn banner(leak: &LeakView, seat: &Seat) -> Banner {
    match leak.state {
        LeakState::Quarantined => {
            let ends = |at: crate::admin::Moment| {
                let left = When::relative(Some(at.0), seat.app.now());
                words::leaks::ends(left.said(), When::exact(at.0).said())
            };
            Banner::new(Tone::Bad, words::leaks::QUARANTINED_TITLE, leak.revoke_at.map(ends).unwrap_or_default())
        }
        LeakState::Reported => Banner::new(Tone::Warning, words::leaks::REPORTED_TITLE, words::leaks::REPORTED_MEANS),
        LeakState::Released => Banner::new(Tone::Note, words::leaks::RELEASED_TITLE, words::leaks::RELEASED_MEANS),
        LeakState::Revoked => Banner::new(Tone::Note, words::leaks::REVOKED_TITLE, words::leaks::REVOKED_MEANS),
    }
}

/// Who reported it, in words where there are some.
async fn reporter(seat: &Seat, who: &str) -> Result<String, Refusal> {
    if who == HOLDER {
        return Ok(words::leaks::HOLDER.to_owned());
    }
    Ok(names::of_actor(seat, who).await?.unwrap_or_else(|| who.to_owned()))
}

/// Where it was found, as a link only if its host is what one reads: a plain `https` URL without user or password, in ASCII, so that
/// nothing in it looks like something else. Where a secret was cut out of it, it leads nowhere.
fn found_at(text: &str) -> Option<FoundAt> {
    const MISLEADING: &[u8] = b"\"'<>\\`[]{}|^";
    if text.is_empty() {
        return None;
    }
    let is_host =
        |host: &str| host.contains('.') && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:".contains(&byte));
    let host = text.strip_prefix("https://").and_then(|rest| rest.split(['/', '?', '#']).next());
    let is_plain = text.bytes().all(|byte| byte.is_ascii_graphic() && !MISLEADING.contains(&byte));
    Some(FoundAt { text: text.to_owned(), is_link: is_plain && host.is_some_and(is_host) })
}

/// Sees that whoever decides may, and showed anew who they are.
fn admit(seat: &Seat) -> Result<(), Stop> {
    if !seat.may(Permission::EditClients) {
        return Err(seat.stop(Refusal::Forbidden(Permission::EditClients)));
    }
    seat.require_step_up(SensitiveAction::Credentials)
}

/// `POST .../revoke`: with the end of the secret typed.
pub(super) async fn revoke(seat: Seat, Path(names): Names) -> Answer {
    admit(&seat)?;
    let leak = load(&seat, &names).await?;
    if seat.fields.one("confirmation") != Some(leak.hint.as_str()) {
        let mistake = Mistake::new("", words::leaks::NOT_CONFIRMED);
        return page(&seat, leak, ("revoke".to_owned(), Some(mistake))).await;
    }
    let revoked = leaks::revoke(&seat.desk, &leak.environment, leak.id).await;
    answer(&seat, &names, (revoked, "leak-revoked")).await
}

/// `POST .../release`: for a reason.
pub(super) async fn release(seat: Seat, Path(names): Names) -> Answer {
    admit(&seat)?;
    let leak = load(&seat, &names).await?;
    let body = ReleaseBody { reason: typed_reason(&seat) };
    let released = leaks::release(&seat.desk, &leak.environment, leak.id, &body).await;
    answer(&seat, &names, (released, "leak-released")).await
}

async fn answer(seat: &Seat, names: &(String, String), (result, done): (Result<LeakView, Refusal>, &'static str)) -> Answer {
    match result {
        Ok(leak) => Ok(go(&path_of(&leak.environment, leak.id), Some(done))),
        Err(refusal) => {
            let mistake = Mistake::of(refusal).map_err(|refusal| seat.stop(refusal))?;
            let leak = load(seat, names).await?;
            page(seat, leak, (String::new(), Some(mistake))).await
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_a_secret_was_found_is_a_link_only_if_its_host_is_what_one_reads() {
        let is_link = |text: &str| found_at(text).unwrap().is_link;
        for text in ["https://github.com/acme/app/blob/main/.env#L3", "https://paste.example:8443/?a=b&c=%20"] {
            assert!(is_link(text), "{text}");
        }
        for text in [
            "http://paste.example/1",
            "HTTPS://paste.example/1",
            "javascript:alert(1)//https://paste.example",
            "data:text/html,<b>",
            "//paste.example/1",
            "https://",
            "https:///paste.example",
            "https://localhost/",
            "https://github.com@evil.example/",
            "https://github.com%40evil.example/",
            "https://github.com\\@evil.example/",
            "https://раура1.example/",
            "https://paste.example/\u{202e}gnp.exe",
            "https://paste.example/a b",
            "https://paste.example/[secret]",
            "https://paste.example/\"onmouseover=alert(1)",
            "the wiki, page 3",
        ] {
            assert!(!is_link(text), "{text}");
        }
        assert_eq!(found_at(""), None);
    }
}
