use crate::clock::Clock;
use crate::fixture::{Ask, World, sandbox};
use crate::notice::Event;
use crate::store::{NoticeFilter, NoticeStore};
use crate::token::REFUSED_TRIES_PER_MINUTE;

async fn told(world: &World) -> Vec<Event> {
    let filter = NoticeFilter { environment: sandbox(), tenant: None };
    let all = world.store.notices(&filter, None, 20).await.unwrap();
    all.into_iter().map(|notice| notice.event).collect()
}

async fn flush(world: &World) -> u64 {
    world.endpoint.tell_of_lock_outs(world.clock.now()).await.unwrap()
}

#[tokio::test]
async fn the_owner_is_told_once_an_hour_that_an_address_tries_a_client_too_often() {
    let world = World::new().await;
    let client = world.client(|_| {}).await;
    let wrong = Ask::of("standard", &client).secret("wrong");
    for _ in 0..REFUSED_TRIES_PER_MINUTE.1 {
        assert_eq!(world.ask(&wrong).await.status, 401);
    }
    assert_eq!(flush(&world).await, 0);
    assert_eq!(world.ask(&wrong).await.status, 429);
    assert_eq!((flush(&world).await, flush(&world).await), (1, 0));
    assert_eq!(world.ask(&wrong).await.status, 429);
    assert_eq!(flush(&world).await, 0, "one an hour");
    let all = told(&world).await;
    assert!(
        matches!(&all[..], [Event::ClientLockedOut { client_id, retry_after, .. }] if *client_id == client.client.id && *retry_after <= 60),
        "{all:?}"
    );
}

#[tokio::test]
async fn a_name_that_is_nobodys_concerns_nobody() {
    let world = World::new().await;
    let mut ask = Ask::of("standard", &world.client(|_| {}).await).secret("wrong");
    ask.id = "nobody".to_owned();
    for _ in 0..=REFUSED_TRIES_PER_MINUTE.1 {
        world.ask(&ask).await;
    }
    assert_eq!((flush(&world).await, told(&world).await), (0, vec![]));
}
