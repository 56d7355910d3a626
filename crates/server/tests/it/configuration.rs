//! An environment that was brought up from a file answers as the one that the file was written from.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use mintmark_core::clock::Clock;
use mintmark_core::configuration::ConfigurationFile;
use mintmark_core::crypto::{KeyMaterial, SecretText, SigningKeyPair};
use mintmark_core::dialect::{OutgoingProof, OutgoingRequest, TokenAsk};
use mintmark_core::document::Source;
use mintmark_core::model::{
    BusinessAccess, CredentialLimits, EnvironmentName, Proof, PublicKey, QuotaMode, QuotaSubject, ScopeSet,
};
use mintmark_core::random::{Random, SeededRandom};
use mintmark_core::registry::{ClientSecurity, NewClient, NewCredential, NewGrant, PlanOptions, QuotaEdit};
use mintmark_verify::Algorithm;
use serde_json::{Value, json};

use crate::fixture::{ACME, Answer, DIALECTS, TestServer, issuer, send};

const REQUESTS: usize = 500;
/// Clients of the furnished world, and credentials of theirs.
const CLIENTS: [&str; 17] = [
    "standard",
    "asset",
    "standard-metrics",
    "firstvision",
    "disabled",
    "expired",
    "revoked",
    "revoked-new",
    "rotated",
    "rotated-new",
    "tenantless",
    "bound",
    "several",
    "short",
    "odd",
    "other",
    "bare",
];
const SCOPES: [Option<&str>; 9] = [
    None,
    None,
    Some("ledger:read"),
    Some("business:read ledger:read"),
    Some("all"),
    Some("edit"),
    Some("ledger:delete"),
    Some("ledger:create"),
    Some("bad\"scope"),
];
const RESOURCES: [&str; 7] = [
    "",
    "",
    "",
    "https://ledger.mintmark.example",
    "https://legacy.mintmark.example",
    "https://ungranted.mintmark.example",
    "https://nowhere.mintmark.example",
];
const BUSINESSES: [&str; 7] = ["", "", "", "bakery", "closed", "foreign", "biz_none"];

/// What is wrong with a request besides what it asks for.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    None,
    WrongSecret,
    NoSecret,
    UnknownClient,
    GrantType,
    Repeated,
    ContentType,
    UsedAssertion,
    OldAssertion,
    ForeignAudience,
}

const FAULTS: [Fault; 16] = [
    Fault::None,
    Fault::None,
    Fault::None,
    Fault::None,
    Fault::None,
    Fault::None,
    Fault::None,
    Fault::WrongSecret,
    Fault::NoSecret,
    Fault::UnknownClient,
    Fault::GrantType,
    Fault::Repeated,
    Fault::ContentType,
    Fault::UsedAssertion,
    Fault::OldAssertion,
    Fault::ForeignAudience,
];

struct Dice(SeededRandom);

impl Dice {
    fn one<T: Copy>(&self, items: &[T]) -> T {
        let mut bytes = [0; 4];
        self.0.fill(&mut bytes);
        items[usize::try_from(u32::from_be_bytes(bytes)).unwrap() % items.len()]
    }
}

/// A request as it is asked of both servers; each has secrets of its own.
#[derive(Debug)]
struct Asked {
    dialect: &'static str,
    client: &'static str,
    by_key: bool,
    post: bool,
    scope: Option<&'static str>,
    resource: &'static str,
    business: String,
    expires_in: Option<u32>,
    fault: Fault,
    number: usize,
}

fn sandbox() -> EnvironmentName {
    "sandbox".parse().unwrap()
}

/// A server, with the secrets that its clients have.
struct Side<'a> {
    server: &'a TestServer,
    secrets: BTreeMap<String, String>,
}

impl Side<'_> {
    async fn answer(&self, asked: &Asked, original: &TestServer, keys: &SigningKeyPair) -> Answer {
        let known = original.world.client("sandbox", if asked.by_key { "standard" } else { asked.client });
        let id = match (asked.fault, asked.by_key) {
            (Fault::UnknownClient, _) => "cli_nobody",
            (_, true) => "signer",
            (_, false) => &known.id,
        };
        // What is over was not made anew, and is as wrong as it was.
        let secret = self.secrets.get(&known.credential_id).unwrap_or(&known.secret);
        let secret = match asked.fault {
            Fault::WrongSecret => format!("{secret}x"),
            Fault::NoSecret => String::new(),
            _ => secret.clone(),
        };
        let (secret, assertion) = (SecretText::new(secret), SecretText::new(assertion(asked, keys, self.server.clock.now().0)));
        let resources: Vec<String> = Some(asked.resource.to_owned()).into_iter().filter(|uri| !uri.is_empty()).collect();
        let ask = TokenAsk {
            client_id: id,
            client_secret: &secret,
            scope: asked.scope,
            business_id: Some(asked.business.as_str()).filter(|id| !id.is_empty()),
            resources: &resources,
            expires_in: asked.expires_in,
        };
        let proof = match (asked.by_key, asked.post) {
            (true, _) => OutgoingProof::Assertion(&assertion),
            (false, true) => OutgoingProof::SecretPost,
            (false, false) => OutgoingProof::Secret,
        };
        let (request, _) = self.server.registry.dialects.get(asked.dialect).unwrap().outgoing_by(&ask, proof);
        send(self.server.address("sandbox"), wire(request, asked.fault).as_bytes()).await
    }
}

fn assertion(asked: &Asked, keys: &SigningKeyPair, now: i64) -> String {
    let kid = keys.public_jwk().unwrap().kid().unwrap().to_owned();
    let (audience, end) = match asked.fault {
        Fault::ForeignAudience => ("https://elsewhere.example".to_owned(), now + 60),
        Fault::OldAssertion => (issuer("sandbox"), now - 600),
        _ => (issuer("sandbox"), now + 60),
    };
    let id = if asked.fault == Fault::UsedAssertion { "once".to_owned() } else { format!("jti-{}", asked.number) };
    let claims = json!({ "iss": "signer", "sub": "signer", "aud": audience, "exp": end, "jti": id });
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(&json!({ "alg": "ES256", "kid": kid })), part(&claims));
    let signature = URL_SAFE_NO_PAD.encode(keys.sign(signed.as_bytes()).unwrap().as_ref());
    format!("{signed}.{signature}")
}

fn wire(mut request: OutgoingRequest, fault: Fault) -> String {
    match fault {
        Fault::GrantType => {
            for (name, value) in &mut request.fields {
                if name == "grant_type" {
                    "password".clone_into(value);
                }
            }
        }
        Fault::Repeated => {
            let first = request.fields.first().cloned();
            request.fields.extend(first.map(|(name, value)| (name, format!("{value}2"))));
        }
        _ => {}
    }
    let authorization = request.authorization().map(|value| format!("Authorization: {value}\r\n")).unwrap_or_default();
    let (content_type, body) = request.body().unwrap_or(("", String::new()));
    let content_type = if fault == Fault::ContentType { "text/plain" } else { content_type };
    let content_type = if content_type.is_empty() { String::new() } else { format!("Content-Type: {content_type}\r\n") };
    let more = request.headers.iter().fold(String::new(), |more, (name, value)| more + &format!("{name}: {value}\r\n"));
    format!(
        "{} {} HTTP/1.1\r\nHost: sandbox.mintmark.example\r\n{authorization}{content_type}{more}Content-Length: {}\r\n\
         Connection: close\r\n\r\n{body}",
        request.method,
        request.target,
        body.len()
    )
}

/// What must be the same in both answers: all but what names the request, the token and the moment.
fn same_in_both(answer: &Answer) -> Value {
    let request_id = answer.header("x-request-id").unwrap_or("none").to_owned();
    let headers: Vec<_> = answer
        .headers
        .iter()
        .filter(|(name, _)| !["date", "x-request-id", "content-length"].contains(&name.as_str()))
        .map(|(name, value)| format!("{name}: {}", value.replace(&request_id, "ID")))
        .collect();
    let text = answer.text().replace(&request_id, "ID");
    let token = serde_json::from_str::<Value>(&text).ok().and_then(|body| body["access_token"].as_str().map(str::to_owned));
    let (text, claims) = match token {
        Some(token) => (text.replace(&token, "TOKEN"), claims(&token)),
        None => (text, Value::Null),
    };
    json!({ "status": answer.status, "headers": headers, "body": text, "claims": claims })
}

fn claims(token: &str) -> Value {
    let part = |at: usize| -> Value {
        let part = token.split('.').nth(at).unwrap();
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
    };
    let (mut head, mut claims) = (part(0), part(1));
    head.as_object_mut().unwrap().remove("kid");
    let life = claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap();
    for name in ["jti", "iat", "exp", "pos"] {
        claims.as_object_mut().unwrap().remove(name);
    }
    json!({ "head": head, "claims": claims, "life": life })
}

/// A client that proves itself with a key, one with a limited secret, and one with a shared key, besides those of the furnished world.
async fn add_clients(server: &TestServer, keys: &SigningKeyPair) {
    let grant = |resource: Option<&str>, scopes: &str| NewGrant {
        resource: resource.map(|uri| uri.parse().unwrap()),
        scopes: scopes.split(' ').map(|scope| scope.parse().unwrap()).collect(),
    };
    let new = NewClient {
        environment: sandbox(),
        tenant_id: server.world.tenant(ACME),
        id: Some("signer".parse().unwrap()),
        name: "Signer".to_owned(),
        dialects: vec!["standard".parse().unwrap()],
        grants: vec![
            grant(None, "business:read ledger:read all"),
            grant(Some("https://ledger.mintmark.example"), "ledger:read"),
        ],
        businesses: BusinessAccess::All,
        lifetime_max: None,
        attributes: std::collections::BTreeMap::default(),
        security: ClientSecurity::default(),
        serves: Vec::new(),
        secret_expires_at: None,
    };
    let proof = Proof::PublicKey(PublicKey { jwk: keys.public_jwk().unwrap() });
    server.registry.create_client_with(new, NewCredential { proof, expires_at: None }).await.unwrap();
    let limits = CredentialLimits { scopes: Some(ScopeSet::parse("ledger:read").unwrap()), ..CredentialLimits::default() };
    let rotated = server.world.client("sandbox", "rotated-new");
    let (id, credential) = (rotated.id.parse().unwrap(), rotated.credential_id.parse().unwrap());
    server.registry.set_limits(&sandbox(), &id, credential, &limits, None).await.unwrap();
    server.registry.add_shared_key(&sandbox(), &id, None).await.unwrap();
}

/// One that is used up, one that is told, and one that only observes.
async fn set_quotas(server: &TestServer) {
    let (acme, standard) = (server.world.tenant(ACME), server.world.client("sandbox", "standard").id.parse().unwrap());
    let bakery = QuotaSubject::Business(server.world.business("sandbox", "bakery"));
    let told = QuotaEdit { per_day: Some(Some(100_000)), headers: Some(true), ..QuotaEdit::default() };
    let small = QuotaEdit { per_minute: Some(Some(20)), per_hour: Some(Some(2000)), ..QuotaEdit::default() };
    let observed = QuotaEdit { per_minute: Some(Some(1)), mode: Some(QuotaMode::Observe), ..QuotaEdit::default() };
    let observed = QuotaEdit { tenant_of_business: Some(acme), ..observed };
    for (subject, edit) in [(QuotaSubject::Tenant(acme), told), (QuotaSubject::Client(standard), small), (bakery, observed)] {
        server.registry.edit_quota(&sandbox(), &subject, &edit).await.unwrap();
    }
}

/// Half of all requests are as they should be, of clients of all kinds; the others are wrong in one way or in several.
fn asked(dice: &Dice, number: usize, original: &TestServer) -> Asked {
    let by_key = dice.one(&[true, false, false, false]);
    let dialect = if by_key { "standard" } else { dice.one(&DIALECTS) };
    let client = if dice.one(&[true, false]) { dialect } else { dice.one(&CLIENTS) };
    let usual = match dialect {
        "standard-metrics" => "all",
        "firstvision" => "edit",
        _ => "ledger:read",
    };
    let post = dice.one(&[true, false, false]);
    let good = Asked {
        dialect,
        client,
        by_key,
        post: post && dialect == "standard",
        scope: Some(usual),
        resource: "",
        business: String::new(),
        expires_in: None,
        fault: Fault::None,
        number,
    };
    if dice.one(&[true, false]) {
        return Asked { resource: dice.one(&["", "", "https://ledger.mintmark.example"]), ..good };
    }
    let business = match dice.one(&BUSINESSES) {
        none @ ("" | "biz_none") => none.to_owned(),
        name => original.world.business("sandbox", name).to_string(),
    };
    let scope = if dice.one(&[true, false]) { Some(usual) } else { dice.one(&SCOPES) };
    let expires_in = dice.one(&[None, None, Some(60), Some(1_000_000)]);
    Asked { scope, business, expires_in, post, resource: dice.one(&RESOURCES), fault: dice.one(&FAULTS), ..good }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_instance_applied_from_an_export_answers_500_varied_requests_as_the_first_one_does() {
    let unlimited = || TestServer::setup().with_limits(|limits| limits.refused_per_client = 1_000_000);
    let original = unlimited().start().await;
    let keys = SigningKeyPair::parse(Algorithm::Es256, &KeyMaterial::generate(Algorithm::Es256).unwrap()).unwrap();
    add_clients(&original, &keys).await;
    set_quotas(&original).await;
    let copy = unlimited().empty().start().await;

    let text = original.registry.configuration(&sandbox(), Vec::new()).await.unwrap().to_toml();
    let source = Source { name: "sandbox.toml".to_owned(), text: text.clone() };
    let file = ConfigurationFile::read(source, &SeededRandom::new(1)).unwrap();
    let options = PlanOptions { new_secrets: true, ..PlanOptions::default() };
    let mut plan = copy.registry.configuration_plan(&file, &[], options).await.unwrap().unwrap();
    let made = std::mem::take(&mut plan.secrets);
    let secrets = made.iter().map(|one| (one.credential_id.to_string(), one.secret.text().expose().to_owned())).collect();
    copy.registry.apply_configuration(plan).await.unwrap();
    let again = copy.registry.configuration(&sandbox(), Vec::new()).await.unwrap().to_toml();
    assert_eq!(again, text);
    assert!(["tenant", "business", "client"].iter().all(|whose| text.contains(&format!("\n[{whose}.quota]\n"))), "{text}");

    for server in [&original, &copy] {
        while server.poll().await > 0 {}
    }
    let sides = [Side { server: &original, secrets: BTreeMap::new() }, Side { server: &copy, secrets }];
    let dice = Dice(SeededRandom::new(2026));
    let (mut granted, mut limited, mut kinds) = (0, 0, BTreeSet::new());
    for number in 0..REQUESTS {
        let asked = asked(&dice, number, &original);
        let first = same_in_both(&sides[0].answer(&asked, &original, &keys).await);
        let second = same_in_both(&sides[1].answer(&asked, &original, &keys).await);
        assert_eq!(first, second, "{asked:?}");
        granted += usize::from(!first["claims"].is_null());
        limited += usize::from(first["status"] == 429);
        kinds.insert(first.to_string());
    }
    assert!((100..REQUESTS - 100).contains(&granted), "the requests are not varied: {granted} were granted");
    assert!(limited >= 5, "the quota of a client was to be used up: {limited} were refused");
    assert!(kinds.len() >= 60, "the requests are not varied: {} kinds of answers", kinds.len());
}
