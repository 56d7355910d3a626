use askama::Template;
use mintmark_core::management::Role;

use super::members::{TENANT, banner_of, tenant_field};
use crate::dashboard::components::{Banner, Button, Code, Confirm, Empty, Field, Pager, Secret, Status, Tabs, When, icon};
use crate::dashboard::frame::Frame;
use crate::dashboard::mistake::{Mistake, at};
use crate::dashboard::words;

const ROTATE: &str = "rotate";
const DISABLE: &str = "disable";

/// One program that uses the management API.
pub(crate) struct ProgramRow {
    pub(crate) href: String,
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) role: Role,
    /// The tenant's name, or the operator's.
    pub(crate) organisation: String,
    pub(crate) status: Status,
    pub(crate) hint: String,
    pub(crate) created: When,
}

/// The programs.
#[derive(Template)]
#[template(path = "pages/programs.html")]
pub(crate) struct ProgramListPage {
    pub(crate) frame: Frame,
    pub(crate) tabs: Tabs,
    pub(crate) is_operator: bool,
    pub(crate) may_edit: bool,
    pub(crate) rows: Vec<ProgramRow>,
    pub(crate) pager: Pager,
}

impl ProgramListPage {
    fn new_program() -> Button {
        Button::primary(words::programs::NEW).icon("plus").to("/members/programs/new").keys("n")
    }

    fn empty(&self) -> Empty {
        let first = Button::plain(words::programs::NEW).icon("plus").to("/members/programs/new");
        let (title, text) = (words::programs::NONE, words::programs::NONE_WHY);
        Empty { icon: "console", title, text, action: self.may_edit.then_some(first) }
    }
}

/// The form of a program.
#[derive(Template)]
#[template(path = "pages/program_form.html")]
pub(crate) struct ProgramFormPage {
    pub(crate) frame: Frame,
    pub(crate) name: String,
    pub(crate) role: String,
    pub(crate) roles: Vec<(String, String)>,
    pub(crate) is_operator: bool,
    /// The tenants to choose from; none where they are too many.
    pub(crate) tenants: Option<Vec<(String, String)>>,
    pub(crate) tenant: String,
    /// What is wrong, by field.
    pub(crate) mistake: Option<Mistake>,
}

impl ProgramFormPage {
    fn name_field(&self) -> Field {
        let field = Field::text("name", words::members::NAME).hint(words::programs::NAME_HINT).value(&self.name);
        field.error(at(self.mistake.as_ref(), &["name"])).unremembered()
    }

    fn role_field(&self) -> Field {
        let field = Field::select("role", words::members::ROLE, self.roles.clone()).value(&self.role);
        field.error(at(self.mistake.as_ref(), &["role"]))
    }

    fn tenant_field(&self) -> Field {
        let tenants = (words::invitations::OPERATOR, self.tenants.as_deref());
        tenant_field(words::members::ORGANISATION, tenants, &self.tenant).error(at(self.mistake.as_ref(), TENANT))
    }

    fn banner(&self) -> Option<Banner> {
        banner_of(self.mistake.as_ref(), &["name", "role", "tenant", "tenant_id"])
    }

    fn submit() -> Button {
        Button::primary(words::programs::SUBMIT)
    }
}

/// A secret that was just made, once.
#[derive(Template)]
#[template(path = "pages/program_result.html")]
pub(crate) struct ProgramResultPage {
    pub(crate) frame: Frame,
    pub(crate) id: String,
    pub(crate) origin: String,
    pub(crate) secret: String,
    pub(crate) finish: String,
}

impl ProgramResultPage {
    fn secret_field(&self) -> Secret {
        let (label, hint) = (words::programs::SECRET, words::programs::SECRET_HINT);
        Secret { id: "program-secret", label, hint, value: self.secret.clone() }
    }

    /// A command that gets a token. The secret is not in it: commands are kept in histories.
    fn command(&self) -> Code {
        let text = format!(
            "curl --user \"{}:$SECRET\" --data grant_type=client_credentials \\\n  {}/admin/v1/token",
            self.id, self.origin
        );
        Code { id: "token-command", label: words::programs::TOKEN.to_owned(), text }
    }
}

/// One program.
#[derive(Template)]
#[template(path = "pages/program.html")]
pub(crate) struct ProgramPage {
    pub(crate) frame: Frame,
    pub(crate) row: ProgramRow,
    pub(crate) version: u64,
    pub(crate) is_active: bool,
    /// Whether who looks may change it.
    pub(crate) may_edit: bool,
    /// The dialog that the page came with.
    pub(crate) dialog: String,
}

impl ProgramPage {
    fn rotate_button() -> Button {
        Button::plain(words::programs::ROTATE).icon("rotate").opens(ROTATE)
    }

    fn disable_button() -> Button {
        Button::danger(words::programs::DISABLE).opens(DISABLE)
    }

    fn dialogs(&self) -> [Confirm; 2] {
        let dialog = |id, title, effect: &str, label| Confirm {
            id,
            title,
            effect: effect.to_owned(),
            action: format!("{}/{id}", self.row.href),
            csrf: self.frame.visit.csrf.clone(),
            label,
            dangerous: true,
            typed: None,
            also: None,
            once: (id == ROTATE).then(|| self.frame.once.clone()),
            open: self.dialog == id,
            back: self.row.href.clone(),
        };
        let name = &self.row.name;
        let (rotates, ends) = (words::programs::ROTATE_MEANS, words::programs::DISABLE_MEANS);
        [
            dialog(ROTATE, words::programs::rotate_title(name), rotates, words::programs::ROTATE),
            dialog(DISABLE, words::programs::disable_title(name), ends, words::programs::DISABLE),
        ]
    }
}
