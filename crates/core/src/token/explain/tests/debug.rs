//! The token debugger.

use mintmark_verify::Algorithm;

use crate::clock::Clock;
use crate::fixture::{Ask, LEDGER, World, sandbox, signing_keys, timestamp};
use crate::keys::new_signing_key;
use crate::management::Reach;
use crate::model::{KeyState, Status};
use crate::random::SeededRandom;
use crate::registry::{ClientEdit, CreatedClient, Run, TokenToRevoke};
use crate::token::{EndedBy, LineVerdict, TokenReport, TokenStanding};

const OPAQUE: &str =
    "format = 1\nname = \"sealed\"\nextends = \"standard\"\nroute.path = \"/sealed/token\"\ntoken.format = \"opaque\"\n";

async fn token(world: &World, ask: &Ask) -> String {
    world.ask(ask).await.json()["access_token"].as_str().unwrap().to_owned()
}

async fn debug(world: &World, text: &str, reach: Reach) -> TokenReport {
    world.endpoint.debug_token(text, reach).await.unwrap()
}

async fn standing(world: &World, text: &str) -> TokenStanding {
    world.poll().await;
    debug(world, text, Reach::Tenant(world.acme)).await.standing
}

fn verdict(report: &TokenReport, check: &str) -> LineVerdict {
    report.lines.iter().find(|line| line.check == check).unwrap_or_else(|| panic!("{check}: {report:?}")).verdict
}

async fn world_with_client() -> (World, CreatedClient) {
    let world = World::with_dialects(OPAQUE).await;
    let client = world.client(|_| ()).await;
    (world, client)
}

/// A token of each form, for a business.
async fn tokens(world: &World, client: &CreatedClient) -> [String; 2] {
    let ask = |dialect| Ask::of(dialect, client).business(&world.shop).expires_in(600);
    [token(world, &ask("standard")).await, token(world, &ask("sealed")).await]
}

#[tokio::test]
async fn a_good_token_is_live_until_it_expires() {
    let (world, client) = world_with_client().await;
    let tokens = tokens(&world, &client).await;
    for text in &tokens {
        let report = debug(&world, &format!(" {text}\n"), Reach::Tenant(world.acme)).await;
        assert_eq!(report.standing, TokenStanding::Live { seconds_left: 600 }, "{report:?}");
        assert_eq!(verdict(&report, "signature"), LineVerdict::Passed);
        assert_eq!(report.claims.unwrap()["client_id"], client.client.id.as_str());
        assert_eq!((report.environment, report.header.is_some()), (Some(sandbox()), text.contains('.')));
    }
    world.clock.advance(605);
    for text in &tokens {
        assert_eq!(standing(&world, text).await, TokenStanding::Expired { seconds_ago: 5 });
    }
}

#[tokio::test]
async fn what_ended_a_token_is_told_and_when() {
    for by in [EndedBy::Token, EndedBy::Credential, EndedBy::Client, EndedBy::Business, EndedBy::Tenant] {
        let (world, client) = world_with_client().await;
        let tokens = tokens(&world, &client).await;
        world.clock.advance(7);
        let (environment, id, registry) = (&sandbox(), &client.client.id, &world.registry);
        for text in &tokens {
            let claims = debug(&world, text, Reach::Operator).await.claims.unwrap();
            match by {
                EndedBy::Token => {
                    let jti = claims["jti"].as_str().unwrap();
                    let token = TokenToRevoke { environment, id: jti, client_id: Some(id), expires_at: None };
                    registry.revoke_token(token).await.map(|_| ())
                }
                EndedBy::Credential => registry.revoke_credential(environment, id, client.credential.id).await,
                EndedBy::Client => registry.revoke_client(environment, id).await,
                EndedBy::Business => registry.revoke_business(environment, world.acme, world.shop).await,
                _ => registry.revoke_tenant(world.acme).await,
            }
            .unwrap();
            let when = Some(timestamp(7));
            assert_eq!(standing(&world, text).await, TokenStanding::Revoked { by, when });
        }
    }
}

#[tokio::test]
async fn a_token_whose_client_is_turned_off_is_revoked() {
    let (world, client) = world_with_client().await;
    let [text, _] = tokens(&world, &client).await;
    let off = ClientEdit { status: Some(Status::Disabled), ..ClientEdit::default() };
    world.registry.edit_client(&sandbox(), &client.client.id, &off).await.unwrap();
    let ended = standing(&world, &text).await;
    assert!(matches!(ended, TokenStanding::Revoked { by: EndedBy::Client, .. }), "{ended:?}");
}

#[tokio::test]
async fn a_token_of_a_revoked_key_says_so() {
    let (world, client) = world_with_client().await;
    let [text, _] = tokens(&world, &client).await;
    let make = |seed| {
        let parts = (&world.registry.root_keys.sealer, &SeededRandom::new(seed) as &dyn crate::random::Random);
        new_signing_key(&sandbox(), Algorithm::Es256, KeyState::Next, world.clock.now(), parts).unwrap()
    };
    world.clock.advance(3);
    let kid = signing_keys()[0].kid.clone();
    world.registry.revoke_signing_key(&sandbox(), &kid, &[make(21), make(22)], Run::Commit).await.unwrap();
    let when = Some(world.clock.now());
    assert_eq!(standing(&world, &text).await, TokenStanding::Revoked { by: EndedBy::Key, when });
}

#[tokio::test]
async fn a_changed_token_is_invalid_and_nothing_is_looked_up_for_it() {
    let (world, client) = world_with_client().await;
    let [text, sealed] = tokens(&world, &client).await;
    let (rest, _) = text.rsplit_once('.').unwrap();
    let forged = format!("{rest}.{}", "A".repeat(86));
    let report = debug(&world, &forged, Reach::Tenant(world.acme)).await;
    assert_eq!(report.standing, TokenStanding::Invalid);
    assert_eq!(verdict(&report, "signature"), LineVerdict::Failed);
    assert_eq!(verdict(&report, "revocation"), LineVerdict::NotChecked);
    let changed = debug(&world, &sealed[..sealed.len() - 1], Reach::Operator).await;
    assert_eq!((changed.standing, changed.claims), (TokenStanding::Foreign, None));
}

#[tokio::test]
async fn what_is_no_token_is_malformed() {
    let world = World::new().await;
    for text in ["", "garbage", "a.b.c", &"a".repeat(9000)] {
        assert_eq!(debug(&world, text, Reach::Operator).await.standing, TokenStanding::Malformed, "{text}");
    }
}

#[tokio::test]
async fn s5_a_token_out_of_reach_shows_what_anybody_can_decode() {
    let (world, client) = world_with_client().await;
    let [text, sealed] = tokens(&world, &client).await;
    let globex = Reach::Tenant(world.globex);
    let before = debug(&world, &text, globex).await;
    assert_eq!((&before.standing, &before.environment), (&TokenStanding::Foreign, &None));
    assert!(before.claims.is_some() && before.lines.iter().all(|line| line.check == "format" || line.check == "issuer"));
    world.registry.revoke_client(&sandbox(), &client.client.id).await.unwrap();
    world.poll().await;
    assert_eq!(debug(&world, &text, globex).await, before, "what became of it changes nothing");
    let nobodys = debug(&world, "mmt_nobody", globex).await;
    assert_eq!(debug(&world, &sealed, globex).await, nobodys);
    assert_eq!((nobodys.standing, nobodys.claims), (TokenStanding::Foreign, None));
}

#[tokio::test]
async fn a_bound_token_and_its_audience_are_described() {
    let (world, client) = world_with_client().await;
    let text = token(&world, &Ask::of("standard", &client).resource(LEDGER)).await;
    let report = debug(&world, &text, Reach::Operator).await;
    let told = |check: &str| report.lines.iter().find(|line| line.check == check).unwrap().detail.clone();
    assert!(told("audience").contains(LEDGER), "{report:?}");
    assert!(told("binding").contains("nobody"));
    assert_eq!(verdict(&report, "binding"), LineVerdict::Note);
}
