//! Making and changing tenants.

use axum::extract::Path;
use mintmark_core::management::Permission;
use mintmark_core::model::{SensitiveAction, Status, TenantId};

use super::tenants::{id_of, page_of};
use crate::admin::Refusal;
use crate::admin::operations::tenants::{self, NewTenant, TenantPatch};
use crate::dashboard::mistake::Mistake;
use crate::dashboard::navigation::Section;
use crate::dashboard::seat::{Answer, Seat, crumbs, go};
use crate::dashboard::views::{TenantFormPage, TenantPage};
use crate::dashboard::{problem, words};

/// `GET /tenants/new`.
pub(super) async fn ask(seat: Seat) -> Answer {
    if !seat.may(Permission::EditOperator) {
        return Err(seat.stop(Refusal::Forbidden(Permission::EditOperator)));
    }
    Ok(problem::page(&form(&seat, String::new())))
}

fn form(seat: &Seat, name: String) -> TenantFormPage {
    let mut frame = seat.frame(words::tenants::NEW, Some(Section::Tenants));
    frame.breadcrumbs = crumbs([(words::tenants::TITLE.to_owned(), "/tenants".to_owned())]);
    TenantFormPage { frame, name, name_error: None, error: None }
}

/// `POST /tenants`.
pub(super) async fn create(seat: Seat) -> Answer {
    let name = seat.fields.one("name").unwrap_or_default().trim().to_owned();
    match tenants::create(&seat.desk, &NewTenant { name: name.clone() }).await {
        Ok(tenant) => Ok(go(&format!("/tenants/{}", tenant.id), Some("tenant-created"))),
        Err(refusal) => {
            let mistake = Mistake::of(refusal).map_err(|refusal| seat.stop(refusal))?;
            // A name that is taken is the name's mistake too.
            Ok(problem::again(&TenantFormPage { name_error: Some(mistake.text), ..form(&seat, name) }))
        }
    }
}

/// `POST /tenants/{tenant}`: another name.
pub(super) async fn rename(seat: Seat, Path(tenant): Path<String>) -> Answer {
    let id = id_of(&seat, &tenant)?;
    let name = seat.fields.one("name").unwrap_or_default().trim().to_owned();
    let seen = seat.fields.one("version").and_then(|version| version.parse().ok());
    let patch = TenantPatch { name: Some(name.clone()), ..TenantPatch::default() };
    // A form without a version is none of ours: it saw nothing.
    match tenants::edit(&seat.desk, id, patch, Some(seen.unwrap_or_default())).await {
        Ok(_) => Ok(go(&format!("/tenants/{id}"), Some("saved"))),
        Err(refusal) => {
            let mistake = Mistake::of(refusal).map_err(|refusal| seat.stop(refusal))?;
            let page = page_of(&seat, id, &first(&seat), None).await?;
            // Over a change of somebody else, what was typed does not come back: theirs is to be seen.
            let name = if mistake.is_change() { page.name.clone() } else { name };
            Ok(problem::again(&TenantPage { renamed: Some((name, mistake.text)), ..page }))
        }
    }
}

fn first(seat: &Seat) -> String {
    seat.first_environment().map(ToString::to_string).unwrap_or_default()
}

/// `POST /tenants/{tenant}/disable`: its members' sessions end with it.
pub(super) async fn disable(seat: Seat, Path(tenant): Path<String>) -> Answer {
    seat.require_step_up(SensitiveAction::Access)?;
    let id = id_of(&seat, &tenant)?;
    let page = page_of(&seat, id, &first(&seat), None).await?;
    if seat.fields.one("confirmation").map(str::trim) != Some(page.name.as_str()) {
        let page = TenantPage { is_asking: true, confirmation_error: Some(words::operator::CONFIRMATION), ..page };
        return Ok(problem::again(&page));
    }
    set_status(&seat, id, Status::Disabled, "tenant-disabled").await
}

/// `POST /tenants/{tenant}/enable`.
pub(super) async fn enable(seat: Seat, Path(tenant): Path<String>) -> Answer {
    seat.require_step_up(SensitiveAction::Access)?;
    let id = id_of(&seat, &tenant)?;
    set_status(&seat, id, Status::Active, "tenant-enabled").await
}

async fn set_status(seat: &Seat, id: TenantId, status: Status, done: &'static str) -> Answer {
    let patch = TenantPatch { status: Some(status), ..TenantPatch::default() };
    tenants::edit(&seat.desk, id, patch, None).await.map_err(|refusal| seat.stop(refusal))?;
    Ok(go(&format!("/tenants/{id}"), Some(done)))
}
