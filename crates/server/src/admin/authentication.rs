//! Whose a request is: by a bearer token of the management issuer (rule S1), or, where it only reads, by the dashboard's session.
//!
//! What may be changed needs a token: a browser sends its session along by itself, and what pages change goes through the dashboard's
//! forms, with their tokens against forgery and their steps up.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{AUTHORIZATION, COOKIE, ORIGIN};
use http::{HeaderMap, Method};
use mintmark_core::crypto::SecretText;
use mintmark_core::management::Authority;

use super::AdminApp;
use super::api::{Problem, ProblemKind};

/// The session's cookie, by TLS and on loopback without.
const COOKIES: [&str; 2] = ["__Host-mintmark", "mintmark_dev"];
/// The longest token or session, in bytes.
const MAX_CREDENTIAL: usize = 4096;

/// What a request shows.
enum Shown {
    Token(SecretText),
    Session(SecretText),
}

/// Lets those through who are known; the handlers find their authority among the extensions.
pub(super) async fn authenticate(State(app): State<AdminApp>, mut request: Request, next: Next) -> Response {
    let (headers, is_safe) = (request.headers(), matches!(*request.method(), Method::GET | Method::HEAD));
    let claimed = claim(headers, &app).and_then(|shown| refuse_change(shown, is_safe));
    let found = match claimed {
        Ok(shown) => authority(&app, shown).await,
        Err(problem) => Err(problem),
    };
    match found {
        Ok(authority) => {
            request.extensions_mut().insert(authority);
            next.run(request).await
        }
        Err(problem) => problem.into_response(),
    }
}

/// What a request shows, unless a page from elsewhere sent it.
fn claim(headers: &HeaderMap, app: &AdminApp) -> Result<Shown, Problem> {
    let is_foreign = |origin: &http::HeaderValue| origin.as_bytes() != app.origin().as_bytes();
    if headers.get_all(ORIGIN).iter().any(is_foreign) {
        return Err(Problem::new(ProblemKind::OriginForeign, "A page from elsewhere may not use this API."));
    }
    shown(headers, app.is_secure())
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
    found.map_err(|error| Problem::of_store(&error))?.ok_or_else(refused)
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
