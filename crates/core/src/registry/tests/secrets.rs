use std::sync::atomic::{AtomicUsize, Ordering};

use super::super::*;
use super::{at_once, block_on};
use crate::fixture::{Ask, World, sandbox, timestamp};
use crate::model::{CredentialId, Status};
use crate::random::SeededRandom;

#[tokio::test]
async fn a_client_has_five_secrets_in_force_at_most() {
    let world = World::new().await;
    let client = world.client(|_| ()).await;
    let id = &client.client.id;
    for _ in 1..MAX_LIVE_SECRETS {
        world.registry.add_secret(&sandbox(), id, None).await.unwrap();
    }
    let sixth = world.registry.add_secret(&sandbox(), id, None).await;
    assert!(matches!(sixth, Err(RegistryError::NotAllowed(_))));
    world.registry.disable_secret(&sandbox(), id, client.credential.id).await.unwrap();
    let added = world.registry.add_secret(&sandbox(), id, Some(timestamp(10))).await.unwrap();
    assert!(matches!(world.registry.add_secret(&sandbox(), id, None).await, Err(RegistryError::NotAllowed(_))));
    world.clock.advance(10);
    assert!(added.credential.is_expired(world.clock.now()), "an expired one makes room");
    world.registry.add_secret(&sandbox(), id, None).await.unwrap();
}

#[tokio::test]
async fn a_client_has_a_thousand_credentials_in_all() {
    let world = World::new().await;
    let client = world.client(|_| ()).await;
    let mut record = world.stored(&client.client.id).await;
    let mut over = record.credentials[0].clone();
    over.status = Status::Disabled;
    record.credentials = vec![over.clone(); MAX_CREDENTIALS - 1];
    let now = world.clock.now();
    let room = |record: &crate::model::ClientRecord| {
        let secret = super::super::secret::check_room(record, MAX_LIVE_SECRETS, now);
        (secret, super::super::credential::check_credential_count(record))
    };
    assert!(matches!(room(&record), (Ok(()), Ok(()))));
    record.credentials.push(over);
    let (secret, other) = room(&record);
    for refused in [secret, other] {
        let Err(RegistryError::NotAllowed(why)) = refused else { panic!("{refused:?}") };
        assert!(why.contains("1000") && why.contains("make another client"), "{why}");
    }
}

#[tokio::test]
async fn an_expired_secret_does_not_come_back_beyond_the_five() {
    let world = World::new().await;
    let client = world.client(|_| ()).await;
    let id = &client.client.id;
    let first = world.registry.add_secret(&sandbox(), id, Some(timestamp(10))).await.unwrap();
    world.clock.advance(10);
    for _ in 1..MAX_LIVE_SECRETS {
        world.registry.add_secret(&sandbox(), id, None).await.unwrap();
    }
    let back = world.registry.expire_secret(&sandbox(), id, first.credential.id, timestamp(100)).await;
    assert!(matches!(back, Err(RegistryError::NotAllowed(_))), "{back:?}");
    let sooner = world.registry.expire_secret(&sandbox(), id, first.credential.id, timestamp(5)).await;
    assert!(sooner.is_ok());
}

#[test]
fn secrets_added_at_once_never_exceed_the_five() {
    let world = block_on(World::new());
    let client = block_on(world.client(|_| ()));
    let added = AtomicUsize::new(0);
    at_once(16, |_| {
        let one = block_on(world.registry.add_secret(&sandbox(), &client.client.id, None));
        added.fetch_add(usize::from(one.is_ok()), Ordering::Relaxed);
    });
    let live = block_on(world.stored(&client.client.id)).credentials;
    assert_eq!(live.len(), 1 + added.into_inner());
    assert!(live.len() <= MAX_LIVE_SECRETS, "{}", live.len());
}

#[tokio::test]
async fn a_secret_ends_when_it_is_disabled_or_expires() {
    let world = World::new().await;
    let client = world.client(|_| ()).await;
    let second = world.registry.add_secret(&sandbox(), &client.client.id, None).await.unwrap();
    let with_second = Ask::of("standard", &client).secret(second.secret.text().expose());
    world.registry.disable_secret(&sandbox(), &client.client.id, client.credential.id).await.unwrap();
    world.poll().await;
    assert_eq!(world.ask(&Ask::of("standard", &client)).await.status, 401);
    assert_eq!(world.ask(&with_second).await.status, 200, "its sibling lives");
    world.registry.expire_secret(&sandbox(), &client.client.id, second.credential.id, timestamp(60)).await.unwrap();
    world.poll().await;
    world.clock.advance(59);
    assert_eq!(world.ask(&with_second).await.status, 200);
    world.clock.advance(1);
    world.poll().await;
    assert_eq!(world.ask(&with_second).await.status, 401);
}

#[tokio::test]
async fn a_disabled_secret_stays_disabled() {
    let world = World::new().await;
    let client = world.client(|_| ()).await;
    world.registry.disable_secret(&sandbox(), &client.client.id, client.credential.id).await.unwrap();
    let expired = world.registry.expire_secret(&sandbox(), &client.client.id, client.credential.id, timestamp(60)).await;
    assert_eq!(expired.unwrap().status, Status::Disabled);
}

#[tokio::test]
async fn a_secret_expires_in_the_future() {
    let world = World::new().await;
    let client = world.client(|_| ()).await;
    for moment in [timestamp(0), timestamp(-1)] {
        let added = world.registry.add_secret(&sandbox(), &client.client.id, Some(moment)).await;
        assert!(matches!(added, Err(RegistryError::Invalid { field: "expires_at", .. })));
    }
}

#[tokio::test]
async fn secrets_are_found_with_their_own_client_alone() {
    let world = World::new().await;
    let (one, two) = (world.client(|_| ()).await, world.client(|_| ()).await);
    let crossed = world.registry.disable_secret(&sandbox(), &one.client.id, two.credential.id).await;
    assert!(matches!(crossed, Err(RegistryError::NotFound(_))));
    let unknown = CredentialId::generate(&SeededRandom::new(99));
    assert!(matches!(
        world.registry.disable_secret(&sandbox(), &one.client.id, unknown).await,
        Err(RegistryError::NotFound(_))
    ));
    let nobody = world.registry.add_secret(&sandbox(), &"cli_nobody".parse().unwrap(), None).await;
    assert!(matches!(nobody, Err(RegistryError::NotFound(_))));
}
