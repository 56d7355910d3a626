//! What happens in an environment: the overview, usage, why requests were refused, what they would get; and the audit log.
//!
//! | File | Owns |
//! |---|---|
//! | `home` | where one begins, and the overview of an environment |
//! | `usage` | figures by time, and by client, business, credential, tenant or reason |
//! | `quotas` | what of a quota is used, and its form |
//! | `refusals` | requests that were refused, and why; the list of all reasons |
//! | `dry_run`, `token`, `console` | what a request would get, what a token is worth, a request that is sent |
//! | `audit`, `changes` | who changed what, its export, and whether the log is whole; what differs between two states |
//! | `names` | what people call what has an id |

mod audit;
mod changes;
mod console;
mod dry_run;
mod home;
pub(super) mod names;
mod quotas;
mod refusals;
#[cfg(test)]
pub(super) mod tests;
mod token;
mod usage;

use axum::Router;
use axum::routing::{get, post};

use super::AdminApp;
pub(super) use quotas::card_of_business;

/// Where the quota of a business is: below its page.
const OF_BUSINESS: &str = "/{environment}/businesses/{tenant}/{business}/quota";

/// The pages of this module.
pub(super) fn routes() -> Router<AdminApp> {
    Router::new()
        .route("/", get(home::begin))
        .route("/{environment}", get(home::overview))
        .route("/{environment}/usage", get(usage::show))
        .route("/{environment}/quotas/{kind}/{id}", get(quotas::show).post(quotas::save))
        .route(OF_BUSINESS, get(quotas::show_of_business).post(quotas::save_of_business))
        .route("/{environment}/explain", get(refusals::list))
        .route("/{environment}/explain/requests/{request}", get(refusals::show))
        .route("/{environment}/explain/dry-run", get(dry_run::show).post(dry_run::run))
        .route("/{environment}/explain/token", get(token::show).post(token::look))
        .route("/{environment}/console", get(console::show).post(console::send))
        .route("/reasons", get(refusals::reasons))
        .route("/audit", get(audit::list))
        .route("/audit/export", get(audit::export))
        .route("/audit/verify", post(audit::verify))
}
