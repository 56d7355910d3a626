//! One's own account: who one is, and where one is signed in.

use axum::response::{IntoResponse, Redirect};
use mintmark_core::store::SessionsToEnd;

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
    let rows = sessions.into_iter().map(|one| SessionRow {
        id: one.id.to_string(),
        browser: one.user_agent,
        source: one.source.map(|source| source.to_string()),
        began: When::exact(one.created_at),
        last_seen: When::relative(Some(one.last_seen_at), seat.app.now()),
        current: one.id == seat.signed_in.session.id,
    });
    Ok(problem::page(&AccountPage {
        frame: seat.frame(words::account::TITLE, None),
        name: member.name.clone(),
        email: member.email.as_str().to_owned(),
        role: member.role,
        organisation: seat.organisation().to_owned(),
        sessions: rows.collect(),
    }))
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
