//! A Mintmark of this process at the machine's time, since the programs under test have no other, and the tokens to ask them with.

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use mintmark::clock::SystemClock;
use mintmark_core::clock::Clock;
use mintmark_core::crypto::{KeyMaterial, SigningKeyPair};
use mintmark_core::keys::new_signing_key;
use mintmark_core::model::KeyState;
use mintmark_core::random::SystemRandom;
use mintmark_core::registry::{Rotation, RotationRequest, Run};
use mintmark_verify::Algorithm;
use serde_json::{Map, Value, json};

use crate::fixture::{TestServer, issuer};

/// What the recipes protect.
pub(super) const AUDIENCE: &str = "https://ledger.mintmark.example";
/// What one must be allowed to do there.
pub(super) const SCOPE: &str = "ledger:read";
pub(super) const ENVIRONMENT: &str = "sandbox";
/// The default of `outage.max_staleness` is 240 seconds.
const LONGER_THAN_STALE: u32 = 241;
const TWO_HOURS: i64 = 7200;

pub(super) struct Issuer {
    pub(super) server: TestServer,
}

/// Whose signature a made token has.
enum Signer<'a> {
    Real(Algorithm),
    Other(&'a SigningKeyPair),
    /// HMAC with the public key as the secret.
    PublicKey,
    Nobody,
}

impl Issuer {
    /// With an active and a next key, as every environment has after its first rotation.
    pub(super) async fn start() -> Self {
        let server = TestServer::start().await;
        server.clock.step(SystemClock.now().0 - server.clock.now().0);
        let issuer = Self { server };
        assert!(matches!(issuer.ask_for_rotation(false).await, Rotation::Prepared { .. }));
        issuer
    }

    pub(super) fn name() -> String {
        issuer(ENVIRONMENT)
    }

    /// Where the server is really: its issuer has a name that only the tests know.
    pub(super) fn origin(&self) -> String {
        format!("http://{}", self.server.address(ENVIRONMENT))
    }

    pub(super) fn jwks_uri(&self) -> String {
        format!("{}/.well-known/jwks.json", self.origin())
    }

    /// From now on the server knows too little to decide, as one does that was cut off from its store.
    pub(super) fn cannot_decide(&self) {
        self.server.clock.advance(LONGER_THAN_STALE);
    }

    /// Nobody answers any more.
    pub(super) async fn stop(&mut self) {
        self.server.stop().await;
    }

    /// The next key takes the active one's place, and there is another next one.
    pub(super) async fn rotate(&self) {
        assert!(matches!(self.ask_for_rotation(true).await, Rotation::Rotated { .. }));
    }

    async fn ask_for_rotation(&self, at_once: bool) -> Rotation {
        let registry = &self.server.registry;
        let environment = ENVIRONMENT.parse().unwrap();
        let sealing = (&registry.root_keys.sealer, &SystemRandom as _);
        let new = new_signing_key(&environment, Algorithm::Es256, KeyState::Next, self.server.clock.now(), sealing).unwrap();
        let active_kid = self.kid(Algorithm::Es256);
        let request =
            RotationRequest { environment: &environment, algorithm: Algorithm::Es256, active_kid: &active_kid, at_once };
        let rotation = registry.rotate_signing_key(request, &[new], Run::Commit).await.unwrap();
        self.server.poll().await;
        rotation
    }

    /// A token that may do what the recipes ask for.
    pub(super) async fn good_token(&self) -> String {
        self.token(&format!("&resource={AUDIENCE}&scope={SCOPE}")).await
    }

    pub(super) async fn token_of_a_business(&self) -> (String, String) {
        let business = self.server.world.business(ENVIRONMENT, "bakery").to_string();
        (self.token(&format!("&resource={AUDIENCE}&business_id={business}")).await, business)
    }

    /// By the token endpoint, with more in the form.
    async fn token(&self, more: &str) -> String {
        self.server.asset_token(ENVIRONMENT, "asset", more).await
    }

    /// Good in all but one thing each, which must be enough. Those that lack nothing but a right have `insufficient_scope`.
    pub(super) async fn bad_tokens(&self) -> Vec<(&'static str, String)> {
        let good = self.good_token().await;
        let foreign = SigningKeyPair::parse(Algorithm::Es256, &KeyMaterial::generate(Algorithm::Es256).unwrap()).unwrap();
        let made = |header: Value, claims: Value, signer: &Signer<'_>| self.made(&good, header, claims, signer);
        let real = Signer::Real(Algorithm::Es256);
        let production = format!("&resource={AUDIENCE}&scope={SCOPE}");
        vec![
            ("insufficient_scope", self.token(&format!("&resource={AUDIENCE}&scope=ledger:create")).await),
            ("insufficient_scope", made(json!({}), json!({ "scope": "ledger:reads xledger:read" }), &real)),
            ("insufficient_scope", made(json!({}), json!({ "scope": null }), &real)),
            ("expired", self.expired_token().await),
            ("another audience", self.token(&format!("&resource=https://mcp.mintmark.example/mcp&scope={SCOPE}")).await),
            ("no audience", made(json!({}), json!({ "aud": null }), &real)),
            ("an audience that begins alike", made(json!({}), json!({ "aud": format!("{AUDIENCE}.other") }), &real)),
            ("another environment", self.server.asset_token("production", "asset", &production).await),
            ("another issuer", made(json!({}), json!({ "iss": "https://issuer.example" }), &real)),
            ("no expiry", made(json!({}), json!({ "exp": null }), &real)),
            ("not yet good", made(json!({}), json!({ "nbf": self.server.clock.now().0 + TWO_HOURS }), &real)),
            ("an ID token's type", made(json!({ "typ": "JWT" }), json!({}), &real)),
            ("no type", made(json!({ "typ": null }), json!({}), &real)),
            ("another algorithm", self.of_another_algorithm(&good)),
            ("alg none", made(json!({ "alg": "none" }), json!({}), &Signer::Nobody)),
            ("alg NoNe, without kid", made(json!({ "alg": "NoNe", "kid": null }), json!({}), &Signer::Nobody)),
            ("the public key as an HMAC secret", made(json!({ "alg": "HS256" }), json!({}), &Signer::PublicKey)),
            ("somebody else's key", made(json!({}), json!({}), &Signer::Other(&foreign))),
            ("an unknown key", made(json!({ "kid": "unknown" }), json!({}), &real)),
            ("a key's name that is a path", made(json!({ "kid": "../../../../dev/null" }), json!({}), &Signer::Nobody)),
            (
                "bound to a proof",
                made(json!({}), json!({ "cnf": { "jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I" } }), &real),
            ),
            ("a broken signature", broken(&good)),
            ("no signature", good[..=good.rfind('.').unwrap()].to_owned()),
            ("no token", "what.is.this".to_owned()),
        ]
    }

    /// Minted two hours ago, good for one.
    pub(super) async fn expired_token(&self) -> String {
        self.server.clock.step(-TWO_HOURS);
        let token = self.good_token().await;
        self.server.clock.step(TWO_HOURS);
        token
    }

    fn of_another_algorithm(&self, good: &str) -> String {
        let header = json!({ "alg": "RS256", "kid": self.kid(Algorithm::Rs256) });
        self.made(good, header, json!({}), &Signer::Real(Algorithm::Rs256))
    }

    /// A good token with members changed, or taken away by `null`, and signed anew.
    fn made(&self, good: &str, header: Value, claims: Value, signer: &Signer<'_>) -> String {
        let mut parts = good.split('.').zip([header, claims]).map(|(part, changes)| {
            let mut members: Map<String, Value> = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap();
            members.extend(changes.as_object().unwrap().clone());
            members.retain(|_, value| !value.is_null());
            URL_SAFE_NO_PAD.encode(serde_json::to_vec(&members).unwrap())
        });
        let input = format!("{}.{}", parts.next().unwrap(), parts.next().unwrap());
        let signature = self.signature(&input, signer);
        format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    fn signature(&self, input: &str, signer: &Signer<'_>) -> Vec<u8> {
        let view = self.server.node.endpoint.directory.view(&ENVIRONMENT.parse().unwrap()).unwrap();
        match signer {
            Signer::Real(algorithm) => {
                view.ring.active(*algorithm).unwrap().pair.sign(input.as_bytes()).unwrap().as_ref().to_vec()
            }
            Signer::Other(pair) => pair.sign(input.as_bytes()).unwrap().as_ref().to_vec(),
            Signer::PublicKey => {
                let jwk = view.ring.active(Algorithm::Es256).unwrap().pair.public_jwk().unwrap();
                let secret = pem(&serde_json::to_value(&jwk).unwrap());
                hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()), input.as_bytes()).as_ref().to_vec()
            }
            Signer::Nobody => Vec::new(),
        }
    }

    fn kid(&self, algorithm: Algorithm) -> String {
        let view = self.server.node.endpoint.directory.view(&ENVIRONMENT.parse().unwrap()).unwrap();
        view.ring.active(algorithm).unwrap().kid.clone()
    }
}

/// One bit of the signature's first byte is another.
fn broken(token: &str) -> String {
    let (input, signature) = token.rsplit_once('.').unwrap();
    let mut signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    signature[0] ^= 1;
    format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// The public key as a file that programs read (RFC 5480 section 2), for those that would take it for a secret.
fn pem(jwk: &Value) -> String {
    let coordinate = |name: &str| URL_SAFE_NO_PAD.decode(jwk[name].as_str().unwrap()).unwrap();
    let head = b"\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x42\x00\x04";
    let key = base64::engine::general_purpose::STANDARD.encode([&head[..], &coordinate("x"), &coordinate("y")].concat());
    let lines: Vec<&str> = key.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", lines.join("\n"))
}
