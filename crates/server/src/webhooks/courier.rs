//! Which endpoints are told next. Each is told by a task of its own, so that one that answers slowly delays no other; of one tenant a
//! few are told at once, so that a tenant with slow ones leaves room.

use std::collections::HashMap;
use std::sync::Arc;

use mintmark_core::clock::Timestamp;
use mintmark_core::model::{EnvironmentName, TenantId, Webhook, WebhookId};
use mintmark_core::notice::Notice;
use mintmark_core::registry::MAX_WEBHOOKS;
use mintmark_core::store::{Lease, NoticeStore, Page, Read, Store};
use tokio::task::JoinSet;

use super::trip::Trip;
use crate::node::Node;
use crate::outgoing::GuardedClient;

/// The work's lease: how many seconds it lasts, and how many before its end it is prolonged. Longer than any trip.
const LEASE: (&str, u32) = ("webhooks", 120);
const RENEWED_BEFORE: i64 = 90;
/// How many endpoints are told at once, in all and of one tenant.
const AT_ONCE: usize = 32;
const AT_ONCE_OF_TENANT: usize = 4;
/// How many notices are handed out in a round, and how many endpoints are looked at.
const NOTICES: u32 = 200;
const ENDPOINTS: u32 = 200;

/// Whose endpoints they are.
type Owner = (EnvironmentName, Option<TenantId>);

/// What a node does about deliveries, from one round to the next.
pub struct Courier {
    client: Arc<GuardedClient>,
    /// Names this node.
    holder: String,
    lease: Option<(Lease, Timestamp)>,
    trips: JoinSet<WebhookId>,
    /// The endpoints that are being told, and whose they are.
    out: HashMap<WebhookId, Owner>,
}

impl Courier {
    /// One that has told nobody yet.
    pub fn new(client: Arc<GuardedClient>, holder: String) -> Self {
        Self { client, holder, lease: None, trips: JoinSet::new(), out: HashMap::new() }
    }

    /// Hands out new notices, and sets out to the endpoints that are due, if this node is the one to do so.
    pub async fn round(&mut self, node: &Arc<Node>) -> Read<()> {
        let (store, now) = (Arc::clone(node.endpoint.directory.store()), node.endpoint.clock.now());
        while let Some(done) = self.trips.try_join_next() {
            self.came_back(done);
        }
        let Some(lease) = self.lease(&*store, now).await? else { return Ok(()) };
        spread(&*store, &lease).await?;
        for webhook in store.due_webhooks(now, ENDPOINTS).await? {
            let owner = (webhook.environment.clone(), webhook.tenant_id);
            let of_owner = self.out.values().filter(|other| other.1 == owner.1).count();
            if self.out.len() >= AT_ONCE {
                break;
            }
            if self.out.contains_key(&webhook.id) || of_owner >= AT_ONCE_OF_TENANT {
                continue;
            }
            self.out.insert(webhook.id, owner);
            let trip = Trip { node: Arc::clone(node), client: Arc::clone(&self.client), lease: lease.clone(), webhook };
            self.trips.spawn(trip.run());
        }
        Ok(())
    }

    /// Waits until nobody is out.
    pub async fn come_back(&mut self) {
        while let Some(done) = self.trips.join_next().await {
            self.came_back(done);
        }
    }

    fn came_back(&mut self, done: Result<WebhookId, tokio::task::JoinError>) {
        match done {
            Ok(id) => {
                self.out.remove(&id);
            }
            // Which one it was is not known; it is told again when all are back.
            Err(error) => {
                tracing::error!(%error, "telling an endpoint ended in a panic");
                if self.trips.is_empty() {
                    self.out.clear();
                }
            }
        }
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

/// Makes the deliveries of new notices: for the endpoints of whom each concerns, and for the operator's.
async fn spread<S: NoticeStore>(store: &S, lease: &Lease) -> Read<()> {
    let mut known: HashMap<Owner, Vec<Webhook>> = HashMap::new();
    for notice in store.notices_to_spread(NOTICES).await? {
        let mut to = Vec::new();
        for owner in owners(&notice) {
            if !known.contains_key(&owner) {
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

fn owners(notice: &Notice) -> Vec<Owner> {
    let operators = (notice.environment.clone(), None);
    let tenants = notice.tenant_id.map(|id| (notice.environment.clone(), Some(id)));
    std::iter::once(operators).chain(tenants).collect()
}
