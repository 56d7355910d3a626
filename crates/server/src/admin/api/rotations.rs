use mintmark_core::model::{ClientId, CredentialId, EnvironmentName};

use super::answer::{Made, Shown, Tagged};
use super::clients::path_of;
use super::extract::{Answer, MaybeSent, Names, Seen, Sent};
use crate::admin::Desk;
use crate::admin::operations::credentials::CredentialView;
use crate::admin::operations::limits::{self, LimitsPatch};
use crate::admin::operations::rotations::{
    self, NewRotation, RotatedView, RotationExtension, RotationStatusView, StartedRotationView,
};

type One = (EnvironmentName, ClientId, CredentialId);

/// Read where the rotation of a secret stands, and whether the old one can go.
#[utoipa::path(get, path = "/admin/v1/environments/{environment}/clients/{client}/credentials/{credential}/rotation", tag = "Rotation",
    params(("environment" = String, Path, description = "The environment."), ("client" = String, Path, description = "The client's id."),
        ("credential" = String, Path, description = "The old secret's id.")),
    responses((status = 200, description = "Where it stands.", body = RotationStatusView)))]
pub(in crate::admin) async fn read_rotation(
    desk: Desk,
    Names((environment, client, old)): Names<One>,
) -> Answer<Shown<RotationStatusView>> {
    Ok(Shown(rotations::read(&desk, (&environment, &client), old).await?))
}

/// Begin the rotation of a secret. The answer is the one time that the new one is shown.
#[utoipa::path(post, path = "/admin/v1/environments/{environment}/clients/{client}/credentials/{credential}/rotation", tag = "Rotation", request_body = NewRotation,
    params(("environment" = String, Path, description = "The environment."), ("client" = String, Path, description = "The client's id."),
        ("credential" = String, Path, description = "The old secret's id.")),
    responses((status = 201, description = "Both secrets prove the client.", body = StartedRotationView)))]
pub(in crate::admin) async fn start_rotation(
    desk: Desk,
    Names((environment, client, old)): Names<One>,
    MaybeSent(new): MaybeSent<NewRotation>,
) -> Answer<Made<StartedRotationView>> {
    let view = rotations::start(&desk, (&environment, &client), old, new).await?;
    let location = format!("{}/credentials/{}", path_of(&environment, &client), view.credential.id);
    Ok(Made { view, location, holds_secret: true })
}

/// Cancel a rotation: the new secret ends with its tokens, the old one is as before.
#[utoipa::path(post, path = "/admin/v1/environments/{environment}/clients/{client}/credentials/{credential}/rotation/cancel", tag = "Rotation",
    params(("environment" = String, Path, description = "The environment."), ("client" = String, Path, description = "The client's id."),
        ("credential" = String, Path, description = "The old secret's id.")),
    responses((status = 200, description = "Both secrets as they are now.", body = RotatedView)))]
pub(in crate::admin) async fn cancel_rotation(
    desk: Desk,
    Names((environment, client, old)): Names<One>,
) -> Answer<Shown<RotatedView>> {
    Ok(Shown(rotations::cancel(&desk, (&environment, &client), old).await?))
}

/// Complete a rotation: the old secret ends now. The tokens that it obtained live out their time.
#[utoipa::path(post, path = "/admin/v1/environments/{environment}/clients/{client}/credentials/{credential}/rotation/complete", tag = "Rotation",
    params(("environment" = String, Path, description = "The environment."), ("client" = String, Path, description = "The client's id."),
        ("credential" = String, Path, description = "The old secret's id.")),
    responses((status = 200, description = "Both secrets as they are now.", body = RotatedView)))]
pub(in crate::admin) async fn complete_rotation(
    desk: Desk,
    Names((environment, client, old)): Names<One>,
) -> Answer<Shown<RotatedView>> {
    Ok(Shown(rotations::complete(&desk, (&environment, &client), old).await?))
}

/// Put the deadline of a rotation off.
#[utoipa::path(post, path = "/admin/v1/environments/{environment}/clients/{client}/credentials/{credential}/rotation/extend", tag = "Rotation", request_body = RotationExtension,
    params(("environment" = String, Path, description = "The environment."), ("client" = String, Path, description = "The client's id."),
        ("credential" = String, Path, description = "The old secret's id.")),
    responses((status = 200, description = "Both secrets as they are now.", body = RotatedView)))]
pub(in crate::admin) async fn extend_rotation(
    desk: Desk,
    Names((environment, client, old)): Names<One>,
    Sent(extension): Sent<RotationExtension>,
) -> Answer<Shown<RotatedView>> {
    Ok(Shown(rotations::extend(&desk, (&environment, &client), old, extension).await?))
}

/// Change what a credential may be used for, where that is less than what its client may do. Tokens that it has obtained live on.
#[utoipa::path(patch, path = "/admin/v1/environments/{environment}/clients/{client}/credentials/{credential}/limits", tag = "Credentials", request_body = LimitsPatch,
    params(("environment" = String, Path, description = "The environment."), ("client" = String, Path, description = "The client's id."),
        ("credential" = String, Path, description = "The credential's id.")),
    responses((status = 200, description = "The credential as it is now.", body = CredentialView)))]
pub(in crate::admin) async fn edit_credential_limits(
    desk: Desk,
    Names((environment, client, id)): Names<One>,
    Seen(seen): Seen,
    Sent(patch): Sent<LimitsPatch>,
) -> Answer<Tagged<CredentialView>> {
    Ok(Tagged(limits::edit(&desk, (&environment, &client), id, (patch, seen)).await?))
}
