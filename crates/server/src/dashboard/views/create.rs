use askama::Template;

use super::Method;
use crate::dashboard::components::{Banner, Button, Choice, Choices, Code, Empty, Field, icon};
use crate::dashboard::frame::{Frame, Tone};
use crate::dashboard::words;

/// An API with the scopes that a client can be given.
pub(crate) struct ResourceChoice {
    pub(crate) name: String,
    pub(crate) uri: String,
    /// Each with its description and whether it is chosen.
    pub(crate) scopes: Vec<(String, String, bool)>,
}

/// The form of a new client.
#[derive(Template)]
#[template(path = "pages/client_form.html")]
pub(crate) struct ClientFormPage {
    pub(crate) frame: Frame,
    pub(crate) action: String,
    pub(crate) name: String,
    /// What is wrong with the name.
    pub(crate) name_error: Option<&'static str>,
    pub(crate) method: Method,
    pub(crate) resources: Vec<ResourceChoice>,
    /// In how many days its credential may expire, with words, the chosen one first named.
    pub(crate) expiry: Vec<(String, String)>,
    /// What is wrong with the form as a whole.
    pub(crate) error: Option<String>,
}

impl ClientFormPage {
    fn name_field(&self) -> Field {
        Field::text("name", words::create::NAME)
            .hint(words::create::NAME_HINT)
            .value(&self.name)
            .max(100)
            .error(self.name_error)
            .unremembered()
    }

    fn methods(&self) -> Choices {
        let cards = Method::ALL.map(|method| Choice {
            value: method.as_str(),
            title: method.word().to_owned(),
            text: method.means().to_owned(),
            icon: method.picture(),
            badge: (method == Method::KeyPair).then_some(words::client::RECOMMENDED),
            checked: method == self.method,
            disabled: false,
        });
        let legend = words::create::METHOD.to_owned();
        Choices { name: "method", legend, hint: None, error: None, many: false, cards: cards.into() }
    }

    fn expiry_field(&self) -> Field {
        Field::select("expires_in_days", words::create::EXPIRY, self.expiry.clone())
    }

    fn no_resources() -> Empty {
        Empty { icon: "resources", title: words::create::NO_SCOPES, text: words::create::NO_SCOPES_WHY, action: None }
    }

    fn banner(error: &str) -> Banner {
        Banner::new(Tone::Bad, error, "")
    }

    fn submit() -> Button {
        Button::primary(words::create::REVIEW)
    }
}

/// What is about to be made, in a sentence.
#[derive(Template)]
#[template(path = "pages/client_review.html")]
pub(crate) struct ClientReviewPage {
    pub(crate) frame: Frame,
    pub(crate) action: String,
    /// The form's fields again, to be sent with the answer.
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) name: String,
    pub(crate) method: Method,
    /// The APIs by name with the scopes on each.
    pub(crate) access: Vec<(String, Vec<String>)>,
    pub(crate) token_minutes: u32,
    /// The day that the credential expires on.
    pub(crate) expires: String,
    /// The form, filled in.
    pub(crate) back: String,
    pub(crate) api: Code,
}

impl ClientReviewPage {
    fn lives(&self) -> String {
        words::create::lives(self.token_minutes, &format!("its {}", self.method.word().to_lowercase()), &self.expires)
    }
}
