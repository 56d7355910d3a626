//! `/_kit`, for who develops the dashboard: every piece in every state, and whole pages with sample data. Accessibility checks and
//! pictures are made of it too. It is there in development only.

mod naughty;
mod pages;
mod samples;

use askama::Template;
use axum::Router;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::get;
use http::HeaderMap;

use super::components::{
    Banner, Button, Chart, Choices, Code, Confirm, Empty, Field, Icon, Pager, Secret, Status, Tabs, Timeline, When, icon,
};
use super::frame::{Flash, Frame, Visit};
use super::{AdminApp, problem, words};

/// The pages of the kit.
pub(crate) fn routes() -> Router<AdminApp> {
    Router::new().route("/_kit", get(pieces)).route("/_kit/{page}", get(whole_page))
}

#[derive(Template)]
#[template(path = "kit/kit.html")]
struct Kit {
    frame: Frame,
    pages: Vec<&'static str>,
    buttons: Vec<Button>,
    statuses: [Status; 9],
    times: Vec<When>,
    fields: Vec<Field>,
    choices: Vec<Choices>,
    banners: Vec<Banner>,
    flashes: Vec<Flash>,
    tabs: Tabs,
    pager: Pager,
    empty: Empty,
    secret: Secret,
    code: Code,
    charts: Vec<Chart>,
    timeline: Timeline,
    dialogs: Vec<Confirm>,
    naughty: Vec<&'static str>,
    icons: Vec<(&'static str, Icon)>,
}

async fn pieces(State(app): State<AdminApp>, headers: HeaderMap) -> Response {
    let now = app.now();
    let frame = samples::frame(words::kit::TITLE, &Visit::of(&app, &headers, "/_kit"), "sandbox", None);
    problem::page(&Kit {
        frame,
        pages: pages::NAMES.to_vec(),
        buttons: samples::buttons(),
        statuses: Status::ALL,
        times: samples::times(now),
        fields: samples::fields(),
        choices: samples::choices(),
        banners: samples::banners(),
        flashes: samples::flashes(),
        tabs: samples::tabs("/_kit"),
        pager: samples::pager(),
        empty: samples::empty(),
        secret: samples::secret(),
        code: samples::code(),
        charts: samples::charts(),
        timeline: samples::timeline(now),
        dialogs: samples::dialogs(),
        naughty: naughty::STRINGS.to_vec(),
        icons: samples::ICONS.map(|name| (name, icon(name))).to_vec(),
    })
}

async fn whole_page(State(app): State<AdminApp>, Path(page): Path<String>, headers: HeaderMap) -> Response {
    let visit = Visit::of(&app, &headers, format!("/_kit/{page}"));
    match pages::render(&page, app.now(), visit) {
        Some(response) => response,
        None => problem::not_found(State(app), headers).await,
    }
}

#[cfg(test)]
mod tests;
