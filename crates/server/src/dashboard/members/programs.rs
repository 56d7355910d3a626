//! Programs that use the management API.

use axum::extract::{Path, Query};
use mintmark_core::management::{Permission, Role};
use mintmark_core::model::{ManagementClientId, SensitiveAction, Status};
use serde::Deserialize;

use super::{PROGRAMS, ROWS, chosen_tenant, filled, organisations, page_of, roles_to_give, tabs, tenants_offered, typed_role};
use crate::admin::Refusal;
use crate::admin::operations::management_clients::{
    self, CreatedManagementClientView, ManagementClientFilter, ManagementClientPatch, ManagementClientView,
    NewManagementClientBody,
};
use crate::dashboard::components::{Pager, When};
use crate::dashboard::mistake::Mistake;
use crate::dashboard::navigation::Section;
use crate::dashboard::seat::{Answer, Seat, Stop, crumbs, go};
use crate::dashboard::views::{ProgramFormPage, ProgramListPage, ProgramPage, ProgramResultPage, ProgramRow, status_of};
use crate::dashboard::{once, problem, words};

/// What the address asks for.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    cursor: Option<String>,
    dialog: Option<String>,
}

fn id_of(seat: &Seat, text: &str) -> Result<ManagementClientId, Stop> {
    text.parse().map_err(|_| seat.stop(Refusal::NotFound))
}

fn row_of(client: &ManagementClientView, organisation: String) -> ProgramRow {
    ProgramRow {
        href: format!("{PROGRAMS}/{}", client.id),
        id: client.id.to_string(),
        name: client.name.clone(),
        role: client.role,
        organisation,
        status: status_of(client.status),
        hint: client.hint.clone(),
        created: When::exact(client.created_at.0),
    }
}

/// `GET /members/programs`.
pub(super) async fn list(seat: Seat, Query(asked): Query<Asked>) -> Answer {
    let cursor = filled(asked.cursor.as_deref());
    let cursor_asked = cursor.map(str::to_owned);
    let filter = ManagementClientFilter { limit: Some(ROWS), cursor: cursor_asked, ..ManagementClientFilter::default() };
    let page = management_clients::list(&seat.desk, &filter).await.map_err(|refusal| seat.stop(refusal))?;
    let names = organisations(&seat, page.items.iter().map(|client| client.tenant_id).collect()).await?;
    let organisation = |client: &ManagementClientView| names.get(&client.tenant_id).cloned().unwrap_or_default();
    let rows: Vec<_> = page.items.iter().map(|client| row_of(client, organisation(client))).collect();
    let pager = Pager {
        showing: words::programs::showing(rows.len()),
        first: cursor.map(|_| PROGRAMS.to_owned()),
        next: page.next.as_deref().map(|next| page_of(PROGRAMS, &[("cursor", Some(next))])),
    };
    Ok(problem::page(&ProgramListPage {
        frame: seat.frame(words::programs::TITLE, Some(Section::Members)),
        tabs: tabs(&seat, PROGRAMS),
        is_operator: seat.is_operator(),
        may_edit: seat.may(Permission::EditMembers),
        rows,
        pager,
    }))
}

/// `GET /members/programs/new`.
pub(super) async fn form(seat: Seat) -> Answer {
    if !seat.may(Permission::EditMembers) {
        return Err(seat.stop(Refusal::Forbidden(Permission::EditMembers)));
    }
    Ok(problem::page(&form_page(&seat, None).await?))
}

async fn form_page(seat: &Seat, mistake: Option<Mistake>) -> Result<ProgramFormPage, Stop> {
    let mut frame = seat.frame(words::programs::NEW, Some(Section::Members));
    frame.breadcrumbs = crumbs([(words::programs::TITLE.to_owned(), PROGRAMS.to_owned())]);
    let typed = |name: &str| seat.fields.one(name).unwrap_or_default().to_owned();
    Ok(ProgramFormPage {
        frame,
        name: typed("name"),
        role: typed_role(seat),
        roles: roles_to_give(seat, |role| seat.is_operator() || !role.is_of_operator()),
        is_operator: seat.is_operator(),
        tenants: tenants_offered(seat).await?,
        tenant: typed("tenant"),
        mistake,
    })
}

/// `POST /members/programs/new`. The answer is the one page that shows the secret.
pub(super) async fn create(seat: Seat) -> Answer {
    seat.require_step_up(SensitiveAction::Access)?;
    let ticket = once::ticket(&seat, PROGRAMS).await?;
    let created = try_create(&seat).await;
    ticket.close(&seat, &created).await;
    match created {
        Ok(created) => Ok(problem::page(&result_page(&seat, created))),
        Err(refusal) => {
            let mistake = Mistake::of(refusal).map_err(|refusal| seat.stop(refusal))?;
            let page = form_page(&seat, Some(mistake)).await?;
            Ok(problem::again(&page))
        }
    }
}

async fn try_create(seat: &Seat) -> Result<CreatedManagementClientView, Refusal> {
    let expected = || Refusal::Invalid { field: "role", expected: "one of those that are offered".to_owned() };
    let role = seat.fields.one("role").and_then(Role::from_word).ok_or_else(expected)?;
    let name = seat.fields.one("name").unwrap_or_default().trim().to_owned();
    let new = NewManagementClientBody { name, role, tenant_id: chosen_tenant(seat)? };
    management_clients::create(&seat.desk, new).await
}

/// The page that shows a secret, once.
fn result_page(seat: &Seat, created: CreatedManagementClientView) -> ProgramResultPage {
    let CreatedManagementClientView { management_client, secret } = created;
    ProgramResultPage {
        frame: seat.frame(words::programs::result_title(&management_client.name), Some(Section::Members)),
        finish: format!("{PROGRAMS}/{}", management_client.id),
        id: management_client.id.to_string(),
        origin: seat.app.origin().to_owned(),
        secret: secret.expose().to_owned(),
    }
}

/// `GET /members/programs/{program}`.
pub(super) async fn show(seat: Seat, Path(program): Path<String>, Query(asked): Query<Asked>) -> Answer {
    let id = id_of(&seat, &program)?;
    let client = management_clients::read(&seat.desk, id).await.map_err(|refusal| seat.stop(refusal))?;
    let names = organisations(&seat, vec![client.tenant_id]).await?;
    let organisation = names.get(&client.tenant_id).cloned();
    let mut frame = seat.frame(client.name.clone(), Some(Section::Members));
    frame.breadcrumbs = crumbs([(words::programs::TITLE.to_owned(), PROGRAMS.to_owned())]);
    Ok(problem::page(&ProgramPage {
        frame,
        version: client.version,
        is_active: client.status == Status::Active,
        may_edit: seat.signed_in.authority.may_invite(client.role, client.tenant_id),
        dialog: asked.dialog.unwrap_or_default(),
        row: row_of(&client, organisation.unwrap_or_else(|| seat.organisation().to_owned())),
    }))
}

/// `POST /members/programs/{program}/rotate`. The answer is the one page that shows the secret.
pub(super) async fn rotate(seat: Seat, Path(program): Path<String>) -> Answer {
    seat.require_step_up(SensitiveAction::Access)?;
    let id = id_of(&seat, &program)?;
    let ticket = once::ticket(&seat, &format!("{PROGRAMS}/{id}")).await?;
    let rotated = management_clients::rotate(&seat.desk, id).await;
    ticket.close(&seat, &rotated).await;
    let rotated = rotated.map_err(|refusal| seat.stop(refusal))?;
    Ok(problem::page(&result_page(&seat, rotated)))
}

/// `POST /members/programs/{program}/disable`.
pub(super) async fn disable(seat: Seat, Path(program): Path<String>) -> Answer {
    set_status(seat, &program, Status::Disabled, "program-disabled").await
}

/// `POST /members/programs/{program}/enable`.
pub(super) async fn enable(seat: Seat, Path(program): Path<String>) -> Answer {
    set_status(seat, &program, Status::Active, "program-enabled").await
}

async fn set_status(seat: Seat, program: &str, status: Status, done: &'static str) -> Answer {
    seat.require_step_up(SensitiveAction::Access)?;
    let id = id_of(&seat, program)?;
    let seen = seat.fields.one("seen").and_then(|seen| seen.parse().ok());
    let edited = management_clients::edit(&seat.desk, id, &ManagementClientPatch { status: Some(status) }, seen).await;
    edited.map_err(|refusal| seat.stop(refusal))?;
    Ok(go(&format!("{PROGRAMS}/{id}"), Some(done)))
}
