use askama::Template;

use crate::dashboard::components::{Banner, Button, Confirm, Empty, Status, Tab, Tabs, Timeline, When, icon};
use crate::dashboard::frame::{Frame, Tone};
use crate::dashboard::words;

/// One key of an environment.
pub(crate) struct KeyRow {
    pub(crate) kid: String,
    pub(crate) href: String,
    pub(crate) algorithm: &'static str,
    pub(crate) status: KeyStatus,
    /// What is safe next, and when.
    pub(crate) safe: Option<(&'static str, When)>,
}

/// Where a key stands: a state with a word of its own where the common ones have none.
pub(crate) enum KeyStatus {
    Shown(Status),
    Removed,
}

/// The keys of one algorithm.
pub(crate) struct KeyGroup {
    pub(crate) algorithm: &'static str,
    pub(crate) timeline: Timeline,
    /// The question before a rotation; none where nobody may rotate, or no key signs.
    pub(crate) rotation: Option<KeyDialog>,
    /// What is to be said beside the button.
    pub(crate) note: Option<String>,
}

/// A question about one key, and whether the page came with it open.
pub(crate) struct KeyDialog {
    pub(crate) id: &'static str,
    pub(crate) title: String,
    pub(crate) effect: String,
    pub(crate) action: String,
    pub(crate) label: &'static str,
    pub(crate) dangerous: bool,
    pub(crate) typed: Option<String>,
    pub(crate) open: bool,
}

impl KeyDialog {
    fn confirm(&self, frame: &Frame, back: &str) -> Confirm {
        Confirm {
            id: self.id,
            title: self.title.clone(),
            effect: self.effect.clone(),
            action: self.action.clone(),
            csrf: frame.visit.csrf.clone(),
            label: self.label,
            dangerous: self.dangerous,
            typed: self.typed.clone(),
            also: None,
            once: None,
            open: self.open,
            back: back.to_owned(),
        }
    }

    fn button(&self) -> Button {
        let button = if self.dangerous { Button::danger(self.label) } else { Button::plain(self.label) };
        button.opens(self.id)
    }
}

/// The keys of an environment.
#[derive(Template)]
#[template(path = "pages/operator/keys.html")]
pub(crate) struct KeyListPage {
    pub(crate) frame: Frame,
    pub(crate) here: String,
    /// Each environment, its page here, and whether it is shown.
    pub(crate) environments: Vec<(String, String, bool)>,
    pub(crate) groups: Vec<KeyGroup>,
    pub(crate) rows: Vec<KeyRow>,
}

impl KeyListPage {
    fn tabs(&self) -> Tabs {
        let tab =
            |(name, href, current): &(String, String, bool)| Tab { label: name.clone(), href: href.clone(), current: *current };
        Tabs { label: words::operator::ENVIRONMENTS, tabs: self.environments.iter().map(tab).collect() }
    }

    fn empty() -> Empty {
        Empty { icon: "keys", title: words::keys::EMPTY, text: words::keys::EMPTY_WHY, action: None }
    }

    fn rotate(dialog: &KeyDialog) -> Button {
        Button::plain(dialog.label).icon("rotate").opens(dialog.id)
    }
}

/// One key.
#[derive(Template)]
#[template(path = "pages/operator/key.html")]
pub(crate) struct KeyPage {
    pub(crate) frame: Frame,
    pub(crate) here: String,
    pub(crate) kid: String,
    pub(crate) algorithm: &'static str,
    pub(crate) environment: String,
    pub(crate) status: KeyStatus,
    pub(crate) timeline: Timeline,
    /// Rotating, removing or publishing it again, where one may.
    pub(crate) changes: Vec<KeyDialog>,
    /// Ending it for ever, where one may.
    pub(crate) revocation: Option<KeyDialog>,
    pub(crate) error: Option<&'static str>,
}

impl KeyPage {
    fn dialogs(&self) -> Vec<Confirm> {
        self.changes.iter().chain(&self.revocation).map(|dialog| dialog.confirm(&self.frame, &self.here)).collect()
    }

    fn banner(error: &str) -> Banner {
        Banner::new(Tone::Bad, error, "")
    }
}
