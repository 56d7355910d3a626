use askama::Template;

use crate::dashboard::components::{Banner, Button, Code, Confirm, Empty, Field, Scopes, Status, Tab, Tabs, When, icon};
use crate::dashboard::frame::{Frame, Tone};
use crate::dashboard::words;

/// A box to check.
pub(crate) struct CheckRow {
    pub(crate) value: String,
    /// What stands beside it.
    pub(crate) means: String,
    pub(crate) checked: bool,
    /// Whether it is so whatever one does.
    pub(crate) fixed: bool,
}

/// A client with more than its tenant is entitled to.
pub(crate) struct BeyondRow {
    pub(crate) name: String,
    pub(crate) id: String,
    pub(crate) href: String,
    pub(crate) what: Vec<String>,
}

/// What a tenant may give its clients in one environment.
pub(crate) struct EntitlementForm {
    pub(crate) environment: String,
    pub(crate) action: String,
    /// The version that is shown.
    pub(crate) version: u64,
    pub(crate) changed: Option<When>,
    /// Each value is the resource's identifier and the scope.
    pub(crate) scopes: Scopes,
    pub(crate) dialects: Vec<CheckRow>,
    pub(crate) lifetime: String,
    pub(crate) lifetime_error: Option<String>,
    pub(crate) error: Option<String>,
    pub(crate) beyond: Vec<BeyondRow>,
    pub(crate) has_more_beyond: bool,
    pub(crate) api: Code,
}

impl EntitlementForm {
    fn lifetime_field(&self) -> Field {
        let field = Field::text("lifetime_max", words::tenants::LIFETIME).hint(words::tenants::LIFETIME_HINT).optional();
        field.value(&self.lifetime).max(5).error(self.lifetime_error.as_deref()).unremembered()
    }

    fn no_resources() -> Empty {
        Empty {
            icon: "resources",
            title: words::tenants::NO_RESOURCES,
            text: words::tenants::NO_RESOURCES_WHY,
            action: Some(Button::plain(words::navigation::RESOURCES).to("/resources")),
        }
    }

    fn not_said() -> Banner {
        Banner::new(Tone::Note, words::tenants::NOT_SAID, words::tenants::NOT_SAID_MEANS)
    }

    fn submit() -> Button {
        Button::primary(words::tenants::SAVE)
    }
}

/// One tenant.
#[derive(Template)]
#[template(path = "pages/operator/tenant.html")]
pub(crate) struct TenantPage {
    pub(crate) frame: Frame,
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) status: Status,
    pub(crate) is_disabled: bool,
    pub(crate) version: u64,
    pub(crate) created: When,
    /// What dialects may copy into tokens, as text.
    pub(crate) attributes: Vec<String>,
    /// By environment: how many clients, in words, and where they are listed.
    pub(crate) clients: Vec<(String, String, String)>,
    /// The number of all clients, in words.
    pub(crate) clients_in_all: String,
    /// Where its members are listed; none where one may not see them.
    pub(crate) members: Option<String>,
    /// What is wrong with the name that was typed, and that name.
    pub(crate) renamed: Option<(String, String)>,
    pub(crate) may_edit: bool,
    /// Whether the dialog that turns it off is open.
    pub(crate) is_asking: bool,
    pub(crate) confirmation_error: Option<&'static str>,
    /// Each environment, its page here, and whether it is shown.
    pub(crate) environments: Vec<(String, String, bool)>,
    pub(crate) entitlement: Option<EntitlementForm>,
}

const DISABLE: &str = "disable";

impl TenantPage {
    fn href(&self) -> String {
        format!("/tenants/{}", self.id)
    }

    fn tabs(&self) -> Tabs {
        let tabs = self.environments.iter().map(|(name, href, current)| Tab {
            label: name.clone(),
            href: href.clone(),
            current: *current,
        });
        Tabs { label: words::operator::ENVIRONMENTS, tabs: tabs.collect() }
    }

    fn form_label(form: &EntitlementForm) -> String {
        words::tenants::saved_on(&form.environment)
    }

    fn name_field(&self) -> Field {
        let (typed, error) = match &self.renamed {
            Some((typed, error)) => (typed, Some(error.as_str())),
            None => (&self.name, None),
        };
        Field::text("name", words::tenants::NAME).value(typed).error(error).unremembered()
    }

    fn rename() -> Button {
        Button::plain(words::tenants::RENAME)
    }

    fn enable() -> Button {
        Button::plain(words::tenants::ENABLE)
    }

    fn disable() -> Button {
        Button::danger(words::tenants::DISABLE).opens(DISABLE)
    }

    fn disabled_banner() -> Banner {
        Banner::new(Tone::Warning, words::tenants::DISABLED, words::tenants::DISABLED_MEANS)
    }

    fn banner(error: &str) -> Banner {
        Banner::new(Tone::Bad, error, "")
    }

    fn dialog(&self) -> Confirm {
        Confirm {
            id: DISABLE,
            title: words::tenants::confirm_disable(&self.name),
            effect: words::tenants::effect(&self.clients_in_all),
            action: format!("{}/disable", self.href()),
            csrf: self.frame.visit.csrf.clone(),
            label: words::tenants::DISABLE,
            dangerous: true,
            typed: Some(self.name.clone()),
            also: None,
            once: None,
            open: self.is_asking,
            back: self.href(),
        }
    }
}
