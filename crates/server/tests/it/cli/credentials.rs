use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use mintmark_core::crypto::{KeyMaterial, SigningKeyPair};
use mintmark_verify::Algorithm;
use serde_json::{Value, json};

use crate::fixture::{Dev, Finished, form, mintmark, send};

/// A client's key pair, with the file of its public half.
struct KeyHolder {
    pair: SigningKeyPair,
    public: Value,
}

impl KeyHolder {
    fn new() -> Self {
        let pair = SigningKeyPair::parse(Algorithm::Es256, &KeyMaterial::generate(Algorithm::Es256).unwrap()).unwrap();
        let public = serde_json::to_value(pair.public_jwk().unwrap()).unwrap();
        Self { pair, public }
    }

    fn sign(&self, claims: &Value) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(&json!({ "alg": "ES256", "kid": self.public["kid"] })), part(claims));
        let signature = URL_SAFE_NO_PAD.encode(self.pair.sign(signed.as_bytes()).unwrap().as_ref());
        format!("{signed}.{signature}")
    }
}

fn issuer_of(dev: &Dev) -> String {
    format!("http://{}", dev.address("sandbox"))
}

/// Seconds since 1970, as the program that runs beside this test counts them.
fn now() -> i64 {
    use mintmark_core::clock::Clock;
    mintmark::clock::SystemClock.now().0
}

#[tokio::test]
async fn a_client_with_a_key_is_made_used_and_ended_from_the_command_line() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let dev = Dev::start(&data).await;
    let data = data.to_str().unwrap();
    let holder = KeyHolder::new();
    let path = folder.path().join("key.json");
    std::fs::write(&path, json!({ "keys": [holder.public] }).to_string()).unwrap();
    let json_of = |words: &[&str]| Finished::good(&[words, &["--json", "--data-dir", data]].concat()).json();

    let created = json_of(&[
        "client",
        "create",
        "Signer",
        "--dialect",
        "standard",
        "--scope",
        "ledger:read",
        "--environment",
        "sandbox",
        "--jwk",
        path.to_str().unwrap(),
    ]);
    assert!(created.get("client_secret").is_none(), "{created}");
    assert_eq!(created["credential"]["proof"]["kind"], "public_key");
    let id = created["client"]["id"].as_str().unwrap();
    let issuer = issuer_of(&dev);
    let claims = json!({ "iss": id, "sub": id, "aud": issuer, "exp": now() + 60, "jti": "a" });
    let body = format!(
        "grant_type=client_credentials&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer\
         &client_assertion={}",
        holder.sign(&claims)
    );
    let address = dev.address("sandbox");
    let asked = || async { send(address, form("/oauth/token", &body).as_bytes()).await };
    let granted = asked().await;
    assert_eq!(granted.status, 200, "{granted:?}");
    assert_eq!(asked().await.status, 401, "once");

    let listed = json_of(&["credential", "list", id, "--environment", "sandbox"]);
    let credential = listed[0]["id"].as_str().unwrap();
    assert_eq!(listed[0]["hint"], holder.public["kid"]);
    let disabled = json_of(&["credential", "disable", id, "--environment", "sandbox", "--id", credential]);
    assert_eq!(disabled[0]["status"], "disabled");
    let shared = json_of(&["credential", "add-shared-key", id, "--environment", "sandbox", "--expires-in", "1h"]);
    assert!(shared["shared_key"].as_str().unwrap().starts_with("mms_sandbox_"));
}

#[tokio::test]
async fn a_private_key_is_not_taken() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let dev = Dev::start(&data).await;
    let data = data.to_str().unwrap();
    let id = dev.client("sandbox", "standard", "client_id");
    let refused = |file: &str, words: &[&str]| {
        let path = folder.path().join("file");
        std::fs::write(&path, file).unwrap();
        let line =
            [&["credential", "add", &id, "--environment", "sandbox", "--data-dir", data], words, &[path.to_str().unwrap()]];
        Finished::refused(&line.concat())
    };
    let private = json!({ "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "d": "secret" });
    let message = refused(&private.to_string(), &["--jwk"]);
    assert!(message.contains("this is a private key") && !message.contains("secret\""), "{message}");
    assert!(refused("not json", &["--jwk"]).contains("expected one public key as JSON"));
    assert!(refused("not pem", &["--certificate"]).contains("expected a certificate in PEM"));
    assert!(refused(&" ".repeat(70_000), &["--jwk"]).contains("larger than"));
}

#[tokio::test]
async fn an_assertion_is_tested_claim_by_claim() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let dev = Dev::start(&data).await;
    let data = data.to_str().unwrap();
    let id = dev.client("sandbox", "standard", "client_id");
    let here = ["--environment", "sandbox", "--data-dir", data, "--json"];
    let trust = [
        "credential",
        "add",
        &id,
        "--trust-issuer",
        "https://issuer.invalid",
        "--condition",
        "sub=repo:a",
        "--condition",
        "/job/id:=7",
    ];
    Finished::good(&[&trust[..], &here[..]].concat());
    let holder = KeyHolder::new();
    let claims = json!({
        "iss": "https://issuer.invalid", "sub": "repo:b", "aud": issuer_of(&dev), "exp": now() + 60, "job": { "id": 7 },
    });
    let path = folder.path().join("assertion");
    let test = |claims: &Value| {
        std::fs::write(&path, holder.sign(claims)).unwrap();
        Finished::of(&mut mintmark(
            &[&["credential", "test", &id, "--assertion", path.to_str().unwrap()][..], &here[..]].concat(),
        ))
    };
    let tested = test(&claims);
    let checks = tested.json();
    let of = |claim: &str| {
        let found = checks.as_array().unwrap().iter().find(|check| check["check"]["claim"] == claim);
        found.unwrap_or_else(|| panic!("{claim}: {checks}"))["check"].clone()
    };
    for passing in ["iss", "aud", "exp", "/job/id"] {
        assert_eq!(of(passing)["passes"], true, "{passing}");
    }
    assert_eq!((of("sub")["passes"].clone(), of("sub")["found"].clone()), (json!(false), json!("\"repo:b\"")));
    assert_eq!(of("(signature)")["passes"], false, "nobody is at issuer.invalid");
    let other = test(&json!({ "iss": "https://other.invalid" })).json();
    assert!(other["error"].as_str().unwrap().contains("the client trusts: https://issuer.invalid"), "{other}");
}

#[tokio::test]
async fn an_opaque_token_is_inspected_and_revoked_where_it_was_sealed() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let dev = Dev::start(&data).await;
    let data = data.to_str().unwrap();
    let on = |words: &[&str]| Finished::good(&[words, &["--data-dir", data, "--json"]].concat());
    let resource = issuer_of(&dev);
    on(&["resource", "update", &resource, "--environment", "sandbox", "--token-format", "opaque"]);
    let token = crate::fixture::eventually("an opaque token", async || {
        let fetched = on(&["token", "--dialect", "standard"]).json();
        fetched["body"]["access_token"].as_str().filter(|token| token.starts_with("mmt_")).map(str::to_owned)
    })
    .await;
    let inspected = on(&["inspect", &token]).json();
    assert_eq!((inspected["verified"].clone(), inspected["claims"]["iss"].clone()), (json!(true), json!(resource)));
    let revoked = on(&["revoke", "--token", &token]).json();
    assert_eq!(revoked["revoked"]["id"], inspected["claims"]["jti"]);
    let end = token.len() - 10;
    let changed = format!("{}{}", &token[..end], if token[end..].starts_with('A') { "BBBBBBBBBB" } else { "AAAAAAAAAA" });
    assert!(Finished::refused(&["inspect", &changed, "--data-dir", data]).contains("was changed"));
}
