use super::super::*;
use super::{at_once, block_on};
use crate::fixture::{Ask, LEDGER, REPORTS, World, grant, sandbox};
use crate::model::{AttributeValue, BusinessAccess, BusinessId, ClientId, Status, TenantId};
use crate::random::SeededRandom;

fn new_client(world: &World) -> NewClient {
    NewClient {
        environment: sandbox(),
        tenant_id: world.acme,
        id: None,
        name: "New".to_owned(),
        dialects: vec!["standard".parse().unwrap()],
        grants: Vec::new(),
        businesses: BusinessAccess::All,
        lifetime_max: None,
        attributes: crate::model::Attributes::new(),
        security: ClientSecurity::default(),
        serves: Vec::new(),
        secret_expires_at: None,
    }
}

async fn create(world: &World, change: impl FnOnce(&mut NewClient)) -> Outcome<CreatedClient> {
    let mut new = new_client(world);
    change(&mut new);
    world.registry.create_client(new).await
}

async fn edit(world: &World, client: &CreatedClient, edit: ClientEdit) -> Outcome<crate::model::Client> {
    world.registry.edit_client(&sandbox(), &client.client.id, &edit).await
}

#[tokio::test]
async fn a_client_is_made_with_a_secret_that_works() {
    let world = World::new().await;
    let created = create(&world, |_| ()).await.unwrap();
    assert!(created.client.id.as_str().starts_with("cli_"));
    assert_eq!(created.credential.hint, created.secret.hint());
    world.poll().await;
    assert_eq!(world.ask(&Ask::of("standard", &created)).await.status, 200);
}

#[tokio::test]
async fn a_client_may_bring_its_identifier_along() {
    let world = World::new().await;
    let created = create(&world, |new| new.id = Some("old client#1".parse().unwrap())).await.unwrap();
    world.poll().await;
    assert_eq!(world.ask(&Ask::of("standard", &created)).await.status, 200);
    let again = create(&world, |new| new.id = Some("old client#1".parse().unwrap())).await;
    assert!(matches!(again, Err(RegistryError::Exists(_))));
    let colon = create(&world, |new| new.id = Some("a:b".parse().unwrap())).await;
    assert!(matches!(colon, Err(RegistryError::Invalid { field: "client_id", .. })));
}

#[tokio::test]
async fn what_a_client_refers_to_must_exist() {
    let world = World::new().await;
    let missing = [
        create(&world, |new| new.environment = "nowhere".parse().unwrap()).await,
        create(&world, |new| new.tenant_id = TenantId::generate(&SeededRandom::new(99))).await,
        create(&world, |new| new.dialects.push("assset".parse().unwrap())).await,
        create(&world, |new| new.grants = vec![grant(Some("https://no.example"), "a")]).await,
        create(&world, |new| new.businesses = BusinessAccess::Only(vec![BusinessId::generate(&SeededRandom::new(99))])).await,
        create(&world, |new| new.businesses = BusinessAccess::Only(vec![world.foreign])).await,
    ];
    for outcome in missing {
        assert!(matches!(outcome, Err(RegistryError::NotFound(_))), "{outcome:?}");
    }
    let unknown: ClientId = "cli_nobody".parse().unwrap();
    let edited = world.registry.edit_client(&sandbox(), &unknown, &ClientEdit::default()).await;
    assert!(matches!(edited, Err(RegistryError::NotFound(_))));
}

#[tokio::test]
async fn s1_nobody_gives_a_client_one_of_mintmarks_own_scopes() {
    let world = World::new().await;
    for resource in [None, Some(LEDGER)] {
        let created = create(&world, |new| new.grants = vec![grant(resource, "mintmark:admin")]).await;
        assert!(matches!(created, Err(RegistryError::NotAllowed(_))));
        let client = world.client(|_| ()).await;
        let edited =
            edit(&world, &client, ClientEdit { grant: Some(grant(resource, "mintmark:admin")), ..ClientEdit::default() }).await;
        assert!(matches!(edited, Err(RegistryError::NotAllowed(_))));
        // A resource that understands the scope, by a planted row, changes nothing.
        world.plant_resource(LEDGER, |resource| resource.scopes.extend(crate::fixture::scopes("mintmark:planted"))).await;
        let planted = create(&world, |new| new.grants = vec![grant(Some(LEDGER), "mintmark:planted")]).await;
        assert!(matches!(planted, Err(RegistryError::NotAllowed(_))));
    }
}

#[tokio::test]
async fn a_grant_names_scopes_that_its_resource_understands() {
    let world = World::new().await;
    let created = create(&world, |new| new.grants = vec![grant(Some(LEDGER), "report:read")]).await;
    assert!(matches!(created, Err(RegistryError::NotAllowed(why)) if why.contains("ledger:read ledger:create common")));
}

#[tokio::test]
async fn a_client_has_one_grant_at_each_resource() {
    let world = World::new().await;
    let twice = vec![grant(Some(LEDGER), "ledger:read"), grant(Some(LEDGER), "ledger:create")];
    let created = create(&world, |new| new.grants = twice).await;
    assert!(matches!(created, Err(RegistryError::Invalid { field: "grants", .. })), "{created:?}");
}

#[tokio::test]
async fn an_edit_replaces_the_grant_at_one_resource() {
    let world = World::new().await;
    let client =
        world.client(|new| new.grants = vec![grant(Some(LEDGER), "ledger:read"), grant(Some(REPORTS), "report:read")]).await;
    let change = ClientEdit { grant: Some(grant(Some(LEDGER), "common")), ..ClientEdit::default() };
    let edited = edit(&world, &client, change).await.unwrap();
    let mut granted: Vec<String> =
        edited.grants.iter().flat_map(|grant| grant.scopes.iter().map(ToString::to_string)).collect();
    granted.sort();
    assert_eq!(granted, ["common", "report:read"]);
}

#[tokio::test]
async fn s2_no_attribute_is_named_like_a_reserved_claim() {
    let world = World::new().await;
    let client = world.client(|_| ()).await;
    for claim in mintmark_verify::RESERVED_CLAIMS {
        let attributes: crate::model::Attributes = [((*claim).to_owned(), AttributeValue::Boolean(true))].into();
        let created = create(&world, |new| new.attributes = attributes.clone()).await;
        assert!(matches!(created, Err(RegistryError::NotAllowed(_))), "{claim}");
        let edited = edit(&world, &client, ClientEdit { attributes, ..ClientEdit::default() }).await;
        assert!(matches!(edited, Err(RegistryError::NotAllowed(_))), "{claim}");
    }
}

#[tokio::test]
async fn attributes_are_few_short_and_plain() {
    let world = World::new().await;
    let with = async |name: &str, value: AttributeValue| {
        create(&world, |new| new.attributes = [(name.to_owned(), value)].into()).await
    };
    for name in ["", "a b", "ä", "a\"", &"x".repeat(65)] {
        let refused = with(name, AttributeValue::Integer(1)).await;
        assert!(matches!(refused, Err(RegistryError::Invalid { field: "attributes", .. })), "{name:?}");
    }
    for text in ["x".repeat(257), "a\nb".to_owned()] {
        let refused = with("a", AttributeValue::Text(text)).await;
        assert!(matches!(refused, Err(RegistryError::Invalid { field: "attributes", .. })));
    }
    with("a.b-c_D9", AttributeValue::Text("x".repeat(256))).await.unwrap();
    let many = |count: i64| (0..count).map(|at| (format!("a{at}"), AttributeValue::Integer(at))).collect();
    create(&world, |new| new.attributes = many(32)).await.unwrap();
    let refused = create(&world, |new| new.attributes = many(33)).await;
    assert!(matches!(refused, Err(RegistryError::Invalid { field: "attributes", .. })));
}

#[tokio::test]
async fn a_dialect_that_needs_an_attribute_is_given_to_clients_that_have_it() {
    let world = World::new().await;
    let refused = create(&world, |new| new.dialects = vec!["firstvision".parse().unwrap()]).await;
    assert!(matches!(refused, Err(RegistryError::NotAllowed(why)) if why.contains("firstVisionId")));
    let client = create(&world, |_| ()).await.unwrap();
    let dialects = Some(vec!["firstvision".parse().unwrap()]);
    let refused = edit(&world, &client, ClientEdit { dialects: dialects.clone(), ..ClientEdit::default() }).await;
    assert!(matches!(refused, Err(RegistryError::NotAllowed(_))));
    let attributes = [("firstVisionId".to_owned(), AttributeValue::Text("FV".to_owned()))].into();
    edit(&world, &client, ClientEdit { dialects, attributes, ..ClientEdit::default() }).await.unwrap();
}

#[tokio::test]
async fn a_client_has_some_businesses_or_all() {
    let world = World::new().await;
    let empty = create(&world, |new| new.businesses = BusinessAccess::Only(Vec::new())).await;
    assert!(matches!(empty, Err(RegistryError::Invalid { field: "businesses", .. })));
    let many = create(&world, |new| new.businesses = BusinessAccess::Only(vec![world.shop; 101])).await;
    assert!(matches!(many, Err(RegistryError::Invalid { field: "businesses", .. })));
}

#[tokio::test]
async fn a_client_of_one_business_named_twice_is_refused() {
    let world = World::new().await;
    let twice = create(&world, |new| new.businesses = BusinessAccess::Only(vec![world.shop, world.shop])).await;
    assert!(
        matches!(twice, Err(RegistryError::Invalid { field: "businesses", .. })),
        "it would have to name its only business"
    );
}

#[tokio::test]
async fn an_edit_changes_what_it_names_and_keeps_the_rest() {
    let world = World::new().await;
    let client = world.client(|_| ()).await;
    let change = ClientEdit {
        name: Some("Renamed".to_owned()),
        status: Some(Status::Disabled),
        businesses: Some(BusinessAccess::Only(vec![world.shop])),
        lifetime_max: Some(60),
        ..ClientEdit::default()
    };
    let edited = edit(&world, &client, change).await.unwrap();
    assert_eq!(
        (edited.name.as_str(), edited.status, edited.lifetime_max, edited.version),
        ("Renamed", Status::Disabled, Some(60), 2)
    );
    let kept = edit(&world, &client, ClientEdit::default()).await.unwrap();
    assert_eq!(crate::model::Client { version: 2, ..kept }, edited);
    for lifetime_max in [0, 86_401] {
        let refused = edit(&world, &client, ClientEdit { lifetime_max: Some(lifetime_max), ..ClientEdit::default() }).await;
        assert!(matches!(refused, Err(RegistryError::Invalid { field: "lifetime", .. })));
    }
}

#[test]
fn of_edits_at_once_none_is_lost() {
    let world = block_on(World::new());
    let client = block_on(world.client(|_| ()));
    at_once(8, |number| {
        let attributes = [(format!("a{number}"), AttributeValue::Integer(number.into()))].into();
        let change = ClientEdit { attributes, ..ClientEdit::default() };
        // A registry gives up after some lost races; people try again.
        while let Err(error) = block_on(world.registry.edit_client(&sandbox(), &client.client.id, &change)) {
            assert!(matches!(error, RegistryError::Conflict), "{error}");
        }
    });
    assert_eq!(block_on(world.stored(&client.client.id)).client.attributes.len(), 9);
}

#[tokio::test]
async fn a_client_is_turned_off_whatever_became_of_the_dialect_and_the_business_that_it_lists() {
    let world = World::new().await;
    let only = BusinessAccess::Only(vec![world.shop]);
    let client = create(&world, |new| new.businesses = only.clone()).await.unwrap();
    let gone = "gone".parse::<crate::model::DialectName>().unwrap();
    let foreign = world.foreign;
    world
        .plant_client(&client.client.id, |client| {
            client.dialects.push(gone);
            client.businesses = BusinessAccess::Only(vec![foreign]);
        })
        .await;
    let off = ClientEdit { status: Some(Status::Disabled), ..ClientEdit::default() };
    assert_eq!(edit(&world, &client, off).await.unwrap().status, Status::Disabled);
    let narrowed = ClientEdit { businesses: Some(BusinessAccess::Only(vec![world.shop])), ..ClientEdit::default() };
    assert!(edit(&world, &client, narrowed).await.is_ok());
    let unknown = ClientEdit { add_dialects: vec!["other".parse().unwrap()], ..ClientEdit::default() };
    assert!(matches!(edit(&world, &client, unknown).await, Err(RegistryError::NotFound(_))), "what is new must exist");
}

#[tokio::test]
async fn what_was_granted_can_be_taken_back() {
    let world = World::new().await;
    let client = world.client(|new| new.dialects = vec!["standard".parse().unwrap()]).await;
    assert_eq!(world.ask(&Ask::of("standard", &client).resource(LEDGER)).await.status, 200);
    let edit_of = ClientEdit {
        revoke: Some(LEDGER.parse().unwrap()),
        remove_attributes: vec!["firstVisionId".to_owned()],
        ..ClientEdit::default()
    };
    let after = edit(&world, &client, edit_of).await.unwrap();
    assert!(after.attributes.is_empty());
    world.poll().await;
    assert_eq!(world.ask(&Ask::of("standard", &client).resource(LEDGER)).await.json()["error"], "invalid_target");
    assert_eq!(world.ask(&Ask::of("standard", &client)).await.status, 200, "the rest stays");
}

#[tokio::test]
async fn a_grant_names_each_scope_once() {
    let world = World::new().await;
    let grants = |scopes: [&str; 2]| {
        let scopes = scopes.into_iter().map(|scope| scope.parse().unwrap()).collect();
        vec![NewGrant { resource: Some(LEDGER.parse().unwrap()), scopes }]
    };
    let twice = create(&world, |new| new.grants = grants(["ledger:read", "ledger:read"])).await;
    assert!(matches!(twice, Err(RegistryError::Invalid { field: "grants", .. })), "{twice:?}");
    let client = create(&world, |new| new.grants = grants(["ledger:read", "ledger:create"])).await.unwrap();
    let again = ClientEdit { grants: Some(grants(["ledger:create", "ledger:create"])), ..ClientEdit::default() };
    assert!(matches!(edit(&world, &client, again).await, Err(RegistryError::Invalid { field: "grants", .. })));
}
