use askama::Template;

use crate::dashboard::components::{Banner, Button, Empty, Field, Pager, Status, When, icon};
use crate::dashboard::frame::{Frame, Tone};
use crate::dashboard::words;

/// One tenant of the list.
pub(crate) struct TenantRow {
    pub(crate) name: String,
    pub(crate) href: String,
    pub(crate) id: String,
    pub(crate) status: Status,
    pub(crate) created: When,
}

/// All tenants.
#[derive(Template)]
#[template(path = "pages/operator/tenants.html")]
pub(crate) struct TenantListPage {
    pub(crate) frame: Frame,
    /// What was searched for.
    pub(crate) query: String,
    /// The status that was asked for; empty for any.
    pub(crate) status: String,
    pub(crate) rows: Vec<TenantRow>,
    pub(crate) pager: Pager,
    /// Whether there is a page after one that holds nothing.
    pub(crate) has_more: bool,
    pub(crate) may_edit: bool,
}

impl TenantListPage {
    fn is_filtered(&self) -> bool {
        !self.query.is_empty() || !self.status.is_empty()
    }

    fn new_tenant() -> Button {
        Button::primary(words::tenants::NEW).icon("plus").to("/tenants/new").keys("n")
    }

    fn search(&self) -> Field {
        Field::search("q", words::tenants::SEARCH).value(&self.query)
    }

    fn status_filter(&self) -> Field {
        let options = [("", words::tenants::ANY), ("active", words::status::ACTIVE), ("disabled", words::status::DISABLED)];
        let options = options.map(|(word, said)| (word.to_owned(), said.to_owned())).into();
        Field::select("status", words::tenants::STATUS, options).value(&self.status)
    }

    fn empty(&self) -> Empty {
        if self.is_filtered() || self.has_more {
            let all = Button::plain(words::tenants::NOTHING_ACTION).to("/tenants");
            let text = if self.has_more { words::tenants::SEARCHING } else { words::tenants::NOTHING_WHY };
            Empty { icon: "search", title: words::tenants::NOTHING, text, action: Some(all) }
        } else {
            let action = self.may_edit.then(Self::new_tenant);
            Empty { icon: "tenants", title: words::tenants::EMPTY, text: words::tenants::EMPTY_WHY, action }
        }
    }
}

/// The form of a new tenant.
#[derive(Template)]
#[template(path = "pages/operator/tenant_form.html")]
pub(crate) struct TenantFormPage {
    pub(crate) frame: Frame,
    pub(crate) name: String,
    pub(crate) name_error: Option<String>,
    /// What is wrong with the form as a whole.
    pub(crate) error: Option<String>,
}

impl TenantFormPage {
    fn name_field(&self) -> Field {
        let field = Field::text("name", words::tenants::NAME).hint(words::tenants::NAME_HINT).value(&self.name);
        field.error(self.name_error.as_deref()).unremembered()
    }

    fn submit() -> Button {
        Button::primary(words::tenants::CREATE)
    }

    fn banner(error: &str) -> Banner {
        Banner::new(Tone::Bad, error, "")
    }
}
