//! The deliveries of one endpoint, one after the other, until one fails.

use std::sync::Arc;

use mintmark_core::model::{Delivery, DeliveryState, Status, Webhook};
use mintmark_core::notice::{Notice, SignedDelivery, Tried, after_try, is_too_old, sign};
use mintmark_core::registry::WebhookEdit;
use mintmark_core::store::{Lease, NoticeStore, Read};

use crate::node::Node;
use crate::outgoing::{ChosenBy, GuardedClient};

/// How many deliveries a trip makes, and after how many milliseconds it begins no other.
const DELIVERIES: u32 = 20;
const LASTS: u64 = 20_000;

/// What is needed to tell one endpoint.
pub(super) struct Trip {
    pub(super) node: Arc<Node>,
    pub(super) client: Arc<GuardedClient>,
    pub(super) lease: Lease,
    pub(super) webhook: Webhook,
}

impl Trip {
    /// Makes it.
    pub(super) async fn run(self) {
        if let Err(error) = self.deliver_all().await {
            tracing::debug!(%error, webhook = %self.webhook.id, "deliveries could not be read or noted now");
        }
    }

    async fn deliver_all(&self) -> Read<()> {
        let (clock, store) = (&self.node.endpoint.clock, self.node.endpoint.directory.store());
        let began = clock.boot_milliseconds();
        let due = store.due_deliveries(self.webhook.id, clock.now(), DELIVERIES).await?;
        for (made, (delivery, notice)) in due.iter().enumerate() {
            if !self.deliver(delivery, notice).await? {
                return Ok(());
            }
            let is_late = clock.boot_milliseconds().saturating_sub(began) > LASTS;
            if is_late || made + 1 == DELIVERIES as usize {
                // What is left is behind all others' that was due before, so that no endpoint keeps the others waiting.
                store.postpone_deliveries(&self.lease, self.webhook.id, clock.now()).await?;
                return Ok(());
            }
        }
        Ok(())
    }

    /// Makes one delivery. Gives whether the next one is to be made at once.
    async fn deliver(&self, delivery: &Delivery, notice: &Notice) -> Read<bool> {
        let (clock, store) = (&self.node.endpoint.clock, self.node.endpoint.directory.store());
        if is_too_old(delivery, clock.now()) {
            let failed = Delivery { state: DeliveryState::Failed, ..delivery.clone() };
            return store.note_delivery(&self.lease, &failed).await;
        }
        let tried = self.attempt(notice).await;
        let after = after_try(delivery, tried, clock.now(), &*self.node.endpoint.random);
        let (webhook, status) = (self.webhook.id, after.answer);
        tracing::debug!(%webhook, notice = %notice.id, status, state = after.state.as_str(), "delivery tried");
        if !store.note_delivery(&self.lease, &after).await? {
            return Ok(false);
        }
        if tried.is_gone() {
            self.turn_off().await;
            return Ok(false);
        }
        if after.state == DeliveryState::Delivered {
            return Ok(true);
        }
        store.postpone_deliveries(&self.lease, webhook, after.next_at).await?;
        Ok(false)
    }

    async fn attempt(&self, notice: &Notice) -> Tried {
        let Some(SignedDelivery { headers, body }) = self.signed(notice) else { return Tried::Unanswered };
        match self.client.post((&self.webhook.url, self.chosen_by()), &headers, body).await {
            Ok(status) => Tried::Answered(status),
            Err(error) => {
                // For the operator alone: what is reachable from here is nobody else's to know.
                tracing::debug!(%error, webhook = %self.webhook.id, "an endpoint could not be told");
                Tried::Unanswered
            }
        }
    }

    fn chosen_by(&self) -> ChosenBy {
        ChosenBy::owner(self.webhook.tenant_id)
    }

    fn signed(&self, notice: &Notice) -> Option<SignedDelivery> {
        let uri = self.client.target_uri(&self.webhook.url, self.chosen_by()).ok()?;
        let keys = self.node.endpoint.root_keys.webhook_keys(&notice.environment);
        sign(notice, &uri, keys.first()?, self.node.endpoint.clock.now())
    }

    /// The endpoint said that it is gone.
    async fn turn_off(&self) {
        // Of the version that was told: what somebody corrected meanwhile stays.
        let (status, version) = (Some(Status::Disabled), Some(self.webhook.version));
        let edit = WebhookEdit { status, version, ..WebhookEdit::default() };
        let edited = self.node.registry().edit_webhook(&self.webhook.environment, self.webhook.id, &edit).await;
        match edited {
            Ok(_) => tracing::info!(webhook = %self.webhook.id, "an endpoint answered 410 and was turned off"),
            Err(error) => {
                tracing::warn!(%error, webhook = %self.webhook.id, "an endpoint that is gone could not be turned off");
            }
        }
    }
}
