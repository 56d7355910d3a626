use askama::Template;

use crate::dashboard::components::{Banner, Button, Empty, Field, Pager, When, icon};
use crate::dashboard::frame::Frame;
use crate::dashboard::words;

/// One field that a change is about.
pub(crate) struct ChangedField {
    pub(crate) name: String,
    pub(crate) before: Option<String>,
    pub(crate) after: Option<String>,
}

/// One change.
pub(crate) struct AuditRow {
    pub(crate) when: When,
    /// What people call who made it, or the id where nobody is known by it.
    pub(crate) who: String,
    /// The id, where `who` is a name.
    pub(crate) who_id: Option<String>,
    pub(crate) source: String,
    pub(crate) action: String,
    pub(crate) kind: &'static str,
    /// The object's id, with its environment.
    pub(crate) object: Option<String>,
    pub(crate) environment: Option<String>,
    pub(crate) request_id: Option<String>,
    pub(crate) row: String,
    pub(crate) fields: Vec<ChangedField>,
}

/// The filters as they were typed.
#[derive(Clone, Debug, Default)]
pub(crate) struct AuditFilters {
    pub(crate) who: String,
    pub(crate) action: String,
    pub(crate) kind: String,
    pub(crate) id: String,
    pub(crate) environment: String,
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) chain: String,
}

impl AuditFilters {
    pub(crate) fn pairs(&self) -> [(&'static str, &str); 8] {
        [
            ("who", &self.who),
            ("action", &self.action),
            ("kind", &self.kind),
            ("id", &self.id),
            ("environment", &self.environment),
            ("from", &self.from),
            ("to", &self.to),
            ("chain", &self.chain),
        ]
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.pairs().iter().all(|(_, value)| value.is_empty())
    }
}

/// The audit log.
#[derive(Template)]
#[template(path = "pages/audit.html")]
pub(crate) struct AuditPage {
    pub(crate) frame: Frame,
    pub(crate) filters: AuditFilters,
    /// The filters as a query, without a question mark; empty for none.
    pub(crate) query: String,
    /// The kinds of objects, each with its words.
    pub(crate) kinds: Vec<(String, String)>,
    pub(crate) environments: Vec<(String, String)>,
    pub(crate) is_operator: bool,
    /// Which field is wrong, and why.
    pub(crate) error: Option<(&'static str, String)>,
    /// What a check of the chain found.
    pub(crate) checked: Option<Banner>,
    pub(crate) rows: Vec<AuditRow>,
    pub(crate) pager: Pager,
}

impl AuditPage {
    fn wrong(&self, field: &str) -> Option<&str> {
        self.error.as_ref().filter(|(wrong, _)| *wrong == field).map(|(_, why)| why.as_str())
    }

    fn fields(&self) -> Vec<Field> {
        use words::audit as said;
        let text = |name: &'static str, label, value: &str| {
            Field::text(name, label).value(value).optional().max(256).error(self.wrong(name))
        };
        let filters = &self.filters;
        let mut fields = vec![
            text("who", said::WHO, &filters.who).hint(said::WHO_HINT),
            text("action", said::ACTION, &filters.action).hint(said::ACTION_HINT),
            text("from", said::FROM, &filters.from),
            text("to", said::TO, &filters.to),
            Field::select("kind", said::KIND, self.kinds.clone()).value(&filters.kind).error(self.wrong("kind")),
            text("id", said::ID, &filters.id),
            Field::select("environment", said::ENVIRONMENT, self.environments.clone())
                .value(&filters.environment)
                .error(self.wrong("environment")),
        ];
        if self.is_operator {
            fields.push(text("chain", said::CHAIN, &filters.chain).hint(said::CHAIN_HINT));
        }
        fields
    }

    fn exports(&self) -> [Button; 2] {
        let export = |label, format| {
            let query = if self.query.is_empty() { String::new() } else { format!("&{}", self.query) };
            Button::plain(label).icon("download").to(format!("/audit/export?format={format}{query}"))
        };
        [export(words::audit::EXPORT_CSV, "csv"), export(words::audit::EXPORT_NDJSON, "ndjson")]
    }

    fn empty(&self) -> Empty {
        if self.filters.is_empty() {
            Empty { icon: "audit", title: words::audit::EMPTY, text: words::audit::EMPTY_WHY, action: None }
        } else {
            let all = Button::plain(words::audit::NOTHING_ACTION).to("/audit");
            Empty { icon: "search", title: words::audit::NOTHING, text: words::audit::NOTHING_WHY, action: Some(all) }
        }
    }
}
