//! An issuer for tests: it has a key, makes tokens, and publishes what it revoked.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};

use aws_lc_rs::{
    digest::{SHA256, digest},
    signature::{Ed25519KeyPair, KeyPair},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use mintmark_verify::{
    Jwk,
    dpop::PROOF_TYPE,
    revocations::{FEED_TYPE, Kind, RevocationHash},
};
use serde_json::{Map, Value, json};
use tokio::sync::watch;

use super::server::{Reply, Request, Server};

pub(crate) const AUDIENCE: &str = "https://api.example";

/// The issuer. Its clones share what it published.
#[derive(Clone)]
pub(crate) struct Issuer {
    key: Arc<Ed25519KeyPair>,
    feed: Arc<watch::Sender<Feed>>,
    url: Arc<Mutex<String>>,
}

/// What is published of revocations.
#[derive(Clone)]
pub(crate) struct Feed {
    pub sequence: u64,
    pub marks: Map<String, Value>,
}

impl Issuer {
    /// An issuer that listens on a port of its own, and its server.
    pub(crate) async fn start() -> (Self, Server) {
        let feed = watch::Sender::new(Feed { sequence: 10, marks: Map::new() });
        let key = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
        let issuer = Self { key: Arc::new(key), feed: Arc::new(feed), url: Arc::default() };
        let responding = issuer.clone();
        let server = Server::start(move |request| responding.clone().respond(request)).await;
        *issuer.url.lock().unwrap() = server.url();
        (issuer, server)
    }

    pub(crate) fn url(&self) -> String {
        self.url.lock().unwrap().clone()
    }

    pub(crate) async fn respond(self, request: Request) -> Reply {
        match request.path.as_str() {
            "/.well-known/oauth-authorization-server" => Reply::ok(self.metadata().to_string()),
            "/jwks" => Reply::ok(json!({"keys": [self.jwk()]}).to_string()),
            "/revocations" => Reply::ok(self.revocations(&request).await),
            _ => Reply::Http(404, "", Vec::new()),
        }
    }

    pub(crate) fn metadata(&self) -> Value {
        let url = self.url();
        json!({
            "issuer": url, "jwks_uri": format!("{url}/jwks"), "mintmark_revocations_uri": format!("{url}/revocations"),
        })
    }

    /// The key that signs everything here, proofs of clients too.
    pub(crate) fn jwk(&self) -> Jwk {
        Jwk::ed25519(self.key.public_key().as_ref().try_into().unwrap()).with_kid("key-1")
    }

    /// Refuses the tokens of `client-1` up to position 10.
    pub(crate) fn revoke(&self) {
        self.feed.send_modify(|feed| {
            feed.sequence += 1;
            feed.marks.insert(RevocationHash::new(Kind::Client, "client-1").to_string(), json!([11, now() + 900]));
        });
    }

    /// Publishes a document of an older position, as if restored from a backup.
    pub(crate) fn go_back(&self) {
        self.feed.send_modify(|feed| feed.sequence -= 1);
    }

    /// Holds the request open as long as there is nothing new, as it is asked to.
    async fn revocations(&self, request: &Request) -> String {
        let mut changes = self.feed.subscribe();
        let held = |feed: &Feed| request.header("if-none-match") == Some(format!("\"store-1.{}\"", feed.sequence).as_str());
        if request.header("prefer") == Some("wait=25") {
            _ = tokio::time::timeout(Duration::from_secs(25), changes.wait_for(|feed| !held(feed))).await;
        }
        let Feed { sequence, marks } = self.feed.borrow().clone();
        let document = json!({
            "iss": self.url(), "inc": "store-1", "seq": sequence, "first": 0, "iat": now(), "exp": now() + 60,
            "marks": marks, "tokens": {}, "keys": [],
        });
        self.sign(&json!({"alg": "EdDSA", "typ": FEED_TYPE, "kid": "key-1"}), &document)
    }

    /// A token of `client-1` at position 10, but for the changes.
    pub(crate) fn token(&self, changes: &Value) -> String {
        let mut claims = json!({
            "iss": self.url(), "sub": "client-1", "aud": AUDIENCE, "exp": now() + 300, "iat": now(), "jti": "token-1",
            "client_id": "client-1", "scope": "business:read", "tenant_id": "tenant-1", "pos": 10,
        });
        for (name, value) in changes.as_object().unwrap() {
            claims[name] = value.clone();
        }
        self.sign(&json!({"alg": "EdDSA", "typ": "at+jwt", "kid": "key-1"}), &claims)
    }

    /// A proof for a GET of `uri` with this token.
    pub(crate) fn proof(&self, token: &str, uri: &str, jti: &str) -> String {
        let jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": URL_SAFE_NO_PAD.encode(self.key.public_key())});
        let ath = URL_SAFE_NO_PAD.encode(digest(&SHA256, token.as_bytes()));
        let claims = json!({"jti": jti, "htm": "GET", "htu": uri, "iat": now(), "ath": ath});
        self.sign(&json!({"typ": PROOF_TYPE, "alg": "EdDSA", "jwk": jwk}), &claims)
    }

    fn sign(&self, header: &Value, claims: &Value) -> String {
        let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", encode(header), encode(claims));
        let signature = URL_SAFE_NO_PAD.encode(self.key.sign(signed.as_bytes()));
        format!("{signed}.{signature}")
    }
}

/// The system's time: what is tested here goes by it.
#[expect(clippy::disallowed_methods, reason = "the program under test reads the system's clock too")]
pub(crate) fn now() -> i64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs().try_into().unwrap()
}
