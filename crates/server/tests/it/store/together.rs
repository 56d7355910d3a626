//! Many writers at once: no update is lost, positions have no gap, and their order is the order of commits.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use mintmark_core::model::{Position, Tenant, TenantId};
use mintmark_core::store::{CommitError, Store, Subject, Write};
use tokio::task::JoinSet;

use super::world::{World, change};

const WRITERS: u64 = 16;
const UPDATES: u64 = 5;

super::on_every_store! {
    no_update_is_lost,
    the_same_name_is_taken_by_one_of_many,
    readers_see_each_change_whole_and_in_order,
}

/// Reads, adds one, commits, again until it is committed. Gives the positions of its commits.
async fn increment<S: Store>(store: Arc<S>, id: TenantId) -> Vec<(Position, u64)> {
    let mut committed = Vec::new();
    while committed.len() < usize::try_from(UPDATES).unwrap() {
        let tenant = store.tenant(id).await.unwrap().unwrap();
        let version = tenant.version + 1;
        let updated = Tenant { name: format!("name {version}"), version, ..tenant };
        match store.commit(&change(Subject::Tenant { id }, vec![Write::UpdateTenant(updated)])).await {
            Ok(position) => committed.push((position, version)),
            Err(CommitError::Conflict) => {}
            Err(error) => panic!("{error}"),
        }
    }
    committed
}

async fn no_update_is_lost<S: Store>(world: World<S>) {
    let tenant = world.tenant("name 1").await;
    let mut writers = JoinSet::new();
    for _ in 0..WRITERS {
        writers.spawn(increment(Arc::clone(&world.store), tenant.id));
    }
    let mut committed: Vec<_> = writers.join_all().await.into_iter().flatten().collect();
    committed.sort_unstable();
    // The first position made the tenant; from there version and position rise together, so their orders are one.
    let expected: Vec<_> = (2..=1 + WRITERS * UPDATES).map(|number| (Position(number), number)).collect();
    assert_eq!(committed, expected);
    let last = world.store.tenant(tenant.id).await.unwrap().unwrap();
    assert_eq!((last.version, last.name), (1 + WRITERS * UPDATES, format!("name {}", 1 + WRITERS * UPDATES)));
    let feed = world.store.feed(Position(0), 1000).await.unwrap();
    let positions: Vec<_> = feed.entries.iter().map(|entry| entry.position.0).collect();
    assert_eq!(positions, (1..=1 + WRITERS * UPDATES).collect::<Vec<_>>());
}

async fn the_same_name_is_taken_by_one_of_many<S: Store>(world: World<S>) {
    let mut writers = JoinSet::new();
    for _ in 0..WRITERS {
        let (store, tenant) = (Arc::clone(&world.store), world.new_tenant("Acme"));
        let insert = change(Subject::Tenant { id: tenant.id }, vec![Write::InsertTenant(tenant)]);
        writers.spawn(async move { store.commit(&insert).await });
    }
    let results = writers.join_all().await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    assert!(results.iter().all(|result| matches!(result, Ok(Position(1)) | Err(CommitError::Exists))));
}

/// A client and its only credential are always updated together, and version 1 stands at a known position: a reader that sees
/// two versions, or a version at another's position, has read two states as one.
async fn readers_see_each_change_whole_and_in_order<S: Store>(world: World<S>) {
    let (sandbox, acme) = (world.environment("sandbox").await, world.tenant("Acme").await);
    let mut client = world.client(&sandbox, &acme).await;
    let mut credential = world.credential(&client).await;
    let is_done = Arc::new(AtomicBool::new(false));
    let mut readers = JoinSet::new();
    for _ in 0..3 {
        let (store, is_done, id) = (Arc::clone(&world.store), Arc::clone(&is_done), client.id.clone());
        let environment = sandbox.name.clone();
        readers.spawn(async move {
            while !is_done.load(Ordering::SeqCst) {
                let read = store.client_record(&environment, &id).await.unwrap();
                let record = read.value.unwrap();
                assert_eq!(record.client.version, record.credentials[0].version);
                assert_eq!(read.position, Position(3 + record.client.version));
                tokio::task::yield_now().await;
            }
        });
    }
    for version in 2..=60 {
        (client.version, credential.version) = (version, version);
        let writes = vec![Write::UpdateClient(client.clone()), Write::UpdateCredential(credential.clone())];
        world.try_write(writes).await.unwrap();
    }
    is_done.store(true, Ordering::SeqCst);
    readers.join_all().await;
}
