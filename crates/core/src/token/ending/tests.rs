//! Revocation, introspection and gateways, past the wire.

use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue};
use mintmark_verify::Algorithm;
use serde_json::{Value, json};

use super::*;
use crate::clock::Clock;
use crate::dialect::{AuthMethod, AuthMethods, RawBody};
use crate::fixture::{Ask, ELSEWHERE, HERE, LEDGER, REPORTS, World, sandbox, signing_keys};
use crate::keys::new_signing_key;
use crate::model::{KeyState, ResourceId, Status};
use crate::random::{Random, SeededRandom};
use crate::registry::{
    BusinessEdit, ClientEdit, CreatedClient, LISTED_TOKENS_MAX, REVOKED_TOKENS_MAX, RevokedBy, RotationRequest, Run,
    TokenRevoked, TokenToRevoke, revoke_token,
};
use crate::store::memory::MemoryStore;
use crate::token::{REFUSED_TRIES_PER_MINUTE, REVOCATIONS_PER_MINUTE};

/// A form in which the client proves itself.
fn form(client: &CreatedClient, more: &[(&str, &str)]) -> String {
    let own = [("client_id", client.client.id.as_str()), ("client_secret", client.secret.text().expose())];
    let pairs = own.iter().chain(more).map(|(name, value)| format!("{name}={value}"));
    pairs.collect::<Vec<_>>().join("&")
}

fn methods() -> AuthMethods {
    AuthMethods::default().with(AuthMethod::ClientSecretBasic).with(AuthMethod::ClientSecretPost)
}

impl World {
    async fn token(&self, ask: &Ask) -> String {
        let answer = self.ask(ask).await;
        answer.json()["access_token"].as_str().unwrap_or_else(|| panic!("{answer:?}")).to_owned()
    }

    async fn token_from(&self, node: &TokenEndpoint<MemoryStore>, ask: &Ask) -> String {
        let answer = self.ask_at(node, ask).await;
        answer.json()["access_token"].as_str().unwrap_or_else(|| panic!("{answer:?}")).to_owned()
    }

    /// Lets another key sign at once, and returns the id of the one that did.
    async fn rotate(&self) -> String {
        let environment = &sandbox();
        let active_kid = &signing_keys()[0].kid;
        let make = |seed| {
            let parts = (&self.registry.root_keys.sealer, &SeededRandom::new(seed) as &dyn Random);
            new_signing_key(environment, Algorithm::Es256, KeyState::Next, self.clock.now(), parts).unwrap()
        };
        let request = RotationRequest { environment, algorithm: Algorithm::Es256, active_kid, at_once: true };
        self.registry.rotate_signing_key(request, &[make(21), make(22)], Run::Commit).await.unwrap();
        active_kid.clone()
    }

    async fn call<T>(&self, body: &str, from: &str, act: impl AsyncFnOnce(&TokenCall<'_>) -> Answered<T>) -> Answered<T> {
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"))]);
        let environment = sandbox();
        let caller = Caller {
            environment: &environment,
            source: from.parse().unwrap(),
            path: "/oauth/test",
            methods: methods(),
            certificate: None,
            is_rehearsal: false,
        };
        let raw = RawRequest { query: None, headers: &headers, body: RawBody::Whole(body.as_bytes()) };
        act(&TokenCall { caller, request_id: "req_1", dialect: self.registry.dialects.get("standard").unwrap(), raw }).await
    }

    async fn revoke(&self, body: &str) -> Result<RevocationResult, Denial> {
        self.call(body, HERE, async |call| self.endpoint.revoke(call).await).await.result
    }

    async fn introspect(&self, body: &str) -> Result<Introspection, Denial> {
        self.call(body, HERE, async |call| self.endpoint.introspect(call).await).await.result
    }

    /// What a caller learns about a token.
    async fn worth(&self, caller: &CreatedClient, token: &str) -> Value {
        self.introspect(&form(caller, &[("token", token)])).await.unwrap().into_json()
    }

    async fn is_active(&self, caller: &CreatedClient, token: &str) -> bool {
        self.worth(caller, token).await["active"].as_bool().unwrap()
    }

    fn resource(&self, uri: &str) -> ResourceId {
        let view = self.directory().view(&sandbox()).unwrap();
        view.resource(&uri.parse().unwrap()).unwrap().id
    }

    async fn server_of(&self, uris: &[&str]) -> CreatedClient {
        self.client(|new| new.serves = uris.iter().map(|uri| uri.parse().unwrap()).collect()).await
    }

    async fn turn(&self, client: &CreatedClient, status: Status) {
        let edit = ClientEdit { status: Some(status), ..ClientEdit::default() };
        self.registry.edit_client(&sandbox(), &client.client.id, &edit).await.unwrap();
    }

    async fn gate(&self, gateway: &CreatedClient, resource: &str, query: Option<&str>, authorization: &str) -> Gate {
        let pair = base64_of(&format!("{}:{}", gateway.client.id, gateway.secret.text().expose()));
        self.gate_with(&[("mintmark-gateway", &format!("Basic {pair}")), ("authorization", authorization)], resource, query)
            .await
    }

    async fn gate_with(&self, headers: &[(&'static str, &str)], resource: &str, query: Option<&str>) -> Gate {
        let mut map = HeaderMap::new();
        for (name, value) in headers.iter().filter(|(_, value)| !value.is_empty()) {
            map.append(*name, value.parse().unwrap());
        }
        let environment = sandbox();
        let caller = Caller {
            environment: &environment,
            source: HERE.parse().unwrap(),
            path: "/verify/",
            methods: methods(),
            certificate: None,
            is_rehearsal: false,
        };
        let call = GatewayCall { caller, headers: &map, resource, query };
        self.endpoint.check_for_gateway(&call).await.result
    }
}

type Gate = Result<Admitted, GatewayRefusal>;

fn base64_of(text: &str) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(text)
}

#[tokio::test]
async fn a_client_ends_a_token_of_its_own_and_no_other() {
    let world = World::new().await;
    let client = world.client(|_| ()).await;
    let (one, other) = (world.token(&Ask::of("standard", &client)).await, world.token(&Ask::of("standard", &client)).await);
    let ended = world.revoke(&form(&client, &[("token", &one), ("token_type_hint", "refresh_token")])).await.unwrap();
    assert!(matches!(ended, RevocationResult::Ended(_, TokenRevoked::Alone)), "{ended:?}");
    world.poll().await;
    assert_eq!(world.worth(&client, &one).await, json!({ "active": false }));
    assert!(world.is_active(&client, &other).await);
    let before = world.store.reads();
    let again = world.revoke(&form(&client, &[("token", &one)])).await.unwrap();
    assert!(matches!(again, RevocationResult::EndedBefore(_)));
    assert_eq!(world.store.reads(), before);
}

#[tokio::test]
async fn what_is_no_token_of_the_client_is_left_alone() {
    let world = World::new().await;
    let (client, other) = (world.client(|_| ()).await, world.client(|new| new.tenant_id = world.globex).await);
    let token = world.token(&Ask::of("standard", &client)).await;
    let foreign = world.revoke(&form(&other, &[("token", &token)])).await.unwrap();
    assert_eq!(foreign, RevocationResult::AnothersToken(client.client.id.clone()));
    let forged = format!("{}x", &token[..token.len() - 1]);
    for nothing in ["x", "a.b.c", "mmt_x", &forged] {
        assert_eq!(world.revoke(&form(&client, &[("token", nothing)])).await.unwrap(), RevocationResult::NoToken, "{nothing}");
    }
    // Where clocks are behind it is good for some time more.
    world.clock.advance(3600 + 300);
    world.poll().await;
    assert_eq!(world.revoke(&form(&client, &[("token", &token)])).await.unwrap(), RevocationResult::NoToken, "expired");
    assert!(world.directory().revocations().is_empty());
}

#[tokio::test]
async fn a_token_that_is_good_where_clocks_are_behind_is_ended() {
    let world = World::new().await;
    let client = world.client(|_| ()).await;
    let token = world.token(&Ask::of("standard", &client)).await;
    world.clock.advance(3600 + 299);
    world.poll().await;
    assert!(!world.is_active(&client, &token).await);
    let ended = world.revoke(&form(&client, &[("token", &token)])).await.unwrap();
    assert!(matches!(ended, RevocationResult::Ended(..)), "{ended:?}");
}

#[tokio::test]
async fn a_node_that_lags_reads_the_store_before_it_says_that_there_is_no_token() {
    let world = World::new().await;
    let client = world.client(|_| ()).await;
    world.poll().await;
    world.rotate().await;
    let token = world.token_from(&world.another_node().await, &Ask::of("standard", &client)).await;
    let body = form(&client, &[("token", &token)]);
    // The client is held already, so nothing else reads the store.
    assert_eq!(world.revoke(&form(&client, &[("token", "x")])).await.unwrap(), RevocationResult::NoToken);
    world.store.fail(true);
    assert_eq!(world.revoke(&body).await.unwrap_err().fault(), Fault::Unavailable);
    world.store.fail(false);
    let ended = world.revoke(&body).await.unwrap();
    assert!(matches!(ended, RevocationResult::Ended(..)), "{ended:?}");
}

#[tokio::test]
async fn a_token_whose_key_was_removed_is_ended_since_the_key_may_be_put_back() {
    let world = World::new().await;
    let client = world.client(|_| ()).await;
    let token = world.token(&Ask::of("standard", &client)).await;
    let kid = world.rotate().await;
    world.registry.remove_signing_key(&sandbox(), &kid, Some(&kid), Run::Commit).await.unwrap();
    world.poll().await;
    assert!(!world.is_active(&client, &token).await);
    let ended = world.revoke(&form(&client, &[("token", &token)])).await.unwrap();
    assert!(matches!(ended, RevocationResult::Ended(..)), "{ended:?}");
    world.registry.restore_signing_key(&sandbox(), &kid, Run::Commit).await.unwrap();
    world.poll().await;
    assert!(!world.is_active(&client, &token).await);
}

#[tokio::test]
async fn where_the_list_for_verifiers_is_full_all_tokens_of_the_client_end() {
    let world = World::new().await;
    let client = world.client(|_| ()).await;
    let (one, other) = (world.token(&Ask::of("standard", &client)).await, world.token(&Ask::of("standard", &client)).await);
    let alone = async |token: &str| match world.revoke(&form(&client, &[("token", token)])).await.unwrap() {
        RevocationResult::Ended(_, revoked) => revoked,
        other => panic!("{other:?}"),
    };
    world.directory().pretend_revoked(&sandbox(), LISTED_TOKENS_MAX - 1);
    assert_eq!(alone(&one).await, TokenRevoked::Alone);
    world.poll().await;
    assert_eq!(alone(&other).await, TokenRevoked::WithAllOfItsClient);
    assert_eq!(world.directory().revocations().revoked_tokens(&sandbox()), LISTED_TOKENS_MAX);
}

/// CVE-2020-15223.
#[tokio::test]
async fn a_store_that_fails_while_a_token_is_revoked_is_never_a_success() {
    let world = World::new().await;
    let client = world.client(|_| ()).await;
    let token = world.token(&Ask::of("standard", &client)).await;
    let body = form(&client, &[("token", &token)]);
    world.store.fail(true);
    let failed = world.revoke(&body).await.unwrap_err();
    assert_eq!((failed.fault(), failed.retry_after()), (Fault::Unavailable, Some(5)));
    world.store.fail(false);
    world.store.lose_commits(true);
    let unknown = world.revoke(&body).await.unwrap_err();
    assert_eq!(unknown.fault(), Fault::Unavailable, "nobody knows whether it was committed");
    world.store.lose_commits(false);
    world.poll().await;
    assert!(matches!(world.revoke(&body).await.unwrap(), RevocationResult::EndedBefore(_)), "it had been");
}

/// Each call of the store in turn: the token is told to be ended only where it is.
#[tokio::test]
async fn whichever_call_of_the_store_fails_nothing_is_told_that_is_not_so() {
    let world = World::new().await;
    let client = world.client(|_| ()).await;
    let mut failures = 0;
    for number in 0.. {
        let token = world.token(&Ask::of("standard", &client)).await;
        // So that the client is read anew.
        world.plant_client(&client.client.id, |client| client.name.push('x')).await;
        world.store.fail_call(number);
        let outcome = world.revoke(&form(&client, &[("token", &token)])).await;
        let has_come = world.store.fail_call(u32::MAX);
        world.poll().await;
        let is_active = world.is_active(&client, &token).await;
        assert_eq!(outcome.is_err(), is_active, "call {number}: {outcome:?}");
        failures += u32::from(outcome.is_err());
        if !has_come {
            break;
        }
    }
    assert_eq!(failures, 3, "the client, its quota, the change");
}

#[tokio::test]
async fn a_client_that_ends_too_many_tokens_is_told_to_wait() {
    let world = World::new().await;
    let (client, other) = (world.client(|_| ()).await, world.client(|_| ()).await);
    let token = world.token(&Ask::of("standard", &client)).await;
    for _ in 0..REVOCATIONS_PER_MINUTE {
        world.endpoint.count_revocation(&sandbox(), &client.client.id).unwrap();
    }
    let body = form(&client, &[("token", &token)]);
    assert!(matches!(world.revoke(&body).await, Err(Denial::ClientLimited(_))));
    let others = world.token(&Ask::of("standard", &other)).await;
    assert!(world.revoke(&form(&other, &[("token", &others)])).await.is_ok());
    world.clock.advance(60);
    world.poll().await;
    assert!(matches!(world.revoke(&body).await, Ok(RevocationResult::Ended(..))));
}

#[tokio::test]
async fn asking_about_tokens_is_a_use_of_the_secret() {
    let world = World::new().await;
    let client = world.client(|_| ()).await;
    world.is_active(&client, "x").await;
    world.directory().flush_uses().await.unwrap();
    assert_eq!(world.stored(&client.client.id).await.credentials[0].last_used_at, Some(crate::fixture::timestamp(0)));
}

#[tokio::test]
async fn the_form_is_read_strictly_and_the_client_proved_as_for_a_token() {
    let world = World::new().await;
    let client = world.client(|_| ()).await;
    let fault = async |body: String| world.introspect(&body).await.unwrap_err().fault();
    assert_eq!(fault(form(&client, &[])).await, Fault::ParameterMissing);
    assert_eq!(fault(form(&client, &[("token", "")])).await, Fault::ParameterMissing);
    assert_eq!(fault(form(&client, &[("token", "a"), ("token", "a")])).await, Fault::ParameterRepeated);
    assert_eq!(
        fault(form(&client, &[("token", "a"), ("token_type_hint", "x"), ("token_type_hint", "x")])).await,
        Fault::ParameterRepeated
    );
    assert_eq!(fault(form(&client, &[("token", &"a".repeat(8193))])).await, Fault::ParameterTooLong);
    assert_eq!(fault(form(&client, &[("token", "%zz")])).await, Fault::EncodingMalformed);
    assert_eq!(fault(form(&client, &[("token", "a"), ("client_id", "b")])).await, Fault::ParameterRepeated);
    assert_eq!(fault("token=a".to_owned()).await, Fault::CredentialsAbsent);
    assert_eq!(fault("token=a&client_id=cli_nobody&client_secret=x".to_owned()).await, Fault::ClientRefused);
    let disabled = world.client(|_| ()).await;
    world.turn(&disabled, Status::Disabled).await;
    world.poll().await;
    assert_eq!(fault(form(&disabled, &[("token", "a")])).await, Fault::ClientRefused);
}

#[tokio::test]
async fn s6_refused_tries_count_by_source_as_for_tokens() {
    let world = World::new().await;
    let client = world.client(|_| ()).await;
    let (_, by_try) = REFUSED_TRIES_PER_MINUTE;
    let wrong = format!("token=a&client_id={}&client_secret=wrong", client.client.id);
    for _ in 0..by_try {
        assert_eq!(world.introspect(&wrong).await.unwrap_err().fault(), Fault::ClientRefused);
    }
    assert_eq!(world.introspect(&wrong).await.unwrap_err().fault(), Fault::RateLimited);
    assert_eq!(world.introspect(&form(&client, &[("token", "a")])).await.unwrap().into_json(), json!({ "active": false }));
    let elsewhere = world.call(&wrong, ELSEWHERE, async |call| world.endpoint.introspect(call).await).await;
    assert_eq!(elsewhere.result.unwrap_err().fault(), Fault::ClientRefused);
}

#[tokio::test]
async fn a_client_learns_all_of_its_own_token() {
    let world = World::new().await;
    let client = world.client(|_| ()).await;
    let ask = Ask::of("standard", &client).business(&world.shop).resource(LEDGER).resource(REPORTS).scope("common");
    assert_eq!(world.ask(&ask).await.status, 400, "nobody was granted it");
    let ask = Ask::of("standard", &client).business(&world.shop).resource(LEDGER).scope("ledger:read");
    let token = world.token(&ask).await;
    let worth = world.worth(&client, &token).await;
    assert_eq!(worth["jti"].as_str().unwrap().len(), 22);
    let now = world.clock_now();
    let expected = json!({
        "active": true, "iss": crate::fixture::ISSUER, "sub": client.client.id, "client_id": client.client.id, "aud": LEDGER,
        "scope": "ledger:read", "token_type": "Bearer", "iat": now, "exp": now + 3600, "jti": worth["jti"],
        "tenant_id": world.acme, "business_id": world.shop, "credential_id": client.credential.id,
    });
    assert_eq!(worth, expected);
}

impl World {
    fn clock_now(&self) -> i64 {
        self.clock.now().0
    }
}

/// CVE-2021-32701: what one caller was told another one is not.
#[tokio::test]
async fn each_caller_learns_what_concerns_the_resources_that_it_serves() {
    let world = World::new().await;
    let client = world.client(|_| ()).await;
    let (ledger, reports) = (world.server_of(&[LEDGER]).await, world.server_of(&[REPORTS]).await);
    let both = world.server_of(&[LEDGER, REPORTS]).await;
    let nobody = world.client(|_| ()).await;
    let one = world.token(&Ask::of("standard", &client).resource(LEDGER).scope("ledger:read ledger:create")).await;
    let several = world.token(&Ask::of("standard", &client).resource(REPORTS).resource(LEDGER)).await;

    for _ in 0..2 {
        let seen = world.worth(&ledger, &one).await;
        assert_eq!((&seen["aud"], &seen["scope"]), (&json!(LEDGER), &json!("ledger:read ledger:create")));
        for caller in [&reports, &nobody] {
            assert_eq!(world.worth(caller, &one).await, json!({ "active": false }));
        }
        assert_eq!(world.worth(&ledger, &several).await["aud"], json!(LEDGER));
        assert_eq!(world.worth(&reports, &several).await["aud"], json!(REPORTS));
        assert_eq!(world.worth(&both, &several).await["aud"], json!([LEDGER, REPORTS]));
        assert_eq!(world.worth(&client, &several).await["aud"], json!([REPORTS, LEDGER]));
        assert_eq!(world.worth(&nobody, &several).await, json!({ "active": false }));
    }
}

#[tokio::test]
async fn a_scope_of_another_resource_is_not_told() {
    let world = World::new().await;
    let client = world.client(|new| new.grants = vec![crate::fixture::grant(Some(LEDGER), "ledger:read common")]).await;
    let server = world.server_of(&[LEDGER]).await;
    let token = world.token(&Ask::of("standard", &client).resource(LEDGER)).await;
    assert_eq!(world.worth(&server, &token).await["scope"], json!("ledger:read common"));
    world.plant_resource(LEDGER, |resource| resource.scopes.retain(|scope| scope.name.as_str() == "common")).await;
    assert_eq!(world.worth(&server, &token).await["scope"], json!("common"));
    world.plant_resource(LEDGER, |resource| resource.scopes.clear()).await;
    assert_eq!(world.worth(&server, &token).await.get("scope"), None);
}

#[tokio::test]
async fn a_disabled_clients_tokens_are_worth_nothing_at_once_and_stay_so() {
    let world = World::new().await;
    let client = world.client(|_| ()).await;
    let server = world.server_of(&[LEDGER]).await;
    let token = world.token(&Ask::of("standard", &client).resource(LEDGER)).await;
    assert!(world.is_active(&server, &token).await);
    let before = world.directory().revocations().position();
    world.turn(&client, Status::Disabled).await;
    world.poll().await;
    assert!(world.directory().revocations().position() > before);
    assert!(!world.is_active(&server, &token).await);
    world.turn(&client, Status::Active).await;
    world.poll().await;
    assert!(!world.is_active(&server, &token).await, "ended is ended");
    assert!(!world.is_active(&client, &token).await);
    let new = world.token(&Ask::of("standard", &client).resource(LEDGER)).await;
    assert!(world.is_active(&server, &new).await);
}

#[tokio::test]
async fn what_was_read_of_a_client_counts_before_the_mark_is_heard_of() {
    let world = World::new().await;
    let server = world.server_of(&[LEDGER]).await;
    let client = world.client(|_| ()).await;
    let token = world.token(&Ask::of("standard", &client).resource(LEDGER)).await;
    // Turned off past all rules: nothing but the client's own row says so.
    world.plant_client(&client.client.id, |client| client.status = Status::Disabled).await;
    assert!(world.directory().revocations().is_empty());
    assert_eq!(world.worth(&server, &token).await, json!({ "active": false }));
}

#[tokio::test]
async fn tenants_businesses_and_secrets_that_are_turned_off_take_their_tokens_with_them() {
    let world = World::new().await;
    let server = world.client(|new| (new.tenant_id, new.serves) = (world.globex, vec![LEDGER.parse().unwrap()])).await;
    let client = world.client(|_| ()).await;
    let second = world.registry.add_secret(&sandbox(), &client.client.id, None).await.unwrap();
    world.poll().await;
    let ask = Ask::of("standard", &client).resource(LEDGER);
    let (by_first, scoped) = (world.token(&ask).await, world.token(&ask.clone().business(&world.shop)).await);
    let by_second = world.token(&ask.clone().secret(second.secret.text().expose())).await;

    world.registry.disable_secret(&sandbox(), &client.client.id, client.credential.id).await.unwrap();
    world.poll().await;
    assert!(!world.is_active(&server, &by_first).await);
    assert!(world.is_active(&server, &by_second).await, "a sibling secret's");

    let scoped_by_second = world.token(&ask.clone().secret(second.secret.text().expose()).business(&world.shop)).await;
    assert!(world.is_active(&server, &scoped_by_second).await && !world.is_active(&server, &scoped).await);
    let closed = BusinessEdit { status: Some(Status::Disabled), ..BusinessEdit::default() };
    world.registry.edit_business(&sandbox(), world.acme, world.shop, &closed).await.unwrap();
    world.poll().await;
    assert!(!world.is_active(&server, &scoped_by_second).await);
    assert!(world.is_active(&server, &by_second).await, "one without a business");

    world.registry.set_tenant_status(world.acme, Status::Disabled).await.unwrap();
    world.poll().await;
    assert!(!world.is_active(&server, &by_second).await);
}

#[tokio::test]
async fn a_secret_that_expired_ends_nothing_and_one_that_is_made_to_expire_now_does() {
    let world = World::new().await;
    let server = world.server_of(&[LEDGER]).await;
    let client = world.client(|new| new.secret_expires_at = Some(crate::fixture::timestamp(60))).await;
    let second = world.registry.add_secret(&sandbox(), &client.client.id, None).await.unwrap();
    world.poll().await;
    let ask = Ask::of("standard", &client).resource(LEDGER);
    let (first, other) = (world.token(&ask).await, world.token(&ask.secret(second.secret.text().expose())).await);
    world.clock.advance(61);
    world.poll().await;
    assert!(world.is_active(&server, &first).await);
    let id = second.credential.id;
    let now = crate::fixture::timestamp(61);
    world.registry.expire_secret(&sandbox(), &client.client.id, id, now).await.unwrap();
    world.poll().await;
    assert!(world.is_active(&server, &first).await && !world.is_active(&server, &other).await);
    // Also of a secret that proves nothing any more.
    world.registry.disable_secret(&sandbox(), &client.client.id, client.credential.id).await.unwrap();
    world.poll().await;
    assert!(!world.is_active(&server, &first).await);
}

/// Rule S11, and the fourth of the negative tests.
#[tokio::test]
async fn s11_revoked_by_secret_in_one_second_with_clocks_apart_and_a_node_behind() {
    let world = World::new().await;
    let server = world.server_of(&[LEDGER]).await;
    let client = world.client(|_| ()).await;
    let second = world.registry.add_secret(&sandbox(), &client.client.id, None).await.unwrap();
    world.poll().await;
    let ask = Ask::of("standard", &client).resource(LEDGER);
    let by_second = ask.clone().secret(second.secret.text().expose());
    // This node's clock is five seconds ahead of whoever revokes, and all happens in one second.
    world.clock.step(5);
    let before = world.token(&ask).await;
    world.clock.step(-5);
    world.registry.revoke_credential(&sandbox(), &client.client.id, client.credential.id).await.unwrap();
    world.clock.step(5);
    // The node has not heard of it: a token that it makes now is dead for all who have.
    let lagging = world.token(&ask).await;
    let sibling = world.token(&by_second).await;
    world.poll().await;
    for dead in [&before, &lagging] {
        assert!(!world.is_active(&server, dead).await);
        assert!(!world.is_active(&client, dead).await);
    }
    assert!(world.is_active(&server, &sibling).await, "a sibling secret's");
    let after = world.token(&ask).await;
    assert!(world.is_active(&server, &after).await, "nothing was turned off");
}

#[tokio::test]
async fn beyond_its_quota_all_of_a_clients_tokens_are_ended() {
    let world = World::new().await;
    let (client, other) = (world.client(|_| ()).await, world.client(|_| ()).await);
    let (first, bystander) =
        (world.token(&Ask::of("standard", &client)).await, world.token(&Ask::of("standard", &other)).await);
    let name = sandbox();
    let by = || RevokedBy { actor: crate::registry::Actor::local("test"), tenant: None, at: crate::fixture::timestamp(0) };
    for number in 0..REVOKED_TOKENS_MAX {
        let id = format!("jti-{number}");
        let token = TokenToRevoke { environment: &name, id: &id, client_id: Some(&client.client.id), expires_at: None };
        assert_eq!(revoke_token(&*world.store, token, by()).await.unwrap(), TokenRevoked::Alone);
    }
    world.poll().await;
    assert!(world.is_active(&client, &first).await);
    let last = world.token(&Ask::of("standard", &client)).await;
    let ended = world.revoke(&form(&client, &[("token", &last)])).await.unwrap();
    assert!(matches!(ended, RevocationResult::Ended(_, TokenRevoked::WithAllOfItsClient)));
    world.poll().await;
    for token in [&first, &last] {
        assert!(!world.is_active(&client, token).await);
    }
    assert!(world.is_active(&other, &bystander).await);
    let new = world.token(&Ask::of("standard", &client)).await;
    assert!(world.is_active(&client, &new).await, "and new ones are good");
}

#[tokio::test]
async fn s14_a_node_that_is_too_old_says_nothing_about_tokens() {
    let world = World::new().await;
    let client = world.client(|_| ()).await;
    let token = world.token(&Ask::of("standard", &client)).await;
    let body = form(&client, &[("token", &token)]);
    world.store.fail(true);
    world.clock.advance(240);
    assert!(world.is_active(&client, &token).await);
    world.clock.advance(1);
    assert_eq!(world.introspect(&body).await.unwrap_err(), Denial::StoreStale);
    assert_eq!(world.revoke(&body).await.unwrap_err(), Denial::StoreStale);
    let pass = world.gate(&client, &world.resource(LEDGER).to_string(), None, &format!("Bearer {token}")).await;
    assert_eq!(pass.unwrap_err(), GatewayRefusal::Undecided(Denial::StoreStale));
}

#[tokio::test]
async fn s15_tokens_from_before_a_restore_are_worth_nothing() {
    let world = World::new().await;
    let client = world.client(|_| ()).await;
    let token = world.token(&Ask::of("standard", &client)).await;
    world.store.restore();
    world.poll().await;
    assert_eq!(world.introspect(&form(&client, &[("token", &token)])).await.unwrap_err(), Denial::StoreUnconfirmed);
    world.registry.confirm_restore().await.unwrap();
    world.poll().await;
    assert!(!world.is_active(&client, &token).await);
    let new = world.token(&Ask::of("standard", &client)).await;
    assert!(world.is_active(&client, &new).await);
}

#[tokio::test]
async fn a_token_of_a_node_whose_clock_is_ahead_is_good_at_once_and_an_expired_one_never() {
    let world = World::new().await;
    let client = world.client(|_| ()).await;
    world.clock.step(5);
    let token = world.token(&Ask::of("standard", &client)).await;
    world.clock.step(-5);
    assert!(world.is_active(&client, &token).await);
    world.clock.advance(5 + 3599);
    world.poll().await;
    assert!(world.is_active(&client, &token).await);
    world.clock.advance(1);
    assert!(!world.is_active(&client, &token).await);
}

#[tokio::test]
async fn s5_a_gateway_admits_for_the_resource_that_it_serves() {
    let world = World::new().await;
    let client = world.client(|_| ()).await;
    let gateway = world.server_of(&[LEDGER]).await;
    let (ledger, reports) = (world.resource(LEDGER).to_string(), world.resource(REPORTS).to_string());
    let token = world.token(&Ask::of("standard", &client).resource(LEDGER)).await;
    let bearer = format!("bearer {token}");
    let admitted = world.gate(&gateway, &ledger, Some("scope=ledger:read+ledger:create"), &bearer).await.unwrap();
    assert_eq!(
        (admitted.scope.as_str(), admitted.token.claims.client_id.as_str()),
        ("ledger:read ledger:create", client.client.id.as_str())
    );

    let refused = async |resource: &str, query, authorization: &str| {
        world.gate(&gateway, resource, query, authorization).await.unwrap_err()
    };
    let missing = refused(&ledger, Some("scope=ledger:read+report:read"), &bearer).await;
    assert_eq!(missing, GatewayRefusal::ScopeMissing("ledger:read report:read".to_owned()));
    for elsewhere in [reports.as_str(), "res_x", ""] {
        assert!(matches!(refused(elsewhere, None, &bearer).await, GatewayRefusal::GatewayRefused(_)), "{elsewhere}");
    }
    let malformed = refused(&ledger, Some("scope=a&scope=b"), &bearer).await;
    assert_eq!(malformed, GatewayRefusal::QuestionMalformed);
    assert_eq!(refused(&ledger, None, "").await, GatewayRefusal::TokenMissing);
    assert_eq!(refused(&ledger, None, "Basic eDp5").await, GatewayRefusal::TokenMissing);
    assert_eq!(refused(&ledger, None, "Bearer ").await, GatewayRefusal::RequestMalformed);
    assert_eq!(refused(&ledger, None, &format!("{bearer},{token}")).await, GatewayRefusal::RequestMalformed);
    for bad in ["Bearer x".to_owned(), format!("DPoP {token}")] {
        assert!(matches!(refused(&ledger, None, &bad).await, GatewayRefusal::TokenRefused(_)), "{bad}");
    }
    let other = world.token(&Ask::of("standard", &client).resource(REPORTS)).await;
    assert!(matches!(refused(&ledger, None, &format!("Bearer {other}")).await, GatewayRefusal::TokenRefused(_)));
    world.registry.revoke_client(&sandbox(), &client.client.id).await.unwrap();
    world.poll().await;
    assert!(matches!(refused(&ledger, None, &bearer).await, GatewayRefusal::TokenRefused(_)));
}

#[tokio::test]
async fn s5_a_gateway_proves_itself_by_its_own_header_alone() {
    let world = World::new().await;
    let (client, gateway) = (world.client(|_| ()).await, world.server_of(&[LEDGER]).await);
    let ledger = world.resource(LEDGER).to_string();
    let bearer = format!("Bearer {}", world.token(&Ask::of("standard", &client).resource(LEDGER)).await);
    let pair = |client: &CreatedClient, secret: &str| format!("Basic {}", base64_of(&format!("{}:{secret}", client.client.id)));
    let good = pair(&gateway, gateway.secret.text().expose());
    let with = async |headers: &[(&'static str, &str)]| world.gate_with(headers, &ledger, None).await;
    assert!(with(&[("mintmark-gateway", &good), ("authorization", &bearer)]).await.is_ok());
    let own = pair(&client, client.secret.text().expose());
    for bad in [
        &[("authorization", bearer.as_str())][..],
        &[("mintmark-gateway", &good), ("mintmark-gateway", &good), ("authorization", &bearer)],
    ] {
        assert!(matches!(with(bad).await, Err(GatewayRefusal::GatewayRefused(_))), "{bad:?}");
    }
    for bad in [own.as_str(), &pair(&gateway, "wrong"), "Basic x", &bearer] {
        let refused = with(&[("mintmark-gateway", bad), ("authorization", &bearer)]).await;
        assert!(matches!(refused, Err(GatewayRefusal::GatewayRefused(_))), "{bad:?}");
    }
    let scopes = async |needed: &str| {
        with(&[("mintmark-gateway", &good), ("authorization", &bearer), ("mintmark-require-scope", needed)]).await.is_ok()
    };
    assert!(scopes("ledger:read").await && !scopes("ledger:read report:read").await);
}
