//! The pages about usage, refusals, tokens and the audit.

mod audit;
mod console;
mod explain;
mod quota;
mod token;
mod usage;

pub(crate) use audit::{AuditFilters, AuditPage, AuditRow, ChangedField};
pub(crate) use console::{ConsolePage, Exchanged};
pub(crate) use explain::{DryRunFound, DryRunPage, ReasonsPage, RefusalLine, RefusalPage, RefusalsPage, StepLine};
pub(crate) use quota::{QuotaCard, QuotaLine, QuotaPage};
pub(crate) use token::{Looked, TokenLine, TokenPage};
pub(crate) use usage::{UsageLine, UsagePage};

use crate::dashboard::components::{Icon, Tab, Tabs, icon};
use crate::dashboard::words;

/// How a check went: a word with a shape and a colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) word: &'static str,
    /// The name in style sheets.
    pub(crate) tone: &'static str,
    picture: &'static str,
}

impl Verdict {
    pub(crate) const fn good(word: &'static str) -> Self {
        Self { word, tone: "good", picture: "state-active" }
    }

    pub(crate) const fn bad(word: &'static str) -> Self {
        Self { word, tone: "bad", picture: "state-ended" }
    }

    pub(crate) const fn note(word: &'static str) -> Self {
        Self { word, tone: "note", picture: "state-coming" }
    }

    pub(crate) const fn warning(word: &'static str) -> Self {
        Self { word, tone: "warning", picture: "state-ending" }
    }

    pub(crate) const fn off(word: &'static str) -> Self {
        Self { word, tone: "off", picture: "state-off" }
    }

    pub(crate) fn icon(self) -> Icon {
        icon(self.picture)
    }
}

/// The ways to find something out, each a page of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Refusals,
    DryRun,
    Token,
}

impl Way {
    /// Links to all of them, with this one marked.
    pub(crate) fn tabs(self, environment: &str) -> Tabs {
        let tab = |way: Way, label: &str, path: &str| Tab {
            label: label.to_owned(),
            href: format!("/{environment}/explain{path}"),
            current: way == self,
        };
        let tabs = vec![
            tab(Way::Refusals, words::explain::TAB_REFUSALS, ""),
            tab(Way::DryRun, words::explain::TAB_DRY_RUN, "/dry-run"),
            tab(Way::Token, words::explain::TAB_TOKEN, "/token"),
        ];
        Tabs { label: words::explain::TABS, tabs }
    }
}
