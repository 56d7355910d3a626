mod names;
mod snapshot;

use std::sync::Arc;

use super::feed::FEED_PAGE;
use super::*;
use crate::fixture::{Ask, HERE, ISSUER, NOW, World, sandbox, scopes, timestamp};
use crate::model::{BusinessId, ClientId, Credential, CredentialLimits, Environment, Proof};
use crate::registry::{BusinessEdit, ClientEdit, CreatedClient, NewBusiness, ResourceEdit};
use crate::store::memory::MemoryStore;
use crate::store::{Subject, Write};

fn status(status: Status) -> ClientEdit {
    ClientEdit { status: Some(status), ..ClientEdit::default() }
}

impl World {
    async fn set_status(&self, client: &CreatedClient, new: Status) {
        self.registry.edit_client(&sandbox(), &client.client.id, &status(new)).await.unwrap();
    }

    /// What the directory holds of a client, without its position.
    async fn known(&self, id: &ClientId) -> Option<Arc<KnownClient>> {
        self.directory().client(&sandbox(), id).await.unwrap()
    }

    /// A thousand requests for one client at once: whether each found it.
    async fn a_thousand_ask(&self, directory: &Arc<Directory<MemoryStore>>, id: &ClientId) -> Vec<bool> {
        let mut paused = self.store.pause_reads();
        let asks: Vec<_> = (0..1000)
            .map(|_| {
                let (directory, id) = (Arc::clone(directory), id.clone());
                tokio::spawn(async move { directory.client(&sandbox(), &id).await.unwrap().is_some() })
            })
            .collect();
        paused.holding(1).await;
        // Let all of them come as far as they can before the one read goes on.
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        paused.release();
        let mut found = Vec::new();
        for ask in asks {
            found.push(ask.await.unwrap());
        }
        found
    }

    async fn known_business(&self, id: BusinessId) -> Option<KnownBusiness> {
        self.directory().business(&sandbox(), self.acme, id).await.unwrap()
    }

    async fn head(&self) -> Position {
        self.store.feed(Position(0), 1).await.unwrap().head
    }

    async fn used_at(&self, client: &CreatedClient) -> Option<Timestamp> {
        self.stored(&client.client.id).await.credentials[0].last_used_at
    }
}

/// A second node on the same store.
async fn another_node(world: &World) -> Directory<MemoryStore> {
    let clock = Arc::clone(&world.clock) as Arc<dyn Clock>;
    let keys = Arc::clone(&world.endpoint.root_keys);
    Directory::open(Arc::clone(&world.store), clock, keys, DirectoryLimits::default()).await.unwrap()
}

#[tokio::test]
async fn a_client_is_read_once_and_then_held() {
    let world = World::new().await;
    let client = world.client(|_| ()).await;
    let before = world.store.reads();
    for _ in 0..20 {
        assert_eq!(world.ask(&Ask::of("standard", &client)).await.status, 200);
    }
    assert_eq!(world.store.reads() - before, 1);
}

#[tokio::test]
async fn a_thousand_that_ask_at_once_are_one_read() {
    let world = World::new().await;
    let client = world.client(|_| ()).await;
    let directory = Arc::clone(&world.endpoint.directory);
    for (id, exists) in [(client.client.id.clone(), true), ("cli_nobody".parse().unwrap(), false)] {
        let before = world.store.reads();
        for found in world.a_thousand_ask(&directory, &id).await {
            assert_eq!(found, exists);
        }
        assert_eq!(world.store.reads() - before, 1, "exists: {exists}");
    }
}

#[tokio::test]
async fn one_that_goes_away_while_reading_leaves_the_others_their_answer() {
    let world = World::new().await;
    let client = world.client(|_| ()).await;
    let mut paused = world.store.pause_reads();
    let ask = |directory: Arc<Directory<MemoryStore>>, id: ClientId| {
        tokio::spawn(async move { directory.client(&sandbox(), &id).await.unwrap().is_some() })
    };
    let first = ask(Arc::clone(&world.endpoint.directory), client.client.id.clone());
    paused.holding(1).await;
    let second = ask(Arc::clone(&world.endpoint.directory), client.client.id.clone());
    tokio::task::yield_now().await;
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    paused.holding(2).await;
    paused.release();
    assert!(second.await.unwrap());
}

#[tokio::test]
async fn s12_a_fill_that_was_paused_across_a_change_is_thrown_away() {
    let world = World::new().await;
    let client = world.client(|_| ()).await;
    let mut paused = world.store.pause_reads();
    let (directory, id) = (Arc::clone(&world.endpoint.directory), client.client.id.clone());
    let fill = tokio::spawn(async move { directory.client(&sandbox(), &id).await.unwrap().unwrap() });
    paused.holding(1).await;
    disable_past_the_pause(&world, &client).await;
    world.poll().await;
    paused.release();
    let known = fill.await.unwrap();
    assert_eq!(known.status, Status::Disabled, "the change is seen");
    assert_eq!(world.known(&client.client.id).await.unwrap().status, Status::Disabled, "and held");
}

/// Disables a client without reading it from the store, whose reads are held.
async fn disable_past_the_pause(world: &World, client: &CreatedClient) {
    let mut after = client.client.clone();
    after.status = Status::Disabled;
    after.version += 1;
    let subject = Subject::Client { environment: sandbox(), id: after.id.clone() };
    let audit = crate::store::AuditEntry::local(timestamp(0), "test", "client.edit", subject);
    let change = crate::store::Change { writes: vec![crate::store::Write::UpdateClient(after)], audit };
    world.store.commit(&change).await.unwrap();
}

#[tokio::test]
async fn s12_those_who_waited_for_a_thrown_away_fill_see_the_change_too() {
    let world = World::new().await;
    let client = world.client(|_| ()).await;
    let mut paused = world.store.pause_reads();
    let ask = || {
        let (directory, id) = (Arc::clone(&world.endpoint.directory), client.client.id.clone());
        tokio::spawn(async move { directory.client(&sandbox(), &id).await.unwrap().unwrap().status })
    };
    let mut asks = vec![ask()];
    paused.holding(1).await;
    asks.extend((0..20).map(|_| ask()));
    tokio::task::yield_now().await;
    disable_past_the_pause(&world, &client).await;
    world.poll().await;
    asks.extend((0..20).map(|_| ask()));
    tokio::task::yield_now().await;
    paused.release();
    for ask in asks {
        assert_eq!(ask.await.unwrap(), Status::Disabled);
    }
}

#[tokio::test]
async fn a_change_is_seen_after_the_next_poll_on_every_node() {
    let world = World::new().await;
    let client = world.client(|_| ()).await;
    let other = another_node(&world).await;
    let status = async || other.client(&sandbox(), &client.client.id).await.unwrap().unwrap().status;
    assert_eq!(status().await, Status::Active);
    assert_eq!(world.ask(&Ask::of("standard", &client)).await.status, 200);
    world.set_status(&client, Status::Disabled).await;
    assert_eq!(world.poll().await, 1);
    assert_eq!(world.ask(&Ask::of("standard", &client)).await.status, 401);
    assert_eq!(status().await, Status::Active, "the other node has not heard of it yet");
    other.poll().await.unwrap();
    assert_eq!(status().await, Status::Disabled);
}

#[tokio::test]
async fn a_change_of_a_tenant_reaches_its_clients() {
    let world = World::new().await;
    let client = world.client(|_| ()).await;
    assert_eq!(world.ask(&Ask::of("standard", &client)).await.status, 200);
    world.registry.set_tenant_status(world.acme, Status::Disabled).await.unwrap();
    world.poll().await;
    assert_eq!(world.ask(&Ask::of("standard", &client)).await.status, 401);
}

#[tokio::test]
async fn a_change_of_a_business_or_resource_is_seen() {
    let world = World::new().await;
    assert_eq!(world.known_business(world.shop).await.unwrap().status, Status::Active);
    let off = BusinessEdit { status: Some(Status::Disabled), ..BusinessEdit::default() };
    world.registry.edit_business(&sandbox(), world.acme, world.shop, &off).await.unwrap();
    let more = ResourceEdit { add_scopes: scopes("new"), ..ResourceEdit::default() };
    world.registry.edit_resource(&sandbox(), &ISSUER.parse().unwrap(), &more).await.unwrap();
    world.poll().await;
    assert_eq!(world.known_business(world.shop).await.unwrap().status, Status::Disabled);
    let view = world.directory().view(&sandbox()).unwrap();
    assert!(view.own_resource().unwrap().understands(&"new".parse().unwrap()));
}

#[tokio::test]
async fn s4_a_business_is_found_for_its_own_tenant_alone() {
    let world = World::new().await;
    assert!(world.known_business(world.foreign).await.is_none());
    let found = world.directory().business(&sandbox(), world.globex, world.foreign).await.unwrap();
    assert_eq!(found.unwrap().id, world.foreign);
    assert!(world.known_business(world.foreign).await.is_none(), "also when it is held for the other one");
}

#[tokio::test]
async fn s13_absence_is_believed_for_five_seconds_and_ends_when_the_object_is_made() {
    let world = World::new().await;
    let id: ClientId = "cli_later".parse().unwrap();
    let before = world.store.reads();
    assert!(world.known(&id).await.is_none());
    assert!(world.known(&id).await.is_none());
    assert_eq!(world.store.reads() - before, 1, "remembered");
    world.clock.advance(4);
    assert!(world.known(&id).await.is_none());
    assert_eq!(world.store.reads() - before, 1);
    world.clock.advance(1);
    assert!(world.known(&id).await.is_none());
    assert_eq!(world.store.reads() - before, 2, "after five seconds it is asked for again");
    world.client(|new| new.id = Some(id.clone())).await;
    assert!(world.known(&id).await.is_some(), "at once, no clock moved");
}

#[tokio::test]
async fn s13_absence_is_not_believed_across_a_change_made_meanwhile() {
    let world = World::new().await;
    let id: ClientId = "cli_later".parse().unwrap();
    let mut paused = world.store.pause_reads();
    let (directory, asked) = (Arc::clone(&world.endpoint.directory), id.clone());
    let fill = tokio::spawn(async move { directory.client(&sandbox(), &asked).await.unwrap().is_some() });
    paused.holding(1).await;
    // This client does not read what is paused.
    world.client(|new| new.id = Some(id.clone())).await;
    paused.release();
    assert!(fill.await.unwrap(), "it was made before the answer");
    assert!(world.known(&id).await.is_some());
}

#[tokio::test]
async fn s13_a_store_error_is_never_held() {
    let world = World::new().await;
    let client = world.client(|_| ()).await;
    world.store.fail(true);
    for id in [client.client.id.clone(), "cli_nobody".parse().unwrap()] {
        assert!(matches!(world.directory().client(&sandbox(), &id).await, Err(Denial::StoreUnavailable(_))));
    }
    assert!(matches!(world.directory().business(&sandbox(), world.acme, world.shop).await, Err(Denial::StoreUnavailable(_))));
    world.store.fail(false);
    assert!(world.known(&client.client.id).await.is_some());
    assert!(world.known_business(world.shop).await.is_some());
}

#[tokio::test]
async fn s12_a_position_that_goes_back_forces_a_full_reload() {
    let world = World::new().await;
    let before = world.head().await;
    let client = world.client(|_| ()).await;
    assert!(world.known(&client.client.id).await.is_some());
    // The rows change in a history that this node never hears of.
    world.set_status(&client, Status::Disabled).await;
    world.store.rewind(before);
    assert_eq!(world.known(&client.client.id).await.unwrap().status, Status::Active, "not yet");
    world.poll().await;
    assert_eq!(world.known(&client.client.id).await.unwrap().status, Status::Disabled);
    assert_eq!(world.directory().fresh_position().unwrap(), before);
}

#[tokio::test]
async fn s12_another_incarnation_forces_a_full_reload() {
    let world = World::new().await;
    let client = world.client(|_| ()).await;
    assert!(world.known(&client.client.id).await.is_some());
    let more = ResourceEdit { add_scopes: scopes("new"), ..ResourceEdit::default() };
    let position = world.head().await;
    world.set_status(&client, Status::Disabled).await;
    world.registry.edit_resource(&sandbox(), &ISSUER.parse().unwrap(), &more).await.unwrap();
    world.store.rewind(position);
    world.store.new_incarnation();
    world.poll().await;
    assert_eq!(world.known(&client.client.id).await.unwrap().status, Status::Disabled);
    let view = world.directory().view(&sandbox()).unwrap();
    assert!(view.own_resource().unwrap().understands(&"new".parse().unwrap()));
}

#[tokio::test]
async fn s12_a_reload_that_failed_half_way_is_made_up_for() {
    let world = World::new().await;
    let position = world.head().await;
    let more = ResourceEdit { add_scopes: scopes("new"), ..ResourceEdit::default() };
    world.registry.edit_resource(&sandbox(), &ISSUER.parse().unwrap(), &more).await.unwrap();
    world.store.rewind(position);
    world.store.new_incarnation();
    world.store.fail_environments(true);
    assert!(world.directory().poll().await.is_err());
    world.store.fail_environments(false);
    world.poll().await;
    let view = world.directory().view(&sandbox()).unwrap();
    assert!(view.own_resource().unwrap().understands(&"new".parse().unwrap()), "the other history was read after all");
}

#[tokio::test]
async fn a_change_that_could_not_be_applied_is_applied_later() {
    let world = World::new().await;
    let before = world.directory().fresh_position().unwrap();
    let more = ResourceEdit { add_scopes: scopes("new"), ..ResourceEdit::default() };
    world.registry.edit_resource(&sandbox(), &ISSUER.parse().unwrap(), &more).await.unwrap();
    world.store.fail_environments(true);
    world.clock.advance(200);
    assert!(world.directory().poll().await.is_err());
    assert_eq!(world.directory().fresh_position().unwrap(), before, "tokens do not claim to know it");
    world.clock.advance(41);
    assert_eq!(world.directory().fresh_position(), Err(Denial::StoreStale), "half a poll is none");
    world.store.fail_environments(false);
    world.poll().await;
    let view = world.directory().view(&sandbox()).unwrap();
    assert!(view.own_resource().unwrap().understands(&"new".parse().unwrap()));
}

#[tokio::test]
async fn a_feed_of_many_pages_is_followed_to_its_end() {
    let world = World::new().await;
    let count = FEED_PAGE as usize + 7;
    for number in 0..count {
        world.registry.rename_tenant(world.globex, &format!("Globex {number}")).await.unwrap();
    }
    assert_eq!(world.poll().await, count);
    assert_eq!(world.directory().fresh_position().unwrap(), world.head().await);
    assert_eq!(world.poll().await, 0);
}

#[tokio::test]
async fn a_tenant_that_is_made_or_changed_makes_no_client_be_read_again() {
    let world = World::new().await;
    let client = world.client(|_| {}).await;
    let held = world.known(&client.client.id).await.unwrap();
    let reads = world.store.reads();
    world.registry.create_tenant("Newcomer").await.unwrap();
    world.registry.rename_tenant(world.globex, "Globex 2").await.unwrap();
    world.poll().await;
    assert_eq!(world.known(&client.client.id).await.unwrap().tenant_status(), Status::Active);
    world.registry.set_tenant_status(world.acme, Status::Disabled).await.unwrap();
    world.poll().await;
    assert_eq!(world.known(&client.client.id).await.unwrap().tenant_status(), Status::Disabled);
    assert_eq!(held.tenant_status(), Status::Disabled, "also for a request that has the client already");
    assert_eq!(world.store.reads(), reads);
    world.registry.set_tenant_status(world.acme, Status::Active).await.unwrap();
    world.poll().await;
    assert_eq!(held.tenant_status(), Status::Active);
}

#[tokio::test]
async fn s12_a_store_that_took_another_course_is_read_anew() {
    let world = World::new().await;
    let client = world.client(|_| {}).await;
    assert_eq!(world.known(&client.client.id).await.unwrap().status, Status::Active);
    world.registry.rename_tenant(world.globex, "Lost").await.unwrap();
    world.poll().await;
    let followed = world.head().await;
    // A replica is promoted that did not have the last change; it goes past the position that this node had applied.
    world.store.rewind(Position(followed.0 - 1));
    world.set_status(&client, Status::Disabled).await;
    world.registry.create_tenant("Later").await.unwrap();
    assert!(world.head().await > followed);
    world.poll().await;
    assert_eq!(world.known(&client.client.id).await.unwrap().status, Status::Disabled);
    assert_eq!(world.directory().fresh_position().unwrap(), world.head().await);
}

#[tokio::test]
async fn a_node_that_was_away_longer_than_the_feed_reaches_reads_everything_anew() {
    let world = World::new().await;
    let client = world.client(|_| {}).await;
    world.poll().await;
    assert_eq!(world.known(&client.client.id).await.unwrap().status, Status::Active);
    world.set_status(&client, Status::Disabled).await;
    world.registry.rename_tenant(world.globex, "Globex 2").await.unwrap();
    let lease = world.store.take_lease("upkeep", "other", timestamp(0), timestamp(60)).await.unwrap().unwrap();
    let removed = world.head().await;
    world.store.trim_feed(&lease, Position(removed.0 - 1), 1000).await.unwrap();
    world.poll().await;
    assert_eq!(world.known(&client.client.id).await.unwrap().status, Status::Disabled, "an entry is left, not this one");
    world.set_status(&client, Status::Active).await;
    world.store.trim_feed(&lease, world.head().await, 1000).await.unwrap();
    world.poll().await;
    assert_eq!(world.known(&client.client.id).await.unwrap().status, Status::Active, "no entry is left");
    assert_eq!(world.directory().fresh_position().unwrap(), world.head().await);
}

#[tokio::test]
async fn s14_a_poll_that_stops_before_the_feeds_end_makes_nothing_fresh() {
    let world = World::new().await;
    for number in 0..FEED_PAGE {
        world.registry.rename_tenant(world.globex, &format!("Globex {number}")).await.unwrap();
    }
    let more = ResourceEdit { add_scopes: scopes("new"), ..ResourceEdit::default() };
    world.registry.edit_resource(&sandbox(), &ISSUER.parse().unwrap(), &more).await.unwrap();
    world.store.fail_environments(true);
    world.clock.advance(200);
    assert!(world.directory().poll().await.is_err(), "the second page cannot be applied");
    world.clock.advance(41);
    assert_eq!(world.directory().fresh_position(), Err(Denial::StoreStale));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn s12_of_two_polls_at_once_neither_takes_the_position_back() {
    let world = World::new().await;
    let pollers: Vec<_> = (0..2)
        .map(|_| {
            let directory = Arc::clone(&world.endpoint.directory);
            tokio::spawn(async move {
                for _ in 0..300 {
                    let before = directory.fresh_position().unwrap();
                    directory.poll().await.unwrap();
                    assert!(directory.fresh_position().unwrap() >= before);
                }
            })
        })
        .collect();
    for number in 0..300 {
        world.registry.rename_tenant(world.globex, &format!("Globex {number}")).await.unwrap();
    }
    for poller in pollers {
        poller.await.unwrap();
    }
}

#[tokio::test]
async fn s11_a_token_carries_at_least_the_position_of_the_change_that_allowed_it() {
    let world = World::new().await;
    let client = world.client(|_| ()).await;
    let pos = async |world: &World| world.verify(&world.ask(&Ask::of("standard", &client)).await, ISSUER).pos.unwrap();
    assert!(pos(&world).await <= world.head().await.0);
    world.set_status(&client, Status::Disabled).await;
    world.poll().await;
    assert_eq!(world.ask(&Ask::of("standard", &client)).await.status, 401);
    world.set_status(&client, Status::Active).await;
    let allowed = world.head().await;
    world.poll().await;
    assert!(pos(&world).await >= allowed.0);
}

#[tokio::test]
async fn s11_a_client_read_ahead_of_the_feed_gets_a_token_of_the_position_that_all_else_is_known_at() {
    let world = World::new().await;
    let client = world.client(|_| ()).await;
    world.poll().await;
    let applied = world.head().await;
    // The store is ahead of this node: what changed there is not known here yet, but for the client, which is read now.
    world.registry.rename_tenant(world.globex, "Globex 2").await.unwrap();
    assert!(world.head().await > applied);
    let answer = world.ask(&Ask::of("standard", &client)).await;
    assert_eq!(world.verify(&answer, ISSUER).pos, Some(applied.0));
}

#[tokio::test]
async fn s11_a_token_of_a_held_client_carries_the_position_that_its_node_has_applied() {
    let world = World::new().await;
    let client = world.client(|_| ()).await;
    assert_eq!(world.ask(&Ask::of("standard", &client)).await.status, 200);
    world.client(|_| ()).await;
    let before = world.store.reads();
    let answer = world.ask(&Ask::of("standard", &client)).await;
    assert_eq!(world.store.reads(), before, "it is held");
    assert_eq!(world.verify(&answer, ISSUER).pos, Some(world.head().await.0));
}

#[tokio::test]
async fn s11_a_token_never_claims_a_position_that_its_node_has_not_applied() {
    let world = World::new().await;
    let client = world.client(|_| ()).await;
    assert_eq!(world.ask(&Ask::of("standard", &client)).await.status, 200);
    let applied = world.directory().fresh_position().unwrap();
    world.set_status(&client, Status::Disabled).await;
    let answer = world.ask(&Ask::of("standard", &client)).await;
    assert_eq!(world.verify(&answer, ISSUER).pos, Some(applied.0), "so a mark at the change's position ends this token");
}

#[tokio::test]
async fn uses_are_written_down_by_the_flush() {
    let world = World::new().await;
    let client = world.client(|_| ()).await;
    assert_eq!(world.ask(&Ask::of("standard", &client).secret("wrong")).await.status, 401);
    world.directory().flush_uses().await.unwrap();
    assert_eq!(world.used_at(&client).await, None, "a wrong secret is no use");
    assert_eq!(world.ask(&Ask::of("standard", &client)).await.status, 200);
    assert_eq!(world.used_at(&client).await, None, "not on the way of a request");
    world.directory().flush_uses().await.unwrap();
    assert_eq!(world.used_at(&client).await, Some(Timestamp(NOW)));
}

#[tokio::test]
async fn uses_that_could_not_be_written_wait_for_the_next_flush() {
    let world = World::new().await;
    let client = world.client(|_| ()).await;
    assert_eq!(world.ask(&Ask::of("standard", &client)).await.status, 200);
    world.store.fail(true);
    for _ in 0..3 {
        assert!(world.directory().flush_uses().await.is_err());
    }
    world.clock.advance(30);
    assert_eq!(world.ask(&Ask::of("standard", &client)).await.status, 200);
    world.store.fail(false);
    world.directory().flush_uses().await.unwrap();
    assert_eq!(world.used_at(&client).await, Some(Timestamp(NOW)), "the first of the two is exact enough");
}

#[tokio::test]
async fn a_credential_in_constant_use_is_written_when_the_stored_time_has_grown_too_old() {
    let world = World::new().await;
    let client = world.client(|_| ()).await;
    let mut written = Vec::new();
    for _ in 0..7 {
        assert_eq!(world.ask(&Ask::of("standard", &client)).await.status, 200);
        world.directory().flush_uses().await.unwrap();
        written.push(world.used_at(&client).await.unwrap().0 - NOW);
        world.clock.advance(200);
        world.poll().await;
    }
    assert_eq!(written, [0, 0, 0, 600, 600, 600, 1200]);
}

#[tokio::test]
async fn a_use_that_another_node_wrote_down_lately_is_not_written_again() {
    let world = World::new().await;
    let client = world.client(|_| ()).await;
    assert_eq!(world.ask(&Ask::of("standard", &client)).await.status, 200);
    world.directory().flush_uses().await.unwrap();
    let node = another_node(&world).await;
    for (seconds, expected) in [(599, 0), (600, 600)] {
        let known = node.client(&sandbox(), &client.client.id).await.unwrap().unwrap();
        node.note_use(&known, 0, (timestamp(seconds), HERE.parse().unwrap()));
        node.flush_uses().await.unwrap();
        assert_eq!(world.used_at(&client).await, Some(timestamp(expected)));
    }
}

#[tokio::test]
async fn the_newest_live_secrets_are_compared_whatever_piled_up() {
    let world = World::new().await;
    let client = world.client(|_| ()).await;
    for _ in 0..20 {
        world.clock.advance(1);
        let added = world.registry.add_secret(&sandbox(), &client.client.id, None).await.unwrap();
        world.registry.disable_secret(&sandbox(), &client.client.id, added.credential.id).await.unwrap();
    }
    world.poll().await;
    let known = world.known(&client.client.id).await.unwrap();
    assert_eq!(known.credentials().len(), MAX_COMPARED_SECRETS);
    assert_eq!(world.ask(&Ask::of("standard", &client)).await.status, 200, "the oldest one is the one in force");
}

#[test]
fn of_many_secrets_those_in_force_are_kept_first() {
    let credential = |number: i64, status, expires_at: Option<i64>| Credential {
        id: crate::model::CredentialId::none(),
        environment: sandbox(),
        client_id: "cli".parse().unwrap(),
        hint: number.to_string(),
        proof: Proof::Secret(crate::model::StoredSecret { scheme: 1, pepper_id: String::new(), mac: Vec::new() }),
        status,
        created_at: Timestamp(number),
        expires_at: expires_at.map(Timestamp),
        limits: CredentialLimits::default(),
        rotation: None,
        imported: None,
        quarantined_at: None,
        last_used_at: None,
        last_used_from: None,
        version: 1,
    };
    let mut all: Vec<Credential> = (0..10).map(|number| credential(number, Status::Disabled, None)).collect();
    all.push(credential(3, Status::Active, Some(100)));
    all.push(credential(2, Status::Active, Some(101)));
    all.push(credential(20, Status::Active, Some(99)));
    keep_comparable(&mut all, Timestamp(100));
    let hints: Vec<&str> = all.iter().map(|credential| credential.hint.as_str()).collect();
    assert_eq!(hints, ["2", "20", "9", "8", "7", "6"]);
}

#[tokio::test]
async fn a_business_made_after_it_was_asked_for_is_found() {
    let world = World::new().await;
    let id = BusinessId::generate(&crate::random::SeededRandom::new(77));
    assert!(world.known_business(id).await.is_none());
    let new = NewBusiness { environment: sandbox(), tenant_id: world.acme, name: "New".to_owned(), external_id: None };
    let made = world.registry.create_business(new).await.unwrap();
    world.poll().await;
    assert!(world.known_business(made.id).await.is_some());
}

#[tokio::test]
async fn a_flood_of_names_that_are_not_held_fails_at_once_and_leaves_those_that_are() {
    let world = World::new().await;
    let client = world.client(|_| ()).await;
    assert!(world.known(&client.client.id).await.is_some());
    let mut paused = world.store.pause_reads();
    let ask = |number: usize| {
        let directory = Arc::clone(&world.endpoint.directory);
        tokio::spawn(async move { directory.client(&sandbox(), &format!("nobody-{number}").parse().unwrap()).await })
    };
    let waiting: Vec<_> = (0..1024).map(ask).collect();
    paused.holding(64).await;
    assert!(matches!(ask(1024).await.unwrap(), Err(Denial::StoreUnavailable(_))), "one more than may wait");
    assert!(world.known(&client.client.id).await.is_some(), "what is held needs no read");
    paused.release();
    for asked in waiting {
        assert!(asked.await.unwrap().unwrap().is_none(), "those that waited are answered");
    }
}

/// A retired key is removed when no token of it can be valid, counted by the longest life that an environment can allow.
#[tokio::test]
async fn a_row_that_allows_longer_lives_than_can_be_set_gives_none() {
    let world = World::new().await;
    let environment = world.directory().view(&sandbox()).unwrap().environment.clone();
    let version = environment.version + 1;
    let planted = Environment { lifetime_max: 90_000_000, version, ..environment };
    world.plant(Write::UpdateEnvironment(planted), Subject::Environment { environment: sandbox() }).await;
    let view = world.directory().view(&sandbox()).unwrap();
    assert_eq!((view.environment.version, view.environment.lifetime_max), (version, Environment::LIFETIME_LIMIT));
}
