//! The audit log: who changed what, its export, and whether it is whole.

use std::collections::BTreeMap;

use axum::extract::Query;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use mintmark_core::clock::Timestamp;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde_json::Value;

use super::changes::changed;
use super::names;
use crate::admin::operations::audit::{self, AuditListFilter, AuditView, ChainToVerify, ChainView, ExportFormat, ObjectKind};
use crate::admin::{Moment, Refusal};
use crate::dashboard::components::{Banner, Pager, When, thousands};
use crate::dashboard::frame::Tone;
use crate::dashboard::navigation::Section;
use crate::dashboard::seat::{Answer, Seat};
use crate::dashboard::views::insight::{AuditFilters, AuditPage, AuditRow};
use crate::dashboard::{problem, words};

const DAY: i64 = 86_400;
/// How many changes a page holds: with what changed it stays small.
const ROWS: u32 = 20;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    who: String,
    action: String,
    kind: String,
    id: String,
    environment: String,
    from: String,
    to: String,
    chain: String,
    cursor: Option<String>,
    format: String,
}

impl Asked {
    fn filters(&self) -> AuditFilters {
        let text = |text: &String| text.trim().to_owned();
        AuditFilters {
            who: text(&self.who),
            action: text(&self.action),
            kind: text(&self.kind),
            id: text(&self.id),
            environment: text(&self.environment),
            from: text(&self.from),
            to: text(&self.to),
            chain: text(&self.chain),
        }
    }
}

/// A mistake in a filter: the field, and what to say there.
type Mistake = (&'static str, String);

/// The filter as the operation takes it.
fn read(filters: &AuditFilters, cursor: Option<String>) -> Result<AuditListFilter, Mistake> {
    let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    let kind = ObjectKind::ALL.iter().find(|kind| kind.as_str() == filters.kind).copied();
    let environment = some(&filters.environment).map(|name| name.parse()).transpose();
    let environment = environment.map_err(|error| ("environment", format!("{error}")))?;
    Ok(AuditListFilter {
        limit: Some(ROWS),
        cursor,
        chain: some(&filters.chain),
        object_kind: kind,
        object_id: some(&filters.id),
        environment,
        who: some(&filters.who),
        action: some(&filters.action),
        from: moment(&filters.from, 0).map_err(|why| ("from", why))?,
        // A day is meant with all that was done in it.
        to: moment(&filters.to, DAY).map_err(|why| ("to", why))?,
    })
}

/// A day, whose first moment is moved by so many seconds, or a moment of RFC 3339.
fn moment(text: &str, of_day: i64) -> Result<Option<Moment>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    let wrong = || words::audit::MOMENT_WRONG.to_owned();
    if text.len() == "2027-01-15".len() {
        let date: jiff::civil::Date = text.parse().map_err(|_| wrong())?;
        let first = date.to_zoned(jiff::tz::TimeZone::UTC).map_err(|_| wrong())?.timestamp().as_second();
        return Ok(Some(Moment(Timestamp(first.saturating_add(of_day)))));
    }
    serde_json::from_value(Value::from(text)).map(Some).map_err(|_| wrong())
}

/// Which field of the form an operation's word is about.
fn mistake(refusal: &Refusal) -> Option<Mistake> {
    let Refusal::Invalid { field, expected } = refusal else { return None };
    let field = match *field {
        "object_id" => "id",
        "object_kind" => "kind",
        known @ ("chain" | "who" | "action" | "environment") => known,
        _ => return None,
    };
    Some((field, words::mistake::expected(expected)))
}

/// `GET /audit`.
pub(super) async fn list(seat: Seat, Query(asked): Query<Asked>) -> Answer {
    page(&seat, &asked, None).await.map_err(|refusal| seat.stop(refusal))
}

/// `POST /audit/verify`: looks at every row of a chain; the page says what was found.
pub(super) async fn verify(seat: Seat) -> Answer {
    let chain = seat.fields.one("chain").map(str::trim).filter(|chain| !chain.is_empty()).map(str::to_owned);
    let asked = Asked { chain: chain.clone().unwrap_or_default(), ..Asked::default() };
    let found = audit::verify(&seat.desk, &ChainToVerify { chain }).await.map_err(|refusal| seat.stop(refusal))?;
    let name = chain_name(&seat, &found.chain).await.map_err(|refusal| seat.stop(refusal))?;
    page(&seat, &asked, Some(told(&found, &name))).await.map_err(|refusal| seat.stop(refusal))
}

async fn chain_name(seat: &Seat, chain: &str) -> Result<String, Refusal> {
    let Ok(tenant) = chain.parse() else { return Ok(words::audit::OPERATOR.to_owned()) };
    Ok(names::of_tenant(seat, tenant).await?.unwrap_or_else(|| chain.to_owned()))
}

fn told(found: &ChainView, name: &str) -> Banner {
    let rows = thousands(found.intact_rows);
    match &found.fault {
        None => Banner::new(Tone::Good, words::audit::VERIFIED, words::audit::intact(&rows, name)),
        Some(fault) => Banner::new(Tone::Bad, words::audit::BROKEN, words::audit::fault(&rows, name, &fault.what)),
    }
}

/// `GET /audit/export`: the rows that the filters ask for, as a file.
pub(super) async fn export(seat: Seat, Query(asked): Query<Asked>) -> Answer {
    let format = if asked.format == "csv" { ExportFormat::Csv } else { ExportFormat::Ndjson };
    let Ok(filter) = read(&asked.filters(), None) else {
        return page(&seat, &asked, None).await.map_err(|refusal| seat.stop(refusal));
    };
    let export = audit::export(&seat.desk, &filter, format).map_err(|refusal| seat.stop(refusal))?;
    Ok(export.into_response())
}

async fn page(seat: &Seat, asked: &Asked, checked: Option<Banner>) -> Result<Response, Refusal> {
    let filters = asked.filters();
    let listed = match read(&filters, asked.cursor.clone()) {
        Ok(filter) => match audit::list(&seat.desk, &filter).await {
            Ok(page) => Ok((page.items, page.next)),
            Err(refusal) => Err(mistake(&refusal).ok_or(refusal)?),
        },
        Err(mistake) => Err(mistake),
    };
    let (listed, error) = match listed {
        Ok(listed) => (listed, None),
        Err(mistake) => ((Vec::new(), None), Some(mistake)),
    };
    let status = if error.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let query = query(&filters);
    let (rows, next) = listed;
    let page = AuditPage {
        frame: seat.frame(words::audit::TITLE, Some(Section::Audit)),
        pager: Pager {
            showing: if next.is_some() && rows.is_empty() {
                words::list::GO_ON.to_owned()
            } else {
                words::audit::showing(rows.len())
            },
            first: asked.cursor.as_ref().map(|_| format!("/audit?{query}")),
            next: next.map(|cursor| format!("/audit?{query}{}cursor={cursor}", if query.is_empty() { "" } else { "&" })),
        },
        rows: rows_of(seat, rows).await?,
        filters,
        query,
        kinds: kinds(seat),
        environments: environments(seat),
        is_operator: seat.is_operator(),
        error,
        checked,
    };
    Ok((status, problem::page(&page)).into_response())
}

fn query(filters: &AuditFilters) -> String {
    let pairs = filters.pairs().into_iter().filter(|(_, value)| !value.is_empty());
    let pairs = pairs.map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC)));
    pairs.collect::<Vec<_>>().join("&")
}

/// The kinds of objects to choose from: of some there are rows in the operator's chain alone.
fn kinds(seat: &Seat) -> Vec<(String, String)> {
    let is_own = |kind: &&ObjectKind| {
        seat.is_operator()
            || !matches!(kind, ObjectKind::Resource | ObjectKind::SigningKey | ObjectKind::Environment | ObjectKind::Store)
    };
    let known = ObjectKind::ALL.iter().filter(is_own);
    let known = known.map(|kind| (kind.as_str().to_owned(), words::audit::kind(kind.as_str()).to_owned()));
    std::iter::once((String::new(), words::audit::ANY_KIND.to_owned())).chain(known).collect()
}

fn environments(seat: &Seat) -> Vec<(String, String)> {
    let names = seat.environments().iter().map(|record| record.environment.name.to_string());
    let any = (String::new(), words::audit::ANY_ENVIRONMENT.to_owned());
    std::iter::once(any).chain(names.map(|name| (name.clone(), name))).collect()
}

async fn rows_of(seat: &Seat, views: Vec<AuditView>) -> Result<Vec<AuditRow>, Refusal> {
    let mut actors: BTreeMap<String, Option<String>> = BTreeMap::new();
    for view in &views {
        if !actors.contains_key(&view.who) {
            actors.insert(view.who.clone(), names::of_actor(seat, &view.who).await?);
        }
    }
    let now = seat.app.now();
    let row = |view: AuditView| {
        let name = actors.get(&view.who).cloned().flatten();
        AuditRow {
            when: When::relative(Some(view.at.0), now),
            who_id: name.as_ref().map(|_| view.who.clone()),
            who: name.unwrap_or(view.who),
            source: view.source.map_or_else(|| words::audit::LOCAL.to_owned(), |source| source.to_string()),
            action: view.action,
            kind: words::audit::kind(view.object.kind.as_str()),
            object: view.object.id,
            environment: view.object.environment.map(|name| name.to_string()),
            request_id: view.request_id,
            row: view.sequence.unwrap_or(view.position).to_string(),
            fields: changed(view.before.as_ref(), view.after.as_ref()),
        }
    };
    Ok(views.into_iter().map(row).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_meant_to_its_end() {
        assert_eq!(moment("2027-01-15", 0).unwrap().unwrap().0.0, 1_799_971_200);
        assert_eq!(moment("2027-01-15", DAY).unwrap().unwrap().0.0, 1_800_057_600);
        assert_eq!(moment("2027-01-15T08:00:00Z", DAY).unwrap().unwrap().0.0, 1_800_000_000);
        assert!(moment("", 0).unwrap().is_none());
        for wrong in ["yesterday", "2027-13-15", "15.1.2027", "2027-01-15T08:00"] {
            assert!(moment(wrong, 0).is_err(), "{wrong}");
        }
    }
}
