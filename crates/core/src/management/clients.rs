//! Management clients, for whoever may change members: a program of a role is as powerful as a person of it.

use super::invitations::check;
use super::members::{check_gift, is_within};
use super::{Authority, Managed, Management, Permission};
use crate::model::{ManagementClient, ManagementClientId, Status, TenantId};
use crate::registry::{CreatedManagementClient, NewManagementClient, RegistryError};
use crate::store::{Page, Store};

impl<S: Store> Management<S> {
    /// Management clients within reach, by identifier; of one tenant alone, if it is named.
    pub async fn management_clients(
        &self,
        by: &Authority,
        of: Option<TenantId>,
        page: Page<'_, ManagementClientId>,
    ) -> Managed<Vec<ManagementClient>> {
        check(by, Permission::Read)?;
        match by.narrowed_to(of) {
            Some(reach) => Ok(self.registry.store.management_clients(reach, page).await?),
            None => Ok(Vec::new()),
        }
    }

    /// A management client within reach.
    pub async fn management_client(&self, by: &Authority, id: ManagementClientId) -> Managed<ManagementClient> {
        check(by, Permission::Read)?;
        let found = self.registry.store.management_client_of(by.reach(), id).await?;
        Ok(found.ok_or_else(|| RegistryError::NotFound(format!("management client {id}")))?)
    }

    /// Makes a management client.
    pub async fn create_management_client(&self, by: &Authority, new: NewManagementClient) -> Managed<CreatedManagementClient> {
        if !is_within(by, new.tenant_id) {
            return Err(RegistryError::NotFound("such tenant".to_owned()).into());
        }
        check_gift(by, new.role, new.tenant_id)?;
        Ok(self.registry.create_management_client(new).await?)
    }

    /// Turns a management client off or on, of the version that the caller saw. Turned off, its tokens are dead at once.
    pub async fn set_management_client_status(
        &self,
        by: &Authority,
        id: ManagementClientId,
        status: Status,
        seen: Option<u64>,
    ) -> Managed<ManagementClient> {
        self.client_to_change(by, id).await?;
        Ok(self.registry.change_management_client_status(id, status, seen).await?)
    }

    /// Gives a management client another secret. The one from before and its tokens are dead at once.
    pub async fn rotate_management_client(&self, by: &Authority, id: ManagementClientId) -> Managed<CreatedManagementClient> {
        self.client_to_change(by, id).await?;
        Ok(self.registry.rotate_management_client(id).await?)
    }

    async fn client_to_change(&self, by: &Authority, id: ManagementClientId) -> Managed<()> {
        let client = self.registry.store.management_client_of(by.reach(), id).await?;
        let client = client.ok_or_else(|| RegistryError::NotFound(format!("management client {id}")))?;
        check_gift(by, client.role, client.tenant_id)
    }
}
