use mintmark_core::model::MemberId;

use super::answer::{Done, Made, Shown, Tagged};
use super::extract::{Answer, Asked, MaybeSent, Names, Seen, Sent};
use crate::admin::Desk;
use crate::admin::operations::Page;
use crate::admin::operations::environments::PageFilter;
use crate::admin::operations::invitations::CreatedInvitationView;
use crate::admin::operations::members::{self, MemberFilter, MemberPatch, MemberView, SessionView, SessionsEnd};

/// List members.
#[utoipa::path(get, path = "/admin/v1/members", tag = "Members", params(MemberFilter),
    responses((status = 200, description = "A page of members.", body = Page<MemberView>)))]
pub(in crate::admin) async fn list_members(desk: Desk, Asked(filter): Asked<MemberFilter>) -> Answer<Shown<Page<MemberView>>> {
    Ok(Shown(members::list(&desk, &filter).await?))
}

/// Read a member.
#[utoipa::path(get, path = "/admin/v1/members/{member}", tag = "Members",
    params(("member" = String, Path, description = "The member's id.")),
    responses((status = 200, description = "The member.", body = MemberView)))]
pub(in crate::admin) async fn read_member(desk: Desk, Names(id): Names<MemberId>) -> Answer<Tagged<MemberView>> {
    Ok(Tagged(members::read(&desk, id).await?))
}

/// Change a member's role, or turn it off or on. By another role and turned off, it is signed out everywhere.
#[utoipa::path(patch, path = "/admin/v1/members/{member}", tag = "Members", request_body = MemberPatch,
    params(("member" = String, Path, description = "The member's id.")),
    responses((status = 200, description = "The member as it is now.", body = MemberView)))]
pub(in crate::admin) async fn edit_member(
    desk: Desk,
    Names(id): Names<MemberId>,
    Seen(seen): Seen,
    Sent(patch): Sent<MemberPatch>,
) -> Answer<Tagged<MemberView>> {
    Ok(Tagged(members::edit(&desk, id, &patch, seen).await?))
}

/// Remove a member that is disabled. Its address can be invited anew, by whatever tenant.
#[utoipa::path(post, path = "/admin/v1/members/{member}/remove", tag = "Members",
    params(("member" = String, Path, description = "The member's id.")),
    responses((status = 204, description = "There is no such member any more; the audit keeps what it was.")))]
pub(in crate::admin) async fn remove_member(desk: Desk, Names(id): Names<MemberId>) -> Answer<Done> {
    members::remove(&desk, id).await?;
    Ok(Done)
}

/// Invite a member back who lost what they sign in with. The answer is the one time that the link is shown.
#[utoipa::path(post, path = "/admin/v1/members/{member}/invite-back", tag = "Members",
    params(("member" = String, Path, description = "The member's id.")),
    responses((status = 201, description = "The link was made; those from before are over.", body = CreatedInvitationView)))]
pub(in crate::admin) async fn invite_member_back(
    desk: Desk,
    Names(id): Names<MemberId>,
) -> Answer<Made<CreatedInvitationView>> {
    Ok(super::invitations::made(members::invite_back(&desk, id).await?))
}

/// List where a member is signed in, the latest first.
#[utoipa::path(get, path = "/admin/v1/members/{member}/sessions", tag = "Members",
    params(("member" = String, Path, description = "The member's id."), PageFilter),
    responses((status = 200, description = "A page of sessions.", body = Page<SessionView>)))]
pub(in crate::admin) async fn list_member_sessions(
    desk: Desk,
    Names(id): Names<MemberId>,
    Asked(filter): Asked<PageFilter>,
) -> Answer<Shown<Page<SessionView>>> {
    Ok(Shown(members::sessions(&desk, id, &filter).await?))
}

/// End one session of a member, or all.
#[utoipa::path(post, path = "/admin/v1/members/{member}/sessions/end", tag = "Members", request_body = Option<SessionsEnd>,
    params(("member" = String, Path, description = "The member's id.")),
    responses((status = 204, description = "They are over.")))]
pub(in crate::admin) async fn end_member_sessions(
    desk: Desk,
    Names(id): Names<MemberId>,
    MaybeSent(end): MaybeSent<SessionsEnd>,
) -> Answer<Done> {
    members::end_sessions(&desk, id, &end).await?;
    Ok(Done)
}
