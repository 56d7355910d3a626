use askama::Template;

use super::insight::Verdict;
use super::members::tenant_field;
use crate::dashboard::components::{Banner, Button, Confirm, Empty, Field, Pager, When, icon};
use crate::dashboard::frame::Frame;
use crate::dashboard::mistake::{Mistake, at};
use crate::dashboard::words;

/// One leak of the list.
pub(crate) struct LeakRow {
    pub(crate) href: String,
    pub(crate) client: String,
    pub(crate) hint: String,
    /// The client's tenant; empty for who sees their own alone.
    pub(crate) owner: String,
    pub(crate) state: Verdict,
    pub(crate) reported: When,
    /// When the secret is turned off, if nobody decides before.
    pub(crate) revoked: Option<When>,
}

/// The leaks of an environment.
#[derive(Template)]
#[template(path = "pages/leaks.html")]
pub(crate) struct LeakListPage {
    pub(crate) frame: Frame,
    /// The list's own address.
    pub(crate) href: String,
    /// The state that was asked for; empty for any.
    pub(crate) state: String,
    /// Whether the leaks are of several tenants' clients.
    pub(crate) shows_owner: bool,
    /// The tenants to choose from; none where they are too many.
    pub(crate) tenants: Option<Vec<(String, String)>>,
    pub(crate) tenant: String,
    pub(crate) rows: Vec<LeakRow>,
    pub(crate) pager: Pager,
}

impl LeakListPage {
    fn is_filtered(&self) -> bool {
        !self.state.is_empty() || !self.tenant.is_empty()
    }

    fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.pager.first.is_none() && self.pager.next.is_none()
    }

    fn state_filter(&self) -> Field {
        let options = [
            ("", words::leaks::ANY),
            ("quarantined", words::leaks::QUARANTINED),
            ("reported", words::leaks::REPORTED),
            ("released", words::leaks::RELEASED),
            ("revoked", words::leaks::REVOKED),
        ];
        let options = options.map(|(word, said)| (word.to_owned(), said.to_owned())).into();
        Field::select("state", words::leaks::STATE, options).value(&self.state)
    }

    fn tenant_filter(&self) -> Option<Field> {
        let tenants = (words::members::ANY_ORGANISATION, self.tenants.as_deref());
        self.shows_owner.then(|| tenant_field(words::members::ORGANISATION, tenants, &self.tenant))
    }

    fn empty(&self) -> Empty {
        if self.is_filtered() {
            let action = Some(Button::plain(words::leaks::SHOW_ALL).to(self.href.clone()));
            return Empty { icon: "leaks", title: words::leaks::NOTHING, text: words::leaks::NOTHING_WHY, action };
        }
        Empty { icon: "leaks", title: words::leaks::EMPTY, text: words::leaks::EMPTY_WHY, action: None }
    }
}

/// Where a secret was found: a stranger's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FoundAt {
    pub(crate) text: String,
    /// Whether it is a link.
    pub(crate) is_link: bool,
}

/// One leak, with what can be decided about it.
#[derive(Template)]
#[template(path = "pages/leak.html")]
pub(crate) struct LeakPage {
    pub(crate) frame: Frame,
    /// Its own address.
    pub(crate) href: String,
    pub(crate) id: String,
    pub(crate) hint: String,
    pub(crate) state: Verdict,
    /// What the state means for the secret.
    pub(crate) banner: Banner,
    /// The client's name and page.
    pub(crate) client: (String, String),
    /// The secret's page.
    pub(crate) credential: String,
    /// The client's tenant, for the operator.
    pub(crate) owner: Option<String>,
    pub(crate) reporter: String,
    pub(crate) found: Option<FoundAt>,
    pub(crate) reported: When,
    pub(crate) ended: Option<When>,
    pub(crate) reason: String,
    /// Whether nobody has decided yet.
    pub(crate) is_open: bool,
    /// Whether it gives no tokens meanwhile.
    pub(crate) is_quarantined: bool,
    pub(crate) may_edit: bool,
    /// What somebody typed as a reason.
    pub(crate) typed: String,
    /// The dialog that the address asks for; empty for none.
    pub(crate) dialog: String,
    pub(crate) mistake: Option<Mistake>,
}

const REVOKE: &str = "revoke";

impl LeakPage {
    fn wrong(&self) -> Option<Banner> {
        super::members::banner_of(self.mistake.as_ref(), &["reason"])
    }

    fn add(&self) -> Button {
        Button::primary(words::leaks::ADD).icon("plus").to(format!("{}/credentials/new", self.client.1))
    }

    fn release_means(&self) -> &'static str {
        if self.is_quarantined { words::leaks::RELEASE_MEANS } else { words::leaks::CLOSE_MEANS }
    }

    fn reason_field(&self) -> Field {
        Field::text("reason", words::leaks::RELEASE_REASON)
            .hint(words::leaks::RELEASE_REASON_HINT)
            .value(&self.typed)
            .error(at(self.mistake.as_ref(), &["reason"]))
            .unremembered()
    }

    fn release() -> Button {
        Button::plain(words::leaks::RELEASE)
    }

    fn revoke_button() -> Button {
        Button::danger(words::leaks::REVOKE).opens(REVOKE)
    }

    fn confirm(&self) -> Confirm {
        Confirm {
            id: REVOKE,
            title: words::leaks::confirm_revoke(&self.hint),
            effect: words::leaks::REVOKE_MEANS.to_owned(),
            action: format!("{}/{REVOKE}", self.href),
            csrf: self.frame.visit.csrf.clone(),
            label: words::leaks::REVOKE,
            dangerous: true,
            typed: Some(self.hint.clone()),
            also: None,
            once: None,
            open: self.dialog == REVOKE,
            back: self.href.clone(),
        }
    }
}
