//! Notices, endpoints and deliveries in memory.

use std::cmp::Reverse;

use super::tables::{StoredNotice, Tables};
use super::{Lease, MemoryStore, Page, Read};
use crate::clock::Timestamp;
use crate::model::{CredentialId, Delivery, DeliveryState, EnvironmentName, Status, Webhook, WebhookId};
use crate::notice::{DELIVERIES_LISTED_MAX, Expiring, Notice, has_room};
use crate::store::{Backlog, Handed, NoticeFilter, NoticePlace, NoticeStore, NoticesOf};

impl NoticeStore for MemoryStore {
    async fn add_notices(&self, notices: &[Notice]) -> Read<u64> {
        let stored = &mut self.usable()?.tables.notices;
        let before = stored.len();
        for notice in notices {
            stored.entry(notice.key()).or_insert_with(|| StoredNotice::new(notice));
        }
        Ok((stored.len() - before) as u64)
    }

    async fn notices(&self, filter: &NoticeFilter, before: Option<NoticePlace>, limit: u32) -> Read<Vec<Notice>> {
        let state = self.usable()?;
        let is_wanted = |one: &&Notice| {
            one.environment == filter.environment
                && filter.tenant.is_none_or(|tenant| one.tenant_id == tenant)
                && before.is_none_or(|before| (one.at, one.id) < before)
        };
        let all = state.tables.notices.values().map(|stored| &stored.notice);
        let mut found: Vec<Notice> = all.filter(is_wanted).cloned().collect();
        found.sort_by_key(|one| Reverse((one.at, one.id)));
        found.truncate(limit as usize);
        Ok(found)
    }

    async fn forget_notices(&self, lease: &Lease, before: Timestamp, limit: u32) -> Read<Option<u64>> {
        let mut state = self.usable()?;
        if !state.is_held(lease) {
            return Ok(None);
        }
        let stored = &mut state.tables.notices;
        let over = stored.iter().filter(|(_, stored)| stored.notice.at < before).map(|(key, _)| key.clone());
        let over: Vec<_> = over.take(limit as usize).collect();
        stored.retain(|key, _| !over.contains(key));
        Ok(Some(over.len() as u64))
    }

    async fn expiring(
        &self,
        environment: &EnvironmentName,
        (from, after): (Timestamp, Option<CredentialId>),
        until: Timestamp,
        limit: u32,
    ) -> Read<Vec<Expiring>> {
        let state = self.usable()?;
        let mut found = Vec::new();
        for one in state.tables.credentials.values().map(|row| &row.value) {
            let Some(expires_at) = one.expires_at.filter(|_| one.environment == *environment) else { continue };
            let is_after = expires_at > from || expires_at == from && after.is_some_and(|after| one.id > after);
            let client = state.tables.clients.get(&(environment.clone(), one.client_id.clone())).map(|row| &row.value);
            let Some(client) = client.filter(|client| client.status == Status::Active) else { continue };
            if is_after && expires_at <= until && one.status == Status::Active && one.rotation.is_none() {
                let (tenant_id, client_id, credential_id) = (client.tenant_id, client.id.clone(), one.id);
                found.push(Expiring { tenant_id, client_id, credential_id, hint: one.hint.clone(), expires_at });
            }
        }
        found.sort_by_key(|one| (one.expires_at, one.credential_id));
        found.truncate(limit as usize);
        Ok(found)
    }

    async fn webhook(&self, environment: &EnvironmentName, id: WebhookId) -> Read<Option<Webhook>> {
        Ok(self.usable()?.tables.webhooks.get(&(environment.clone(), id)).map(|row| row.value.clone()))
    }

    async fn webhooks(&self, environment: &EnvironmentName, of: NoticesOf, page: Page<'_, WebhookId>) -> Read<Vec<Webhook>> {
        let state = self.usable()?;
        let all = state.tables.webhooks.values().map(|row| &row.value).filter(|one| one.environment == *environment);
        let wanted = all.filter(|one| of.is_none_or(|of| one.tenant_id == of));
        let later = wanted.filter(|one| page.after.is_none_or(|after| one.id > *after));
        Ok(later.take(page.limit as usize).cloned().collect())
    }

    async fn notices_to_spread(&self, limit: u32) -> Read<Vec<Notice>> {
        let state = self.usable()?;
        let waiting = state.tables.notices.values().filter(|stored| !stored.is_spread);
        let mut found: Vec<Notice> = waiting.map(|stored| stored.notice.clone()).collect();
        found.sort_by_key(|one| (one.at, one.id));
        found.truncate(limit as usize);
        Ok(found)
    }

    async fn spread_notice(&self, lease: &Lease, notice: &Notice, to: &[WebhookId]) -> Read<bool> {
        let mut state = self.usable()?;
        if !state.is_held(lease) {
            return Ok(false);
        }
        let stored = state.tables.notices.get_mut(&notice.key()).filter(|stored| !stored.is_spread);
        if let Some(stored) = stored {
            stored.is_spread = true;
            for id in to {
                if state.tables.deliver(notice, *id) == Handed::Full {
                    let dropped = state.tables.webhooks.values_mut().filter(|row| row.value.id == *id);
                    dropped.for_each(|row| row.value.dropped += 1);
                }
            }
        }
        Ok(true)
    }

    async fn add_notice_for(&self, notice: &Notice, to: WebhookId) -> Read<Handed> {
        let tables = &mut self.usable()?.tables;
        let handed = tables.deliver(notice, to);
        if handed == Handed::Over {
            tables.notices.insert(notice.key(), StoredNotice { notice: notice.clone(), is_spread: true });
        }
        Ok(handed)
    }

    async fn backlog(&self) -> Read<Backlog> {
        let tables = &self.usable()?.tables;
        let notices = || tables.notices.values().filter(|stored| !stored.is_spread).map(|stored| stored.notice.at);
        let is_active =
            |id: WebhookId| tables.webhooks.values().any(|row| row.value.id == id && row.value.status == Status::Active);
        let waiting = |one: &&Delivery| one.state == DeliveryState::Waiting && is_active(one.webhook_id);
        let deliveries = || tables.deliveries.values().filter(waiting);
        Ok(Backlog {
            notices: notices().count() as u64,
            oldest_notice: notices().min(),
            deliveries: deliveries().count() as u64,
            oldest_delivery: deliveries().map(|one| one.made_at).min(),
            due: deliveries().map(|one| one.next_at).min(),
        })
    }

    async fn due_webhooks(&self, now: Timestamp, limit: u32) -> Read<Vec<Webhook>> {
        let state = self.usable()?;
        let due = |webhook: &Webhook| {
            let own = state.tables.deliveries.values().filter(|one| one.webhook_id == webhook.id);
            own.filter(|one| one.state == DeliveryState::Waiting && one.next_at <= now).map(|one| one.next_at).min()
        };
        let active = state.tables.webhooks.values().map(|row| &row.value).filter(|one| one.status == Status::Active);
        let mut found: Vec<_> = active.filter_map(|one| Some((due(one)?, one.clone()))).collect();
        found.sort_by_key(|(due, one)| (*due, one.id));
        Ok(found.into_iter().take(limit as usize).map(|(_, one)| one).collect())
    }

    async fn due_deliveries(&self, webhook: WebhookId, now: Timestamp, limit: u32) -> Read<Vec<(Delivery, Notice)>> {
        let state = self.usable()?;
        let own = state.tables.deliveries.values().filter(|one| one.webhook_id == webhook);
        let due = own.filter(|one| one.state == DeliveryState::Waiting && one.next_at <= now);
        let of = |delivery: &Delivery| {
            let found = state.tables.notices.values().find(|stored| stored.notice.id == delivery.notice_id);
            Some((delivery.clone(), found?.notice.clone()))
        };
        let mut found: Vec<_> = due.filter_map(of).collect();
        found.sort_by_key(|(one, _)| (one.made_at, one.notice_id));
        found.truncate(limit as usize);
        Ok(found)
    }

    async fn note_delivery(&self, lease: &Lease, after: &Delivery) -> Read<bool> {
        let mut state = self.usable()?;
        if !state.is_held(lease) {
            return Ok(false);
        }
        let deliveries = &mut state.tables.deliveries;
        let stored = deliveries.get_mut(&(after.webhook_id, after.notice_id));
        if let Some(stored) = stored.filter(|stored| stored.state == DeliveryState::Waiting) {
            stored.clone_from(after);
        }
        let own = deliveries.values().filter(|one| one.webhook_id == after.webhook_id && one.state != DeliveryState::Waiting);
        let mut over: Vec<_> = own.map(|one| (one.made_at, one.notice_id)).collect();
        over.sort_by_key(|place| Reverse(*place));
        for (_, notice_id) in over.into_iter().skip(DELIVERIES_LISTED_MAX as usize) {
            deliveries.remove(&(after.webhook_id, notice_id));
        }
        Ok(true)
    }

    async fn postpone_deliveries(&self, lease: &Lease, webhook: WebhookId, to: Timestamp) -> Read<bool> {
        let mut state = self.usable()?;
        if !state.is_held(lease) {
            return Ok(false);
        }
        let own = state.tables.deliveries.values_mut().filter(|one| one.webhook_id == webhook);
        own.filter(|one| one.state == DeliveryState::Waiting).for_each(|one| one.next_at = one.next_at.max(to));
        Ok(true)
    }

    async fn deliveries(&self, webhook: WebhookId, before: Option<NoticePlace>, limit: u32) -> Read<Vec<Delivery>> {
        let state = self.usable()?;
        let own = state.tables.deliveries.values().filter(|one| one.webhook_id == webhook);
        let earlier = own.filter(|one| before.is_none_or(|before| (one.made_at, one.notice_id) < before));
        let mut found: Vec<Delivery> = earlier.cloned().collect();
        found.sort_by_key(|one| Reverse((one.made_at, one.notice_id)));
        found.truncate(limit as usize);
        Ok(found)
    }

    async fn forget_deliveries(&self, lease: &Lease, before: Timestamp, limit: u32) -> Read<Option<u64>> {
        let mut state = self.usable()?;
        if !state.is_held(lease) {
            return Ok(None);
        }
        let stored = &mut state.tables.deliveries;
        let over: Vec<_> =
            stored.iter().filter(|(_, one)| one.made_at < before).map(|(key, _)| *key).take(limit as usize).collect();
        stored.retain(|key, _| !over.contains(key));
        Ok(Some(over.len() as u64))
    }
}

impl Tables {
    /// A delivery of a notice.
    fn deliver(&mut self, notice: &Notice, to: WebhookId) -> Handed {
        let endpoint = self.webhooks.get(&(notice.environment.clone(), to));
        if endpoint.is_none_or(|row| row.value.status != Status::Active) {
            return Handed::Off;
        }
        let own = self.deliveries.values().filter(|one| one.webhook_id == to);
        let waiting: Vec<Timestamp> = own.filter(|one| one.state == DeliveryState::Waiting).map(|one| one.next_at).collect();
        if !has_room(notice.kind(), waiting.len() as u64) {
            return Handed::Full;
        }
        // A pause is the whole endpoint's: what comes in it waits for its end.
        let next_at = waiting.into_iter().min().unwrap_or(notice.at).max(notice.at);
        let delivery = Delivery {
            webhook_id: to,
            notice_id: notice.id,
            kind: notice.kind(),
            state: DeliveryState::Waiting,
            made_at: notice.at,
            tries: 0,
            next_at,
            last_at: None,
            answer: None,
        };
        self.deliveries.entry((to, notice.id)).or_insert(delivery);
        Handed::Over
    }
}
