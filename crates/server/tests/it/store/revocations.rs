//! What ends tokens, as each store keeps it (rules S11 and S12).

use mintmark_core::clock::Timestamp;
use mintmark_core::model::{
    BusinessId, ClientId, CredentialId, EnvironmentName, Position, Revocation, RevocationKind, RevocationSubject, TenantId,
};
use mintmark_core::store::{Store, StoredRevocation, Write};

use super::world::{NOW, World};

super::on_every_store! {
    a_revocation_comes_back_with_the_position_of_its_change,
    revoking_again_raises_the_position_and_never_shortens,
    revocations_come_in_the_order_of_their_changes_and_no_change_is_cut_in_two,
    the_revoked_tokens_of_a_client_are_counted_while_they_last,
    revocations_that_are_over_are_forgotten_under_the_lease,
    a_change_that_fails_revokes_nothing,
}

fn sandbox() -> EnvironmentName {
    "sandbox".parse().unwrap()
}

fn token(id: &str, client: Option<&str>, expires_at: i64) -> Write {
    let client_id = client.map(|client| client.parse().unwrap());
    let subject = RevocationSubject::Token { environment: sandbox(), id: id.to_owned(), client_id };
    Write::Revoke(Revocation { subject, expires_at: Timestamp(expires_at) })
}

async fn all<S: Store>(world: &World<S>) -> Vec<StoredRevocation> {
    let page = world.store.revocations(Position(0), 1000).await.unwrap();
    assert_eq!(page.next, None);
    page.revocations
}

async fn a_revocation_comes_back_with_the_position_of_its_change<S: Store>(world: World<S>) {
    let (credential, business) = (CredentialId::generate(world.random()), BusinessId::generate(world.random()));
    let (tenant, client): (_, ClientId) = (TenantId::generate(world.random()), " odd id'".parse().unwrap());
    let subjects = [
        RevocationSubject::Credential { environment: sandbox(), id: credential },
        RevocationSubject::Client { environment: sandbox(), id: client.clone() },
        RevocationSubject::Business { environment: sandbox(), id: business },
        RevocationSubject::Tenant { id: tenant },
        RevocationSubject::Token { environment: sandbox(), id: "jti \"1\"".to_owned(), client_id: Some(client) },
    ];
    let mut expected = Vec::new();
    for (number, subject) in subjects.into_iter().enumerate() {
        let expires_at = NOW.plus(u32::try_from(number).unwrap());
        let (kind, environment, id) = (subject.kind(), subject.environment().cloned(), subject.id());
        let position = world.write(Write::Revoke(Revocation { subject, expires_at })).await;
        expected.push(StoredRevocation { kind, environment, id, position, expires_at });
    }
    assert_eq!(all(&world).await, expected);
    let page = world.store.revocations(Position(3), 1000).await.unwrap();
    let feed = world.store.feed(Position(0), 1).await.unwrap();
    assert_eq!((page.incarnation, page.head), (feed.incarnation, Position(5)));
    assert_eq!(page.revocations, expected[3..]);
}

async fn revoking_again_raises_the_position_and_never_shortens<S: Store>(world: World<S>) {
    let mark = |expires_at| {
        let subject = RevocationSubject::Client { environment: sandbox(), id: "client".parse().unwrap() };
        Write::Revoke(Revocation { subject, expires_at: Timestamp(expires_at) })
    };
    for (expires_at, position, until) in [(2000, 1, 2000), (3000, 2, 3000), (1000, 3, 3000)] {
        world.write(mark(expires_at)).await;
        let [only] = &all(&world).await[..] else { panic!("it is one") };
        assert_eq!((only.position, only.expires_at), (Position(position), Timestamp(until)));
    }
}

async fn revocations_come_in_the_order_of_their_changes_and_no_change_is_cut_in_two<S: Store>(world: World<S>) {
    world.write(token("z", None, 2000)).await;
    world.try_write(vec![token("c", None, 2000), token("a", None, 2000), token("b", None, 2000)]).await.unwrap();
    world.write(token("y", None, 2000)).await;
    let read = async |after, limit| {
        let page = world.store.revocations(Position(after), limit).await.unwrap();
        let mut ids: Vec<String> = page.revocations.into_iter().map(|stored| stored.id).collect();
        ids.sort();
        (ids.concat(), page.next.map(|next| next.0))
    };
    assert_eq!(read(0, 1).await, ("z".to_owned(), Some(1)));
    assert_eq!(read(0, 2).await, ("abcz".to_owned(), Some(2)));
    assert_eq!(read(1, 2).await, ("abc".to_owned(), Some(2)));
    assert_eq!(read(2, 2).await, ("y".to_owned(), None));
    assert_eq!(read(3, 2).await, (String::new(), None));
    // However small the pages: all of them, in the end.
    for limit in 1..8 {
        let (mut found, mut after) = (String::new(), Some(0));
        while let Some(from) = after {
            let (ids, next) = read(from, limit).await;
            found.push_str(&ids);
            after = next;
        }
        let mut found: Vec<char> = found.chars().collect();
        found.sort_unstable();
        assert_eq!(found, ['a', 'b', 'c', 'y', 'z'], "{limit}");
    }
}

async fn the_revoked_tokens_of_a_client_are_counted_while_they_last<S: Store>(world: World<S>) {
    for (id, client, expires_at) in [("1", "a", 10), ("2", "a", 20), ("3", "a", 30), ("4", "b", 30)] {
        world.write(token(id, Some(client), expires_at)).await;
    }
    world.write(token("5", None, 30)).await;
    let count = async |client: &str, now, limit| {
        world.store.revoked_tokens(&sandbox(), &client.parse().unwrap(), Timestamp(now), limit).await.unwrap()
    };
    assert_eq!((count("a", 9, 9).await, count("a", 10, 9).await, count("a", 9, 2).await), (3, 2, 2));
    assert_eq!((count("b", 9, 9).await, count("nobody", 9, 9).await), (1, 0));
    let elsewhere = "production".parse().unwrap();
    assert_eq!(world.store.revoked_tokens(&elsewhere, &"a".parse().unwrap(), Timestamp(9), 9).await.unwrap(), 0);
}

async fn revocations_that_are_over_are_forgotten_under_the_lease<S: Store>(world: World<S>) {
    for id in 0..6 {
        world.write(token(&id.to_string(), None, 10 + id)).await;
    }
    let old = world.store.take_lease("work", "one", Timestamp(0), Timestamp(1)).await.unwrap().unwrap();
    let lease = world.store.take_lease("work", "two", Timestamp(1), Timestamp(100)).await.unwrap().unwrap();
    assert_eq!(world.store.forget_revocations(&old, Timestamp(100), 9).await.unwrap(), None);
    let forget = async || world.store.forget_revocations(&lease, Timestamp(15), 3).await.unwrap();
    assert_eq!((forget().await, forget().await, forget().await), (Some(3), Some(2), Some(0)));
    let [last] = &all(&world).await[..] else { panic!("one is left") };
    assert_eq!((last.id.as_str(), last.kind), ("5", RevocationKind::Token));
}

async fn a_change_that_fails_revokes_nothing<S: Store>(world: World<S>) {
    let tenant = world.tenant("Acme").await;
    let failed = world.try_write(vec![token("1", None, 2000), Write::InsertTenant(tenant)]).await;
    assert!(failed.is_err());
    assert_eq!(all(&world).await, []);
}
