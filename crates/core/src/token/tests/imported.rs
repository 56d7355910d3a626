use std::num::NonZeroU32;

use aws_lc_rs::pbkdf2::{PBKDF2_HMAC_SHA256, derive};

use crate::crypto::{HashScheme, ImportedHash};
use crate::fixture::{Ask, ELSEWHERE, World, sandbox};
use crate::model::{ClientId, Credential, Status};
use crate::registry::{ClientToImport, CredentialToImport, ImportPlace, ImportVerdict, ProofToImport};
use crate::store::Store;
use crate::token::{Denial, ImportedSecrets};

/// A hash that takes little time.
fn hash(secret: &str) -> ImportedHash {
    let mut key = [0; 32];
    derive(PBKDF2_HMAC_SHA256, NonZeroU32::MIN, b"salt", secret.as_bytes(), &mut key);
    ImportedHash::pbkdf2(HashScheme::Pbkdf2Sha256, 1, b"salt", &key).unwrap()
}

/// Imports a client with these hashes.
async fn import(world: &World, id: &str, secrets: &[&str]) -> ClientId {
    let dialects = world.registry.dialects.iter().map(|dialect| dialect.name.clone());
    let dialects = dialects.filter(|name| name.as_str() != "firstvision").collect();
    let place = ImportPlace { environment: sandbox(), tenant_id: world.acme, from: "hydra", resource: None, dialects };
    let credential = |secret: &&str| CredentialToImport { proof: ProofToImport::Hash(hash(secret)), expires_at: None };
    let client = ClientToImport {
        id: id.parse().unwrap(),
        name: None,
        status: Status::Active,
        scopes: vec!["read".parse().unwrap()],
        lifetime_max: None,
        credentials: secrets.iter().map(credential).collect(),
    };
    let done = world.registry.import(place).await.unwrap().run(vec![client], false).await.unwrap();
    assert_eq!(done[0].verdict, ImportVerdict::Made);
    world.poll().await;
    id.parse().unwrap()
}

async fn credential(world: &World, id: &ClientId) -> Credential {
    world.stored(id).await.credentials.remove(0)
}

#[tokio::test]
async fn s9_an_imported_hash_is_replaced_by_the_peppers_at_the_first_success() {
    let world = World::new().await;
    let id = import(&world, "old-client", &["old secret"]).await;
    let before = credential(&world, &id).await;
    assert!(HashScheme::of_number(before.proof.secret().unwrap().scheme).is_some());
    for dialect in ["standard", "standard-metrics"] {
        let wrong = world.ask(&Ask::with(dialect, id.as_str(), "other secret")).await;
        assert_eq!(wrong.denial(), &Denial::WrongSecret, "{dialect}");
    }
    world.directory().flush_uses().await.unwrap();
    assert_eq!(credential(&world, &id).await.proof, before.proof, "a wrong secret renews nothing");

    assert_eq!(world.ask(&Ask::with("standard", id.as_str(), "old secret")).await.status, 200);
    world.directory().flush_uses().await.unwrap();
    let after = credential(&world, &id).await;
    let stored = after.proof.secret().unwrap();
    assert_eq!((stored.pepper_id.as_str(), HashScheme::of_number(stored.scheme)), ("p1", None), "the hash is gone");
    assert_eq!((after.id, after.imported.as_ref()), (before.id, before.imported.as_ref()), "it is still to be rotated");
    let audit = world.registry.store.audit(&crate::store::AuditFilter::default(), None, 1).await.unwrap();
    assert_eq!(audit[0].action, "secret.renew");
    assert!(!serde_json::to_string(&audit[0]).unwrap().contains("pbkdf2-sha256$"), "no hash is in the audit");

    world.poll().await;
    let mut world = world;
    world.endpoint.imported = ImportedSecrets::stuck(0);
    assert_eq!(world.ask(&Ask::with("standard", id.as_str(), "old secret")).await.status, 200, "by the pepper alone");
}

#[tokio::test]
async fn a_right_secret_is_remembered_until_the_store_has_it() {
    let mut world = World::new().await;
    let id = import(&world, "old-client", &["old secret"]).await;
    let ask = Ask::with("standard", id.as_str(), "old secret");
    assert_eq!(world.ask(&ask).await.status, 200);
    // The store is away: nothing is written, and nothing is computed again.
    world.store.fail(true);
    assert!(world.directory().flush_uses().await.is_err());
    assert_eq!(world.ask(&ask).await.status, 200);
    world.store.fail(false);
    world.directory().flush_uses().await.unwrap();
    world.poll().await;
    world.endpoint.imported = ImportedSecrets::stuck(0);
    let refused = world.ask(&Ask::with("standard", id.as_str(), "wrong")).await;
    assert_eq!(refused.denial(), &Denial::WrongSecret, "there is no hash left to compute");
}

#[tokio::test]
async fn a_full_queue_is_the_dialects_503_for_imported_clients_alone() {
    let mut world = World::new().await;
    let id = import(&world, "old-client", &["old secret"]).await;
    let other = world.client(|_| ()).await;
    world.endpoint.imported = ImportedSecrets::stuck(0);
    let refused = world.ask(&Ask::with("standard", id.as_str(), "old secret")).await;
    assert_eq!((refused.denial(), refused.status, refused.header("retry-after")), (&Denial::HashesBusy, 503, Some("1")));
    assert_eq!(world.ask(&Ask::of("standard", &other)).await.status, 200);
    assert_eq!(world.ask(&Ask::of("standard", &other).secret("wrong")).await.denial(), &Denial::WrongSecret);
    assert_eq!(world.ask(&Ask::with("standard", "nobody", "secret").from(ELSEWHERE)).await.denial(), &Denial::UnknownClient);
}

#[tokio::test]
async fn each_of_several_imported_secrets_proves_its_client() {
    let world = World::new().await;
    let id = import(&world, "old-client", &["first", "second"]).await;
    for secret in ["second", "first"] {
        assert_eq!(world.ask(&Ask::with("standard", id.as_str(), secret)).await.status, 200, "{secret}");
    }
    world.directory().flush_uses().await.unwrap();
    for credential in world.stored(&id).await.credentials {
        assert_eq!(credential.proof.secret().unwrap().pepper_id, "p1");
    }
}

#[tokio::test]
async fn a_disabled_hash_proves_nothing_and_a_disabled_client_gets_nothing() {
    let world = World::new().await;
    let id = import(&world, "old-client", &["old secret"]).await;
    let ask = Ask::with("standard", id.as_str(), "old secret");
    let secret = credential(&world, &id).await.id;
    world.registry.disable_secret(&sandbox(), &id, secret).await.unwrap();
    world.poll().await;
    let answer = world.ask(&ask).await;
    assert_eq!(
        (answer.denial(), answer.rehearsed.clone()),
        (&Denial::WrongSecret, Some(Denial::SecretDisabled)),
        "a dry run says why"
    );

    let id = import(&world, "off", &["old secret"]).await;
    world.plant_client(&id, |client| client.status = Status::Disabled).await;
    world.poll().await;
    let answer = world.ask(&Ask::with("standard", id.as_str(), "old secret")).await;
    assert_eq!((answer.denial(), answer.rehearsed.clone()), (&Denial::WrongSecret, Some(Denial::ClientDisabled)));
    let wrong = world.ask(&Ask::with("standard", id.as_str(), "another secret")).await;
    assert_eq!(wrong.rehearsed, Some(Denial::WrongSecret), "a secret that is none of the client's stays that");
}

#[tokio::test]
async fn of_a_secret_that_is_there_twice_the_one_in_force_counts_in_a_dry_run_too() {
    let world = World::new().await;
    let id = import(&world, "old-client", &["same secret", "same secret"]).await;
    let first = credential(&world, &id).await.id;
    world.registry.disable_secret(&sandbox(), &id, first).await.unwrap();
    world.poll().await;
    let answer = world.ask(&Ask::with("standard", id.as_str(), "same secret")).await;
    assert_eq!((answer.status, answer.rehearsed), (200, None));
}
