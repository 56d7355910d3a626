//! The management side of `mintmark dev`: the way to become its first admin, and a management client, an admin that gets another
//! secret at each start, so that none is kept.

use mintmark_core::crypto::SecretText;
use mintmark_core::management::{Origin, Reach, Role};
use mintmark_core::model::{ManagementClient, Status};
use mintmark_core::registry::NewManagementClient;
use mintmark_core::store::{Page, PeopleStore};

use crate::admin::set_up_link;
use crate::cli::Failure;
use crate::cli::place::Place;

const NAME: &str = "mintmark dev";

/// How to use the dashboard and the management API.
pub(super) struct Manager {
    /// Where the dashboard is.
    pub(super) dashboard: String,
    /// How to become its first admin, if it has no member.
    pub(super) set_up_link: Option<SecretText>,
    /// Where the API is.
    pub(super) url: String,
    /// Who asks for tokens.
    pub(super) client_id: String,
    /// With what.
    pub(super) client_secret: SecretText,
}

/// Makes the link of a place without members, and gives its management client another secret, or makes it.
pub(super) async fn ensure(place: &Place, origin: &Origin) -> Result<Manager, Failure> {
    let known = place.store.management_clients(Reach::Operator, Page { after: None, limit: 100 }).await?;
    let is_ours =
        |client: &&ManagementClient| client.name == NAME && client.role == Role::Admin && client.status == Status::Active;
    let created = if let Some(client) = known.iter().find(is_ours) {
        place.registry.rotate_management_client(client.id).await?
    } else {
        let new = NewManagementClient { name: NAME.to_owned(), role: Role::Admin, tenant_id: None };
        place.registry.create_management_client(new).await?
    };
    let (client_id, client_secret) = (created.client.id.to_string(), created.secret.text().clone());
    let set_up_link = set_up_link(&place.registry, origin).await?;
    let (dashboard, url) = (origin.to_string(), format!("{origin}/admin/v1"));
    Ok(Manager { dashboard, set_up_link, url, client_id, client_secret })
}
