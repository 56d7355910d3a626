use askama::Template;
use mintmark_core::crypto::SecretText;
use mintmark_core::management::{InvitationView, Role};
use mintmark_core::model::EmailAddress;

use super::PasskeyRow;
use crate::dashboard::components::{Banner, Button, Field, PasskeyButton, QrCode, When, icon};
use crate::dashboard::frame::{Frame, Tone, Visit};
use crate::dashboard::words;

/// Who are you?
#[derive(Template)]
#[template(path = "pages/sign_in.html")]
pub(crate) struct SignInPage {
    pub(crate) frame: Frame,
    pub(crate) email: String,
    /// Why the last attempt did not succeed. It never says which part of it was wrong.
    pub(crate) error: Option<String>,
    /// The way in by passkey.
    pub(crate) passkey: Option<PasskeyButton>,
}

pub(super) fn wrong(error: &str) -> Banner {
    Banner::new(Tone::Bad, error, "")
}

pub(super) fn code_field(name: &'static str, label: &str) -> Field {
    Field::text(name, label).hint(words::sign_in::CODE_HINT).max(8).remembered_as("one-time-code")
}

impl SignInPage {
    fn email_field(&self) -> Field {
        Field::email("email", words::sign_in::EMAIL).value(&self.email)
    }

    fn password_field() -> Field {
        Field::password("password", words::sign_in::PASSWORD, "current-password")
    }

    fn code_field() -> Field {
        code_field("code", words::sign_in::CODE)
    }

    fn submit(&self) -> Button {
        let label = words::sign_in::SUBMIT;
        if self.passkey.is_some() { Button::plain(label) } else { Button::primary(label) }
    }
}

/// Is it still you?
#[derive(Template)]
#[template(path = "pages/step_up.html")]
pub(crate) struct StepUpPage {
    pub(crate) frame: Frame,
    /// Where the form goes.
    pub(crate) target: String,
    /// The kind of action, as its word.
    pub(crate) action: &'static str,
    /// What makes the form's second press the same as its first.
    pub(crate) nonce: String,
    /// The fields of the form that asked for the action.
    pub(crate) kept: Vec<(String, String)>,
    /// The way by one of their passkeys, if they have any.
    pub(crate) passkey: Option<PasskeyButton>,
    pub(crate) has_password: bool,
    pub(crate) error: Option<String>,
}

/// The fields of a form that shows in itself who sends it.
pub(crate) fn step_up_fields() -> [Field; 2] {
    [StepUpPage::password_field(), StepUpPage::code_field()]
}

impl StepUpPage {
    fn lead(&self) -> &'static str {
        words::step_up::lead(self.action)
    }

    fn password_field() -> Field {
        Field::password("step_up_password", words::sign_in::PASSWORD, "current-password")
    }

    fn code_field() -> Field {
        code_field("step_up_code", words::sign_in::CODE)
    }

    fn submit(&self) -> Button {
        let label = words::step_up::SUBMIT;
        if self.passkey.is_some() { Button::plain(label) } else { Button::primary(label) }
    }
}

/// A code, please.
#[derive(Template)]
#[template(path = "pages/invitation_code.html")]
pub(crate) struct CodePage {
    pub(crate) frame: Frame,
    pub(crate) error: Option<String>,
}

impl CodePage {
    fn token_field() -> Field {
        Field::text("token", words::invitation::CODE).hint(words::invitation::CODE_HINT).unremembered()
    }

    fn submit() -> Button {
        Button::primary(words::invitation::CONTINUE)
    }
}

/// A secret for codes, on its way into somebody's authenticator program.
pub(crate) struct Enrolment {
    pub(crate) secret: String,
    pub(crate) uri: String,
    /// What confirms it goes with: sealed by the server.
    pub(crate) handle: String,
}

/// Becoming a member.
#[derive(Template)]
#[template(path = "pages/invitation.html")]
pub(crate) struct AcceptPage {
    pub(crate) frame: Frame,
    pub(crate) token: String,
    pub(crate) role: Role,
    /// The address that the invitation is for; none where its holder says it.
    pub(crate) invited: Option<String>,
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) enrolment: Enrolment,
    /// The way without password and codes.
    pub(crate) passkey: PasskeyButton,
    pub(crate) error: Option<String>,
}

impl AcceptPage {
    pub(crate) fn new(visit: &Visit, token: &SecretText, view: &InvitationView) -> Self {
        let invited = view.invitation.email.as_ref().map(EmailAddress::as_str).map(str::to_owned);
        let title = if invited.is_some() { words::invitation::TITLE } else { words::invitation::SET_UP_TITLE };
        let needs = if invited.is_some() { "name" } else { "name email" };
        let passkey = PasskeyButton::create(words::passkey::JOIN, view.passkey.clone()).plain().needs(needs);
        Self {
            frame: Frame::bare(title, visit),
            token: token.expose().to_owned(),
            role: view.invitation.role,
            invited,
            name: String::new(),
            email: String::new(),
            enrolment: Enrolment {
                secret: view.totp.secret.expose().to_owned(),
                uri: view.totp.uri.expose().to_owned(),
                handle: view.totp.handle.clone(),
            },
            passkey,
            error: None,
        }
    }

    fn name_field(&self) -> Field {
        Field::text("name", words::invitation::NAME).value(&self.name).max(100).remembered_as("name")
    }

    fn email_field(&self) -> Field {
        Field::email("email", words::sign_in::EMAIL).value(&self.email)
    }

    fn password_field() -> Field {
        Field::password("password", words::sign_in::PASSWORD, "new-password").hint(words::invitation::PASSWORD_HINT)
    }

    fn code_field() -> Field {
        code_field("code", words::invitation::FIRST_CODE)
    }

    fn qr_code(&self) -> Option<QrCode> {
        QrCode::of(words::invitation::QR, &self.enrolment.uri)
    }

    fn submit() -> Button {
        Button::primary(words::invitation::JOIN)
    }
}

/// A browser that somebody is signed in at.
pub(crate) struct SessionRow {
    pub(crate) id: String,
    pub(crate) browser: String,
    pub(crate) source: Option<String>,
    pub(crate) began: When,
    pub(crate) last_seen: When,
    pub(crate) current: bool,
}

/// One's own account.
#[derive(Template)]
#[template(path = "pages/account.html")]
pub(crate) struct AccountPage {
    pub(crate) frame: Frame,
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) role: Role,
    pub(crate) organisation: String,
    pub(crate) passkeys: Vec<PasskeyRow>,
    /// Whether they can sign in by password and code.
    pub(crate) has_password: bool,
    pub(crate) sessions: Vec<SessionRow>,
}

impl AccountPage {
    fn add_passkey() -> Button {
        Button::plain(words::account::ADD_PASSKEY).icon("plus").to("/account/passkeys/new")
    }

    fn change_password() -> Button {
        Button::plain(words::account::CHANGE_PASSWORD).to("/account/password")
    }

    fn change_authenticator() -> Button {
        Button::plain(words::account::CHANGE_AUTHENTICATOR).to("/account/authenticator")
    }
}
