//! One member: role, status, the way back, sessions.

use axum::extract::Path;
use mintmark_core::management::{Permission, Role};
use mintmark_core::model::{MemberId, SensitiveAction, Status};

use super::list::row_of;
use super::{MEMBERS, organisations, roles_to_give};
use crate::admin::Refusal;
use crate::admin::operations::members::{self, MemberPatch, MemberView, SessionsEnd};
use crate::dashboard::access::session_row;
use crate::dashboard::navigation::Section;
use crate::dashboard::seat::{Answer, Seat, Stop, crumbs, go};
use crate::dashboard::views::{MemberPage, MemberRow};
use crate::dashboard::{once, problem, words};

fn id_of(seat: &Seat, text: &str) -> Result<MemberId, Stop> {
    text.parse().map_err(|_| seat.stop(Refusal::NotFound))
}

async fn read(seat: &Seat, id: MemberId) -> Result<MemberView, Stop> {
    members::read(&seat.desk, id).await.map_err(|refusal| seat.stop(refusal))
}

/// `GET /members/{member}`.
pub(super) async fn show(seat: Seat, Path(member): Path<String>) -> Answer {
    let id = id_of(&seat, &member)?;
    let member = read(&seat, id).await?;
    let authority = &seat.signed_in.authority;
    let is_self = id == seat.signed_in.member.id;
    let may_edit = !is_self && authority.may_invite(member.role, member.tenant_id);
    let sessions = if seat.may(Permission::EditMembers) || is_self {
        let found = seat.management().sessions_of(authority, id).await;
        found.map_err(|error| seat.stop_managing(&error))?
    } else {
        Vec::new()
    };
    let names = organisations(&seat, vec![member.tenant_id]).await?;
    let organisation = names.get(&member.tenant_id).cloned();
    let organisation = organisation.unwrap_or_else(|| seat.organisation().to_owned());
    let mut frame = seat.frame(member.name.clone(), Some(Section::Members));
    frame.breadcrumbs = crumbs([(words::members::TITLE.to_owned(), MEMBERS.to_owned())]);
    let is_operators = member.tenant_id.is_none();
    Ok(problem::page(&MemberPage {
        frame,
        id: id.to_string(),
        since: crate::dashboard::components::When::exact(member.created_at.0),
        roles: roles_to_give(&seat, |role| role.is_of_operator() == is_operators),
        sees_sessions: seat.may(Permission::EditMembers) || is_self,
        sessions: sessions.into_iter().map(|one| session_row(&seat, one)).collect(),
        is_active: member.status == Status::Active,
        may_edit,
        row: MemberRow { organisation, ..row_of(&seat, &member) },
    }))
}

/// `POST /members/{member}/role`. The form says which role it showed, so that nobody undoes another's change unseen.
pub(super) async fn change_role(seat: Seat, Path(member): Path<String>) -> Answer {
    seat.require_step_up(SensitiveAction::Access)?;
    let id = id_of(&seat, &member)?;
    let found = read(&seat, id).await?;
    if seat.fields.one("was") != Some(found.role.as_str()) {
        return Err(seat.stop(Refusal::Changed));
    }
    let role = seat.fields.one("role").and_then(Role::from_word);
    let expected = || Refusal::Invalid { field: "role", expected: "one of those that are offered".to_owned() };
    let patch = MemberPatch { role: Some(role.ok_or_else(|| seat.stop(expected()))?), status: None };
    change(&seat, id, &patch, Some(found.version)).await?;
    Ok(go(&format!("{MEMBERS}/{id}"), Some("role-changed")))
}

async fn change(seat: &Seat, id: MemberId, patch: &MemberPatch, seen: Option<u64>) -> Result<(), Stop> {
    members::edit(&seat.desk, id, patch, seen).await.map(drop).map_err(|refusal| seat.stop(refusal))
}

/// `POST /members/{member}/disable`.
pub(super) async fn disable(seat: Seat, Path(member): Path<String>) -> Answer {
    set_status(seat, &member, Status::Disabled, "member-disabled").await
}

/// `POST /members/{member}/enable`.
pub(super) async fn enable(seat: Seat, Path(member): Path<String>) -> Answer {
    set_status(seat, &member, Status::Active, "member-enabled").await
}

async fn set_status(seat: Seat, member: &str, status: Status, done: &'static str) -> Answer {
    seat.require_step_up(SensitiveAction::Access)?;
    let id = id_of(&seat, member)?;
    // Of whatever version: each sign-in makes one, and nobody is to keep themselves on by signing in.
    change(&seat, id, &MemberPatch { role: None, status: Some(status) }, None).await?;
    Ok(go(&format!("{MEMBERS}/{id}"), Some(done)))
}

/// `POST /members/{member}/remove`. The address has to be typed.
pub(super) async fn remove(seat: Seat, Path(member): Path<String>) -> Answer {
    seat.require_step_up(SensitiveAction::Access)?;
    let id = id_of(&seat, &member)?;
    let found = read(&seat, id).await?;
    if seat.fields.one("confirmation") != Some(found.email.as_str()) {
        let expected = || Refusal::Invalid { field: "confirmation", expected: found.email.clone() };
        return Err(seat.stop(expected()));
    }
    members::remove(&seat.desk, id).await.map_err(|refusal| seat.stop(refusal))?;
    Ok(go(MEMBERS, Some("member-removed")))
}

/// `POST /members/{member}/invite-back`. The answer is the one page that shows the link.
pub(super) async fn invite_back(seat: Seat, Path(member): Path<String>) -> Answer {
    seat.require_step_up(SensitiveAction::Access)?;
    let id = id_of(&seat, &member)?;
    let ticket = once::ticket(&seat, &format!("{MEMBERS}/{id}")).await?;
    let created = members::invite_back(&seat.desk, id).await;
    ticket.close(&seat, &created).await;
    let created = created.map_err(|refusal| seat.stop(refusal))?;
    Ok(problem::page(&super::invitations::link_page(&seat, created, format!("{MEMBERS}/{id}"))))
}

/// `POST /members/{member}/sessions/end`: one session, or all.
pub(super) async fn end_sessions(seat: Seat, Path(member): Path<String>) -> Answer {
    seat.require_step_up(SensitiveAction::Access)?;
    let id = id_of(&seat, &member)?;
    let session_id = match seat.fields.one("session") {
        Some("all") => None,
        named => {
            let session = named.and_then(|session| session.parse().ok());
            Some(session.ok_or_else(|| seat.stop(Refusal::NotFound))?)
        }
    };
    let ended = members::end_sessions(&seat.desk, id, &SessionsEnd { session_id }).await;
    ended.map_err(|refusal| seat.stop(refusal))?;
    Ok(go(&format!("{MEMBERS}/{id}"), Some("sessions-ended")))
}
