//! One business: made, changed, turned off.

use axum::extract::{Path, Query};
use axum::response::IntoResponse;
use http::StatusCode;
use mintmark_core::management::Permission;
use mintmark_core::model::{EnvironmentName, SensitiveAction, Status as Stored, TenantId};
use serde::Deserialize;

use super::{offered_tenants, path};
use crate::admin::Refusal;
use crate::admin::operations::businesses::{self, BusinessPatch, BusinessView, NewBusiness};
use crate::dashboard::components::{Status, When};
use crate::dashboard::insight::card_of_business;
use crate::dashboard::mistake::Mistake;
use crate::dashboard::navigation::Section;
use crate::dashboard::seat::{Answer, Seat, Stop, crumbs, go};
use crate::dashboard::views::{BusinessPage, KnownBusiness};
use crate::dashboard::{problem, words};

/// What the address asks for.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    tenant: String,
    dialog: String,
}

type Names = Path<(String, String, String)>;

/// `GET /{environment}/businesses/new`.
pub(super) async fn blank(seat: Seat, Path(name): Path<String>, Query(asked): Query<Asked>) -> Answer {
    let environment = environment(&seat, &name)?;
    if !seat.may(Permission::EditBusinesses) {
        return Err(seat.stop(Refusal::Forbidden(Permission::EditBusinesses)));
    }
    form(&seat, &environment, (asked.tenant, None)).await
}

fn environment(seat: &Seat, name: &str) -> Result<EnvironmentName, Stop> {
    seat.environment(name).map(|record| record.environment.name.clone())
}

fn typed(seat: &Seat, name: &str) -> String {
    seat.fields.one(name).unwrap_or_default().trim().to_owned()
}

async fn form(seat: &Seat, environment: &EnvironmentName, (tenant, mistake): (String, Option<Mistake>)) -> Answer {
    let (tenants, types_tenant) = offered_tenants(seat).await?;
    let status = if mistake.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let mut frame = seat.frame_in(environment, words::businesses::NEW, Section::Businesses);
    frame.breadcrumbs = crumbs([(words::businesses::TITLE.to_owned(), path(environment, ""))]);
    let page = BusinessPage {
        frame,
        title: words::businesses::NEW.to_owned(),
        href: path(environment, "/new"),
        known: None,
        tenants,
        types_tenant,
        tenant,
        name: typed(seat, "name"),
        external_id: typed(seat, "external_id"),
        may_edit: true,
        may_enable: false,
        dialog: String::new(),
        mistake,
    };
    Ok((status, problem::page(&page)).into_response())
}

/// `POST /{environment}/businesses/new`.
pub(super) async fn create(seat: Seat, Path(name): Path<String>) -> Answer {
    let environment = environment(&seat, &name)?;
    let chosen = typed(&seat, "tenant");
    let Some(tenant) = seat.signed_in.member.tenant_id.or_else(|| chosen.parse().ok()) else {
        let mistake = Mistake::new("tenant_id", words::create::TENANT_WRONG);
        return form(&seat, &environment, (chosen, Some(mistake))).await;
    };
    let external_id = Some(typed(&seat, "external_id")).filter(|id| !id.is_empty());
    let new = NewBusiness { name: typed(&seat, "name"), external_id };
    match businesses::create(&seat.desk, (&environment, tenant), new).await {
        Ok(business) => Ok(go(&href(&business), Some("business-created"))),
        Err(refusal) => {
            let mistake = Mistake::of(refusal).map_err(|refusal| seat.stop(refusal))?;
            form(&seat, &environment, (chosen, Some(mistake))).await
        }
    }
}

fn href(business: &BusinessView) -> String {
    path(&business.environment, &format!("/{}/{}", business.tenant_id, business.id))
}

/// The business that an address names.
async fn load(seat: &Seat, (name, tenant, id): &(String, String, String)) -> Result<BusinessView, Stop> {
    let environment = environment(seat, name)?;
    let missing = || seat.stop(Refusal::NotFound);
    let tenant: TenantId = tenant.parse().map_err(|_| missing())?;
    let id = id.parse().map_err(|_| missing())?;
    businesses::read(&seat.desk, (&environment, tenant), id).await.map_err(|refusal| seat.stop(refusal))
}

/// `GET /{environment}/businesses/{tenant}/{business}`.
pub(super) async fn show(seat: Seat, Path(names): Names, Query(asked): Query<Asked>) -> Answer {
    let business = load(&seat, &names).await?;
    page(&seat, &business, (asked.dialog, None)).await
}

async fn page(seat: &Seat, business: &BusinessView, (dialog, mistake): (String, Option<Mistake>)) -> Answer {
    let quota = card_of_business(seat, &business.environment, (business.tenant_id, business.id)).await;
    let quota = quota.map_err(|refusal| seat.stop(refusal))?;
    // What was typed comes back, but over a change of somebody else, which is to be seen.
    let again = mistake.as_ref().is_some_and(|mistake| !mistake.is_change()) && seat.fields.one("name").is_some();
    let shown = |name: &str, is: &str| if again { typed(seat, name) } else { is.to_owned() };
    let status = if mistake.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let mut frame = seat.frame_in(&business.environment, business.name.clone(), Section::Businesses);
    frame.breadcrumbs = crumbs([(
        words::businesses::TITLE.to_owned(),
        path(&business.environment, &format!("?tenant={}", business.tenant_id)),
    )]);
    let page = BusinessPage {
        frame,
        title: business.name.clone(),
        href: href(business),
        known: Some(KnownBusiness {
            id: business.id.to_string(),
            name: business.name.clone(),
            status: if business.status == Stored::Active { Status::Active } else { Status::Disabled },
            created: When::relative(Some(business.created_at.0), seat.app.now()),
            version: business.version,
            quota,
        }),
        tenants: Vec::new(),
        types_tenant: false,
        tenant: String::new(),
        name: shown("name", &business.name),
        external_id: shown("external_id", business.external_id.as_deref().unwrap_or_default()),
        may_edit: seat.may(Permission::EditBusinesses),
        may_enable: seat.may(Permission::EditOperator),
        dialog,
        mistake,
    };
    Ok((status, problem::page(&page)).into_response())
}

/// `POST /{environment}/businesses/{tenant}/{business}`.
pub(super) async fn save(seat: Seat, Path(names): Names) -> Answer {
    let business = load(&seat, &names).await?;
    let external_id = typed(&seat, "external_id");
    if external_id.is_empty() && business.external_id.is_some() {
        let mistake = Mistake::new("external_id", words::businesses::EXTERNAL_STAYS);
        return page(&seat, &business, (String::new(), Some(mistake))).await;
    }
    let patch = BusinessPatch {
        name: Some(typed(&seat, "name")),
        external_id: Some(external_id).filter(|id| !id.is_empty()),
        ..BusinessPatch::default()
    };
    let seen = seat.fields.one("version").and_then(|version| version.parse().ok());
    change(&seat, &names, &business, (patch, seen, "business-saved")).await
}

async fn change(
    seat: &Seat,
    names: &(String, String, String),
    business: &BusinessView,
    (patch, seen, done): (BusinessPatch, Option<u64>, &'static str),
) -> Answer {
    let of = (&business.environment, business.tenant_id);
    match businesses::edit(&seat.desk, of, business.id, (patch, seen)).await {
        Ok(business) => Ok(go(&href(&business), Some(done))),
        Err(refusal) => {
            let mistake = Mistake::of(refusal).map_err(|refusal| seat.stop(refusal))?;
            let business = load(seat, names).await?;
            page(seat, &business, (String::new(), Some(mistake))).await
        }
    }
}

/// `POST .../disable`: with its name typed.
pub(super) async fn disable(seat: Seat, Path(names): Names) -> Answer {
    seat.require_step_up(SensitiveAction::Credentials)?;
    let business = load(&seat, &names).await?;
    if seat.fields.one("confirmation") != Some(business.name.as_str()) {
        let mistake = Mistake::new("", words::client::NOT_CONFIRMED);
        return page(&seat, &business, ("disable".to_owned(), Some(mistake))).await;
    }
    let patch = BusinessPatch { status: Some(Stored::Disabled), ..BusinessPatch::default() };
    change(&seat, &names, &business, (patch, None, "business-disabled")).await
}

/// `POST .../enable`.
pub(super) async fn enable(seat: Seat, Path(names): Names) -> Answer {
    seat.require_step_up(SensitiveAction::Credentials)?;
    let business = load(&seat, &names).await?;
    let patch = BusinessPatch { status: Some(Stored::Active), ..BusinessPatch::default() };
    change(&seat, &names, &business, (patch, None, "business-enabled")).await
}

/// `POST .../revoke`.
pub(super) async fn revoke(seat: Seat, Path(names): Names) -> Answer {
    seat.require_step_up(SensitiveAction::Credentials)?;
    let business = load(&seat, &names).await?;
    let revoked = businesses::revoke(&seat.desk, (&business.environment, business.tenant_id), business.id).await;
    revoked.map_err(|refusal| seat.stop(refusal))?;
    Ok(go(&href(&business), Some("business-revoked")))
}
