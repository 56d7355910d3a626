use mintmark_core::model::{ClientId, CredentialId, EnvironmentName};

use super::answer::{Done, Made, Shown, Tagged};
use super::clients::path_of;
use super::extract::{Answer, Asked, Names, Seen, Sent};
use crate::admin::Desk;
use crate::admin::operations::Page;
use crate::admin::operations::credentials::{self, CreatedCredentialView, CredentialPatch, CredentialView, NewCredential};
use crate::admin::operations::environments::PageFilter;

type Of = (EnvironmentName, ClientId);
type One = (EnvironmentName, ClientId, CredentialId);

/// List the credentials of a client, oldest first.
#[utoipa::path(get, path = "/admin/v1/environments/{environment}/clients/{client}/credentials", tag = "Credentials",
    params(("environment" = String, Path, description = "The environment."), ("client" = String, Path, description = "The client's id."), PageFilter),
    responses((status = 200, description = "A page of credentials.", body = Page<CredentialView>)))]
pub(in crate::admin) async fn list_credentials(
    desk: Desk,
    Names((environment, client)): Names<Of>,
    Asked(filter): Asked<PageFilter>,
) -> Answer<Shown<Page<CredentialView>>> {
    Ok(Shown(credentials::list(&desk, (&environment, &client), &filter).await?))
}

/// Give a client one more credential. The answer is the one time that a secret or shared key is shown.
#[utoipa::path(post, path = "/admin/v1/environments/{environment}/clients/{client}/credentials", tag = "Credentials", request_body = NewCredential,
    params(("environment" = String, Path, description = "The environment."), ("client" = String, Path, description = "The client's id.")),
    responses((status = 201, description = "It was made.", body = CreatedCredentialView)))]
pub(in crate::admin) async fn create_credential(
    desk: Desk,
    Names((environment, client)): Names<Of>,
    Sent(new): Sent<NewCredential>,
) -> Answer<Made<CreatedCredentialView>> {
    let view = credentials::create(&desk, (&environment, &client), new).await?;
    let location = format!("{}/credentials/{}", path_of(&environment, &client), view.credential.id);
    let holds_secret = view.secret.is_some();
    Ok(Made { view, location, holds_secret })
}

/// Read a credential.
#[utoipa::path(get, path = "/admin/v1/environments/{environment}/clients/{client}/credentials/{credential}", tag = "Credentials",
    params(("environment" = String, Path, description = "The environment."), ("client" = String, Path, description = "The client's id."),
        ("credential" = String, Path, description = "The credential's id.")),
    responses((status = 200, description = "The credential.", body = CredentialView)))]
pub(in crate::admin) async fn read_credential(
    desk: Desk,
    Names((environment, client, id)): Names<One>,
) -> Answer<Tagged<CredentialView>> {
    Ok(Tagged(credentials::read(&desk, (&environment, &client), id).await?))
}

/// Change a credential: when it expires, or turn it off. What it proves its client with never changes.
#[utoipa::path(patch, path = "/admin/v1/environments/{environment}/clients/{client}/credentials/{credential}", tag = "Credentials", request_body = CredentialPatch,
    params(("environment" = String, Path, description = "The environment."), ("client" = String, Path, description = "The client's id."),
        ("credential" = String, Path, description = "The credential's id.")),
    responses((status = 200, description = "The credential as it is now.", body = CredentialView)))]
pub(in crate::admin) async fn edit_credential(
    desk: Desk,
    Names((environment, client, id)): Names<One>,
    Seen(seen): Seen,
    Sent(patch): Sent<CredentialPatch>,
) -> Answer<Tagged<CredentialView>> {
    Ok(Tagged(credentials::edit(&desk, (&environment, &client), id, (patch, seen)).await?))
}

/// End the tokens that a credential has obtained. It can obtain new ones.
#[utoipa::path(post, path = "/admin/v1/environments/{environment}/clients/{client}/credentials/{credential}/revoke", tag = "Revocation",
    params(("environment" = String, Path, description = "The environment."), ("client" = String, Path, description = "The client's id."),
        ("credential" = String, Path, description = "The credential's id.")),
    responses((status = 204, description = "Its tokens are refused from now on.")))]
pub(in crate::admin) async fn revoke_credential(desk: Desk, Names((environment, client, id)): Names<One>) -> Answer<Done> {
    credentials::revoke(&desk, (&environment, &client), id).await?;
    Ok(Done)
}
