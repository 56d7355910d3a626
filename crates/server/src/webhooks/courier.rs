//! Which endpoints are told next. Each is told by a task of its own, so that one that answers slowly delays no other; of one tenant a
//! few are told at once, so that a tenant with slow ones leaves room.

use std::collections::HashMap;
use std::sync::Arc;

use super::out::Out;
use super::trip::Trip;
use crate::node::Node;
use crate::outgoing::GuardedClient;
use mintmark_core::clock::Timestamp;
use mintmark_core::model::{EnvironmentName, TenantId, Webhook};
use mintmark_core::notice::Notice;
use mintmark_core::registry::MAX_WEBHOOKS;
use mintmark_core::store::{Lease, NoticeStore, Page, Read, Store};

/// The work's lease: how many seconds it lasts, and how many before its end it is prolonged. Longer than any trip.
const LEASE: (&str, u32) = ("webhooks", 120);
const RENEWED_BEFORE: i64 = 90;
/// How many notices are handed out in a round, and how many endpoints are looked at.
const NOTICES: u32 = 200;
const ENDPOINTS: u32 = 200;

/// What a node does about deliveries, from one round to the next.
pub struct Courier {
    client: Arc<GuardedClient>,
    /// Names this node.
    holder: String,
    lease: Option<(Lease, Timestamp)>,
    out: Out,
}

impl Courier {
    /// One that has told nobody yet.
    pub fn new(client: Arc<GuardedClient>, holder: String) -> Self {
        Self { client, holder, lease: None, out: Out::default() }
    }

    /// Hands out new notices, and sets out to the endpoints that are due, if this node is the one to do so.
    pub async fn round(&mut self, node: &Arc<Node>) -> Read<()> {
        let (store, now) = (Arc::clone(node.endpoint.directory.store()), node.endpoint.clock.now());
        self.out.look();
        let Some(lease) = self.lease(&*store, now).await? else { return Ok(()) };
        spread(&*store, &lease).await?;
        for webhook in store.due_webhooks(now, ENDPOINTS).await? {
            let (id, tenant) = (webhook.id, webhook.tenant_id);
            if self.out.has_room_for(id, tenant) {
                let trip = Trip { node: Arc::clone(node), client: Arc::clone(&self.client), lease: lease.clone(), webhook };
                self.out.send((id, tenant), trip.run());
            }
        }
        Ok(())
    }

    /// Waits until nobody is out.
    pub async fn come_back(&mut self) {
        self.out.come_back().await;
    }

    /// The right to do it. It is asked for again long before it ends, and not at each round, since that is a write.
    async fn lease<S: Store>(&mut self, store: &S, now: Timestamp) -> Read<Option<Lease>> {
        let (name, lasts) = LEASE;
        if let Some((lease, _)) = self.lease.as_ref().filter(|(_, end)| end.0.saturating_sub(now.0) > RENEWED_BEFORE) {
            return Ok(Some(lease.clone()));
        }
        let end = now.plus(lasts);
        self.lease = store.take_lease(name, &self.holder, now, end).await?.map(|lease| (lease, end));
        Ok(self.lease.as_ref().map(|(lease, _)| lease.clone()))
    }
}

/// Whose endpoints they are.
type Owner = (EnvironmentName, Option<TenantId>);

/// Makes the deliveries of new notices: for the endpoints of whom each concerns, and for the operator's.
async fn spread<S: NoticeStore>(store: &S, lease: &Lease) -> Read<()> {
    let mut known: HashMap<Owner, Vec<Webhook>> = HashMap::new();
    for notice in store.notices_to_spread(NOTICES).await? {
        let mut to = Vec::new();
        for owner in owners(&notice) {
            if !known.contains_key(&owner) {
                // The store holds the cap, so these are all.
                let page = Page { after: None, limit: MAX_WEBHOOKS };
                known.insert(owner.clone(), store.webhooks(&owner.0, Some(owner.1), page).await?);
            }
            let all = known.get(&owner).into_iter().flatten();
            to.extend(all.filter(|webhook| webhook.wants(notice.kind())).map(|webhook| webhook.id));
        }
        if !store.spread_notice(lease, &notice, &to).await? {
            return Ok(());
        }
    }
    Ok(())
}

/// Whose endpoints are told of a notice.
fn owners(notice: &Notice) -> Vec<Owner> {
    let operators = (notice.environment.clone(), None);
    let tenants = notice.tenant_id.map(|id| (notice.environment.clone(), Some(id)));
    std::iter::once(operators).chain(tenants).collect()
}
