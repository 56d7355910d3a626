//! A request of the console: built as a client builds it, answered by the real endpoint, with all that a real request does. The token
//! is good, it is counted, and what may be used once is used.

use std::net::IpAddr;

use http::{HeaderName, HeaderValue};
use serde::Serialize;
use serde_json::Value;

use super::wire::Wire;
use super::{Explanation, TokenReport, Unaskable};
use crate::crypto::{OPAQUE_PREFIX, SecretText};
use crate::dialect::{Dialect, OutgoingProof, OutgoingRequest, TokenAsk};
use crate::management::Reach;
use crate::model::EnvironmentName;
use crate::store::Store;
use crate::token::{ClientCertificate, Exchange, HerdRules, Outcome, TokenEndpoint};

/// What stands in the text of a request where its secret was.
const HIDDEN: &str = "hidden";
/// The header of a `DPoP` proof.
const DPOP: HeaderName = HeaderName::from_static("dpop");

/// A request that somebody typed in.
#[derive(Clone, Debug)]
pub struct ConsoleRequest<'a> {
    /// The environment.
    pub environment: &'a EnvironmentName,
    /// The dialect to speak.
    pub dialect: &'a Dialect,
    /// What is asked for, with the client's name and its secret; an empty one where the proof is another.
    pub ask: TokenAsk<'a>,
    /// How the client proves itself.
    pub proof: OutgoingProof<'a>,
    /// A `DPoP` proof.
    pub dpop: Option<&'a SecretText>,
    /// The certificate that the console's own connection showed, where that shall prove the client.
    pub certificate: Option<&'a ClientCertificate>,
    /// The id that the server gave the request. Whoever calls this logs and counts the outcome under it, as one of the console.
    pub request_id: &'a str,
    /// Where the person is: limits of refused tries count for them as for everybody.
    pub source: IpAddr,
}

/// What was sent and what came back. It holds a token, and so does not print.
#[derive(Serialize)]
pub struct ConsoleExchange {
    /// The request as text, without its secret.
    pub request: String,
    /// The answer's status.
    pub status: u16,
    /// Its headers.
    pub headers: Vec<(String, String)>,
    /// Its body, with the token.
    pub body: String,
    /// The token, looked into.
    pub token: Option<TokenReport>,
    /// Why there is none, where it is the reader's to know (rule S5).
    pub explanation: Option<Explanation>,
    /// For the log and the counters of whoever called.
    #[serde(skip)]
    pub outcome: Outcome,
}

impl std::fmt::Debug for ConsoleExchange {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "ConsoleExchange({})", self.status)
    }
}

impl<S: Store> TokenEndpoint<S> {
    /// Sends a request of the console, for somebody of a reach.
    ///
    /// # Errors
    /// [`Unaskable`] if the dialect has no place for something that is asked. Then nothing was sent.
    pub async fn console_exchange(&self, asked: &ConsoleRequest<'_>, reach: Reach) -> Result<ConsoleExchange, Unaskable> {
        let (outgoing, left) = asked.dialect.outgoing_by(&asked.ask, asked.proof);
        if !left.is_empty() {
            return Err(Unaskable { left });
        }
        let mut wire = Wire::of(&outgoing);
        if let Some(value) = asked.dpop.and_then(|proof| HeaderValue::try_from(proof.expose()).ok()) {
            wire.headers.insert(DPOP, value);
        }
        let exchange = Exchange {
            environment: asked.environment,
            dialect: asked.dialect,
            raw: wire.raw(),
            path: &asked.dialect.route.path,
            request_id: asked.request_id,
            source: asked.source,
            certificate: asked.certificate,
            herd: HerdRules::default(),
            times: None,
        };
        let (encoded, outcome) = Box::pin(self.respond(&exchange)).await;
        let body = String::from_utf8_lossy(&encoded.body).into_owned();
        let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        Ok(ConsoleExchange {
            request: self.request_text(asked),
            status: encoded.status.as_u16(),
            headers: encoded.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect(),
            token: self.look_into(&body, &outcome, reach).await,
            explanation: self.reason_for(asked, &outcome, reach).await,
            body,
            outcome,
        })
    }

    async fn look_into(&self, body: &str, outcome: &Outcome, reach: Reach) -> Option<TokenReport> {
        outcome.result.as_ref().ok()?;
        let token = token_in(&serde_json::from_str(body).ok()?)?;
        // Just after it was made the store may be away; then there is a token and no report.
        self.debug_token(&token, reach).await.ok()
    }

    async fn reason_for(&self, asked: &ConsoleRequest<'_>, outcome: &Outcome, reach: Reach) -> Option<Explanation> {
        let denial = outcome.result.as_ref().err()?;
        self.explain_to(reach, asked.environment, outcome.client_id.as_ref(), denial).await.ok().flatten()
    }

    /// The request as text: made anew, with something else in the secret's place.
    fn request_text(&self, asked: &ConsoleRequest<'_>) -> String {
        let hidden = SecretText::new(HIDDEN.to_owned());
        let ask = TokenAsk { client_secret: &hidden, ..asked.ask.clone() };
        let proof = match asked.proof {
            OutgoingProof::Assertion(_) => OutgoingProof::Assertion(&hidden),
            other => other,
        };
        let (request, _) = asked.dialect.outgoing_by(&ask, proof);
        let view = self.directory.view(asked.environment);
        let issuer = view.as_ref().map_or("", |view| view.environment.issuer.as_str());
        write_request(&request, issuer, asked.dpop.is_some())
    }
}

fn write_request(request: &OutgoingRequest, issuer: &str, has_proof: bool) -> String {
    let host = issuer.split_once("://").map_or(issuer, |(_, rest)| rest).split('/').next().unwrap_or_default();
    let mut lines = vec![format!("{} {} HTTP/1.1", request.method, request.target), format!("Host: {host}")];
    if let Some((id, _)) = &request.basic {
        lines.push(format!("Authorization: Basic base64({id}:{HIDDEN})"));
    }
    lines.extend(request.headers.iter().map(|(name, value)| format!("{name}: {value}")));
    if has_proof {
        lines.push(format!("DPoP: {HIDDEN}"));
    }
    let body = request.body();
    lines.extend(body.iter().map(|(content_type, _)| format!("Content-Type: {content_type}")));
    lines.push(String::new());
    lines.extend(body.map(|(_, body)| body));
    lines.join("\n")
}

/// The token in an answer, wherever the dialect puts it.
fn token_in(body: &Value) -> Option<String> {
    match body {
        Value::String(text) if text.starts_with(OPAQUE_PREFIX) || text.split('.').count() == 3 && text.len() > 100 => {
            Some(text.clone())
        }
        Value::Array(items) => items.iter().find_map(token_in),
        Value::Object(members) => members.values().find_map(token_in),
        _ => None,
    }
}
