//! Leaks in memory.

use super::{MemoryStore, Page, Read, tables};
use crate::clock::Timestamp;
use crate::model::{Credential, CredentialId, EnvironmentName, Leak, LeakId, LeakState, ProofKind, TenantId};
use crate::store::LeakStore;

impl LeakStore for MemoryStore {
    async fn leak(&self, environment: &EnvironmentName, id: LeakId) -> Read<Option<Leak>> {
        Ok(self.usable()?.tables.leaks.get(&(environment.clone(), id)).map(|row| row.value.clone()))
    }

    async fn leak_of(&self, environment: &EnvironmentName, credential: CredentialId) -> Read<Option<Leak>> {
        let state = self.usable()?;
        let mut all = state.tables.leaks.values().map(|row| &row.value).filter(|leak| leak.environment == *environment);
        Ok(all.find(|leak| leak.credential_id == credential).cloned())
    }

    async fn leaks(&self, environment: &EnvironmentName, tenant: Option<TenantId>, page: Page<'_, LeakId>) -> Read<Vec<Leak>> {
        let state = self.usable()?;
        let all = state.tables.leaks.values().map(|row| &row.value).filter(|leak| leak.environment == *environment);
        let of_tenant = all.filter(|leak| tenant.is_none_or(|tenant| leak.tenant_id == tenant));
        let later = of_tenant.filter(|leak| page.after.is_none_or(|after| leak.id > *after));
        Ok(later.take(page.limit as usize).cloned().collect())
    }

    async fn due_leaks(&self, now: Timestamp, limit: u32) -> Read<Vec<Leak>> {
        let state = self.usable()?;
        let all = state.tables.leaks.values().map(|row| &row.value).filter(|leak| leak.state == LeakState::Quarantined);
        let mut due: Vec<Leak> = all.filter(|leak| leak.revoke_at.is_some_and(|at| at <= now)).cloned().collect();
        due.sort_by_key(|leak| (leak.revoke_at, leak.id));
        due.truncate(limit as usize);
        Ok(due)
    }

    async fn credentials_hinted(&self, environment: &EnvironmentName, hint: &str, limit: u32) -> Read<Vec<Credential>> {
        let state = self.usable()?;
        let is_hinted =
            |one: &Credential| one.environment == *environment && one.hint == hint && one.proof.kind() == ProofKind::Secret;
        let mut found = tables::in_order(&state.tables.credentials, is_hinted);
        found.truncate(limit as usize);
        Ok(found)
    }
}
