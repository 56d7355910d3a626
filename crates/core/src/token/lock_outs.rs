//! Whom an address was refused for, so that the client's owner is told: what was seen since the last flush, in bounded memory.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use super::TokenEndpoint;
use crate::clock::Timestamp;
use crate::model::{ClientId, EnvironmentName};
use crate::notice::{Event, Notice};
use crate::store::{Read, Store};

/// How many clients are remembered from one flush to the next; of more, nobody is told.
const REMEMBERED: usize = 256;
/// Of each client there is one notice in an hour: who knows a client's name can make its owner hear of it no more often.
const HOUR: i64 = 3600;

/// What was seen.
#[derive(Debug, Default)]
pub(super) struct LockOuts {
    seen: Mutex<BTreeMap<(EnvironmentName, ClientId), (IpAddr, u32)>>,
}

impl LockOuts {
    /// Notes that an address is refused for so many seconds because of what it tried with a client's name. Where somebody else notes
    /// at the same moment, it is left: a flood is going to be noted by the next request.
    pub(super) fn note(&self, environment: &EnvironmentName, client: &ClientId, source: IpAddr, retry_after: u32) {
        let Ok(mut seen) = self.seen.try_lock() else { return };
        if seen.len() < REMEMBERED {
            seen.entry((environment.clone(), client.clone())).or_insert((source, retry_after));
        }
    }

    fn take(&self) -> BTreeMap<(EnvironmentName, ClientId), (IpAddr, u32)> {
        std::mem::take(&mut *self.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl<S: Store> TokenEndpoint<S> {
    /// Tells the owners of clients for which addresses are refused. Gives how many notices were new.
    pub async fn tell_of_lock_outs(&self, now: Timestamp) -> Read<u64> {
        let mut notices = Vec::new();
        for ((environment, client_id), (source, retry_after)) in self.limits.lock_outs().take() {
            // A name that is nobody's concerns nobody.
            let Ok(Some(known)) = self.directory.client(&environment, &client_id).await else { continue };
            let hour = now.0.div_euclid(HOUR);
            let event = Event::ClientLockedOut { client_id, source: source.to_string(), retry_after, hour };
            notices.push(Notice::new((&environment, Some(known.tenant_id)), event, now, &*self.random));
        }
        if notices.is_empty() { Ok(0) } else { self.directory.store().add_notices(&notices).await }
    }
}
