use mintmark_core::model::{ClientId, EnvironmentName};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::answer::{Done, Made, Shown, Tagged};
use super::extract::{Answer, Asked, Names, Seen, Sent};
use crate::admin::Desk;
use crate::admin::operations::Page;
use crate::admin::operations::clients::{self, ClientFilter, ClientPatch, ClientView, CreatedClientView, NewClient};

type One = (EnvironmentName, ClientId);

/// The path of a client, whose identifier may be any printable ASCII.
pub(super) fn path_of(environment: &EnvironmentName, id: &ClientId) -> String {
    // What RFC 3986 section 2.3 calls unreserved stays.
    const ENCODED: &percent_encoding::AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
    format!("/admin/v1/environments/{environment}/clients/{}", utf8_percent_encode(id.as_str(), ENCODED))
}

/// List clients.
#[utoipa::path(get, path = "/admin/v1/environments/{environment}/clients", tag = "Clients",
    params(("environment" = String, Path, description = "The environment."), ClientFilter),
    responses((status = 200, description = "A page of clients.", body = Page<ClientView>)))]
pub(in crate::admin) async fn list_clients(
    desk: Desk,
    Names(environment): Names<EnvironmentName>,
    Asked(filter): Asked<ClientFilter>,
) -> Answer<Shown<Page<ClientView>>> {
    Ok(Shown(clients::list(&desk, &environment, &filter).await?))
}

/// Make a client with its first credential. The answer is the one time that its secret is shown.
#[utoipa::path(post, path = "/admin/v1/environments/{environment}/clients", tag = "Clients", request_body = NewClient,
    params(("environment" = String, Path, description = "The environment.")),
    responses((status = 201, description = "It was made.", body = CreatedClientView)))]
pub(in crate::admin) async fn create_client(
    desk: Desk,
    Names(environment): Names<EnvironmentName>,
    Sent(new): Sent<NewClient>,
) -> Answer<Made<CreatedClientView>> {
    let view = clients::create(&desk, &environment, new).await?;
    let (location, holds_secret) = (path_of(&environment, &view.client.id), view.secret.is_some());
    Ok(Made { view, location, holds_secret })
}

/// Read a client.
#[utoipa::path(get, path = "/admin/v1/environments/{environment}/clients/{client}", tag = "Clients",
    params(("environment" = String, Path, description = "The environment."), ("client" = String, Path, description = "The client's id.")),
    responses((status = 200, description = "The client.", body = ClientView)))]
pub(in crate::admin) async fn read_client(desk: Desk, Names((environment, id)): Names<One>) -> Answer<Tagged<ClientView>> {
    Ok(Tagged(clients::read(&desk, &environment, &id).await?))
}

/// Change a client. Its secrets are never part of that.
#[utoipa::path(patch, path = "/admin/v1/environments/{environment}/clients/{client}", tag = "Clients", request_body = ClientPatch,
    params(("environment" = String, Path, description = "The environment."), ("client" = String, Path, description = "The client's id.")),
    responses((status = 200, description = "The client as it is now.", body = ClientView)))]
pub(in crate::admin) async fn edit_client(
    desk: Desk,
    Names((environment, id)): Names<One>,
    Seen(seen): Seen,
    Sent(patch): Sent<ClientPatch>,
) -> Answer<Tagged<ClientView>> {
    Ok(Tagged(clients::edit(&desk, (&environment, &id), patch, seen).await?))
}

/// End the tokens of a client. It can obtain new ones.
#[utoipa::path(post, path = "/admin/v1/environments/{environment}/clients/{client}/revoke", tag = "Revocation",
    params(("environment" = String, Path, description = "The environment."), ("client" = String, Path, description = "The client's id.")),
    responses((status = 204, description = "Its tokens are refused from now on.")))]
pub(in crate::admin) async fn revoke_client(desk: Desk, Names((environment, id)): Names<One>) -> Answer<Done> {
    clients::revoke(&desk, &environment, &id).await?;
    Ok(Done)
}
