use crate::fixture::{Ask, ISSUER, World};
use crate::model::{BusinessAccess, BusinessId};

#[tokio::test]
async fn a_token_is_scoped_to_the_business_that_was_named() {
    let world = World::new().await;
    let (all, both) = (
        world.client(|_| ()).await,
        world.client(|new| new.businesses = BusinessAccess::Only(vec![world.shop, world.depot])).await,
    );
    for client in [&all, &both] {
        for dialect in ["standard", "asset"] {
            let answer = world.ask(&Ask::of(dialect, client).business(&world.depot)).await;
            assert_eq!(world.verify(&answer, ISSUER).business_id, Some(world.depot.to_string()));
        }
    }
}

#[tokio::test]
async fn a_client_of_one_business_gets_tokens_for_it_without_naming_it() {
    let world = World::new().await;
    let one = world.client(|new| new.businesses = BusinessAccess::Only(vec![world.shop])).await;
    for dialect in ["standard", "asset", "standard-metrics", "firstvision"] {
        let answer = world.ask(&Ask::of(dialect, &one)).await;
        assert_eq!(world.verify(&answer, ISSUER).business_id, Some(world.shop.to_string()), "{dialect}");
    }
}

#[tokio::test]
async fn a_client_of_all_businesses_gets_tokens_for_none_in_particular() {
    let world = World::new().await;
    let all = world.client(|_| ()).await;
    assert_eq!(world.verify(&world.ask(&Ask::of("asset", &all)).await, ISSUER).business_id, None);
}

#[tokio::test]
async fn s4_another_tenants_business_and_none_at_all_look_alike() {
    for dialect in ["standard", "asset"] {
        for access in [BusinessAccess::All, BusinessAccess::Only(Vec::new())] {
            let mut answers = Vec::new();
            // A world each, so that rate limit headers count the same.
            for which in 0..3 {
                let world = World::new().await;
                let only = BusinessAccess::Only(vec![world.shop]);
                let access = if access == BusinessAccess::All { BusinessAccess::All } else { only };
                let client = world.client(|new| new.businesses = access).await;
                let unknown = BusinessId::generate(&crate::random::SeededRandom::new(99)).to_string();
                let asked = [world.foreign.to_string(), unknown, "biz_nonsense".to_owned()][which].clone();
                let answer = world.ask(&Ask::of(dialect, &client).business(&asked)).await;
                answers.push(answer);
            }
            assert!(answers[0].status == if dialect == "asset" { 404 } else { 400 }, "{:?}", answers[0]);
            assert_eq!(answers[0].wire(), answers[1].wire());
            assert_eq!(answers[0].wire(), answers[2].wire());
        }
    }
}

#[tokio::test]
async fn s4_a_planted_access_to_another_tenants_business_gives_nothing() {
    let world = World::new().await;
    let client = world.client(|_| ()).await;
    let foreign = world.foreign;
    world.plant_client(&client.client.id, |client| client.businesses = BusinessAccess::Only(vec![foreign])).await;
    assert_eq!(world.ask(&Ask::of("asset", &client)).await.status, 404);
    assert_eq!(world.ask(&Ask::of("asset", &client).business(&foreign)).await.status, 404);
}
