//! What may be used once, and the periodic work of which one node at a time does its part.

use mintmark_core::clock::Timestamp;
use mintmark_core::store::{Lease, Read, UseDigest};

use super::SqlStore;
use super::engine::{Query, WriteError};
use super::fields::Fields;
use super::statements::{LEASE_HOLD, LEASE_INSERT, LEASE_RENEW, LEASE_TAKE, SINGLE_USE_INSERT};
use super::writes::big;

impl SqlStore {
    /// One insert decides: whoever adds the row is the one.
    pub(super) async fn insert_use(&self, digest: &UseDigest, expires_at: Timestamp) -> Read<bool> {
        let insert = || self.engine.execute(SINGLE_USE_INSERT.query().bind(&digest.0[..]).bind(expires_at.0));
        let inserted = self.engine.write(SINGLE_USE_INSERT.name, insert).await;
        Ok(inserted.map_err(WriteError::into_store_error)? == 1)
    }

    pub(super) async fn take_or_renew_lease(
        &self,
        name: &'static str,
        holder: &str,
        now: Timestamp,
        expires_at: Timestamp,
    ) -> Read<Option<Lease>> {
        let take = async || {
            let mut transaction = self.engine.begin_write().await?;
            LEASE_INSERT.query().bind(name).execute(&mut transaction).await?;
            let renew = LEASE_RENEW.query().bind(name).bind(holder).bind(expires_at.0);
            let mut row = renew.row(&mut transaction).await?;
            if row.is_none() {
                let take = LEASE_TAKE.query().bind(name).bind(holder).bind(now.0).bind(expires_at.0);
                row = take.row(&mut transaction).await?;
            }
            transaction.commit().await?;
            Ok(row)
        };
        let row = self.engine.write(LEASE_TAKE.name, take).await.map_err(WriteError::into_store_error)?;
        row.map(|row| Ok(Lease { name, fence: Fields::of(&row, "lease", "name").number("fence")? })).transpose()
    }

    /// Runs one statement if the lease is still held. Gives how many rows it changed.
    pub(super) async fn under_lease(
        &self,
        lease: &Lease,
        statement: &'static str,
        query: impl Fn() -> Query,
    ) -> Read<Option<u64>> {
        let work = async || {
            let mut transaction = self.engine.begin_write().await?;
            let hold = LEASE_HOLD.query().bind(lease.name).bind(big(lease.fence));
            if hold.execute(&mut transaction).await? != 1 {
                return Ok(None);
            }
            let changed = query().execute(&mut transaction).await?;
            transaction.commit().await?;
            Ok(Some(changed))
        };
        self.engine.write(statement, work).await.map_err(WriteError::into_store_error)
    }
}
