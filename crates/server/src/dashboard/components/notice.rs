use askama::Template;

use super::{Button, icon};
use crate::dashboard::frame::Tone;

/// Something to know about the whole page or a part of it.
#[derive(Template)]
#[template(path = "components/banner.html")]
pub(crate) struct Banner {
    pub(crate) tone: Tone,
    pub(crate) title: String,
    pub(crate) text: String,
    pub(crate) action: Option<Button>,
}

impl Banner {
    pub(crate) fn new(tone: Tone, title: impl Into<String>, text: impl Into<String>) -> Self {
        Self { tone, title: title.into(), text: text.into(), action: None }
    }

    #[must_use]
    pub(crate) fn action(self, action: Button) -> Self {
        Self { action: Some(action), ..self }
    }
}

/// What stands where a list has nothing in it: what would be there, why one wants it, and the way to the first.
#[derive(Template)]
#[template(path = "components/empty.html")]
pub(crate) struct Empty {
    pub(crate) icon: &'static str,
    pub(crate) title: &'static str,
    pub(crate) text: &'static str,
    pub(crate) action: Option<Button>,
}
