use askama::Template;
use mintmark_core::management::Role;

use super::SessionRow;
use crate::dashboard::components::{Banner, Button, Empty, Field, Pager, Secret, Status, Tabs, When, icon};
use crate::dashboard::frame::{Frame, Tone};
use crate::dashboard::mistake::{Mistake, at};
use crate::dashboard::words;

/// The fields that are about the tenant.
pub(super) const TENANT: &[&str] = &["tenant", "tenant_id"];

/// The state of a person or program in a word.
pub(crate) fn status_of(status: mintmark_core::model::Status) -> Status {
    match status {
        mintmark_core::model::Status::Active => Status::Active,
        mintmark_core::model::Status::Disabled => Status::Disabled,
    }
}

/// The field of a tenant: its name to choose, or, of many, its identifier to type.
pub(super) fn tenant_field(label: &str, (empty, tenants): (&str, Option<&[(String, String)]>), value: &str) -> Field {
    match tenants {
        Some(tenants) => {
            let first = (String::new(), empty.to_owned());
            Field::select("tenant", label, std::iter::once(first).chain(tenants.iter().cloned()).collect()).value(value)
        }
        None => Field::text("tenant", words::members::ORGANISATION_ID).optional().max(26).value(value).unremembered(),
    }
}

/// What is wrong with a form, where it is none of the fields.
pub(super) fn banner_of(mistake: Option<&Mistake>, fields: &[&str]) -> Option<Banner> {
    let mistake = mistake.filter(|mistake| !fields.contains(&mistake.field))?;
    Some(Banner::new(Tone::Bad, mistake.text.as_str(), ""))
}

/// One member of the list.
pub(crate) struct MemberRow {
    pub(crate) href: String,
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) role: Role,
    /// The tenant's name, or the operator's.
    pub(crate) organisation: String,
    pub(crate) status: Status,
    /// What they sign in by, in words.
    pub(crate) means: String,
    pub(crate) last_sign_in: When,
    /// Whether it is who looks.
    pub(crate) is_self: bool,
}

/// Who signs in.
#[derive(Template)]
#[template(path = "pages/members.html")]
pub(crate) struct MemberListPage {
    pub(crate) frame: Frame,
    pub(crate) tabs: Tabs,
    pub(crate) is_operator: bool,
    /// The tenants to choose from; none where they are too many.
    pub(crate) tenants: Option<Vec<(String, String)>>,
    pub(crate) tenant: String,
    pub(crate) status: String,
    pub(crate) rows: Vec<MemberRow>,
    pub(crate) pager: Pager,
    pub(crate) may_edit: bool,
}

impl MemberListPage {
    fn invite() -> Button {
        Button::primary(words::invitations::INVITE).icon("plus").to("/members/invite").keys("n")
    }

    fn tenant_field(&self) -> Field {
        let tenants = (words::members::ANY_ORGANISATION, self.tenants.as_deref());
        tenant_field(words::members::ORGANISATION, tenants, &self.tenant)
    }

    fn status_field(&self) -> Field {
        let options =
            [("", words::members::ANY_STATUS), ("active", words::status::ACTIVE), ("disabled", words::status::DISABLED)];
        let options = options.map(|(word, said)| (word.to_owned(), said.to_owned())).into();
        Field::select("status", words::members::STATUS, options).value(&self.status)
    }

    fn empty() -> Empty {
        let all = Button::plain(words::members::SHOW_ALL).to("/members");
        Empty { icon: "search", title: words::members::NOTHING, text: words::members::NOTHING_WHY, action: Some(all) }
    }
}

/// One member.
#[derive(Template)]
#[template(path = "pages/member.html")]
pub(crate) struct MemberPage {
    pub(crate) frame: Frame,
    pub(crate) id: String,
    pub(crate) row: MemberRow,
    pub(crate) since: When,
    /// The roles that it can be given, each with what it may do.
    pub(crate) roles: Vec<(String, String)>,
    pub(crate) sees_sessions: bool,
    pub(crate) sessions: Vec<SessionRow>,
    pub(crate) is_active: bool,
    /// Whether who looks may change it.
    pub(crate) may_edit: bool,
}

impl MemberPage {
    fn role_field(&self) -> Field {
        Field::select("role", words::members::ROLE, self.roles.clone())
            .value(self.row.role.as_str())
            .hint(words::members::CHANGE_ROLE_MEANS)
    }

    fn confirmation(&self) -> Field {
        let label = words::action::type_to_confirm(&self.row.email);
        Field::text("confirmation", &label).max(254).must_be(&self.row.email).unremembered()
    }

    fn remove() -> Button {
        Button::danger(words::members::REMOVE)
    }

    fn change_role() -> Button {
        Button::plain(words::members::CHANGE_ROLE)
    }

    fn yourself() -> Banner {
        let account = Button::plain(words::members::YOUR_ACCOUNT).to("/account");
        Banner::new(Tone::Note, words::members::YOURSELF, "").action(account)
    }
}

/// One invitation of the list.
pub(crate) struct InvitationRow {
    pub(crate) id: String,
    pub(crate) email: String,
    pub(crate) role: Role,
    pub(crate) organisation: String,
    /// What it is for.
    pub(crate) kind: &'static str,
    /// Who invited; none for somebody on the machine itself.
    pub(crate) invited_by: Option<String>,
    pub(crate) expires: When,
}

/// The links that can be used.
#[derive(Template)]
#[template(path = "pages/invitations.html")]
pub(crate) struct InvitationListPage {
    pub(crate) frame: Frame,
    pub(crate) tabs: Tabs,
    pub(crate) is_operator: bool,
    pub(crate) rows: Vec<InvitationRow>,
    pub(crate) pager: Pager,
}

impl InvitationListPage {
    fn invite() -> Button {
        Button::primary(words::invitations::INVITE).icon("plus").to("/members/invite").keys("n")
    }

    fn empty() -> Empty {
        let invite = Button::plain(words::invitations::FORM_TITLE).icon("plus").to("/members/invite");
        let (title, text) = (words::invitations::NONE, words::invitations::NONE_WHY);
        Empty { icon: "members", title, text, action: Some(invite) }
    }
}

/// The form of an invitation.
#[derive(Template)]
#[template(path = "pages/invite.html")]
pub(crate) struct InviteFormPage {
    pub(crate) frame: Frame,
    pub(crate) email: String,
    pub(crate) role: String,
    pub(crate) roles: Vec<(String, String)>,
    pub(crate) is_operator: bool,
    pub(crate) tenants: Option<Vec<(String, String)>>,
    pub(crate) tenant: String,
    /// What is wrong, by field.
    pub(crate) mistake: Option<Mistake>,
}

impl InviteFormPage {
    fn email_field(&self) -> Field {
        let field = Field::email("email", words::members::EMAIL).hint(words::invitations::EMAIL_HINT).max(254);
        field.value(&self.email).error(at(self.mistake.as_ref(), &["email"])).unremembered()
    }

    fn role_field(&self) -> Field {
        let field = Field::select("role", words::members::ROLE, self.roles.clone()).value(&self.role);
        field.error(at(self.mistake.as_ref(), &["role"]))
    }

    fn tenant_field(&self) -> Field {
        let tenants = (words::invitations::OPERATOR, self.tenants.as_deref());
        let field = tenant_field(words::members::ORGANISATION, tenants, &self.tenant);
        let field = if self.tenants.is_none() { field.hint(words::invitations::TENANT_HINT) } else { field };
        field.error(at(self.mistake.as_ref(), TENANT))
    }

    fn banner(&self) -> Option<Banner> {
        banner_of(self.mistake.as_ref(), &["email", "role", "tenant", "tenant_id"])
    }

    fn submit() -> Button {
        Button::primary(words::invitations::SUBMIT)
    }
}

/// A link that was just made, once.
#[derive(Template)]
#[template(path = "pages/link.html")]
pub(crate) struct LinkPage {
    pub(crate) frame: Frame,
    pub(crate) email: String,
    pub(crate) role: Role,
    pub(crate) expires: When,
    pub(crate) link: String,
    pub(crate) finish: String,
}

impl LinkPage {
    fn link_field(&self) -> Secret {
        let (label, hint) = (words::invitations::LINK, words::invitations::LINK_HINT);
        Secret { id: "invitation-link", label, hint, value: self.link.clone() }
    }
}
