//! Token requests over time by what became of them, and by whom.

use std::collections::BTreeMap;

use axum::extract::{Path, Query};
use axum::response::IntoResponse;
use http::StatusCode;
use mintmark_core::clock::Timestamp;
use mintmark_core::model::{ClientId, EnvironmentName};
use mintmark_core::usage::OutcomeClass;
use serde::Deserialize;

use super::{names, quotas};
use crate::admin::operations::usage::{self, By, Step, UsageFilter, UsageRowView, UsageView};
use crate::admin::{Moment, Refusal};
use crate::dashboard::components::{Banner, Chart, Column, Tab, Tabs};
use crate::dashboard::frame::Tone;
use crate::dashboard::navigation::Section;
use crate::dashboard::seat::{Answer, Seat};
use crate::dashboard::views::insight::{UsageLine, UsagePage};
use crate::dashboard::{problem, words};

/// How many lines the table has: those with the most requests.
const LINES: usize = 50;

/// How far back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Range {
    Hour,
    Day,
    Week,
    Month,
}

impl Range {
    const ALL: [Self; 4] = [Self::Hour, Self::Day, Self::Week, Self::Month];

    fn word(self) -> &'static str {
        match self {
            Range::Hour => "1h",
            Range::Day => "24h",
            Range::Week => "7d",
            Range::Month => "30d",
        }
    }

    fn label(self) -> &'static str {
        match self {
            Range::Hour => words::usage::HOUR,
            Range::Day => words::usage::DAY,
            Range::Week => words::usage::WEEK,
            Range::Month => words::usage::MONTH,
        }
    }

    /// A day where the address says nothing, or something else.
    fn of(word: Option<&str>) -> Self {
        Self::ALL.into_iter().find(|range| Some(range.word()) == word).unwrap_or(Range::Day)
    }

    /// Its step, how long that is, how many of them there are, and what a column says.
    fn steps(self) -> (Step, i64, i64, &'static str) {
        match self {
            Range::Hour => (Step::Minute, 60, 60, "%H:%M"),
            Range::Day => (Step::Hour, 3600, 24, "%H:%M"),
            Range::Week => (Step::Hour, 3600, 168, "%m-%d %H:%M"),
            Range::Month => (Step::Day, 86_400, 30, "%Y-%m-%d"),
        }
    }

    /// The whole steps that the page shows, the one that goes on last.
    pub(super) fn asked(self, now: Timestamp) -> UsageFilter {
        let (step, seconds, count, _) = self.steps();
        let last = now.0.div_euclid(seconds);
        let (from, to) = (Timestamp((last - count + 1) * seconds), Timestamp((last + 1) * seconds));
        let (from, to) = (Some(Moment(from)), Some(Moment(to)));
        UsageFilter { from, to, step: Some(step), each_step: true, ..UsageFilter::default() }
    }
}

/// The place of an outcome among the counts of a column.
fn place(outcome: OutcomeClass) -> usize {
    OutcomeClass::ALL.iter().position(|known| *known == outcome).unwrap_or_default()
}

fn add(counts: &mut [u64; 6], row: &UsageRowView) {
    if let Some(count) = counts.get_mut(place(row.outcome)) {
        *count = count.saturating_add(row.requests);
    }
}

/// A chart of a range: a column for each step, also where nothing was asked.
pub(super) fn chart_of(id: &'static str, title: &'static str, range: Range, view: &UsageView) -> Chart {
    let (_, seconds, _, format) = range.steps();
    let mut steps: BTreeMap<i64, [u64; 6]> = BTreeMap::new();
    let (first, end) = (view.from.0.0.div_euclid(seconds), view.to.0.0.div_euclid(seconds));
    steps.extend((first..end).map(|step| (step * seconds, [0; 6])));
    for row in &view.rows {
        if let Some(counts) = steps.get_mut(&row.start.0.0) {
            add(counts, row);
        }
    }
    let label = |at: i64| jiff::Timestamp::from_second(at).map(|at| at.strftime(format).to_string()).unwrap_or_default();
    let columns = steps.into_iter().map(|(at, counts)| Column { label: label(at), counts });
    Chart { id, title, columns: columns.collect() }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    range: Option<String>,
    by: Option<String>,
    client: Option<String>,
}

/// What the table tells apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Apart {
    By(By),
    Reason,
}

impl Apart {
    const ALL: [(Self, &str, &str, &str); 5] = [
        (Apart::By(By::Client), "client", words::usage::CLIENTS, words::usage::CLIENT),
        (Apart::By(By::Business), "business", words::usage::BUSINESSES, words::usage::BUSINESS),
        (Apart::By(By::Credential), "credential", words::usage::CREDENTIALS, words::usage::CREDENTIAL),
        (Apart::Reason, "reason", words::usage::REASONS, words::usage::REASON),
        (Apart::By(By::Tenant), "tenant", words::usage::TENANTS, words::usage::TENANT),
    ];

    fn rows(self) -> By {
        match self {
            Apart::By(by) => by,
            Apart::Reason => By::Nothing,
        }
    }

    fn key(self, row: &UsageRowView) -> Option<String> {
        match self {
            Apart::By(By::Client) => row.client_id.as_ref().map(ToString::to_string),
            Apart::By(By::Business) => row.business_id.map(|id| id.to_string()),
            Apart::By(By::Credential) => row.credential_id.map(|id| id.to_string()),
            Apart::By(By::Tenant) => row.tenant_id.map(|id| id.to_string()),
            Apart::By(By::Nothing) | Apart::Reason => row.code.clone(),
        }
    }

    /// What stands for requests that name none.
    fn nobody(self) -> &'static str {
        if self == Apart::By(By::Business) { words::usage::NO_BUSINESS } else { words::usage::NOBODY }
    }
}

/// `GET /{environment}/usage`.
pub(super) async fn show(seat: Seat, Path(name): Path<String>, Query(asked): Query<Asked>) -> Answer {
    let environment = seat.environment(&name)?.environment.name.clone();
    let (page, status) = page(&seat, &environment, &asked).await.map_err(|refusal| seat.stop(refusal))?;
    Ok((status, problem::page(&page)).into_response())
}

async fn page(seat: &Seat, environment: &EnvironmentName, asked: &Asked) -> Result<(UsagePage, StatusCode), Refusal> {
    let range = Range::of(asked.range.as_deref());
    // Of the operator's clients there may be very many; a tenant has no other tenants to tell apart.
    let ways: Vec<_> = Apart::ALL.into_iter().filter(|way| seat.is_operator() || way.1 != "tenant").collect();
    let first = if seat.is_operator() { "tenant" } else { "client" };
    let named = asked.by.as_deref().unwrap_or(first);
    let found = ways.iter().find(|way| way.1 == named).or(ways.first());
    let (apart, by, heading, _) = found.copied().unwrap_or((Apart::Reason, "reason", words::usage::REASONS, ""));
    let client = asked.client.clone().unwrap_or_default().trim().to_owned();
    let read: Result<Option<ClientId>, _> = (!client.is_empty()).then(|| client.parse()).transpose();
    let client_error = read.is_err().then(|| words::usage::INVALID.to_owned());
    let filter = UsageFilter { client_id: read.ok().flatten(), ..range.asked(seat.app.now()) };
    let series = usage::read(&seat.desk, environment, &filter).await?;
    let sums =
        usage::read(&seat.desk, environment, &UsageFilter { each_step: false, by: apart.rows(), ..filter.clone() }).await?;
    let (lines, more) = lines(seat, environment, apart, &sums).await?;
    let is_cut = series.is_cut || sums.is_cut;
    let status = if client_error.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let quota = quotas::card(seat, environment, filter.client_id.as_ref()).await?;
    let page = UsagePage {
        quota,
        frame: seat.frame_in(environment, words::usage::TITLE, Section::Usage),
        ranges: ranges(range, by, &client),
        range: range.word(),
        ways: ways.iter().map(|(_, word, label, _)| ((*word).to_owned(), (*label).to_owned())).collect(),
        by,
        heading,
        client,
        client_error,
        chart: chart_of("requests", words::usage::REQUESTS, range, &series),
        note: more.then(|| words::usage::most(LINES)),
        banner: is_cut.then(|| Banner::new(Tone::Warning, words::usage::CUT, words::usage::CUT_WHY)),
        lines,
    };
    Ok((page, status))
}

fn ranges(current: Range, by: &str, client: &str) -> Tabs {
    let client = percent_encoding::utf8_percent_encode(client, percent_encoding::NON_ALPHANUMERIC).to_string();
    let of_client = if client.is_empty() { String::new() } else { format!("&client={client}") };
    let tab = |range: Range| Tab {
        label: range.label().to_owned(),
        href: format!("?range={}&by={by}{of_client}", range.word()),
        current: range == current,
    };
    Tabs { label: words::usage::RANGES, tabs: Range::ALL.map(tab).into() }
}

/// The lines of the table, the most requests first, and whether there are more.
async fn lines(
    seat: &Seat,
    environment: &EnvironmentName,
    apart: Apart,
    view: &UsageView,
) -> Result<(Vec<UsageLine>, bool), Refusal> {
    let mut sums: BTreeMap<Option<String>, [u64; 6]> = BTreeMap::new();
    for row in view.rows.iter().filter(|row| apart != Apart::Reason || row.code.is_some()) {
        add(sums.entry(apart.key(row)).or_default(), row);
    }
    let mut lines: Vec<UsageLine> = Vec::with_capacity(sums.len());
    for (key, counts) in sums {
        let id = key.unwrap_or_default();
        lines.push(UsageLine { name: id.clone(), id, href: String::new(), counts });
    }
    lines.sort_by_key(|line| std::cmp::Reverse(line.total()));
    let more = lines.len() > LINES;
    lines.truncate(LINES);
    for line in &mut lines {
        name(seat, environment, apart, line).await?;
    }
    Ok((lines, more))
}

/// Says what people call it, and leads to its page.
async fn name(seat: &Seat, environment: &EnvironmentName, apart: Apart, line: &mut UsageLine) -> Result<(), Refusal> {
    let encoded = percent_encoding::utf8_percent_encode(&line.id, percent_encoding::NON_ALPHANUMERIC).to_string();
    let (found, href) = match apart {
        _ if line.id.is_empty() => (Some(apart.nobody().to_owned()), String::new()),
        Apart::By(By::Client) => {
            let id: Option<ClientId> = line.id.parse().ok();
            let known = names::of_clients(seat, environment, id.iter().cloned().collect()).await?;
            (id.and_then(|id| known.get(&id).cloned()), format!("/{environment}/clients/{encoded}"))
        }
        Apart::By(By::Business) => match line.id.parse() {
            Ok(id) => (names::of_business(seat, environment, id).await?, String::new()),
            Err(_) => (None, String::new()),
        },
        Apart::By(By::Tenant) => match line.id.parse() {
            Ok(id) => (names::of_tenant(seat, id).await?, format!("/tenants/{encoded}")),
            Err(_) => (None, String::new()),
        },
        Apart::Reason => (None, format!("/{environment}/explain?code={encoded}")),
        Apart::By(By::Credential | By::Nothing) => (None, String::new()),
    };
    match found {
        Some(name) => line.name = name,
        None => line.id.clear(),
    }
    line.href = href;
    Ok(())
}
