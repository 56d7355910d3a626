use mintmark_core::model::ManagementClientId;

use super::answer::{Made, Shown, Tagged};
use super::extract::{Answer, Asked, Names, Seen, Sent};
use crate::admin::Desk;
use crate::admin::operations::Page;
use crate::admin::operations::management_clients::{
    self, CreatedManagementClientView, ManagementClientFilter, ManagementClientPatch, ManagementClientView,
    NewManagementClientBody,
};

/// List management clients.
#[utoipa::path(get, path = "/admin/v1/management-clients", tag = "Management clients", params(ManagementClientFilter),
    responses((status = 200, description = "A page of management clients.", body = Page<ManagementClientView>)))]
pub(in crate::admin) async fn list_management_clients(
    desk: Desk,
    Asked(filter): Asked<ManagementClientFilter>,
) -> Answer<Shown<Page<ManagementClientView>>> {
    Ok(Shown(management_clients::list(&desk, &filter).await?))
}

/// Make a management client. The answer is the one time that its secret is shown.
#[utoipa::path(post, path = "/admin/v1/management-clients", tag = "Management clients", request_body = NewManagementClientBody,
    responses((status = 201, description = "It was made.", body = CreatedManagementClientView)))]
pub(in crate::admin) async fn create_management_client(
    desk: Desk,
    Sent(new): Sent<NewManagementClientBody>,
) -> Answer<Made<CreatedManagementClientView>> {
    Ok(made(management_clients::create(&desk, new).await?))
}

/// Read a management client.
#[utoipa::path(get, path = "/admin/v1/management-clients/{management_client}", tag = "Management clients",
    params(("management_client" = String, Path, description = "The management client's id.")),
    responses((status = 200, description = "The management client.", body = ManagementClientView)))]
pub(in crate::admin) async fn read_management_client(
    desk: Desk,
    Names(id): Names<ManagementClientId>,
) -> Answer<Tagged<ManagementClientView>> {
    Ok(Tagged(management_clients::read(&desk, id).await?))
}

/// Turn a management client off or on. Turned off, its tokens are dead at once, and for good.
#[utoipa::path(patch, path = "/admin/v1/management-clients/{management_client}", tag = "Management clients",
    request_body = ManagementClientPatch,
    params(("management_client" = String, Path, description = "The management client's id.")),
    responses((status = 200, description = "The management client as it is now.", body = ManagementClientView)))]
pub(in crate::admin) async fn edit_management_client(
    desk: Desk,
    Names(id): Names<ManagementClientId>,
    Seen(seen): Seen,
    Sent(patch): Sent<ManagementClientPatch>,
) -> Answer<Tagged<ManagementClientView>> {
    Ok(Tagged(management_clients::edit(&desk, id, &patch, seen).await?))
}

/// Give a management client another secret, shown in this answer alone. The one from before and its tokens are dead at once.
#[utoipa::path(post, path = "/admin/v1/management-clients/{management_client}/rotate", tag = "Management clients",
    params(("management_client" = String, Path, description = "The management client's id.")),
    responses((status = 201, description = "It has another secret.", body = CreatedManagementClientView)))]
pub(in crate::admin) async fn rotate_management_client(
    desk: Desk,
    Names(id): Names<ManagementClientId>,
) -> Answer<Made<CreatedManagementClientView>> {
    Ok(made(management_clients::rotate(&desk, id).await?))
}

fn made(view: CreatedManagementClientView) -> Made<CreatedManagementClientView> {
    let location = format!("/admin/v1/management-clients/{}", view.management_client.id);
    Made { view, location, holds_secret: true }
}
