//! The management client of `mintmark dev`: an admin that gets another secret at each start, so that none is kept.

use mintmark_core::crypto::SecretText;
use mintmark_core::management::{Origin, Reach, Role};
use mintmark_core::model::{ManagementClient, Status};
use mintmark_core::registry::NewManagementClient;
use mintmark_core::store::{Page, PeopleStore};

use crate::cli::Failure;
use crate::cli::place::Place;

const NAME: &str = "mintmark dev";

/// How to use the management API.
pub(super) struct Manager {
    /// Where it is.
    pub(super) url: String,
    /// Who asks for tokens.
    pub(super) client_id: String,
    /// With what.
    pub(super) client_secret: SecretText,
}

/// Gives the management client of this place another secret, or makes it.
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
    Ok(Manager { url: format!("{origin}/admin/v1"), client_id, client_secret })
}
