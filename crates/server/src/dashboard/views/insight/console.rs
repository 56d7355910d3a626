use askama::Template;

use super::Looked;
use crate::dashboard::components::{Banner, Button, Code, Field, icon};
use crate::dashboard::frame::{Frame, Tone};
use crate::dashboard::words;

/// A request and its answer.
pub(crate) struct Exchanged {
    pub(crate) banner: Banner,
    /// What happened and what to do, with the reason's word.
    pub(crate) explanation: Option<(String, String, String)>,
    /// Without its secret.
    pub(crate) request: Code,
    /// With the token.
    pub(crate) answer: Code,
    pub(crate) looked: Option<Looked>,
}

/// The test console.
#[derive(Template)]
#[template(path = "pages/console.html")]
pub(crate) struct ConsolePage {
    pub(crate) frame: Frame,
    pub(crate) is_production: bool,
    pub(crate) may_send: bool,
    pub(crate) client: String,
    pub(crate) dialects: Vec<(String, String)>,
    pub(crate) dialect: String,
    pub(crate) scope: String,
    pub(crate) resource: String,
    pub(crate) business: String,
    /// Which field is wrong, and why.
    pub(crate) error: Option<(&'static str, String)>,
    pub(crate) exchanged: Option<Exchanged>,
}

impl ConsolePage {
    fn wrong(&self, field: &str) -> Option<&str> {
        self.error.as_ref().filter(|(wrong, _)| *wrong == field).map(|(_, why)| why.as_str())
    }

    /// The fields. A secret that was typed is not in them.
    fn fields(&self) -> Vec<Field> {
        use words::dry_run as said;
        let optional = |name, label, value: &str| Field::text(name, label).value(value).optional().max(4096);
        vec![
            Field::text("client", words::console::CLIENT).value(&self.client).max(128).error(self.wrong("client")),
            Field::password("secret", words::console::SECRET, "off")
                .hint(words::console::SECRET_HINT)
                .max(4096)
                .error(self.wrong("secret")),
            Field::select("dialect", said::DIALECT, self.dialects.clone())
                .value(&self.dialect)
                .hint(said::DIALECT_HINT)
                .error(self.wrong("dialect")),
            optional("scope", said::SCOPE, &self.scope).hint(said::SCOPE_HINT).error(self.wrong("scope")),
            optional("resource", said::RESOURCE, &self.resource).hint(said::RESOURCE_HINT).error(self.wrong("resource")),
            optional("business", said::BUSINESS, &self.business).error(self.wrong("business")),
        ]
    }

    fn submit(&self) -> Button {
        Button::primary(if self.exchanged.is_some() { words::console::AGAIN } else { words::console::SUBMIT }).icon("console")
    }

    fn live_warning() -> Banner {
        Banner::new(Tone::Warning, words::console::LIVE_WARNING, words::console::LIVE_WARNING_WHY)
    }

    fn read_only() -> Banner {
        Banner::new(Tone::Note, words::console::READ_ONLY, words::console::READ_ONLY_WHY)
    }
}
