use askama::Template;

use super::access::{Enrolment, code_field, wrong};
use crate::dashboard::components::{Banner, Button, Field, PasskeyButton, QrCode, When, icon};
use crate::dashboard::frame::{Frame, Tone};
use crate::dashboard::words;

/// One of one's own passkeys.
pub(crate) struct PasskeyRow {
    /// The device's own id of it, encoded.
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) created: When,
    pub(crate) last_used: When,
}

/// Another password.
#[derive(Template)]
#[template(path = "pages/account_password.html")]
pub(crate) struct PasswordPage {
    pub(crate) frame: Frame,
    /// For programs that remember passwords.
    pub(crate) email: String,
    /// Whether there are no codes yet, without which no password signs in.
    pub(crate) needs_codes: bool,
    pub(crate) error: Option<String>,
}

impl PasswordPage {
    fn password_field(&self) -> Field {
        let field = Field::password("new_password", words::account::NEW_PASSWORD, "new-password").max(256);
        field.hint(words::invitation::PASSWORD_HINT).error(self.error.as_deref())
    }

    fn again_field() -> Field {
        Field::password("again", words::account::AGAIN, "new-password").max(256)
    }

    fn codes_banner() -> Banner {
        let action = Button::plain(words::account::CHANGE_AUTHENTICATOR).to("/account/authenticator");
        Banner::new(Tone::Note, words::account::NO_CODES, words::account::NO_CODES_WHY).action(action)
    }

    fn submit() -> Button {
        Button::primary(words::account::CHANGE_PASSWORD)
    }
}

/// Another secret for codes.
#[derive(Template)]
#[template(path = "pages/account_authenticator.html")]
pub(crate) struct AuthenticatorPage {
    pub(crate) frame: Frame,
    pub(crate) enrolment: Enrolment,
    pub(crate) error: Option<String>,
}

impl AuthenticatorPage {
    fn code_field() -> Field {
        code_field("code", words::invitation::FIRST_CODE)
    }

    fn qr_code(&self) -> Option<QrCode> {
        QrCode::of(words::invitation::QR, &self.enrolment.uri)
    }

    fn submit() -> Button {
        Button::primary(words::account::CHANGE_AUTHENTICATOR)
    }
}

/// One more passkey.
#[derive(Template)]
#[template(path = "pages/account_passkey.html")]
pub(crate) struct PasskeyPage {
    pub(crate) frame: Frame,
    pub(crate) name: String,
    pub(crate) button: PasskeyButton,
    pub(crate) error: Option<String>,
}

impl PasskeyPage {
    fn name_field(&self) -> Field {
        let field = Field::text("name", words::passkey::NAME).hint(words::passkey::NAME_HINT).max(60);
        field.value(&self.name).unremembered()
    }
}
