//! The test console. The secret that is typed goes into the request and nowhere else; the answer, with its token, is shown once.

use std::fmt::Write as _;

use axum::extract::{Path, Query};
use mintmark_core::management::Permission;
use mintmark_core::model::{ClientId, EnvironmentName};
use mintmark_core::token::ConsoleExchange;
use serde::Deserialize;

use super::dry_run::{dialects, filled, mistake, unprocessable};
use super::token::told;
use crate::admin::Refusal;
use crate::admin::operations::console::{self, ConsoleAsk};
use crate::dashboard::components::{Banner, Code};
use crate::dashboard::frame::{Tone, is_production};
use crate::dashboard::navigation::Section;
use crate::dashboard::seat::{Answer, Seat};
use crate::dashboard::views::insight::{ConsolePage, Exchanged};
use crate::dashboard::{problem, words};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    client: Option<String>,
    dialect: Option<String>,
}

fn empty_page(seat: &Seat, environment: &EnvironmentName) -> ConsolePage {
    ConsolePage {
        frame: seat.frame_in(environment, words::console::TITLE, Section::Console),
        is_production: is_production(environment.as_str()),
        may_send: seat.may(Permission::EditClients),
        client: String::new(),
        dialects: dialects(seat),
        dialect: "standard".to_owned(),
        scope: String::new(),
        resource: String::new(),
        business: String::new(),
        error: None,
        exchanged: None,
    }
}

/// `GET /{environment}/console`.
pub(super) async fn show(seat: Seat, Path(name): Path<String>, Query(asked): Query<Asked>) -> Answer {
    let environment = seat.environment(&name)?.environment.name.clone();
    let mut page = empty_page(&seat, &environment);
    page.client = asked.client.unwrap_or_default();
    page.dialect = asked.dialect.unwrap_or(page.dialect);
    Ok(problem::page(&page))
}

/// `POST /{environment}/console`.
pub(super) async fn send(seat: Seat, Path(name): Path<String>) -> Answer {
    let environment = seat.environment(&name)?.environment.name.clone();
    let text = |name: &str| filled(&seat.fields, name).unwrap_or_default().to_owned();
    let mut page = ConsolePage {
        client: text("client"),
        dialect: text("dialect"),
        scope: text("scope"),
        resource: text("resource"),
        business: text("business"),
        ..empty_page(&seat, &environment)
    };
    match exchange(&seat, &environment, &page).await {
        Ok(exchanged) => {
            page.exchanged = Some(shown(exchanged));
            Ok(problem::page(&page))
        }
        Err(refusal) => {
            page.error = Some(mistake(&refusal).ok_or_else(|| seat.stop(refusal))?);
            Ok(unprocessable(problem::page(&page)))
        }
    }
}

async fn exchange(seat: &Seat, environment: &EnvironmentName, page: &ConsolePage) -> Result<ConsoleExchange, Refusal> {
    // One that is not of its form is nobody's.
    let client_id: ClientId = page.client.parse().map_err(|_| Refusal::NotFound)?;
    let some = |text| Some(text).filter(|text: &&str| !text.is_empty());
    let secret = seat.fields.secret("secret");
    let resources: Vec<String> = page.resource.split_whitespace().map(str::to_owned).collect();
    let asked = ConsoleAsk {
        client_id: &client_id,
        dialect: &page.dialect,
        secret: &secret,
        scope: some(&page.scope),
        resources: &resources,
        business_id: some(&page.business),
    };
    console::send(&seat.desk, environment, &asked).await
}

fn shown(exchanged: ConsoleExchange) -> Exchanged {
    let is_good = exchanged.outcome.result.is_ok();
    let (tone, title) = if is_good { (Tone::Good, words::console::ISSUED) } else { (Tone::Bad, words::console::REFUSED) };
    let mut answer = format!("HTTP/1.1 {}\n", exchanged.status);
    for (name, value) in &exchanged.headers {
        // Writing to a string does not fail.
        let _ = writeln!(answer, "{name}: {value}");
    }
    answer.push('\n');
    let pretty = serde_json::from_str::<serde_json::Value>(&exchanged.body).ok();
    let pretty = pretty.and_then(|body| serde_json::to_string_pretty(&body).ok());
    answer.push_str(pretty.as_deref().unwrap_or(&exchanged.body));
    Exchanged {
        banner: Banner::new(tone, title, words::console::status(exchanged.status)),
        explanation: exchanged.explanation.map(|one| (one.code.to_owned(), one.what, one.fix)),
        request: Code { id: "request", label: words::console::REQUEST.to_owned(), text: exchanged.request },
        answer: Code { id: "answer", label: words::console::ANSWER.to_owned(), text: answer },
        looked: exchanged.token.map(|report| told(report.into())),
    }
}
