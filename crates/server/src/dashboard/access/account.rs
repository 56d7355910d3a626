//! One's own account: who one is, and where one is signed in.

use axum::Extension;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use http::HeaderMap;
use mintmark_core::management::{Managed, SignedIn};
use mintmark_core::store::{SessionsToEnd, Store};

use super::{said, session};
use crate::dashboard::components::When;
use crate::dashboard::forms::Fields;
use crate::dashboard::frame::{Frame, Person, Visit};
use crate::dashboard::views::{AccountPage, SessionRow};
use crate::dashboard::{AdminApp, problem, words};

/// `GET /`: where one is sent that depends on whether one is signed in.
pub(super) async fn home(State(app): State<AdminApp>, headers: HeaderMap) -> Response {
    match session::signed_in(&app, &headers).await {
        Ok(Some(_)) => Redirect::to("/account").into_response(),
        Ok(None) => Redirect::to("/sign-in").into_response(),
        Err(error) => problem::failed(&Visit::of(&app, &headers, "/"), said(&error.into())),
    }
}

/// `GET /account`.
pub(super) async fn show(State(app): State<AdminApp>, headers: HeaderMap) -> Response {
    let visit = Visit::of(&app, &headers, "/account");
    match session::signed_in(&app, &headers).await {
        Ok(Some(signed_in)) => match page(&app, &visit, &signed_in).await {
            Ok(page) => problem::page(&page),
            Err(error) => problem::failed(&visit, said(&error)),
        },
        Ok(None) => Redirect::to("/sign-in").into_response(),
        Err(error) => problem::failed(&visit, said(&error.into())),
    }
}

async fn page(app: &AdminApp, visit: &Visit, signed_in: &SignedIn) -> Managed<AccountPage> {
    let SignedIn { member, session, authority } = signed_in;
    let management = &app.management;
    let tenant = match member.tenant_id {
        Some(tenant) => management.registry.store.tenant(tenant).await?.map(|tenant| tenant.name.clone()),
        None => None,
    };
    let organisation = tenant.unwrap_or_else(|| words::navigation::OPERATOR.to_owned());
    let sessions = management.sessions_of(authority, member.id).await?;
    let rows = sessions.into_iter().map(|one| SessionRow {
        id: one.id.to_string(),
        browser: one.user_agent,
        source: one.source.map(|source| source.to_string()),
        began: When::exact(one.created_at),
        last_seen: When::relative(Some(one.last_seen_at), app.now()),
        current: one.id == session.id,
    });
    let mut frame = Frame::bare(words::account::TITLE, visit);
    frame.person = Some(Person { name: member.name.clone(), role: member.role, organisation: organisation.clone() });
    let email = member.email.as_str().to_owned();
    Ok(AccountPage { frame, name: member.name.clone(), email, role: member.role, organisation, sessions: rows.collect() })
}

/// `POST /account/sessions/end`: one of one's own sessions, or all but this one.
pub(super) async fn end_session(
    State(app): State<AdminApp>,
    headers: HeaderMap,
    Extension(fields): Extension<Fields>,
) -> Response {
    let visit = Visit::of(&app, &headers, "/account");
    let signed_in = match session::signed_in(&app, &headers).await {
        Ok(Some(signed_in)) => signed_in,
        Ok(None) => return Redirect::to("/sign-in").into_response(),
        Err(error) => return problem::failed(&visit, said(&error.into())),
    };
    let which = match fields.one("session") {
        Some("others") => SessionsToEnd::Others(signed_in.session.id),
        named => match named.and_then(|id| id.parse().ok()) {
            Some(id) => SessionsToEnd::One(id),
            None => return problem::not_found(State(app), headers).await,
        },
    };
    match app.management.end_sessions(&signed_in.authority, signed_in.member.id, which).await {
        Ok(()) => Redirect::to("/account").into_response(),
        Err(error) => problem::failed(&visit, said(&error)),
    }
}
