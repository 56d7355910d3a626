//! The management API by HTTP. Handlers take what is in the request, call the operation of their name, and word what it gives back.
//!
//! | File | Owns |
//! |---|---|
//! | `receive` | bodies, and the headers of every answer |
//! | `idempotency` | requests that come again |
//! | `extract` | what handlers take |
//! | `answer`, `problem` | what they give back |
//! | the nouns | one handler for each operation |
//!
//! Paths, methods and permissions are in [`document`](crate::admin::document), from which the router is made.

mod answer;
pub(in crate::admin) mod audit;
pub(in crate::admin) mod businesses;
pub(in crate::admin) mod clients;
pub(in crate::admin) mod credentials;
pub(in crate::admin) mod entitlements;
mod extract;
mod idempotency;
pub(in crate::admin) mod invitations;
pub(in crate::admin) mod keys;
pub(in crate::admin) mod leaks;
pub(in crate::admin) mod management_clients;
pub(in crate::admin) mod members;
mod problem;
pub(in crate::admin) mod promotions;
pub(in crate::admin) mod quotas;
mod receive;
pub(in crate::admin) mod registry;
pub(in crate::admin) mod rotations;
pub(in crate::admin) mod tenants;
pub(in crate::admin) mod token;
pub(in crate::admin) mod usage;
pub(in crate::admin) mod webhooks;

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::middleware;
use axum::routing::post;
use tower::ServiceExt;

pub(in crate::admin) use problem::{Problem, ProblemKind};
pub(in crate::admin) use receive::MAX_BODY;

use super::{AdminApp, authentication, document};
use crate::dashboard;
use crate::http::Service;

/// What the paths of the API begin with.
const PREFIX: &str = "/admin/";

/// What the management side's listener serves, at the host of its origin alone: this API below `/admin/`, the dashboard everywhere
/// else. Each has headers and refusals of its own.
pub fn service(app: AdminApp) -> Service {
    let (node, hosts) = (Arc::clone(&app.node), app.host_rule());
    let (api, pages) = (routes(&app).with_state(app.clone()), dashboard::routes(&app).with_state(app));
    // Neither router can be put into the other: one has paths from the root up, and each answers what it does not know.
    let choose = move |request: Request| {
        let routes = if request.uri().path().starts_with(PREFIX) { &api } else { &pages };
        routes.clone().oneshot(request)
    };
    Service::other("admin", node, hosts, Router::new().fallback_service(tower::service_fn(choose)))
}

/// The routes of the management API, documents included.
pub fn routes(app: &AdminApp) -> Router<AdminApp> {
    let with = |app: &AdminApp| app.clone();
    // The layer that is named last is asked first.
    let operations = document::operations()
        .route_layer(middleware::from_fn_with_state(with(app), idempotency::once))
        .route_layer(middleware::from_fn_with_state(with(app), authentication::authenticate))
        .route_layer(middleware::from_fn_with_state(with(app), receive::receive))
        .route_layer(middleware::from_fn_with_state(with(app), authentication::claim));
    let token = Router::new()
        .route("/admin/v1/token", post(token::issue_management_token))
        .route_layer(middleware::from_fn_with_state(with(app), receive::receive_form));
    operations
        .merge(token)
        .route_layer(middleware::from_fn_with_state(with(app), authentication::refuse_foreign))
        .merge(document::documents())
        .method_not_allowed_fallback(extract::no_such_method)
        .fallback(extract::no_such_path)
        .layer(middleware::from_fn_with_state(with(app), receive::harden))
}
