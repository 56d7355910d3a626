//! Credentials that expire soon: each is told of once at 30, 7 and 1 days before its end.

use super::{Event, Notice};
use crate::clock::Timestamp;
use crate::model::{ClientId, CredentialId, EnvironmentName, TenantId};
use crate::random::Random;
use crate::store::{Read, Store};

/// A day, in seconds.
const DAY: i64 = 86_400;
/// So many days before the end it is told; and for how many days from then on it is made up for, where no node was up to tell.
const WARNINGS: [(u32, i64); 3] = [(30, 2), (7, 2), (1, 1)];
/// How many seconds lie between two looks, of all nodes together.
const LOOK_EVERY: u32 = 600;
/// How many credentials are read at a time.
const AT_ONCE: u32 = 500;
/// How many parts with news a look tells of, and how many it reads, so that a crowd that expires together does not keep the node from
/// other work; the next look goes on.
const PARTS: usize = 40;
const PARTS_READ: usize = 1_000;

/// A credential that is in force and expires.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expiring {
    /// The tenant of its client.
    pub tenant_id: TenantId,
    /// Its client.
    pub client_id: ClientId,
    /// Which it is.
    pub credential_id: CredentialId,
    /// What people tell it from others by.
    pub hint: String,
    /// When it expires.
    pub expires_at: Timestamp,
}

/// Adds a notice for each credential that has come within 30, 7 or 1 days of its end, in all environments, unless a node has looked
/// lately. Gives how many notices were new. An old secret whose successor is there is not told of: its rotation was.
pub async fn tell_of_expiring<S: Store>(store: &S, now: Timestamp, random: &dyn Random) -> Read<u64> {
    // A holder of its own for each look, so that the lease lets one look in so many seconds, whichever node makes it.
    let mut holder = [0; 16];
    random.fill(&mut holder);
    let holder = format!("{:032x}", u128::from_be_bytes(holder));
    if store.take_lease("expiring", &holder, now, now.plus(LOOK_EVERY)).await?.is_none() {
        return Ok(0);
    }
    let mut told = 0;
    for record in store.environments().await?.value {
        for (days, made_up_for) in WARNINGS {
            let end = i64::from(days) * DAY;
            let between = (moment(now, end - made_up_for * DAY), moment(now, end));
            told += tell_of((store, random), &record.environment.name, (days, between), now).await?;
        }
    }
    Ok(told)
}

fn moment(now: Timestamp, later: i64) -> Timestamp {
    Timestamp(now.0.saturating_add(later))
}

async fn tell_of<S: Store>(
    (store, random): (&S, &dyn Random),
    environment: &EnvironmentName,
    (days, (from, until)): (u32, (Timestamp, Timestamp)),
    now: Timestamp,
) -> Read<u64> {
    let (mut told, mut parts) = (0, 0);
    let mut after = (from, None);
    for _ in 0..PARTS_READ {
        let part = store.expiring(environment, after, until, AT_ONCE).await?;
        let Some(last) = part.last() else { break };
        after = (last.expires_at, Some(last.credential_id));
        let is_last = part.len() < AT_ONCE as usize;
        let notice = |one: Expiring| {
            let Expiring { tenant_id, client_id, credential_id, hint, expires_at } = one;
            let event = Event::SecretExpiring { client_id, credential_id, hint, expires_at, days };
            Notice::new((environment, Some(tenant_id)), event, now, random)
        };
        let new = store.add_notices(&part.into_iter().map(notice).collect::<Vec<_>>()).await?;
        told += new;
        parts += usize::from(new > 0);
        if is_last || parts == PARTS {
            break;
        }
    }
    Ok(told)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use crate::fixture::{World, sandbox, timestamp};
    use crate::random::SeededRandom;
    use crate::registry::Grace;
    use crate::store::{NoticeFilter, NoticeStore};

    async fn look(world: &World) -> u64 {
        tell_of_expiring(&*world.store, world.clock.now(), &SeededRandom::new(7)).await.unwrap()
    }

    async fn told(world: &World) -> Vec<u32> {
        let filter = NoticeFilter { environment: sandbox(), tenant: None };
        let all = world.store.notices(&filter, None, 100).await.unwrap();
        let days = |notice: Notice| match notice.event {
            Event::SecretExpiring { days, .. } => Some(days),
            _ => None,
        };
        all.into_iter().filter_map(days).collect()
    }

    #[tokio::test]
    async fn a_secret_is_told_of_once_at_each_of_its_three_moments() {
        let world = World::new().await;
        world.client(|new| new.secret_expires_at = Some(timestamp(60 * DAY))).await;
        assert_eq!(look(&world).await, 0);
        for (days_passed, expected) in [(31, 1), (0, 0), (10, 0), (12, 1), (3, 0), (3, 1), (0, 0)] {
            world.clock.advance(days_passed * 86_400 + 601);
            assert_eq!(look(&world).await, expected, "after {days_passed} days more");
        }
        assert_eq!(told(&world).await, [1, 7, 30]);
    }

    #[tokio::test]
    async fn of_several_nodes_one_looks_in_ten_minutes() {
        let world = World::new().await;
        world.client(|new| new.secret_expires_at = Some(timestamp(DAY))).await;
        assert_eq!(look(&world).await, 1);
        world.client(|new| new.secret_expires_at = Some(timestamp(DAY))).await;
        world.clock.advance(599);
        let other = tell_of_expiring(&*world.store, world.clock.now(), &SeededRandom::new(8)).await.unwrap();
        assert_eq!(other, 0, "somebody has looked");
        world.clock.advance(1);
        assert_eq!(look(&world).await, 1);
    }

    #[tokio::test]
    async fn what_never_ends_is_over_or_is_being_rotated_is_not_told_of() {
        let world = World::new().await;
        world.client(|_| {}).await;
        let over = world.client(|new| new.secret_expires_at = Some(timestamp(DAY))).await;
        world.registry.disable_secret(&sandbox(), &over.client.id, over.credential.id).await.unwrap();
        let rotated = world.client(|_| {}).await;
        let whose = (&sandbox(), &rotated.client.id);
        world.registry.start_rotation(whose, rotated.credential.id, Grace::OneHour, None).await.unwrap();
        assert_eq!(look(&world).await, 0);
    }
}
