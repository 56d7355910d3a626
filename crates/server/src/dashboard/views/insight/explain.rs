use askama::Template;

use super::{Verdict, Way};
use crate::dashboard::components::{Banner, Button, Code, Empty, Field, Pager, Tabs, When, icon};
use crate::dashboard::frame::Frame;
use crate::dashboard::words;

/// One request that was refused.
pub(crate) struct RefusalLine {
    pub(crate) when: When,
    /// Its own page.
    pub(crate) href: String,
    pub(crate) request_id: String,
    pub(crate) code: String,
    pub(crate) what: String,
    /// What people call the client; nothing where no client is known.
    pub(crate) client: Option<String>,
    pub(crate) source: String,
    pub(crate) dialect: String,
}

/// The latest refusals of an environment.
#[derive(Template)]
#[template(path = "pages/refusals.html")]
pub(crate) struct RefusalsPage {
    pub(crate) frame: Frame,
    pub(crate) environment: String,
    /// What was searched for.
    pub(crate) query: String,
    pub(crate) query_error: Option<String>,
    pub(crate) code: String,
    /// The reasons that can be chosen.
    pub(crate) codes: Vec<(String, String)>,
    pub(crate) lines: Vec<RefusalLine>,
    pub(crate) pager: Pager,
}

impl RefusalsPage {
    fn tabs(&self) -> Tabs {
        Way::Refusals.tabs(&self.environment)
    }

    fn search(&self) -> Field {
        Field::search("q", words::explain::SEARCH).value(&self.query).max(128).error(self.query_error.as_deref())
    }

    fn reason(&self) -> Field {
        Field::select("code", words::explain::REASON, self.codes.clone()).value(&self.code)
    }

    fn empty(&self) -> Empty {
        if self.query.is_empty() && self.code.is_empty() {
            Empty { icon: "good", title: words::explain::EMPTY, text: words::explain::EMPTY_WHY, action: None }
        } else {
            let all = Button::plain(words::explain::NOTHING_ACTION).to(format!("/{}/explain", self.environment));
            Empty { icon: "search", title: words::explain::NOTHING, text: words::explain::NOTHING_WHY, action: Some(all) }
        }
    }
}

/// One refusal in words.
#[derive(Template)]
#[template(path = "pages/refusal.html")]
pub(crate) struct RefusalPage {
    pub(crate) frame: Frame,
    pub(crate) code: String,
    pub(crate) what: String,
    pub(crate) fix: String,
    pub(crate) detail: String,
    pub(crate) when: When,
    pub(crate) request_id: String,
    pub(crate) dialect: String,
    pub(crate) source: String,
    /// The client's id with what people call it.
    pub(crate) client: Option<(String, String)>,
    pub(crate) client_href: String,
    pub(crate) credential: Option<String>,
    pub(crate) business: Option<String>,
    /// What one can do from here.
    pub(crate) actions: Vec<Button>,
    /// Where more is said about the reason; nothing for one that is not known.
    pub(crate) more: Option<String>,
}

/// All reasons, each with its word, what it means and what to do.
#[derive(Template)]
#[template(path = "pages/reasons.html")]
pub(crate) struct ReasonsPage {
    pub(crate) frame: Frame,
    pub(crate) reasons: Vec<(&'static str, &'static str, &'static str)>,
}

/// One step of a request.
pub(crate) struct StepLine {
    pub(crate) check: &'static str,
    pub(crate) verdict: Verdict,
    pub(crate) words: String,
}

/// What a dry run found.
pub(crate) struct DryRunFound {
    pub(crate) banner: Banner,
    /// What happened and what to do, with the reason's word.
    pub(crate) explanation: Option<(String, String, String)>,
    pub(crate) told: Option<String>,
    pub(crate) steps: Vec<StepLine>,
    pub(crate) claims: Option<Code>,
}

/// What a request would get.
#[derive(Template)]
#[template(path = "pages/dry_run.html")]
pub(crate) struct DryRunPage {
    pub(crate) frame: Frame,
    pub(crate) environment: String,
    pub(crate) may_run: bool,
    pub(crate) client: String,
    pub(crate) dialects: Vec<(String, String)>,
    pub(crate) dialect: String,
    pub(crate) scope: String,
    pub(crate) resource: String,
    pub(crate) business: String,
    pub(crate) source: String,
    pub(crate) shows: String,
    /// Which field is wrong, and why.
    pub(crate) error: Option<(&'static str, String)>,
    pub(crate) found: Option<DryRunFound>,
}

impl DryRunPage {
    fn tabs(&self) -> Tabs {
        Way::DryRun.tabs(&self.environment)
    }

    fn wrong(&self, field: &str) -> Option<&str> {
        self.error.as_ref().filter(|(wrong, _)| *wrong == field).map(|(_, why)| why.as_str())
    }

    fn fields(&self) -> Vec<Field> {
        use words::dry_run as said;
        let shows = [("", said::NOTHING), ("dpop", said::DPOP), ("certificate", said::CERTIFICATE)];
        let shows = shows.map(|(word, label)| (word.to_owned(), label.to_owned()));
        vec![
            Field::text("client", said::CLIENT).value(&self.client).max(128).error(self.wrong("client")),
            Field::select("dialect", said::DIALECT, self.dialects.clone())
                .value(&self.dialect)
                .hint(said::DIALECT_HINT)
                .error(self.wrong("dialect")),
            Field::text("scope", said::SCOPE)
                .value(&self.scope)
                .hint(said::SCOPE_HINT)
                .optional()
                .max(4096)
                .error(self.wrong("scope")),
            Field::text("resource", said::RESOURCE)
                .value(&self.resource)
                .hint(said::RESOURCE_HINT)
                .optional()
                .max(2048)
                .error(self.wrong("resource")),
            Field::text("business", said::BUSINESS).value(&self.business).optional().max(256).error(self.wrong("business")),
            Field::text("source", said::SOURCE)
                .value(&self.source)
                .hint(said::SOURCE_HINT)
                .optional()
                .max(64)
                .error(self.wrong("source")),
            Field::select("shows", said::SHOWS, shows.into()).value(&self.shows).error(self.wrong("shows")),
        ]
    }

    fn submit() -> Button {
        Button::primary(words::dry_run::SUBMIT)
    }

    fn read_only() -> Banner {
        use crate::dashboard::frame::Tone;
        Banner::new(Tone::Note, words::dry_run::READ_ONLY, words::dry_run::READ_ONLY_WHY)
    }
}
