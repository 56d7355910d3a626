use super::super::Denial;
use crate::fixture::{Ask, NOW, World};

#[tokio::test]
async fn asset_allows_a_tenant_300_requests_a_minute_and_tells_how_many_are_left() {
    let world = World::new().await;
    let (one, two) = (world.client(|_| ()).await, world.client(|_| ()).await);
    for left in (0..300).rev() {
        let answer = world.ask(&Ask::of("asset", if left % 2 == 0 { &one } else { &two })).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("x-ratelimit-limit"), Some("300"));
        assert_eq!(answer.header("x-ratelimit-remaining"), Some(left.to_string().as_str()));
        assert_eq!(answer.header("x-ratelimit-reset"), Some((NOW + 60).to_string().as_str()));
    }
    world.clock.advance(18);
    let refused = world.ask(&Ask::of("asset", &one)).await;
    assert_eq!((refused.denial(), refused.status), (&Denial::TenantLimited(42), 429));
    assert_eq!((refused.header("retry-after"), refused.header("x-ratelimit-remaining")), (Some("42"), Some("0")));
    let stranger = world.client(|new| new.tenant_id = world.globex).await;
    assert_eq!(world.ask(&Ask::of("asset", &stranger)).await.status, 200, "another tenant is not affected");
    assert_eq!(world.ask(&Ask::of("standard", &one)).await.status, 200, "another dialect has no such limit");
    world.clock.advance(42);
    assert_eq!(world.ask(&Ask::of("asset", &one)).await.header("x-ratelimit-remaining"), Some("299"));
}

#[tokio::test]
async fn a_business_has_a_limit_of_its_own() {
    let text = "format = 1\nname = \"tight\"\nextends = \"asset\"\nroute.path = \"/tight\"\nlimits.business = 2";
    let world = World::with_dialects(text).await;
    let client = world.client(|_| ()).await;
    let ask = |business| Ask::of("tight", &client).business(&business);
    for left in ["1", "0"] {
        assert_eq!(world.ask(&ask(world.shop)).await.header("x-ratelimit-remaining"), Some(left), "the tighter of two");
    }
    let refused = world.ask(&ask(world.shop)).await;
    assert_eq!((refused.denial(), refused.status), (&Denial::BusinessLimited(60), 429));
    assert_eq!(refused.header("x-ratelimit-limit"), Some("2"));
    assert_eq!(world.ask(&ask(world.depot)).await.status, 200);
    assert_eq!(world.ask(&Ask::of("tight", &client)).await.status, 200, "a request for no business");
}

#[tokio::test]
async fn s6_a_request_that_is_not_authorized_counts_for_no_business() {
    let text = "format = 1\nname = \"tight\"\nextends = \"asset\"\nroute.path = \"/tight\"\nlimits.business = 1";
    let world = World::with_dialects(text).await;
    let client = world.client(|_| ()).await;
    let ask = Ask::of("tight", &client).business(&world.shop);
    for _ in 0..5 {
        assert_eq!(world.ask(&ask.clone().scope("unknown")).await.status, 403);
    }
    assert_eq!(world.ask(&ask).await.status, 200);
}

#[tokio::test]
async fn a_client_limit_counts_after_authentication_alone() {
    let text = "format = 1\nname = \"tight\"\nextends = \"standard\"\nroute.path = \"/tight\"\nlimits.client = 2";
    let world = World::with_dialects(text).await;
    let (one, two) = (world.client(|_| ()).await, world.client(|_| ()).await);
    for _ in 0..10 {
        assert_eq!(world.ask(&Ask::of("tight", &one).secret("wrong")).await.status, 401);
    }
    for status in [200, 200, 429] {
        assert_eq!(world.ask(&Ask::of("tight", &one)).await.status, status);
    }
    let refused = world.ask(&Ask::of("tight", &one)).await;
    assert_eq!(refused.denial(), &Denial::ClientLimited(60));
    assert_eq!(world.ask(&Ask::of("tight", &two)).await.status, 200);
}

#[tokio::test]
async fn rate_headers_are_on_denials_of_an_authenticated_client_too() {
    let world = World::new().await;
    let client = world.client(|_| ()).await;
    let refused = world.ask(&Ask::of("asset", &client).scope("unknown")).await;
    assert_eq!((refused.status, refused.header("x-ratelimit-remaining")), (403, Some("299")));
    let stranger = world.ask(&Ask::of("asset", &client).secret("wrong")).await;
    assert_eq!((stranger.status, stranger.header("x-ratelimit-remaining")), (401, None));
}
