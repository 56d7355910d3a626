use askama::Template;

use super::insight::Verdict;
use super::members::tenant_field;
use crate::dashboard::components::{Banner, Button, Code, Confirm, Empty, Field, Pager, Status, When, icon};
use crate::dashboard::frame::{Frame, Tone};
use crate::dashboard::mistake::{Mistake, at};
use crate::dashboard::words;

/// One endpoint of the list.
pub(crate) struct WebhookRow {
    pub(crate) href: String,
    pub(crate) url: String,
    pub(crate) id: String,
    /// Whose it is; empty for who sees their own alone.
    pub(crate) owner: String,
    pub(crate) told: String,
    pub(crate) status: Status,
}

/// The endpoints of an environment.
#[derive(Template)]
#[template(path = "pages/webhooks.html")]
pub(crate) struct WebhookListPage {
    pub(crate) frame: Frame,
    /// The list's own address.
    pub(crate) href: String,
    /// Whether the endpoints are of several tenants.
    pub(crate) shows_owner: bool,
    /// The tenants to choose from; none where they are too many.
    pub(crate) tenants: Option<Vec<(String, String)>>,
    pub(crate) tenant: String,
    pub(crate) rows: Vec<WebhookRow>,
    pub(crate) pager: Pager,
    pub(crate) may_edit: bool,
}

impl WebhookListPage {
    fn add(&self) -> Button {
        Button::primary(words::webhooks::NEW).icon("plus").to(format!("{}/new", self.href)).keys("n")
    }

    fn tenant_filter(&self) -> Option<Field> {
        let tenants = (words::members::ANY_ORGANISATION, self.tenants.as_deref());
        self.shows_owner.then(|| tenant_field(words::members::ORGANISATION, tenants, &self.tenant))
    }

    fn empty(&self) -> Empty {
        if !self.tenant.is_empty() {
            return Empty {
                icon: "webhooks",
                title: words::webhooks::NOTHING,
                text: words::webhooks::NOTHING_WHY,
                action: Some(Button::plain(words::webhooks::SHOW_ALL).to(self.href.clone())),
            };
        }
        let action = self.may_edit.then(|| self.add());
        Empty { icon: "webhooks", title: words::webhooks::EMPTY, text: words::webhooks::EMPTY_WHY, action }
    }
}

/// A kind of notice that an endpoint may be told.
pub(crate) struct KindChoice {
    pub(crate) word: &'static str,
    pub(crate) means: &'static str,
    pub(crate) is_chosen: bool,
}

/// The kinds of notices, to be ticked.
#[derive(Template)]
#[template(path = "pages/webhook_kinds.html")]
pub(crate) struct Kinds {
    pub(crate) choices: Vec<KindChoice>,
    pub(crate) error: Option<String>,
}

impl askama::filters::HtmlSafe for Kinds {}

/// The fields that show a mistake about them beside them.
const TOLD_AT_FIELDS: [&str; 4] = ["url", "kinds", "tenant", "tenant_id"];

fn url_field(url: &str, mistake: Option<&Mistake>) -> Field {
    let field = Field::text("url", words::webhooks::URL).hint(words::webhooks::URL_HINT).max(2048).value(url);
    field.error(at(mistake, &["url"])).unremembered()
}

fn banner_of(mistake: Option<&Mistake>) -> Option<Banner> {
    let mistake = mistake.filter(|mistake| !TOLD_AT_FIELDS.contains(&mistake.field))?;
    Some(Banner::new(Tone::Bad, words::credential::NOTHING_CHANGED, mistake.text.clone()))
}

/// The form of a new endpoint.
#[derive(Template)]
#[template(path = "pages/webhook_form.html")]
pub(crate) struct WebhookFormPage {
    pub(crate) frame: Frame,
    /// Where the form goes.
    pub(crate) action: String,
    /// Whether a tenant is chosen.
    pub(crate) shows_owner: bool,
    pub(crate) tenants: Option<Vec<(String, String)>>,
    pub(crate) tenant: String,
    pub(crate) url: String,
    pub(crate) kinds: Kinds,
    pub(crate) mistake: Option<Mistake>,
}

impl WebhookFormPage {
    fn tenant_field(&self) -> Option<Field> {
        let tenants = (words::webhooks::OPERATORS, self.tenants.as_deref());
        let field = self.shows_owner.then(|| tenant_field(words::webhooks::TENANT, tenants, &self.tenant))?;
        let is_typed = self.tenants.is_none();
        let hint = if is_typed { words::webhooks::TENANT_HINT } else { words::webhooks::OPERATORS_HINT };
        Some(field.hint(hint).error(at(self.mistake.as_ref(), &["tenant", "tenant_id"])))
    }

    fn url_field(&self) -> Field {
        url_field(&self.url, self.mistake.as_ref())
    }

    fn banner(&self) -> Option<Banner> {
        banner_of(self.mistake.as_ref())
    }

    fn submit() -> Button {
        Button::primary(words::webhooks::NEW)
    }
}

/// What an endpoint was told, and what came of it.
pub(crate) struct DeliveryRow {
    pub(crate) kind: &'static str,
    pub(crate) notice_id: String,
    pub(crate) made: When,
    pub(crate) state: Verdict,
    pub(crate) tries: u32,
    /// When it was last tried, and the status of the answer.
    pub(crate) last: Option<(When, String)>,
    /// When it is tried next; none where it is not.
    pub(crate) next: Option<When>,
    /// Whether that is now.
    pub(crate) is_due: bool,
}

/// One endpoint, with its deliveries.
#[derive(Template)]
#[template(path = "pages/webhook.html")]
pub(crate) struct WebhookPage {
    pub(crate) frame: Frame,
    /// What people tell it by.
    pub(crate) name: String,
    pub(crate) id: String,
    /// Its own address.
    pub(crate) href: String,
    pub(crate) status: Status,
    /// Whose it is, for the operator.
    pub(crate) owner: Option<String>,
    pub(crate) told: String,
    pub(crate) created: When,
    pub(crate) dropped: u64,
    /// Its URL as it is stored.
    pub(crate) stored_url: String,
    /// What the form has.
    pub(crate) url: String,
    pub(crate) kinds: Kinds,
    pub(crate) version: u64,
    pub(crate) may_edit: bool,
    pub(crate) deliveries: Vec<DeliveryRow>,
    pub(crate) pager: Pager,
    pub(crate) keys: Code,
    /// The dialog that the address asks for; empty for none.
    pub(crate) dialog: String,
    pub(crate) mistake: Option<Mistake>,
}

const DISABLE: &str = "disable";
const REMOVE: &str = "remove";

impl WebhookPage {
    fn is_on(&self) -> bool {
        self.status == Status::Active
    }

    fn banners(&self) -> Vec<Banner> {
        let off = (!self.is_on()).then(|| Banner::new(Tone::Note, words::webhooks::OFF, words::webhooks::OFF_MEANS));
        let dropped = (self.dropped > 0)
            .then(|| Banner::new(Tone::Warning, words::webhooks::DROPPED, words::webhooks::dropped(self.dropped)));
        banner_of(self.mistake.as_ref()).into_iter().chain(off).chain(dropped).collect()
    }

    fn nothing_told(&self) -> &'static str {
        if self.may_edit && self.is_on() { words::webhooks::NO_DELIVERIES } else { words::webhooks::NO_DELIVERIES_OFF }
    }

    fn test() -> Button {
        Button::plain(words::webhooks::TEST)
    }

    fn url_field(&self) -> Field {
        url_field(&self.url, self.mistake.as_ref())
    }

    fn save() -> Button {
        Button::primary(words::webhooks::SAVE)
    }

    fn disable_button() -> Button {
        Button::danger(words::webhooks::DISABLE).opens(DISABLE)
    }

    fn remove_button() -> Button {
        Button::danger(words::webhooks::REMOVE).opens(REMOVE)
    }

    /// The dialog of the button that there is.
    fn confirm(&self) -> Confirm {
        let (id, title, effect, label) = if self.is_on() {
            (DISABLE, words::webhooks::CONFIRM_DISABLE, words::webhooks::DISABLE_MEANS, words::webhooks::DISABLE)
        } else {
            (REMOVE, words::webhooks::CONFIRM_REMOVE, words::webhooks::REMOVE_MEANS, words::webhooks::REMOVE)
        };
        Confirm {
            id,
            title: title.to_owned(),
            effect: effect.to_owned(),
            action: format!("{}/{id}", self.href),
            csrf: self.frame.visit.csrf.clone(),
            label,
            dangerous: true,
            typed: (id == REMOVE).then(|| self.name.clone()),
            also: None,
            once: None,
            open: self.dialog == id,
            back: self.href.clone(),
        }
    }
}
