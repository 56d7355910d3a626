use mintmark_core::model::EnvironmentName;

use super::answer::{Shown, Tagged};
use super::extract::{Answer, Asked, MaybeSent, Names, Sent};
use crate::admin::Desk;
use crate::admin::operations::Page;
use crate::admin::operations::environments::PageFilter;
use crate::admin::operations::keys::{self, KeySteps, KeyView, RotateKey, RotationView, WithdrawKey};

type One = (EnvironmentName, String);

/// List the signing keys of an environment.
#[utoipa::path(get, path = "/admin/v1/environments/{environment}/keys", tag = "Keys",
    params(("environment" = String, Path, description = "The environment."), PageFilter),
    responses((status = 200, description = "A page of signing keys.", body = Page<KeyView>)))]
pub(in crate::admin) async fn list_keys(
    desk: Desk,
    Names(environment): Names<EnvironmentName>,
    Asked(filter): Asked<PageFilter>,
) -> Answer<Shown<Page<KeyView>>> {
    Ok(Shown(keys::list(&desk, &environment, &filter).await?))
}

/// Read a signing key.
#[utoipa::path(get, path = "/admin/v1/environments/{environment}/keys/{kid}", tag = "Keys",
    params(("environment" = String, Path, description = "The environment."), ("kid" = String, Path, description = "The key's id.")),
    responses((status = 200, description = "The signing key.", body = KeyView)))]
pub(in crate::admin) async fn read_key(desk: Desk, Names((environment, kid)): Names<One>) -> Answer<Tagged<KeyView>> {
    Ok(Tagged(keys::read(&desk, &environment, &kid).await?))
}

/// Let the next key sign in the place of the active one.
#[utoipa::path(post, path = "/admin/v1/environments/{environment}/keys/rotate", tag = "Keys", request_body = RotateKey,
    params(("environment" = String, Path, description = "The environment.")),
    responses((status = 200, description = "What came of it.", body = RotationView)))]
pub(in crate::admin) async fn rotate_key(
    desk: Desk,
    Names(environment): Names<EnvironmentName>,
    Sent(request): Sent<RotateKey>,
) -> Answer<Shown<RotationView>> {
    Ok(Shown(keys::rotate(&desk, &environment, &request).await?))
}

/// Take a key out of the JWKS of which no token can be valid any more.
#[utoipa::path(post, path = "/admin/v1/environments/{environment}/keys/{kid}/remove", tag = "Keys", request_body = Option<WithdrawKey>,
    params(("environment" = String, Path, description = "The environment."), ("kid" = String, Path, description = "The key's id.")),
    responses((status = 200, description = "What became of which key.", body = KeySteps)))]
pub(in crate::admin) async fn remove_key(
    desk: Desk,
    Names((environment, kid)): Names<One>,
    MaybeSent(how): MaybeSent<WithdrawKey>,
) -> Answer<Shown<KeySteps>> {
    Ok(Shown(keys::remove(&desk, (&environment, &kid), &how).await?))
}

/// Publish a removed key again.
#[utoipa::path(post, path = "/admin/v1/environments/{environment}/keys/{kid}/restore", tag = "Keys", request_body = Option<WithdrawKey>,
    params(("environment" = String, Path, description = "The environment."), ("kid" = String, Path, description = "The key's id.")),
    responses((status = 200, description = "What became of which key.", body = KeySteps)))]
pub(in crate::admin) async fn restore_key(
    desk: Desk,
    Names((environment, kid)): Names<One>,
    MaybeSent(how): MaybeSent<WithdrawKey>,
) -> Answer<Shown<KeySteps>> {
    Ok(Shown(keys::restore(&desk, (&environment, &kid), &how).await?))
}

/// End a key that is in wrong hands, or may be, with every token that it signed. It cannot be undone.
#[utoipa::path(post, path = "/admin/v1/environments/{environment}/keys/{kid}/revoke", tag = "Keys", request_body = Option<WithdrawKey>,
    params(("environment" = String, Path, description = "The environment."), ("kid" = String, Path, description = "The key's id.")),
    responses((status = 200, description = "What became of which key.", body = KeySteps)))]
pub(in crate::admin) async fn revoke_key(
    desk: Desk,
    Names((environment, kid)): Names<One>,
    MaybeSent(how): MaybeSent<WithdrawKey>,
) -> Answer<Shown<KeySteps>> {
    Ok(Shown(keys::revoke(&desk, (&environment, &kid), &how).await?))
}
