//! `DPoP` at the token endpoint (RFC 9449 sections 4.3, 5 and 8, rule S16).

use mintmark_verify::Algorithm;
use mintmark_verify::dpop::ProofError;
use serde_json::json;

use super::super::{Denial, NonceKind, ProofRefusal, REFUSED_TRIES_PER_MINUTE};
use super::key_holder::{KeyHolder, prove, prove_at};
use crate::clock::Clock;
use crate::fixture::{Answer, Ask, ISSUER, NOW, World};
use crate::model::{Profile, TokenBinding};
use crate::registry::CreatedClient;

struct Prover {
    world: World,
    holder: KeyHolder,
    client: CreatedClient,
}

async fn prover() -> Prover {
    let world = World::new().await;
    let client = world.client(|_| ()).await;
    Prover { world, holder: KeyHolder::new(Algorithm::Es256), client }
}

impl Prover {
    fn fields(&self) -> [(&str, &str); 2] {
        [("client_id", self.client.client.id.as_str()), ("client_secret", self.client.secret.text().expose())]
    }

    async fn send(&self, proofs: &[&str]) -> Answer {
        prove(&self.world, &self.fields(), proofs).await
    }

    /// A nonce as the server gives it to whoever has none.
    async fn nonce(&self) -> String {
        let challenged = self.send(&[&self.holder.proof("challenge", None, |_| ())]).await;
        assert!(matches!(challenged.denial(), Denial::ProofNonceNeeded(_)), "{challenged:?}");
        assert_eq!((challenged.status, challenged.json()["error"].clone()), (400, json!("use_dpop_nonce")));
        challenged.header("dpop-nonce").unwrap().to_owned()
    }
}

#[tokio::test]
async fn a_token_is_bound_to_the_key_of_the_proof() {
    let prover = prover().await;
    let nonce = prover.nonce().await;
    let answer = prover.send(&[&prover.holder.proof("a", Some(&nonce), |_| ())]).await;
    assert_eq!(answer.json()["token_type"], "DPoP");
    let cnf = prover.world.verify_bound(&answer, ISSUER).cnf.unwrap();
    assert_eq!(cnf.jkt, Some(prover.holder.jwk.thumbprint()));
    assert!(answer.header("dpop-nonce").is_some(), "the next nonce comes along");
    let without = prover.send(&[]).await;
    assert_eq!((without.json()["token_type"].clone(), without.header("dpop-nonce")), (json!("Bearer"), None));
}

#[tokio::test]
async fn s16_a_proof_is_good_once() {
    let prover = prover().await;
    let nonce = prover.nonce().await;
    let proof = prover.holder.proof("a", Some(&nonce), |_| ());
    let proofs = [proof.as_str()];
    let answers = futures_util::future::join_all((0..50).map(|_| prover.send(&proofs))).await;
    let (good, bad): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 200);
    assert_eq!((good.len(), bad.len()), (1, 49));
    for refused in bad {
        assert_eq!(refused.denial(), &Denial::ProofRefused(ProofRefusal::Used));
        assert_eq!((refused.status, refused.json()["error"].clone()), (400, json!("invalid_dpop_proof")));
    }
}

#[tokio::test]
async fn a_proof_that_does_not_fit_the_request_is_refused() {
    let prover = prover().await;
    let nonce = prover.nonce().await;
    let proof = |change: fn(&mut serde_json::Value)| prover.holder.proof("a", Some(&nonce), change);
    for (proof, error) in [
        (proof(|claims| claims["htm"] = json!("GET")), ProofError::WrongMethod),
        (proof(|claims| claims["htu"] = json!("https://evil.example/oauth/token")), ProofError::WrongUri),
        (proof(|claims| claims["htu"] = json!(format!("{ISSUER}/v0/auth/token"))), ProofError::WrongUri),
    ] {
        assert_eq!(prover.send(&[&proof]).await.denial(), &Denial::ProofRefused(ProofRefusal::Wrong(error)));
    }
    for (made, error, seconds) in [(NOW - 61, ProofError::TooOld, 61), (NOW + 31, ProofError::IssuedInFuture, 31)] {
        let proof = prover.holder.proof("a", Some(&nonce), |claims| claims["iat"] = json!(made));
        let refused = ProofRefusal::Clock { error, seconds };
        assert_eq!(prover.send(&[&proof]).await.denial(), &Denial::ProofRefused(refused));
    }
    let good = proof(|_| ());
    assert_eq!(prover.send(&[&good, &good]).await.denial(), &Denial::ProofRefused(ProofRefusal::Header));
    assert_eq!(prover.send(&["garbage"]).await.status, 400);
    assert_eq!(prover.send(&[&good]).await.status, 200, "none of these spent it");
}

/// Hazard 34: what a request says of its host shapes nothing.
#[tokio::test]
async fn the_uri_of_a_proof_is_the_configured_one() {
    let prover = prover().await;
    let nonce = prover.nonce().await;
    let same = |htu: String| prover.holder.proof(&htu, Some(&nonce), |claims| claims["htu"] = json!(htu));
    for htu in [
        format!("{ISSUER}/oauth/token?x=1#y"),
        format!("{}/oauth/token", ISSUER.replace("https", "HTTPS")),
        format!("{ISSUER}:443/oauth/token"),
    ] {
        assert_eq!(prover.send(&[&same(htu.clone())]).await.status, 200, "{htu}");
    }
}

#[tokio::test]
async fn a_nonce_is_good_for_minutes_and_only_one_of_ours() {
    let prover = prover().await;
    let nonce = prover.nonce().await;
    let with_nonce = async |nonce: &str, jti: &str| {
        let iat = prover.world.clock.now().0;
        prover.send(&[&prover.holder.proof(jti, Some(nonce), |claims| claims["iat"] = json!(iat))]).await
    };
    for bad in ["made-up", "-", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"] {
        let refused = with_nonce(bad, bad).await;
        assert_eq!(refused.denial(), &Denial::ProofNonceNeeded(NonceKind::Shared), "{bad}");
        assert!(refused.header("dpop-nonce").is_some());
    }
    prover.world.clock.advance(300);
    prover.world.poll().await;
    assert_eq!(with_nonce(&nonce, "a").await.status, 200);
    prover.world.clock.advance(1);
    assert_eq!(with_nonce(&nonce, "b").await.denial(), &Denial::ProofNonceNeeded(NonceKind::Shared));
}

#[tokio::test]
async fn a_client_that_must_bind_its_tokens_gets_none_without_a_proof() {
    let prover = prover().await;
    for binding in [TokenBinding::Dpop, TokenBinding::Either] {
        let client = prover.world.client(|new| new.security.token_binding = binding).await;
        for dialect in ["standard", "standard-metrics", "asset", "firstvision"] {
            let refused = prover.world.ask(&Ask::of(dialect, &client)).await;
            let expected = match dialect {
                "standard" => Denial::ProofRefused(ProofRefusal::Missing),
                _ => Denial::BindingMissing(binding),
            };
            assert_eq!(refused.denial(), &expected, "{dialect}");
            assert!((400..500).contains(&refused.status), "{dialect}: {refused:?}");
        }
    }
}

/// Negative test 10: one proof at several nodes with the store away.
#[tokio::test]
async fn s16_without_the_store_a_proof_is_good_at_the_node_that_asked_for_it_and_once() {
    let prover = prover().await;
    let elsewhere = prover.world.another_node().await;
    let nonce = prover.nonce().await;
    assert_eq!(prover.send(&[&prover.holder.proof("warm", Some(&nonce), |_| ())]).await.status, 200);
    prover.world.store.fail(true);
    let challenged = prover.send(&[&prover.holder.proof("a", Some(&nonce), |_| ())]).await;
    assert_eq!(challenged.denial(), &Denial::ProofNonceNeeded(NonceKind::Node), "shared nonces will not do");
    let own = challenged.header("dpop-nonce").unwrap().to_owned();
    let proof = prover.holder.proof("b", Some(&own), |_| ());
    assert_eq!(prover.send(&[&proof]).await.status, 200);
    assert_eq!(prover.send(&[&proof]).await.denial(), &Denial::ProofRefused(ProofRefusal::Used));

    let refused = prove_at(&prover.world, &elsewhere, &prover.fields(), &[&proof]).await;
    assert!(matches!(refused.denial(), Denial::ProofNonceNeeded(_)), "{refused:?}");

    prover.world.store.fail(false);
    assert_eq!(prover.send(&[&proof]).await.denial(), &Denial::ProofRefused(ProofRefusal::Used), "also afterwards");
}

#[tokio::test]
async fn a_proof_is_looked_at_before_an_assertion_is_spent() {
    let world = World::new().await;
    let holder = KeyHolder::new(Algorithm::EdDsa);
    let (client, _) = holder.client(&world, |_| ()).await;
    let assertion = holder.assertion(&super::key_holder::claims(client.id.as_str(), "a"));
    let fields = [("client_assertion_type", super::key_holder::JWT_BEARER), ("client_assertion", &*assertion)];
    let challenged = prove(&world, &fields, &[&holder.proof("a", None, |_| ())]).await;
    let nonce = challenged.header("dpop-nonce").unwrap().to_owned();
    let answer = prove(&world, &fields, &[&holder.proof("b", Some(&nonce), |_| ())]).await;
    assert_eq!(answer.status, 200, "the same assertion with the nonce: {answer:?}");
}

#[tokio::test]
async fn the_profile_fapi2_takes_no_weak_keys() {
    let world = World::new().await;
    let holder = KeyHolder::new(Algorithm::Ps256);
    let (client, _) = holder.client(&world, |new| new.security.profile = Some(Profile::Fapi2)).await;
    let prove_with = async |jti: &str, key: &KeyHolder, more: &[(&str, &str)]| {
        let nonce = |answer: &Answer| answer.header("dpop-nonce").unwrap().to_owned();
        let assertion = holder.assertion(&super::key_holder::claims(client.id.as_str(), jti));
        let own = [("client_assertion_type", super::key_holder::JWT_BEARER), ("client_assertion", &*assertion)];
        let fields = [&own, more].concat();
        let challenged = prove(&world, &fields, &[&key.proof(jti, None, |_| ())]).await;
        prove(&world, &fields, &[&key.proof(jti, Some(&nonce(&challenged)), |_| ())]).await
    };
    assert_eq!(prove_with("a", &KeyHolder::new(Algorithm::Es256), &[]).await.status, 200);
    let weak = prove_with("b", &KeyHolder::new(Algorithm::Rs256), &[]).await;
    assert_eq!(weak.denial(), &Denial::ProofRefused(ProofRefusal::Wrong(ProofError::AlgorithmNotAllowed)));
    let missing = assert_eq_missing(&world, &holder, client.id.as_str()).await;
    assert!(missing.header("dpop-nonce").is_some(), "whoever lacks a proof is told what it needs");
}

async fn assert_eq_missing(world: &World, holder: &KeyHolder, id: &str) -> Answer {
    let answer = super::key_holder::assert_with(world, &holder.assertion(&super::key_holder::claims(id, "c"))).await;
    assert_eq!(answer.denial(), &Denial::ProofRefused(ProofRefusal::Missing));
    answer
}

/// Hazard 19: whoever makes the server work for nothing is told to stop.
#[tokio::test]
async fn refused_proofs_count_against_their_source() {
    let prover = prover().await;
    let garbage = prover.holder.proof("a", Some("made-up"), |_| ());
    let mut statuses = Vec::new();
    for _ in 0..=REFUSED_TRIES_PER_MINUTE.1 {
        statuses.push(prover.send(&[&garbage]).await.status);
    }
    assert_eq!((statuses[0], statuses.pop()), (400, Some(429)));
}

#[tokio::test]
async fn a_dialect_that_accepts_proofs_need_not_ask_for_nonces() {
    let lax = "format = 1\nname = \"lax\"\nextends = \"standard\"\nroute.path = \"/lax/token\"\nrequest.dpop = \"accept\"\n";
    let world = World::with_dialects(lax).await;
    let client = world.client(|_| ()).await;
    let holder = KeyHolder::new(Algorithm::EdDsa);
    let proof = holder.proof("a", None, |claims| claims["htu"] = json!(format!("{ISSUER}/lax/token")));
    let mut headers = http::HeaderMap::new();
    headers.insert(http::header::CONTENT_TYPE, "application/x-www-form-urlencoded".parse().unwrap());
    headers.insert("dpop", proof.parse().unwrap());
    let fields = [("client_id", client.client.id.as_str()), ("client_secret", client.secret.text().expose())];
    let body = super::key_holder::form(&fields);
    let answer = world.send("lax", crate::fixture::HERE, None, &headers, &body).await;
    assert_eq!((answer.status, answer.header("dpop-nonce")), (200, None), "{answer:?}");
    let again = world.send("lax", crate::fixture::HERE, None, &headers, &body).await;
    assert_eq!(again.denial(), &Denial::ProofRefused(ProofRefusal::Used));
}
