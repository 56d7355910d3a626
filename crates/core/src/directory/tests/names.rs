//! Unknown clients: the names that exist, and what the others cost.

use super::super::names::{NAMES_MIN, NAMES_PAGE, UNKNOWN_READS_A_SECOND};
use super::*;
use crate::model::Client;
use crate::store::{AuditEntry, Change, Write};
use crate::token::Denial;

fn nobody(number: usize) -> ClientId {
    format!("nobody-{number}").parse().unwrap()
}

impl World {
    async fn fill_names(&self) -> usize {
        let count = self.directory().fill_names().await.unwrap();
        assert!(!self.directory().wants_names());
        count
    }

    /// Has all reads of this second spent, so that a name that is not known is denied from here on.
    async fn spend_unknown_reads(&self) {
        for number in 0..100 {
            assert!(self.known(&format!("spent-{number}").parse().unwrap()).await.is_none());
        }
        let before = self.store.reads();
        assert!(self.known(&nobody(0)).await.is_none());
        assert_eq!(self.store.reads(), before, "without a read");
    }

    /// Makes so many clients by one change, of which the feed names none.
    async fn plant_clients(&self, like: &Client, count: usize) {
        let insert = |number| {
            let id = format!("planted-{number:06}").parse().unwrap();
            Write::InsertClient(Client { id, ..like.clone() })
        };
        let subject = Subject::Tenant { id: self.globex };
        let audit = AuditEntry::local(timestamp(0), "test", "plant", subject);
        self.store.commit(&Change { writes: (0..count).map(insert).collect(), audit }).await.unwrap();
        self.poll().await;
    }
}

#[tokio::test]
async fn a_flood_of_unknown_names_costs_the_store_so_many_reads_a_second() {
    let world = World::new().await;
    let (held, other) = (world.client(|_| ()).await, world.client(|_| ()).await);
    assert!(world.known(&held.client.id).await.is_some());
    assert_eq!(world.fill_names().await, 2);
    for second in 0..2 {
        let before = world.store.reads();
        for number in 0..50_000 {
            assert!(world.known(&nobody(second * 50_000 + number)).await.is_none());
        }
        assert_eq!(world.store.reads() - before, UNKNOWN_READS_A_SECOND);
        world.clock.advance(1);
    }
    world.spend_unknown_reads().await;
    assert!(world.known(&held.client.id).await.is_some());
    assert!(world.known(&other.client.id).await.is_some(), "a client that exists is read all the while");
    let clients = world.directory().statistics().clients;
    assert!(clients.refused > 99_000, "{clients:?}");
}

#[tokio::test]
async fn before_the_names_are_known_every_name_is_looked_up() {
    let world = World::new().await;
    assert!(world.directory().wants_names());
    let before = world.store.reads();
    for number in 0..1000 {
        assert!(world.known(&nobody(number)).await.is_none());
    }
    assert_eq!(world.store.reads() - before, 1000);
    assert_eq!(world.directory().statistics().names, None);
}

#[tokio::test]
async fn a_client_made_after_the_names_were_read_is_found() {
    let world = World::new().await;
    world.fill_names().await;
    let client = world.client(|_| ()).await;
    world.spend_unknown_reads().await;
    assert!(world.known(&client.client.id).await.is_some());
    assert_eq!(world.directory().statistics().names, Some(1));
}

#[tokio::test]
async fn a_client_just_made_elsewhere_is_found_before_the_feed_names_it() {
    let world = World::new().await;
    let other = another_node(&world).await;
    other.fill_names().await.unwrap();
    let client = world.client(|_| ()).await;
    let before = world.store.reads();
    assert!(other.client(&sandbox(), &client.client.id).await.unwrap().is_some());
    assert_eq!(world.store.reads() - before, 1);
}

#[tokio::test]
async fn a_thousand_requests_of_a_client_just_made_elsewhere_are_one_read_and_none_is_refused() {
    let world = World::new().await;
    let other = Arc::new(another_node(&world).await);
    other.fill_names().await.unwrap();
    let client = world.client(|_| ()).await;
    let before = world.store.reads();
    for found in world.a_thousand_ask(&other, &client.client.id).await {
        assert!(found);
    }
    assert_eq!(world.store.reads() - before, 1);
}

#[tokio::test]
async fn a_name_that_was_refused_without_a_read_is_not_remembered() {
    let world = World::new().await;
    world.fill_names().await;
    world.spend_unknown_reads().await;
    let id = nobody(7);
    assert!(world.known(&id).await.is_none());
    let client = world.registry.create_client(world.new_client(|new| new.id = Some(id.clone()))).await.unwrap();
    assert!(world.known(&client.client.id).await.is_none(), "the feed has not named it yet");
    world.clock.advance(1);
    assert!(world.known(&id).await.is_some(), "in the next second it is read");
    world.spend_unknown_reads().await;
    let refused = nobody(8);
    assert!(world.known(&refused).await.is_none());
    world.client(|new| new.id = Some(refused.clone())).await;
    assert!(world.known(&refused).await.is_some(), "in the same second, named by the feed");
}

#[tokio::test]
async fn s13_what_the_feed_names_while_the_names_are_read_is_known_after_it() {
    let world = World::new().await;
    world.client(|_| ()).await;
    let mut paused = world.store.pause_reads();
    let directory = Arc::clone(&world.endpoint.directory);
    let filling = tokio::spawn(async move { directory.fill_names().await.unwrap() });
    // The page has been read, without this client, and is on its way.
    paused.holding(1).await;
    let client = world.client(|_| ()).await;
    paused.release();
    assert_eq!(filling.await.unwrap(), 2);
    world.spend_unknown_reads().await;
    assert!(world.known(&client.client.id).await.is_some());
}

#[tokio::test]
async fn names_read_before_a_reload_are_read_again() {
    let world = World::new().await;
    let position = world.head().await;
    let mut paused = world.store.pause_reads();
    let directory = Arc::clone(&world.endpoint.directory);
    let filling = tokio::spawn(async move { directory.fill_names().await.unwrap() });
    paused.holding(1).await;
    // A client of the other history, which the feed names to nobody who reads everything anew.
    let new = world.new_client(|_| ());
    let client = world.registry.create_client(new).await.unwrap();
    world.store.rewind(position);
    world.store.new_incarnation();
    world.poll().await;
    paused.release();
    assert_eq!(filling.await.unwrap(), 1);
    world.spend_unknown_reads().await;
    assert!(world.known(&client.client.id).await.is_some());
}

#[tokio::test]
async fn after_a_reload_every_name_is_looked_up_until_they_are_read_again() {
    let world = World::new().await;
    world.fill_names().await;
    world.spend_unknown_reads().await;
    world.store.new_incarnation();
    world.poll().await;
    assert!(world.directory().wants_names());
    let before = world.store.reads();
    assert!(world.known(&nobody(0)).await.is_none());
    assert_eq!(world.store.reads() - before, 1);
}

#[tokio::test]
async fn names_older_than_the_changes_applied_are_not_taken() {
    let world = World::new().await;
    let before = world.head().await;
    let client = world.client(|_| ()).await;
    world.store.rewind(before);
    assert!(world.directory().fill_names().await.is_err());
    assert!(world.directory().wants_names());
    world.poll().await;
    world.fill_names().await;
    world.spend_unknown_reads().await;
    assert!(world.known(&client.client.id).await.is_some());
}

#[tokio::test]
async fn while_the_feed_cannot_be_read_no_name_is_refused_without_asking_the_store() {
    let world = World::new().await;
    world.fill_names().await;
    world.store.fail(true);
    world.clock.advance(11);
    for number in 0..200 {
        let asked = world.directory().client(&sandbox(), &nobody(number)).await;
        assert!(matches!(asked, Err(Denial::StoreUnavailable(_))), "a client may have been made just before: {asked:?}");
    }
    world.store.fail(false);
    world.directory().poll().await.unwrap();
    world.spend_unknown_reads().await;
    let before = world.store.reads();
    assert!(world.known(&nobody(1000)).await.is_none());
    assert_eq!(world.store.reads(), before, "the names are trusted again");
}

#[tokio::test]
async fn a_failing_store_leaves_the_names_as_they_were() {
    let world = World::new().await;
    world.fill_names().await;
    let client = world.client(|_| ()).await;
    world.store.fail(true);
    assert!(world.directory().fill_names().await.is_err());
    world.store.fail(false);
    assert!(!world.directory().wants_names());
    world.spend_unknown_reads().await;
    assert!(world.known(&client.client.id).await.is_some());
}

#[tokio::test]
async fn names_of_many_pages_are_all_known_and_the_filter_grows_with_them() {
    let world = World::new().await;
    let client = world.client(|_| ()).await;
    let count = NAMES_MIN + NAMES_PAGE as usize + 7;
    world.plant_clients(&client.client, count).await;
    let known = world.fill_names().await;
    assert!((count - 100..=count + 1).contains(&known), "{known} of {count}: few look like another one");
    world.spend_unknown_reads().await;
    for number in (0..count).step_by(997).chain([count - 1]) {
        let id = format!("planted-{number:06}").parse().unwrap();
        assert!(world.known(&id).await.is_some(), "{id}");
    }
}

#[tokio::test]
async fn more_names_than_there_is_room_for_are_read_into_a_larger_filter() {
    let world = World::new().await;
    let client = world.client(|_| ()).await;
    world.fill_names().await;
    for number in 0..NAMES_MIN + 100 {
        world.directory().names.add(&sandbox(), &nobody(number));
    }
    assert!(world.directory().wants_names());
    assert_eq!(world.fill_names().await, 1, "only what the store holds is known then");
    world.spend_unknown_reads().await;
    assert!(world.known(&client.client.id).await.is_some());
}

#[tokio::test]
async fn what_was_asked_for_is_counted() {
    let world = World::new().await;
    let client = world.client(|_| ()).await;
    world.fill_names().await;
    for id in [&client.client.id, &client.client.id, &client.client.id, &nobody(1), &nobody(1)] {
        world.known(id).await;
    }
    for _ in 0..2 {
        world.known_business(world.shop).await;
    }
    let DirectoryStatistics { clients, businesses, names } = world.directory().statistics();
    let expected = CacheStatistics { held: 1, bytes: clients.bytes, hits: 2, misses: 2, absent: 1, refused: 0 };
    assert_eq!((clients, names), (expected, Some(1)));
    assert!(clients.bytes > 400 && businesses.bytes > 100);
    assert_eq!((businesses.held, businesses.hits, businesses.misses), (1, 1, 1));
}
