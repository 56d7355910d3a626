use askama::Template;
use mintmark_core::management::PasskeyChallenge;

use super::icon;
use crate::dashboard::words;

/// A button that has the browser make or use a passkey, and then sends the form that it is in. `assets/js/passkey.js` puts the answer
/// into the form; where there are no scripts, or no passkeys, it is not shown.
#[derive(Template)]
#[template(path = "components/passkey.html")]
pub(crate) struct PasskeyButton {
    /// `create` or `get`, as the browser's functions are called.
    ceremony: &'static str,
    kind: &'static str,
    label: &'static str,
    /// The fields of the handle and of the answer.
    names: (&'static str, &'static str),
    handle: String,
    /// What the browser is asked, as JSON.
    options: String,
    /// Fields of the form that have to be filled in before, each behind a space.
    needs: &'static str,
}

impl PasskeyButton {
    fn new(ceremony: &'static str, label: &'static str, challenge: PasskeyChallenge) -> Self {
        let PasskeyChallenge { handle, options } = challenge;
        let names = ("passkey_handle", "passkey");
        Self { ceremony, kind: "primary", label, names, handle, options: options.to_string(), needs: "" }
    }

    /// Makes a passkey.
    pub(crate) fn create(label: &'static str, challenge: PasskeyChallenge) -> Self {
        Self::new("create", label, challenge)
    }

    /// Uses one.
    pub(crate) fn get(label: &'static str, challenge: PasskeyChallenge) -> Self {
        Self::new("get", label, challenge)
    }

    /// With other names of its fields.
    #[must_use]
    pub(crate) fn named(self, handle: &'static str, answer: &'static str) -> Self {
        Self { names: (handle, answer), ..self }
    }

    /// As something that one may also do.
    #[must_use]
    pub(crate) fn plain(self) -> Self {
        Self { kind: "plain", ..self }
    }

    #[must_use]
    pub(crate) fn needs(self, fields: &'static str) -> Self {
        Self { needs: fields, ..self }
    }
}
