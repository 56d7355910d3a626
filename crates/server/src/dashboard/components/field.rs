use askama::Template;

use super::icon;
use crate::dashboard::words;

/// One field of a form with its label, its hint, and what is wrong with it.
#[derive(Template)]
#[template(path = "components/field.html")]
pub(crate) struct Field {
    id: String,
    name: &'static str,
    label: String,
    kind: Kind,
    value: String,
    hint: Option<String>,
    error: Option<String>,
    required: bool,
    max: usize,
    autocomplete: &'static str,
    must_be: Option<String>,
}

enum Kind {
    Input(&'static str),
    Area,
    Select(Vec<(String, String)>),
    Check { checked: bool },
}

/// How many lines an area shows at least and at most, if nobody makes it larger.
const ROWS: (usize, usize) = (4, 16);

impl Field {
    /// As many lines as it has, with one to type into.
    fn rows(&self) -> usize {
        (self.value.lines().count() + 1).clamp(ROWS.0, ROWS.1)
    }

    fn new(name: &'static str, label: &str, kind: Kind) -> Self {
        Self {
            id: format!("field-{name}"),
            name,
            label: label.to_owned(),
            kind,
            value: String::new(),
            hint: None,
            error: None,
            required: true,
            max: 200,
            autocomplete: "",
            must_be: None,
        }
    }

    /// A line of text.
    pub(crate) fn text(name: &'static str, label: &str) -> Self {
        Self::new(name, label, Kind::Input("text"))
    }

    /// A list's search. Browsers show a way to empty it.
    pub(crate) fn search(name: &'static str, label: &str) -> Self {
        Self::new(name, label, Kind::Input("search")).optional()
    }

    pub(crate) fn email(name: &'static str, label: &str) -> Self {
        Self::new(name, label, Kind::Input("email")).remembered_as("username")
    }

    /// A password. `remembered` is `current-password` or `new-password`.
    pub(crate) fn password(name: &'static str, label: &str, remembered: &'static str) -> Self {
        Self::new(name, label, Kind::Input("password")).remembered_as(remembered)
    }

    /// Several lines.
    pub(crate) fn area(name: &'static str, label: &str) -> Self {
        Self::new(name, label, Kind::Area)
    }

    /// One of a few values, each with its words.
    pub(crate) fn select(name: &'static str, label: &str, options: Vec<(String, String)>) -> Self {
        Self::new(name, label, Kind::Select(options))
    }

    /// Yes or no.
    pub(crate) fn check(name: &'static str, label: &str, checked: bool) -> Self {
        Self::new(name, label, Kind::Check { checked }).optional()
    }

    /// Another name among the page's elements than its field name's.
    #[must_use]
    pub(crate) fn identified(self, id: &str) -> Self {
        Self { id: id.to_owned(), ..self }
    }

    #[must_use]
    pub(crate) fn value(self, value: &str) -> Self {
        Self { value: value.to_owned(), ..self }
    }

    #[must_use]
    pub(crate) fn hint(self, hint: &str) -> Self {
        Self { hint: Some(hint.to_owned()), ..self }
    }

    #[must_use]
    pub(crate) fn error(self, error: Option<&str>) -> Self {
        Self { error: error.map(str::to_owned), ..self }
    }

    #[must_use]
    pub(crate) fn optional(self) -> Self {
        Self { required: false, ..self }
    }

    /// The most characters it takes.
    #[must_use]
    pub(crate) fn max(self, max: usize) -> Self {
        Self { max, ..self }
    }

    #[must_use]
    pub(crate) fn remembered_as(self, autocomplete: &'static str) -> Self {
        Self { autocomplete, ..self }
    }

    /// Browsers offer nothing for it.
    #[must_use]
    pub(crate) fn unremembered(self) -> Self {
        self.remembered_as("off")
    }

    /// What has to be typed before the form's button works, where scripts run.
    #[must_use]
    pub(crate) fn must_be(self, text: &str) -> Self {
        Self { must_be: Some(text.to_owned()), ..self }
    }

    /// What describes the field: its hint, then its error.
    fn described_by(&self) -> Option<String> {
        let hint = self.hint.as_ref().map(|_| format!("{}-hint", self.id));
        let error = self.error.as_ref().map(|_| format!("{}-error", self.id));
        let all: Vec<String> = hint.into_iter().chain(error).collect();
        (!all.is_empty()).then(|| all.join(" "))
    }
}

/// One card of several.
pub(crate) struct Choice {
    pub(crate) value: &'static str,
    pub(crate) title: String,
    pub(crate) text: String,
    pub(crate) icon: &'static str,
    /// A word beside the title, such as "Recommended".
    pub(crate) badge: Option<&'static str>,
    pub(crate) checked: bool,
    pub(crate) disabled: bool,
}

/// Cards to choose from: one of them, or any.
#[derive(Template)]
#[template(path = "components/choices.html")]
pub(crate) struct Choices {
    pub(crate) name: &'static str,
    pub(crate) legend: String,
    pub(crate) hint: Option<String>,
    pub(crate) error: Option<String>,
    /// Whether more than one may be chosen.
    pub(crate) many: bool,
    pub(crate) cards: Vec<Choice>,
}
