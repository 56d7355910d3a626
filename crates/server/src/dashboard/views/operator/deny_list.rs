use askama::Template;

use crate::dashboard::components::{Button, Empty, Field, Pager, When, icon};
use crate::dashboard::frame::Frame;
use crate::dashboard::words;

/// Something whose tokens are refused.
pub(crate) struct DeniedRow {
    pub(crate) kind: &'static str,
    pub(crate) id: String,
    /// Its page, where it has one.
    pub(crate) href: Option<String>,
    /// None for what counts in every environment.
    pub(crate) environment: Option<String>,
    pub(crate) since: Option<When>,
    pub(crate) by: Option<String>,
    pub(crate) until: When,
}

/// What somebody typed, and what is wrong with it. A token is never shown again.
#[derive(Clone, Debug, Default)]
pub(crate) struct DenyTyped {
    pub(crate) environment: String,
    pub(crate) client: String,
    pub(crate) credential: String,
    pub(crate) tenant: String,
    /// The field and what is wrong with it.
    pub(crate) mistake: Option<(&'static str, String)>,
}

/// What is revoked now.
#[derive(Template)]
#[template(path = "pages/operator/deny_list.html")]
pub(crate) struct DenyListPage {
    pub(crate) frame: Frame,
    pub(crate) kind: String,
    pub(crate) environment: String,
    /// Their names.
    pub(crate) environments: Vec<String>,
    pub(crate) rows: Vec<DeniedRow>,
    pub(crate) pager: Pager,
    pub(crate) may_edit: bool,
    pub(crate) typed: DenyTyped,
}

impl DenyListPage {
    fn is_filtered(&self) -> bool {
        !self.kind.is_empty() || !self.environment.is_empty()
    }

    fn empty(&self) -> Empty {
        let title = if self.is_filtered() { words::deny_list::NOTHING } else { words::deny_list::EMPTY };
        let action = self.is_filtered().then(|| Button::plain(words::deny_list::NOTHING_ACTION).to("/revocations"));
        Empty { icon: "revocations", title, text: words::deny_list::EMPTY_WHY, action }
    }

    fn kind_filter(&self) -> Field {
        let options = [
            ("", words::deny_list::ANY),
            ("token", words::deny_list::TOKEN),
            ("credential", words::deny_list::CREDENTIAL),
            ("client", words::deny_list::CLIENT),
            ("business", words::deny_list::BUSINESS),
            ("tenant", words::deny_list::TENANT),
        ];
        let options = options.map(|(word, said)| (word.to_owned(), said.to_owned())).into();
        Field::select("kind", words::deny_list::KIND, options).value(&self.kind)
    }

    fn environment_options(&self) -> Vec<(String, String)> {
        self.environments.iter().map(|name| (name.clone(), name.clone())).collect()
    }

    fn environment_filter(&self) -> Field {
        let any = (String::new(), words::deny_list::ANY.to_owned());
        let options = std::iter::once(any).chain(self.environment_options()).collect();
        Field::select("environment", words::deny_list::ENVIRONMENT, options).value(&self.environment)
    }

    fn error(&self, field: &str) -> Option<&str> {
        self.typed.mistake.as_ref().filter(|(known, _)| *known == field).map(|(_, text)| text.as_str())
    }

    fn token_field(&self) -> Field {
        Field::area("token", words::deny_list::TOKEN_FIELD).max(16_384).error(self.error("token"))
    }

    fn environment_field(&self) -> Field {
        let field = Field::select("environment", words::deny_list::ENVIRONMENT, self.environment_options());
        field.identified("revoke-environment").value(&self.typed.environment)
    }

    fn client_field(&self) -> Field {
        let field = Field::text("client_id", words::deny_list::CLIENT_ID).value(&self.typed.client).max(128);
        field.error(self.error("client_id")).unremembered()
    }

    fn credential_field(&self) -> Field {
        let field = Field::text("credential_id", words::deny_list::CREDENTIAL_ID).hint(words::deny_list::CREDENTIAL_HINT);
        field.optional().value(&self.typed.credential).error(self.error("credential_id")).unremembered()
    }

    fn tenant_field(&self) -> Field {
        let field = Field::text("tenant_id", words::deny_list::TENANT_ID).value(&self.typed.tenant);
        field.error(self.error("tenant_id")).unremembered()
    }

    fn revoke() -> Button {
        Button::danger(words::deny_list::REVOKE)
    }

    fn end() -> Button {
        Button::danger(words::deny_list::END)
    }
}
