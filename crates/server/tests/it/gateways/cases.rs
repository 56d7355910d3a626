//! What must come of each token, whoever decides.

use reqwest::RequestBuilder;
use reqwest::header::WWW_AUTHENTICATE;
use serde_json::Value;

use super::guard::{Guard, client};
use super::issuer::{Issuer, SCOPE};
use crate::fixture::ACME;

/// What a program does in its own way.
#[derive(Clone, Copy, Default)]
pub(super) struct Ways {
    /// The bad tokens that it answers with 403 where 401 is due. They are refused all the same.
    pub(super) forbids: &'static [&'static str],
    /// What it accepts although it could be refused, which its page says.
    pub(super) accepts: &'static [&'static str],
    /// Whether its 403 says which scope is missing (RFC 6750 section 3.1).
    pub(super) is_silent_about_scopes: bool,
}

/// Mintmark knows its own keys, whatever their algorithm.
pub(super) const ASKS_MINTMARK: Ways = Ways { forbids: &[], accepts: &["another algorithm"], is_silent_about_scopes: false };

/// Asks with every kind of token, lets a key be rotated, and asks with tokens of both keys.
pub(super) async fn judge(issuer: &Issuer, guard: &Guard, ways: Ways) {
    is_told_who_calls(issuer, guard).await;
    believes_no_header(issuer, guard).await;
    asks_for_a_token(issuer, guard).await;
    refuses_every_bad_token(issuer, guard, ways).await;
    takes_tokens_of_both_keys(issuer, guard).await;
}

async fn is_told_who_calls(issuer: &Issuer, guard: &Guard) {
    let world = issuer.server.world;
    let told = accepted(ask(guard, &issuer.good_token().await)).await;
    assert_eq!(told["client_id"], world.client("sandbox", "asset").id.as_str(), "{told}");
    assert_eq!(told["tenant_id"], world.tenant(ACME).to_string(), "{told}");
    assert_eq!(told["scope"], SCOPE, "{told}");
    assert_eq!(told["business_id"], Value::Null, "{told}");

    let (token, business) = issuer.token_of_a_business().await;
    let told = accepted(ask(guard, &token)).await;
    assert_eq!(told["business_id"], business, "{told}");
    assert!(told["scope"].as_str().unwrap().split(' ').any(|scope| scope == SCOPE), "{told}");
    assert_eq!(told["authorization"], Value::Null, "the token is for the gateway alone: {told}");
    assert_eq!(told["gateway"], Value::Null, "the gateway's secret stays with it: {told}");
}

/// What a caller says of itself is not what the gateway says of the caller.
async fn believes_no_header(issuer: &Issuer, guard: &Guard) {
    let mut request = ask(guard, &issuer.good_token().await);
    for name in ["Client-Id", "Tenant-Id", "Business-Id", "Credential-Id", "Scope", "Token-Id", "Expires-At"] {
        request = request.header(format!("Mintmark-{name}"), "made-up");
    }
    let told = accepted(request).await;
    assert_eq!(told["business_id"], Value::Null, "{told}");
    assert!(!told.to_string().contains("made-up"), "{told}");
}

async fn asks_for_a_token(issuer: &Issuer, guard: &Guard) {
    let good = issuer.good_token().await;
    let client = client();
    let url = format!("{}/entries", guard.url);
    let without = [
        ("no token", client.get(&url)),
        ("another scheme", client.get(&url).header("Authorization", "Basic dTpw")),
        ("no scheme", client.get(&url).header("Authorization", good.as_str())),
        ("in the query", client.get(format!("{url}?access_token={good}"))),
        ("in the body", client.post(&url).body(format!("access_token={good}"))),
    ];
    for (what, request) in without {
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 401, "{what}: {answer:?}");
        assert!(is_of_bearer(challenge(&answer)), "{what}: {answer:?}");
    }
}

async fn refuses_every_bad_token(issuer: &Issuer, guard: &Guard, ways: Ways) {
    for (what, token) in issuer.bad_tokens().await {
        let lacks_a_right = what == "insufficient_scope";
        let answer = ask(guard, &token).send().await.unwrap();
        if ways.accepts.contains(&what) {
            assert_eq!(answer.status(), 200, "{what}: {answer:?}");
            continue;
        }
        let is_forbidden = lacks_a_right || ways.forbids.contains(&what);
        assert_eq!(answer.status(), if is_forbidden { 403 } else { 401 }, "{what}: {answer:?}");
        if lacks_a_right && !ways.is_silent_about_scopes {
            assert!(challenge(&answer).contains(r#"error="insufficient_scope""#), "{answer:?}");
        } else if !is_forbidden {
            assert!(is_of_bearer(challenge(&answer)), "{what}: {answer:?}");
        }
    }
}

/// The next key was published before; nothing is fetched in a hurry.
async fn takes_tokens_of_both_keys(issuer: &Issuer, guard: &Guard) {
    let old = issuer.good_token().await;
    issuer.rotate().await;
    let new = issuer.good_token().await;
    assert_ne!(head(&old), head(&new), "two keys");
    for token in [&old, &new, &old] {
        accepted(ask(guard, token)).await;
    }
}

/// The header part, which names the key.
fn head(token: &str) -> &str {
    token.split('.').next().unwrap()
}

pub(super) fn ask(guard: &Guard, token: &str) -> RequestBuilder {
    client().get(format!("{}/entries?page=2", guard.url)).bearer_auth(token)
}

async fn accepted(request: RequestBuilder) -> Value {
    let answer = request.send().await.unwrap();
    let status = answer.status();
    let text = answer.text().await.unwrap();
    assert_eq!(status, 200, "{text}");
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// Names of schemes have no case (RFC 9110 section 11.1).
fn is_of_bearer(challenge: &str) -> bool {
    challenge.split(' ').next().is_some_and(|scheme| scheme.eq_ignore_ascii_case("Bearer"))
}

/// The one challenge of an answer.
fn challenge(answer: &reqwest::Response) -> &str {
    let mut challenges = answer.headers().get_all(WWW_AUTHENTICATE).iter();
    let one = challenges.next().unwrap_or_else(|| panic!("no challenge: {answer:?}"));
    assert!(challenges.next().is_none(), "two challenges: {answer:?}");
    one.to_str().unwrap()
}
