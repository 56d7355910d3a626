use askama::Template;
use mintmark_core::model::ProofKind;

use crate::dashboard::components::{Banner, Button, Empty, Field, Icon, Pager, Status, When, icon};
use crate::dashboard::frame::Frame;
use crate::dashboard::words;

/// How a client proves itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    Secret,
    KeyPair,
    Certificate,
    SharedKey,
    Federated,
}

impl Method {
    /// Those that a new client may have.
    pub(crate) const ALL: [Method; 3] = [Method::Secret, Method::KeyPair, Method::Certificate];

    /// The one that a kind of credential is of.
    pub(crate) fn of(kind: ProofKind) -> Self {
        match kind {
            ProofKind::Secret => Method::Secret,
            ProofKind::SharedKey => Method::SharedKey,
            ProofKind::PublicKey | ProofKind::KeySet => Method::KeyPair,
            ProofKind::CertificateName | ProofKind::Certificate => Method::Certificate,
            ProofKind::Federated => Method::Federated,
        }
    }

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Method::Secret => "secret",
            Method::KeyPair => "key_pair",
            Method::Certificate => "certificate",
            Method::SharedKey => "shared_key",
            Method::Federated => "federated",
        }
    }

    pub(crate) fn word(self) -> &'static str {
        match self {
            Method::Secret => words::client::SECRET,
            Method::KeyPair => words::client::KEY_PAIR,
            Method::Certificate => words::client::CERTIFICATE,
            Method::SharedKey => words::client::SHARED_KEY,
            Method::Federated => words::client::FEDERATED,
        }
    }

    pub(crate) fn means(self) -> &'static str {
        match self {
            Method::Secret => words::client::SECRET_MEANS,
            Method::KeyPair => words::client::KEY_PAIR_MEANS,
            Method::Certificate => words::client::CERTIFICATE_MEANS,
            Method::SharedKey => words::client::SHARED_KEY_MEANS,
            Method::Federated => words::client::FEDERATED_MEANS,
        }
    }

    pub(crate) fn picture(self) -> &'static str {
        match self {
            Method::Secret | Method::SharedKey => "secret",
            Method::KeyPair => "keys",
            Method::Certificate => "certificate",
            Method::Federated => "explain",
        }
    }

    pub(crate) fn icon(self) -> Icon {
        icon(self.picture())
    }
}

/// One client of the list.
pub(crate) struct ClientRow {
    pub(crate) name: String,
    pub(crate) href: String,
    pub(crate) client_id: String,
    /// Nothing where it has nothing in force.
    pub(crate) method: Option<Method>,
    pub(crate) status: Status,
    pub(crate) scopes: usize,
    pub(crate) last_used: When,
    pub(crate) expires: When,
    pub(crate) owner: String,
}

/// The clients of an environment.
#[derive(Template)]
#[template(path = "pages/clients.html")]
pub(crate) struct ClientListPage {
    pub(crate) frame: Frame,
    pub(crate) environment: String,
    /// What was searched for.
    pub(crate) query: String,
    /// The status that was asked for; empty for any.
    pub(crate) status: String,
    pub(crate) rows: Vec<ClientRow>,
    pub(crate) pager: Pager,
    /// Whether the clients are of several tenants.
    pub(crate) shows_owner: bool,
    /// Whether who looks may make clients.
    pub(crate) may_edit: bool,
    /// Why the list could not be read.
    pub(crate) problem: Option<Banner>,
}

impl ClientListPage {
    fn is_filtered(&self) -> bool {
        !self.query.is_empty() || !self.status.is_empty()
    }

    fn new_client(&self) -> Button {
        Button::primary(words::list::NEW).icon("plus").to(format!("/{}/clients/new", self.environment)).keys("n")
    }

    /// Whether there is nothing at all: no page before this one, and none after.
    fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.pager.first.is_none() && self.pager.next.is_none()
    }

    fn search(&self) -> Field {
        Field::search("q", words::list::SEARCH).value(&self.query)
    }

    fn status_filter(&self) -> Field {
        let options = [("", words::list::ANY), ("active", words::status::ACTIVE), ("disabled", words::status::DISABLED)];
        let options = options.map(|(word, said)| (word.to_owned(), said.to_owned())).into();
        Field::select("status", words::list::STATUS, options).value(&self.status)
    }

    fn empty(&self) -> Empty {
        if self.is_filtered() {
            let all = Button::plain(words::list::NOTHING_ACTION).to(format!("/{}/clients", self.environment));
            Empty { icon: "search", title: words::list::NOTHING, text: words::list::NOTHING_WHY, action: Some(all) }
        } else {
            let first =
                Button::primary(words::list::EMPTY_ACTION).icon("plus").to(format!("/{}/clients/new", self.environment));
            let action = self.may_edit.then_some(first);
            Empty { icon: "clients", title: words::list::EMPTY, text: words::list::EMPTY_WHY, action }
        }
    }
}
