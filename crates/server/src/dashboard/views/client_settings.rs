use askama::Template;

use super::ClientHead;
use crate::dashboard::components::{Banner, Button, Confirm, Field, Scopes, icon};
use crate::dashboard::frame::{Frame, Tone};
use crate::dashboard::mistake::{Mistake, at};
use crate::dashboard::words;

/// What can be changed of a client.
#[derive(Template)]
#[template(path = "pages/client_settings.html")]
pub(crate) struct ClientSettingsPage {
    pub(crate) frame: Frame,
    pub(crate) head: ClientHead,
    pub(crate) version: u64,
    pub(crate) name: String,
    pub(crate) scopes: Scopes,
    /// Identifiers of businesses; none for all.
    pub(crate) businesses: String,
    pub(crate) dialects: Vec<(String, bool)>,
    /// In seconds; empty for no limit of its own.
    pub(crate) lifetime: String,
    pub(crate) binding: String,
    /// Each way to bind tokens, with its words.
    pub(crate) bindings: Vec<(String, String)>,
    pub(crate) is_active: bool,
    pub(crate) may_edit: bool,
    /// Whether who looks may turn it on again.
    pub(crate) may_enable: bool,
    /// What disabling does, in words and numbers.
    pub(crate) effect: String,
    /// The dialog that the address asks for; empty for none.
    pub(crate) dialog: String,
    pub(crate) mistake: Option<Mistake>,
}

const TOLD_AT_FIELDS: [&str; 6] = ["name", "grants", "businesses", "dialects", "lifetime_max", "token_binding"];

impl ClientSettingsPage {
    fn wrong(&self, field: &str) -> Option<&str> {
        at(self.mistake.as_ref(), &[field])
    }

    fn name_field(&self) -> Field {
        Field::text("name", words::create::NAME).value(&self.name).max(200).error(self.wrong("name")).unremembered()
    }

    fn businesses_field(&self) -> Field {
        Field::area("business", words::create::BUSINESSES)
            .hint(words::create::BUSINESSES_HINT)
            .value(&self.businesses)
            .max(8000)
            .optional()
            .error(self.wrong("businesses"))
    }

    fn lifetime_field(&self) -> Field {
        Field::text("lifetime_max", words::settings::LIFETIME)
            .hint(words::settings::LIFETIME_HINT)
            .value(&self.lifetime)
            .max(6)
            .optional()
            .unremembered()
            .error(self.wrong("lifetime_max"))
    }

    fn binding_field(&self) -> Field {
        Field::select("token_binding", words::settings::BINDING, self.bindings.clone())
            .value(&self.binding)
            .hint(words::settings::BINDING_HINT)
            .error(self.wrong("token_binding"))
    }

    fn banner(&self) -> Option<Banner> {
        let mistake = self.mistake.as_ref().filter(|mistake| !TOLD_AT_FIELDS.contains(&mistake.field));
        mistake.map(|mistake| Banner::new(Tone::Bad, words::credential::NOTHING_CHANGED, mistake.text.clone()))
    }

    fn submit() -> Button {
        Button::primary(words::settings::SAVE)
    }

    fn disable_button() -> Button {
        Button::danger(words::client::DISABLE).opens(DISABLE)
    }

    fn revoke_button() -> Button {
        Button::plain(words::client::REVOKE).opens(REVOKE)
    }

    fn dialogs(&self) -> [Confirm; 2] {
        let dialog = |id: &'static str, title, effect: &str, label| Confirm {
            id,
            title,
            effect: effect.to_owned(),
            action: format!("{}/{id}", self.head.href),
            csrf: self.frame.visit.csrf.clone(),
            label,
            dangerous: id == DISABLE,
            typed: (id == DISABLE).then(|| self.head.name.clone()),
            also: None,
            once: None,
            open: self.dialog == id,
            back: format!("{}/settings", self.head.href),
        };
        [
            dialog(DISABLE, words::client::confirm_disable(&self.head.name), &self.effect, words::client::DISABLE),
            dialog(REVOKE, words::client::CONFIRM_REVOKE.to_owned(), words::client::REVOKE_MEANS, words::client::REVOKE),
        ]
    }
}

const DISABLE: &str = "disable";
const REVOKE: &str = "revoke";
