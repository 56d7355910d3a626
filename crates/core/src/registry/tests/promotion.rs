use mintmark_verify::Algorithm;

use super::super::*;
use crate::fixture::{LEDGER, REPORTS, World, grant, sandbox, scopes};
use crate::model::{BusinessAccess, BusinessId, ClientId, EnvironmentName, QuotaSubject, Status};
use crate::registry::CreatedClient;
use crate::store::AuditFilter;

const ISSUER: &str = "https://auth.example";
/// The ledger of production has an address of its own, and its sandbox is called as it is.
const LIVE_LEDGER: &str = "https://live.ledger.example";

fn production() -> EnvironmentName {
    "production".parse().unwrap()
}

/// A world with a second environment, of the resources that the test names: their URIs, names and scopes.
async fn world_with(resources: &[(&str, &str, &str)]) -> World {
    let world = World::new().await;
    let new =
        NewEnvironment { name: production(), issuer: ISSUER.to_owned(), algorithm: Algorithm::Es256, lifetime_max: 86_400 };
    world.registry.create_environment(new, Vec::new()).await.unwrap();
    let own = ResourceEdit { add_scopes: scopes("read write edit"), ..ResourceEdit::default() };
    world.registry.edit_resource(&production(), &ISSUER.parse().unwrap(), &own).await.unwrap();
    for (uri, name, known) in resources {
        let new = NewResource {
            environment: production(),
            uri: uri.parse().unwrap(),
            name: (*name).to_owned(),
            scopes: scopes(known),
            algorithm: None,
            token_format: None,
        };
        world.registry.create_resource(new).await.unwrap();
    }
    let named = ResourceEdit { name: Some("Ledger".to_owned()), ..ResourceEdit::default() };
    world.registry.edit_resource(&sandbox(), &LEDGER.parse().unwrap(), &named).await.unwrap();
    world
}

async fn whole_world() -> World {
    world_with(&[(LIVE_LEDGER, "Ledger", "ledger:read ledger:create"), (REPORTS, "Reports", "report:read")]).await
}

async fn plan(world: &World, client: &CreatedClient) -> PromotionPlan {
    world.registry.promotion_plan(&client.client.id, &sandbox(), &production()).await.unwrap()
}

async fn apply(world: &World, id: &ClientId, digest: &str) -> Outcome<Promoted> {
    world.registry.promote(id, (&sandbox(), &production()), digest).await
}

fn fields(plan: &PromotionPlan) -> Vec<(&str, Option<&str>, Option<&str>)> {
    plan.differences.iter().map(|one| (one.field.as_str(), one.before.as_deref(), one.after.as_deref())).collect()
}

fn left_behind(plan: &PromotionPlan) -> Vec<String> {
    plan.blocked.iter().map(|one| format!("{}: {}", one.what, one.why)).collect()
}

async fn business(world: &World, environment: &EnvironmentName, external_id: Option<&str>) -> BusinessId {
    let external_id = external_id.map(str::to_owned);
    let new = NewBusiness { environment: environment.clone(), tenant_id: world.acme, name: "Bakery".to_owned(), external_id };
    world.registry.create_business(new).await.unwrap().id
}

#[tokio::test]
async fn a_client_is_made_in_production_as_the_plan_says_and_without_a_credential() {
    let world = whole_world().await;
    let client = world.client(|new| new.lifetime_max = Some(600)).await;
    let plan = plan(&world, &client).await;
    assert!(plan.creates && plan.blocked.is_empty() && plan.refusal.is_none(), "{plan:?}");
    for expected in [
        ("name", None, Some("Exporter")),
        ("lifetime_max", None, Some("600")),
        ("attribute firstVisionId", None, Some("\"FV1\"")),
        ("businesses", None, Some("all")),
        ("grant at https://auth.example", None, Some("business:read read write edit")),
        ("grant at https://live.ledger.example", None, Some("ledger:read ledger:create")),
        ("grant at https://reports.example", None, Some("report:read")),
    ] {
        assert!(fields(&plan).contains(&expected), "{expected:?} in {:?}", fields(&plan));
    }
    let text = serde_json::to_string(&plan).unwrap();
    let secret = client.secret.text().expose();
    assert!(!text.contains(secret) && !text.contains(&client.credential.id.to_string()), "{text}");

    let promoted = apply(&world, &client.client.id, &plan.digest).await.unwrap();
    assert!(promoted.changed);
    let record = world.store.client_record(&production(), &client.client.id).await.unwrap().value.unwrap();
    assert_eq!((record.client, record.credentials), (promoted.client, Vec::new()));
    let row = world.store.audit(&AuditFilter::default(), None, 1).await.unwrap().remove(0);
    assert_eq!((row.action.as_str(), row.before), ("client.promote", None));
}

#[tokio::test]
async fn to_apply_a_plan_twice_changes_nothing() {
    let world = whole_world().await;
    let client = world.client(|_| ()).await;
    let digest = plan(&world, &client).await.digest;
    apply(&world, &client.client.id, &digest).await.unwrap();
    let head = world.store.feed(crate::model::Position(0), 1).await.unwrap().head;
    let again = apply(&world, &client.client.id, &digest).await.unwrap();
    assert!(!again.changed && again.plan.differences.is_empty());
    assert_eq!(world.store.feed(crate::model::Position(0), 1).await.unwrap().head, head);
}

#[tokio::test]
async fn a_plan_brings_a_client_up_to_date_and_leaves_its_standing_and_secrets_alone() {
    let world = whole_world().await;
    let client = world.client(|_| ()).await;
    let id = &client.client.id;
    apply(&world, id, &plan(&world, &client).await.digest).await.unwrap();
    let secret = world.registry.add_secret(&production(), id, None).await.unwrap();
    let off = ClientEdit { status: Some(Status::Disabled), ..ClientEdit::default() };
    world.registry.edit_client(&production(), id, &off).await.unwrap();
    let edit = ClientEdit {
        grant: Some(grant(Some(LEDGER), "ledger:read")),
        revoke: Some(REPORTS.parse().unwrap()),
        name: Some("Importer".to_owned()),
        ..ClientEdit::default()
    };
    world.registry.edit_client(&sandbox(), id, &edit).await.unwrap();
    let plan = plan(&world, &client).await;
    let expected = [
        ("grant at https://live.ledger.example", Some("ledger:read ledger:create"), Some("ledger:read")),
        ("grant at https://reports.example", Some("report:read"), None),
        ("name", Some("Exporter"), Some("Importer")),
    ];
    assert_eq!((fields(&plan).as_slice(), plan.creates), (&expected[..], false));
    apply(&world, id, &plan.digest).await.unwrap();
    let record = world.store.client_record(&production(), id).await.unwrap().value.unwrap();
    assert_eq!((record.client.status, record.credentials), (Status::Disabled, vec![secret.credential]));
}

#[tokio::test]
async fn a_quota_is_each_environments_own_and_the_plan_says_so_where_there_is_none() {
    let world = whole_world().await;
    let client = world.client(|_| ()).await;
    let subject = QuotaSubject::Client(client.client.id.clone());
    let without = plan(&world, &client).await;
    let limits = QuotaEdit { per_minute: Some(Some(60)), per_day: Some(Some(900)), ..QuotaEdit::default() };
    world.registry.edit_quota(&sandbox(), &subject, &limits).await.unwrap();
    let with = plan(&world, &client).await;
    let told = "quota of 60 in a minute, 900 in a day: each environment has quotas of its own, and production has none for the \
                client; the operator sets it there";
    assert_eq!(left_behind(&with), [told]);
    assert!(with.digest != without.digest && with.refusal.is_none());
    apply(&world, &client.client.id, &with.digest).await.unwrap();
    assert_eq!(world.store.quota(&production(), &subject).await.unwrap(), None);

    // One that is there is neither widened nor taken away by whoever edits clients.
    let small = QuotaEdit { per_day: Some(Some(5)), ..QuotaEdit::default() };
    let small = world.registry.edit_quota(&production(), &subject, &small).await.unwrap();
    let rename = ClientEdit { name: Some("Importer".to_owned()), ..ClientEdit::default() };
    world.registry.edit_client(&sandbox(), &client.client.id, &rename).await.unwrap();
    let plan = plan(&world, &client).await;
    assert_eq!(left_behind(&plan), [""; 0]);
    apply(&world, &client.client.id, &plan.digest).await.unwrap();
    assert_eq!(world.store.quota(&production(), &subject).await.unwrap(), Some(small));
}

#[tokio::test]
async fn what_was_changed_since_the_review_makes_another_plan() {
    let world = whole_world().await;
    let client = world.client(|_| ()).await;
    let id = &client.client.id;
    let reviewed = plan(&world, &client).await.digest;
    let wider = ClientEdit { grant: Some(grant(None, "business:read")), ..ClientEdit::default() };
    world.registry.edit_client(&sandbox(), id, &wider).await.unwrap();
    let refused = apply(&world, id, &reviewed).await;
    assert!(matches!(&refused, Err(RegistryError::NotAllowed(why)) if why.contains("review the new plan")), "{refused:?}");
    assert!(world.store.client_record(&production(), id).await.unwrap().value.is_none());
    let reviewed = plan(&world, &client).await.digest;
    apply(&world, id, &reviewed).await.unwrap();

    // The other side, and what has nothing to do with it.
    let renamed = |name: &str| ClientEdit { name: Some(name.to_owned()), ..ClientEdit::default() };
    world.registry.edit_client(&sandbox(), id, &renamed("New name")).await.unwrap();
    let reviewed = plan(&world, &client).await.digest;
    world.registry.add_secret(&production(), id, None).await.unwrap();
    world.registry.add_secret(&sandbox(), id, None).await.unwrap();
    assert_eq!(plan(&world, &client).await.digest, reviewed, "a secret is no part of it");
    world.registry.edit_client(&production(), id, &renamed("By hand")).await.unwrap();
    assert!(matches!(apply(&world, id, &reviewed).await, Err(RegistryError::NotAllowed(_))));
}

#[tokio::test]
async fn what_production_lacks_stays_behind_with_a_reason() {
    let world = world_with(&[(LIVE_LEDGER, "Ledger", "ledger:read")]).await;
    let client = world.client(|new| new.serves = vec![REPORTS.parse().unwrap()]).await;
    let plan = plan(&world, &client).await;
    let behind = left_behind(&plan);
    assert_eq!(behind.len(), 3, "{behind:?}");
    for words in [
        "scope ledger:create: https://live.ledger.example does not understand it in production",
        "grant of report:read at https://reports.example: production has no resource of that URI",
        "server of https://reports.example: production has no resource of that URI",
    ] {
        assert!(behind.iter().any(|line| line.starts_with(words)), "{words}: {behind:?}");
    }
    let promoted = apply(&world, &client.client.id, &plan.digest).await.unwrap().client;
    assert_eq!(promoted.grants.len(), 2);
    assert!(promoted.serves.is_empty());
}

#[tokio::test]
async fn two_resources_of_one_name_are_not_guessed_between() {
    let world = world_with(&[(LIVE_LEDGER, "Ledger", "ledger:read"), ("https://b.example", "Ledger", "ledger:read")]).await;
    let client = world.client(|new| new.grants = vec![grant(Some(LEDGER), "ledger:read")]).await;
    let plan = plan(&world, &client).await;
    assert!(left_behind(&plan)[0].starts_with("grant of ledger:read at https://ledger.example"), "{plan:?}");
}

#[tokio::test]
async fn businesses_are_found_by_the_tenants_own_name_for_them() {
    let world = whole_world().await;
    let (known, unknown) = (business(&world, &sandbox(), Some("b-1")).await, business(&world, &sandbox(), Some("b-2")).await);
    let (nameless, live) = (world.shop, business(&world, &production(), Some("b-1")).await);
    let client = world.client(|new| new.businesses = BusinessAccess::Only(vec![known, unknown, nameless])).await;
    let plan = plan(&world, &client).await;
    let behind = left_behind(&plan);
    assert!(behind[0].contains("no business with the external id \"b-2\""), "{behind:?}");
    assert!(behind[1].contains("no external id"), "{behind:?}");
    let promoted = apply(&world, &client.client.id, &plan.digest).await.unwrap().client;
    assert_eq!(promoted.businesses, BusinessAccess::Only(vec![live]));
}

#[tokio::test]
async fn a_client_of_no_business_there_is_not_made_one_of_all() {
    let world = whole_world().await;
    let client = world.client(|new| new.businesses = BusinessAccess::Only(vec![world.shop])).await;
    let plan = plan(&world, &client).await;
    assert!(plan.refusal.as_ref().is_some_and(|why| why.contains("businesses")), "{plan:?}");
    assert!(matches!(apply(&world, &client.client.id, &plan.digest).await, Err(RegistryError::NotAllowed(_))));
    assert!(world.store.client_record(&production(), &client.client.id).await.unwrap().value.is_none());
}

#[tokio::test]
async fn s4_another_tenants_client_of_that_name_is_neither_shown_nor_changed() {
    let world = whole_world().await;
    let client = world.client(|_| ()).await;
    let theirs = world.new_client(|new| {
        new.environment = production();
        new.tenant_id = world.globex;
        new.id = Some(client.client.id.clone());
        new.name = "Theirs".to_owned();
        new.grants.clear();
    });
    world.registry.create_client(theirs).await.unwrap();
    let plan = plan(&world, &client).await;
    assert!(!format!("{plan:?}").contains("Theirs"));
    assert_eq!(plan.refusal.as_deref(), Some("the client_id is taken in production"));
    // Nor whether it has a quota.
    let subject = QuotaSubject::Client(client.client.id.clone());
    let quota = QuotaEdit { per_day: Some(Some(5)), ..QuotaEdit::default() };
    world.registry.edit_quota(&sandbox(), &subject, &quota).await.unwrap();
    let before = self::plan(&world, &client).await;
    world.registry.edit_quota(&production(), &subject, &quota).await.unwrap();
    let after = self::plan(&world, &client).await;
    assert_eq!((left_behind(&after), &after.digest), (left_behind(&before), &before.digest));
    assert!(matches!(apply(&world, &client.client.id, &plan.digest).await, Err(RegistryError::NotAllowed(_))));
}

#[tokio::test]
async fn a_promotion_is_of_a_client_that_is_there_to_another_environment() {
    let world = whole_world().await;
    let client = world.client(|_| ()).await;
    let same = world.registry.promotion_plan(&client.client.id, &sandbox(), &sandbox()).await;
    assert!(matches!(same, Err(RegistryError::Invalid { field: "to", .. })));
    for (id, to) in [("cli_nobody", "production"), (client.client.id.as_str(), "staging")] {
        let plan = world.registry.promotion_plan(&id.parse().unwrap(), &sandbox(), &to.parse().unwrap()).await;
        assert!(matches!(plan, Err(RegistryError::NotFound(_))), "{id} {to}");
    }
}
