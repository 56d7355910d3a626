//! The dashboard: pages that work without scripts, rendered here. This folder owns how it looks and how a browser is spoken to
//! safely; what may be seen and done, and by whom, is decided elsewhere.
//!
//! [`security`] stands before every page. `components` are the pieces that pages are put together from, `views` the pages
//! themselves, `words` all that they say, and `kit` shows every piece in every state while developing.

mod access;
mod assets;
mod businesses;
mod clients;
mod components;
mod compression;
mod cookies;
#[cfg(test)]
mod fixture;
mod flash;
mod forms;
mod frame;
mod insight;
mod kit;
mod members;
mod mistake;
mod navigation;
mod once;
mod operator;
mod problem;
mod seat;
mod security;
mod theme;
mod views;
mod words;

use axum::Router;
use axum::middleware;
use axum::routing::{get, post};

use crate::admin::AdminApp;

/// The dashboard's routes, each behind [`security::guard`]: what it refuses reaches no page.
pub fn routes(app: &AdminApp) -> Router<AdminApp> {
    let mut pages = access::routes()
        .merge(businesses::routes())
        .merge(clients::routes())
        .merge(insight::routes())
        .merge(members::routes())
        .merge(operator::routes())
        .route("/theme", post(theme::choose))
        .fallback(problem::not_found);
    // No environment has such a name: without the kit there is nothing there.
    pages = if app.development { pages.merge(kit::routes()) } else { pages.route("/_kit/{*page}", get(problem::not_found)) };
    pages
        .layer(middleware::from_fn_with_state(app.clone(), security::guard))
        .layer(middleware::from_fn_with_state(app.clone(), compression::compress))
        .route("/assets/{file}", get(assets::serve))
        .layer(middleware::from_fn_with_state(app.clone(), security::add_headers))
}
