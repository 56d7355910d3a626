//! What may be used once, and work that one node at a time does.

use std::sync::Arc;

use mintmark_core::clock::Timestamp;
use mintmark_core::model::Position;
use mintmark_core::store::{Store, UseDigest};
use tokio::task::JoinSet;

use super::world::World;

super::on_every_store! {
    one_of_many_that_use_something_is_the_first,
    uses_that_are_over_are_forgotten_in_small_parts,
    a_lease_has_one_holder_until_it_expires,
    of_many_that_want_a_lease_one_gets_it,
    work_under_a_lease_that_was_lost_changes_nothing,
    the_feed_loses_its_oldest_entries,
}

const NOW: Timestamp = Timestamp(1000);
const LATER: Timestamp = Timestamp(1060);

fn digest(number: u8) -> UseDigest {
    UseDigest([number; 32])
}

async fn one_of_many_that_use_something_is_the_first<S: Store>(world: World<S>) {
    let mut uses = JoinSet::new();
    for at in 0..200 {
        let store = Arc::clone(&world.store);
        uses.spawn(async move { (at % 20, store.use_once(&digest(at % 20), LATER).await.unwrap()) });
    }
    let mut firsts: Vec<u8> = uses.join_all().await.into_iter().filter(|(_, is_first)| *is_first).map(|(at, _)| at).collect();
    firsts.sort_unstable();
    assert_eq!(firsts, (0..20).collect::<Vec<_>>());
}

async fn uses_that_are_over_are_forgotten_in_small_parts<S: Store>(world: World<S>) {
    for at in 0..10 {
        assert!(world.store.use_once(&digest(at), Timestamp(i64::from(at))).await.unwrap());
    }
    let lease = world.store.take_lease("work", "me", NOW, LATER).await.unwrap().unwrap();
    let forget = async || world.store.forget_uses(&lease, Timestamp(7), 5).await.unwrap();
    assert_eq!((forget().await, forget().await, forget().await), (Some(5), Some(2), Some(0)));
    assert!(!world.store.was_used(&digest(6)).await.unwrap());
    assert!(world.store.use_once(&digest(6), LATER).await.unwrap());
    assert!(world.store.was_used(&digest(6)).await.unwrap(), "asking uses nothing up");
    assert!(!world.store.use_once(&digest(7), LATER).await.unwrap());
}

async fn a_lease_has_one_holder_until_it_expires<S: Store>(world: World<S>) {
    let take = async |holder, now, until| {
        let lease = world.store.take_lease("work", holder, Timestamp(now), Timestamp(until)).await.unwrap();
        lease.map(|lease| lease.fence)
    };
    assert_eq!(take("one", 10, 20).await, Some(1));
    assert_eq!(take("two", 19, 40).await, None);
    assert_eq!(take("one", 19, 30).await, Some(1), "its holder keeps it");
    assert_eq!(take("two", 29, 40).await, None);
    assert_eq!(take("two", 30, 40).await, Some(2));
    assert_eq!(take("one", 31, 41).await, None);
    assert_eq!(world.store.take_lease("other", "one", Timestamp(31), Timestamp(41)).await.unwrap().unwrap().fence, 1);
}

async fn of_many_that_want_a_lease_one_gets_it<S: Store>(world: World<S>) {
    let mut takers = JoinSet::new();
    for number in 0..16 {
        let store = Arc::clone(&world.store);
        takers.spawn(async move { store.take_lease("work", &format!("node {number}"), NOW, LATER).await.unwrap() });
    }
    assert_eq!(takers.join_all().await.into_iter().flatten().count(), 1);
}

async fn work_under_a_lease_that_was_lost_changes_nothing<S: Store>(world: World<S>) {
    world.tenant("Acme").await;
    world.store.use_once(&digest(1), Timestamp(1)).await.unwrap();
    let old = world.store.take_lease("work", "one", NOW, LATER).await.unwrap().unwrap();
    let new = world.store.take_lease("work", "two", LATER, Timestamp(2000)).await.unwrap().unwrap();
    assert_eq!(world.store.forget_uses(&old, NOW, 10).await.unwrap(), None);
    assert_eq!(world.store.trim_feed(&old, Position(1), 10).await.unwrap(), None);
    assert_eq!(world.store.forget_uses(&new, NOW, 10).await.unwrap(), Some(1));
    assert_eq!(world.store.trim_feed(&new, Position(1), 10).await.unwrap(), Some(1));
}

async fn the_feed_loses_its_oldest_entries<S: Store>(world: World<S>) {
    for number in 0..6 {
        world.tenant(&format!("tenant {number}")).await;
    }
    let lease = world.store.take_lease("work", "me", NOW, LATER).await.unwrap().unwrap();
    assert_eq!(world.store.trim_feed(&lease, Position(4), 3).await.unwrap(), Some(3));
    assert_eq!(world.store.trim_feed(&lease, Position(4), 3).await.unwrap(), Some(1));
    let feed = world.store.feed(Position(0), 10).await.unwrap();
    assert_eq!(feed.head, Position(6));
    assert_eq!(feed.entries.iter().map(|entry| entry.position.0).collect::<Vec<_>>(), [5, 6]);
}
