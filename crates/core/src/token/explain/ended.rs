//! What ended a token, and when.

use super::report::EndedBy;
use crate::clock::Timestamp;
use crate::directory::Ended;
use crate::model::{EnvironmentName, Position};
use crate::store::{AuditFilter, Store};
use crate::token::ending::Dead;
use crate::token::{Denial, OpenedToken, TokenEndpoint};

impl<S: Store> TokenEndpoint<S> {
    /// What ended a genuine token, and when, where that is known; nothing if nothing did.
    pub(super) async fn ended_by(
        &self,
        environment: &EnvironmentName,
        token: &OpenedToken,
    ) -> Result<Option<(EndedBy, Option<Timestamp>)>, Denial> {
        // The mark first: it has a position, and that has a time.
        if let Some((ended, position)) = self.mark_of(environment, token) {
            let by = match ended {
                Ended::BeforeRestore => return Ok(Some((EndedBy::Restore, None))),
                Ended::Revoked(kind) => EndedBy::from(kind),
            };
            return Ok(Some((by, self.time_of(position).await)));
        }
        Ok(match self.standing(environment, token).await? {
            Ok(()) => None,
            Err(Dead::Ended(Ended::BeforeRestore)) => Some((EndedBy::Restore, None)),
            Err(Dead::Ended(Ended::Revoked(kind))) => Some((EndedBy::from(kind), None)),
            Err(Dead::ClientGone | Dead::ClientOff) => Some((EndedBy::Client, None)),
            Err(Dead::TenantOff) => Some((EndedBy::Tenant, None)),
            Err(Dead::CredentialOff) => Some((EndedBy::Credential, None)),
            Err(Dead::BusinessOff) => Some((EndedBy::Business, None)),
        })
    }

    fn mark_of(&self, environment: &EnvironmentName, token: &OpenedToken) -> Option<(Ended, Position)> {
        let (set, ids) = (self.directory.revocations(), token.ids());
        let ended = set.ended(environment, &ids)?;
        Some((ended, set.ended_at(environment, &ids, ended)?))
    }

    /// When a change was made, as its audit row says; nothing if it cannot be read now.
    async fn time_of(&self, position: Position) -> Option<Timestamp> {
        let after = Position(position.0.checked_add(1)?);
        let rows = self.directory.store().audit(&AuditFilter::default(), Some(after), 1).await.ok()?;
        rows.into_iter().find(|row| row.position == position).map(|row| row.at)
    }
}
