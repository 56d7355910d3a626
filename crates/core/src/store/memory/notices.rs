//! Notices in memory.

use super::{Lease, MemoryStore, Read};
use crate::clock::Timestamp;
use crate::notice::Notice;
use crate::store::{NoticeFilter, NoticePlace, NoticeStore};

impl NoticeStore for MemoryStore {
    async fn add_notices(&self, notices: &[Notice]) -> Read<u64> {
        let stored = &mut self.usable()?.tables.notices;
        let before = stored.len();
        for notice in notices {
            stored.entry(notice.key()).or_insert_with(|| notice.clone());
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
        let mut found: Vec<Notice> = state.tables.notices.values().filter(is_wanted).cloned().collect();
        found.sort_by_key(|one| std::cmp::Reverse((one.at, one.id)));
        found.truncate(limit as usize);
        Ok(found)
    }

    async fn forget_notices(&self, lease: &Lease, before: Timestamp, limit: u32) -> Read<Option<u64>> {
        let mut state = self.usable()?;
        if !state.is_held(lease) {
            return Ok(None);
        }
        let stored = &mut state.tables.notices;
        let over = stored.iter().filter(|(_, notice)| notice.at < before).map(|(key, _)| key.clone());
        let over: Vec<_> = over.take(limit as usize).collect();
        stored.retain(|key, _| !over.contains(key));
        Ok(Some(over.len() as u64))
    }
}
