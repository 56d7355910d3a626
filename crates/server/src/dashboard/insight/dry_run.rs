//! What a request would get, without sending it.

use std::net::IpAddr;

use axum::extract::{Path, Query};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use mintmark_core::management::Permission;
use mintmark_core::model::{ClientId, EnvironmentName};
use mintmark_core::registry::RegistryError;
use mintmark_core::token::StepVerdict;
use serde::Deserialize;

use crate::admin::Refusal;
use crate::admin::operations::explain::{self, DryRunBody, DryRunView, Shows, StepView};
use crate::dashboard::components::{Banner, Code};
use crate::dashboard::forms::Fields;
use crate::dashboard::frame::Tone;
use crate::dashboard::navigation::Section;
use crate::dashboard::seat::{self, Answer, Seat};
use crate::dashboard::views::insight::{DryRunFound, DryRunPage, StepLine, Verdict};
use crate::dashboard::{problem, words};

/// The dialect that a form begins with.
const FIRST: &str = "standard";

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    client: Option<String>,
    dialect: Option<String>,
}

/// The dialects to choose from: the wire formats that this node speaks.
pub(super) fn dialects(seat: &Seat) -> Vec<(String, String)> {
    let loaded = seat.app.node.dialects.load();
    loaded.iter().map(|dialect| (dialect.name.to_string(), format!("{} ({})", dialect.name, dialect.route.path))).collect()
}

/// A field of a form without space around it; nothing where it is empty.
pub(super) fn filled<'f>(fields: &'f Fields, name: &str) -> Option<&'f str> {
    fields.one(name).map(str::trim).filter(|text| !text.is_empty())
}

/// Which field of a form an operation's word is about, and what to say there; nothing for what no field is to blame for.
pub(super) fn mistake(refusal: &Refusal) -> Option<(&'static str, String)> {
    let (field, expected) = match refusal {
        Refusal::NotFound => return Some(("client", words::dry_run::UNKNOWN_CLIENT.to_owned())),
        Refusal::Invalid { field, expected } | Refusal::Registry(RegistryError::Invalid { field, expected }) => {
            (*field, expected)
        }
        _ => return None,
    };
    let field = match field {
        "business_id" => "business",
        "resources" => "resource",
        known @ ("dialect" | "scope" | "secret" | "client") => known,
        _ => "client",
    };
    Some((field, words::mistake::expected(expected)))
}

fn empty_page(seat: &Seat, environment: &EnvironmentName) -> DryRunPage {
    let mut frame = seat.frame_in(environment, words::dry_run::TITLE, Section::Explain);
    frame.breadcrumbs = seat::crumbs([(words::explain::TITLE.to_owned(), Section::Explain.href(environment.as_str()))]);
    DryRunPage {
        frame,
        environment: environment.to_string(),
        may_run: seat.may(Permission::EditClients),
        client: String::new(),
        dialects: dialects(seat),
        dialect: FIRST.to_owned(),
        scope: String::new(),
        resource: String::new(),
        business: String::new(),
        source: String::new(),
        shows: String::new(),
        error: None,
        found: None,
    }
}

/// `GET /{environment}/explain/dry-run`.
pub(super) async fn show(seat: Seat, Path(name): Path<String>, Query(asked): Query<Asked>) -> Answer {
    let environment = seat.environment(&name)?.environment.name.clone();
    let mut page = empty_page(&seat, &environment);
    page.client = asked.client.unwrap_or_default();
    page.dialect = asked.dialect.unwrap_or(page.dialect);
    Ok(problem::page(&page))
}

/// `POST /{environment}/explain/dry-run`.
pub(super) async fn run(seat: Seat, Path(name): Path<String>) -> Answer {
    let environment = seat.environment(&name)?.environment.name.clone();
    let fields = &seat.fields;
    let text = |name: &str| filled(fields, name).unwrap_or_default().to_owned();
    let mut page = DryRunPage {
        client: text("client"),
        dialect: text("dialect"),
        scope: text("scope"),
        resource: text("resource"),
        business: text("business"),
        source: text("source"),
        shows: text("shows"),
        ..empty_page(&seat, &environment)
    };
    let asked = read(&page);
    let found = match asked {
        Ok((client, body)) => explain::dry_run(&seat.desk, (&environment, &client), &body).await.map_err(Wrong::Refused),
        Err((field, why)) => Err(Wrong::Field(field, why)),
    };
    let wrong = match found {
        Ok(found) => {
            page.found = Some(told(found));
            return Ok(problem::page(&page));
        }
        Err(Wrong::Field(field, why)) => (field, why),
        Err(Wrong::Refused(refusal)) => mistake(&refusal).ok_or_else(|| seat.stop(refusal))?,
    };
    page.error = Some(wrong);
    Ok(unprocessable(problem::page(&page)))
}

enum Wrong {
    Field(&'static str, String),
    Refused(Refusal),
}

/// The form again, with what is wrong in it.
pub(super) fn unprocessable(page: Response) -> Response {
    (StatusCode::UNPROCESSABLE_ENTITY, page).into_response()
}

/// The request that a form describes.
fn read(page: &DryRunPage) -> Result<(ClientId, DryRunBody), (&'static str, String)> {
    let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    let client = page.client.parse().map_err(|_| ("client", words::dry_run::UNKNOWN_CLIENT.to_owned()))?;
    let dialect = page.dialect.parse().map_err(|error| ("dialect", format!("{error}")))?;
    let resource = some(&page.resource).map(|uri| uri.parse()).transpose();
    let source = some(&page.source).map(|text| text.parse::<IpAddr>()).transpose();
    let body = DryRunBody {
        dialect,
        credential_id: None,
        scope: some(&page.scope),
        resources: resource.map_err(|error| ("resource", format!("{error}")))?.into_iter().collect(),
        business_id: some(&page.business),
        lifetime: None,
        source: source.map_err(|_| ("source", words::dry_run::SOURCE_WRONG.to_owned()))?,
        shows: match page.shows.as_str() {
            "dpop" => Some(Shows::Dpop),
            "certificate" => Some(Shows::Certificate),
            _ => None,
        },
    };
    Ok((client, body))
}

fn verdict(verdict: StepVerdict) -> Verdict {
    match verdict {
        StepVerdict::Passed => Verdict::good(words::dry_run::STEP_PASSED),
        StepVerdict::Failed => Verdict::bad(words::dry_run::STEP_FAILED),
        StepVerdict::NotReached => Verdict::off(words::dry_run::STEP_NOT_REACHED),
    }
}

fn told(found: DryRunView) -> DryRunFound {
    let line = |step: StepView| StepLine { check: step.check, verdict: verdict(step.verdict), words: step.words };
    let banner = if let Some(token) = &found.token {
        Banner::new(Tone::Good, words::dry_run::PASSED, words::dry_run::token(token.lifetime, &token.scope))
    } else {
        let code = found.explanation.as_ref().map(|explanation| explanation.code.clone()).unwrap_or_default();
        Banner::new(Tone::Bad, words::dry_run::REFUSED, code)
    };
    let claims = found.token.map(|token| Code {
        id: "claims",
        label: words::dry_run::CLAIMS.to_owned(),
        text: serde_json::to_string_pretty(&token.claims).unwrap_or_default(),
    });
    DryRunFound {
        banner,
        explanation: found.explanation.map(|one| (one.code, one.what, one.fix)),
        told: found.told.map(words::dry_run::told),
        steps: found.steps.into_iter().map(line).collect(),
        claims,
    }
}
