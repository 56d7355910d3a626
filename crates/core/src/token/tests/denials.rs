//! Each reason to say no, and what each dialect tells of it.

use http::HeaderMap;
use mintmark_verify::Algorithm;

use super::super::Denial;
use crate::crypto::SignerThreads;
use crate::fixture::{Answer, Ask, LEDGER, REPORTS, World, grant, sandbox};
use crate::model::{BusinessAccess, Status};
use crate::registry::{BusinessEdit, ClientEdit, CreatedClient};

/// Asks in three dialects and checks the statuses: standard, asset, standard-metrics.
async fn check(world: &World, ask: impl Fn(&'static str) -> Ask, expected: &Denial, statuses: [u16; 3]) {
    for (dialect, status) in ["standard", "asset", "standard-metrics"].into_iter().zip(statuses) {
        if status == 0 {
            continue;
        }
        let answer = world.ask(&ask(dialect)).await;
        assert_eq!(answer.denial(), expected, "{dialect}");
        assert_eq!(answer.status, status, "{dialect} {}", answer.body);
    }
}

fn error(answer: &Answer) -> String {
    answer.json()["error"].as_str().unwrap_or_default().to_owned()
}

async fn world_with_client() -> (World, CreatedClient) {
    let world = World::new().await;
    let client = world.client(|_| ()).await;
    (world, client)
}

#[tokio::test]
async fn wrong_secrets_and_clients_out_of_force_are_refused_with_401() {
    let (world, client) = world_with_client().await;
    let good = |dialect| Ask::of(dialect, &client);
    check(&world, |dialect| Ask::with(dialect, "cli_nobody", "x"), &Denial::UnknownClient, [401; 3]).await;
    check(&world, |dialect| good(dialect).secret("wrong"), &Denial::WrongSecret, [401; 3]).await;
    let mistyped = format!("{}x", client.secret.text().expose());
    check(&world, |dialect| good(dialect).secret(&mistyped), &Denial::SecretMistyped, [401; 3]).await;

    world
        .registry
        .expire_secret(&sandbox(), &client.client.id, client.credential.id, crate::fixture::timestamp(10))
        .await
        .unwrap();
    world.poll().await;
    world.clock.advance(10);
    check(&world, good, &Denial::SecretExpired, [401; 3]).await;
    world.registry.disable_secret(&sandbox(), &client.client.id, client.credential.id).await.unwrap();
    world.poll().await;
    check(&world, good, &Denial::SecretDisabled, [401; 3]).await;
}

/// CVE-2025-64521.
#[tokio::test]
async fn a_disabled_client_and_one_of_a_disabled_tenant_are_refused_with_401() {
    let (world, client) = world_with_client().await;
    let good = |dialect| Ask::of(dialect, &client);
    let off = |status| ClientEdit { status: Some(status), ..ClientEdit::default() };
    world.registry.edit_client(&sandbox(), &client.client.id, &off(Status::Disabled)).await.unwrap();
    world.poll().await;
    check(&world, good, &Denial::ClientDisabled, [401; 3]).await;
    world.registry.edit_client(&sandbox(), &client.client.id, &off(Status::Active)).await.unwrap();
    world.registry.set_tenant_status(world.acme, Status::Disabled).await.unwrap();
    world.poll().await;
    check(&world, good, &Denial::TenantDisabled, [401; 3]).await;
    world.registry.set_tenant_status(world.acme, Status::Active).await.unwrap();
    world.poll().await;
    assert_eq!(world.ask(&good("standard")).await.status, 200);
}

#[tokio::test]
async fn credentials_that_are_absent_malformed_or_repeated_are_refused() {
    let (world, _) = world_with_client().await;
    let form = |more: &str| (format!("grant_type=client_credentials{more}"), "application/x-www-form-urlencoded");
    let send = async |dialect, authorization: &[&str], more: &str| {
        let (body, content_type) = form(more);
        let mut headers: HeaderMap = [(http::header::CONTENT_TYPE, content_type.parse().unwrap())].into_iter().collect();
        for value in authorization {
            headers.append(http::header::AUTHORIZATION, value.parse().unwrap());
        }
        world.send(dialect, crate::fixture::HERE, None, &headers, &body).await
    };
    for dialect in ["standard", "standard-metrics"] {
        let absent = send(dialect, &[], "").await;
        assert_eq!((absent.denial(), absent.status), (&Denial::CredentialsAbsent, 401));
        let malformed = send(dialect, &["Bearer x"], "").await;
        assert_eq!((malformed.denial(), malformed.status), (&Denial::CredentialsMalformed, 401));
        assert_eq!(absent.wire(), malformed.wire());
        let repeated = send(dialect, &["Basic YTpi", "Basic YTpi"], "").await;
        assert_eq!(
            (repeated.denial(), repeated.status, error(&repeated).as_str()),
            (&Denial::CredentialsRepeated, 400, "invalid_request")
        );
    }
    let absent = send("asset", &["Basic YTpi"], "&client_id=me").await;
    assert_eq!((absent.denial(), absent.status), (&Denial::CredentialsAbsent, 401));
    let repeated = send("asset", &[], "&client_id=me&client_secret=a&client_secret=b").await;
    assert_eq!((repeated.denial(), repeated.status), (&Denial::CredentialsRepeated, 401));
}

#[tokio::test]
async fn firstvision_tells_problems_in_its_documented_order() {
    let (world, client) = world_with_client().await;
    let basic = |id: &str, secret: &str| {
        use base64::Engine;
        format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(format!("{id}:{secret}")))
    };
    let good = basic(client.client.id.as_str(), client.secret.text().expose());
    let send = async |query: Option<&str>, authorization: Option<&str>, body: &str| {
        let mut headers = HeaderMap::new();
        if let Some(value) = authorization {
            headers.insert(http::header::AUTHORIZATION, value.parse().unwrap());
        }
        let answer = world.send("firstvision", crate::fixture::HERE, query, &headers, body).await;
        (answer.status, answer.json()[0]["errorCode"].as_str().unwrap_or_default().to_owned())
    };
    let coded = |status: u16, code: &str| (status, code.to_owned());
    assert_eq!(send(None, None, "x").await, coded(400, "240005"));
    assert_eq!(send(None, None, "").await, coded(400, "240002"));
    assert_eq!(send(None, Some("Bearer x"), "").await, coded(400, "240009"), "scope is told before bad credentials");
    assert_eq!(send(Some(&format!("scope={}", "x".repeat(51))), Some("Bearer x"), "").await, coded(400, "240010"));
    assert_eq!(send(Some("scope=edit&grant_type=password"), Some("Bearer x"), "").await, coded(400, "240010"));
    for (query, authorization) in [
        ("scope=edit", "Bearer x"),
        ("scope=edit", basic("nobody", "x").as_str()),
        ("scope=edit", basic(client.client.id.as_str(), "wrong").as_str()),
        ("scope=unknown", good.as_str()),
        ("scope=a%20%20b", good.as_str()),
    ] {
        assert_eq!(send(Some(query), Some(authorization), "").await, coded(401, "240101"), "{query} {authorization}");
    }
    assert_eq!(send(Some("scope=edit"), Some(&good), "").await, coded(200, ""));
}

#[tokio::test]
async fn standard_metrics_tells_problems_in_its_documented_order() {
    let (world, client) = world_with_client().await;
    let ask = |scope: &str| Ask::of("standard-metrics", &client).scope(scope);
    let headers: HeaderMap =
        [(http::header::CONTENT_TYPE, "application/x-www-form-urlencoded".parse().unwrap())].into_iter().collect();
    let form = async |query: Option<&str>, body: &str| {
        error(&world.send("standard-metrics", crate::fixture::HERE, query, &headers, body).await)
    };
    assert_eq!(form(Some("x=1"), "").await, "invalid_request", "a query first");
    assert_eq!(form(None, "client_id=nobody&client_secret=x").await, "unsupported_grant_type", "then the grant");
    assert_eq!(form(None, "grant_type=password&client_id=nobody&client_secret=x").await, "unsupported_grant_type");
    assert_eq!(form(None, "grant_type=client_credentials&scope=&resource=foo").await, "invalid_client", "then the client");
    assert_eq!(error(&world.ask(&ask("a  b")).await), "invalid_scope");
    assert_eq!(error(&world.ask(&ask("unknown")).await), "invalid_scope");
    assert_eq!(error(&world.ask(&ask("read").resource("foo")).await), "invalid_target");
    world.plant_client(&client.client.id, |client| client.dialects.clear()).await;
    assert_eq!(error(&world.ask(&ask("a  b")).await), "unauthorized_client", "the scope is told after the right to be here");
}

#[tokio::test]
async fn s2_a_client_uses_the_dialects_that_it_lists() {
    let world = World::new().await;
    let client = world.client(|new| new.dialects = vec!["asset".parse().unwrap()]).await;
    assert_eq!(world.ask(&Ask::of("asset", &client)).await.status, 200);
    let refused = world.ask(&Ask::of("standard", &client)).await;
    assert_eq!(refused.denial(), &Denial::DialectNotAllowed("standard".parse().unwrap()));
    assert_eq!((refused.status, error(&refused).as_str()), (400, "unauthorized_client"));
    assert_eq!(refused.outcome.credential_id, Some(client.credential.id), "the log knows which secret was used");
}

#[tokio::test]
async fn a_client_without_an_attribute_that_tokens_must_carry_gets_none() {
    let (world, client) = world_with_client().await;
    world.plant_client(&client.client.id, |client| client.attributes.clear()).await;
    let refused = world.ask(&Ask::of("firstvision", &client)).await;
    assert_eq!((refused.denial(), refused.status), (&Denial::AttributeMissing("firstVisionId".to_owned()), 401));
}

/// CVE-2024-52287.
#[tokio::test]
async fn a_scope_outside_the_grant_is_refused_and_nothing_is_narrowed() {
    let (world, client) = world_with_client().await;
    for (asked, known) in
        [("ledger:read", Some("ledger:read")), ("unknown", None), ("read ledger:read", Some("ledger:read")), ("READ", None)]
    {
        // What nobody understands may be a secret in the wrong place, and so is not named.
        let scope = known.map(|scope| scope.parse().unwrap());
        check(&world, |dialect| Ask::of(dialect, &client).scope(asked), &Denial::ScopeNotGranted(scope), [400, 403, 400]).await;
    }
    let at_ledger = world.ask(&Ask::of("standard", &client).resource(LEDGER).scope("common")).await;
    assert_eq!(at_ledger.denial(), &Denial::ScopeNotGranted(Some("common".parse().unwrap())), "understood, not granted");
    world.plant_resource(LEDGER, |resource| resource.scopes.retain(|scope| scope.name.as_str() != "ledger:read")).await;
    let gone = world.ask(&Ask::of("standard", &client).resource(LEDGER).scope("ledger:read")).await;
    assert_eq!(gone.denial(), &Denial::ScopeNotGranted(None), "granted, no longer understood");
}

#[tokio::test]
async fn a_scope_of_one_resource_is_not_carried_to_another_that_understands_it() {
    let world = World::new().await;
    let client = world
        .client(|new| new.grants = vec![grant(Some(LEDGER), "common ledger:read"), grant(Some(REPORTS), "report:read")])
        .await;
    let both = |scope: Option<&str>| Ask {
        scope: scope.map(str::to_owned),
        ..Ask::of("standard", &client).resource(LEDGER).resource(REPORTS)
    };
    let refused = world.ask(&both(Some("common"))).await;
    assert_eq!(
        refused.denial(),
        &Denial::ScopeNotGranted(Some("common".parse().unwrap())),
        "the reports API would take it for its own"
    );
    let granted = world.ask(&both(None)).await;
    assert_eq!(world.verify(&granted, REPORTS).scope.as_deref(), Some("ledger:read report:read"));
    assert_eq!(world.ask(&Ask::of("standard", &client).resource(LEDGER).scope("common")).await.status, 200);
}

#[tokio::test]
async fn a_resource_outside_the_grant_is_refused_like_one_that_does_not_exist() {
    let world = World::new().await;
    let client = world.client(|new| new.grants = vec![grant(Some(LEDGER), "ledger:read")]).await;
    for resource in [REPORTS, "https://nobody.example", "https://ledger.example/"] {
        let ask = |dialect| Ask::of(dialect, &client).resource(LEDGER).resource(resource);
        check(&world, ask, &Denial::ResourceNotGranted, [400, 403, 400]).await;
    }
    assert_eq!(error(&world.ask(&Ask::of("standard", &client).resource(REPORTS)).await), "invalid_target");
}

#[tokio::test]
async fn an_ungranted_resource_and_an_unknown_one_look_alike_with_any_scope() {
    let world = World::new().await;
    let client = world.client(|new| new.grants = vec![grant(Some(LEDGER), "ledger:read")]).await;
    for scope in ["ledger:read", "report:read", "common", "unknown"] {
        let ask = |resource| Ask::of("standard", &client).resource(resource).scope(scope);
        let (ungranted, unknown) = (world.ask(&ask(REPORTS)).await, world.ask(&ask("https://nobody.example")).await);
        assert_eq!(ungranted.wire(), unknown.wire(), "{scope}");
    }
}

#[tokio::test]
async fn resources_that_want_different_algorithms_are_refused() {
    let (world, client) = world_with_client().await;
    world.plant_resource(REPORTS, |resource| resource.algorithm = Some(Algorithm::Rs256)).await;
    let ask = |dialect| Ask::of(dialect, &client).resource(LEDGER).resource(REPORTS);
    check(&world, ask, &Denial::ResourcesDisagree, [400, 403, 400]).await;
}

#[tokio::test]
async fn businesses_that_cannot_be_acted_for_are_refused() {
    let world = World::new().await;
    let both = world.client(|new| new.businesses = BusinessAccess::Only(vec![world.shop, world.depot])).await;
    let (shop, depot) = (world.shop, world.depot);
    check(&world, |dialect| Ask::of(dialect, &both), &Denial::BusinessNotNamed, [400, 403, 400]).await;
    let one = world.client(|new| new.businesses = BusinessAccess::Only(vec![shop])).await;
    check(&world, |dialect| Ask::of(dialect, &one).business(&depot), &Denial::BusinessNotAllowed(depot), [400, 403, 0]).await;
    check(&world, |dialect| Ask::of(dialect, &one).business(&"biz_1"), &Denial::BusinessUnknown, [400, 404, 0]).await;
    let edit = BusinessEdit { status: Some(Status::Disabled), ..BusinessEdit::default() };
    world.registry.edit_business(&sandbox(), world.acme, shop, &edit).await.unwrap();
    world.poll().await;
    check(&world, |dialect| Ask::of(dialect, &one).business(&shop), &Denial::BusinessDisabled(shop), [400, 403, 0]).await;
    check(&world, |dialect| Ask::of(dialect, &one), &Denial::BusinessDisabled(shop), [400, 403, 400]).await;
}

#[tokio::test]
async fn too_many_requests_in_work_are_answered_with_503() {
    let (mut world, client) = world_with_client().await;
    world.endpoint.in_flight_max = 0;
    let refused = world.ask(&Ask::of("standard", &client)).await;
    assert_eq!((refused.denial(), refused.status, refused.header("retry-after")), (&Denial::Overloaded, 503, Some("1")));
    world.endpoint.in_flight_max = 1;
    for _ in 0..3 {
        assert_eq!(world.ask(&Ask::of("standard", &client)).await.status, 200, "each request leaves room again");
        assert_eq!(world.ask(&Ask::of("standard", &client).secret("wrong")).await.status, 401);
    }
}

#[tokio::test]
async fn a_full_signer_queue_is_answered_with_503() {
    let (mut world, client) = world_with_client().await;
    let stuck = SignerThreads::stuck();
    world.endpoint.signers = stuck;
    let refused = world.ask(&Ask::of("firstvision", &client)).await;
    assert_eq!((refused.denial(), refused.status, refused.header("retry-after")), (&Denial::SignerBusy, 503, Some("1")));
    assert_eq!(world.ask(&Ask::of("standard", &client)).await.status, 200, "quick signatures need no queue");
}

#[tokio::test]
async fn without_a_key_for_the_algorithm_there_is_503() {
    let (world, client) = world_with_client().await;
    world.plant_resource(LEDGER, |resource| resource.algorithm = Some(Algorithm::Ps256)).await;
    let refused = world.ask(&Ask::of("standard", &client).resource(LEDGER)).await;
    assert_eq!((refused.denial(), refused.status), (&Denial::NoSigningKey("PS256".to_owned()), 503));
    assert_eq!(refused.header("retry-after"), Some("5"));
}

#[tokio::test]
async fn every_bad_field_is_listed_by_asset() {
    let (world, _) = world_with_client().await;
    let headers: HeaderMap =
        [(http::header::CONTENT_TYPE, "application/x-www-form-urlencoded".parse().unwrap())].into_iter().collect();
    let answer = world
        .send("asset", crate::fixture::HERE, None, &headers, "expires_in=0&grant_type=password&client_secret=hunter2")
        .await;
    assert_eq!(answer.status, 422);
    let fields: Vec<String> =
        answer.json()["data"].as_array().unwrap().iter().map(|one| one["loc"][1].as_str().unwrap().to_owned()).collect();
    assert_eq!(fields, ["client_id", "grant_type", "expires_in"]);
    assert!(!answer.body.contains("password") && !answer.body.contains("hunter2"), "no rejected value comes back");
}
