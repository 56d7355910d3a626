use askama::Template;

use super::{Button, Field};
use crate::dashboard::words;

/// A question before something that has consequences: a dialog where scripts run, else a part of the page.
#[derive(Template)]
#[template(path = "components/confirm.html")]
pub(crate) struct Confirm {
    pub(crate) id: &'static str,
    pub(crate) title: String,
    /// What it will do, with numbers.
    pub(crate) effect: String,
    /// Where the form goes.
    pub(crate) action: String,
    pub(crate) csrf: String,
    /// The words on the button: what it does, never "OK".
    pub(crate) label: &'static str,
    pub(crate) dangerous: bool,
    /// What has to be typed. The server checks it too.
    pub(crate) typed: Option<String>,
    /// Something that one may want done with it.
    pub(crate) also: Option<(&'static str, &'static str)>,
    /// A token for a form whose answer shows a secret.
    pub(crate) once: Option<String>,
    /// Whether the page came with the dialog open.
    pub(crate) open: bool,
    /// The page without the dialog.
    pub(crate) back: String,
}

impl Confirm {
    fn typed_field(&self, name: &str) -> Field {
        Field::text("confirmation", &words::action::type_to_confirm(name))
            .identified(&format!("{}-confirmation", self.id))
            .must_be(name)
            .unremembered()
    }

    fn button(&self) -> Button {
        if self.dangerous { Button::danger(self.label) } else { Button::primary(self.label) }
    }
}
