//! Positions and the change feed (rule S12).

use mintmark_core::model::{ClientId, EnvironmentName, Position, Revocation, RevocationSubject, TenantId};
use mintmark_core::store::{Store, Subject, Write};

use super::world::{NOW, World, change, environment};

super::on_every_store! {
    positions_rise_by_one_from_one,
    an_empty_feed_stands_at_zero,
    the_feed_names_every_kind_of_subject,
    the_feed_tells_of_a_revoked_token_as_news_of_its_client,
    the_feed_comes_in_pages,
    the_feed_beyond_its_head_is_empty,
    a_read_tells_the_position_it_was_made_at,
}

async fn positions_rise_by_one_from_one<S: Store>(world: World<S>) {
    for expected in 1..=5 {
        assert_eq!(world.try_write(Vec::new()).await.unwrap(), Position(expected));
    }
}

async fn an_empty_feed_stands_at_zero<S: Store>(world: World<S>) {
    let page = world.store.feed(Position(0), 10).await.unwrap();
    assert_eq!((page.head, page.entries.len()), (Position(0), 0));
    assert!(!page.incarnation.0.is_empty());
}

async fn the_feed_names_every_kind_of_subject<S: Store>(world: World<S>) {
    let (sandbox, tenant) = (environment("sandbox"), world.new_tenant("Acme"));
    let environment = sandbox.name.clone();
    let subjects = [
        Subject::Environment { environment: environment.clone() },
        Subject::Tenant { id: TenantId::generate(world.random()) },
        Subject::Business { environment: environment.clone(), id: world.new_business(&sandbox, &tenant).id },
        Subject::Client { environment: environment.clone(), id: " odd id'".parse().unwrap() },
        Subject::Resource { environment: environment.clone(), id: world.new_resource(&sandbox, "urn:example:1").id },
        Subject::SigningKey { environment: environment.clone(), kid: "kid".to_owned() },
        Subject::Token { environment, id: "jti 'x'".to_owned() },
    ];
    for subject in &subjects {
        world.store.commit(&change(subject.clone(), Vec::new())).await.unwrap();
    }
    let feed = world.store.feed(Position(0), 10).await.unwrap();
    assert_eq!(feed.entries.iter().map(|entry| &entry.subject).collect::<Vec<_>>(), subjects.iter().collect::<Vec<_>>());
    let audit = world.store.audit(&mintmark_core::store::AuditFilter::default(), None, 10).await.unwrap();
    assert_eq!(audit.iter().map(|row| &row.subject).collect::<Vec<_>>(), subjects.iter().rev().collect::<Vec<_>>());
}

/// Programs from before tokens could be revoked know the client, and would read everything anew for a subject that they do not know.
async fn the_feed_tells_of_a_revoked_token_as_news_of_its_client<S: Store>(world: World<S>) {
    let (environment, client): (EnvironmentName, ClientId) = ("sandbox".parse().unwrap(), "cli".parse().unwrap());
    let token = Subject::Token { environment: environment.clone(), id: "jti".to_owned() };
    for (number, client_id, expected) in [
        (1, Some(client.clone()), Subject::Client { environment: environment.clone(), id: client.clone() }),
        (2, None, token.clone()),
    ] {
        let subject = RevocationSubject::Token { environment: environment.clone(), id: "jti".to_owned(), client_id };
        let write = Write::Revoke(Revocation { subject, expires_at: NOW.plus(60) });
        world.store.commit(&change(token.clone(), vec![write])).await.unwrap();
        let feed = world.store.feed(Position(number - 1), 1).await.unwrap();
        assert_eq!(feed.entries[0].subject, expected);
        assert_eq!(world.store.audit(&mintmark_core::store::AuditFilter::default(), None, 1).await.unwrap()[0].subject, token);
    }
}

async fn the_feed_comes_in_pages<S: Store>(world: World<S>) {
    for _ in 0..5 {
        world.try_write(Vec::new()).await.unwrap();
    }
    for (after, expected) in [(0, vec![1, 2]), (2, vec![3, 4]), (4, vec![5]), (5, vec![])] {
        let page = world.store.feed(Position(after), 2).await.unwrap();
        assert_eq!(page.head, Position(5));
        assert_eq!(page.entries.iter().map(|entry| entry.position.0).collect::<Vec<_>>(), expected, "after {after}");
    }
}

async fn the_feed_beyond_its_head_is_empty<S: Store>(world: World<S>) {
    world.try_write(Vec::new()).await.unwrap();
    for after in [2, u64::MAX] {
        let page = world.store.feed(Position(after), 2).await.unwrap();
        assert_eq!((page.head, page.entries.len()), (Position(1), 0));
    }
}

async fn a_read_tells_the_position_it_was_made_at<S: Store>(world: World<S>) {
    let (sandbox, tenant) = (world.environment("sandbox").await, world.tenant("Acme").await);
    let client = world.client(&sandbox, &tenant).await;
    let read = world.store.client_record(&sandbox.name, &client.id).await.unwrap();
    assert_eq!((read.position, read.value.is_some()), (Position(3), true));
    let business = world.business(&sandbox, &tenant).await;
    let read = world.store.business_of(&sandbox.name, tenant.id, business.id).await.unwrap();
    assert_eq!((read.position, read.value.is_some()), (Position(4), true));
    assert_eq!(world.store.environments().await.unwrap().position, Position(4));
    let missing = world.store.client_record(&sandbox.name, &"unknown".parse().unwrap()).await.unwrap();
    assert_eq!((missing.position, missing.value.is_some()), (Position(4), false));
}
