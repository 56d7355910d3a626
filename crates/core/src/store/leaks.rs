//! What is stored of credentials that leaked. Changes go through [`super::Store::commit`] like all others.

use std::future::Future;

use super::{Page, Read};
use crate::clock::Timestamp;
use crate::model::{Credential, CredentialId, EnvironmentName, Leak, LeakId, TenantId};

/// The part of a store that holds leaks.
pub trait LeakStore: Send + Sync + 'static {
    /// A leak.
    fn leak(&self, environment: &EnvironmentName, id: LeakId) -> impl Future<Output = Read<Option<Leak>>> + Send;

    /// The leak of a credential.
    fn leak_of(
        &self,
        environment: &EnvironmentName,
        credential: CredentialId,
    ) -> impl Future<Output = Read<Option<Leak>>> + Send;

    /// Leaks of an environment, of one tenant or of all, by identifier.
    fn leaks(
        &self,
        environment: &EnvironmentName,
        tenant: Option<TenantId>,
        page: Page<'_, LeakId>,
    ) -> impl Future<Output = Read<Vec<Leak>>> + Send;

    /// Leaks in quarantine whose time is over, the longest over first.
    fn due_leaks(&self, now: Timestamp, limit: u32) -> impl Future<Output = Read<Vec<Leak>>> + Send;

    /// At most `limit` credentials of all clients of an environment that people tell by the same characters.
    fn credentials_hinted(
        &self,
        environment: &EnvironmentName,
        hint: &str,
        limit: u32,
    ) -> impl Future<Output = Read<Vec<Credential>>> + Send;
}
