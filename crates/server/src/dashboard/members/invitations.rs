//! Inviting by links, and taking them back.

use axum::extract::{Path, Query};
use axum::response::Response;
use mintmark_core::management::Role;
use mintmark_core::model::SensitiveAction;
use serde::Deserialize;

use super::{
    INVITATIONS, MEMBERS, ROWS, chosen_tenant, filled, organisations, page_of, roles_to_give, tabs, tenants_offered, typed_role,
};
use crate::admin::Refusal;
use crate::admin::operations::invitations::{self, CreatedInvitationView, InvitationFilter, InvitationView, NewInvitationBody};
use crate::dashboard::components::{Pager, When};
use crate::dashboard::mistake::Mistake;
use crate::dashboard::navigation::Section;
use crate::dashboard::seat::{Answer, Seat, Stop, crumbs, go};
use crate::dashboard::views::{InvitationListPage, InvitationRow, InviteFormPage, LinkPage};
use crate::dashboard::{once, problem, words};

/// What the address asks for.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    cursor: Option<String>,
}

/// `GET /members/invitations`: those that can be used.
pub(super) async fn show(seat: Seat, Query(asked): Query<Asked>) -> Answer {
    let cursor = filled(asked.cursor.as_deref());
    let cursor_asked = cursor.map(str::to_owned);
    let filter = InvitationFilter { limit: Some(ROWS), cursor: cursor_asked, open: Some(true), ..InvitationFilter::default() };
    let page = invitations::list(&seat.desk, &filter).await.map_err(|refusal| seat.stop(refusal))?;
    let names = organisations(&seat, page.items.iter().map(|one| one.tenant_id).collect()).await?;
    let row = |one: InvitationView| InvitationRow {
        organisation: names.get(&one.tenant_id).cloned().unwrap_or_default(),
        id: one.id.to_string(),
        email: one.email.unwrap_or_default(),
        role: one.role,
        kind: words::invitations::kind(one.kind, one.member_id.is_some()),
        invited_by: one.invited_by,
        expires: When::relative(Some(one.expires_at.0), seat.app.now()),
    };
    let rows: Vec<_> = page.items.into_iter().map(row).collect();
    let pager = Pager {
        showing: words::invitations::showing(rows.len()),
        first: cursor.map(|_| INVITATIONS.to_owned()),
        next: page.next.as_deref().map(|next| page_of(INVITATIONS, &[("cursor", Some(next))])),
    };
    let frame = seat.frame(words::invitations::TITLE, Some(Section::Members));
    Ok(problem::page(&InvitationListPage {
        frame,
        tabs: tabs(&seat, INVITATIONS),
        is_operator: seat.is_operator(),
        rows,
        pager,
    }))
}

/// `GET /members/invite`.
pub(super) async fn form(seat: Seat) -> Answer {
    let permission = mintmark_core::management::Permission::EditMembers;
    if !seat.may(permission) {
        return Err(seat.stop(Refusal::Forbidden(permission)));
    }
    Ok(problem::page(&form_page(&seat, None).await?))
}

/// The form, with what was typed.
async fn form_page(seat: &Seat, mistake: Option<Mistake>) -> Result<InviteFormPage, Stop> {
    let mut frame = seat.frame(words::invitations::FORM_TITLE, Some(Section::Members));
    frame.breadcrumbs = crumbs([(words::members::TITLE.to_owned(), MEMBERS.to_owned())]);
    let typed = |name: &str| seat.fields.one(name).unwrap_or_default().to_owned();
    Ok(InviteFormPage {
        frame,
        email: typed("email"),
        role: typed_role(seat),
        roles: roles_to_give(seat, |role| seat.is_operator() || !role.is_of_operator()),
        is_operator: seat.is_operator(),
        tenants: tenants_offered(seat).await?,
        tenant: typed("tenant"),
        mistake,
    })
}

/// `POST /members/invite`. The answer is the one page that shows the link.
pub(super) async fn create(seat: Seat) -> Answer {
    seat.require_step_up(SensitiveAction::Access)?;
    let ticket = once::ticket(&seat, INVITATIONS).await?;
    let created = try_create(&seat).await;
    ticket.close(&seat, &created).await;
    match created {
        Ok(created) => Ok(problem::page(&link_page(&seat, created, INVITATIONS.to_owned()))),
        Err(refusal) => again(&seat, refusal).await,
    }
}

async fn try_create(seat: &Seat) -> Result<CreatedInvitationView, Refusal> {
    let expected = || Refusal::Invalid { field: "role", expected: "one of those that are offered".to_owned() };
    let role = seat.fields.one("role").and_then(Role::from_word).ok_or_else(expected)?;
    let email = seat.fields.one("email").unwrap_or_default().to_owned();
    let new = NewInvitationBody { email, role, tenant_id: chosen_tenant(seat)? };
    invitations::create(&seat.desk, &new).await
}

async fn again(seat: &Seat, refusal: Refusal) -> Result<Response, Stop> {
    let mistake = Mistake::of(refusal).map_err(|refusal| seat.stop(refusal))?;
    let page = form_page(seat, Some(mistake)).await?;
    Ok(problem::again(&page))
}

/// The page that shows a link, once.
pub(super) fn link_page(seat: &Seat, created: CreatedInvitationView, finish: String) -> LinkPage {
    let CreatedInvitationView { invitation, link } = created;
    let email = invitation.email.unwrap_or_default();
    LinkPage {
        frame: seat.frame(words::invitations::link_title(&email), Some(Section::Members)),
        email,
        role: invitation.role,
        expires: When::exact(invitation.expires_at.0),
        link: link.expose().to_owned(),
        finish,
    }
}

/// `POST /members/invitations/{invitation}/cancel`.
pub(super) async fn cancel(seat: Seat, Path(invitation): Path<String>) -> Answer {
    seat.require_step_up(SensitiveAction::Access)?;
    let id = invitation.parse().map_err(|_| seat.stop(Refusal::NotFound))?;
    invitations::cancel(&seat.desk, id).await.map_err(|refusal| seat.stop(refusal))?;
    Ok(go(INVITATIONS, Some("invitation-cancelled")))
}
