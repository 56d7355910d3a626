//! Tenants, as they are.

use axum::extract::{Path, Query};
use mintmark_core::management::Permission;
use mintmark_core::model::{AttributeValue, EnvironmentName, Status as TenantStatus, TenantId};
use serde::Deserialize;

use super::entitlement::{self, Typed};
use super::{address, encoded};
use crate::admin::Refusal;
use crate::admin::operations::clients::{self, ClientFilter};
use crate::admin::operations::tenants::{self, TenantFilter, TenantView};
use crate::dashboard::components::{Pager, Status, When};
use crate::dashboard::navigation::Section;
use crate::dashboard::seat::{Answer, Seat, Stop, crumbs};
use crate::dashboard::views::{TenantListPage, TenantPage, TenantRow};
use crate::dashboard::{problem, words};

/// How many clients are counted at most.
const COUNTED_MAX: u32 = 200;

/// What a list is asked for.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct ListQuery {
    q: String,
    status: String,
    cursor: String,
}

/// Which dialog a page is asked to come with.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct DialogQuery {
    pub(super) dialog: String,
}

/// `GET /tenants`.
pub(super) async fn list(seat: Seat, Query(asked): Query<ListQuery>) -> Answer {
    if !seat.may(Permission::ReadOperator) {
        return Err(seat.stop(Refusal::NotFound));
    }
    let filled = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    let filter = TenantFilter {
        limit: None,
        cursor: filled(&asked.cursor),
        status: TenantStatus::from_word(&asked.status),
        name: filled(asked.q.trim()),
    };
    let page = tenants::list(&seat.desk, &filter).await.map_err(|refusal| seat.stop(refusal))?;
    let now = seat.app.now();
    let rows = page.items.into_iter().map(|tenant| TenantRow {
        href: format!("/tenants/{}", tenant.id),
        id: tenant.id.to_string(),
        status: status_of(tenant.status),
        created: When::relative(Some(tenant.created_at.0), now),
        name: tenant.name,
    });
    let rows: Vec<TenantRow> = rows.collect();
    let here = |cursor: &str| address("/tenants", [("q", &asked.q), ("status", &asked.status), ("cursor", cursor)]);
    let pager = Pager {
        showing: words::tenants::showing(rows.len()),
        first: (!asked.cursor.is_empty()).then(|| here("")),
        next: page.next.as_deref().map(here),
    };
    Ok(problem::page(&TenantListPage {
        frame: seat.frame(words::tenants::TITLE, Some(Section::Tenants)),
        has_more: page.next.is_some(),
        query: asked.q,
        status: asked.status,
        rows,
        pager,
        may_edit: seat.may(Permission::EditOperator),
    }))
}

pub(super) fn status_of(status: TenantStatus) -> Status {
    match status {
        TenantStatus::Active => Status::Active,
        TenantStatus::Disabled => Status::Disabled,
    }
}

/// `GET /tenants/{tenant}`.
pub(super) async fn show(seat: Seat, Path(tenant): Path<String>, Query(asked): Query<DialogQuery>) -> Answer {
    let environment = seat.first_environment().map(ToString::to_string).unwrap_or_default();
    show_in(seat, Path((tenant, environment)), Query(asked)).await
}

/// `GET /tenants/{tenant}/{environment}`: with its entitlement there.
pub(super) async fn show_in(
    seat: Seat,
    Path((tenant, environment)): Path<(String, String)>,
    Query(asked): Query<DialogQuery>,
) -> Answer {
    let mut page = page_of(&seat, id_of(&seat, &tenant)?, &environment, None).await?;
    page.is_asking = asked.dialog == "disable";
    Ok(problem::page(&page))
}

/// The tenant that an address names. One that is not of its form names nothing (rule S4).
pub(super) fn id_of(seat: &Seat, named: &str) -> Result<TenantId, Stop> {
    named.parse().map_err(|_| seat.stop(Refusal::NotFound))
}

/// The page of a tenant, with what was typed into the form of its entitlement if that is to be shown again.
pub(super) async fn page_of(seat: &Seat, id: TenantId, environment: &str, typed: Option<Typed>) -> Result<TenantPage, Stop> {
    let tenant = tenants::read(&seat.desk, id).await.map_err(|refusal| seat.stop(refusal))?;
    let form = if environment.is_empty() { None } else { Some(entitlement::form(seat, id, environment, typed).await?) };
    let (clients, clients_in_all) = clients_of(seat, id).await?;
    let mut frame = seat.frame(tenant.name.clone(), Some(Section::Tenants));
    frame.breadcrumbs = crumbs([(words::tenants::TITLE.to_owned(), "/tenants".to_owned())]);
    let of_environment =
        |name: &EnvironmentName| (name.to_string(), format!("/tenants/{id}/{name}"), name.as_str() == environment);
    Ok(TenantPage {
        environments: seat.environments().iter().map(|record| of_environment(&record.environment.name)).collect(),
        frame,
        id: id.to_string(),
        status: status_of(tenant.status),
        is_disabled: tenant.status == TenantStatus::Disabled,
        version: tenant.version,
        created: When::exact(tenant.created_at.0),
        attributes: attributes(&tenant),
        name: tenant.name,
        clients,
        clients_in_all,
        members: seat.may(Permission::EditMembers).then(|| format!("/members?tenant={}", encoded(&id.to_string()))),
        renamed: None,
        may_edit: seat.may(Permission::EditOperator),
        is_asking: false,
        confirmation_error: None,
        entitlement: form,
    })
}

fn attributes(tenant: &TenantView) -> Vec<String> {
    let said = |value: &AttributeValue| match value {
        AttributeValue::Text(text) => text.clone(),
        AttributeValue::Integer(number) => number.to_string(),
        AttributeValue::Boolean(answer) => answer.to_string(),
    };
    tenant.attributes.iter().map(|(name, value)| format!("{name} = {}", said(value))).collect()
}

type Counted = (Vec<(String, String, String)>, String);

/// How many clients a tenant has in each environment, and in all.
async fn clients_of(seat: &Seat, id: TenantId) -> Result<Counted, Stop> {
    let (mut rows, mut all, mut has_more) = (Vec::new(), 0, false);
    for record in seat.environments() {
        let name = &record.environment.name;
        let filter = ClientFilter { limit: Some(COUNTED_MAX), tenant_id: Some(id), ..ClientFilter::default() };
        let page = clients::list(&seat.desk, name, &filter).await.map_err(|refusal| seat.stop(refusal))?;
        let more = page.next.is_some();
        let href = format!("/{name}/clients?tenant={}", encoded(&id.to_string()));
        rows.push((name.to_string(), words::tenants::clients(page.items.len(), more), href));
        (all, has_more) = (all + page.items.len(), has_more || more);
    }
    Ok((rows, words::tenants::clients(all, has_more)))
}
