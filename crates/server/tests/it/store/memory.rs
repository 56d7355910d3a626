//! What the store in memory offers to tests besides.

use std::sync::Arc;

use mintmark_core::model::{Position, Status};
use mintmark_core::store::{CommitError, Store, StoreError, Write};

use super::world::World;

#[tokio::test]
async fn a_store_told_to_fail_fails_until_told_otherwise() {
    let world = World::in_memory();
    let tenant = world.tenant("Acme").await;
    world.store.fail(true);
    assert!(matches!(world.store.tenant(tenant.id).await, Err(StoreError::Unavailable(_))));
    assert!(matches!(world.store.feed(Position(0), 1).await, Err(StoreError::Unavailable(_))));
    let refused = world.try_write(vec![Write::InsertTenant(world.new_tenant("Other"))]).await;
    assert!(matches!(refused, Err(CommitError::Store(StoreError::Unavailable(_)))));
    world.store.fail(false);
    assert_eq!(world.store.feed(Position(0), 10).await.unwrap().head, Position(1));
}

#[tokio::test]
async fn a_held_read_returns_what_was_true_before_the_change() {
    let world = World::in_memory();
    let (sandbox, acme) = (world.environment("sandbox").await, world.tenant("Acme").await);
    let mut client = world.client(&sandbox, &acme).await;
    let mut pause = world.store.pause_reads();
    let (store, environment, id) = (Arc::clone(&world.store), sandbox.name.clone(), client.id.clone());
    let reading = tokio::spawn(async move { store.client_record(&environment, &id).await.unwrap() });
    pause.holding(1).await;
    (client.status, client.version) = (Status::Disabled, 2);
    world.write(Write::UpdateClient(client.clone())).await;
    assert!(!reading.is_finished());
    pause.release();
    let read = reading.await.unwrap();
    assert_eq!((read.position, read.value.unwrap().client.status), (Position(3), Status::Active));
    let later = world.store.client_record(&sandbox.name, &client.id).await.unwrap();
    assert_eq!((later.position, later.value.unwrap().client.status), (Position(4), Status::Disabled));
}

#[tokio::test]
async fn reads_are_counted() {
    let world = World::in_memory();
    let (sandbox, acme) = (world.environment("sandbox").await, world.tenant("Acme").await);
    let business = world.business(&sandbox, &acme).await;
    world.store.business_of(&sandbox.name, acme.id, business.id).await.unwrap();
    world.store.client_record(&sandbox.name, &"unknown".parse().unwrap()).await.unwrap();
    world.store.environments().await.unwrap();
    assert_eq!(world.store.reads(), 2);
}

#[tokio::test]
async fn a_rewound_store_counts_on_from_there() {
    let world = World::in_memory();
    for _ in 0..3 {
        world.try_write(Vec::new()).await.unwrap();
    }
    world.store.rewind(Position(1));
    let page = world.store.feed(Position(0), 10).await.unwrap();
    assert_eq!((page.head, page.entries.len()), (Position(1), 1));
    assert_eq!(world.try_write(Vec::new()).await.unwrap(), Position(2));
}

#[tokio::test]
async fn another_incarnation_has_another_name() {
    let world = World::in_memory();
    let before = world.store.feed(Position(0), 1).await.unwrap().incarnation;
    world.store.new_incarnation();
    assert_ne!(world.store.feed(Position(0), 1).await.unwrap().incarnation, before);
}
