use askama::Template;

use super::{ClientHead, Method, certificate_field, method_cards, public_key_field};
use crate::dashboard::components::{Banner, Button, Choices, Confirm, Field, Status, When, icon};
use crate::dashboard::frame::{Frame, Tone};
use crate::dashboard::mistake::{Mistake, at};
use crate::dashboard::words;

/// One credential of a client.
pub(crate) struct CredentialRow {
    /// What it can be told by: a secret's last letters, a key's thumbprint.
    pub(crate) hint: String,
    /// Its own page.
    pub(crate) href: String,
    pub(crate) method: Method,
    pub(crate) status: Status,
    pub(crate) created: When,
    pub(crate) last_used: When,
    /// From where it was last used.
    pub(crate) from: Option<String>,
    pub(crate) expires: When,
    /// What it is limited to, in words; empty for nothing.
    pub(crate) limits: String,
}

/// What proves a client.
#[derive(Template)]
#[template(path = "pages/client_credentials.html")]
pub(crate) struct ClientCredentialsPage {
    pub(crate) frame: Frame,
    pub(crate) head: ClientHead,
    pub(crate) notices: Vec<Banner>,
    pub(crate) rows: Vec<CredentialRow>,
    pub(crate) may_edit: bool,
}

impl ClientCredentialsPage {
    fn add(&self) -> Button {
        Button::primary(words::client::ADD_CREDENTIAL).icon("plus").to(format!("{}/credentials/new", self.head.href)).keys("n")
    }
}

/// The form of one more credential.
#[derive(Template)]
#[template(path = "pages/credential_form.html")]
pub(crate) struct CredentialFormPage {
    pub(crate) frame: Frame,
    pub(crate) head: ClientHead,
    pub(crate) once: String,
    pub(crate) method: Method,
    pub(crate) public_key: String,
    pub(crate) certificate: String,
    pub(crate) expiry: Vec<(String, String)>,
    pub(crate) expires_in: String,
    pub(crate) mistake: Option<Mistake>,
}

impl CredentialFormPage {
    fn methods(&self) -> Choices {
        method_cards(self.method)
    }

    fn public_key_field(&self) -> Field {
        public_key_field(&self.public_key, at(self.mistake.as_ref(), &["public_key", "proof"]))
    }

    fn certificate_field(&self) -> Field {
        certificate_field(&self.certificate, at(self.mistake.as_ref(), &["certificate"]))
    }

    fn expiry_field(&self) -> Field {
        expiry_field(&self.expiry, &self.expires_in, self.mistake.as_ref())
    }

    fn banner(&self) -> Option<Banner> {
        let mistake =
            self.mistake.as_ref().filter(|mistake| !["public_key", "certificate", "expires_at"].contains(&mistake.field));
        mistake.map(|mistake| Banner::new(Tone::Bad, words::create::NOTHING_MADE, mistake.text.clone()))
    }

    fn submit() -> Button {
        Button::primary(words::client::ADD_CREDENTIAL)
    }
}

fn expiry_field(options: &[(String, String)], chosen: &str, mistake: Option<&Mistake>) -> Field {
    let field = Field::select("expires_in_days", words::create::EXPIRY, options.to_vec());
    field.value(chosen).error(at(mistake, &["expires_at"]))
}

/// A fact with its name.
pub(crate) struct Fact {
    pub(crate) name: String,
    pub(crate) value: String,
}

/// One credential of a client, with what can be done with it.
#[derive(Template)]
#[template(path = "pages/credential.html")]
pub(crate) struct CredentialPage {
    pub(crate) frame: Frame,
    pub(crate) name: String,
    pub(crate) id: String,
    pub(crate) row: CredentialRow,
    /// What is known of a key or a certificate.
    pub(crate) details: Vec<Fact>,
    pub(crate) notices: Vec<Banner>,
    pub(crate) version: u64,
    /// Whether it may be changed: it is in force, and who looks may.
    pub(crate) may_edit: bool,
    pub(crate) rotation: Option<Rotation>,
    pub(crate) limits: Limits,
    pub(crate) expiry: Vec<(String, String)>,
    /// The dialog that the address asks for; empty for none.
    pub(crate) dialog: String,
    pub(crate) effect: String,
    pub(crate) mistake: Option<Mistake>,
}

/// The rotation that a secret is in.
pub(crate) enum Rotation {
    /// None: one can be begun.
    Idle {
        /// How long both may be in force, each with its words.
        graces: Vec<(String, String)>,
        once: String,
    },
    /// Under way, with this secret as the old one.
    UnderWay(Box<RotationUnderWay>),
    /// Under way, with this secret as the new one: the old one's page has it.
    Successor { old_hint: String, old: String },
}

/// A rotation with what one goes by to end it.
pub(crate) struct RotationUnderWay {
    pub(crate) old: RotatedSecret,
    pub(crate) new: RotatedSecret,
    pub(crate) deadline: When,
    pub(crate) is_safe: bool,
    /// Whether the old one can go, in words.
    pub(crate) verdict: String,
    pub(crate) graces: Vec<(String, String)>,
}

/// One of the two secrets.
pub(crate) struct RotatedSecret {
    pub(crate) hint: String,
    pub(crate) href: String,
    pub(crate) last_used: When,
    pub(crate) from: Option<String>,
    /// Whether it is the one that was used last.
    pub(crate) is_latest: bool,
}

/// What a credential is limited to, as it is typed.
#[derive(Default)]
pub(crate) struct Limits {
    pub(crate) networks: String,
    pub(crate) not_before: String,
    /// The client's scopes, each with whether the credential has it; with none chosen it has all.
    pub(crate) scopes: Vec<(String, bool)>,
    pub(crate) businesses: String,
}

/// What is chosen where nothing is known of what somebody wants.
const USUAL_DAYS: &str = "365";

impl RotationUnderWay {
    fn both(&self) -> [(&'static str, &RotatedSecret); 2] {
        [(words::rotation::OLD, &self.old), (words::rotation::NEW, &self.new)]
    }

    fn banner(&self) -> Banner {
        let (tone, title) =
            if self.is_safe { (Tone::Good, words::rotation::SAFE) } else { (Tone::Warning, words::rotation::NOT_SAFE) };
        Banner::new(tone, title, self.verdict.clone())
    }
}

impl CredentialPage {
    /// Whether its end is the rotation's to say.
    fn is_rotating(&self) -> bool {
        matches!(self.rotation, Some(Rotation::UnderWay(_)))
    }

    fn expiry_field(&self) -> Field {
        expiry_field(&self.expiry, USUAL_DAYS, self.mistake.as_ref())
    }

    fn networks_field(&self) -> Field {
        Field::area("networks", words::credential::NETWORKS)
            .hint(words::credential::NETWORKS_HINT)
            .value(&self.limits.networks)
            .max(2000)
            .optional()
            .error(at(self.mistake.as_ref(), &["networks"]))
    }

    fn not_before_field(&self) -> Field {
        Field::text("not_before", words::credential::NOT_BEFORE)
            .hint(words::credential::NOT_BEFORE_HINT)
            .value(&self.limits.not_before)
            .max(40)
            .optional()
            .unremembered()
            .error(at(self.mistake.as_ref(), &["not_before"]))
    }

    fn businesses_field(&self) -> Field {
        Field::area("business", words::create::BUSINESSES)
            .hint(words::credential::BUSINESSES_HINT)
            .value(&self.limits.businesses)
            .max(8000)
            .optional()
            .error(at(self.mistake.as_ref(), &["businesses"]))
    }

    fn grace_field(graces: &[(String, String)]) -> Field {
        Field::select("grace", words::rotation::GRACE, graces.to_vec()).hint(words::rotation::GRACE_HINT).value("24h")
    }

    fn extend_field(graces: &[(String, String)]) -> Field {
        Field::select("grace", words::rotation::EXTEND_TO, graces.to_vec()).identified("field-extend").value("24h")
    }

    fn banner(&self) -> Option<Banner> {
        let told = ["expires_at", "networks", "not_before", "businesses", "scopes"];
        let mistake = self.mistake.as_ref().filter(|mistake| !told.contains(&mistake.field));
        mistake.map(|mistake| Banner::new(Tone::Bad, words::credential::NOTHING_CHANGED, mistake.text.clone()))
    }

    fn scopes_error(&self) -> Option<&str> {
        at(self.mistake.as_ref(), &["scopes"])
    }

    fn disable_button() -> Button {
        Button::danger(words::client::DISABLE).opens(DISABLE)
    }

    fn revoke_button() -> Button {
        Button::plain(words::client::REVOKE).opens(REVOKE)
    }

    fn dialogs(&self) -> [Confirm; 2] {
        let dialog = |id: &'static str, title, effect: &str, label| Confirm {
            id,
            title,
            effect: effect.to_owned(),
            action: format!("{}/{id}", self.row.href),
            csrf: self.frame.visit.csrf.clone(),
            label,
            dangerous: id == DISABLE,
            typed: (id == DISABLE).then(|| self.row.hint.clone()),
            also: None,
            once: None,
            open: self.dialog == id,
            back: self.row.href.clone(),
        };
        [
            dialog(DISABLE, words::credential::confirm_disable(&self.row.hint), &self.effect, words::client::DISABLE),
            dialog(REVOKE, words::client::CONFIRM_REVOKE.to_owned(), words::credential::REVOKE_MEANS, words::client::REVOKE),
        ]
    }
}

const DISABLE: &str = "disable";
const REVOKE: &str = "revoke";
