use askama::Template;

use crate::dashboard::components::{Banner, Button, Code, Secret, icon};
use crate::dashboard::frame::{Frame, Tone};
use crate::dashboard::words;

/// A client that was just made, with its secret, once.
#[derive(Template)]
#[template(path = "pages/client_result.html")]
pub(crate) struct ClientResultPage {
    pub(crate) frame: Frame,
    pub(crate) name: String,
    pub(crate) client_id: String,
    /// The secret; none once the page is loaded again, and none for credentials that have no secret.
    pub(crate) secret: Option<String>,
    /// Commands and programs that get a token with it. All are on the page, since going to another would lose the secret.
    pub(crate) snippets: Vec<Code>,
    /// The client's own page.
    pub(crate) finish: String,
}

impl ClientResultPage {
    fn secret_field(value: &str) -> Secret {
        Secret { id: "client-secret", label: words::result::SECRET, hint: words::result::SECRET_HINT, value: value.to_owned() }
    }

    fn gone(&self) -> Banner {
        let another = Button::plain(words::client::ADD_CREDENTIAL).to(format!("{}/credentials", self.finish));
        Banner::new(Tone::Note, words::result::GONE, words::result::GONE_WHY).action(another)
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
