//! The plan of clients.

use std::collections::BTreeSet;

use super::parts;
use super::plan::{Deed, Planner};
use crate::configuration::{ClientPart, ResourceName, Step};
use crate::model::{Attributes, Client, ClientRecord, Credential, QuotaSubject, ResourceId, Status, Tenant, TenantId};
use crate::registry::client::{
    check_attributes_for, check_client, check_new_id, edit_draft, known_dialect, named_businesses, subject_of,
};
use crate::registry::resource::find_resource;
use crate::registry::{Draft, RegistryError, audited};
use crate::store::{Store, Write};

impl<S: Store> Planner<'_, S> {
    pub(super) fn plan_clients(&mut self) {
        let file = self.file;
        let clients = &file.configuration.clients;
        self.index("client", clients.iter().map(|part| part.id.clone()));
        let mut owners = self.state.owners();
        for (at, part) in clients.iter().enumerate() {
            let way = [Step::Key("client"), Step::Item(at)];
            if self.check_credential_ids(&way, part, &mut owners) {
                self.plan_client(&way, part);
            }
        }
    }

    fn plan_client(&mut self, way: &[Step<'_>], part: &ClientPart) {
        let before = self.state.clients.get(&part.id).cloned();
        if self.check_owner(way, part.tenant, before.as_ref().map(|before| before.tenant_id)).is_none() {
            return;
        }
        match before {
            Some(before) => self.edit_client(way, part, &before),
            None => self.create_client(way, part),
        }
    }

    fn create_client(&mut self, way: &[Step<'_>], part: &ClientPart) {
        let blank = Client {
            id: part.id.clone(),
            environment: self.record.environment.name.clone(),
            tenant_id: part.tenant,
            name: String::new(),
            status: part.status,
            dialects: Vec::new(),
            grants: Vec::new(),
            businesses: part.businesses.clone(),
            lifetime_max: None,
            attributes: Attributes::new(),
            token_binding: part.token_binding,
            assertion_audience: part.assertion_audience,
            profile: None,
            serves: Vec::new(),
            created_at: self.now,
            version: 1,
        };
        let Some(client) = self.client_after(way, part, &blank) else { return };
        // No new client is given such a name; one that was brought along has it, and a file must be able to say so.
        if check_new_id(&client.id).is_err() {
            let id = &client.id;
            self.plan.notes.push(format!("the client_id {id} has a colon: in HTTP Basic the client has to write it as %3A"));
        }
        let Some(mut record) = self.record_of(client.clone(), Vec::new()) else { return };
        // They are in the one change that makes the client, not in changes of their own.
        self.new_credentials(way, part, &mut record);
        let made: Vec<_> = record.credentials.iter().map(|one| one.id).collect();
        let deed = Deed::CreateClient(Box::new(client), record.credentials);
        let deed = deed.and(self.quota_draft(way, whose(part), part.quota.as_ref()));
        self.change(object(part), (None, &part.block()), deed);
        for credential in part.credentials.iter().filter(|one| made.contains(&one.id)) {
            let deed = Deed::Drafts(Vec::new());
            self.change(super::credentials::object(part, credential.id), (None, &credential.block()), deed);
        }
    }

    fn edit_client(&mut self, way: &[Step<'_>], part: &ClientPart, before: &Client) {
        let credentials = self.state.credentials.remove(&part.id).unwrap_or_default();
        let limited = self.state.quotas.get(&whose(part).0);
        let old = parts::client(before, (&credentials, limited), &self.record, self.now);
        if old != *part {
            let Some(mut record) = self.record_of(before.clone(), credentials) else { return };
            let alone = |part: &ClientPart| ClientPart { credentials: Vec::new(), quota: None, ..part.clone() };
            let quota = self.quota_draft(way, whose(part), part.quota.as_ref());
            let mut deed = Deed::Drafts(Vec::new());
            if alone(&old) != alone(part) {
                let Some(after) = self.client_after(way, part, before) else { return };
                record.client = after.clone();
                deed = Deed::EditClient(Box::new((before.clone(), after)), self.now);
            }
            let deed = deed.and(quota);
            if deed.count() > 0 {
                self.change(object(part), (Some(&old.block()), &part.block()), deed);
            }
            self.plan_credentials(way, part, &old, &mut record);
        }
    }

    /// The client with its tenant, as the rules for credentials want it.
    fn record_of(&self, client: Client, credentials: Vec<Credential>) -> Option<ClientRecord> {
        let tenant: &Tenant = self.state.tenants.get(&client.tenant_id)?;
        Some(ClientRecord { client, tenant: tenant.clone(), credentials })
    }

    /// The client as the file says it, if the rules let it be so. What stays as it was is not checked: whatever has become of dialects
    /// and businesses, a client can be turned off and narrowed.
    fn client_after(&self, way: &[Step<'_>], part: &ClientPart, before: &Client) -> Option<Client> {
        let is_new = !self.state.clients.contains_key(&part.id);
        let old = parts::client(before, (&[], None), &self.record, self.now);
        let key = |key| [way, &[Step::Key(key)]].concat();
        let mut after = before.clone();
        after.name.clone_from(&part.name);
        after.dialects.clone_from(&part.dialects);
        after.businesses.clone_from(&part.businesses);
        after.attributes.clone_from(&part.attributes);
        (after.status, after.lifetime_max, after.profile) = (part.status, part.lifetime_max, part.profile);
        (after.token_binding, after.assertion_audience) = (part.token_binding, part.assertion_audience);
        if old.grants != part.grants {
            after.grants = self.resolved(&key("grants"), &part.grants)?;
        }
        if old.serves != part.serves {
            after.serves = self.served(&key("serves"), &part.serves)?;
        }
        after.version = if is_new { 1 } else { before.version + 1 };
        self.told(way, check_client(&after))?;
        self.check_dialects(&key("dialects"), before, &after)?;
        if is_new || before.businesses != after.businesses {
            self.check_businesses(&key("businesses"), &after)?;
        }
        Some(after)
    }

    fn served(&self, way: &[Step<'_>], names: &[ResourceName]) -> Option<Vec<ResourceId>> {
        let mut served = Vec::with_capacity(names.len());
        for name in names {
            served.push(self.told(way, find_resource(&self.record, &self.uri_of(name)?))?.id);
        }
        Some(served)
    }

    fn check_dialects(&self, way: &[Step<'_>], before: &Client, after: &Client) -> Option<()> {
        let nothing = Attributes::new();
        let tenant = self.state.tenants.get(&after.tenant_id).map_or(&nothing, |tenant| &tenant.attributes);
        for (at, name) in after.dialects.iter().enumerate() {
            if before.attributes == after.attributes && before.dialects.contains(name) {
                continue;
            }
            let way = [way, &[Step::Item(at)]].concat();
            let dialect = self.told(&way, known_dialect(&self.registry.dialects, name))?;
            self.told(&way, check_attributes_for(dialect, after, tenant))?;
        }
        Some(())
    }

    fn check_businesses(&self, way: &[Step<'_>], client: &Client) -> Option<()> {
        for (at, id) in self.told(way, named_businesses(client))?.iter().enumerate() {
            if self.state.businesses.get(id).is_none_or(|business| business.tenant_id != client.tenant_id) {
                let what = format!("business {id} of the tenant {}, here or in the file", client.tenant_id);
                self.mistake(&[way, &[Step::Item(at)]].concat(), RegistryError::NotFound(what).to_string());
                return None;
            }
        }
        Some(())
    }

    pub(super) fn prune_clients(&mut self) {
        let file = self.file;
        let named: BTreeSet<_> = file.configuration.clients.iter().map(|part| &part.id).collect();
        let others = self.state.clients.values().filter(|one| !named.contains(&one.id) && one.status == Status::Active);
        for before in others.cloned().collect::<Vec<_>>() {
            let after = Client { status: Status::Disabled, version: before.version + 1, ..before.clone() };
            let object = ("client", before.id.to_string(), before.name.clone());
            self.prune(object, vec![edit_draft(&before, &after, self.now)]);
        }
    }
}

/// A client made with what proves it.
pub(super) fn create_draft(client: &Client, credentials: &[Credential]) -> Draft {
    let mut writes = vec![Write::InsertClient(client.clone())];
    writes.extend(credentials.iter().cloned().map(Write::InsertCredential));
    Draft {
        tenant: Some(client.tenant_id),
        action: "client.create",
        subject: subject_of(client),
        before: None,
        after: audited(&serde_json::json!({ "client": client, "credentials": credentials })),
        writes,
    }
}

/// Whose quota the client's is.
fn whose(part: &ClientPart) -> (QuotaSubject, TenantId) {
    (QuotaSubject::Client(part.id.clone()), part.tenant)
}

pub(super) fn object(part: &ClientPart) -> (&'static str, String, String) {
    ("client", part.id.to_string(), part.name.clone())
}
