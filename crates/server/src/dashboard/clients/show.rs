//! A client at a glance: what it is, what it may, and what became of its requests.

use std::collections::BTreeMap;

use axum::extract::Path;
use mintmark_core::clock::Timestamp;
use mintmark_core::store::{Read, Store};
use mintmark_core::token::Explanation;
use mintmark_core::usage::{OutcomeClass, UsageQuery, UsageRow, UsageStep};

use super::{new, one};
use crate::admin::operations::client_lists;
use crate::admin::operations::clients::{Businesses, ClientView};
use crate::dashboard::components::{Chart, Code, Column, When};
use crate::dashboard::seat::{Answer, Seat};
use crate::dashboard::views::{ClientPage, ClientTab, Method, RefusalRow, ScopeRow};
use crate::dashboard::{problem, words};

const HOUR: i64 = 3600;
/// How many hours the picture shows.
const HOURS: i64 = 24;
/// How many reasons of refusals are shown.
const REASONS_MAX: usize = 5;

/// `GET /{environment}/clients/{client}`.
pub(super) async fn show(seat: Seat, Path((name, id)): Path<(String, String)>) -> Answer {
    let client = one::load(&seat, (&name, &id)).await?;
    let now = seat.app.now();
    let glances = client_lists::glances(&seat.desk, &client.environment, std::slice::from_ref(&client), now).await;
    let glance = glances.map_err(|refusal| seat.stop(refusal))?.into_iter().next();
    let usage = last_day(&seat, &client, now).await.map_err(|error| seat.stop(error))?;
    let notices = super::credentials::notices(&seat, &client).await?;
    let record = seat.environment(client.environment.as_str())?;
    let dialects: Vec<String> = client.dialects.iter().map(ToString::to_string).collect();
    let glance = glance.as_ref();
    Ok(problem::page(&ClientPage {
        frame: one::frame(&seat, &client, &client.name),
        head: one::head(&seat, &client, ClientTab::Overview),
        method: glance.and_then(|glance| glance.kind).map(Method::of),
        owner: glance.map(|glance| glance.owner.clone()).unwrap_or_default(),
        created: When::relative(Some(client.created_at.0), now),
        last_used: When::relative(glance.and_then(|glance| glance.last_used_at), now),
        expires: When::end(glance.and_then(|glance| glance.expires_at), now),
        token_minutes: token_minutes(&seat, record, &client),
        businesses: match &client.businesses {
            Businesses::All(_) => words::create::ALL_BUSINESSES.to_owned(),
            Businesses::Only(ids) => words::create::businesses(ids.len()),
        },
        dialects,
        notices,
        chart: Chart { id: "requests", title: words::client::REQUESTS, columns: columns(&usage, now) },
        refusals: refusals(&client, &usage),
        access: access(record, &client),
        console: format!("/{}/console", client.environment),
        api: by_api(&seat, &client),
    }))
}

/// How long its tokens live that ask for no other time, in minutes.
pub(super) fn token_minutes(seat: &Seat, record: &mintmark_core::store::EnvironmentRecord, client: &ClientView) -> u32 {
    let dialects: Vec<String> = client.dialects.iter().map(ToString::to_string).collect();
    let minutes = new::token_minutes(seat, record, &dialects);
    client.lifetime_max.map_or(minutes, |seconds| minutes.min(seconds.div_ceil(60)))
}

async fn last_day(seat: &Seat, client: &ClientView, now: Timestamp) -> Read<Vec<UsageRow>> {
    let from = Timestamp(now.0.saturating_sub((HOURS - 1) * HOUR));
    let query = UsageQuery { each_step: true, ..of_client(client, (from, now), UsageStep::Hour) };
    Ok(seat.desk.store().usage(&query).await?.rows)
}

fn of_client(client: &ClientView, times: (Timestamp, Timestamp), step: UsageStep) -> UsageQuery {
    let all = UsageQuery::of(client.environment.clone(), times, step);
    UsageQuery { tenant: Some(client.tenant_id), client: Some(client.id.clone()), ..all }
}

/// How many tokens it got in the last hour.
pub(super) async fn lately_issued(seat: &Seat, client: &ClientView) -> Read<u64> {
    let now = seat.app.now();
    let from = Timestamp(now.0.saturating_sub(HOUR));
    let rows = seat.desk.store().usage(&of_client(client, (from, now), UsageStep::Minute)).await?.rows;
    Ok(rows.iter().filter(|row| row.outcome == OutcomeClass::Issued).map(|row| row.requests).sum())
}

/// A column for each hour, also for those without a request.
fn columns(usage: &[UsageRow], now: Timestamp) -> Vec<Column> {
    let last = now.0.div_euclid(HOUR);
    let hours = (last.saturating_sub(HOURS - 1))..=last;
    let column = |hour: i64| {
        let of_outcome = |outcome: OutcomeClass| {
            let rows = usage.iter().filter(|row| row.outcome == outcome && row.start.0.div_euclid(HOUR) == hour);
            rows.map(|row| row.requests).sum()
        };
        let label = format!("{:02}:00", hour.rem_euclid(HOURS));
        Column { label, counts: OutcomeClass::ALL.map(of_outcome) }
    };
    hours.map(column).collect()
}

/// The most frequent reasons of refusals, each with what to do about it.
fn refusals(client: &ClientView, usage: &[UsageRow]) -> Vec<RefusalRow> {
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for (code, requests) in usage.iter().filter_map(|row| Some((row.code.as_deref()?, row.requests))) {
        let sum = counts.entry(code).or_default();
        *sum = sum.saturating_add(requests);
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let row = |(code, count): (&str, u64)| {
        let explained = Explanation::of_code(code);
        let (what, fix) = explained.map(|known| (known.what, known.fix)).unwrap_or_default();
        RefusalRow { code: code.to_owned(), count, what, fix, href: format!("/{}/explain", client.environment) }
    };
    counts.into_iter().take(REASONS_MAX).map(row).collect()
}

fn access(record: &mintmark_core::store::EnvironmentRecord, client: &ClientView) -> Vec<ScopeRow> {
    let name_of = |id| record.resources.iter().find(|known| known.id == id).map(|known| known.name.clone());
    let rows = client.grants.iter().filter(|grant| !grant.scopes.is_empty());
    let row = |grant: &crate::admin::operations::clients::GrantView| ScopeRow {
        resource: name_of(grant.resource_id).unwrap_or_else(|| grant.resource_id.to_string()),
        scopes: grant.scopes.iter().map(ToString::to_string).collect(),
    };
    rows.map(row).collect()
}

fn by_api(seat: &Seat, client: &ClientView) -> Code {
    let text = format!(
        "curl {}/admin/v1/environments/{}/clients/{} \\\n  -H \"Authorization: Bearer $TOKEN\"",
        seat.app.origin(),
        client.environment,
        one::href(client).rsplit('/').next().unwrap_or_default()
    );
    Code { id: "api", label: "curl".to_owned(), text }
}
