//! Showing anew who one is before a sensitive action (rule S24). The page that asks holds the form that was sent, so that what it asked
//! for is done as soon as somebody has shown it; nothing is remembered in between.
//!
//! A form that shows who somebody is carries a nonce, of which their session's next token is made: whoever presses its button twice is
//! answered twice as the same session ([`Management::stepped_up_before`](mintmark_core::management::Management::stepped_up_before)).

use axum::response::{IntoResponse, Redirect, Response};
use http::StatusCode;
use http::request::Parts;
use mintmark_core::crypto::SecretText;
use mintmark_core::management::{ManagementError, NextToken, PasskeyAssertion, SignedIn, StepUpProof};
use mintmark_core::model::SensitiveAction;
use mintmark_core::store::StoreError;

use super::{Caller, said, session};
use crate::dashboard::components::PasskeyButton;
use crate::dashboard::forms::Fields;
use crate::dashboard::frame::{Frame, Visit};
use crate::dashboard::seat::{Answer, Seat, Stop};
use crate::dashboard::security::TOKEN_FIELD;
use crate::dashboard::views::StepUpPage;
use crate::dashboard::{AdminApp, once, problem, words};

/// What the names of this module's fields begin with.
const PREFIX: &str = "step_up_";
/// For which action.
const ACTION: &str = "step_up_action";
/// What the session's next token is made of, with the token that it has.
const NONCE: &str = "step_up_nonce";
/// Where somebody wanted to go who only looks at a page.
const BACK: &str = "step_up_back";
/// What the passkey's answer goes with, and the answer.
const HANDLE: &str = "step_up_handle";
const PASSKEY: &str = "step_up_passkey";
/// Where such a form goes.
pub(crate) const PATH: &str = "/step-up";

/// Who is signed in, once a form that shows anew who somebody is has done so. Their session has another token by then, and the answer
/// tells their browser. Nobody, where the session is not known.
pub(crate) async fn signed_in(
    app: &AdminApp,
    (parts, visit): (&Parts, &mut Visit),
    (fields, caller): (&Fields, &Caller),
) -> Result<Option<SignedIn>, Stop> {
    let Some(former) = session::token(app, &parts.headers) else { return Ok(None) };
    let failed = |visit: &Visit, error: StoreError| Stop::from(problem::failed(visit, said(&error.into())));
    let found = app.management.session(&former, app.now()).await.map_err(|error| failed(visit, error))?;
    let shown = match &found {
        Some(signed_in) => try_form(app, visit, (&former, signed_in), (fields, caller)).await?,
        None => repeated(app, &former, fields).await.map_err(|error| failed(visit, error))?,
    };
    let Some((token, signed_in)) = shown else { return Ok(found) };
    visit.csrf = session::renew(app, parts, &token);
    Ok(Some(signed_in))
}

/// Reads a form that shows anew who somebody is, and does so; nothing where the form does not.
async fn try_form(
    app: &AdminApp,
    visit: &Visit,
    (former, signed_in): (&SecretText, &SignedIn),
    (fields, caller): (&Fields, &Caller),
) -> Result<Option<(SecretText, SignedIn)>, Stop> {
    let Some(action) = action_of(fields) else { return Ok(None) };
    let next = next_token(app, former, fields);
    match show(app, signed_in, action, next, (fields, caller)).await {
        Ok((token, session)) => Ok(Some((token, session))),
        Err(error) => match repeated(app, former, fields).await {
            // The form came twice at once, and the other one was quicker.
            Ok(Some(shown)) => Ok(Some(shown)),
            _ => Err(ask((app, signed_in), visit, action, fields, Some(said(&error))).into()),
        },
    }
}

/// Who is signed in by the form that shows who somebody is, where it came before, in a request whose answer the browser dropped.
async fn repeated(app: &AdminApp, former: &SecretText, fields: &Fields) -> Result<Option<(SecretText, SignedIn)>, StoreError> {
    let Some(action) = action_of(fields) else { return Ok(None) };
    let next = next_token(app, former, fields);
    let found = app.management.stepped_up_before(&next, action, app.now()).await?;
    Ok(found.map(|signed_in| (next.into_token(), signed_in)))
}

fn action_of(fields: &Fields) -> Option<SensitiveAction> {
    fields.one(ACTION).and_then(SensitiveAction::from_word)
}

/// The session's next token. A form without a nonce is none of ours, and comes once.
fn next_token(app: &AdminApp, former: &SecretText, fields: &Fields) -> NextToken {
    let nonce = fields.secret(NONCE);
    let is_ours = nonce.expose().len() == once::TOKEN_LENGTH;
    let nonce = if is_ours { nonce } else { SecretText::new(once::token(app.random())) };
    NextToken::of(former, &nonce)
}

/// Shows it by passkey, where the browser answered with one, else by password and code.
async fn show(
    app: &AdminApp,
    signed_in: &SignedIn,
    action: SensitiveAction,
    next: NextToken,
    (fields, caller): (&Fields, &Caller),
) -> Result<(SecretText, SignedIn), ManagementError> {
    let (password, code) = (fields.secret("step_up_password"), fields.secret("step_up_code"));
    let assertion = match fields.one(PASSKEY).filter(|answer| !answer.is_empty()) {
        Some(answer) => Some(PasskeyAssertion::parse(answer).map_err(|_| ManagementError::Refused)?),
        None => None,
    };
    let handle = fields.one(HANDLE).unwrap_or_default();
    let proof = match &assertion {
        Some(assertion) => StepUpProof::Passkey { handle, assertion },
        None => StepUpProof::Password { password: &password, code: &code },
    };
    let renewed = app.management.step_up(signed_in, action, proof, (caller.visitor(), next)).await?;
    Ok((renewed.token, SignedIn { session: renewed.session, member: renewed.member, authority: signed_in.authority }))
}

/// The button for their passkeys; none for whoever has none.
fn passkey_button(app: &AdminApp, signed_in: &SignedIn, action: SensitiveAction) -> Option<PasskeyButton> {
    if signed_in.member.passkeys.is_empty() {
        return None;
    }
    let challenge = app.management.begin_step_up(signed_in, action).ok()?;
    Some(PasskeyButton::get(words::passkey::CONFIRM, challenge).named(HANDLE, PASSKEY))
}

/// The page that asks, with all that the form had. A page that was looked at has no form: it is looked at again.
pub(crate) fn ask(
    (app, signed_in): (&AdminApp, &SignedIn),
    visit: &Visit,
    action: SensitiveAction,
    fields: &Fields,
    error: Option<(StatusCode, String)>,
) -> Response {
    let is_form = fields.one(TOKEN_FIELD).is_some();
    let (target, mut kept) = if is_form { (visit.path.clone(), kept(fields)) } else { (PATH.to_owned(), Vec::new()) };
    if !is_form {
        kept.push((BACK.to_owned(), visit.path.clone()));
    }
    let status = error.as_ref().map_or(StatusCode::FORBIDDEN, |(status, _)| *status);
    let frame = Frame::bare(words::step_up::TITLE, visit);
    let passkey = passkey_button(app, signed_in, action);
    let has_password = signed_in.member.password.is_some() && signed_in.member.totp.is_some();
    let (action, error) = (action.as_str(), error.map(|(_, why)| why));
    let nonce = once::token(app.random());
    let page = StepUpPage { frame, target, action, nonce, kept, passkey, has_password, error };
    (status, problem::page(&page)).into_response()
}

/// All but the session's token and what was shown.
fn kept(fields: &Fields) -> Vec<(String, String)> {
    let is_ours = |name: &str| name == TOKEN_FIELD || (name.starts_with(PREFIX) && name != BACK);
    fields.all().filter(|(name, _)| !is_ours(name)).map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// `POST /step-up`: back to the page that asked.
pub(crate) async fn back(seat: Seat) -> Answer {
    let path = seat.fields.one(BACK).filter(|path| is_own_path(path)).unwrap_or("/");
    Ok(Redirect::to(path).into_response())
}

/// Whether it is a path of this dashboard, and cannot be read as the address of another host.
fn is_own_path(path: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'-' | b'_' | b'.' | b'~' | b'%');
    path.starts_with('/') && !path.starts_with("//") && path.bytes().all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s24_nobody_is_led_elsewhere_after_a_step_up() {
        assert!(is_own_path("/account/passkeys"));
        for elsewhere in ["//evil.example", "https://evil.example", "/\\evil.example", "", "account", "/a\r\nSet-Cookie: x"] {
            assert!(!is_own_path(elsewhere), "{elsewhere}");
        }
    }

    #[test]
    fn s24_what_was_shown_is_not_sent_back() {
        let form = "name=a&csrf=t&step_up_action=keys&step_up_nonce=n&step_up_password=p&step_up_code=1&step_up_handle=h&step_up_passkey=k&step_up_back=%2Fkeys&name=b";
        let kept = kept(&Fields::parse(form.as_bytes()).unwrap());
        let names: Vec<_> = kept.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(names, [("name", "a"), ("step_up_back", "/keys"), ("name", "b")]);
    }
}
