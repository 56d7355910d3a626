//! The plan of quotas. Each is part of the tenant, business or client whose it is.

use super::parts;
use super::plan::Planner;
use crate::configuration::{QuotaPart, Step};
use crate::model::{Quota, QuotaSubject, TenantId};
use crate::registry::Draft;
use crate::registry::quota::{check_limits, check_room, remove_draft, set_draft};
use crate::store::Store;

impl<S: Store> Planner<'_, S> {
    /// The change that makes a quota what a file says of its subject; none where it is so already, or cannot be. Changes are committed
    /// in the order in which they are planned, so that what is counted here is what the store will count.
    pub(super) fn quota_draft(
        &mut self,
        way: &[Step<'_>],
        (subject, tenant_id): (QuotaSubject, TenantId),
        wanted: Option<&QuotaPart>,
    ) -> Option<Draft> {
        let held = self.state.quotas.get(&subject).cloned();
        if held.as_ref().map(parts::quota).as_ref() == wanted {
            return None;
        }
        let Some(wanted) = wanted else {
            let held = self.state.quotas.remove(&subject)?;
            self.state.quotas_in_all -= 1;
            return Some(remove_draft(&held));
        };
        let way = [way, &[Step::Key("quota")]].concat();
        self.told(&way, check_limits(wanted.limits))?;
        if held.is_none() {
            self.told(&way, check_room(self.state.quotas_in_all))?;
            self.state.quotas_in_all += 1;
        }
        let QuotaPart { limits, mode, headers } = *wanted;
        let environment = self.record.environment.name.clone();
        let version = held.as_ref().map_or(0, |held| held.version) + 1;
        let after =
            Quota { environment, subject: subject.clone(), tenant_id, limits, mode, headers, changed_at: self.now, version };
        let draft = set_draft(held.as_ref(), &after);
        self.state.quotas.insert(subject, after);
        Some(draft)
    }
}
