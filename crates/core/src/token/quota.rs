//! A token is reserved of the quotas that count it, after authorization and before anything is used up or signed. What does not
//! become a token gives it back.

use std::hash::{DefaultHasher, Hash, Hasher};

use super::authorize::Authorized;
use super::limits::seconds_until;
use super::{Caller, Denial, Proved, RateStatus, Refused, TokenEndpoint};
use crate::clock::Timestamp;
use crate::model::ClientId;
use crate::quota::{Excess, Held, HeldQuotas, QuotaTold};
use crate::store::{Read, Store};

/// Clients that are refused come back after the window's end within so many seconds at most, or within a tenth of the window.
const SPREAD_MAX: i64 = 300;

/// Tokens that are reserved until they are given, or this is dropped.
#[derive(Debug)]
pub(super) struct Reserved {
    held: HeldQuotas,
    at: Timestamp,
    /// How many of them: a rehearsal reserves none.
    count: usize,
}

impl Reserved {
    /// The token is given. What the answer tells of what is left.
    pub(super) fn settle(mut self) -> Option<Box<QuotaTold>> {
        self.count = 0;
        QuotaTold::of(&self.held, self.at)
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        for held in self.held.iter().take(self.count) {
            held.meter.take_back(self.at);
        }
    }
}

impl<S: Store> TokenEndpoint<S> {
    /// Reserves a token of each quota that counts the request: of the client's, then the tenant's, then the business's.
    pub(super) fn reserve(
        &self,
        caller: &Caller<'_>,
        authorized: &Authorized<'_>,
        rate: Option<RateStatus>,
    ) -> Result<Option<Box<Reserved>>, Refused> {
        let client = authorized.client();
        let whose = (&client.id, client.tenant_id, authorized.business_id());
        let Some(held) = self.directory.quotas().of_request(caller.environment, whose) else { return Ok(None) };
        let mut reserved = Box::new(Reserved { held, at: self.clock.now(), count: 0 });
        match self.reserve_each(caller, &mut reserved) {
            Ok(()) => Ok(Some(reserved)),
            Err(exceeded) => {
                let denial = Denial::QuotaExceeded {
                    of: exceeded.0.quota.subject.kind(),
                    step: exceeded.1.step,
                    retry_after: seconds_until(exceeded.1.until, reserved.at).saturating_add(spread(&client.id, exceeded.1)),
                };
                let told = QuotaTold::of(&reserved.held, reserved.at);
                Err(Refused { quota: told, ..Proved::of_authorized(authorized).refused(denial, rate) })
            }
        }
    }

    fn reserve_each(&self, caller: &Caller<'_>, reserved: &mut Reserved) -> Result<(), (std::sync::Arc<Held>, Excess)> {
        let (at, quotas) = (reserved.at, self.directory.quotas());
        let mut count = 0;
        let mut result = Ok(());
        for held in reserved.held.iter() {
            let answer = if caller.is_rehearsal {
                held.meter.look(&held.quota, at).map(|()| None)
            } else {
                count += 1;
                held.meter.reserve(&held.quota, at).inspect_err(|_| count -= 1)
            };
            if let Some(excess) = answer.as_ref().map_or_else(|excess| Some(*excess), |observed| *observed)
                && !caller.is_rehearsal
            {
                quotas.note_over(&held.quota, excess);
            }
            if let Err(excess) = answer {
                result = Err((std::sync::Arc::clone(held), excess));
                break;
            }
        }
        reserved.count = count;
        result
    }

    /// Reads what others gave of quotas, before the first request.
    pub async fn learn_quotas(&self) -> Read<()> {
        self.directory.quotas().learn(&**self.directory.store(), self.usage.writer(), &*self.clock).await
    }

    /// Tells the store what this node gave of quotas, and hears what the others gave: every few seconds.
    pub async fn exchange_quotas(&self) -> Read<()> {
        let writer = self.usage.writer();
        self.directory.quotas().exchange(&**self.directory.store(), writer, (&*self.clock, &*self.random)).await
    }
}

/// How many seconds after the window's end a client should come back: always the same for one client and window, and another for each
/// client, so that not all come in one moment.
fn spread(client: &ClientId, excess: Excess) -> u32 {
    let width = (excess.step.seconds() / 10).min(SPREAD_MAX);
    let mut hasher = DefaultHasher::new();
    (client.as_str(), excess.until.0).hash(&mut hasher);
    let width = u64::try_from(width).unwrap_or(0) + 1;
    u32::try_from(hasher.finish() % width).unwrap_or(0)
}
