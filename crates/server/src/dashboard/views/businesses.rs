use askama::Template;

use super::insight::QuotaCard;
use crate::dashboard::components::{Banner, Button, Confirm, Empty, Field, Pager, Status, When, icon};
use crate::dashboard::frame::{Frame, Tone};
use crate::dashboard::mistake::{Mistake, at};
use crate::dashboard::words;

/// One business of the list.
pub(crate) struct BusinessRow {
    pub(crate) name: String,
    pub(crate) href: String,
    pub(crate) id: String,
    pub(crate) external_id: Option<String>,
    pub(crate) status: Status,
    pub(crate) created: When,
}

/// The businesses of a tenant in an environment.
#[derive(Template)]
#[template(path = "pages/businesses.html")]
pub(crate) struct BusinessListPage {
    pub(crate) frame: Frame,
    /// The list's own address.
    pub(crate) href: String,
    /// The tenants to choose from, for the operator.
    pub(crate) tenants: Vec<(String, String)>,
    /// Whether there are more tenants than are offered: then the identifier is typed.
    pub(crate) types_tenant: bool,
    pub(crate) tenant: String,
    pub(crate) query: String,
    pub(crate) status: String,
    pub(crate) rows: Vec<BusinessRow>,
    pub(crate) pager: Pager,
    /// Where one is added; none for who may not, and where no tenant is chosen.
    pub(crate) add: Option<String>,
}

impl BusinessListPage {
    fn is_filtered(&self) -> bool {
        !self.query.is_empty() || !self.status.is_empty()
    }

    fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.pager.first.is_none() && self.pager.next.is_none()
    }

    fn add_button(href: &str) -> Button {
        Button::primary(words::businesses::NEW).icon("plus").to(href).keys("n")
    }

    fn search(&self) -> Field {
        Field::search("q", words::businesses::SEARCH).value(&self.query)
    }

    fn tenant_filter(&self) -> Option<Field> {
        tenant_field(&self.tenants, self.types_tenant).map(|field| field.value(&self.tenant))
    }

    fn status_filter(&self) -> Field {
        let options = [("", words::list::ANY), ("active", words::status::ACTIVE), ("disabled", words::status::DISABLED)];
        let options = options.map(|(word, said)| (word.to_owned(), said.to_owned())).into();
        Field::select("status", words::list::STATUS, options).value(&self.status)
    }

    fn empty(&self) -> Empty {
        if self.is_filtered() {
            let all = Button::plain(words::businesses::NOTHING_ACTION).to(self.href.clone());
            return Empty {
                icon: "search",
                title: words::businesses::NOTHING,
                text: words::businesses::NOTHING_WHY,
                action: Some(all),
            };
        }
        let action = self.add.as_ref().map(|href| Self::add_button(href));
        Empty { icon: "businesses", title: words::businesses::EMPTY, text: words::businesses::EMPTY_WHY, action }
    }
}

/// Where a tenant is chosen; nothing for who has no choice.
fn tenant_field(tenants: &[(String, String)], is_typed: bool) -> Option<Field> {
    match (is_typed, tenants.is_empty()) {
        (true, _) => Some(Field::text("tenant", words::create::TENANT_ID).unremembered()),
        (false, false) => Some(Field::select("tenant", words::create::TENANT, tenants.to_vec())),
        (false, true) => None,
    }
}

/// The form of a business: a new one, or one that is there.
#[derive(Template)]
#[template(path = "pages/business.html")]
pub(crate) struct BusinessPage {
    pub(crate) frame: Frame,
    pub(crate) title: String,
    /// Its own address, where the form goes.
    pub(crate) href: String,
    /// What is known of one that is there.
    pub(crate) known: Option<KnownBusiness>,
    pub(crate) tenants: Vec<(String, String)>,
    pub(crate) types_tenant: bool,
    pub(crate) tenant: String,
    pub(crate) name: String,
    pub(crate) external_id: String,
    pub(crate) may_edit: bool,
    pub(crate) may_enable: bool,
    /// The dialog that the address asks for; empty for none.
    pub(crate) dialog: String,
    pub(crate) mistake: Option<Mistake>,
}

/// A business that is there.
pub(crate) struct KnownBusiness {
    pub(crate) id: String,
    /// Its name, as it is stored.
    pub(crate) name: String,
    pub(crate) status: Status,
    pub(crate) created: When,
    pub(crate) version: u64,
    /// What of its quota is used, if it has one; for who may set one also if it has none.
    pub(crate) quota: Option<QuotaCard>,
}

impl BusinessPage {
    fn wrong(&self, field: &str) -> Option<&str> {
        at(self.mistake.as_ref(), &[field])
    }

    fn tenant_choice(&self) -> Option<Field> {
        let field = tenant_field(&self.tenants, self.types_tenant)?;
        Some(field.value(&self.tenant).error(self.wrong("tenant_id")))
    }

    fn name_field(&self) -> Field {
        Field::text("name", words::create::NAME).value(&self.name).max(200).error(self.wrong("name")).unremembered()
    }

    fn external_field(&self) -> Field {
        Field::text("external_id", words::businesses::EXTERNAL)
            .hint(words::businesses::EXTERNAL_HINT)
            .value(&self.external_id)
            .max(255)
            .optional()
            .error(self.wrong("external_id"))
            .unremembered()
    }

    fn banner(&self) -> Option<Banner> {
        let told = ["name", "external_id", "tenant_id"];
        let mistake = self.mistake.as_ref().filter(|mistake| !told.contains(&mistake.field))?;
        Some(Banner::new(Tone::Bad, words::credential::NOTHING_CHANGED, mistake.text.clone()))
    }

    fn submit(&self) -> Button {
        Button::primary(if self.known.is_some() { words::settings::SAVE } else { words::businesses::NEW })
    }

    fn disable_button() -> Button {
        Button::danger(words::client::DISABLE).opens(DISABLE)
    }

    fn revoke_button() -> Button {
        Button::plain(words::client::REVOKE).opens(REVOKE)
    }

    fn dialogs(&self, known: &KnownBusiness) -> [Confirm; 2] {
        let dialog = |id: &'static str, title, effect: &str, label| Confirm {
            id,
            title,
            effect: effect.to_owned(),
            action: format!("{}/{id}", self.href),
            csrf: self.frame.visit.csrf.clone(),
            label,
            dangerous: id == DISABLE,
            typed: (id == DISABLE).then(|| known.name.clone()),
            also: None,
            once: None,
            open: self.dialog == id,
            back: self.href.clone(),
        };
        let disable = words::client::confirm_disable(&known.name);
        [
            dialog(DISABLE, disable, words::businesses::DISABLE_MEANS, words::client::DISABLE),
            dialog(REVOKE, words::client::CONFIRM_REVOKE.to_owned(), words::businesses::REVOKE_MEANS, words::client::REVOKE),
        ]
    }
}

const DISABLE: &str = "disable";
const REVOKE: &str = "revoke";
