//! Environments, resources, dialects, the node, the caller, and single tokens.

use mintmark_core::model::{DialectName, EnvironmentName, ResourceId};

use super::answer::{Made, Shown, Tagged};
use super::extract::{Answer, Asked, Names, Seen, Sent};
use crate::admin::Desk;
use crate::admin::operations::Page;
use crate::admin::operations::deny_list::{self, RevocationFilter, RevocationView};
use crate::admin::operations::dialects::{self, DialectView};
use crate::admin::operations::environments::{self, EnvironmentView, PageFilter};
use crate::admin::operations::me::{self, MeView};
use crate::admin::operations::node::{self, NodeView};
use crate::admin::operations::resources::{self, NewResource, ResourceClientView, ResourcePatch, ResourceView};
use crate::admin::operations::revocations::{self, Revoked, TokenRevocation};

type OneResource = (EnvironmentName, ResourceId);

/// Who you are and what you may do.
#[utoipa::path(get, path = "/admin/v1/me", tag = "You",
    responses((status = 200, description = "You.", body = MeView)))]
pub(in crate::admin) async fn read_me(desk: Desk) -> Answer<Shown<MeView>> {
    Ok(Shown(me::read(&desk)))
}

/// How the node is that answers.
#[utoipa::path(get, path = "/admin/v1/node", tag = "Node",
    responses((status = 200, description = "The node.", body = NodeView)))]
pub(in crate::admin) async fn read_node(desk: Desk) -> Answer<Shown<NodeView>> {
    Ok(Shown(node::read(&desk)?))
}

/// List the dialects that this node has loaded.
#[utoipa::path(get, path = "/admin/v1/dialects", tag = "Dialects", params(PageFilter),
    responses((status = 200, description = "A page of dialects.", body = Page<DialectView>)))]
pub(in crate::admin) async fn list_dialects(desk: Desk, Asked(filter): Asked<PageFilter>) -> Answer<Shown<Page<DialectView>>> {
    Ok(Shown(dialects::list(&desk, &filter)?))
}

/// Read a dialect.
#[utoipa::path(get, path = "/admin/v1/dialects/{dialect}", tag = "Dialects",
    params(("dialect" = String, Path, description = "The dialect's name.")),
    responses((status = 200, description = "The dialect.", body = DialectView)))]
pub(in crate::admin) async fn read_dialect(desk: Desk, Names(name): Names<DialectName>) -> Answer<Shown<DialectView>> {
    Ok(Shown(dialects::read(&desk, &name)?))
}

/// List environments.
#[utoipa::path(get, path = "/admin/v1/environments", tag = "Environments", params(PageFilter),
    responses((status = 200, description = "A page of environments.", body = Page<EnvironmentView>)))]
pub(in crate::admin) async fn list_environments(
    desk: Desk,
    Asked(filter): Asked<PageFilter>,
) -> Answer<Shown<Page<EnvironmentView>>> {
    Ok(Shown(environments::list(&desk, &filter).await?))
}

/// Read an environment.
#[utoipa::path(get, path = "/admin/v1/environments/{environment}", tag = "Environments",
    params(("environment" = String, Path, description = "The environment.")),
    responses((status = 200, description = "The environment.", body = EnvironmentView)))]
pub(in crate::admin) async fn read_environment(
    desk: Desk,
    Names(name): Names<EnvironmentName>,
) -> Answer<Tagged<EnvironmentView>> {
    Ok(Tagged(environments::read(&desk, &name).await?))
}

/// List the resources of an environment.
#[utoipa::path(get, path = "/admin/v1/environments/{environment}/resources", tag = "Resources",
    params(("environment" = String, Path, description = "The environment."), PageFilter),
    responses((status = 200, description = "A page of resources.", body = Page<ResourceView>)))]
pub(in crate::admin) async fn list_resources(
    desk: Desk,
    Names(environment): Names<EnvironmentName>,
    Asked(filter): Asked<PageFilter>,
) -> Answer<Shown<Page<ResourceView>>> {
    Ok(Shown(resources::list(&desk, &environment, &filter).await?))
}

/// Make a resource.
#[utoipa::path(post, path = "/admin/v1/environments/{environment}/resources", tag = "Resources", request_body = NewResource,
    params(("environment" = String, Path, description = "The environment.")),
    responses((status = 201, description = "It was made.", body = ResourceView)))]
pub(in crate::admin) async fn create_resource(
    desk: Desk,
    Names(environment): Names<EnvironmentName>,
    Sent(new): Sent<NewResource>,
) -> Answer<Made<ResourceView>> {
    let view = resources::create(&desk, &environment, new).await?;
    let location = format!("/admin/v1/environments/{environment}/resources/{}", view.id);
    Ok(Made { view, location, holds_secret: false })
}

/// Read a resource.
#[utoipa::path(get, path = "/admin/v1/environments/{environment}/resources/{resource}", tag = "Resources",
    params(("environment" = String, Path, description = "The environment."), ("resource" = String, Path, description = "The resource's id.")),
    responses((status = 200, description = "The resource.", body = ResourceView)))]
pub(in crate::admin) async fn read_resource(
    desk: Desk,
    Names((environment, id)): Names<OneResource>,
) -> Answer<Tagged<ResourceView>> {
    Ok(Tagged(resources::read(&desk, &environment, id).await?))
}

/// Change a resource and its scopes.
#[utoipa::path(patch, path = "/admin/v1/environments/{environment}/resources/{resource}", tag = "Resources", request_body = ResourcePatch,
    params(("environment" = String, Path, description = "The environment."), ("resource" = String, Path, description = "The resource's id.")),
    responses((status = 200, description = "The resource as it is now.", body = ResourceView)))]
pub(in crate::admin) async fn edit_resource(
    desk: Desk,
    Names((environment, id)): Names<OneResource>,
    Seen(seen): Seen,
    Sent(patch): Sent<ResourcePatch>,
) -> Answer<Tagged<ResourceView>> {
    Ok(Tagged(resources::edit(&desk, (&environment, id), patch, seen).await?))
}

/// End one token before it expires.
#[utoipa::path(post, path = "/admin/v1/environments/{environment}/revocations", tag = "Revocation", request_body = TokenRevocation,
    params(("environment" = String, Path, description = "The environment.")),
    responses((status = 200, description = "The token is refused from now on.", body = Revoked)))]
pub(in crate::admin) async fn revoke_token(
    desk: Desk,
    Names(environment): Names<EnvironmentName>,
    Sent(token): Sent<TokenRevocation>,
) -> Answer<Shown<Revoked>> {
    Ok(Shown(revocations::revoke_token(&desk, &environment, &token).await?))
}

/// List the clients that may ask for a resource, or serve it.
#[utoipa::path(get, path = "/admin/v1/environments/{environment}/resources/{resource}/clients", tag = "Resources",
    params(("environment" = String, Path, description = "The environment."), ("resource" = String, Path, description = "The resource's id."),
        PageFilter),
    responses((status = 200, description = "A page of clients within reach.", body = Page<ResourceClientView>)))]
pub(in crate::admin) async fn list_resource_clients(
    desk: Desk,
    Names((environment, id)): Names<OneResource>,
    Asked(filter): Asked<PageFilter>,
) -> Answer<Shown<Page<ResourceClientView>>> {
    Ok(Shown(resources::list_clients(&desk, (&environment, id), &filter).await?))
}

/// List what is revoked now, the latest first.
#[utoipa::path(get, path = "/admin/v1/revocations", tag = "Revocation", params(RevocationFilter),
    responses((status = 200, description = "A page of revocations.", body = Page<RevocationView>)))]
pub(in crate::admin) async fn list_revocations(
    desk: Desk,
    Asked(filter): Asked<RevocationFilter>,
) -> Answer<Shown<Page<RevocationView>>> {
    Ok(Shown(deny_list::list(&desk, &filter).await?))
}
