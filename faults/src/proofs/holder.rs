//! Two clients with keys: one whose requests carry `DPoP` proofs, one that proves itself by assertions.

use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue};
use mintmark::store::SqlStore;
use mintmark_bench::clock;
use mintmark_bench::failure::{Done, Failure, fail};
use mintmark_core::crypto::{KeyMaterial, SigningKeyPair};
use mintmark_core::model::{Proof, PublicKey};
use mintmark_core::registry::{NewCredential, Registry};
use mintmark_verify::Algorithm;
use serde_json::{Value, json};

use super::Kind;
use super::crew::send;
use super::verdict::Outcome;
use crate::ask::{BODY, Origin, PATH, Server};
use crate::crowd::Caller;
use crate::place::environment;
use crate::seed::new_client;

const DPOP: HeaderName = HeaderName::from_static("dpop");
const NONCE: &str = "dpop-nonce";
const ASSERTION: &str =
    "client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion=";
/// A nonce is good for five minutes.
const NONCE_LIFE: Duration = Duration::from_mins(1);
/// How often a node is asked that may not be there.
const TRIES: usize = 40;
const EVERY: Duration = Duration::from_millis(250);

/// A request that can be sent as often as one likes.
#[derive(Clone)]
pub(super) struct Message {
    /// What is good once: its `jti`.
    pub(super) name: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

pub(super) struct Holder {
    issuer: String,
    pair: SigningKeyPair,
    /// Of requests with proofs.
    caller: Caller,
    /// The client of assertions.
    client_id: String,
    nonce: Option<(String, Instant)>,
    servers: Vec<Server>,
    /// Tells the names of one run from those of another.
    run: u64,
}

impl Holder {
    /// Makes both clients.
    pub(super) async fn make(registry: &Registry<SqlStore>, issuer: &str, nodes: &[Origin]) -> Done<Self> {
        let (environment, run) = (environment()?, clock::unix_milliseconds());
        let pair = SigningKeyPair::parse(Algorithm::Es256, &KeyMaterial::generate(Algorithm::Es256)?)?;
        let tenant = registry.create_tenant(&format!("Proofs {run}")).await?.id;
        let created = registry.create_client(new_client(&environment, tenant)?).await?;
        let caller = Caller::new(created.client.id.as_str(), created.secret.text().expose())?;
        let proof = Proof::PublicKey(PublicKey { jwk: pair.public_jwk()?.with_algorithm(Algorithm::Es256) });
        let credential = NewCredential { proof, expires_at: None };
        let (client, _) = registry.create_client_with(new_client(&environment, tenant)?, credential).await?;
        let servers = nodes.iter().map(|origin| Server::new(*origin)).collect::<Done<Vec<_>>>()?;
        let client_id = client.id.to_string();
        Ok(Self { issuer: issuer.to_owned(), pair, caller, client_id, nonce: None, servers, run })
    }

    /// A request with something that is good once.
    pub(super) fn message(&self, kind: Kind, number: u64, now: i64) -> Done<Message> {
        let name = format!("{}-{}-{number}", kind.as_str(), self.run);
        match kind {
            Kind::Proof => self.proof(name, now),
            Kind::Assertion => self.assertion(name, now),
        }
    }

    fn proof(&self, name: String, now: i64) -> Done<Message> {
        let mut claims = json!({ "jti": name, "htm": "POST", "htu": format!("{}{PATH}", self.issuer), "iat": now });
        if let (Some((nonce, _)), Some(members)) = (&self.nonce, claims.as_object_mut()) {
            members.insert("nonce".to_owned(), nonce.as_str().into());
        }
        let mut jwk = serde_json::to_value(self.pair.public_jwk()?)?;
        if let Some(members) = jwk.as_object_mut() {
            members.retain(|name, _| ["kty", "crv", "x", "y"].contains(&name.as_str()));
        }
        let proof = self.sign(&json!({ "typ": "dpop+jwt", "alg": "ES256", "jwk": jwk }), &claims)?;
        let authorization = self.caller.authorization.clone();
        let headers = HeaderMap::from_iter([(AUTHORIZATION, authorization), (DPOP, HeaderValue::try_from(proof)?)]);
        Ok(Message { name, headers, body: Bytes::from_static(BODY.as_bytes()) })
    }

    fn assertion(&self, name: String, now: i64) -> Done<Message> {
        let id = &self.client_id;
        let claims = json!({ "iss": id, "sub": id, "aud": self.issuer, "iat": now, "exp": now + 60, "jti": name });
        let assertion = self.sign(&json!({ "alg": "ES256" }), &claims)?;
        Ok(Message { name, headers: HeaderMap::new(), body: format!("{BODY}&{ASSERTION}{assertion}").into() })
    }

    fn sign(&self, header: &Value, claims: &Value) -> Done<String> {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let input = format!("{}.{}", part(header), part(claims));
        let signature = self.pair.sign(input.as_bytes())?;
        Ok(format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }

    /// Has whichever node is there give a nonce, which is good at all of them.
    pub(super) async fn keep_nonce_fresh(&mut self) -> Done<()> {
        if self.nonce.as_ref().is_some_and(|(_, since)| clock::now().duration_since(*since) < NONCE_LIFE) {
            return Ok(());
        }
        self.nonce = None;
        for turn in 0..TRIES {
            let probe = self.proof(format!("nonce-{}-{}", self.run, clock::unix_milliseconds()), clock::unix_seconds())?;
            let answer = self.server(turn)?.post(probe.headers, probe.body).await;
            let nonce = answer.ok().and_then(|answer| Some(answer.headers().get(NONCE)?.to_str().ok()?.to_owned()));
            if let Some(nonce) = nonce {
                self.nonce = Some((nonce, clock::now()));
                return Ok(());
            }
            tokio::time::sleep(EVERY).await;
        }
        fail!("no node gives a nonce")
    }

    /// Asks about a message until a node says yes or no.
    pub(super) async fn ask_again(&self, message: &Message) -> Done<Outcome> {
        let mut outcome = Outcome::Lost;
        for turn in 0..TRIES {
            outcome = send(self.server(turn)?, message.clone()).await;
            if matches!(outcome, Outcome::Accepted | Outcome::Refused) {
                break;
            }
            tokio::time::sleep(EVERY).await;
        }
        Ok(outcome)
    }

    fn server(&self, turn: usize) -> Done<&Server> {
        let at = turn.checked_rem(self.servers.len()).and_then(|at| self.servers.get(at));
        at.ok_or_else(|| Failure("no node is named".to_owned()))
    }
}
