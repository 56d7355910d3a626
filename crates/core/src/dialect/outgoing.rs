//! The other side of a dialect: the request that a client of it sends. For `mintmark token`, the curl lines that `mintmark dev`
//! prints, and the example of `mintmark dialect show`.

use std::fmt::Write as _;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::decode::JWT_BEARER;
use super::rules::{BasicDecoding, BodyType, Dialect, Origin, Parameter, Role};
use crate::crypto::SecretText;

/// Everything but RFC 3986's unreserved characters.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// What a client asks for.
#[derive(Clone, Debug)]
pub struct TokenAsk<'a> {
    /// Its identifier.
    pub client_id: &'a str,
    /// Its secret.
    pub client_secret: &'a SecretText,
    /// The scopes.
    pub scope: Option<&'a str>,
    /// The business.
    pub business_id: Option<&'a str>,
    /// The resources.
    pub resources: &'a [String],
    /// The lifetime, in seconds.
    pub expires_in: Option<u32>,
}

/// How a client proves itself in a request.
#[derive(Clone, Copy, Debug)]
pub enum OutgoingProof<'a> {
    /// With its secret: in the `Authorization` header where the dialect reads that, else among the parameters.
    Secret,
    /// With its secret, among the parameters.
    SecretPost,
    /// With a signed assertion (RFC 7523 section 2.2).
    Assertion(&'a SecretText),
    /// With the connection's certificate: the request only names it (RFC 8705 section 2).
    Certificate,
}

/// A request that a client sends. It holds the client's secret, and so does not print.
pub struct OutgoingRequest {
    /// The method.
    pub method: http::Method,
    /// Path and query.
    pub target: String,
    /// Headers, `Authorization` apart.
    pub headers: Vec<(String, String)>,
    /// The Basic pair, raw, before base64.
    pub basic: Option<(String, String)>,
    /// The body's fields, if there is a body.
    pub fields: Vec<(String, String)>,
    /// Whether the body is JSON.
    pub json: bool,
}

impl Dialect {
    /// Whether a request must name its scope.
    pub fn needs_scope(&self) -> bool {
        self.request.parameters.iter().any(|parameter| parameter.role == Role::Scope && parameter.required)
    }

    /// The request of a client that asks for a token. What the dialect has no place for comes back as the second value.
    pub fn outgoing(&self, ask: &TokenAsk<'_>) -> (OutgoingRequest, Vec<&'static str>) {
        self.outgoing_by(ask, OutgoingProof::Secret)
    }

    /// The same of a client that proves itself in another way.
    pub fn outgoing_by(&self, ask: &TokenAsk<'_>, proof: OutgoingProof<'_>) -> (OutgoingRequest, Vec<&'static str>) {
        let json = self.request.body.first() == Some(&BodyType::Json);
        let mut request = OutgoingRequest {
            method: self.route.method.clone(),
            target: self.route.path.clone(),
            headers: Vec::new(),
            basic: self.request.basic.filter(|_| is_basic(proof)).map(|decoding| basic_pair(ask, decoding)),
            fields: Vec::new(),
            json,
        };
        let mut query = Vec::new();
        let mut left: Vec<&'static str> = asked_names(ask, proof);
        for parameter in &self.request.parameters {
            let values: Vec<String> = match parameter.role {
                Role::ClientId | Role::ClientSecret if request.basic.is_some() => continue,
                Role::ClientId => vec![ask.client_id.to_owned()],
                Role::ClientSecret | Role::ClientAssertion | Role::ClientAssertionType => {
                    proof_value(parameter, ask, proof).into_iter().collect()
                }
                Role::GrantType => parameter.values.first().cloned().into_iter().collect(),
                Role::Scope => ask.scope.map(str::to_owned).into_iter().collect(),
                Role::Resource => ask.resources.to_vec(),
                Role::BusinessId => ask.business_id.map(str::to_owned).into_iter().collect(),
                Role::ExpiresIn => ask.expires_in.map(|seconds| seconds.to_string()).into_iter().collect(),
            };
            left.retain(|name| *name != role_name(parameter.role));
            let pairs = values.into_iter().map(|value| (parameter.name.clone(), value));
            match parameter.from.first() {
                Some(Origin::Query) => query.extend(pairs),
                Some(Origin::Header(_)) => request.headers.extend(pairs),
                _ => request.fields.extend(pairs),
            }
        }
        if !query.is_empty() {
            let _ = write!(request.target, "?{}", encode_pairs(&query));
        }
        (request, left)
    }
}

impl OutgoingRequest {
    /// The `Authorization` value.
    pub fn authorization(&self) -> Option<String> {
        self.basic.as_ref().map(|(id, secret)| format!("Basic {}", STANDARD.encode(format!("{id}:{secret}"))))
    }

    /// The body with its type; nothing if there is none.
    pub fn body(&self) -> Option<(&'static str, String)> {
        if self.fields.is_empty() {
            return None;
        }
        if self.json {
            let object: serde_json::Map<String, serde_json::Value> =
                self.fields.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
            return Some(("application/json", serde_json::Value::Object(object).to_string()));
        }
        Some(("application/x-www-form-urlencoded", encode_pairs(&self.fields)))
    }

    /// A curl command that can be pasted into a shell. It holds the secret.
    pub fn to_curl(&self, origin: &str) -> String {
        let mut line = format!("curl -s -X {} {}", self.method, quote(&format!("{origin}{}", self.target)));
        if let Some((id, secret)) = &self.basic {
            let _ = write!(line, " \\\n  -u {}", quote(&format!("{id}:{secret}")));
        }
        for (name, value) in &self.headers {
            let _ = write!(line, " \\\n  -H {}", quote(&format!("{name}: {value}")));
        }
        match self.body() {
            Some((content_type, body)) if self.json => {
                let _ = write!(line, " \\\n  -H {} \\\n  -d {}", quote(&format!("Content-Type: {content_type}")), quote(&body));
            }
            Some(_) => {
                for (name, value) in &self.fields {
                    let _ = write!(line, " \\\n  --data-urlencode {}", quote(&format!("{name}={value}")));
                }
            }
            None => {}
        }
        line
    }
}

fn is_basic(proof: OutgoingProof<'_>) -> bool {
    matches!(proof, OutgoingProof::Secret)
}

/// What a parameter that carries credentials is sent with, if it is sent.
fn proof_value(parameter: &Parameter, ask: &TokenAsk<'_>, proof: OutgoingProof<'_>) -> Option<String> {
    match (parameter.role, proof) {
        (Role::ClientSecret, OutgoingProof::Secret | OutgoingProof::SecretPost) => Some(ask.client_secret.expose().to_owned()),
        (Role::ClientAssertion, OutgoingProof::Assertion(assertion)) => Some(assertion.expose().to_owned()),
        (Role::ClientAssertionType, OutgoingProof::Assertion(_)) => {
            Some(parameter.values.first().map_or(JWT_BEARER, String::as_str).to_owned())
        }
        _ => None,
    }
}

fn asked_names(ask: &TokenAsk<'_>, proof: OutgoingProof<'_>) -> Vec<&'static str> {
    let asked = [
        (matches!(proof, OutgoingProof::SecretPost), Role::ClientSecret),
        (matches!(proof, OutgoingProof::Assertion(_)), Role::ClientAssertion),
        (ask.scope.is_some(), Role::Scope),
        (ask.business_id.is_some(), Role::BusinessId),
        (!ask.resources.is_empty(), Role::Resource),
        (ask.expires_in.is_some(), Role::ExpiresIn),
    ];
    asked.into_iter().filter(|(is_asked, _)| *is_asked).map(|(_, role)| role_name(role)).collect()
}

fn role_name(role: Role) -> &'static str {
    match role {
        Role::ClientId => "client_id",
        Role::ClientSecret => "client_secret",
        Role::ClientAssertion => "client_assertion",
        Role::ClientAssertionType => "client_assertion_type",
        Role::GrantType => "grant_type",
        Role::Scope => "scope",
        Role::Resource => "resource",
        Role::BusinessId => "business_id",
        Role::ExpiresIn => "expires_in",
    }
}

fn basic_pair(ask: &TokenAsk<'_>, decoding: BasicDecoding) -> (String, String) {
    let encode = |text: &str| match decoding {
        BasicDecoding::Raw => text.to_owned(),
        BasicDecoding::Form => utf8_percent_encode(text, ESCAPED).to_string(),
    };
    (encode(ask.client_id), encode(ask.client_secret.expose()))
}

fn encode_pairs(pairs: &[(String, String)]) -> String {
    let encode = |text: &str| utf8_percent_encode(text, ESCAPED).to_string();
    pairs.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect::<Vec<_>>().join("&")
}

/// Quotes a text for a POSIX shell.
fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}
