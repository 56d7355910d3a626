//! The public listener. This file is the route table; each route has a file of its own.
//!
//! | Path | File |
//! |---|---|
//! | `/.well-known/jwks.json` | `jwks` |
//! | `/.well-known/jwks/previous-DATE.json` | `previous` |
//! | `/.well-known/oauth-authorization-server`, `/.well-known/openid-configuration` | `metadata` |
//! | `/.well-known/oauth-protected-resource` | `metadata` |
//! | `/v0/business`, `/v0/business/{id}` | `business` |
//! | `/.well-known/mintmark-revocations` | `revocations` |
//! | `/.well-known/mintmark-webhook-keys` | `webhook_keys` |
//! | `/.well-known/mintmark-secret-pattern`, `/.well-known/mintmark-leaks` | `leaks` |
//! | `/oauth/revoke`, `/oauth/introspect` | `ending` |
//! | `/verify/{resource_id}` | `gateway` |
//! | `/livez`, `/readyz`, `/readyz/environment`, `/startupz` | `health` |
//! | everything else | `token`: the token endpoints of the dialects, and the 404 of those that own a prefix |

mod answer;
mod business;
mod drain;
mod ending;
mod gateway;
pub(crate) mod health;
mod host;
mod http2;
mod jwks;
mod leaks;
mod listener;
mod metadata;
mod peer;
mod previous;
mod proxy;
mod request_id;
mod revocations;
mod secret_file;
mod secure;
mod service;
mod token;
mod webhook_keys;

use std::sync::Arc;

use axum::Router;
use axum::middleware;
use axum::routing::{any, get, post};
use mintmark_core::dialect::BUSINESS_ROUTE;
use mintmark_core::directory::EnvironmentHandle;
use mintmark_core::model::EnvironmentName;
use mintmark_core::token::HerdRules;

pub use host::HostRule;
pub use listener::{Listener, serve_socket};
pub use peer::Peer;
pub use previous::PreviousKeys;
pub use proxy::Proxies;
pub(crate) use proxy::client_address;
pub use request_id::{RequestId, RequestIds};
pub use revocations::RevocationDocuments;
pub use secret_file::SecretFile;
pub use service::{Service, connection};

use crate::metrics::{EnvironmentRequests, ListenerTraffic};
use crate::node::Node;

/// What one listener serves.
#[derive(Debug)]
pub struct Site {
    /// The environment: the listener's, never a request's choice.
    pub environment: EnvironmentName,
    /// Which hosts are answered.
    pub hosts: HostRule,
    /// The proxies whose word on clients counts.
    pub proxies: Proxies,
    /// Whether clients' certificates arrive here, by TLS or by a proxy.
    pub takes_certificates: bool,
    /// What is done about clients that ask far too often.
    pub herd: HerdRules,
    /// The keys of the issuer before, while its tokens are in use.
    pub previous: Option<Arc<PreviousKeys>>,
}

/// What every handler gets.
#[derive(Clone)]
pub struct App {
    /// The node.
    pub node: Arc<Node>,
    /// The listener's site.
    pub site: Arc<Site>,
    /// The counts of its token requests.
    requests: Arc<EnvironmentRequests>,
    /// The counts of its connections and other requests.
    traffic: Arc<ListenerTraffic>,
}

impl App {
    /// What a listener serves.
    pub fn new(node: Arc<Node>, site: Arc<Site>) -> Self {
        let requests = node.metrics.requests_of(&site.environment);
        let traffic = node.metrics.traffic_of(site.environment.as_str());
        Self { node, site, requests, traffic }
    }

    /// The listener's environment, however old the view of it is.
    fn view(&self) -> Option<EnvironmentHandle> {
        self.node.endpoint.directory.view(&self.site.environment)
    }
}

/// The routes of one listener that are no token endpoint's. Every path here is one of
/// [`BUILT_IN_ROUTES`](mintmark_core::dialect::BUILT_IN_ROUTES), which is how [`Service`] knows them.
fn built_in_routes(app: App) -> Router {
    let api = Router::new()
        .route(BUSINESS_ROUTE, get(business::list).fallback(business::method_refused))
        .route(&format!("{BUSINESS_ROUTE}/{{id}}"), get(business::one).fallback(business::method_refused))
        .route_layer(middleware::from_fn_with_state(business::Protection::new(app.clone()), business::protect));
    Router::new()
        .route("/.well-known/jwks.json", get(jwks::jwks))
        .route("/.well-known/jwks/{document}", get(previous::jwks))
        .route("/.well-known/oauth-authorization-server", get(metadata::authorization_server))
        .route("/.well-known/openid-configuration", get(metadata::authorization_server))
        .route("/.well-known/oauth-protected-resource", get(metadata::protected_resource))
        .route("/.well-known/mintmark-revocations", get(revocations::revocations))
        .route("/.well-known/mintmark-webhook-keys", get(webhook_keys::webhook_keys))
        .route("/.well-known/mintmark-secret-pattern", get(leaks::pattern))
        .route("/.well-known/mintmark-leaks", post(leaks::report).fallback(leaks::method_refused))
        .route("/oauth/revoke", post(ending::revoke).fallback(ending::method_refused))
        .route("/oauth/introspect", post(ending::introspect).fallback(ending::method_refused))
        .route("/verify/{resource}", any(gateway::check))
        .route("/verify/{resource}/", any(gateway::check_with_empty_path))
        .route("/verify/{resource}/{*path}", any(gateway::check_with_path))
        .route("/livez", get(health::live))
        .route("/readyz", get(health::ready))
        .route("/readyz/environment", get(health::environment_ready))
        .route("/startupz", get(health::started))
        .merge(api)
        .fallback(token::unknown_built_in)
        .with_state(app)
}
