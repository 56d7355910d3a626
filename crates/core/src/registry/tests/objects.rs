//! Environments, tenants, businesses, resources, keys.

use mintmark_verify::Algorithm;

use super::super::*;
use crate::fixture::{ISSUER, LEDGER, NOW, World, sandbox, scopes, signing_keys};
use crate::model::{BusinessId, EnvironmentName, KeyState, Status, TenantId};
use crate::random::SeededRandom;

fn environment(name: &str, issuer: &str) -> NewEnvironment {
    NewEnvironment { name: name.parse().unwrap(), issuer: issuer.to_owned(), algorithm: Algorithm::Es256, lifetime_max: 3600 }
}

fn resource(uri: &str, known: &str) -> NewResource {
    NewResource {
        environment: sandbox(),
        uri: uri.parse().unwrap(),
        name: "API".to_owned(),
        scopes: scopes(known),
        algorithm: None,
        token_format: None,
    }
}

fn business(world: &World, name: &str) -> NewBusiness {
    NewBusiness { environment: sandbox(), tenant_id: world.acme, name: name.to_owned(), external_id: None }
}

fn nobody() -> TenantId {
    TenantId::generate(&SeededRandom::new(99))
}

#[tokio::test]
async fn an_environment_comes_with_the_resource_that_is_itself_and_its_keys() {
    let world = World::new().await;
    let all = world.store.environments().await.unwrap().value;
    let own = all[0].resources.iter().find(|resource| resource.uri.as_str() == ISSUER).unwrap();
    assert!(own.understands(&"business:read".parse().unwrap()));
    assert_eq!(all[0].keys.len(), signing_keys().len());
    assert_eq!(all[0].environment.created_at.0, NOW);
}

#[tokio::test]
async fn no_environment_is_called_as_a_page_of_the_dashboard_is() {
    let world = World::new().await;
    for name in RESERVED_ENVIRONMENT_NAMES {
        let refused = world.registry.create_environment(environment(name, "https://other.example"), Vec::new()).await;
        assert!(matches!(refused, Err(RegistryError::Invalid { field: "name", .. })), "{name}");
    }
    let new = environment("audit-2", "https://other.example");
    assert!(world.registry.create_environment(new, Vec::new()).await.is_ok());
}

#[tokio::test]
async fn an_issuer_is_a_plain_https_url_of_one_environment() {
    let world = World::new().await;
    for bad in [
        "",
        "auth.example",
        "ftp://auth.example",
        "http://auth.example",
        "https://auth.example/",
        "https://auth.example?x",
        "https://auth.example#x",
        "https://user@auth.example",
        "https://",
        "https:auth.example",
        "http://localhost.example",
        "https://auth.example/eu",
        &format!("https://{}.example", "a".repeat(200)),
    ] {
        let made = world.registry.create_environment(environment("other", bad), Vec::new()).await;
        assert!(matches!(made, Err(RegistryError::Invalid { field: "issuer", .. })), "{bad}");
        let moved = world.registry.set_environment_issuer(&sandbox(), bad).await;
        assert!(matches!(moved, Err(RegistryError::Invalid { field: "issuer", .. })), "{bad}");
    }
    for good in ["https://auth.example", "http://127.0.0.1:8080", "http://localhost:8080", "http://[::1]:8080"] {
        let name = format!("e{:x}", good.bytes().map(u32::from).sum::<u32>());
        world.registry.create_environment(environment(&name, good), Vec::new()).await.unwrap();
    }
    let taken = world.registry.create_environment(environment("other", ISSUER), Vec::new()).await;
    assert!(matches!(taken, Err(RegistryError::Exists(_))));
    let taken = world.registry.set_environment_issuer(&sandbox(), "https://auth.example").await;
    assert!(matches!(taken, Err(RegistryError::Exists(_))));
    let again = world.registry.create_environment(environment("sandbox", "https://new.example"), Vec::new()).await;
    assert!(matches!(again, Err(RegistryError::Exists(_))));
}

#[tokio::test]
async fn an_environment_moves_to_another_issuer_with_its_resource() {
    let world = World::new().await;
    world.registry.set_environment_issuer(&sandbox(), "https://new.example").await.unwrap();
    world.poll().await;
    let view = world.directory().view(&sandbox()).unwrap();
    assert_eq!(view.environment.issuer, "https://new.example");
    assert_eq!(view.own_resource().unwrap().uri.as_str(), "https://new.example");
    let nowhere: EnvironmentName = "nowhere".parse().unwrap();
    let missing = world.registry.set_environment_issuer(&nowhere, "https://x.example").await;
    assert!(matches!(missing, Err(RegistryError::NotFound(what)) if what.contains("sandbox")));
}

#[tokio::test]
async fn lifetimes_of_an_environment_have_bounds() {
    let world = World::new().await;
    for lifetime_max in [0, 86_401] {
        let new = NewEnvironment { lifetime_max, ..environment("other", "https://other.example") };
        let made = world.registry.create_environment(new, Vec::new()).await;
        assert!(matches!(made, Err(RegistryError::Invalid { field: "lifetime", .. })));
    }
}

#[tokio::test]
async fn tenants_are_made_renamed_and_turned_off() {
    let world = World::new().await;
    let tenant = world.registry.create_tenant("Initech").await.unwrap();
    assert_eq!(world.registry.rename_tenant(tenant.id, "Initrode").await.unwrap().name, "Initrode");
    assert_eq!(world.registry.set_tenant_status(tenant.id, Status::Disabled).await.unwrap().version, 3);
    assert_eq!(world.store.tenant(tenant.id).await.unwrap().unwrap().status, Status::Disabled);
    assert!(matches!(world.registry.create_tenant("Acme").await, Err(RegistryError::Exists(_))));
    assert!(matches!(world.registry.rename_tenant(tenant.id, "Acme").await, Err(RegistryError::Exists(_))));
    assert!(matches!(world.registry.rename_tenant(nobody(), "X").await, Err(RegistryError::NotFound(_))));
}

#[tokio::test]
async fn names_for_people_are_short_and_printable() {
    let world = World::new().await;
    for bad in ["", "   ", "a\nb", "a\0", "\u{85}", &"ä".repeat(201)] {
        assert!(
            matches!(world.registry.create_tenant(bad).await, Err(RegistryError::Invalid { field: "name", .. })),
            "{bad:?}"
        );
        let made = world.registry.create_business(business(&world, bad)).await;
        assert!(matches!(made, Err(RegistryError::Invalid { field: "name", .. })), "{bad:?}");
    }
    world.registry.create_tenant(&"ä".repeat(200)).await.unwrap();
}

#[tokio::test]
async fn several_things_of_a_tenant_change_at_once_in_the_version_that_was_seen() {
    let world = World::new().await;
    let made = world.registry.create_tenant("New").await.unwrap();
    let edit = TenantEdit {
        name: Some("Newer".to_owned()),
        status: Some(Status::Disabled),
        attributes: [("region".to_owned(), crate::model::AttributeValue::Text("eu".to_owned()))].into(),
        version: Some(made.version),
        ..TenantEdit::default()
    };
    let edited = world.registry.edit_tenant(made.id, &edit).await.unwrap();
    assert_eq!((edited.name.as_str(), edited.status, edited.attributes.len()), ("Newer", Status::Disabled, 1));
    assert!(matches!(world.registry.edit_tenant(made.id, &edit).await, Err(RegistryError::Conflict)));
    let nameless = TenantEdit { name: Some(String::new()), ..TenantEdit::default() };
    assert!(matches!(world.registry.edit_tenant(made.id, &nameless).await, Err(RegistryError::Invalid { field: "name", .. })));
}

#[tokio::test]
async fn businesses_are_made_and_changed_within_their_tenant() {
    let world = World::new().await;
    let made = world
        .registry
        .create_business(NewBusiness { external_id: Some("42".to_owned()), ..business(&world, "New") })
        .await
        .unwrap();
    let edit = BusinessEdit {
        name: Some("Newer".to_owned()),
        external_id: Some("43".to_owned()),
        status: Some(Status::Disabled),
        version: Some(1),
    };
    let edited = world.registry.edit_business(&sandbox(), world.acme, made.id, &edit).await.unwrap();
    assert_eq!((edited.name.as_str(), edited.external_id.as_deref(), edited.version), ("Newer", Some("43"), 2));
    let kept = world.registry.edit_business(&sandbox(), world.acme, made.id, &BusinessEdit::default()).await.unwrap();
    assert_eq!((kept.name.as_str(), kept.status), ("Newer", Status::Disabled), "what is not named stays");
    let stale = world.registry.edit_business(&sandbox(), world.acme, made.id, &edit).await;
    assert!(matches!(stale, Err(RegistryError::Conflict)), "it has another version by now");
    for external_id in ["", "a\n", &"x".repeat(256)] {
        let new = NewBusiness { external_id: Some(external_id.to_owned()), ..business(&world, "New") };
        assert!(matches!(world.registry.create_business(new).await, Err(RegistryError::Invalid { field: "external_id", .. })));
    }
    let homeless = NewBusiness { tenant_id: nobody(), ..business(&world, "New") };
    assert!(matches!(world.registry.create_business(homeless).await, Err(RegistryError::NotFound(_))));
}

#[tokio::test]
async fn s4_another_tenants_business_is_not_found() {
    let world = World::new().await;
    let edit = async |id| {
        world.registry.edit_business(&sandbox(), world.acme, id, &BusinessEdit::default()).await.unwrap_err().to_string()
    };
    let unknown = BusinessId::generate(&SeededRandom::new(98));
    let (foreign, unknown) = (
        edit(world.foreign).await.replace(&world.foreign.to_string(), "it"),
        edit(unknown).await.replace(&unknown.to_string(), "it"),
    );
    assert_eq!(foreign, unknown);
}

#[tokio::test]
async fn resources_are_made_and_changed() {
    let world = World::new().await;
    let made = world.registry.create_resource(resource("https://new.example", "b a")).await.unwrap();
    let edit = ResourceEdit {
        add_scopes: scopes("c"),
        remove_scopes: vec!["b".parse().unwrap()],
        name: Some("New".to_owned()),
        ..ResourceEdit::default()
    };
    let edited = world.registry.edit_resource(&sandbox(), &made.uri, &edit).await.unwrap();
    let names: Vec<&str> = edited.scopes.iter().map(|scope| scope.name.as_str()).collect();
    assert_eq!((names, edited.name.as_str(), edited.version), (vec!["a", "c"], "New", 2));
    let mut described = scopes("a");
    described[0].description = "Read".to_owned();
    let edit = ResourceEdit { add_scopes: described, ..ResourceEdit::default() };
    let edited = world.registry.edit_resource(&sandbox(), &made.uri, &edit).await.unwrap();
    assert_eq!((edited.scopes.len(), edited.scopes[0].description.as_str()), (2, "Read"));
    assert!(matches!(world.registry.create_resource(resource(LEDGER, "")).await, Err(RegistryError::Exists(_))));
    let missing =
        world.registry.edit_resource(&sandbox(), &"https://no.example".parse().unwrap(), &ResourceEdit::default()).await;
    assert!(matches!(missing, Err(RegistryError::NotFound(_))));
}

#[tokio::test]
async fn scopes_of_a_resource_are_few_and_each_there_once() {
    let world = World::new().await;
    let twice = world.registry.create_resource(resource("https://new.example", "a b a")).await;
    assert!(matches!(twice, Err(RegistryError::Invalid { field: "scopes", .. })));
    let many = |count: usize| (0..count).map(|at| format!("s{at} ")).collect::<Vec<_>>().concat();
    let over = world.registry.create_resource(resource("https://new.example", &many(501))).await;
    assert!(matches!(over, Err(RegistryError::Invalid { field: "scopes", .. })));
    world.registry.create_resource(resource("https://new.example", &many(500))).await.unwrap();
    let mut long = resource("https://other.example", "a");
    long.scopes[0].description = "x".repeat(201);
    assert!(matches!(world.registry.create_resource(long).await, Err(RegistryError::Invalid { field: "scopes", .. })));
}

#[tokio::test]
async fn s1_no_resource_gets_one_of_mintmarks_own_scopes() {
    let world = World::new().await;
    let made = world.registry.create_resource(resource("https://new.example", "mintmark:admin")).await;
    assert!(matches!(made, Err(RegistryError::NotAllowed(_))));
    let edit = ResourceEdit { add_scopes: scopes("mintmark:admin"), ..ResourceEdit::default() };
    let edited = world.registry.edit_resource(&sandbox(), &LEDGER.parse().unwrap(), &edit).await;
    assert!(matches!(edited, Err(RegistryError::NotAllowed(_))));
}

#[tokio::test]
async fn one_key_of_an_algorithm_is_active() {
    let world = World::new().await;
    let random = SeededRandom::new(5);
    let key = |algorithm, state| {
        let sealer = (&world.endpoint.root_keys.sealer, &random as &dyn crate::random::Random);
        crate::keys::new_signing_key(&sandbox(), algorithm, state, world.clock.now(), sealer).unwrap()
    };
    let second = world.registry.add_signing_key(key(Algorithm::Es256, KeyState::Active)).await;
    assert!(matches!(second, Err(RegistryError::Exists(_))));
    world.registry.add_signing_key(key(Algorithm::Es256, KeyState::Next)).await.unwrap();
    world.registry.add_signing_key(key(Algorithm::EdDsa, KeyState::Active)).await.unwrap();
    world.poll().await;
    let view = world.directory().view(&sandbox()).unwrap();
    assert_eq!(view.ring.algorithms().count(), 3);
}

#[tokio::test]
async fn a_store_that_fails_is_told() {
    let world = World::new().await;
    world.store.fail(true);
    assert!(matches!(world.registry.create_tenant("New").await, Err(RegistryError::Store(_))));
    assert!(matches!(world.registry.rename_tenant(world.acme, "New").await, Err(RegistryError::Store(_))));
}

#[tokio::test]
async fn operations_can_be_awaited_by_a_server_of_many_threads() {
    fn is_send<T: Send>(operation: T) -> T {
        operation
    }
    let world = World::new().await;
    let tenant = is_send(world.registry.create_tenant("Initech")).await.unwrap();
    let renamed = is_send(world.registry.rename_tenant(tenant.id, "Initrode")).await.unwrap();
    assert_eq!(renamed.name, "Initrode");
}
