//! The standing of tenants, which all clients of one share: a change of a tenant changes it in one place, and no client is forgotten
//! for it. A node keeps what it holds through an outage that begins just after somebody made a tenant.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;

use crate::model::{Attributes, Position, Status, Tenant, TenantId};

/// Whether a tenant's clients get tokens, and what its tokens may carry.
#[derive(Debug)]
pub(super) struct Standing {
    is_active: AtomicBool,
    attributes: ArcSwap<Attributes>,
}

impl Standing {
    pub(super) fn status(&self) -> Status {
        if self.is_active.load(Ordering::SeqCst) { Status::Active } else { Status::Disabled }
    }

    pub(super) fn attributes(&self) -> Arc<Attributes> {
        self.attributes.load_full()
    }

    fn of(tenant: &Tenant) -> Self {
        let is_active = AtomicBool::new(tenant.status == Status::Active);
        Self { is_active, attributes: ArcSwap::from_pointee(tenant.attributes.clone()) }
    }

    fn set(&self, tenant: &Tenant) {
        self.is_active.store(tenant.status == Status::Active, Ordering::SeqCst);
        self.attributes.store(Arc::new(tenant.attributes.clone()));
    }
}

/// All that are known: those of clients that were read, and those that the feed named. Each takes some eighty bytes.
///
/// What was read later counts: each standing keeps the position that it is of. A client that is being read while everything is
/// forgotten is thrown away itself, and must leave no standing behind: it counts generations.
#[derive(Debug, Default)]
pub(super) struct Tenants {
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    generation: u64,
    standings: HashMap<TenantId, (Position, Arc<Standing>)>,
}

impl Tenants {
    /// What is passed to [`Tenants::share`] by whoever reads from here on.
    pub(super) fn generation(&self) -> u64 {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).generation
    }

    /// The standing of a tenant that was read at `position`.
    pub(super) fn share(&self, tenant: &Tenant, position: Position, generation: u64) -> Arc<Standing> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.generation != generation {
            return Arc::new(Standing::of(tenant));
        }
        let (as_of, standing) = known.standings.entry(tenant.id).or_insert_with(|| (position, Arc::new(Standing::of(tenant))));
        if *as_of < position {
            *as_of = position;
            standing.set(tenant);
        }
        Arc::clone(standing)
    }

    /// Takes over what the feed led to.
    pub(super) fn set(&self, tenant: &Tenant, position: Position) {
        self.share(tenant, position, self.generation());
    }

    /// Has the clients of a tenant that cannot be read get no tokens.
    pub(super) fn disable(&self, id: TenantId, position: Position) {
        let unread = Tenant {
            id,
            name: String::new(),
            status: Status::Disabled,
            attributes: Attributes::new(),
            created_at: crate::clock::Timestamp(0),
            version: 0,
        };
        self.set(&unread, position);
    }

    /// Knows nothing from now on.
    pub(super) fn forget_all(&self) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.generation += 1;
        known.standings.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SeededRandom;

    fn tenant(id: TenantId, status: Status) -> Tenant {
        let name = "Acme".to_owned();
        Tenant { id, name, status, attributes: Attributes::new(), created_at: crate::clock::Timestamp(0), version: 1 }
    }

    #[test]
    fn what_was_read_later_counts_for_all_who_share_it() {
        let (tenants, id) = (Tenants::default(), TenantId::generate(&SeededRandom::new(1)));
        let generation = tenants.generation();
        let first = tenants.share(&tenant(id, Status::Active), Position(5), generation);
        let second = tenants.share(&tenant(id, Status::Disabled), Position(7), generation);
        assert_eq!((first.status(), second.status()), (Status::Disabled, Status::Disabled));
        tenants.share(&tenant(id, Status::Active), Position(6), generation);
        assert_eq!(first.status(), Status::Disabled, "an older read");
        tenants.set(&tenant(id, Status::Active), Position(8));
        assert_eq!(second.status(), Status::Active);
    }

    #[test]
    fn a_read_from_before_everything_was_forgotten_leaves_nothing_behind() {
        let (tenants, id) = (Tenants::default(), TenantId::generate(&SeededRandom::new(1)));
        let before = tenants.generation();
        tenants.forget_all();
        let stale = tenants.share(&tenant(id, Status::Active), Position(900), before);
        let new = tenants.share(&tenant(id, Status::Disabled), Position(3), tenants.generation());
        assert_eq!((stale.status(), new.status()), (Status::Active, Status::Disabled));
    }
}
