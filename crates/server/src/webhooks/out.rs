//! The endpoints that are being told, each by a task of its own, and how many that may be at once.

use std::collections::HashMap;

use mintmark_core::model::{TenantId, WebhookId};
use tokio::task::{Id, JoinError, JoinSet};

/// How many endpoints are told at once, in all and of one tenant.
const AT_ONCE: usize = 32;
const AT_ONCE_OF_TENANT: usize = 4;

/// An endpoint, and whose it is.
type Endpoint = (WebhookId, Option<TenantId>);

/// Who is out to tell endpoints.
#[derive(Debug, Default)]
pub(super) struct Out {
    trips: JoinSet<()>,
    /// By task, since of one that panics nothing else is known.
    endpoints: HashMap<Id, Endpoint>,
}

impl Out {
    /// Whether an endpoint may be told now: nobody is telling it, and not too many others are told.
    pub(super) fn has_room_for(&self, id: WebhookId, tenant: Option<TenantId>) -> bool {
        let of_tenant = self.endpoints.values().filter(|other| other.1 == tenant).count();
        let is_told = self.endpoints.values().any(|other| other.0 == id);
        self.endpoints.len() < AT_ONCE && of_tenant < AT_ONCE_OF_TENANT && !is_told
    }

    /// Sends somebody to an endpoint.
    pub(super) fn send(&mut self, endpoint: Endpoint, trip: impl Future<Output = ()> + Send + 'static) {
        let task = self.trips.spawn(trip);
        self.endpoints.insert(task.id(), endpoint);
    }

    /// Takes note of who has come back.
    pub(super) fn look(&mut self) {
        while let Some(done) = self.trips.try_join_next_with_id() {
            self.came_back(done);
        }
    }

    /// Waits until nobody is out.
    pub(super) async fn come_back(&mut self) {
        while let Some(done) = self.trips.join_next_with_id().await {
            self.came_back(done);
        }
    }

    fn came_back(&mut self, done: Result<(Id, ()), JoinError>) {
        let task = match &done {
            Ok((task, ())) => *task,
            Err(error) => error.id(),
        };
        let endpoint = self.endpoints.remove(&task);
        if let (Err(error), Some((webhook, _))) = (done, endpoint) {
            tracing::error!(%error, %webhook, "telling an endpoint ended in a panic");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use mintmark_core::random::SeededRandom;

    use super::*;

    fn endpoint(seed: u64, tenant: u64) -> Endpoint {
        (WebhookId::generate(&SeededRandom::new(seed)), Some(TenantId::generate(&SeededRandom::new(tenant))))
    }

    fn has_room(out: &Out, (id, tenant): Endpoint) -> bool {
        out.has_room_for(id, tenant)
    }

    #[tokio::test]
    async fn a_trip_that_panics_gives_its_room_back_while_others_are_out() {
        let mut out = Out::default();
        out.send(endpoint(1, 1), pending());
        for seed in 2..=4 {
            out.send(endpoint(seed, 1), async { panic!("a delivery that a test breaks off") });
        }
        assert!(!has_room(&out, endpoint(2, 1)) && !has_room(&out, endpoint(9, 1)));
        while out.trips.len() > 1 {
            let done = out.trips.join_next_with_id().await.unwrap();
            out.came_back(done);
        }
        assert!(has_room(&out, endpoint(2, 1)) && has_room(&out, endpoint(9, 1)));
        assert!(!has_room(&out, endpoint(1, 1)), "somebody is still there");
        assert_eq!(out.endpoints.len(), 1);
    }

    #[tokio::test]
    async fn there_is_room_for_some_in_all_and_of_one_tenant() {
        let mut out = Out::default();
        for seed in 0..AT_ONCE as u64 {
            let one = endpoint(seed, seed / AT_ONCE_OF_TENANT as u64);
            assert!(has_room(&out, one) && has_room(&out, endpoint(99, 99)));
            out.send(one, async {});
            assert!(!has_room(&out, one));
        }
        assert!(!has_room(&out, endpoint(99, 99)));
        out.come_back().await;
        assert!(has_room(&out, endpoint(99, 99)) && out.endpoints.is_empty());
    }
}
