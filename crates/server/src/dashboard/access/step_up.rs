//! Showing anew who one is before a sensitive action (rule S24). The page that asks holds the form that was sent, so that what it asked
//! for is done as soon as somebody has shown it; nothing is remembered in between.

use axum::response::{IntoResponse, Redirect, Response};
use http::StatusCode;
use mintmark_core::management::{ManagementError, NewSession, PasskeyAssertion, SignedIn, StepUpProof};
use mintmark_core::model::SensitiveAction;

use super::{Caller, said};
use crate::dashboard::components::PasskeyButton;
use crate::dashboard::forms::Fields;
use crate::dashboard::frame::{Frame, Visit};
use crate::dashboard::seat::{Answer, Seat, Stop};
use crate::dashboard::security::TOKEN_FIELD;
use crate::dashboard::views::StepUpPage;
use crate::dashboard::{AdminApp, problem, words};

/// What the names of this module's fields begin with.
const PREFIX: &str = "step_up_";
/// For which action.
const ACTION: &str = "step_up_action";
/// Where somebody wanted to go who only looks at a page.
const BACK: &str = "step_up_back";
/// What the passkey's answer goes with, and the answer.
const HANDLE: &str = "step_up_handle";
const PASSKEY: &str = "step_up_passkey";
/// Where such a form goes.
pub(crate) const PATH: &str = "/step-up";

/// Reads a form that shows anew who somebody is, and does so; nothing where the form does not.
pub(crate) async fn try_form(
    app: &AdminApp,
    visit: &Visit,
    signed_in: &SignedIn,
    fields: &Fields,
    caller: &Caller,
) -> Result<Option<NewSession>, Stop> {
    let Some(action) = fields.one(ACTION).and_then(SensitiveAction::from_word) else { return Ok(None) };
    let shown = show(app, signed_in, action, fields, caller).await;
    shown.map(Some).map_err(|error| ask((app, signed_in), visit, action, fields, Some(said(&error))).into())
}

/// Shows it by passkey, where the browser answered with one, else by password and code.
async fn show(
    app: &AdminApp,
    signed_in: &SignedIn,
    action: SensitiveAction,
    fields: &Fields,
    caller: &Caller,
) -> Result<NewSession, ManagementError> {
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
    app.management.step_up(signed_in, action, proof, caller.visitor()).await
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
    let page = StepUpPage { frame, target, action, kept, passkey, has_password, error };
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
        let form = "name=a&csrf=t&step_up_action=keys&step_up_password=p&step_up_code=1&step_up_handle=h&step_up_passkey=k&step_up_back=%2Fkeys&name=b";
        let kept = kept(&Fields::parse(form.as_bytes()).unwrap());
        let names: Vec<_> = kept.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(names, [("name", "a"), ("step_up_back", "/keys"), ("name", "b")]);
    }
}
