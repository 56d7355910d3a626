//! `private_key_jwt` and `client_secret_jwt`: assertions of the client itself.

use mintmark_verify::Algorithm;
use serde_json::{Value, json};

use super::super::{AssertionFault, Denial};
use super::key_holder::{JWT_BEARER, KeyHolder, assert_with, claims, mac, send, with};
use crate::clock::Clock;
use crate::fixture::{ISSUER, NOW, World, sandbox, timestamp};
use crate::model::{AssertionAudience, ClientId, KeySetLocation, Profile, Proof, Status};
use crate::registry::{ClientEdit, NewCredential};

fn fault(denial: &Denial) -> &AssertionFault {
    match denial {
        Denial::AssertionRefused(fault) => fault,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_client_proves_itself_with_a_key_of_any_algorithm() {
    let world = World::new().await;
    for algorithm in Algorithm::ALL {
        let holder = KeyHolder::new(algorithm);
        let (client, credential) = holder.client(&world, |_| ()).await;
        let answer = assert_with(&world, &holder.assertion(&claims(client.id.as_str(), "a"))).await;
        assert_eq!(answer.status, 200, "{algorithm}: {answer:?}");
        let token = world.verify(&answer, ISSUER);
        assert_eq!(token.credential_id.as_deref(), Some(&*credential.id.to_text()), "{algorithm}");
        assert_eq!(answer.outcome.client_id, Some(client.id), "an assertion names its client");
    }
}

#[tokio::test]
async fn a_client_may_be_named_beside_its_assertion_and_must_be_the_same() {
    let world = World::new().await;
    let holder = KeyHolder::new(Algorithm::EdDsa);
    let (client, _) = holder.client(&world, |_| ()).await;
    let other = world.client(|_| ()).await;
    let assertion = holder.assertion(&claims(client.id.as_str(), "a"));
    let named = |id: &str| {
        let (world, assertion, id) = (&world, assertion.clone(), id.to_owned());
        async move {
            send(world, &[("client_id", &id), ("client_assertion_type", JWT_BEARER), ("client_assertion", &assertion)]).await
        }
    };
    assert_eq!(fault(named(other.client.id.as_str()).await.denial()), &AssertionFault::IssuerUnknown);
    assert_eq!(named("not-there").await.denial(), &Denial::UnknownClient);
    assert_eq!(named("mms_looks_like_a_secret").await.denial(), &Denial::UnknownClient);
    assert_eq!(named(client.id.as_str()).await.status, 200);
}

/// CVE-2020-15222, CVE-2020-5300, CVE-2026-1035.
#[tokio::test]
async fn s16_an_assertion_is_good_once() {
    let world = World::new().await;
    let holder = KeyHolder::new(Algorithm::Es256);
    let (client, _) = holder.client(&world, |_| ()).await;
    let assertion = holder.assertion(&claims(client.id.as_str(), "once"));
    let answers = futures_util::future::join_all((0..50).map(|_| assert_with(&world, &assertion))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    for refused in answers.iter().filter(|answer| answer.status != 200) {
        assert_eq!((refused.status, fault(refused.denial())), (401, &AssertionFault::Used));
    }
    let again = holder.assertion(&with(claims(client.id.as_str(), "once"), "extra", json!(1)));
    assert_eq!(fault(assert_with(&world, &again).await.denial()), &AssertionFault::Used, "its id counts, not its text");
    assert_eq!(assert_with(&world, &holder.assertion(&claims(client.id.as_str(), "twice"))).await.status, 200);
}

#[tokio::test]
async fn two_clients_may_use_one_id() {
    let world = World::new().await;
    for _ in 0..2 {
        let holder = KeyHolder::new(Algorithm::EdDsa);
        let (client, _) = holder.client(&world, |_| ()).await;
        assert_eq!(assert_with(&world, &holder.assertion(&claims(client.id.as_str(), "shared"))).await.status, 200);
    }
}

#[tokio::test]
async fn s16_without_the_store_assertions_fail_closed() {
    let world = World::new().await;
    let holder = KeyHolder::new(Algorithm::EdDsa);
    let (client, _) = holder.client(&world, |_| ()).await;
    assert_eq!(assert_with(&world, &holder.assertion(&claims(client.id.as_str(), "a"))).await.status, 200);
    world.store.fail(true);
    let refused = assert_with(&world, &holder.assertion(&claims(client.id.as_str(), "b"))).await;
    assert_eq!((refused.status, refused.header("retry-after")), (503, Some("5")));
    world.store.fail(false);
    assert_eq!(assert_with(&world, &holder.assertion(&claims(client.id.as_str(), "b"))).await.status, 200, "it was not spent");
}

#[tokio::test]
async fn an_assertion_that_is_refused_for_another_reason_is_not_spent() {
    let world = World::new().await;
    let holder = KeyHolder::new(Algorithm::EdDsa);
    let (client, _) = holder.client(&world, |_| ()).await;
    let assertion = holder.assertion(&claims(client.id.as_str(), "a"));
    let edit = |status| ClientEdit { status: Some(status), ..ClientEdit::default() };
    world.registry.edit_client(&sandbox(), &client.id, &edit(Status::Disabled)).await.unwrap();
    world.poll().await;
    assert_eq!(assert_with(&world, &assertion).await.denial(), &Denial::ClientDisabled);
    world.registry.edit_client(&sandbox(), &client.id, &edit(Status::Active)).await.unwrap();
    world.poll().await;
    assert_eq!(assert_with(&world, &assertion).await.status, 200);
}

/// CVE-2025-27370 and CVE-2025-27371: an audience that another server could have asked for.
#[tokio::test]
async fn the_audience_is_the_issuer_alone_unless_a_client_cannot_be_changed_yet() {
    let endpoint = format!("{ISSUER}/oauth/token");
    let cases: [(&str, Value, bool, bool); 12] = [
        ("the issuer", json!(ISSUER), true, true),
        ("a list of the issuer", json!([ISSUER]), true, true),
        ("the token endpoint", json!(endpoint), false, true),
        ("a list of the token endpoint", json!([endpoint]), false, true),
        ("both", json!([ISSUER, endpoint]), false, true),
        ("the issuer and another server", json!([ISSUER, "https://evil.example"]), false, false),
        ("the issuer twice", json!([ISSUER, ISSUER]), false, true),
        ("another server", json!("https://evil.example"), false, false),
        ("with a slash at the end", json!(format!("{ISSUER}/")), false, false),
        ("in capitals", json!(ISSUER.to_uppercase()), false, false),
        ("nothing", Value::Null, false, false),
        ("an empty list", json!([]), false, false),
    ];
    let world = World::new().await;
    for legacy in [false, true] {
        let holder = KeyHolder::new(Algorithm::EdDsa);
        let audience = if legacy { AssertionAudience::Legacy } else { AssertionAudience::Issuer };
        let (client, _) = holder.client(&world, |new| new.security.assertion_audience = audience).await;
        for (number, (what, value, strict, lax)) in cases.iter().enumerate() {
            let assertion = holder.assertion(&with(claims(client.id.as_str(), &number.to_string()), "aud", value.clone()));
            let answer = assert_with(&world, &assertion).await;
            let is_good = if legacy { *lax } else { *strict };
            assert_eq!(answer.status == 200, is_good, "{what}, legacy {legacy}: {answer:?}");
            if !is_good {
                assert!(matches!(fault(answer.denial()), AssertionFault::Audience(_)), "{what}");
            }
        }
    }
}

/// Hazards 10, 12 and 13.
#[tokio::test]
async fn times_are_seconds_within_bounds() {
    let world = World::new().await;
    let holder = KeyHolder::new(Algorithm::EdDsa);
    let (client, _) = holder.client(&world, |_| ()).await;
    let good = [
        ("exp", json!(NOW - 29)),
        ("exp", json!(NOW + 86_400)),
        ("iat", json!(NOW + 30)),
        ("iat", json!(NOW - 300)),
        ("nbf", json!(NOW + 30)),
        ("iat", Value::Null),
        ("exp", json!(1_800_000_060.5)),
        ("iat", json!(1_799_999_999.9)),
    ];
    let bad = [
        ("exp", Value::Null),
        ("exp", json!(NOW - 30)),
        ("exp", json!(-1)),
        ("exp", json!("1800000060")),
        ("exp", json!(1e308)),
        ("exp", json!(u64::MAX)),
        ("exp", json!([NOW])),
        ("iat", json!(NOW + 31)),
        ("iat", json!(NOW - 331)),
        ("iat", json!(i64::MIN)),
        ("iat", json!("now")),
        ("nbf", json!(NOW + 31)),
        ("nbf", json!(i64::MAX)),
        ("nbf", json!(true)),
    ];
    let tries = good.iter().map(|case| (case, 200)).chain(bad.iter().map(|case| (case, 401)));
    for (number, ((name, value), status)) in tries.enumerate() {
        let assertion = with(claims(client.id.as_str(), &number.to_string()), name, value.clone());
        let answer = assert_with(&world, &holder.assertion(&assertion)).await;
        assert_eq!(answer.status, status, "{name} {value}: {answer:?}");
    }
    let endless = with(with(claims(client.id.as_str(), "endless"), "iat", Value::Null), "exp", json!(NOW + 331));
    assert_eq!(fault(assert_with(&world, &holder.assertion(&endless)).await.denial()), &AssertionFault::TooLong);
}

/// A used assertion is remembered for as long as it could be used.
#[tokio::test]
async fn an_assertion_that_expires_late_is_not_good_for_longer() {
    let world = World::new().await;
    let holder = KeyHolder::new(Algorithm::EdDsa);
    let (client, _) = holder.client(&world, |_| ()).await;
    let assertion = holder.assertion(&with(claims(client.id.as_str(), "a"), "exp", json!(NOW + 3600)));
    assert_eq!(assert_with(&world, &assertion).await.status, 200);
    for (seconds, expected) in [(329, AssertionFault::Used), (1, AssertionFault::Expired(30))] {
        world.clock.advance(seconds);
        world.poll().await;
        assert_eq!(fault(assert_with(&world, &assertion).await.denial()), &expected);
    }
}

#[tokio::test]
async fn an_assertion_needs_an_id() {
    let world = World::new().await;
    let holder = KeyHolder::new(Algorithm::EdDsa);
    let (client, _) = holder.client(&world, |_| ()).await;
    for jti in [Value::Null, json!(""), json!(1), json!("a".repeat(257))] {
        let assertion = holder.assertion(&with(claims(client.id.as_str(), "x"), "jti", jti.clone()));
        assert_eq!(fault(assert_with(&world, &assertion).await.denial()), &AssertionFault::JtiMissing, "{jti}");
    }
    let longest = holder.assertion(&claims(client.id.as_str(), &"a".repeat(256)));
    assert_eq!(assert_with(&world, &longest).await.status, 200);
}

/// Hazards 23, 25 and 32; CVE-2022-23539, CVE-2022-23540, CVE-2022-23541, CVE-2015-9235, CVE-2018-0114.
#[tokio::test]
async fn a_header_that_is_not_an_assertions_is_refused() {
    let world = World::new().await;
    let holder = KeyHolder::new(Algorithm::Es256);
    let stranger = KeyHolder::new(Algorithm::Es256);
    let (client, _) = holder.client(&world, |_| ()).await;
    let claims = claims(client.id.as_str(), "a");
    let try_header = async |signer: &KeyHolder, name: &str, value: Value| {
        assert_with(&world, &signer.sign(&with(holder.header(), name, value), &claims)).await
    };
    for typ in ["at+jwt", "dpop+jwt", "token-introspection+jwt", "mintmark-revocations+jwt", "x"] {
        assert_eq!(fault(try_header(&holder, "typ", json!(typ)).await.denial()), &AssertionFault::WrongType, "{typ}");
    }
    for (name, value) in [
        ("jwk", serde_json::to_value(&stranger.jwk).unwrap()),
        ("jku", json!("https://evil.example")),
        ("x5u", json!("https://evil.example")),
        ("x5c", json!([])),
        ("crit", json!(["b64"])),
        ("b64", json!(false)),
        ("zip", json!("DEF")),
    ] {
        let answer = try_header(&stranger, name, value).await;
        assert!(matches!(answer.denial(), Denial::AssertionRefused(AssertionFault::Malformed(_))), "{name}: {answer:?}");
    }
    for algorithm in ["none", "None", "HS384", "RS512", "es256", ""] {
        let answer = try_header(&holder, "alg", json!(algorithm)).await;
        assert_eq!(fault(answer.denial()), &AssertionFault::AlgorithmNotAllowed, "{algorithm}");
    }
    for algorithm in ["RS256", "EdDSA", "HS256"] {
        assert!(matches!(fault(try_header(&holder, "alg", json!(algorithm)).await.denial()), AssertionFault::KeyUnknown(_)));
    }
    assert!(matches!(fault(try_header(&holder, "kid", json!("' OR 1=1")).await.denial()), AssertionFault::KeyUnknown(_)));
    assert_eq!(fault(try_header(&stranger, "typ", Value::Null).await.denial()), &AssertionFault::Signature);
    for typ in [json!("JWT"), json!("client-authentication+jwt"), json!("application/jwt")] {
        let jti = typ.to_string();
        let header = with(holder.header(), "typ", typ);
        let answer = assert_with(&world, &holder.sign(&header, &super::key_holder::claims(client.id.as_str(), &jti))).await;
        assert_eq!(answer.status, 200, "{header}");
    }
}

/// CVE-2015-9235: the public key as the key of a MAC.
#[tokio::test]
async fn a_public_key_is_never_the_key_of_a_mac() {
    let world = World::new().await;
    let holder = KeyHolder::new(Algorithm::Rs256);
    let (client, _) = holder.client(&world, |_| ()).await;
    let public = serde_json::to_string(&holder.jwk).unwrap();
    for key in [public.as_str(), holder.jwk.kid().unwrap(), ""] {
        let answer = assert_with(&world, &mac(key, &claims(client.id.as_str(), "a"))).await;
        assert!(matches!(fault(answer.denial()), AssertionFault::KeyUnknown(_)));
    }
}

#[tokio::test]
async fn s7_a_shared_key_is_a_credential_of_its_own() {
    let world = World::new().await;
    let created = world.client(|_| ()).await;
    let id = created.client.id.as_str();
    let secret = created.secret.text().expose();
    let answer = assert_with(&world, &mac(secret, &claims(id, "a"))).await;
    assert!(matches!(fault(answer.denial()), AssertionFault::KeyUnknown(_)), "a secret is no key");

    let shared = world.registry.add_shared_key(&sandbox(), &created.client.id, None).await.unwrap();
    world.poll().await;
    let key = shared.key.text().expose();
    let answer = assert_with(&world, &mac(key, &claims(id, "b"))).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(world.verify(&answer, ISSUER).credential_id.as_deref(), Some(&*shared.credential.id.to_text()));
    let as_secret = send(&world, &[("client_id", id), ("client_secret", key)]).await;
    assert_eq!(as_secret.denial(), &Denial::WrongSecret, "a key is no secret");
    assert_eq!(fault(assert_with(&world, &mac("other", &claims(id, "c"))).await.denial()), &AssertionFault::Signature);
    let stored = world.stored(&created.client.id).await.credentials;
    let sealed = stored.iter().find_map(|one| match &one.proof {
        Proof::SharedKey(sealed) => Some(sealed.0.clone()),
        _ => None,
    });
    assert!(!sealed.unwrap().windows(key.len()).any(|bytes| bytes == key.as_bytes()));

    // A key that was moved to another client, in the database, does not open.
    let other = world.client(|_| ()).await;
    world.plant_proof(&shared.credential, &other).await;
    let moved = assert_with(&world, &mac(key, &claims(other.client.id.as_str(), "d"))).await;
    assert!(matches!(fault(moved.denial()), AssertionFault::KeyUnknown(_)));
}

#[tokio::test]
async fn keys_are_found_where_the_client_publishes_them() {
    let world = World::new().await;
    let (first, second) = (KeyHolder::new(Algorithm::Es256), KeyHolder::new(Algorithm::Es256));
    let uri = "https://client.example/jwks".to_owned();
    let proof = Proof::KeySet(KeySetLocation { uri: uri.clone() });
    let new = NewCredential { proof, expires_at: None };
    let (client, _) = world.registry.create_client_with(world.new_client(|_| ()), new).await.unwrap();
    world.poll().await;
    let try_with =
        async |holder: &KeyHolder, jti| assert_with(&world, &holder.assertion(&claims(client.id.as_str(), jti))).await;
    let away = try_with(&first, "a").await;
    assert!(matches!(away.denial(), Denial::KeysUnavailable(_)) && away.status == 503, "{away:?}");
    world.published.publish(&uri, vec![first.jwk.clone()]);
    assert_eq!(try_with(&first, "a").await.status, 200);
    assert!(matches!(fault(try_with(&second, "b").await.denial()), AssertionFault::KeyUnknown(_)));
    world.published.publish(&uri, vec![second.jwk.clone()]);
    assert_eq!(try_with(&second, "b").await.status, 200);
    assert!(matches!(fault(try_with(&first, "c").await.denial()), AssertionFault::KeyUnknown(_)));
}

#[tokio::test]
async fn of_several_keys_each_proves_the_client_until_it_is_disabled() {
    let world = World::new().await;
    let (first, second) = (KeyHolder::new(Algorithm::Es256), KeyHolder::new(Algorithm::EdDsa));
    let (client, credential) = first.client(&world, |_| ()).await;
    world.registry.add_credential(&sandbox(), &client.id, &second.public_key()).await.unwrap();
    world.poll().await;
    for (holder, jti) in [(&first, "a"), (&second, "b")] {
        assert_eq!(assert_with(&world, &holder.assertion(&claims(client.id.as_str(), jti))).await.status, 200);
    }
    world.registry.disable_secret(&sandbox(), &client.id, credential.id).await.unwrap();
    world.poll().await;
    let disabled = assert_with(&world, &first.assertion(&claims(client.id.as_str(), "c"))).await;
    assert_eq!((disabled.status, disabled.denial()), (401, &Denial::SecretDisabled));
    assert_eq!(assert_with(&world, &second.assertion(&claims(client.id.as_str(), "d"))).await.status, 200);
}

/// Whichever of the two comes first.
#[tokio::test]
async fn a_credential_that_is_over_hides_none_that_is_in_force() {
    let world = World::new().await;
    let holder = KeyHolder::new(Algorithm::EdDsa);
    let lasting = holder.public_key();
    let soon = NewCredential { expires_at: Some(timestamp(3600)), ..holder.public_key() };
    let mut clients = Vec::new();
    for (first, second) in [(&lasting, &soon), (&soon, &lasting)] {
        let (client, _) = world.registry.create_client_with(world.new_client(|_| ()), first.clone()).await.unwrap();
        world.registry.add_credential(&sandbox(), &client.id, second).await.unwrap();
        clients.push(client.id);
    }
    world.poll().await;
    let now = |client: &ClientId, jti: &str| {
        let now = world.clock.now().0;
        holder.assertion(&with(with(claims(client.as_str(), jti), "iat", json!(now)), "exp", json!(now + 60)))
    };
    for client in &clients {
        assert_eq!(assert_with(&world, &now(client, "a")).await.status, 200);
    }
    world.clock.advance(3600);
    world.poll().await;
    for client in &clients {
        assert_eq!(assert_with(&world, &now(client, "b")).await.status, 200);
    }
}

#[test]
fn a_fault_says_what_is_wrong() {
    for (fault, says) in [
        (AssertionFault::Expired(5), "expired"),
        (AssertionFault::Used, "used before"),
        (AssertionFault::TimeMalformed("exp"), "its exp "),
        (AssertionFault::Condition("sub".to_owned()), "its claim sub "),
    ] {
        assert!(fault.to_string().contains(says), "{fault}");
    }
}

/// Nobody is made to work, or asked for keys, for who has proved nothing.
#[tokio::test]
async fn a_stranger_is_not_worth_many_signatures() {
    let world = World::new().await;
    let holder = KeyHolder::new(Algorithm::EdDsa);
    let uri = "https://client.example/jwks".to_owned();
    let proof = Proof::KeySet(KeySetLocation { uri: uri.clone() });
    let new = NewCredential { proof, expires_at: None };
    let (client, credential) = world.registry.create_client_with(world.new_client(|_| ()), new).await.unwrap();
    world.poll().await;
    let mut keys: Vec<_> = (0..4).map(|_| KeyHolder::new(Algorithm::EdDsa).jwk).chain([holder.jwk.clone()]).collect();
    world.published.publish(&uri, keys.clone());
    let unnamed = holder.sign(&json!({ "alg": "EdDSA" }), &claims(client.id.as_str(), "a"));
    assert!(
        matches!(fault(assert_with(&world, &unnamed).await.denial()), AssertionFault::KeyUnknown(_)),
        "of five one must be named"
    );
    assert_eq!(assert_with(&world, &holder.assertion(&claims(client.id.as_str(), "b"))).await.status, 200);
    keys.remove(0);
    world.published.publish(&uri, keys);
    assert_eq!(assert_with(&world, &unnamed).await.status, 200, "of four none need be");

    world.registry.disable_secret(&sandbox(), &client.id, credential.id).await.unwrap();
    world.poll().await;
    world.published.at.lock().unwrap().clear();
    let answer = assert_with(&world, &holder.assertion(&claims(client.id.as_str(), "c"))).await;
    assert!(
        matches!(fault(answer.denial()), AssertionFault::KeyUnknown(_)),
        "the source of a disabled credential is left alone"
    );
}

#[tokio::test]
async fn s6_what_an_assertion_is_refused_for_is_told_to_nobody() {
    let world = World::new().await;
    let holder = KeyHolder::new(Algorithm::Es256);
    let stranger = KeyHolder::new(Algorithm::Es256);
    let (client, _) = holder.client(&world, |_| ()).await;
    let secret_alone = world.client(|_| ()).await;
    let id = client.id.as_str();
    let assertions = [
        holder.assertion(&claims("not-there", "a")),
        holder.assertion(&claims(secret_alone.client.id.as_str(), "a")),
        stranger.assertion(&claims(id, "a")),
        holder.assertion(&with(claims(id, "a"), "aud", json!("https://other.example"))),
        holder.assertion(&with(claims(id, "a"), "exp", json!(NOW - 3600))),
    ];
    let mut answers = Vec::new();
    for assertion in &assertions {
        answers.push(assert_with(&world, assertion).await);
    }
    assert!(answers.iter().all(|answer| answer.wire() == answers[0].wire()), "{answers:?}");
}

#[tokio::test]
async fn an_assertion_of_another_type_or_in_halves_cannot_be_read() {
    let world = World::new().await;
    let holder = KeyHolder::new(Algorithm::EdDsa);
    let (client, _) = holder.client(&world, |_| ()).await;
    let assertion = holder.assertion(&claims(client.id.as_str(), "a"));
    let saml = "urn:ietf:params:oauth:client-assertion-type:saml2-bearer";
    for fields in [
        vec![("client_assertion", &*assertion)],
        vec![("client_assertion_type", JWT_BEARER)],
        vec![("client_assertion_type", saml), ("client_assertion", &assertion)],
    ] {
        assert_eq!(send(&world, &fields).await.denial(), &Denial::CredentialsMalformed, "{fields:?}");
    }
    let both = [("client_assertion_type", JWT_BEARER), ("client_assertion", &*assertion), ("client_secret", "s")];
    assert_eq!(send(&world, &both).await.denial(), &Denial::CredentialsRepeated);
    for garbage in ["", "a.b.c", "not a jws", "e30.e30.AA"] {
        let answer = assert_with(&world, garbage).await;
        assert_eq!(answer.status, 401, "{garbage:?}: {answer:?}");
    }
}

#[tokio::test]
async fn s2_a_dialect_that_lists_no_assertions_reads_none() {
    let world = World::new().await;
    let holder = KeyHolder::new(Algorithm::EdDsa);
    let (client, _) = holder.client(&world, |_| ()).await;
    let assertion = holder.assertion(&claims(client.id.as_str(), "a"));
    let fields = [("client_assertion_type", JWT_BEARER), ("client_assertion", &*assertion)];
    let body = super::key_holder::form(&fields);
    let mut headers = http::HeaderMap::new();
    headers.insert(http::header::CONTENT_TYPE, "application/x-www-form-urlencoded".parse().unwrap());
    for dialect in ["standard-metrics", "asset", "firstvision"] {
        let answer = world.send(dialect, crate::fixture::HERE, None, &headers, &body).await;
        assert!(answer.outcome.result.is_err(), "{dialect}");
    }
}

#[tokio::test]
async fn the_profile_fapi2_takes_short_assertions_of_strong_keys_alone() {
    let world = World::new().await;
    let holder = KeyHolder::new(Algorithm::Ps256);
    let (client, _) = holder
        .client(&world, |new| {
            new.security.profile = Some(Profile::Fapi2);
            new.security.assertion_audience = AssertionAudience::Legacy;
        })
        .await;
    let id = client.id.as_str();
    let try_claims = async |claims: Value| assert_with(&world, &holder.assertion(&claims)).await;
    let unbound = try_claims(claims(id, "a")).await;
    assert!(matches!(unbound.denial(), Denial::ProofRefused(_)), "its tokens are bound: {unbound:?}");
    let long = with(claims(id, "b"), "iat", json!(NOW - 91));
    assert!(matches!(fault(try_claims(long).await.denial()), AssertionFault::Expired(_)));
    for audience in [json!(format!("{ISSUER}/oauth/token")), json!([ISSUER])] {
        let legacy = with(claims(id, "c"), "aud", audience);
        assert!(matches!(fault(try_claims(legacy).await.denial()), AssertionFault::Audience(_)));
    }
    assert!(world.registry.add_secret(&sandbox(), &client.id, None).await.is_err(), "no secrets later");

    let weak = KeyHolder::new(Algorithm::Rs256);
    assert!(world.registry.add_credential(&sandbox(), &client.id, &weak.public_key()).await.is_err());
    assert!(world.registry.add_shared_key(&sandbox(), &client.id, None).await.is_err());
    let secret = world.registry.create_client(world.new_client(|new| new.security.profile = Some(Profile::Fapi2))).await;
    assert!(secret.is_err(), "no secrets");

    // A secret from before the profile was set proves nothing any more.
    let before = world.client(|_| ()).await;
    let edit = ClientEdit { profile: Some(Some(Profile::Fapi2)), ..ClientEdit::default() };
    world.registry.edit_client(&sandbox(), &before.client.id, &edit).await.unwrap();
    world.poll().await;
    let answer = world.ask(&crate::fixture::Ask::of("standard", &before)).await;
    assert!(matches!(answer.denial(), Denial::MethodNotAllowed(_)) && answer.status == 401, "{answer:?}");
}
