use mintmark_core::model::InvitationId;

use super::answer::{Done, Made, Shown, Tagged};
use super::extract::{Answer, Asked, Names, Sent};
use crate::admin::Desk;
use crate::admin::operations::Page;
use crate::admin::operations::invitations::{self, CreatedInvitationView, InvitationFilter, InvitationView, NewInvitationBody};

/// The answer that shows a link, once.
pub(super) fn made(view: CreatedInvitationView) -> Made<CreatedInvitationView> {
    let location = format!("/admin/v1/invitations/{}", view.invitation.id);
    Made { view, location, holds_secret: true }
}

/// List invitations. Those that are over are kept for a month.
#[utoipa::path(get, path = "/admin/v1/invitations", tag = "Members", params(InvitationFilter),
    responses((status = 200, description = "A page of invitations.", body = Page<InvitationView>)))]
pub(in crate::admin) async fn list_invitations(
    desk: Desk,
    Asked(filter): Asked<InvitationFilter>,
) -> Answer<Shown<Page<InvitationView>>> {
    Ok(Shown(invitations::list(&desk, &filter).await?))
}

/// Invite somebody. The answer is the one time that the link is shown; no mail is sent.
#[utoipa::path(post, path = "/admin/v1/invitations", tag = "Members", request_body = NewInvitationBody,
    responses((status = 201, description = "It was made.", body = CreatedInvitationView)))]
pub(in crate::admin) async fn create_invitation(
    desk: Desk,
    Sent(new): Sent<NewInvitationBody>,
) -> Answer<Made<CreatedInvitationView>> {
    Ok(made(invitations::create(&desk, &new).await?))
}

/// Read an invitation.
#[utoipa::path(get, path = "/admin/v1/invitations/{invitation}", tag = "Members",
    params(("invitation" = String, Path, description = "The invitation's id.")),
    responses((status = 200, description = "The invitation.", body = InvitationView)))]
pub(in crate::admin) async fn read_invitation(desk: Desk, Names(id): Names<InvitationId>) -> Answer<Tagged<InvitationView>> {
    Ok(Tagged(invitations::read(&desk, id).await?))
}

/// Take an invitation back.
#[utoipa::path(post, path = "/admin/v1/invitations/{invitation}/cancel", tag = "Members",
    params(("invitation" = String, Path, description = "The invitation's id.")),
    responses((status = 204, description = "Its link is worth nothing.")))]
pub(in crate::admin) async fn cancel_invitation(desk: Desk, Names(id): Names<InvitationId>) -> Answer<Done> {
    invitations::cancel(&desk, id).await?;
    Ok(Done)
}
