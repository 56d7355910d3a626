use askama::Template;

use super::QuotaCard;
use crate::dashboard::components::{Banner, Chart, Empty, Field, Tabs, icon, thousands};
use crate::dashboard::frame::Frame;
use crate::dashboard::words;

/// One thing that is told apart.
pub(crate) struct UsageLine {
    pub(crate) name: String,
    /// Its id, where the name is another.
    pub(crate) id: String,
    /// Its page; nothing where it has none.
    pub(crate) href: String,
    /// How many requests ended in each way, in the order of the chart's outcomes.
    pub(crate) counts: [u64; 6],
}

impl UsageLine {
    pub(crate) fn total(&self) -> u64 {
        self.counts.iter().fold(0, |sum, count| sum.saturating_add(*count))
    }
}

/// The usage of an environment, or of a client in it.
#[derive(Template)]
#[template(path = "pages/usage.html")]
pub(crate) struct UsagePage {
    pub(crate) frame: Frame,
    pub(crate) ranges: Tabs,
    /// The words of range, for the form.
    pub(crate) range: &'static str,
    /// What can be told apart, each with its words.
    pub(crate) ways: Vec<(String, String)>,
    pub(crate) by: &'static str,
    /// What the first column of the table is called.
    pub(crate) heading: &'static str,
    pub(crate) client: String,
    pub(crate) client_error: Option<String>,
    pub(crate) chart: Chart,
    pub(crate) lines: Vec<UsageLine>,
    /// Said above the table, where it does not hold everything.
    pub(crate) note: Option<String>,
    pub(crate) banner: Option<Banner>,
    /// The quota of the client, or of one's own tenant.
    pub(crate) quota: Option<QuotaCard>,
}

/// The columns of the table, in the order of the counts.
const COLUMNS: [&str; 6] = [
    words::chart::ISSUED,
    words::chart::CREDENTIALS,
    words::chart::REQUEST,
    words::chart::RIGHTS,
    words::chart::LIMITED,
    words::chart::UNAVAILABLE,
];

impl UsagePage {
    fn by_field(&self) -> Field {
        Field::select("by", words::usage::BY, self.ways.clone()).value(self.by)
    }

    fn client_field(&self) -> Field {
        Field::search("client", words::usage::OF_CLIENT).value(&self.client).max(128).error(self.client_error.as_deref())
    }

    /// The columns that any line has something in, with their places; tokens always.
    fn columns(&self) -> Vec<(usize, &'static str)> {
        let occurs = |place: usize| self.lines.iter().any(|line| line.counts.get(place).is_some_and(|count| *count > 0));
        COLUMNS.into_iter().enumerate().filter(|(place, _)| *place == 0 || occurs(*place)).collect()
    }

    fn count(line: &UsageLine, place: usize) -> String {
        thousands(line.counts.get(place).copied().unwrap_or(0))
    }

    fn empty() -> Empty {
        Empty { icon: "usage", title: words::usage::NOTHING, text: words::usage::NOTHING_WHY, action: None }
    }
}
