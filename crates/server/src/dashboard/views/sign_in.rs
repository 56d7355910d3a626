use askama::Template;

use crate::dashboard::components::{Banner, Button, Field, icon};
use crate::dashboard::frame::{Frame, Tone};
use crate::dashboard::words;

/// Who are you?
#[derive(Template)]
#[template(path = "pages/sign_in.html")]
pub(crate) struct SignInPage {
    pub(crate) frame: Frame,
    pub(crate) email: String,
    /// Whether the last attempt did not match. It never says which part of it.
    pub(crate) failed: bool,
}

impl SignInPage {
    fn wrong(&self) -> Banner {
        Banner::new(Tone::Bad, words::sign_in::WRONG, "")
    }

    fn email_field(&self) -> Field {
        Field::email("email", words::sign_in::EMAIL).value(&self.email)
    }

    fn password_field(&self) -> Field {
        Field::password("password", words::sign_in::PASSWORD, "current-password")
    }

    fn submit(&self) -> Button {
        Button::primary(words::sign_in::SUBMIT)
    }
}

/// The second proof after a password.
#[derive(Template)]
#[template(path = "pages/totp.html")]
pub(crate) struct TotpPage {
    pub(crate) frame: Frame,
    pub(crate) error: Option<&'static str>,
}

impl TotpPage {
    fn code_field(&self) -> Field {
        Field::text("code", words::totp::CODE).max(8).error(self.error).remembered_as("one-time-code")
    }

    fn submit(&self) -> Button {
        Button::primary(words::totp::SUBMIT)
    }
}
