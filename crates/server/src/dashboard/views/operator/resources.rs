use askama::Template;

use crate::dashboard::components::{Banner, Button, Empty, Field, Pager, Tab, Tabs, When, icon};
use crate::dashboard::frame::{Frame, Tone};
use crate::dashboard::words;

/// One resource of the list.
pub(crate) struct ResourceRow {
    pub(crate) name: String,
    pub(crate) href: String,
    pub(crate) uri: String,
    pub(crate) scopes: usize,
    pub(crate) format: &'static str,
    pub(crate) algorithm: &'static str,
}

/// The resources of an environment.
#[derive(Template)]
#[template(path = "pages/operator/resources.html")]
pub(crate) struct ResourceListPage {
    pub(crate) frame: Frame,
    pub(crate) environment: String,
    /// Each environment, its page here, and whether it is shown.
    pub(crate) environments: Vec<(String, String, bool)>,
    pub(crate) rows: Vec<ResourceRow>,
    pub(crate) may_edit: bool,
}

impl ResourceListPage {
    fn tabs(&self) -> Tabs {
        let tab =
            |(name, href, current): &(String, String, bool)| Tab { label: name.clone(), href: href.clone(), current: *current };
        Tabs { label: words::operator::ENVIRONMENTS, tabs: self.environments.iter().map(tab).collect() }
    }

    fn new_resource(&self) -> Button {
        Button::primary(words::resources::NEW).icon("plus").to(format!("/resources/{}/new", self.environment)).keys("n")
    }

    fn empty(&self) -> Empty {
        let action = self.may_edit.then(|| self.new_resource());
        Empty { icon: "resources", title: words::resources::EMPTY, text: words::resources::EMPTY_WHY, action }
    }
}

/// What somebody typed of a resource, and what is wrong with it.
#[derive(Clone, Debug, Default)]
pub(crate) struct ResourceTyped {
    pub(crate) name: String,
    pub(crate) uri: String,
    pub(crate) scopes: String,
    pub(crate) format: String,
    pub(crate) algorithm: String,
    /// The field, none for the form as a whole, and what is wrong.
    pub(crate) mistake: Option<(Option<&'static str>, String)>,
}

impl ResourceTyped {
    fn error(&self, fields: &[&str]) -> Option<&str> {
        let (field, text) = self.mistake.as_ref()?;
        field.is_some_and(|field| fields.contains(&field)).then_some(text.as_str())
    }

    fn whole(&self) -> Option<Banner> {
        let (field, text) = self.mistake.as_ref()?;
        let known = ["name", "uri", "scopes", "remove_scopes"];
        field.is_none_or(|field| !known.contains(&field)).then(|| Banner::new(Tone::Bad, text, ""))
    }

    fn name_field(&self) -> Field {
        let field = Field::text("name", words::resources::NAME).hint(words::resources::NAME_HINT).value(&self.name);
        field.error(self.error(&["name"])).unremembered()
    }

    fn uri_field(&self) -> Field {
        let field = Field::text("uri", words::resources::URI).hint(words::resources::URI_HINT).value(&self.uri);
        field.max(mintmark_core::model::ResourceUri::MAX_LENGTH).error(self.error(&["uri"])).unremembered()
    }

    fn scopes_field(&self, hint: &str) -> Field {
        let field = Field::area("scopes", words::resources::SCOPES).hint(hint).optional().max(SCOPES_MAX);
        field.value(&self.scopes).error(self.error(&["scopes", "remove_scopes"]))
    }

    /// A resource that has a form of tokens keeps one.
    fn format_field(&self, may_be_default: bool) -> Field {
        let all =
            [("", words::resources::FORMAT_DEFAULT), ("jwt", words::resources::JWT), ("opaque", words::resources::OPAQUE)];
        let options = all.into_iter().filter(|(word, _)| may_be_default || !word.is_empty());
        let options = options.map(|(word, said)| (word.to_owned(), said.to_owned())).collect();
        Field::select("token_format", words::resources::FORMAT, options).value(&self.format)
    }

    fn algorithm_field(&self) -> Field {
        let all =
            mintmark_verify::Algorithm::ALL.map(|algorithm| (algorithm.as_str().to_owned(), algorithm.as_str().to_owned()));
        let default = (String::new(), words::resources::ALGORITHM_DEFAULT.to_owned());
        let options = std::iter::once(default).chain(all).collect();
        Field::select("algorithm", words::resources::ALGORITHM, options).value(&self.algorithm)
    }
}

/// The most characters of a catalogue in a form, which may have 32 KiB.
const SCOPES_MAX: usize = 24_000;

/// The form of a new resource.
#[derive(Template)]
#[template(path = "pages/operator/resource_form.html")]
pub(crate) struct ResourceFormPage {
    pub(crate) frame: Frame,
    pub(crate) action: String,
    pub(crate) typed: ResourceTyped,
}

impl ResourceFormPage {
    fn submit() -> Button {
        Button::primary(words::resources::CREATE)
    }
}

/// A client that has to do with a resource.
pub(crate) struct HolderRow {
    pub(crate) name: String,
    pub(crate) id: String,
    pub(crate) href: String,
    /// The scopes that it has.
    pub(crate) scopes: Vec<String>,
    pub(crate) serves: bool,
}

/// One resource.
#[derive(Template)]
#[template(path = "pages/operator/resource.html")]
pub(crate) struct ResourcePage {
    pub(crate) frame: Frame,
    pub(crate) name: String,
    pub(crate) uri: String,
    pub(crate) id: String,
    pub(crate) action: String,
    pub(crate) version: u64,
    pub(crate) format: &'static str,
    pub(crate) algorithm: &'static str,
    pub(crate) has_format: bool,
    pub(crate) created: When,
    /// Each scope with what it allows.
    pub(crate) scopes: Vec<(String, String)>,
    pub(crate) holders: Vec<HolderRow>,
    pub(crate) pager: Pager,
    pub(crate) has_more: bool,
    pub(crate) may_edit: bool,
    pub(crate) typed: ResourceTyped,
}

impl ResourcePage {
    fn format_field(&self) -> Field {
        self.typed.format_field(!self.has_format)
    }

    fn submit() -> Button {
        Button::primary(words::resources::SAVE)
    }
}
