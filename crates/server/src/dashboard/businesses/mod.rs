//! The pages about businesses: the list, a new one, and each one's own page.

mod list;
mod one;

#[cfg(test)]
mod tests;

use axum::Router;
use axum::routing::{get, post};
use mintmark_core::model::EnvironmentName;

use super::AdminApp;
use super::seat::{Seat, Stop};
use crate::admin::operations::tenants::{self, TenantFilter};

/// How many tenants are offered by name.
const TENANTS_MAX: u32 = 200;

/// The pages of this module.
pub(super) fn routes() -> Router<AdminApp> {
    let one = |end: &str| format!("/{{environment}}/businesses/{{tenant}}/{{business}}{end}");
    Router::new()
        .route("/{environment}/businesses", get(list::show))
        .route("/{environment}/businesses/new", get(one::blank).post(one::create))
        .route(&one(""), get(one::show).post(one::save))
        .route(&one("/disable"), post(one::disable))
        .route(&one("/enable"), post(one::enable))
        .route(&one("/revoke"), post(one::revoke))
}

/// A path below the list.
fn path(environment: &EnvironmentName, below: &str) -> String {
    format!("/{environment}/businesses{below}")
}

/// The tenants to choose from, and whether there are more than are offered. Who is of a tenant has no choice.
async fn offered_tenants(seat: &Seat) -> Result<(Vec<(String, String)>, bool), Stop> {
    if !seat.is_operator() {
        return Ok((Vec::new(), false));
    }
    let filter = TenantFilter { limit: Some(TENANTS_MAX), ..TenantFilter::default() };
    let page = tenants::list(&seat.desk, &filter).await.map_err(|refusal| seat.stop(refusal))?;
    let tenants = page.items.into_iter().map(|tenant| (tenant.id.to_string(), tenant.name)).collect();
    Ok((tenants, page.next.is_some()))
}
