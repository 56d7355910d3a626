use std::sync::Arc;

use crate::crypto::RootKeys;
use crate::fixture::{Ask, World};
use crate::random::SeededRandom;
use crate::store::Store;

/// The world's root keys with a new pepper before the old one, or instead of it.
fn with_new_pepper(keep_old: bool) -> Arc<RootKeys> {
    let text = RootKeys::generate(&SeededRandom::new(1));
    let (masters, old) = text.split_once("[[pepper]]").unwrap();
    let other = RootKeys::generate(&SeededRandom::new(7));
    let new = other.split_once("[[pepper]]").unwrap().1.replace("p1", "p2");
    let old = if keep_old { format!("[[pepper]]{old}") } else { String::new() };
    Arc::new(RootKeys::parse(&format!("{masters}[[pepper]]{new}{old}")).unwrap())
}

#[tokio::test]
async fn s7_a_secret_is_stored_under_the_new_pepper_after_its_next_success_and_needs_the_old_one_no_more() {
    let mut world = World::new().await;
    let client = world.client(|_| ()).await;
    let ask = Ask::of("standard", &client);
    world.endpoint.root_keys = with_new_pepper(true);

    let wrong = Ask::of("standard", &client).secret("mms_wrong");
    assert_eq!(world.ask(&wrong).await.status, 401);
    world.directory().flush_uses().await.unwrap();
    assert_eq!(
        world.stored(&client.client.id).await.credentials[0].proof.secret().unwrap().pepper_id,
        "p1",
        "a wrong secret renews nothing"
    );

    assert_eq!(world.ask(&ask).await.status, 200);
    world.directory().flush_uses().await.unwrap();
    let renewed = world.stored(&client.client.id).await.credentials.remove(0);
    assert_eq!((renewed.proof.secret().unwrap().pepper_id.as_str(), renewed.version), ("p2", client.credential.version + 1));
    assert_eq!(renewed.id, client.credential.id, "tokens that it obtained stay bound to it");
    assert_eq!(
        world.registry.store.audit(&crate::store::AuditFilter::default(), None, 1).await.unwrap()[0].action,
        "secret.renew"
    );

    world.poll().await;
    world.endpoint.root_keys = with_new_pepper(false);
    assert_eq!(world.ask(&ask).await.status, 200, "the old pepper is gone");
    world.directory().flush_uses().await.unwrap();
    assert_eq!(world.stored(&client.client.id).await.credentials[0].version, renewed.version, "once is enough");
}

#[tokio::test]
async fn a_secret_that_was_disabled_meanwhile_is_not_brought_back_by_its_renewal() {
    let mut world = World::new().await;
    let client = world.client(|_| ()).await;
    world.endpoint.root_keys = with_new_pepper(true);
    assert_eq!(world.ask(&Ask::of("standard", &client)).await.status, 200);
    let (environment, id) = (&client.client.environment, &client.client.id);
    let disabled = world.registry.disable_secret(environment, id, client.credential.id).await.unwrap();
    world.directory().flush_uses().await.unwrap();
    let stored = world.stored(id).await.credentials.remove(0);
    assert_eq!((stored.status, stored.version), (disabled.status, disabled.version));
}

#[tokio::test]
async fn a_secret_that_was_replaced_meanwhile_is_left_as_it_is() {
    let mut world = World::new().await;
    let (client, other) = (world.client(|_| ()).await, world.client(|_| ()).await);
    world.endpoint.root_keys = with_new_pepper(true);
    assert_eq!(world.ask(&Ask::of("standard", &client)).await.status, 200);
    world.plant_secret(&other, &client).await;
    world.directory().flush_uses().await.unwrap();
    let stored = world.stored(&client.client.id).await.credentials.remove(0);
    assert_eq!(stored.proof, other.credential.proof, "it is not the secret that proved the client");
}

#[tokio::test]
async fn of_two_nodes_that_renew_a_secret_one_does() {
    let mut world = World::new().await;
    let client = world.client(|_| ()).await;
    world.endpoint.root_keys = with_new_pepper(true);
    for _ in 0..2 {
        assert_eq!(world.ask(&Ask::of("standard", &client)).await.status, 200);
        world.directory().flush_uses().await.unwrap();
    }
    let stored = world.stored(&client.client.id).await.credentials.remove(0);
    assert_eq!(stored.version, client.credential.version + 1, "the second one knew the secret as it was before");
}
