//! Who has access: members, invitations, and programs that use the management API.

mod invitations;
mod list;
mod member;
mod programs;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use axum::Router;
use axum::routing::{get, post};
use mintmark_core::management::{Permission, Role};
use mintmark_core::model::TenantId;
use mintmark_core::store::Store;

use super::components::{Tab, Tabs};
use super::seat::{Seat, Stop};
use super::{AdminApp, words};
use crate::admin::Refusal;
use crate::admin::operations::tenants::{self, TenantFilter};

/// The list of members.
const MEMBERS: &str = "/members";
/// The list of invitations.
const INVITATIONS: &str = "/members/invitations";
/// The list of programs.
const PROGRAMS: &str = "/members/programs";
/// How many rows a list of this module shows.
const ROWS: u32 = 25;
/// How many tenants are offered by name; of more, one has to be named by its identifier.
const TENANTS_OFFERED: u32 = 100;

/// The pages of this module.
pub(super) fn routes() -> Router<AdminApp> {
    Router::new()
        .route(MEMBERS, get(list::show))
        .route("/members/{member}", get(member::show))
        .route("/members/{member}/role", post(member::change_role))
        .route("/members/{member}/disable", post(member::disable))
        .route("/members/{member}/enable", post(member::enable))
        .route("/members/{member}/remove", post(member::remove))
        .route("/members/{member}/invite-back", post(member::invite_back))
        .route("/members/{member}/sessions/end", post(member::end_sessions))
        .route(INVITATIONS, get(invitations::show))
        .route("/members/invite", get(invitations::form).post(invitations::create))
        .route("/members/invitations/{invitation}/cancel", post(invitations::cancel))
        .route(PROGRAMS, get(programs::list))
        .route("/members/programs/new", get(programs::form).post(programs::create))
        .route("/members/programs/{program}", get(programs::show))
        .route("/members/programs/{program}/rotate", post(programs::rotate))
        .route("/members/programs/{program}/disable", post(programs::disable))
        .route("/members/programs/{program}/enable", post(programs::enable))
}

/// The views of this part, those alone that the role may see.
fn tabs(seat: &Seat, current: &str) -> Tabs {
    let edits = seat.may(Permission::EditMembers);
    let all = [
        (words::members::PEOPLE, MEMBERS, true),
        (words::invitations::TITLE, INVITATIONS, edits),
        (words::programs::TITLE, PROGRAMS, true),
    ];
    let shown = all.into_iter().filter(|(.., is_shown)| *is_shown);
    let tab =
        |(label, href, _): (&str, &str, bool)| Tab { label: label.to_owned(), href: href.to_owned(), current: href == current };
    Tabs { label: words::members::VIEWS, tabs: shown.map(tab).collect() }
}

/// The names of the tenants that rows belong to, for the operator: a tenant's people see their own alone.
pub(super) async fn organisations(
    seat: &Seat,
    rows: Vec<Option<TenantId>>,
) -> Result<BTreeMap<Option<TenantId>, String>, Stop> {
    let mut names = BTreeMap::new();
    if !seat.is_operator() {
        return Ok(names);
    }
    names.insert(None, words::navigation::OPERATOR.to_owned());
    for id in rows.into_iter().flatten() {
        if let Entry::Vacant(place) = names.entry(Some(id)) {
            let found = seat.desk.store().tenant(id).await.map_err(|error| seat.stop(error))?;
            place.insert(found.map_or_else(|| id.to_string(), |tenant| tenant.name.clone()));
        }
    }
    Ok(names)
}

/// The tenants to choose from, for the operator: by name where they are few, else an identifier has to be typed.
pub(super) async fn tenants_offered(seat: &Seat) -> Result<Option<Vec<(String, String)>>, Stop> {
    if !seat.is_operator() {
        return Ok(None);
    }
    let filter = TenantFilter { limit: Some(TENANTS_OFFERED), ..TenantFilter::default() };
    let page = tenants::list(&seat.desk, &filter).await.map_err(|refusal| seat.stop(refusal))?;
    let offered = page.items.into_iter().map(|tenant| (tenant.id.to_string(), tenant.name)).collect();
    Ok(page.next.is_none().then_some(offered))
}

/// The roles that somebody may give, with what each may do.
fn roles_to_give(seat: &Seat, is_given: impl Fn(Role) -> bool) -> Vec<(String, String)> {
    let own = seat.signed_in.authority.role();
    let given = Role::ALL.into_iter().filter(|role| own.may_give(*role) && is_given(*role));
    given.map(|role| (role.as_str().to_owned(), words::members::role(role).to_owned())).collect()
}

/// The role that somebody chose; before they did, the one that permits least.
fn typed_role(seat: &Seat) -> String {
    let least = if seat.is_operator() { Role::Auditor } else { Role::Viewer };
    seat.fields.one("role").unwrap_or(least.as_str()).to_owned()
}

/// What somebody chose as a tenant: nothing for the operator's own.
pub(super) fn chosen_tenant(seat: &Seat) -> Result<Option<TenantId>, Refusal> {
    let typed = seat.fields.one("tenant").unwrap_or_default().trim();
    if typed.is_empty() {
        return Ok(None);
    }
    let expected = || Refusal::Invalid { field: "tenant", expected: "the identifier of a tenant".to_owned() };
    typed.parse().map(Some).map_err(|_| expected())
}

/// A text of the query; nothing where it is empty.
pub(super) fn filled(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|text| !text.is_empty())
}

/// The address of a list's page.
pub(super) fn page_of(path: &str, filters: &[(&str, Option<&str>)]) -> String {
    let encode = |text: &str| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();
    let pairs = filters.iter().filter_map(|(name, value)| value.map(|value| format!("{name}={}", encode(value))));
    let query = pairs.collect::<Vec<_>>().join("&");
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}
