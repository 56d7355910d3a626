use askama::Template;

use super::Method;
use crate::dashboard::components::{Banner, Button, Chart, Code, Status, Tab, Tabs, When, icon, thousands};
use crate::dashboard::frame::Frame;
use crate::dashboard::words;

/// Requests that were refused for one reason.
pub(crate) struct RefusalRow {
    pub(crate) code: String,
    pub(crate) count: u64,
    pub(crate) what: String,
    pub(crate) fix: String,
    /// Where they are explained.
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
    Settings,
    Promotion,
}

impl ClientTab {
    /// Each with what its address ends with and its label.
    const ALL: [(ClientTab, &str, &str); 4] = [
        (ClientTab::Overview, "", words::client::TAB_OVERVIEW),
        (ClientTab::Credentials, "/credentials", words::client::TAB_CREDENTIALS),
        (ClientTab::Settings, "/settings", words::client::TAB_SETTINGS),
        (ClientTab::Promotion, "/promotion", words::client::TAB_PROMOTION),
    ];
}

/// What stands above every page about a client.
pub(crate) struct ClientHead {
    pub(crate) name: String,
    pub(crate) client_id: String,
    pub(crate) status: Status,
    /// Its own page.
    pub(crate) href: String,
    pub(crate) tab: ClientTab,
    /// Whether there is another environment that it can be brought to.
    pub(crate) has_elsewhere: bool,
}

impl ClientHead {
    pub(crate) fn tabs(&self) -> Tabs {
        let shown = ClientTab::ALL.into_iter().filter(|(tab, ..)| *tab != ClientTab::Promotion || self.has_elsewhere);
        let tabs = shown.map(|(tab, end, label)| Tab {
            label: label.to_owned(),
            href: format!("{}{end}", self.href),
            current: tab == self.tab,
        });
        Tabs { label: words::client::TABS, tabs: tabs.collect() }
    }
}

/// One client at a glance.
#[derive(Template)]
#[template(path = "pages/client.html")]
pub(crate) struct ClientPage {
    pub(crate) frame: Frame,
    pub(crate) head: ClientHead,
    /// Nothing where it has nothing in force.
    pub(crate) method: Option<Method>,
    pub(crate) owner: String,
    pub(crate) created: When,
    pub(crate) last_used: When,
    pub(crate) expires: When,
    pub(crate) token_minutes: u32,
    pub(crate) businesses: String,
    pub(crate) dialects: Vec<String>,
    /// What to know first, such as a rotation that is under way.
    pub(crate) notices: Vec<Banner>,
    pub(crate) chart: Chart,
    pub(crate) refusals: Vec<RefusalRow>,
    pub(crate) access: Vec<ScopeRow>,
    /// Where its requests are tried out.
    pub(crate) console: String,
    pub(crate) api: Code,
}

impl ClientPage {
    fn try_it(&self) -> Button {
        Button::plain(words::client::TRY).icon("console").to(self.console.clone())
    }
}
