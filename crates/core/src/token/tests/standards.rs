//! What the documents ask for that no other file here shows; `docs/standards.md` lists all of it.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue};
use mintmark_verify::{Algorithm, Verifier};
use serde_json::{Value, json};

use super::super::{Admitted, AssertionFault, Caller, Denial, GatewayCall, GatewayRefusal, TokenCall};
use super::key_holder::{JWT_BEARER, KeyHolder, assert_with, claims, form, mac, prove, send, with};
use crate::clock::Clock;
use crate::dialect::{AuthMethod, AuthMethods, RawBody, RawRequest};
use crate::fixture::{Answer, Ask, HERE, ISSUER, LEDGER, NOW, REPORTS, World, sandbox};
use crate::model::{AssertionAudience, CertificateFingerprint, Client, Federation, Profile, Proof, Status, TokenBinding};
use crate::registry::{ClientEdit, CreatedClient, NewCredential};
use crate::token::ClientCertificate;

fn form_headers() -> HeaderMap {
    HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"))])
}

fn secret_of(client: &CreatedClient) -> [(&str, &str); 2] {
    [("client_id", client.client.id.as_str()), ("client_secret", client.secret.text().expose())]
}

fn certificate() -> ClientCertificate {
    ClientCertificate {
        sha256: [7; 32],
        is_trusted: false,
        subject: String::new(),
        dns_names: Vec::new(),
        uris: Vec::new(),
        ip_addresses: Vec::new(),
        emails: Vec::new(),
        not_before: 0,
        not_after: i64::MAX,
    }
}

impl World {
    /// What the endpoint for revocation or introspection says to fields in a form.
    async fn call_about(&self, path: &'static str, fields: &[(&str, &str)]) -> Result<Value, Denial> {
        let (headers, body, environment) = (form_headers(), form(fields), sandbox());
        let dialect = self.registry.dialects.get("standard").unwrap();
        let caller = Caller {
            environment: &environment,
            source: HERE.parse().unwrap(),
            path,
            methods: dialect.request.methods,
            certificate: None,
            is_rehearsal: false,
        };
        let raw = RawRequest { query: None, headers: &headers, body: RawBody::Whole(body.as_bytes()) };
        let call = TokenCall { caller, request_id: "req_1", dialect, raw };
        match path {
            "/oauth/revoke" => self.endpoint.revoke(&call).await.result.map(|_| Value::Null),
            _ => self.endpoint.introspect(&call).await.result.map(super::super::Introspection::into_json),
        }
    }

    async fn introspect_as(&self, client: &CreatedClient, token: &str) -> Value {
        let [id, secret] = secret_of(client);
        self.call_about("/oauth/introspect", &[id, secret, ("token", token)]).await.unwrap()
    }

    /// Asks as a gateway that serves the resource does.
    async fn gateway_says(
        &self,
        gateway: &CreatedClient,
        resource: &str,
        headers: &[(&'static str, &str)],
    ) -> Result<Admitted, GatewayRefusal> {
        let pair = format!("{}:{}", gateway.client.id, gateway.secret.text().expose());
        let mut map = HeaderMap::new();
        map.insert("mintmark-gateway", format!("Basic {}", STANDARD.encode(pair)).parse().unwrap());
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        let view = self.directory().view(&sandbox()).unwrap();
        let id = view.resource(&resource.parse().unwrap()).unwrap().id.to_string();
        let environment = sandbox();
        let methods = AuthMethods::default().with(AuthMethod::ClientSecretBasic);
        let source = HERE.parse().unwrap();
        let caller =
            Caller { environment: &environment, source, path: "/verify/", methods, certificate: None, is_rehearsal: false };
        let call = GatewayCall { caller, headers: &map, resource: &id, query: None };
        self.endpoint.check_for_gateway(&call).await.result
    }

    async fn gateway_for(&self, uri: &str) -> CreatedClient {
        self.client(|new| new.serves = vec![uri.parse().unwrap()]).await
    }

    /// The nonce that a proof at the token endpoint needs.
    async fn nonce(&self, holder: &KeyHolder, fields: &[(&str, &str)]) -> String {
        let challenged = prove(self, fields, &[&holder.proof("for a nonce", None, |_| ())]).await;
        challenged.header("dpop-nonce").unwrap_or_else(|| panic!("{challenged:?}")).to_owned()
    }

    /// A token of a client that is bound to the holder's key.
    async fn bound_token(&self, holder: &KeyHolder, client: &CreatedClient, resource: &str) -> String {
        let [id, secret] = secret_of(client);
        let fields = [id, secret, ("resource", resource)];
        let nonce = self.nonce(holder, &fields).await;
        token(&prove(self, &fields, &[&holder.proof(&nonce, Some(&nonce), |_| ())]).await)
    }

    async fn turn_off(&self, client: &Client) {
        let edit = ClientEdit { status: Some(Status::Disabled), ..ClientEdit::default() };
        self.registry.edit_client(&sandbox(), &client.id, &edit).await.unwrap();
        self.poll().await;
    }
}

fn token(answer: &Answer) -> String {
    answer.json()["access_token"].as_str().unwrap_or_else(|| panic!("{answer:?}")).to_owned()
}

/// RFC 6749 section 4.4.3.
#[tokio::test]
async fn an_answer_has_what_is_required_and_no_refresh_token() {
    let world = World::new().await;
    let client = world.client(|_| ()).await;
    let answer = world.ask(&Ask::of("standard", &client)).await;
    let members: Vec<String> = answer.json().as_object().unwrap().keys().cloned().collect();
    assert_eq!(members, ["access_token", "expires_in", "scope", "token_type"]);
}

/// RFC 9700 section 2.4, RFC 6749 section 5.2: whoever asks, and however well it is proved.
#[tokio::test]
async fn no_grant_but_that_of_machines_is_there() {
    let world = World::new().await;
    let client = world.client(|_| ()).await;
    let [id, secret] = secret_of(&client);
    for grant in [
        "password",
        "implicit",
        "authorization_code",
        "refresh_token",
        "urn:ietf:params:oauth:grant-type:jwt-bearer",
        "urn:ietf:params:oauth:grant-type:saml2-bearer",
        "urn:ietf:params:oauth:grant-type:device_code",
        "urn:ietf:params:oauth:grant-type:token-exchange",
        "Client_Credentials",
    ] {
        let more =
            [id, secret, ("username", "x"), ("password", "x"), ("refresh_token", "x"), ("code", "x"), ("assertion", "x")];
        let body = form(&more).replacen("grant_type=client_credentials", &format!("grant_type={grant}"), 1);
        let answer = world.send("standard", HERE, None, &form_headers(), &body).await;
        assert_eq!((answer.status, answer.json()["error"].clone()), (400, json!("unsupported_grant_type")), "{grant}");
    }
}

/// RFC 6749 section 2.3: even where each of them alone is good.
#[tokio::test]
async fn one_request_proves_its_client_in_one_way() {
    let world = World::new().await;
    let holder = KeyHolder::new(Algorithm::EdDsa);
    let client = world.client(|_| ()).await;
    world.registry.add_credential(&sandbox(), &client.client.id, &holder.public_key()).await.unwrap();
    world.poll().await;
    let id = client.client.id.as_str();
    let assertion = holder.assertion(&claims(id, "a"));
    let asserted = [("client_assertion_type", JWT_BEARER), ("client_assertion", &*assertion)];
    let secret = secret_of(&client);
    let basic = format!("Basic {}", STANDARD.encode(format!("{id}:{}", client.secret.text().expose())));
    for (fields, authorization) in [
        ([&asserted[..], &secret].concat(), None),
        (asserted.to_vec(), Some(&basic)),
        (secret.to_vec(), Some(&basic)),
        ([&asserted[..], &secret].concat(), Some(&basic)),
    ] {
        let mut headers = form_headers();
        headers.extend(authorization.map(|basic| (AUTHORIZATION, basic.parse().unwrap())));
        let answer = world.send("standard", HERE, None, &headers, &form(&fields)).await;
        assert_eq!(answer.denial(), &Denial::CredentialsRepeated, "{fields:?}");
        assert_eq!((answer.status, answer.json()["error"].clone()), (400, json!("invalid_request")));
    }
    assert_eq!(send(&world, &asserted).await.status, 200, "none of these spent it");
}

/// RFC 7521 section 4.2, RFC 7009 section 2.1, RFC 7662 section 2.1. The audience is the same everywhere, and one use is one use.
#[tokio::test]
async fn an_assertion_proves_its_client_at_every_endpoint_and_is_good_at_one() {
    let world = World::new().await;
    let holder = KeyHolder::new(Algorithm::Es256);
    let (client, _) = holder.client(&world, |_| ()).await;
    let id = client.id.as_str();
    let token = token(&assert_with(&world, &holder.assertion(&claims(id, "first"))).await);
    let ask = async |path, assertion: &str| {
        let fields = [("client_assertion_type", JWT_BEARER), ("client_assertion", assertion), ("token", &*token)];
        world.call_about(path, &fields).await
    };
    let used = |result: Result<Value, Denial>| assert_eq!(result, Err(Denial::AssertionRefused(AssertionFault::Used)));
    let about = holder.assertion(&claims(id, "second"));
    assert_eq!(ask("/oauth/introspect", &about).await.unwrap()["active"], true);
    used(ask("/oauth/introspect", &about).await);
    used(ask("/oauth/revoke", &about).await);
    assert_eq!(assert_with(&world, &about).await.denial(), &Denial::AssertionRefused(AssertionFault::Used));
    used(ask("/oauth/revoke", &holder.assertion(&claims(id, "first"))).await);
    for path in ["/oauth/introspect", "/oauth/revoke"] {
        let elsewhere = holder.assertion(&with(claims(id, path), "aud", json!(format!("{ISSUER}{path}"))));
        let said = Some(format!("{ISSUER}{path}"));
        assert_eq!(ask(path, &elsewhere).await, Err(Denial::AssertionRefused(AssertionFault::Audience(said))), "{path}");
    }
    assert_eq!(ask("/oauth/revoke", &holder.assertion(&claims(id, "third"))).await, Ok(Value::Null));
    world.poll().await;
    assert_eq!(ask("/oauth/introspect", &holder.assertion(&claims(id, "fourth"))).await.unwrap(), json!({ "active": false }));
}

/// RFC 9449 section 6.2, RFC 8705 section 3.2: without it a service that asks could not tell who may use the token.
#[tokio::test]
async fn introspection_tells_what_a_token_is_bound_to() {
    let world = World::new().await;
    let server = world.gateway_for(LEDGER).await;
    let holder = KeyHolder::new(Algorithm::Es256);
    let client = world.client(|_| ()).await;
    let bound = world.bound_token(&holder, &client, LEDGER).await;
    for caller in [&server, &client] {
        let seen = world.introspect_as(caller, &bound).await;
        assert_eq!((&seen["active"], &seen["token_type"]), (&json!(true), &json!("DPoP")));
        assert_eq!(seen["cnf"], json!({ "jkt": holder.jwk.thumbprint() }));
    }
    *world.certificate.lock().unwrap() = Some(certificate());
    let client = world.client(|new| new.security.token_binding = TokenBinding::Certificate).await;
    let bound = token(&world.ask(&Ask::of("standard", &client).resource(LEDGER)).await);
    let seen = world.introspect_as(&server, &bound).await;
    assert_eq!((&seen["active"], &seen["token_type"]), (&json!(true), &json!("Bearer")));
    assert_eq!(seen["cnf"], json!({ "x5t#S256": URL_SAFE_NO_PAD.encode([7; 32]) }));
}

/// What is done to the claims of a proof.
type Change = fn(&mut Value);

/// A request for the ledger with a token that is bound to a key.
struct BoundRequest {
    world: World,
    holder: KeyHolder,
    gateway: CreatedClient,
    token: String,
}

impl BoundRequest {
    async fn new() -> Self {
        let world = World::new().await;
        let holder = KeyHolder::new(Algorithm::Es256);
        let (client, gateway) = (world.client(|_| ()).await, world.gateway_for(LEDGER).await);
        let token = world.bound_token(&holder, &client, LEDGER).await;
        Self { world, holder, gateway, token }
    }

    /// A proof for `GET /entries?page=2` at the ledger, changed as the test wants.
    fn proof(&self, jti: &str, change: impl FnOnce(&mut Value)) -> String {
        let ath = URL_SAFE_NO_PAD.encode(digest(&SHA256, self.token.as_bytes()));
        self.holder.proof(jti, None, |claims| {
            claims["htm"] = json!("GET");
            claims["htu"] = json!(format!("{LEDGER}/entries"));
            claims["ath"] = json!(ath);
            change(claims);
        })
    }

    async fn send(&self, scheme: &str, proofs: &[&str], more: &[(&'static str, &str)]) -> Result<Admitted, GatewayRefusal> {
        let authorization = format!("{scheme} {}", self.token);
        let mut headers =
            vec![("authorization", &*authorization), ("x-original-method", "GET"), ("x-original-uri", "/entries?page=2")];
        headers.extend(proofs.iter().map(|proof| ("dpop", *proof)));
        headers.extend(more);
        self.world.gateway_says(&self.gateway, LEDGER, &headers).await
    }
}

/// RFC 9449 sections 4.3 and 7.
#[tokio::test]
async fn s5_a_gateway_lets_a_bound_token_pass_with_a_proof_of_its_key_alone() {
    let request = BoundRequest::new().await;
    let refused = |result: Result<Admitted, GatewayRefusal>, what: &str| {
        assert!(matches!(result, Err(GatewayRefusal::TokenRefused(_))), "{what}: {result:?}");
    };
    let good = request.proof("a", |_| ());
    refused(request.send("Bearer", &[&good], &[]).await, "a bearer token");
    refused(request.send("DPoP", &[], &[]).await, "no proof");
    refused(request.send("DPoP", &[&good, &good], &[]).await, "two proofs");
    let stranger = BoundRequest { holder: KeyHolder::new(Algorithm::Es256), ..BoundRequest::new().await };
    refused(request.send("DPoP", &[&stranger.proof("a", |_| ())], &[]).await, "of another key and token");
    let changes: [(&str, Change); 7] = [
        ("for another method", |claims| claims["htm"] = json!("POST")),
        ("for another path", |claims| claims["htu"] = json!(format!("{LEDGER}/other"))),
        ("for another host", |claims| claims["htu"] = json!(format!("{REPORTS}/entries"))),
        ("for another token", |claims| claims["ath"] = json!(URL_SAFE_NO_PAD.encode([0; 32]))),
        ("for no token", |claims| *claims = with(claims.clone(), "ath", Value::Null)),
        ("too old", |claims| claims["iat"] = json!(NOW - 61)),
        ("from the future", |claims| claims["iat"] = json!(NOW + 31)),
    ];
    for (what, change) in changes {
        refused(request.send("DPoP", &[&request.proof("b", change)], &[]).await, what);
    }
    assert!(request.send("dpop", &[&good], &[]).await.is_ok(), "none of these spent it");
    refused(request.send("DPoP", &[&good], &[]).await, "used before");
}

/// CVE-2026-33495: the scheme and host that a proof is for are those of the resource and of the issuer, whatever a header says.
#[tokio::test]
async fn forwarding_headers_change_nothing_about_what_a_proof_is_for() {
    let forwarded = [
        ("host", "evil.example"),
        ("x-forwarded-proto", "http"),
        ("x-forwarded-host", "evil.example"),
        ("x-forwarded-port", "80"),
        ("forwarded", "proto=http;host=evil.example"),
    ];
    let request = BoundRequest::new().await;
    for htu in [LEDGER.replace("https", "http"), "http://evil.example".to_owned(), "https://evil.example".to_owned()] {
        let forged = request.proof("a", |claims| claims["htu"] = json!(format!("{htu}/entries")));
        assert!(request.send("DPoP", &[&forged], &forwarded).await.is_err(), "{htu}");
    }
    assert!(request.send("DPoP", &[&request.proof("b", |_| ())], &forwarded).await.is_ok());

    let client = request.world.client(|_| ()).await;
    let fields = secret_of(&client);
    let nonce = request.world.nonce(&request.holder, &fields).await;
    let at_the_token_endpoint = async |htu: String| {
        let mut headers = form_headers();
        for (name, value) in forwarded {
            headers.insert(name, HeaderValue::from_static(value));
        }
        let proof = request.holder.proof(&htu, Some(&nonce), |claims| claims["htu"] = json!(htu));
        headers.insert("dpop", proof.parse().unwrap());
        request.world.send("standard", HERE, None, &headers, &form(&fields)).await.status
    };
    for htu in ["http://evil.example/oauth/token".to_owned(), format!("{}/oauth/token", ISSUER.replace("https", "http"))] {
        assert_eq!(at_the_token_endpoint(htu.clone()).await, 400, "{htu}");
    }
    assert_eq!(at_the_token_endpoint(format!("{ISSUER}/oauth/token")).await, 200);
}

/// CVE-2025-64521: whatever proves it, and wherever it asks.
#[tokio::test]
async fn a_disabled_client_is_refused_whatever_proves_it() {
    let world = World::new().await;
    let with_secret = world.client(|_| ()).await;
    let with_mac = world.client(|_| ()).await;
    let shared = world.registry.add_shared_key(&sandbox(), &with_mac.client.id, None).await.unwrap();
    let holder = KeyHolder::new(Algorithm::EdDsa);
    let (with_key, _) = holder.client(&world, |_| ()).await;
    let made_with = async |proof: Proof| {
        let new = NewCredential { proof, expires_at: None };
        world.registry.create_client_with(world.new_client(|_| ()), new).await.unwrap().0
    };
    let with_certificate = made_with(Proof::Certificate(CertificateFingerprint { sha256: vec![7; 32] })).await;
    let cluster = "https://cluster.example";
    let conditions = [("sub".to_owned(), json!("workload"))].into();
    let federation = Federation { issuer: cluster.to_owned(), jwks_uri: None, conditions, single_use: false };
    let federated = made_with(Proof::Federated(federation)).await;
    world.published.publish(cluster, vec![holder.jwk.clone()]);
    world.poll().await;

    let ask = async |jti: &str| {
        let of_workload = with(with(claims(federated.id.as_str(), jti), "iss", json!(cluster)), "sub", json!("workload"));
        let assertion = holder.assertion(&of_workload);
        let fields =
            [("client_id", federated.id.as_str()), ("client_assertion_type", JWT_BEARER), ("client_assertion", &*assertion)];
        let by_federation = send(&world, &fields).await;
        *world.certificate.lock().unwrap() = Some(certificate());
        let by_certificate = send(&world, &[("client_id", with_certificate.id.as_str())]).await;
        *world.certificate.lock().unwrap() = None;
        [
            world.ask(&Ask::of("standard", &with_secret)).await,
            assert_with(&world, &holder.assertion(&claims(with_key.id.as_str(), jti))).await,
            assert_with(&world, &mac(shared.key.text().expose(), &claims(with_mac.client.id.as_str(), jti))).await,
            by_certificate,
            by_federation,
        ]
    };
    for answer in ask("before").await {
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    for client in [&with_secret.client, &with_mac.client, &with_key, &with_certificate, &federated] {
        world.turn_off(client).await;
    }
    for answer in ask("after").await {
        assert_eq!((answer.status, answer.denial()), (401, &Denial::ClientDisabled));
        assert_eq!(answer.json()["error"], "invalid_client");
    }
    let [id, secret] = secret_of(&with_secret);
    for path in ["/oauth/introspect", "/oauth/revoke"] {
        assert_eq!(world.call_about(path, &[id, secret, ("token", "x")]).await, Err(Denial::ClientDisabled), "{path}");
    }
}

/// CVE-2020-14389, RFC 9068 section 4: three APIs, and tokens for each of them.
#[tokio::test]
async fn a_token_for_one_resource_is_good_at_no_other() {
    let world = World::new().await;
    let client = world.client(|_| ()).await;
    let keys = world.directory().view(&sandbox()).unwrap().ring.verifying.clone();
    for resource in [ISSUER, LEDGER, REPORTS] {
        let token = token(&world.ask(&Ask::of("standard", &client).resource(resource)).await);
        for service in [ISSUER, LEDGER, REPORTS] {
            let is_own = resource == service;
            let verifier = Verifier::new(ISSUER, service, keys.clone());
            assert_eq!(verifier.verify(&token, world.clock.now().0).is_ok(), is_own, "{resource} at {service}");
            let gateway = world.gateway_for(service).await;
            let authorization = format!("Bearer {token}");
            let passed = world.gateway_says(&gateway, service, &[("authorization", &authorization)]).await;
            assert_eq!(passed.is_ok(), is_own, "{resource} at the gateway of {service}");
            assert_eq!(world.introspect_as(&gateway, &token).await["active"], is_own, "{resource} asked about by {service}");
        }
    }
}

/// CVE-2024-52287: each scope that the client was not given, alone and among good ones, and for each way to ask.
#[tokio::test]
async fn nobody_gets_a_scope_that_was_not_given() {
    let world = World::new().await;
    let client = world.client(|new| new.grants = vec![crate::fixture::grant(None, "read")]).await;
    for asked in ["write", "edit", "business:read", "ledger:read", "read write", "read ledger:read", "READ", "mintmark:admin"] {
        let refused = world.ask(&Ask::of("standard", &client).scope(asked)).await;
        assert_eq!((refused.status, refused.json()["error"].clone()), (400, json!("invalid_scope")), "{asked}");
        for resource in [LEDGER, ISSUER] {
            assert_eq!(world.ask(&Ask::of("standard", &client).resource(resource).scope(asked)).await.status, 400, "{asked}");
        }
    }
    let answer = world.ask(&Ask::of("standard", &client)).await;
    assert_eq!(answer.json()["scope"], "read");
    assert_eq!(world.verify(&answer, ISSUER).scope.as_deref(), Some("read"));
}

/// FAPI 2.0 Security Profile sections 5.3.2.1 and 5.4.1, for each algorithm that it names.
#[tokio::test]
async fn the_profile_fapi2_gives_bound_tokens_for_a_key_and_a_proof() {
    let world = World::new().await;
    for algorithm in [Algorithm::Ps256, Algorithm::Es256, Algorithm::EdDsa] {
        let holder = KeyHolder::new(algorithm);
        let profile = |new: &mut crate::registry::NewClient| {
            new.security.profile = Some(Profile::Fapi2);
            new.security.assertion_audience = AssertionAudience::Legacy;
        };
        let (client, _) = holder.client(&world, profile).await;
        let ask = async |claims: &Value, jti: &str, nonce: Option<&str>| {
            let assertion = holder.assertion(claims);
            let fields = [("client_assertion_type", JWT_BEARER), ("client_assertion", &*assertion)];
            prove(&world, &fields, &[&holder.proof(jti, nonce, |_| ())]).await
        };
        let own = |jti: &str| claims(client.id.as_str(), jti);
        let challenged = ask(&own("a"), "a", None).await;
        let nonce = challenged.header("dpop-nonce").unwrap();
        let answer = ask(&own("a"), "b", Some(nonce)).await;
        assert_eq!(answer.json()["token_type"], "DPoP");
        assert_eq!(world.verify_bound(&answer, ISSUER).cnf.unwrap().jkt, Some(holder.jwk.thumbprint()));
        // Clocks that are ahead by 10 seconds are usual, by 60 they are wrong.
        for (name, ahead, status) in [("iat", 10, 200), ("nbf", 10, 200), ("iat", 61, 401), ("nbf", 61, 401)] {
            let jti = format!("{name} {ahead}");
            let answer = ask(&with(own(&jti), name, json!(NOW + ahead)), &jti, Some(nonce)).await;
            assert_eq!(answer.status, status, "{name} {ahead}");
        }
    }
}

/// RFC 7523 section 3, points 1 and 2: a client speaks for itself alone.
#[tokio::test]
async fn an_assertion_is_of_the_client_and_about_it() {
    let world = World::new().await;
    let holder = KeyHolder::new(Algorithm::EdDsa);
    let (client, _) = holder.client(&world, |_| ()).await;
    let other = world.client(|_| ()).await;
    let (own, others) = (client.id.as_str(), other.client.id.as_str());
    let refused = async |name: &str, value: Value| {
        let assertion = holder.assertion(&with(claims(own, "a"), name, value.clone()));
        for answer in [
            assert_with(&world, &assertion).await,
            send(&world, &[("client_id", own), ("client_assertion_type", JWT_BEARER), ("client_assertion", &assertion)]).await,
        ] {
            assert_eq!((answer.status, answer.json()["error"].clone()), (401, json!("invalid_client")), "{name} {value}");
        }
    };
    for value in [json!(others), json!(ISSUER), json!(""), json!([own]), Value::Null] {
        refused("iss", value.clone()).await;
        refused("sub", value).await;
    }
    assert_eq!(assert_with(&world, &holder.assertion(&claims(own, "a"))).await.status, 200);
}

/// FAPI 2.0 Security Profile section 5.4.3, RFC 7517 section 4.5: a `kid` that two keys of a client's set have names both.
#[tokio::test]
async fn of_keys_with_one_name_each_proves_the_client() {
    let world = World::new().await;
    let mut holders = [Algorithm::Es256, Algorithm::EdDsa, Algorithm::Es256].map(KeyHolder::new);
    for holder in &mut holders {
        holder.jwk = holder.jwk.clone().with_kid("same");
    }
    let uri = "https://client.example/jwks.json";
    world.published.publish(uri, holders.iter().map(|holder| holder.jwk.clone()).collect());
    let proof = Proof::KeySet(crate::model::KeySetLocation { uri: uri.to_owned() });
    let new = NewCredential { proof, expires_at: None };
    let (client, _) = world.registry.create_client_with(world.new_client(|_| ()), new).await.unwrap();
    world.poll().await;
    for (number, holder) in holders.iter().enumerate() {
        let answer = assert_with(&world, &holder.assertion(&claims(client.id.as_str(), &number.to_string()))).await;
        assert_eq!(answer.status, 200, "{number}: {answer:?}");
    }
    let mut stranger = KeyHolder::new(Algorithm::Es256);
    stranger.jwk = stranger.jwk.clone().with_kid("same");
    let answer = assert_with(&world, &stranger.assertion(&claims(client.id.as_str(), "stranger"))).await;
    assert_eq!(answer.denial(), &Denial::AssertionRefused(AssertionFault::Signature));
}
