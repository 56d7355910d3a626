use askama::Template;

use super::icon;

/// Something to press: a link that looks like a button where it leads somewhere, else the button of the form around it.
#[derive(Template)]
#[template(path = "components/button.html")]
pub(crate) struct Button {
    label: String,
    kind: &'static str,
    icon: &'static str,
    href: Option<String>,
    dialog: Option<String>,
    keys: &'static str,
    disabled: bool,
}

impl Button {
    fn new(label: impl Into<String>, kind: &'static str) -> Self {
        Self { label: label.into(), kind, icon: "", href: None, dialog: None, keys: "", disabled: false }
    }

    /// What the page is for; one of a page.
    pub(crate) fn primary(label: impl Into<String>) -> Self {
        Self::new(label, "primary")
    }

    /// What one may also do.
    pub(crate) fn plain(label: impl Into<String>) -> Self {
        Self::new(label, "plain")
    }

    /// What one may do and hardly ever does.
    pub(crate) fn quiet(label: impl Into<String>) -> Self {
        Self::new(label, "quiet")
    }

    /// What cannot be undone.
    pub(crate) fn danger(label: impl Into<String>) -> Self {
        Self::new(label, "danger")
    }

    #[must_use]
    pub(crate) fn icon(self, icon: &'static str) -> Self {
        Self { icon, ..self }
    }

    #[must_use]
    pub(crate) fn to(self, href: impl Into<String>) -> Self {
        Self { href: Some(href.into()), ..self }
    }

    /// Opens a dialog of the page. Without scripts the link leads to the page with the dialog open in it.
    #[must_use]
    pub(crate) fn opens(self, dialog: &str) -> Self {
        Self { href: Some(format!("?dialog={dialog}#{dialog}")), dialog: Some(dialog.to_owned()), ..self }
    }

    /// The keys that press it, as `assets/js/keys.js` reads them.
    #[must_use]
    pub(crate) fn keys(self, keys: &'static str) -> Self {
        Self { keys, ..self }
    }

    #[must_use]
    pub(crate) fn disabled(self) -> Self {
        Self { disabled: true, ..self }
    }
}

/// One view of several of the same thing.
pub(crate) struct Tab {
    pub(crate) label: String,
    pub(crate) href: String,
    pub(crate) current: bool,
}

/// Views of the same thing: links, so that the address says which one is shown and going back works.
#[derive(Template)]
#[template(path = "components/tabs.html")]
pub(crate) struct Tabs {
    /// What they are views of.
    pub(crate) label: &'static str,
    pub(crate) tabs: Vec<Tab>,
}
