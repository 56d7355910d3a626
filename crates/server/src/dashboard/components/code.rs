use askama::Template;

use super::icon;
use crate::dashboard::words;

/// Text to copy: a command, a file, an answer.
#[derive(Template)]
#[template(path = "components/code.html")]
pub(crate) struct Code {
    /// Its name among the page's elements.
    pub(crate) id: &'static str,
    /// What it is; also what it is called for who hears the page.
    pub(crate) label: String,
    pub(crate) text: String,
}

/// A secret that is shown once. It is in the answer to the form that made it and nowhere after.
#[derive(Template)]
#[template(path = "components/secret.html")]
pub(crate) struct Secret {
    pub(crate) id: &'static str,
    pub(crate) label: &'static str,
    pub(crate) hint: &'static str,
    pub(crate) value: String,
}
