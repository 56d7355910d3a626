use askama::Template;

use super::Method;
use crate::dashboard::components::{Banner, Button, Chart, Code, Confirm, Status, Tabs, When, icon, thousands};
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
    pub(crate) tabs: Tabs,
    /// What to know first, such as a rotation that is under way.
    pub(crate) notices: Vec<Banner>,
    pub(crate) chart: Chart,
    pub(crate) refusals: Vec<RefusalRow>,
    pub(crate) credentials: Vec<CredentialRow>,
    pub(crate) access: Vec<ScopeRow>,
    pub(crate) may_edit: bool,
    pub(crate) disable: Confirm,
    pub(crate) delete: Confirm,
    pub(crate) api: Code,
}

impl ClientPage {
    fn rotate(&self) -> Button {
        Button::plain(words::client::ROTATE).icon("rotate").to("?tab=credentials&dialog=rotate")
    }

    fn try_it(&self) -> Button {
        Button::primary(words::client::TRY).icon("console").to("?tab=test")
    }

    fn disable_button(&self) -> Button {
        Button::plain(words::client::DISABLE).opens(self.disable.id)
    }

    fn delete_button(&self) -> Button {
        Button::danger(words::client::DELETE).opens(self.delete.id)
    }
}
