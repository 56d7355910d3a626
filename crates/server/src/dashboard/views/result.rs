use askama::Template;

use super::Method;
use crate::dashboard::components::{Banner, Button, Code, Secret, icon};
use crate::dashboard::frame::{Frame, Tone};
use crate::dashboard::words;

/// A program that gets a token.
pub(crate) struct Snippet {
    /// Its name among the page's elements.
    pub(crate) id: String,
    /// The wire format that it speaks.
    pub(crate) dialect: String,
    pub(crate) language: &'static str,
    pub(crate) text: String,
}

/// A secret that was made just now, once: with its client, for one more, or in place of another.
#[derive(Template)]
#[template(path = "pages/client_result.html")]
pub(crate) struct ClientResultPage {
    pub(crate) frame: Frame,
    pub(crate) heading: String,
    pub(crate) lead: String,
    pub(crate) name: String,
    pub(crate) client_id: String,
    /// The secret; none once the page is loaded again, and none for credentials that have no secret.
    pub(crate) secret: Option<String>,
    /// Where another secret is made, if there was one, which is not shown again.
    pub(crate) gone: Option<String>,
    pub(crate) method: Method,
    /// Commands and programs that get a token with it. All are on the page, since going to another would lose the secret.
    pub(crate) snippets: Vec<Snippet>,
    /// What the client's own assertions say, if it makes any.
    pub(crate) assertion: Option<Code>,
    /// The client's own page.
    pub(crate) finish: String,
}

impl ClientResultPage {
    fn secret_field(&self, value: &str) -> Secret {
        let (label, hint) = match self.method {
            Method::SharedKey => (words::result::SHARED_KEY, words::result::SHARED_KEY_HINT),
            _ => (words::result::SECRET, words::result::SECRET_HINT),
        };
        Secret { id: "client-secret", label, hint, value: value.to_owned() }
    }

    fn gone_banner(another: &str) -> Banner {
        let another = Button::plain(words::result::ANOTHER).to(another.to_owned());
        Banner::new(Tone::Note, words::result::GONE, words::result::GONE_WHY).action(another)
    }

    /// How the programs get what proves the client.
    fn next_why(&self) -> &'static str {
        match self.method {
            Method::Secret => words::result::NEXT_WHY,
            Method::Certificate => "",
            Method::KeyPair | Method::SharedKey | Method::Federated => words::result::NEXT_KEY_WHY,
        }
    }

    /// The snippets by dialect, in their order.
    fn by_dialect(&self) -> Vec<(&str, Vec<&Snippet>)> {
        let mut groups: Vec<(&str, Vec<&Snippet>)> = Vec::new();
        for snippet in &self.snippets {
            match groups.last_mut().filter(|(dialect, _)| *dialect == snippet.dialect) {
                Some((_, group)) => group.push(snippet),
                None => groups.push((&snippet.dialect, vec![snippet])),
            }
        }
        groups
    }

    /// What stands before and after the secret in a file of environment variables. The file is made in the browser: the secret is
    /// in no address, and is not asked for twice.
    fn env_file(&self) -> (String, &'static str) {
        (format!("CLIENT_ID={}\nCLIENT_SECRET=", self.client_id), "\n")
    }

    /// The same for a file of JSON. Neither value holds a character that JSON escapes.
    fn json_file(&self) -> (String, &'static str) {
        (format!("{{\n  \"client_id\": \"{}\",\n  \"client_secret\": \"", self.client_id), "\"\n}\n")
    }
}

/// A form that was sent before, and nobody knows what became of it.
#[derive(Template)]
#[template(path = "pages/client_unclear.html")]
pub(crate) struct ClientUnclearPage {
    pub(crate) frame: Frame,
    pub(crate) list: String,
}

impl ClientUnclearPage {
    fn look(&self) -> Button {
        Button::primary(words::list::TITLE).to(self.list.clone())
    }
}
