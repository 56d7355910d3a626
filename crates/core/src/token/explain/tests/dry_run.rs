//! That a dry run says what the real one would. With credentials every test of the token path checks it: the fixture sends each
//! request both ways.

use std::cell::Cell;

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use serde_json::json;

use super::super::wire::Wire;
use crate::dialect::TokenAsk;
use crate::fixture::{Ask, HERE, ISSUER, LEDGER, World, sandbox};
use crate::management::Reach;
use crate::model::{Profile, Status, TokenBinding};
use crate::registry::{ClientEdit, CreatedClient};
use crate::token::explain::{DryRun, PlannedRequest, StepVerdict, SupposedBinding, Unaskable};
use crate::token::{Denial, Exchange, HerdRules};

/// What a request would get whose client proves itself.
async fn plan(world: &World, client: &CreatedClient, ask: &Ask, binding: SupposedBinding) -> Result<DryRun, Unaskable> {
    let environment = sandbox();
    let plan = PlannedRequest {
        environment: &environment,
        dialect: world.registry.dialects.get(ask.dialect).unwrap(),
        client_id: &client.client.id,
        credential_id: None,
        scope: ask.scope.as_deref(),
        resources: &ask.resources,
        business_id: ask.business.as_deref(),
        lifetime: ask.expires_in,
        source: HERE.parse().unwrap(),
        binding,
    };
    world.endpoint.dry_run(&plan).await
}

async fn planned(world: &World, client: &CreatedClient, ask: &Ask) -> DryRun {
    plan(world, client, ask, SupposedBinding::Nothing).await.unwrap()
}

/// What a whole request would get, for somebody of a reach.
async fn rehearsed(world: &World, ask: &Ask, reach: Reach) -> DryRun {
    let dialect = world.registry.dialects.get(ask.dialect).unwrap();
    let asked = TokenAsk {
        client_id: &ask.id,
        client_secret: &ask.secret,
        scope: ask.scope.as_deref(),
        business_id: ask.business.as_deref(),
        resources: &ask.resources,
        expires_in: ask.expires_in,
    };
    let wire = Wire::of(&dialect.outgoing(&asked).0);
    let exchange = Exchange {
        environment: &sandbox(),
        dialect,
        raw: wire.raw(),
        path: &dialect.route.path,
        request_id: "req_1",
        source: ask.source.parse().unwrap(),
        certificate: None,
        herd: HerdRules::default(),
        times: None,
    };
    world.endpoint.dry_run_request(&exchange, reach).await
}

fn failed(run: &DryRun) -> &'static str {
    run.steps.iter().find(|step| step.verdict == StepVerdict::Failed).unwrap().check
}

#[tokio::test]
async fn a_planned_token_is_the_one_that_would_be_issued() {
    let world = World::new().await;
    let client = world.client(|_| ()).await;
    let ask = Ask::of("standard", &client).resource(LEDGER).scope("ledger:read").business(&world.shop).expires_in(600);
    let run = planned(&world, &client, &ask).await;
    assert!(run.passed && run.explanation.is_none(), "{run:?}");
    assert!(run.steps.iter().all(|step| step.verdict == StepVerdict::Passed));
    let planned = run.token.unwrap();
    let issued = world.ask(&ask).await;
    let text = issued.json()["access_token"].as_str().unwrap().to_owned();
    let (header, claims) = mintmark_verify::danger_decode_without_verifying(&text).unwrap();
    let mut claims = serde_json::to_value(claims).unwrap();
    claims.as_object_mut().unwrap().remove("jti");
    assert_eq!(serde_json::Value::Object(planned.claims), claims);
    assert_eq!((planned.kid, planned.lifetime, planned.token_type), (header.kid, 600, "Bearer"));
    assert_eq!(run.credential_id, issued.outcome.credential_id);
}

#[tokio::test]
async fn the_step_that_fails_is_named_with_the_reason_and_what_follows_is_not_reached() {
    let world = World::new().await;
    let client = world.client(|_| ()).await;
    for (ask, step, code) in [
        (Ask::of("standard", &client).scope("report:read"), "scope", "scope_not_granted"),
        (Ask::of("standard", &client).scope("nobody:knows"), "scope", "scope_unknown"),
        (Ask::of("standard", &client).resource("https://nobody.example"), "resource", "resource_not_granted"),
        (Ask::of("standard", &client).business(&world.foreign), "business", "business_unknown"),
        (Ask::of("standard", &client).scope("a  \"b\""), "parameters", "scope_malformed"),
    ] {
        let run = planned(&world, &client, &ask).await;
        let explained = run.explanation.as_ref().unwrap();
        assert_eq!((run.passed, failed(&run), explained.code), (false, step, code));
        let at = run.steps.iter().position(|step| step.verdict == StepVerdict::Failed).unwrap();
        assert!(run.steps[..at].iter().all(|step| step.verdict == StepVerdict::Passed));
        assert!(run.steps[at + 1..].iter().all(|step| step.verdict == StepVerdict::NotReached));
        assert!(run.token.is_none() && run.told.is_some());
    }
}

#[tokio::test]
async fn a_plan_supposes_that_the_client_proves_itself_and_nothing_else() {
    let world = World::new().await;
    let client = world.client(|_| ()).await;
    let ask = Ask::of("standard", &client);
    let id = &client.client.id;
    world.registry.disable_secret(&sandbox(), id, client.credential.id).await.unwrap();
    world.poll().await;
    assert_eq!(planned(&world, &client, &ask).await.denial, Some(Denial::SecretDisabled));
    let other = world.client(|_| ()).await;
    let off = ClientEdit { status: Some(Status::Disabled), ..ClientEdit::default() };
    world.registry.edit_client(&sandbox(), &other.client.id, &off).await.unwrap();
    world.poll().await;
    assert_eq!(planned(&world, &other, &ask).await.denial, Some(Denial::ClientDisabled));
}

#[tokio::test]
async fn a_plan_shows_what_a_token_would_be_bound_to() {
    let world = World::new().await;
    let client = world.client(|new| new.security.token_binding = TokenBinding::Either).await;
    let ask = Ask::of("standard", &client);
    assert_eq!(planned(&world, &client, &ask).await.explanation.unwrap().code, "dpop_missing");
    for (binding, member, token_type) in
        [(SupposedBinding::Dpop, "jkt", "DPoP"), (SupposedBinding::Certificate, "x5t#S256", "Bearer")]
    {
        let token = plan(&world, &client, &ask, binding).await.unwrap().token.unwrap();
        assert_eq!(token.token_type, token_type);
        assert!(token.claims["cnf"][member].as_str().unwrap().contains("client"), "{token:?}");
    }
    world.plant_client(&client.client.id, |client| client.profile = Some(Profile::Fapi2)).await;
    let refused = plan(&world, &client, &ask, SupposedBinding::Dpop).await.unwrap();
    assert_eq!(refused.explanation.unwrap().code, "authentication_method_not_allowed", "a secret");
}

#[tokio::test]
async fn what_a_dialect_has_no_place_for_cannot_be_planned() {
    let world = World::new().await;
    let client = world.client(|_| ()).await;
    let ask = Ask::of("firstvision", &client).resource(LEDGER);
    let planned = plan(&world, &client, &ask, SupposedBinding::Nothing).await;
    assert_eq!(planned.unwrap_err().left, ["resource"]);
}

#[tokio::test]
async fn dry_runs_use_up_no_limit_and_tell_when_one_is_reached() {
    let world = World::new().await;
    let client = world.client(|_| ()).await;
    let ask = Ask::of("asset", &client);
    for _ in 0..400 {
        assert!(planned(&world, &client, &ask).await.passed);
    }
    for left in (0..300).rev() {
        assert_eq!(world.ask(&ask).await.header("x-ratelimit-remaining"), Some(left.to_string().as_str()));
    }
    let run = planned(&world, &client, &ask).await;
    assert_eq!((failed(&run), run.explanation.unwrap().code), ("limits", "tenant_limited"));
    let wrong = Ask::of("standard", &client).secret("guess");
    for _ in 0..100 {
        assert_eq!(rehearsed(&world, &wrong, Reach::Operator).await.denial, Some(Denial::WrongSecret));
    }
}

#[tokio::test]
async fn s5_to_a_tenant_anothers_client_is_as_if_it_did_not_exist() {
    let world = World::new().await;
    let client = world.client(|_| ()).await;
    let globex = Reach::Tenant(world.globex);
    let nobody = Ask { id: "cli_nobody".to_owned(), ..Ask::of("standard", &client) };
    for ask in [Ask::of("standard", &client), Ask::of("standard", &client).secret("wrong"), nobody] {
        let run = rehearsed(&world, &ask, globex).await;
        assert_eq!((run.denial, run.client_id, run.token), (Some(Denial::UnknownClient), None, None));
        let none = world.endpoint.explain_to(globex, &sandbox(), Some(&ask.id.parse().unwrap()), &Denial::WrongSecret).await;
        assert_eq!(none.unwrap(), None);
    }
    let ask = Ask::of("standard", &client).secret("wrong");
    assert_eq!(rehearsed(&world, &ask, Reach::Tenant(world.acme)).await.denial, Some(Denial::WrongSecret));
    let id = Some(&client.client.id);
    let own = world.endpoint.explain_to(Reach::Tenant(world.acme), &sandbox(), id, &Denial::WrongSecret).await.unwrap();
    assert_eq!(own.unwrap().code, "secret_wrong");
    let unknown = async |reach| world.endpoint.explain_to(reach, &sandbox(), None, &Denial::UnknownClient).await.unwrap();
    assert!(unknown(Reach::Operator).await.is_some() && unknown(Reach::Tenant(world.acme)).await.is_none());
}

#[derive(Clone, Debug)]
struct Case {
    dialect: &'static str,
    scope: Option<Vec<&'static str>>,
    resources: Vec<&'static str>,
    business: Option<usize>,
    expires_in: Option<u32>,
}

fn case() -> impl Strategy<Value = Case> {
    let scopes = &["business:read", "read", "ledger:read", "ledger:create", "report:read", "common", "unknown"][..];
    let resources = &[ISSUER, LEDGER, "https://nobody.example"][..];
    let asked = (
        prop::sample::select(&["standard", "asset"][..]),
        prop::option::of(prop::sample::subsequence(scopes, 1..=2)),
        prop::sample::subsequence(resources, 0..=2),
        prop::option::of(0..4_usize),
        prop::option::of(0..200_000_u32),
    );
    asked.prop_map(|(dialect, scope, resources, business, expires_in)| Case { dialect, scope, resources, business, expires_in })
}

#[test]
fn a_plan_gets_the_verdict_of_the_request_that_is_planned() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let world = runtime.block_on(World::new());
    let client = runtime.block_on(world.client(|_| ()));
    let unknown = crate::model::BusinessId::none();
    let verdicts = Cell::new((0, 0));
    let check = |case: Case| {
        let businesses = [world.shop, world.depot, world.foreign];
        let ask = Ask {
            scope: case.scope.map(|scopes| scopes.join(" ")),
            resources: case.resources.iter().map(|uri| (*uri).to_owned()).collect(),
            business: case.business.map(|which| businesses.get(which).unwrap_or(&unknown).to_string()),
            expires_in: case.expires_in,
            ..Ask::of(case.dialect, &client)
        };
        let run = runtime.block_on(planned(&world, &client, &ask));
        let answer = runtime.block_on(world.ask(&ask));
        world.clock.advance(60);
        runtime.block_on(world.poll());
        assert_eq!(run.denial.as_ref(), answer.outcome.result.as_ref().err());
        assert_eq!(run.passed, answer.status == 200);
        let (passed, refused) = verdicts.get();
        verdicts.set((passed + u32::from(run.passed), refused + u32::from(!run.passed)));
        Ok(())
    };
    let mut runner = TestRunner::new(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() });
    runner.run(&case(), check).unwrap();
    let (passed, refused) = verdicts.get();
    assert!(passed >= 10 && refused >= 10, "{passed} {refused}: the cases test nothing");
}

#[tokio::test]
async fn a_dry_run_can_be_told_as_json_without_the_secret() {
    let world = World::new().await;
    let client = world.client(|_| ()).await;
    let ask = Ask::of("standard", &client);
    let told = serde_json::to_value(rehearsed(&world, &ask, Reach::Operator).await).unwrap();
    assert_eq!((told["passed"].clone(), told["steps"][0]["verdict"].clone()), (json!(true), json!("passed")));
    assert!(!told.to_string().contains(ask.secret.expose()));
}
