//! When a credential was last used: noted beside changes, never backwards.

use mintmark_core::clock::Timestamp;
use mintmark_core::model::{Client, Credential, CredentialId, Position, Status};
use mintmark_core::store::{CredentialUse, Store, Write};

use super::world::World;

super::on_every_store! {
    uses_go_forward_only,
    the_uses_of_a_crowd_are_all_written,
    a_use_is_no_change,
    an_update_does_not_take_a_use_back,
    uses_of_what_does_not_exist_are_ignored,
    the_address_of_the_last_use_comes_with_it,
}

fn used(credential: &Credential, at: i64) -> CredentialUse {
    used_from(credential, at, "192.0.2.1")
}

fn used_from(credential: &Credential, at: i64, source: &str) -> CredentialUse {
    let (environment, credential_id) = (credential.environment.clone(), credential.id);
    CredentialUse { environment, credential_id, at: Timestamp(at), source: source.parse().unwrap() }
}

async fn client_with_credential<S: Store>(world: &World<S>) -> (Client, Credential) {
    let (sandbox, acme) = (world.environment("sandbox").await, world.tenant("Acme").await);
    let client = world.client(&sandbox, &acme).await;
    let credential = world.credential(&client).await;
    (client, credential)
}

async fn last_use<S: Store>(world: &World<S>, credential: &Credential) -> Option<i64> {
    let all = world.store.credentials(&credential.environment, &credential.client_id).await.unwrap();
    all.iter().find(|found| found.id == credential.id).unwrap().last_used_at.map(|at| at.0)
}

async fn uses_go_forward_only<S: Store>(world: World<S>) {
    let (client, one) = client_with_credential(&world).await;
    let two = world.credential(&client).await;
    assert_eq!(last_use(&world, &one).await, None);
    world.store.record_uses(&[used(&one, 20), used(&two, 5), used(&one, 10)]).await.unwrap();
    assert_eq!((last_use(&world, &one).await, last_use(&world, &two).await), (Some(20), Some(5)));
    world.store.record_uses(&[used(&one, 19), used(&two, 6)]).await.unwrap();
    assert_eq!((last_use(&world, &one).await, last_use(&world, &two).await), (Some(20), Some(6)));
}

async fn the_uses_of_a_crowd_are_all_written<S: Store>(world: World<S>) {
    let (client, first) = client_with_credential(&world).await;
    let mut uses = vec![used(&first, 0)];
    for number in 1..120 {
        // Two thirds of them in one second.
        uses.push(used(&world.credential(&client).await, number % 3 / 2));
    }
    world.store.record_uses(&uses).await.unwrap();
    let all = world.store.credentials(&client.environment, &client.id).await.unwrap();
    let written =
        |used: &CredentialUse| all.iter().any(|found| found.id == used.credential_id && found.last_used_at == Some(used.at));
    assert_eq!(uses.iter().filter(|used| written(used)).count(), 120);
}

async fn a_use_is_no_change<S: Store>(world: World<S>) {
    let (_, mut credential) = client_with_credential(&world).await;
    world.store.record_uses(&[used(&credential, 20)]).await.unwrap();
    assert_eq!(world.store.feed(Position(0), 10).await.unwrap().head, Position(4));
    assert_eq!(world.store.audit(&mintmark_core::store::AuditFilter::default(), None, 10).await.unwrap().len(), 4);
    (credential.status, credential.version) = (Status::Disabled, 2);
    world.write(Write::UpdateCredential(credential)).await;
}

async fn an_update_does_not_take_a_use_back<S: Store>(world: World<S>) {
    let (_, mut credential) = client_with_credential(&world).await;
    world.store.record_uses(&[used(&credential, 20)]).await.unwrap();
    (credential.status, credential.version) = (Status::Disabled, 2);
    world.write(Write::UpdateCredential(credential.clone())).await;
    assert_eq!(last_use(&world, &credential).await, Some(20));
}

async fn uses_of_what_does_not_exist_are_ignored<S: Store>(world: World<S>) {
    let (_, credential) = client_with_credential(&world).await;
    let unknown = CredentialUse { credential_id: CredentialId::none(), ..used(&credential, 20) };
    let other_environment = CredentialUse { environment: "other".parse().unwrap(), ..used(&credential, 20) };
    world.store.record_uses(&[unknown, other_environment]).await.unwrap();
    world.store.record_uses(&[]).await.unwrap();
    assert_eq!(last_use(&world, &credential).await, None);
}

async fn the_address_of_the_last_use_comes_with_it<S: Store>(world: World<S>) {
    let (client, one) = client_with_credential(&world).await;
    let two = world.credential(&client).await;
    let from = async |credential: &Credential| {
        let all = world.store.credentials(&credential.environment, &credential.client_id).await.unwrap();
        all.iter().find(|found| found.id == credential.id).unwrap().last_used_from.map(|address| address.to_string())
    };
    assert_eq!(from(&one).await, None);
    let uses = [used_from(&one, 10, "192.0.2.1"), used_from(&one, 20, "192.0.2.2"), used_from(&two, 5, "2001:db8::1")];
    world.store.record_uses(&uses).await.unwrap();
    assert_eq!((from(&one).await.as_deref(), from(&two).await.as_deref()), (Some("192.0.2.2"), Some("2001:db8::1")));
    world.store.record_uses(&[used_from(&one, 19, "192.0.2.3"), used_from(&two, 6, "192.0.2.4")]).await.unwrap();
    assert_eq!((from(&one).await.as_deref(), from(&two).await.as_deref()), (Some("192.0.2.2"), Some("192.0.2.4")));
}
