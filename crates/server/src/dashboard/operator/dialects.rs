//! Dialects, and the node that has loaded them.

use axum::extract::Path;
use mintmark_core::clock::Timestamp;
use mintmark_verify::Algorithm;

use crate::admin::Refusal;
use crate::admin::operations::dialects::{self, DialectView};
use crate::admin::operations::environments::PageFilter;
use crate::admin::operations::node::{self, NodeState};
use crate::dashboard::components::{Banner, Code};
use crate::dashboard::frame::Tone;
use crate::dashboard::navigation::Section;
use crate::dashboard::seat::{Answer, Seat, crumbs};
use crate::dashboard::views::{DialectListPage, DialectPage, DialectRow, NodePage};
use crate::dashboard::{problem, words};
use crate::node::Reload;

/// How many dialects a list shows: more than a folder holds of them nobody has.
const SHOWN: u32 = 200;

fn endpoint(dialect: &DialectView) -> String {
    format!("{} {}", dialect.method, dialect.path)
}

/// `GET /dialects`.
pub(super) async fn show(seat: Seat) -> Answer {
    let filter = PageFilter { limit: Some(SHOWN), cursor: None };
    let page = dialects::list(&seat.desk, &filter).map_err(|refusal| seat.stop(refusal))?;
    let rows = page.items.into_iter().map(|dialect| DialectRow {
        href: format!("/dialects/{}", dialect.name),
        endpoint: endpoint(&dialect),
        name: dialect.name.to_string(),
        file: dialect.file,
        algorithm: dialect.algorithm.map_or(words::dialects::ALGORITHM_DEFAULT, Algorithm::as_str),
    });
    let reload = seat.desk.node.last_reload();
    let mistakes = reload.as_ref().and_then(|reload| reload.outcome.as_ref().err());
    Ok(problem::page(&DialectListPage {
        frame: seat.frame(words::dialects::TITLE, Some(Section::Dialects)),
        rows: rows.collect(),
        mistakes: mistakes.map(|all| all.iter().map(ToString::to_string).collect()).unwrap_or_default(),
        reload: reload.as_deref().map(banner),
    }))
}

fn exactly(at: Timestamp) -> String {
    jiff::Timestamp::from_second(at.0).map(|at| at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()).unwrap_or_default()
}

fn banner(reload: &Reload) -> Banner {
    let when = exactly(reload.at);
    match &reload.outcome {
        Ok(count) => Banner::new(Tone::Good, words::dialects::RELOADED, words::dialects::reloaded(*count, &when)),
        Err(all) => Banner::new(Tone::Bad, words::dialects::MISTAKES, words::dialects::mistakes(all.len(), &when)),
    }
}

/// `GET /dialects/{dialect}`.
pub(super) async fn one(seat: Seat, Path(named): Path<String>) -> Answer {
    let name = named.parse().map_err(|_| seat.stop(Refusal::NotFound))?;
    let sheet = dialects::look(&seat.desk, &name).await.map_err(|refusal| seat.stop(refusal))?;
    let mut frame = seat.frame(sheet.dialect.name.to_string(), Some(Section::Dialects));
    frame.breadcrumbs = crumbs([(words::dialects::TITLE.to_owned(), "/dialects".to_owned())]);
    let code = |id, label: &str, text: String| Code { id, label: label.to_owned(), text };
    let unreadable = || Banner::new(Tone::Warning, words::dialects::UNREADABLE, words::dialects::UNREADABLE_MEANS);
    Ok(problem::page(&DialectPage {
        frame,
        endpoint: endpoint(&sheet.dialect),
        name: sheet.dialect.name.to_string(),
        unreadable: sheet.text.is_none().then(unreadable),
        file: sheet.text.map(|text| code("file", &sheet.dialect.file, text.trim_end().to_owned())),
        request: code("request", words::dialects::REQUEST, sheet.example.request),
        answer: code("answer", words::dialects::ANSWER, sheet.example.answer),
        curl: code("curl", words::dialects::CURL, sheet.example.curl),
        faults: sheet.example.faults,
    }))
}

/// `GET /node`.
pub(super) async fn node(seat: Seat) -> Answer {
    let state = node::look(&seat.desk).await.map_err(|refusal| seat.stop(refusal))?;
    let mut notices = vec![match &state.node.reason {
        None => Banner::new(Tone::Good, words::node::READY, words::node::READY_MEANS),
        Some(reason) => Banner::new(Tone::Bad, words::node::NOT_READY, reason.clone()),
    }];
    if state.head.is_none() {
        let title = format!("{} {}", words::node::DATABASE, words::node::SILENT);
        notices.push(Banner::new(Tone::Warning, title, words::node::SILENT_MEANS));
    }
    Ok(problem::page(&NodePage {
        frame: seat.frame(words::node::TITLE, Some(Section::Node)),
        notices,
        facts: vec![of_database(&state), of_memory(&state)],
    }))
}

fn of_database(state: &NodeState) -> Vec<(&'static str, String)> {
    let followed = |position: u64| match state.head {
        Some(head) => format!("{position} · {}", words::node::behind(head.saturating_sub(position))),
        None => position.to_string(),
    };
    let answers = if state.head.is_some() { words::node::ANSWERS } else { words::node::SILENT };
    vec![
        (words::node::VERSION, state.node.version.to_owned()),
        (words::node::DATABASE, format!("{} · {answers}", state.database)),
        (words::node::HEAD, state.head.map_or_else(|| words::node::SILENT.to_owned(), |head| head.to_string())),
        (words::node::POSITION, state.node.position.map_or_else(|| words::node::STALE.to_owned(), followed)),
        (words::node::AGE, words::node::seconds_ago(state.age_seconds)),
        (words::node::CLOCK, words::node::ahead(state.clock_offset)),
    ]
}

fn of_memory(state: &NodeState) -> Vec<(&'static str, String)> {
    let reload = match state.last_reload.as_deref() {
        None => words::node::NEVER.to_owned(),
        Some(Reload { at, outcome: Ok(_) }) => exactly(*at),
        Some(Reload { at, outcome: Err(_) }) => format!("{}, {}", exactly(*at), words::node::FAILED),
    };
    vec![
        (words::node::CLIENTS, state.node.clients_held.to_string()),
        (words::node::BUSINESSES, state.node.businesses_held.to_string()),
        (words::node::BYTES, words::node::kibibytes(state.held_bytes)),
        (words::node::NAMES, state.names.map_or_else(|| words::node::UNKNOWN.to_owned(), |count| count.to_string())),
        (words::node::REVOCATIONS, state.revocations.to_string()),
        (words::node::DIALECTS, state.dialects.to_string()),
        (words::node::RELOAD, reload),
    ]
}
