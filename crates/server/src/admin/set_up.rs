use mintmark_core::crypto::SecretText;
use mintmark_core::management::{INVITATION_PATH, Origin};
use mintmark_core::registry::{Registry, RegistryError};

use crate::store::SqlStore;

/// The link to the dashboard by which a server without members gets its first admin: it works once, for 30 minutes, and ends the one
/// before (rule S24). None if there are members. Show it where only whoever runs the server looks.
pub async fn set_up_link(registry: &Registry<SqlStore>, origin: &Origin) -> Result<Option<SecretText>, RegistryError> {
    let created = registry.create_set_up_code().await?;
    Ok(created.map(|created| SecretText::new(format!("{origin}{INVITATION_PATH}/{}", created.token.expose()))))
}
