//! Programs that use the management API.

use super::checks::{check_name, check_version};
use super::member::check_role;
use super::{Draft, Outcome, Registry, RegistryError, audited};
use crate::crypto::ClientSecret;
use crate::management::{Principal, Role};
use crate::model::{CredentialId, ManagementClient, ManagementClientId, Status, StoredSecret, TenantId};
use crate::store::{InvitationsToEnd, Store, StoreError, Subject, Write};

/// How many management clients of one tenant can be turned on at a time.
pub const ACTIVE_MANAGEMENT_CLIENTS_MAX: u32 = 100;

/// What a new management client is to be.
#[derive(Clone, Debug)]
pub struct NewManagementClient {
    /// What people call it.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// The tenant that it belongs to; none for the operator's.
    pub tenant_id: Option<TenantId>,
}

/// A management client with its secret. This is the one time that the secret is shown.
#[derive(Debug)]
pub struct CreatedManagementClient {
    /// The secret.
    pub secret: ClientSecret,
    /// The record.
    pub client: ManagementClient,
}

impl<S: Store> Registry<S> {
    /// Makes a management client.
    pub async fn create_management_client(&self, new: NewManagementClient) -> Outcome<CreatedManagementClient> {
        check_name("name", &new.name)?;
        check_role(new.role, new.tenant_id)?;
        if let Some(tenant) = new.tenant_id {
            self.existing_tenant(tenant).await?;
        }
        self.check_active_management_clients(new.tenant_id).await?;
        let id = ManagementClientId::generate(&*self.random);
        let (secret, secret_id, stored) = self.new_management_secret(id)?;
        let client = ManagementClient {
            id,
            tenant_id: new.tenant_id,
            name: new.name,
            role: new.role,
            status: Status::Active,
            secret_id,
            secret: stored,
            hint: secret.hint(),
            created_at: self.clock.now(),
            version: 1,
        };
        let draft = Draft {
            tenant: client.tenant_id,
            action: "management_client.create",
            subject: Subject::ManagementClient { id },
            before: None,
            after: audited(&client),
            writes: vec![Write::InsertManagementClient(client.clone())],
        };
        self.insert(draft, || format!("a management client {id}")).await?;
        Ok(CreatedManagementClient { secret, client })
    }

    /// Turns a management client off or on; turned off, its tokens are dead at once and stay so when it is on again: each is for one
    /// version of its client. What it has invited is over too.
    pub async fn set_management_client_status(&self, id: ManagementClientId, status: Status) -> Outcome<ManagementClient> {
        self.change_management_client_status(id, status, None).await
    }

    /// The same, of the version that the caller saw; of whichever there is, if none is named.
    pub async fn change_management_client_status(
        &self,
        id: ManagementClientId,
        status: Status,
        seen: Option<u64>,
    ) -> Outcome<ManagementClient> {
        let before = self.existing_management_client(id).await?;
        // A change of nothing is none: each version ends the tokens of the one before.
        if before.status == status && seen.is_none_or(|seen| seen == before.version) {
            return Ok(before);
        }
        if status == Status::Active && before.status != Status::Active {
            self.check_active_management_clients(before.tenant_id).await?;
        }
        let edit = |client: &mut ManagementClient| {
            check_version(seen, client.version)?;
            client.status = status;
            Ok(())
        };
        self.edit_management_client("management_client.set_status", id, edit).await
    }

    /// Gives a management client another secret. The one from before and its tokens are dead at once.
    pub async fn rotate_management_client(&self, id: ManagementClientId) -> Outcome<CreatedManagementClient> {
        let (secret, secret_id, stored) = self.new_management_secret(id)?;
        let edit = |client: &mut ManagementClient| {
            client.secret_id = secret_id;
            client.secret = stored.clone();
            client.hint = secret.hint();
            Ok(())
        };
        let client = self.edit_management_client("management_client.rotate", id, edit).await?;
        Ok(CreatedManagementClient { secret, client })
    }

    /// Stores the same secret under another pepper. Refused if the client has another secret by now; a conflict, without another try,
    /// if it changes at this moment.
    pub(crate) async fn renew_management_secret(
        &self,
        client: &ManagementClient,
        stored: StoredSecret,
    ) -> Outcome<ManagementClient> {
        let before = self.existing_management_client(client.id).await?;
        if before.secret_id != client.secret_id {
            return Err(RegistryError::NotAllowed("the secret was rotated meanwhile".to_owned()));
        }
        let after = ManagementClient { secret: stored, version: before.version + 1, ..before.clone() };
        let action = "management_client.renew_secret";
        self.insert(edited(action, &before, &after), || "such a management client".to_owned()).await?;
        Ok(after)
    }

    async fn edit_management_client(
        &self,
        action: &'static str,
        id: ManagementClientId,
        edit: impl Fn(&mut ManagementClient) -> Outcome<()>,
    ) -> Outcome<ManagementClient> {
        self.update(|| async {
            let before = self.existing_management_client(id).await?;
            let mut after = before.clone();
            edit(&mut after)?;
            after.version += 1;
            let mut draft = edited(action, &before, &after);
            if after.status == Status::Disabled {
                let which = InvitationsToEnd::By(Principal::Client(id));
                draft.writes.push(Write::EndInvitations { which, at: self.clock.now() });
            }
            Ok((draft, after))
        })
        .await
    }

    /// Refuses one more of a tenant where too many are turned on. Each may ask as much as a person, and what one leaks, all can.
    async fn check_active_management_clients(&self, tenant_id: Option<TenantId>) -> Outcome<()> {
        let Some(tenant) = tenant_id else { return Ok(()) };
        let active = self.store.active_management_clients(tenant, ACTIVE_MANAGEMENT_CLIENTS_MAX).await?;
        if active < u64::from(ACTIVE_MANAGEMENT_CLIENTS_MAX) {
            return Ok(());
        }
        let why = format!("{ACTIVE_MANAGEMENT_CLIENTS_MAX} management clients of the tenant are active; disable some first");
        Err(RegistryError::NotAllowed(why))
    }

    pub(crate) async fn existing_management_client(&self, id: ManagementClientId) -> Outcome<ManagementClient> {
        let found = self.store.management_client(id).await?;
        found.ok_or_else(|| RegistryError::NotFound(format!("management client {id}")))
    }

    fn new_management_secret(&self, id: ManagementClientId) -> Outcome<(ClientSecret, CredentialId, StoredSecret)> {
        let secret = ClientSecret::generate_for_management(&*self.random);
        let secret_id = CredentialId::generate(&*self.random);
        let stored = self.root_keys.peppers.store_management(id, secret_id, secret.text());
        let stored = stored.ok_or_else(|| StoreError::Unavailable("no pepper is loaded".to_owned()))?;
        Ok((secret, secret_id, stored))
    }
}

fn edited(action: &'static str, before: &ManagementClient, after: &ManagementClient) -> Draft {
    Draft {
        tenant: before.tenant_id,
        action,
        subject: Subject::ManagementClient { id: before.id },
        before: audited(before),
        after: audited(after),
        writes: vec![Write::UpdateManagementClient(after.clone())],
    }
}
