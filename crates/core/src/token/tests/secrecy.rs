//! What the answers to strangers tell: nothing.

use super::super::Denial;
use crate::fixture::{Answer, Ask, ELSEWHERE, HERE, World, sandbox};
use crate::model::{CredentialLimits, Status};
use crate::registry::{ClientEdit, CreatedClient};

const DIALECTS: [&str; 4] = ["standard", "asset", "standard-metrics", "firstvision"];

async fn disable_client(world: &World, client: &CreatedClient) {
    let off = ClientEdit { status: Some(Status::Disabled), ..ClientEdit::default() };
    world.registry.edit_client(&sandbox(), &client.client.id, &off).await.unwrap();
}

async fn limit(world: &World, client: &CreatedClient, limits: CredentialLimits) {
    world.registry.set_limits(&sandbox(), &client.client.id, client.credential.id, &limits).await.unwrap();
}

#[tokio::test]
async fn whatever_keeps_a_client_out_is_answered_with_the_same_bytes() {
    for dialect in DIALECTS {
        let mut answers: Vec<Answer> = Vec::new();
        for which in 0..10 {
            let world = World::new().await;
            let client = world.client(|_| ()).await;
            let mut ask = Ask::of(dialect, &client);
            let id = &client.client.id;
            match which {
                0 => ask.id = "cli_nobody".to_owned(),
                1 => ask = ask.secret("wrong"),
                2 => ask = ask.secret("mms_sandbox_mistyped"),
                3 => {
                    let soon = crate::fixture::timestamp(5);
                    world.registry.expire_secret(&sandbox(), id, client.credential.id, soon).await.unwrap();
                    world.clock.advance(5);
                }
                4 => {
                    world.registry.disable_secret(&sandbox(), id, client.credential.id).await.unwrap();
                }
                5 => disable_client(&world, &client).await,
                6 => {
                    world.registry.set_tenant_status(world.acme, Status::Disabled).await.unwrap();
                }
                7 => ask.id = "\u{e9} no id at all".to_owned(),
                8 => {
                    let networks = vec!["203.0.113.0/24".parse().unwrap()];
                    limit(&world, &client, CredentialLimits { networks, ..CredentialLimits::default() }).await;
                }
                _ => {
                    let not_before = Some(crate::fixture::timestamp(60));
                    limit(&world, &client, CredentialLimits { not_before, ..CredentialLimits::default() }).await;
                }
            }
            world.poll().await;
            answers.push(world.ask(&ask).await);
        }
        let reasons = [
            Denial::UnknownClient,
            Denial::WrongSecret,
            Denial::SecretMistyped,
            Denial::SecretExpired,
            Denial::SecretDisabled,
            Denial::ClientDisabled,
            Denial::TenantDisabled,
            Denial::UnknownClient,
            Denial::SourceNotAllowed(HERE.parse().unwrap()),
            Denial::SecretNotYetValid,
        ];
        for (answer, reason) in answers.iter().zip(&reasons) {
            assert_eq!(answer.denial(), reason, "{dialect}");
            assert_eq!(answer.wire(), answers[0].wire(), "{dialect} {reason}");
        }
        assert_eq!(answers[0].status, 401);
    }
}

#[tokio::test]
async fn s6_a_flood_that_knows_the_client_id_does_not_stop_its_holder() {
    for dialect in DIALECTS {
        for source in [HERE, ELSEWHERE] {
            let world = World::new().await;
            let client = world.client(|_| ()).await;
            let flood = Ask::of(dialect, &client).secret("guess").from(source);
            for _ in 0..1500 {
                assert!(matches!(world.ask(&flood).await.status, 401 | 429));
            }
            let holder = world.ask(&Ask::of(dialect, &client).from(HERE)).await;
            assert_eq!(holder.status, 200, "{dialect}, flooded from {source}");
            if dialect == "asset" {
                assert_eq!(holder.header("x-ratelimit-remaining"), Some("299"), "the flood counts for nobody");
            }
        }
    }
}

#[tokio::test]
async fn s6_a_flood_for_an_unknown_client_is_answered_like_one_for_a_known_one() {
    for dialect in DIALECTS {
        let world = World::new().await;
        let client = world.client(|_| ()).await;
        let known = Ask::of(dialect, &client).secret("guess").from("203.0.113.1");
        let unknown = Ask { id: "cli_nobody".to_owned(), ..known.clone() }.from("203.0.113.2");
        let mut limited = 0;
        for _ in 0..700 {
            let (known, unknown) = (world.ask(&known).await, world.ask(&unknown).await);
            assert_eq!(known.wire(), unknown.wire(), "{dialect}");
            assert!(known.header("x-ratelimit-limit").is_none(), "no header tells of the client's traffic");
            limited += u32::from(known.status == 429);
        }
        assert_eq!(limited, 640, "{dialect}: sixty tries a minute for one client");
    }
}

#[tokio::test]
async fn s6_one_address_has_so_many_refused_tries_in_all() {
    let world = World::new().await;
    for number in 0..650 {
        let answer = world.ask(&Ask::with("standard", &format!("cli_{number}"), "guess")).await;
        assert_eq!(answer.status, if number < 600 { 401 } else { 429 }, "{number}");
    }
    let elsewhere = world.ask(&Ask::with("standard", "cli_1", "guess").from(ELSEWHERE)).await;
    assert_eq!(elsewhere.status, 401);
    world.clock.advance(60);
    assert_eq!(world.ask(&Ask::with("standard", "cli_1", "guess")).await.status, 401, "a minute later");
}

#[tokio::test]
async fn the_private_reason_stays_behind_the_limit() {
    let world = World::new().await;
    let client = world.client(|_| ()).await;
    let wrong = Ask::of("standard", &client).secret("guess");
    let mut last = world.ask(&wrong).await;
    for _ in 0..60 {
        last = world.ask(&wrong).await;
    }
    assert_eq!(last.status, 429);
    assert!(last.header("retry-after").is_some());
    assert!(matches!(last.denial(), Denial::SourceLimited { refused_for, .. } if **refused_for == Denial::WrongSecret));
}

#[tokio::test]
async fn s7_a_stored_secret_that_was_copied_to_another_client_is_worthless() {
    let world = World::new().await;
    let (mine, theirs) = (world.client(|_| ()).await, world.client(|_| ()).await);
    world.plant_secret(&mine, &theirs).await;
    let as_them = Ask::of("standard", &theirs).secret(mine.secret.text().expose());
    assert_eq!(world.ask(&as_them).await.denial(), &Denial::WrongSecret);
    assert_eq!(world.ask(&Ask::of("standard", &mine)).await.status, 200, "the rest works");
}
