//! One's own account: who one is, and where one is signed in.

use axum::response::{IntoResponse, Redirect};
use mintmark_core::model::Session;
use mintmark_core::store::SessionsToEnd;

use super::passkeys;
use crate::admin::Refusal;
use crate::dashboard::components::When;
use crate::dashboard::seat::{Answer, Seat};
use crate::dashboard::views::{AccountPage, SessionRow};
use crate::dashboard::{problem, words};

/// `GET /account`.
pub(super) async fn show(seat: Seat) -> Answer {
    let member = &seat.signed_in.member;
    let sessions = seat.management().sessions_of(&seat.signed_in.authority, member.id).await;
    let sessions = sessions.map_err(|error| seat.stop_managing(&error))?;
    Ok(problem::page(&AccountPage {
        frame: seat.frame(words::account::TITLE, None),
        name: member.name.clone(),
        email: member.email.as_str().to_owned(),
        role: member.role,
        organisation: seat.organisation().to_owned(),
        passkeys: passkeys::rows(&seat),
        has_password: member.password.is_some() && member.totp.is_some(),
        sessions: sessions.into_iter().map(|one| session_row(&seat, one)).collect(),
    }))
}

/// A session as pages show it.
pub(in crate::dashboard) fn session_row(seat: &Seat, session: Session) -> SessionRow {
    SessionRow {
        id: session.id.to_string(),
        browser: session.user_agent,
        source: session.source.map(|source| source.to_string()),
        began: When::exact(session.created_at),
        last_seen: When::relative(Some(session.last_seen_at), seat.app.now()),
        current: session.id == seat.signed_in.session.id,
    }
}

/// `POST /account/sessions/end`: one of one's own sessions, or all but this one.
pub(super) async fn end_session(seat: Seat) -> Answer {
    let which = match seat.fields.one("session") {
        Some("others") => SessionsToEnd::Others(seat.signed_in.session.id),
        named => {
            let id = named.and_then(|id| id.parse().ok());
            SessionsToEnd::One(id.ok_or_else(|| seat.stop(Refusal::NotFound))?)
        }
    };
    let ended = seat.management().end_sessions(&seat.signed_in.authority, seat.signed_in.member.id, which).await;
    ended.map_err(|error| seat.stop_managing(&error))?;
    Ok(Redirect::to("/account").into_response())
}
