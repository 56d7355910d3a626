//! What is around every page.

use http::HeaderMap;
use mintmark_core::management::Role;

use super::navigation::{Group, Section, groups};
use super::theme::Theme;
use super::{AdminApp, cookies, security, words};

/// What a request says about whoever made it, without asking who they are.
#[derive(Clone, Debug)]
pub(crate) struct Visit {
    /// The page's own path, to come back to.
    pub(crate) path: String,
    pub(crate) theme: Theme,
    /// The session's token for forms; empty where there is no session.
    pub(crate) csrf: String,
}

impl Visit {
    /// The visit of a page.
    pub(crate) fn of(app: &AdminApp, headers: &HeaderMap, path: impl Into<String>) -> Self {
        let session = cookies::value(headers, cookies::session_name(app));
        let csrf = session.map(|session| security::token(session, app.random())).unwrap_or_default();
        Self { path: path.into(), theme: Theme::of(headers), csrf }
    }
}

/// Everything around a page but the page.
pub(crate) struct Frame {
    pub(crate) title: String,
    pub(crate) visit: Visit,
    pub(crate) environments: Vec<EnvironmentLink>,
    pub(crate) navigation: Vec<Group>,
    pub(crate) breadcrumbs: Vec<Crumb>,
    pub(crate) flash: Option<Flash>,
    pub(crate) person: Option<Person>,
    /// A token for a form of this page whose answer shows a secret; see [`once`](super::once).
    pub(crate) once: String,
}

/// One of the environments that one can switch to.
pub(crate) struct EnvironmentLink {
    pub(crate) name: String,
    pub(crate) href: String,
    pub(crate) current: bool,
}

impl EnvironmentLink {
    /// Whether mistakes here reach customers. It decides colour and shape; the name is the word beside them.
    pub(crate) fn is_production(&self) -> bool {
        is_production(&self.name)
    }
}

/// Whether an environment is the one that customers use.
pub(crate) fn is_production(environment: &str) -> bool {
    environment == "production"
}

/// A page above this one.
pub(crate) struct Crumb {
    pub(crate) label: String,
    pub(crate) href: String,
}

/// What the last change did, said once.
#[derive(Clone, Debug)]
pub(crate) struct Flash {
    pub(crate) tone: Tone,
    pub(crate) message: String,
}

/// How something is meant: each has a colour, an icon and a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    Good,
    Note,
    Warning,
    Bad,
}

impl Tone {
    /// The name in style sheets and of its icon.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Tone::Good => "good",
            Tone::Note => "note",
            Tone::Warning => "warning",
            Tone::Bad => "bad",
        }
    }

    /// The word for who cannot see the colour.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Tone::Good => words::tone::GOOD,
            Tone::Note => words::tone::NOTE,
            Tone::Warning => words::tone::WARNING,
            Tone::Bad => words::tone::BAD,
        }
    }
}

/// Who is signed in.
pub(crate) struct Person {
    pub(crate) name: String,
    pub(crate) role: Role,
    /// The tenant's name, or the operator's.
    pub(crate) organisation: String,
}

impl Person {
    /// The letter in their round sign.
    pub(crate) fn initial(&self) -> String {
        self.name.chars().next().map(|letter| letter.to_uppercase().collect()).unwrap_or_default()
    }
}

impl Frame {
    /// A frame with nothing around the page: for who is not signed in, and for problems.
    pub(crate) fn bare(title: impl Into<String>, visit: &Visit) -> Self {
        Self {
            title: title.into(),
            visit: visit.clone(),
            environments: Vec::new(),
            navigation: Vec::new(),
            breadcrumbs: Vec::new(),
            flash: None,
            person: None,
            once: String::new(),
        }
    }

    /// The frame of somebody who is signed in, in an environment.
    #[must_use]
    pub(crate) fn signed_in(mut self, person: Person, environment: &str, section: Option<Section>) -> Self {
        self.navigation = groups(person.role, environment, section);
        self.person = Some(person);
        self
    }

    /// The environment that the page shows; none for pages that belong to none.
    pub(crate) fn environment(&self) -> Option<&EnvironmentLink> {
        self.environments.iter().find(|environment| environment.current)
    }

    pub(crate) fn themes(&self) -> [ThemeChoice; 3] {
        Theme::ALL.map(|theme| ThemeChoice {
            word: theme.as_str(),
            label: match theme {
                Theme::System => words::theme::SYSTEM,
                Theme::Light => words::theme::LIGHT,
                Theme::Dark => words::theme::DARK,
            },
            current: theme == self.visit.theme,
        })
    }
}

/// One of the buttons that choose a theme.
pub(crate) struct ThemeChoice {
    pub(crate) word: &'static str,
    pub(crate) label: &'static str,
    pub(crate) current: bool,
}
