//! All of an environment, and the tenants.

use std::collections::{BTreeMap, HashMap};

use crate::model::{
    Business, BusinessId, Client, ClientId, Credential, CredentialId, Entitlement, EnvironmentName, Position, Quota,
    QuotaSubject, Tenant, TenantId,
};
use crate::registry::{Outcome, Registry};
use crate::store::{EnvironmentRecord, Page, Store};

/// How many rows are read at a time.
const ROWS_AT_ONCE: u32 = 500;
/// How often it is read again because somebody changed something meanwhile.
const READS: usize = 3;

/// All of an environment, and the tenants.
pub(super) struct State {
    pub(super) record: EnvironmentRecord,
    /// The issuers of all environments.
    pub(super) issuers: Vec<String>,
    pub(super) tenants: BTreeMap<TenantId, Tenant>,
    pub(super) entitlements: BTreeMap<TenantId, Entitlement>,
    pub(super) quotas: BTreeMap<QuotaSubject, Quota>,
    /// How many there are in all environments together.
    pub(super) quotas_in_all: usize,
    pub(super) businesses: BTreeMap<BusinessId, Business>,
    pub(super) clients: BTreeMap<ClientId, Client>,
    /// Those that are over included, oldest first.
    pub(super) credentials: HashMap<ClientId, Vec<Credential>>,
}

impl State {
    pub(super) fn credentials_of(&self, client: &ClientId) -> &[Credential] {
        self.credentials.get(client).map_or(&[], Vec::as_slice)
    }

    /// Whose each credential is.
    pub(super) fn owners(&self) -> HashMap<CredentialId, ClientId> {
        self.credentials.values().flatten().map(|one| (one.id, one.client_id.clone())).collect()
    }
}

impl<S: Store> Registry<S> {
    /// Reads it, again if somebody changed something meanwhile. Where changes do not cease it is what was read last: nothing is ever
    /// removed, and what refers to something is read before that, so that it holds all that it refers to.
    pub(super) async fn configuration_state(&self, environment: &EnvironmentName) -> Outcome<State> {
        let mut before = self.existing_environment_at(environment).await?.1;
        let mut reads = 1;
        loop {
            let (state, after) = self.read_configuration_state(environment).await?;
            if after == before || reads >= READS {
                return Ok(state);
            }
            (before, reads) = (after, reads + 1);
        }
    }

    async fn read_configuration_state(&self, environment: &EnvironmentName) -> Outcome<(State, Position)> {
        let mut quotas = self.store.quotas().await?;
        let quotas_in_all = quotas.len();
        quotas.retain(|quota| quota.environment == *environment);
        let quotas = quotas.into_iter().map(|quota| (quota.subject.clone(), quota)).collect();
        let (clients, credentials) = self.read_clients(environment).await?;
        let tenants = self.read_tenants().await?;
        let (mut entitlements, mut businesses) = (BTreeMap::new(), BTreeMap::new());
        for tenant in tenants.keys() {
            entitlements.extend(self.store.entitlement(environment, *tenant).await?.map(|one| (*tenant, one)));
            self.read_businesses(environment, *tenant, &mut businesses).await?;
        }
        let (record, position, issuers) = self.existing_environment_at(environment).await?;
        let state = State { record, issuers, tenants, entitlements, quotas, quotas_in_all, businesses, clients, credentials };
        Ok((state, position))
    }

    async fn existing_environment_at(
        &self,
        environment: &EnvironmentName,
    ) -> Outcome<(EnvironmentRecord, Position, Vec<String>)> {
        let all = self.store.environments().await?;
        let issuers = all.value.iter().map(|record| record.environment.issuer.clone()).collect();
        let found = all.value.into_iter().find(|record| record.environment.name == *environment);
        match found {
            Some(record) => Ok((record, all.position, issuers)),
            // It says which there are.
            None => self.existing_environment(environment).await.map(|record| (record, all.position, issuers)),
        }
    }

    async fn read_clients(
        &self,
        environment: &EnvironmentName,
    ) -> Outcome<(BTreeMap<ClientId, Client>, HashMap<ClientId, Vec<Credential>>)> {
        let (mut clients, mut credentials) = (BTreeMap::new(), HashMap::<ClientId, Vec<Credential>>::new());
        let mut after: Option<ClientId> = None;
        loop {
            let page = self.store.clients(environment, None, Page { after: after.as_ref(), limit: ROWS_AT_ONCE }).await?;
            let (Some(first), Some(last)) = (page.first(), page.last()) else { return Ok((clients, credentials)) };
            for one in self.store.credentials_between(environment, (&first.id, &last.id)).await? {
                credentials.entry(one.client_id.clone()).or_default().push(one);
            }
            after = Some(last.id.clone());
            clients.extend(page.into_iter().map(|client| (client.id.clone(), client)));
        }
    }

    async fn read_tenants(&self) -> Outcome<BTreeMap<TenantId, Tenant>> {
        let (mut tenants, mut after) = (BTreeMap::new(), None);
        loop {
            let page = self.store.tenants(Page { after: after.as_ref(), limit: ROWS_AT_ONCE }).await?;
            let Some(last) = page.last() else { return Ok(tenants) };
            after = Some(last.id);
            tenants.extend(page.into_iter().map(|tenant| (tenant.id, tenant)));
        }
    }

    async fn read_businesses(
        &self,
        environment: &EnvironmentName,
        tenant: TenantId,
        businesses: &mut BTreeMap<BusinessId, Business>,
    ) -> Outcome<()> {
        let mut after = None;
        loop {
            let page = Page { after: after.as_ref(), limit: ROWS_AT_ONCE };
            let page = self.store.businesses(environment, tenant, page).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.id);
            businesses.extend(page.into_iter().map(|business| (business.id, business)));
        }
    }
}
