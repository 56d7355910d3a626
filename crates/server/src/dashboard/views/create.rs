use askama::Template;

use super::Method;
use super::access::step_up_fields;
use crate::dashboard::components::{Banner, Button, Choice, Choices, Code, Empty, Field, Scopes, icon};
use crate::dashboard::frame::{Frame, Tone};
use crate::dashboard::mistake::{Mistake, at};
use crate::dashboard::words;

/// The form of a new client.
#[derive(Template)]
#[template(path = "pages/client_form.html")]
pub(crate) struct ClientFormPage {
    pub(crate) frame: Frame,
    pub(crate) action: String,
    pub(crate) name: String,
    /// The tenants to choose from with their names; none where there is nothing to choose.
    pub(crate) tenants: Vec<(String, String)>,
    /// Whether there are more tenants than are offered: then the identifier is typed.
    pub(crate) types_tenant: bool,
    pub(crate) tenant: String,
    pub(crate) method: Method,
    pub(crate) public_key: String,
    pub(crate) certificate: String,
    pub(crate) scopes: Scopes,
    pub(crate) businesses: String,
    /// The wire formats to choose from, each with whether it is chosen; none where there is nothing to choose.
    pub(crate) dialects: Vec<(String, bool)>,
    /// In how many days its credential may expire, with words.
    pub(crate) expiry: Vec<(String, String)>,
    pub(crate) expires_in: String,
    pub(crate) mistake: Option<Mistake>,
}

/// The fields that show a mistake about them beside them.
const TOLD_AT_FIELDS: [&str; 8] =
    ["name", "tenant_id", "public_key", "certificate", "grants", "businesses", "dialects", "expires_at"];

impl ClientFormPage {
    fn wrong(&self, field: &str) -> Option<&str> {
        at(self.mistake.as_ref(), &[field])
    }

    fn name_field(&self) -> Field {
        Field::text("name", words::create::NAME)
            .hint(words::create::NAME_HINT)
            .value(&self.name)
            .max(200)
            .error(self.wrong("name"))
            .unremembered()
    }

    fn tenant_field(&self) -> Option<Field> {
        let field = match (self.types_tenant, self.tenants.is_empty()) {
            (true, _) => Field::text("tenant", words::create::TENANT_ID).unremembered(),
            (false, false) => Field::select("tenant", words::create::TENANT, self.tenants.clone()),
            (false, true) => return None,
        };
        Some(field.value(&self.tenant).hint(words::create::TENANT_HINT).error(self.wrong("tenant_id")))
    }

    fn methods(&self) -> Choices {
        method_cards(self.method)
    }

    fn public_key_field(&self) -> Field {
        public_key_field(&self.public_key, self.wrong("public_key"))
    }

    fn certificate_field(&self) -> Field {
        certificate_field(&self.certificate, self.wrong("certificate"))
    }

    fn businesses_field(&self) -> Field {
        Field::area("business", words::create::BUSINESSES)
            .hint(words::create::BUSINESSES_HINT)
            .value(&self.businesses)
            .max(8000)
            .optional()
            .error(self.wrong("businesses"))
    }

    /// Whether one of the rarer answers is given, or wrong.
    fn has_more(&self) -> bool {
        let is_usual = self.dialects.iter().all(|(name, chosen)| *chosen == (name == "standard"));
        !self.businesses.is_empty() || !is_usual || at(self.mistake.as_ref(), &["businesses", "dialects"]).is_some()
    }

    fn expiry_field(&self) -> Field {
        Field::select("expires_in_days", words::create::EXPIRY, self.expiry.clone())
            .value(&self.expires_in)
            .error(self.wrong("expires_at"))
    }

    fn no_resources() -> Empty {
        Empty { icon: "resources", title: words::create::NO_SCOPES, text: words::create::NO_SCOPES_WHY, action: None }
    }

    /// What is wrong with the form as a whole, or with what it has no field for.
    fn banner(&self) -> Option<Banner> {
        let mistake = self.mistake.as_ref()?;
        let text = if TOLD_AT_FIELDS.contains(&mistake.field) { "" } else { mistake.text.as_str() };
        Some(Banner::new(Tone::Bad, words::create::NOTHING_MADE, text))
    }

    fn submit() -> Button {
        Button::primary(words::create::REVIEW)
    }
}

/// How a client proves itself, as cards.
pub(crate) fn method_cards(chosen: Method) -> Choices {
    let cards = Method::ALL.map(|method| Choice {
        value: method.as_str(),
        title: method.word().to_owned(),
        text: method.means().to_owned(),
        icon: method.picture(),
        badge: (method == Method::KeyPair).then_some(words::client::RECOMMENDED),
        checked: method == chosen,
        disabled: false,
    });
    let legend = words::create::METHOD.to_owned();
    Choices { name: "method", legend, hint: None, error: None, many: false, cards: cards.into() }
}

/// Where a public key is pasted.
pub(crate) fn public_key_field(value: &str, error: Option<&str>) -> Field {
    let field = Field::area("public_key", words::create::PUBLIC_KEY).hint(words::create::PUBLIC_KEY_HINT);
    field.value(value).max(8000).optional().error(error)
}

/// Where it is said which certificate.
pub(crate) fn certificate_field(value: &str, error: Option<&str>) -> Field {
    let field = Field::text("certificate", words::create::CERTIFICATE).hint(words::create::CERTIFICATE_HINT);
    field.value(value).max(1000).optional().error(error).unremembered()
}

/// What is about to be made, in a sentence.
#[derive(Template)]
#[template(path = "pages/client_review.html")]
pub(crate) struct ClientReviewPage {
    pub(crate) frame: Frame,
    pub(crate) action: String,
    /// The form's fields again, to be sent with the answer.
    pub(crate) fields: Vec<(String, String)>,
    /// The form's token, see [`once`](crate::dashboard::once).
    pub(crate) once: String,
    pub(crate) name: String,
    /// The tenant, where the operator chose one.
    pub(crate) tenant: Option<String>,
    pub(crate) method: Method,
    /// The APIs by name with the scopes on each.
    pub(crate) access: Vec<(String, Vec<String>)>,
    /// The businesses that it may act for; none for all.
    pub(crate) businesses: usize,
    pub(crate) dialects: Vec<String>,
    pub(crate) token_minutes: u32,
    /// The day that the credential expires on, if it does.
    pub(crate) expires: Option<String>,
    /// The nonce of a form in which whoever sends it shows who they are; none where they need not.
    pub(crate) nonce: Option<String>,
    pub(crate) api: Code,
}

impl ClientReviewPage {
    fn lives(&self) -> String {
        let method = format!("its {}", self.method.word().to_lowercase());
        words::create::lives(self.token_minutes, &method, self.expires.as_deref())
    }

    fn acts_for(&self) -> String {
        match self.businesses {
            0 => words::create::ALL_BUSINESSES.to_owned(),
            count => words::create::businesses(count),
        }
    }

    fn step_up() -> [Field; 2] {
        step_up_fields()
    }
}
