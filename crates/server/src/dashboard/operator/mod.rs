//! The operator's own pages: tenants and what they are entitled to, signing keys. Whoever they are shown to, the operations decide
//! what may be seen and done.

mod deny_list;
mod dialects;
mod entitlement;
mod key_changes;
mod key_dialogs;
mod key_pages;
mod resource_form;
mod resources;
mod tenant_changes;
mod tenants;

#[cfg(test)]
pub(super) mod tests;

use axum::Router;
use axum::routing::{get, post};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::AdminApp;

/// The pages of this module.
pub(super) fn routes() -> Router<AdminApp> {
    Router::new()
        .route("/tenants", get(tenants::list).post(tenant_changes::create))
        .route("/tenants/new", get(tenant_changes::ask))
        .route("/tenants/{tenant}", get(tenants::show).post(tenant_changes::rename))
        .route("/tenants/{tenant}/disable", post(tenant_changes::disable))
        .route("/tenants/{tenant}/enable", post(tenant_changes::enable))
        .route("/tenants/{tenant}/{environment}", get(tenants::show_in).post(entitlement::save))
        .route("/resources", get(resources::show))
        .route("/resources/{environment}", get(resources::show_in).post(resources::create))
        .route("/resources/{environment}/new", get(resources::ask))
        .route("/resources/{environment}/{resource}", get(resources::one).post(resources::edit))
        .route("/revocations", get(deny_list::show))
        .route("/revocations/token", post(deny_list::token))
        .route("/revocations/client", post(deny_list::client))
        .route("/revocations/tenant", post(deny_list::tenant))
        .route("/dialects", get(dialects::show))
        .route("/dialects/{dialect}", get(dialects::one))
        .route("/node", get(dialects::node))
        .route("/keys", get(key_pages::show))
        .route("/keys/{environment}", get(key_pages::show_in))
        .route("/keys/{environment}/{kid}", get(key_pages::one))
        .route("/keys/{environment}/{kid}/rotate", post(key_changes::rotate))
        .route("/keys/{environment}/{kid}/revoke", post(key_changes::revoke))
        .route("/keys/{environment}/{kid}/remove", post(key_changes::remove))
        .route("/keys/{environment}/{kid}/restore", post(key_changes::restore))
}

/// A value in the query of an address.
fn encoded(value: &str) -> String {
    utf8_percent_encode(value, NON_ALPHANUMERIC).to_string()
}

/// An address with those fields of a query that say something.
fn address<const N: usize>(path: &str, fields: [(&str, &str); N]) -> String {
    let told = fields.iter().filter(|(_, value)| !value.is_empty());
    let pairs: Vec<String> = told.map(|(name, value)| format!("{name}={}", encoded(value))).collect();
    if pairs.is_empty() { path.to_owned() } else { format!("{path}?{}", pairs.join("&")) }
}
