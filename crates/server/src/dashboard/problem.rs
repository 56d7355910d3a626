//! Pages that say why there is no page.

use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::response::{Html, IntoResponse, Response};
use http::{HeaderMap, StatusCode};

use super::components::icon;
use super::compression::Uncompressed;
use super::frame::{Frame, Visit};
use super::security::Refusal;
use super::{AdminApp, words};
use crate::admin::Refusal as Operation;

#[derive(Template)]
#[template(path = "pages/problem.html")]
struct Problem {
    frame: Frame,
    status: u16,
    heading: &'static str,
    explanation: String,
}

/// A page as an answer. One that cannot be rendered is a fault of ours, and says no more than that.
pub(crate) fn page(template: &impl Template) -> Response {
    match template.render() {
        Ok(html) => Html(html).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// A page with a secret that is there each time that it is asked for.
pub(crate) fn secret(template: &impl Template) -> Response {
    (Extension(Uncompressed), page(template)).into_response()
}

/// A form that is shown again, with what is to be mended.
pub(crate) fn again(template: &impl Template) -> Response {
    (StatusCode::UNPROCESSABLE_ENTITY, page(template)).into_response()
}

fn problem(status: StatusCode, visit: &Visit, heading: &'static str, explanation: &str) -> Response {
    let frame = Frame::bare(heading, visit);
    (status, page(&Problem { frame, status: status.as_u16(), heading, explanation: explanation.to_owned() })).into_response()
}

/// The page for everything that is not there, or not for who asks (rule S4).
pub(crate) async fn not_found(State(app): State<AdminApp>, headers: HeaderMap) -> Response {
    problem(StatusCode::NOT_FOUND, &Visit::of(&app, &headers, "/"), words::problem::NOT_FOUND, words::problem::NOT_FOUND_WHY)
}

/// The page for a change that was not looked at.
pub(crate) fn refused(visit: &Visit, refusal: Refusal) -> Response {
    let (heading, explanation) = match refusal {
        Refusal::ForeignOrigin => (words::problem::FOREIGN, words::problem::FOREIGN_WHY),
        Refusal::Token => (words::problem::TOKEN, words::problem::TOKEN_WHY),
        Refusal::NotAForm => (words::problem::NOT_A_FORM, words::problem::NOT_A_FORM_WHY),
        Refusal::Incomplete => (words::problem::INCOMPLETE, words::problem::INCOMPLETE_WHY),
        Refusal::TooLarge => (words::problem::TOO_LARGE, words::problem::TOO_LARGE_WHY),
    };
    problem(refusal.status(), visit, heading, explanation)
}

/// The page for an operation that was not done.
pub(crate) fn of_refusal(visit: &Visit, refusal: Operation) -> Response {
    if matches!(refusal, Operation::NotFound) {
        return problem(StatusCode::NOT_FOUND, visit, words::problem::NOT_FOUND, words::problem::NOT_FOUND_WHY);
    }
    failed(visit, refusal.told())
}

/// The page for something that did not work, with the reason.
pub(crate) fn failed(visit: &Visit, (status, why): (StatusCode, String)) -> Response {
    problem(status, visit, words::problem::FAILED, &why)
}
