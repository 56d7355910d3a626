use askama::Template;

use super::{Verdict, Way};
use crate::dashboard::components::{Banner, Button, Code, Field, Tabs, icon};
use crate::dashboard::frame::Frame;
use crate::dashboard::words;

/// One check of a token.
pub(crate) struct TokenLine {
    pub(crate) check: &'static str,
    pub(crate) verdict: Verdict,
    pub(crate) detail: String,
}

/// What was found of a token: never the token.
pub(crate) struct Looked {
    pub(crate) banner: Banner,
    pub(crate) environment: Option<String>,
    pub(crate) lines: Vec<TokenLine>,
    pub(crate) header: Option<Code>,
    pub(crate) claims: Option<Code>,
}

/// The token debugger.
#[derive(Template)]
#[template(path = "pages/token.html")]
pub(crate) struct TokenPage {
    pub(crate) frame: Frame,
    pub(crate) environment: String,
    pub(crate) error: Option<String>,
    pub(crate) looked: Option<Looked>,
}

impl TokenPage {
    fn tabs(&self) -> Tabs {
        Way::Token.tabs(&self.environment)
    }

    fn field(&self) -> Field {
        let field = Field::area("token", words::token::TOKEN).hint(words::token::TOKEN_HINT).max(16_384);
        field.error(self.error.as_deref())
    }

    fn submit() -> Button {
        Button::primary(words::token::SUBMIT)
    }
}
