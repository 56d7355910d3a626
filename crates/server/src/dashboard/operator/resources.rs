//! Resources with their scopes, and who has them.

use axum::extract::{Path, Query};
use mintmark_core::management::Permission;
use mintmark_core::model::{EnvironmentName, ResourceId, SensitiveAction, TokenFormat};
use mintmark_verify::Algorithm;
use serde::Deserialize;

use super::resource_form::{new_resource, patch, stored, typed};
use super::{address, encoded};
use crate::admin::Refusal;
use crate::admin::operations::environments::PageFilter;
use crate::admin::operations::resources::{self, ResourceClientView, ResourceView};
use crate::dashboard::components::{Pager, When};
use crate::dashboard::mistake::Mistake;
use crate::dashboard::navigation::Section;
use crate::dashboard::seat::{Answer, Seat, Stop, crumbs, go};
use crate::dashboard::views::{HolderRow, ResourceFormPage, ResourceListPage, ResourcePage, ResourceRow, ResourceTyped};
use crate::dashboard::{problem, words};

/// Where a list goes on.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct CursorQuery {
    cursor: String,
}

fn format_word(format: Option<TokenFormat>) -> &'static str {
    format.map_or(words::resources::FORMAT_DEFAULT, |format| match format {
        TokenFormat::Jwt => words::resources::JWT,
        TokenFormat::Opaque => words::resources::OPAQUE,
    })
}

fn algorithm_word(algorithm: Option<Algorithm>) -> &'static str {
    algorithm.map_or(words::resources::ALGORITHM_DEFAULT, Algorithm::as_str)
}

/// Only the operator's people see the pages; tenants see the scopes where they grant them.
fn check(seat: &Seat, permission: Permission) -> Result<(), Stop> {
    if seat.may(permission) { Ok(()) } else { Err(seat.stop(Refusal::Forbidden(permission))) }
}

/// `GET /resources`.
pub(super) async fn show(seat: Seat) -> Answer {
    if let Some(environment) = seat.first_environment().map(ToString::to_string) {
        return show_in(seat, Path(environment)).await;
    }
    check(&seat, Permission::ReadOperator)?;
    // Where nobody has made an environment yet there is nowhere to make a resource either.
    Ok(problem::page(&ResourceListPage {
        frame: seat.frame(words::resources::TITLE, Some(Section::Resources)),
        environments: Vec::new(),
        environment: String::new(),
        rows: Vec::new(),
        may_edit: false,
    }))
}

/// `GET /resources/{environment}`.
pub(super) async fn show_in(seat: Seat, Path(environment): Path<String>) -> Answer {
    check(&seat, Permission::ReadOperator)?;
    let record = seat.environment(&environment)?;
    let name = &record.environment.name;
    let tab = |other: &EnvironmentName| (other.to_string(), format!("/resources/{other}"), other == name);
    let rows = record.resources.iter().map(|resource| ResourceRow {
        name: resource.name.clone(),
        href: format!("/resources/{name}/{}", resource.id),
        uri: resource.uri.to_string(),
        scopes: resource.scopes.len(),
        format: format_word(resource.token_format),
        algorithm: algorithm_word(resource.algorithm),
    });
    Ok(problem::page(&ResourceListPage {
        frame: seat.frame(words::resources::TITLE, Some(Section::Resources)),
        environments: seat.environments().iter().map(|other| tab(&other.environment.name)).collect(),
        environment: name.to_string(),
        rows: rows.collect(),
        may_edit: seat.may(Permission::EditOperator),
    }))
}

/// `GET /resources/{environment}/new`.
pub(super) async fn ask(seat: Seat, Path(environment): Path<String>) -> Answer {
    check(&seat, Permission::EditOperator)?;
    Ok(problem::page(&form(&seat, &environment, ResourceTyped::default())?))
}

fn form(seat: &Seat, environment: &str, typed: ResourceTyped) -> Result<ResourceFormPage, Stop> {
    let name = &seat.environment(environment)?.environment.name;
    let mut frame = seat.frame(words::resources::NEW, Some(Section::Resources));
    frame.breadcrumbs = above(name);
    Ok(ResourceFormPage { frame, action: format!("/resources/{name}"), typed })
}

fn above(environment: &EnvironmentName) -> Vec<crate::dashboard::frame::Crumb> {
    let list = (words::resources::TITLE.to_owned(), "/resources".to_owned());
    crumbs([list, (environment.to_string(), format!("/resources/{environment}"))])
}

/// `POST /resources/{environment}`.
pub(super) async fn create(seat: Seat, Path(environment): Path<String>) -> Answer {
    check(&seat, Permission::EditOperator)?;
    let name = seat.environment(&environment)?.environment.name.clone();
    let typed = typed(&seat);
    let mistake = match new_resource(&typed) {
        Ok(new) => match resources::create(&seat.desk, &name, new).await {
            Ok(made) => return Ok(go(&format!("/resources/{name}/{}", made.id), Some("resource-created"))),
            Err(refusal) => Mistake::of(refusal).map_err(|refusal| seat.stop(refusal))?,
        },
        Err(mistake) => mistake,
    };
    let typed = ResourceTyped { mistake: Some((Some(mistake.field).filter(|field| !field.is_empty()), mistake.text)), ..typed };
    Ok(problem::again(&form(&seat, name.as_str(), typed)?))
}

/// The environment and resource that an address names.
fn named(seat: &Seat, (environment, id): &(String, String)) -> Result<(EnvironmentName, ResourceId), Stop> {
    let name = seat.environment(environment)?.environment.name.clone();
    let id = id.parse().map_err(|_| seat.stop(Refusal::NotFound))?;
    Ok((name, id))
}

/// `GET /resources/{environment}/{resource}`.
pub(super) async fn one(seat: Seat, Path(of): Path<(String, String)>, Query(asked): Query<CursorQuery>) -> Answer {
    check(&seat, Permission::ReadOperator)?;
    let (name, id) = named(&seat, &of)?;
    Ok(problem::page(&page_of(&seat, (&name, id), &asked.cursor, None).await?))
}

async fn page_of(
    seat: &Seat,
    (environment, id): (&EnvironmentName, ResourceId),
    cursor: &str,
    typed: Option<ResourceTyped>,
) -> Result<ResourcePage, Stop> {
    let resource = resources::read(&seat.desk, environment, id).await.map_err(|refusal| seat.stop(refusal))?;
    let filter = PageFilter { limit: None, cursor: Some(cursor.to_owned()).filter(|cursor| !cursor.is_empty()) };
    let clients = resources::list_clients(&seat.desk, (environment, id), &filter).await;
    let clients = clients.map_err(|refusal| seat.stop(refusal))?;
    let href = format!("/resources/{environment}/{id}");
    let mut frame = seat.frame(resource.name.clone(), Some(Section::Resources));
    frame.breadcrumbs = above(environment);
    Ok(ResourcePage {
        frame,
        typed: typed.unwrap_or_else(|| stored(&resource)),
        pager: Pager {
            showing: words::resources::showing(clients.items.len()),
            first: (!cursor.is_empty()).then(|| href.clone()),
            next: clients.next.as_deref().map(|next| address(&href, [("cursor", next)])),
        },
        has_more: clients.next.is_some(),
        holders: clients.items.into_iter().map(|client| holder(environment, client)).collect(),
        name: resource.name,
        uri: resource.uri.to_string(),
        id: id.to_string(),
        action: href,
        version: resource.version,
        format: format_word(resource.token_format),
        algorithm: algorithm_word(resource.algorithm),
        has_format: resource.token_format.is_some(),
        created: When::exact(resource.created_at.0),
        scopes: resource.scopes.into_iter().map(|scope| (scope.name.to_string(), scope.description)).collect(),
        may_edit: seat.may(Permission::EditOperator),
    })
}

fn holder(environment: &EnvironmentName, client: ResourceClientView) -> HolderRow {
    HolderRow {
        href: format!("/{environment}/clients/{}", encoded(client.id.as_str())),
        id: client.id.to_string(),
        scopes: client.scopes.iter().map(ToString::to_string).collect(),
        serves: client.serves,
        name: client.name,
    }
}

/// `POST /resources/{environment}/{resource}`.
pub(super) async fn edit(seat: Seat, Path(of): Path<(String, String)>) -> Answer {
    check(&seat, Permission::EditOperator)?;
    let (name, id) = named(&seat, &of)?;
    let typed = typed(&seat);
    let held = resources::read(&seat.desk, &name, id).await.map_err(|refusal| seat.stop(refusal))?;
    let mistake = match save(&seat, (&name, &held), &typed).await? {
        Ok(()) => return Ok(go(&format!("/resources/{name}/{id}"), Some("saved"))),
        Err(mistake) => mistake,
    };
    // What somebody else has saved is shown in the place of what was typed, so that nobody overwrites what they have not seen.
    let shown = if mistake.is_change() { stored(&held) } else { typed };
    let typed = ResourceTyped { mistake: Some((Some(mistake.field).filter(|field| !field.is_empty()), mistake.text)), ..shown };
    Ok(problem::again(&page_of(&seat, (&name, id), "", Some(typed)).await?))
}

async fn save(
    seat: &Seat,
    (environment, held): (&EnvironmentName, &ResourceView),
    typed: &ResourceTyped,
) -> Result<Result<(), Mistake>, Stop> {
    let patch = match patch(typed, held) {
        Ok(patch) => patch,
        Err(mistake) => return Ok(Err(mistake)),
    };
    // A form without a version is none of ours: it saw nothing.
    let seen = seat.fields.one("version").and_then(|version| version.parse().ok()).unwrap_or_default();
    if seen != held.version {
        return Ok(Err(Mistake::new("", words::mistake::CHANGED)));
    }
    // A scope that comes back is in force wherever it was granted before it went.
    if patch.add_scopes.iter().any(|scope| held.scopes.iter().all(|known| known.name != scope.name)) {
        seat.require_step_up(SensitiveAction::Access)?;
    }
    match resources::edit(&seat.desk, (environment, held.id), patch, Some(seen)).await {
        Ok(_) => Ok(Ok(())),
        Err(refusal) => Mistake::of(refusal).map(Err).map_err(|refusal| seat.stop(refusal)),
    }
}
