//! Whose a request is: by a bearer token of the management issuer (rule S1), or, where it only reads, by the dashboard's session.
//!
//! What may be changed needs a token: a browser sends its session along by itself, and what pages change goes through the dashboard's
//! forms, with their tokens against forgery and their steps up.
//!
//! That something is shown is seen before the body is taken in; what it is worth is read from the store after that, immediately before
//! the operation: a body can take its time, and whoever is turned off meanwhile does nothing any more.

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{AUTHORIZATION, COOKIE, ORIGIN};
use http::{HeaderMap, HeaderName, Method};
use mintmark_core::crypto::SecretText;
use mintmark_core::management::{Authority, ManagementError};

use super::AdminApp;
use super::api::{Problem, ProblemKind};
use super::document;

/// The session's cookie, by TLS and on loopback without.
const COOKIES: [&str; 2] = ["__Host-mintmark", "mintmark_dev"];
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
/// The longest token or session, in bytes.
const MAX_CREDENTIAL: usize = 4096;

/// What a request shows.
#[derive(Clone)]
enum Shown {
    Token(SecretText),
    Session(SecretText),
}

/// Lets requests through that no page from elsewhere sent.
pub(super) async fn refuse_foreign(State(app): State<AdminApp>, request: Request, next: Next) -> Response {
    if is_foreign(request.headers(), &app) {
        return Problem::new(ProblemKind::OriginForeign, "A page from elsewhere may not use this API.").into_response();
    }
    next.run(request).await
}

/// Whether a browser says that a page from elsewhere asks: by `Origin`, or by `Sec-Fetch-Site` (Fetch Metadata Request Headers,
/// section 2.4), of which `none` is what people asked for themselves.
fn is_foreign(headers: &HeaderMap, app: &AdminApp) -> bool {
    let is_other = |origin: &http::HeaderValue| origin.as_bytes() != app.origin().as_bytes();
    let is_elsewhere = |site: &http::HeaderValue| !matches!(site.as_bytes(), b"same-origin" | b"none");
    headers.get_all(ORIGIN).iter().any(is_other) || headers.get_all(FETCH_SITE).iter().any(is_elsewhere)
}

/// Lets requests through that show something that could be good for what they ask.
pub(super) async fn claim(State(app): State<AdminApp>, mut request: Request, next: Next) -> Response {
    let is_safe = matches!(*request.method(), Method::GET | Method::HEAD);
    match shown(request.headers(), app.is_secure()).and_then(|shown| refuse_change(shown, is_safe)) {
        Ok(shown) => {
            request.extensions_mut().insert(shown);
            next.run(request).await
        }
        Err(problem) => problem.into_response(),
    }
}

/// Lets those through who are known and whose role permits the operation; the handlers find their authority among the extensions.
pub(super) async fn authenticate(State(app): State<AdminApp>, mut request: Request, next: Next) -> Response {
    let unknown = || Problem::new(ProblemKind::Unauthenticated, "Nobody said whose the request is.");
    let found = match request.extensions_mut().remove::<Shown>() {
        Some(shown) => authority(&app, shown).await,
        None => Err(unknown()),
    };
    match found.and_then(|authority| permit(&request, authority)) {
        Ok(authority) => {
            request.extensions_mut().insert(authority);
            next.run(request).await
        }
        Err(problem) => problem.into_response(),
    }
}

/// Sees that the role permits the operation, as the table of operations says: before an idempotency key is taken or answered.
fn permit(request: &Request, authority: Authority) -> Result<Authority, Problem> {
    let path = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
    let row = document::operation_at(request.method(), path);
    if row.is_some_and(|row| row.permission.is_none_or(|permission| authority.permits(permission))) {
        Ok(authority)
    } else {
        Err(Problem::forbidden())
    }
}

fn refuse_change(shown: Shown, is_safe: bool) -> Result<Shown, Problem> {
    match shown {
        Shown::Session(_) if !is_safe => {
            let detail = "A session only reads here. Changes need a bearer token; in a browser, use the dashboard's pages.";
            Err(Problem::new(ProblemKind::SessionReadsOnly, detail))
        }
        shown => Ok(shown),
    }
}

async fn authority(app: &AdminApp, shown: Shown) -> Result<Authority, Problem> {
    let found = match shown {
        Shown::Session(session) => {
            let now = app.node.endpoint.clock.now();
            app.management.session(&session, now).await.map(|found| found.map(|signed_in| signed_in.authority))
        }
        Shown::Token(token) => app.management.token_authority(&token).await.map(|found| found.map(|(_, authority)| authority)),
    };
    let refused = || Problem::new(ProblemKind::TokenInvalid, "The token or session is unknown, expired, or ended.");
    let authority = found.map_err(|error| Problem::of_store(&error))?.ok_or_else(refused)?;
    match app.management.count_call(&authority, app.now()) {
        Err(ManagementError::Limited(seconds)) => Err(Problem::limited(seconds)),
        _ => Ok(authority),
    }
}

/// Exactly one credential: a token, or else a session.
fn shown(headers: &HeaderMap, is_secure: bool) -> Result<Shown, Problem> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let malformed = || Problem::new(ProblemKind::TokenInvalid, "Send one header `Authorization: Bearer TOKEN`.");
    match (values.next(), values.next()) {
        (Some(value), None) => {
            let (scheme, token) = value.to_str().ok().and_then(|value| value.split_once(' ')).ok_or_else(malformed)?;
            let is_good = scheme.eq_ignore_ascii_case("bearer") && is_credential(token);
            if is_good { Ok(Shown::Token(SecretText::new(token.to_owned()))) } else { Err(malformed()) }
        }
        (None, _) => session(headers, is_secure).map(Shown::Session).ok_or_else(|| {
            Problem::new(ProblemKind::Unauthenticated, "Send `Authorization: Bearer TOKEN`; POST /admin/v1/token gives one.")
        }),
        _ => Err(malformed()),
    }
}

fn is_credential(text: &str) -> bool {
    (1..=MAX_CREDENTIAL).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// The session's cookie, if there is exactly one: where two differ, somebody put one there (session fixation).
fn session(headers: &HeaderMap, is_secure: bool) -> Option<SecretText> {
    let name = if is_secure { COOKIES[0] } else { COOKIES[1] };
    let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let pairs = cookies.flat_map(|cookies| cookies.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let mut values = pairs.filter(|(found, _)| *found == name).map(|(_, value)| value);
    match (values.next(), values.next()) {
        (Some(value), None) if is_credential(value) => Some(SecretText::new(value.to_owned())),
        _ => None,
    }
}
