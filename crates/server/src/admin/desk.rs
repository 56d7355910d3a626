use std::net::IpAddr;
use std::sync::Arc;

use mintmark_core::management::{Authority, Management, Permission, Reach};
use mintmark_core::model::{Business, BusinessId, Client, ClientId, EnvironmentName, Tenant, TenantId};
use mintmark_core::registry::{Actor, Registry};
use mintmark_core::store::{EnvironmentRecord, Store};

use super::trials::{Running, Trial};
use super::{AdminApp, Refusal};
use crate::node::{CLOCK_OFFSET_MAX, Node};
use crate::store::SqlStore;

/// Where somebody's operations are done: who they are, and the registry that notes them as the one who acts.
///
/// What is out of reach is not found, by the same work and with the same answer as what does not exist (rule S4). Whether the role
/// permits an operation is asked first, and says nothing about objects.
pub struct Desk {
    /// What the caller may do, as the store said when the request came (rule S1).
    pub authority: Authority,
    /// The rules for changes; the audit names the caller.
    pub registry: Registry<SqlStore>,
    /// The rules for changes of people and programs that manage; the audit names the caller.
    pub management: Management<SqlStore>,
    /// The node that does it.
    pub node: Arc<Node>,
}

impl Desk {
    /// The desk of somebody whose request came from `source` and has an id.
    pub fn new(app: &AdminApp, authority: Authority, source: Option<IpAddr>, request_id: Option<String>) -> Self {
        let actor = Actor { who: authority.principal().to_string(), source, request_id };
        let management = app.management.acting_as(actor.clone());
        Self { authority, registry: app.node.registry().acting_as(actor), management, node: Arc::clone(&app.node) }
    }

    /// The store.
    pub fn store(&self) -> &SqlStore {
        &self.registry.store
    }

    /// Sees that the role permits something.
    pub(super) fn require(&self, permission: Permission) -> Result<(), Refusal> {
        if self.authority.permits(permission) { Ok(()) } else { Err(Refusal::Forbidden(permission)) }
    }

    /// Refuses a change of a member that only the operator may change so, if one is named.
    pub(super) fn leave_to_operator(&self, member: Option<&'static str>) -> Result<(), Refusal> {
        match member {
            Some(member) if !self.authority.permits(Permission::EditOperator) => Err(Refusal::OperatorOnly(member)),
            _ => Ok(()),
        }
    }

    /// The version that an object must still have when it is changed: the one that the caller saw, or, for whom not every change is
    /// permitted, the one that the change was judged by.
    pub(super) fn version_to_change(&self, seen: Option<u64>, judged: u64) -> Option<u64> {
        seen.or_else(|| (!self.authority.permits(Permission::EditOperator)).then_some(judged))
    }

    /// The tenant whose objects alone are within reach; nothing for the operator.
    pub(super) fn only_tenant(&self) -> Option<TenantId> {
        match self.authority.reach() {
            Reach::Operator => None,
            Reach::Tenant(id) => Some(id),
        }
    }

    /// An environment.
    pub(super) async fn environment(&self, name: &EnvironmentName) -> Result<EnvironmentRecord, Refusal> {
        let all = self.store().environments().await?.value;
        all.into_iter().find(|record| record.environment.name == *name).ok_or(Refusal::NotFound)
    }

    /// Sees that there is an environment.
    pub(super) async fn require_environment(&self, name: &EnvironmentName) -> Result<(), Refusal> {
        if self.store().has_environment(name).await? { Ok(()) } else { Err(Refusal::NotFound) }
    }

    /// A tenant within reach.
    pub(super) async fn tenant(&self, id: TenantId) -> Result<Tenant, Refusal> {
        // One that is out of reach is looked up in vain, as one is that does not exist.
        let wanted = if self.authority.reaches(id) { id } else { TenantId::none() };
        self.store().tenant(wanted).await?.ok_or(Refusal::NotFound)
    }

    /// A client within reach.
    pub(super) async fn client(&self, environment: &EnvironmentName, id: &ClientId) -> Result<Client, Refusal> {
        self.store().client_of(environment, self.only_tenant(), id).await?.ok_or(Refusal::NotFound)
    }

    /// A business of a tenant within reach.
    pub(super) async fn business(
        &self,
        environment: &EnvironmentName,
        tenant: TenantId,
        id: BusinessId,
    ) -> Result<Business, Refusal> {
        let wanted = if self.authority.reaches(tenant) { tenant } else { TenantId::none() };
        self.store().business_of(environment, wanted, id).await?.value.ok_or(Refusal::NotFound)
    }

    /// Counts something that the server is to try for the caller; what is given back is kept for as long as it goes on.
    pub(super) fn begin(&self, trial: Trial) -> Result<Running, Refusal> {
        let begun =
            self.node.trials.begin((self.authority.principal(), self.authority.reach()), trial, self.registry.clock.now());
        begun.map_err(Refusal::Limited)
    }

    /// Sees that this machine and the database agree on the time: every node goes by the times that some changes note.
    pub(super) async fn require_clock(&self) -> Result<(), Refusal> {
        let offset = self.store().clock_offset().await?;
        if offset.abs() <= CLOCK_OFFSET_MAX { Ok(()) } else { Err(Refusal::ClockOff(offset)) }
    }
}
