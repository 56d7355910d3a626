use askama::Template;

use super::Method;
use crate::dashboard::components::{Banner, Button, Chart, Code, Confirm, Status, Tab, Tabs, When, icon, thousands};
use crate::dashboard::frame::Frame;
use crate::dashboard::words;

/// One credential of a client.
pub(crate) struct CredentialRow {
    /// What it can be told by: a secret's last letters, a key's thumbprint.
    pub(crate) hint: String,
    pub(crate) method: Method,
    pub(crate) status: Status,
    pub(crate) created: When,
    pub(crate) last_used: When,
    /// From where it was last used.
    pub(crate) from: Option<String>,
    pub(crate) expires: When,
}

/// Requests that were refused for one reason.
pub(crate) struct RefusalRow {
    pub(crate) code: String,
    pub(crate) count: u64,
    pub(crate) what: String,
    pub(crate) fix: String,
    /// The explanation of the last of them.
    pub(crate) href: String,
}

/// The scopes that it may ask for on one API.
pub(crate) struct ScopeRow {
    pub(crate) resource: String,
    pub(crate) scopes: Vec<String>,
}

/// A part of a client's page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ClientTab {
    Overview,
    Credentials,
    Access,
    Test,
    Audit,
}

impl ClientTab {
    /// Each with its name in the address and its label.
    const ALL: [(ClientTab, &str, &str); 5] = [
        (ClientTab::Overview, "overview", words::client::TAB_OVERVIEW),
        (ClientTab::Credentials, "credentials", words::client::TAB_CREDENTIALS),
        (ClientTab::Access, "access", words::client::TAB_ACCESS),
        (ClientTab::Test, "test", words::client::TAB_TEST),
        (ClientTab::Audit, "audit", words::client::TAB_AUDIT),
    ];
}

/// One client.
#[derive(Template)]
#[template(path = "pages/client.html")]
pub(crate) struct ClientPage {
    pub(crate) frame: Frame,
    pub(crate) name: String,
    pub(crate) client_id: String,
    pub(crate) status: Status,
    pub(crate) method: Method,
    pub(crate) owner: String,
    pub(crate) created: When,
    pub(crate) last_used: When,
    pub(crate) token_minutes: u32,
    /// Its own page.
    pub(crate) href: String,
    pub(crate) tab: ClientTab,
    /// What to know first, such as a rotation that is under way.
    pub(crate) notices: Vec<Banner>,
    pub(crate) chart: Chart,
    pub(crate) refusals: Vec<RefusalRow>,
    pub(crate) credentials: Vec<CredentialRow>,
    pub(crate) access: Vec<ScopeRow>,
    pub(crate) may_edit: bool,
    /// How many tokens of it may still be alive.
    pub(crate) live_tokens: u64,
    /// The dialog that the address asks for; empty for none.
    pub(crate) dialog: String,
    pub(crate) api: Code,
}

impl ClientPage {
    fn rotate() -> Button {
        Button::plain(words::client::ROTATE).icon("rotate").to("?tab=credentials&dialog=rotate")
    }

    fn try_it() -> Button {
        Button::primary(words::client::TRY).icon("console").to("?tab=test")
    }

    fn tabs(&self) -> Tabs {
        let tabs = ClientTab::ALL.map(|(tab, word, label)| Tab {
            label: label.to_owned(),
            href: format!("{}?tab={word}", self.href),
            current: tab == self.tab,
        });
        Tabs { label: words::client::TABS, tabs: tabs.into() }
    }

    fn disable_button() -> Button {
        Button::plain(words::client::DISABLE).opens(DISABLE)
    }

    fn delete_button() -> Button {
        Button::danger(words::client::DELETE).opens(DELETE)
    }

    fn dialogs(&self) -> [Confirm; 2] {
        let dialog = |id, title, label| Confirm {
            id,
            title,
            effect: words::client::effect(self.live_tokens, self.token_minutes),
            action: format!("{}/{id}", self.href),
            csrf: self.frame.visit.csrf.clone(),
            label,
            dangerous: id == DELETE,
            typed: (id == DELETE).then(|| self.name.clone()),
            also: Some(("revoke", words::client::REVOKE_TOO)),
            open: self.dialog == id,
            back: self.href.clone(),
        };
        [
            dialog(DISABLE, words::client::confirm_disable(&self.name), words::client::DISABLE),
            dialog(DELETE, words::client::confirm_delete(&self.name), words::client::DELETE),
        ]
    }
}

const DISABLE: &str = "disable";
const DELETE: &str = "delete";
