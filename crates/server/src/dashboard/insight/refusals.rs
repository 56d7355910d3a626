//! Requests that were refused, and why.

use axum::extract::{Path, Query};
use axum::response::{IntoResponse, Redirect, Response};
use http::StatusCode;
use mintmark_core::management::Permission;
use mintmark_core::model::{ClientId, EnvironmentName};
use mintmark_core::token::CATALOGUE;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use super::names;
use crate::admin::Refusal;
use crate::admin::operations::refusals::{self, RefusalView, RefusalsFilter};
use crate::dashboard::components::{Button, Pager, When};
use crate::dashboard::navigation::Section;
use crate::dashboard::seat::{self, Answer, Seat};
use crate::dashboard::views::insight::{ReasonsPage, RefusalLine, RefusalPage, RefusalsPage};
use crate::dashboard::{problem, words};

/// How many characters a request's id has.
const REQUEST_ID: usize = 32;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    /// A request's id, or a client's.
    q: Option<String>,
    code: Option<String>,
    cursor: Option<String>,
}

/// What a search is for.
enum Search {
    Everything,
    Request(String),
    Client(ClientId),
    Nothing,
}

impl Search {
    fn of(text: &str) -> Self {
        let is_request = text.len() == REQUEST_ID && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        match text {
            "" => Search::Everything,
            text if is_request => Search::Request(text.to_ascii_lowercase()),
            text => text.parse().map_or(Search::Nothing, Search::Client),
        }
    }
}

/// A value as part of a query.
fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// `GET /{environment}/explain`: the latest refusals, those of a client, or the way to the one that is searched for.
pub(super) async fn list(seat: Seat, Path(name): Path<String>, Query(asked): Query<Asked>) -> Answer {
    let environment = seat.environment(&name)?.environment.name.clone();
    match answer(&seat, &environment, &asked).await {
        Ok(response) => Ok(response),
        Err(refusal) => Err(seat.stop(refusal)),
    }
}

async fn answer(seat: &Seat, environment: &EnvironmentName, asked: &Asked) -> Result<Response, Refusal> {
    let query = asked.q.clone().unwrap_or_default().trim().to_owned();
    let code = asked.code.clone().filter(|code| !code.is_empty());
    let mut filter = RefusalsFilter { code: code.clone(), cursor: asked.cursor.clone(), ..RefusalsFilter::default() };
    match Search::of(&query) {
        Search::Request(id) => match refusals::read(&seat.desk, environment, &id).await {
            Ok(_) => return Ok(Redirect::to(&format!("/{environment}/explain/requests/{id}")).into_response()),
            Err(Refusal::NotFound) => return page(seat, environment, (query, code), None).await,
            Err(refusal) => return Err(refusal),
        },
        Search::Client(id) => filter.client_id = Some(id),
        Search::Nothing => return page(seat, environment, (query, code), None).await,
        Search::Everything => {}
    }
    page(seat, environment, (query, code), Some(filter)).await
}

/// The list that a filter asks for; an empty one without a filter.
async fn page(
    seat: &Seat,
    environment: &EnvironmentName,
    (query, code): (String, Option<String>),
    filter: Option<RefusalsFilter>,
) -> Result<Response, Refusal> {
    let (items, next) = match &filter {
        Some(filter) => {
            let page = refusals::list(&seat.desk, environment, filter).await?;
            (page.items, page.next)
        }
        None => (Vec::new(), None),
    };
    let code = code.unwrap_or_default();
    let ids = items.iter().filter_map(|item| item.client_id.clone()).collect();
    let known = names::of_clients(seat, environment, ids).await?;
    let now = seat.app.now();
    let line = |item: RefusalView| RefusalLine {
        when: When::relative(Some(item.at.0), now),
        href: format!("/{environment}/explain/requests/{}", item.request_id),
        client: item.client_id.map(|id| known.get(&id).cloned().unwrap_or_else(|| id.to_string())),
        request_id: item.request_id,
        code: item.explanation.code,
        what: item.explanation.what,
        source: item.source.to_string(),
        dialect: item.dialect.to_string(),
    };
    let kept = format!("?q={}&code={}", encoded(&query), encoded(&code));
    let is_first = filter.as_ref().is_none_or(|filter| filter.cursor.is_none());
    Ok(problem::page(&RefusalsPage {
        frame: seat.frame_in(environment, words::explain::TITLE, Section::Explain),
        environment: environment.to_string(),
        pager: Pager {
            showing: words::explain::showing(items.len()),
            first: (!is_first).then(|| kept.clone()),
            next: next.map(|cursor| format!("{kept}&cursor={}", encoded(&cursor))),
        },
        lines: items.into_iter().map(line).collect(),
        query,
        query_error: None,
        codes: codes(&code),
        code,
    }))
}

/// The reasons to choose from; one that no version knows stays chosen.
fn codes(chosen: &str) -> Vec<(String, String)> {
    let mut codes = vec![(String::new(), words::explain::ANY_REASON.to_owned())];
    let mut known: Vec<&str> = CATALOGUE.iter().map(|entry| entry.code).collect();
    known.sort_unstable();
    if !chosen.is_empty() && !known.contains(&chosen) {
        codes.push((chosen.to_owned(), chosen.to_owned()));
    }
    codes.extend(known.into_iter().map(|code| (code.to_owned(), code.to_owned())));
    codes
}

/// `GET /{environment}/explain/requests/{request}`: one refusal in words.
pub(super) async fn show(seat: Seat, Path((name, request)): Path<(String, String)>) -> Answer {
    let environment = seat.environment(&name)?.environment.name.clone();
    let found = refusals::read(&seat.desk, &environment, &request).await.map_err(|refusal| seat.stop(refusal))?;
    let known = names::of_clients(&seat, &environment, found.client_id.iter().cloned().collect())
        .await
        .map_err(|refusal| seat.stop(refusal))?;
    let mut frame = seat.frame_in(&environment, found.explanation.code.clone(), Section::Explain);
    frame.breadcrumbs = seat::crumbs([(words::explain::TITLE.to_owned(), Section::Explain.href(environment.as_str()))]);
    let client = found.client_id.as_ref().map(|id| {
        let name = known.get(id).cloned().unwrap_or_else(|| id.to_string());
        (id.to_string(), name)
    });
    let id = client.as_ref().map(|(id, _)| encoded(id)).unwrap_or_default();
    Ok(problem::page(&RefusalPage {
        frame,
        actions: actions(&seat, &environment, &found, &id),
        client_href: format!("/{environment}/clients/{id}"),
        client,
        more: found.explanation.link.as_ref().map(|_| format!("/reasons#{}", found.explanation.code)),
        code: found.explanation.code,
        what: found.explanation.what,
        fix: found.explanation.fix,
        detail: found.detail,
        when: When::relative(Some(found.at.0), seat.app.now()),
        request_id: found.request_id,
        dialect: found.dialect.to_string(),
        source: found.source.to_string(),
        credential: found.credential_id.map(|id| id.to_string()),
        business: found.business_id.map(|id| id.to_string()),
    }))
}

/// What helps next: the same request as a dry run, and what else this client was refused for.
fn actions(seat: &Seat, environment: &EnvironmentName, found: &RefusalView, client: &str) -> Vec<Button> {
    if client.is_empty() {
        return Vec::new();
    }
    let others = Button::plain(words::explain::LIKE_IT).to(format!("/{environment}/explain?q={client}"));
    let again = format!("/{environment}/explain/dry-run?client={client}&dialect={}", found.dialect);
    let again = Button::primary(words::explain::TRY_AGAIN).to(again);
    let may_run = seat.may(Permission::EditClients);
    may_run.then_some(again).into_iter().chain([others]).collect()
}

/// `GET /reasons`: all of them, each at the anchor of its word.
pub(super) async fn reasons(seat: Seat) -> Answer {
    let reasons = CATALOGUE.iter().map(|entry| (entry.code, entry.what, entry.fix)).collect();
    let frame = seat.frame(words::reasons::TITLE, None);
    Ok((StatusCode::OK, problem::page(&ReasonsPage { frame, reasons })).into_response())
}
