use super::super::*;
use crate::fixture::{World, sandbox, timestamp};
use crate::model::{BusinessAccess, BusinessId, CredentialLimits, ScopeSet};
use crate::registry::CreatedClient;
use crate::store::AuditFilter;

fn none() -> CredentialLimits {
    CredentialLimits::default()
}

fn scopes(text: &str) -> CredentialLimits {
    CredentialLimits { scopes: Some(ScopeSet::parse(text).unwrap()), ..none() }
}

fn businesses(ids: Vec<BusinessId>) -> CredentialLimits {
    CredentialLimits { businesses: Some(ids), ..none() }
}

async fn set(world: &World, client: &CreatedClient, limits: &CredentialLimits) -> Outcome<CredentialLimits> {
    let set = world.registry.set_limits(&sandbox(), &client.client.id, client.credential.id, limits).await?;
    assert_eq!(world.stored(&client.client.id).await.credentials, std::slice::from_ref(&set));
    Ok(set.limits)
}

#[tokio::test]
async fn limits_are_set_changed_and_taken_away_each_with_its_audit_row() {
    let world = World::new().await;
    let client = world.client(|_| ()).await;
    for limits in [scopes("read ledger:read"), businesses(vec![world.shop]), none()] {
        assert_eq!(set(&world, &client, &limits).await.unwrap(), limits);
        let row = world.store.audit(&AuditFilter::default(), None, 1).await.unwrap().remove(0);
        assert_eq!(row.action, "credential.limit");
        let after = row.after.unwrap();
        assert_eq!(after.get("limits").is_none(), limits.is_none(), "{after}");
    }
}

#[tokio::test]
async fn a_limit_names_what_the_client_has() {
    let world = World::new().await;
    let client = world.client(|new| new.businesses = BusinessAccess::Only(vec![world.shop])).await;
    for not_had in [scopes("report:edit"), scopes("read mintmark:admin"), businesses(vec![world.depot])] {
        let refused = set(&world, &client, &not_had).await;
        assert!(matches!(refused, Err(RegistryError::NotAllowed(_))), "{refused:?}");
        let added = world.registry.add_limited_secret(&sandbox(), &client.client.id, None, &not_had).await;
        assert!(matches!(added, Err(RegistryError::NotAllowed(_))));
    }
    let foreign = set(&world, &client, &businesses(vec![world.foreign])).await;
    let nobody = set(&world, &client, &businesses(vec![BusinessId::none()])).await;
    assert!(matches!((foreign, nobody), (Err(RegistryError::NotFound(_)), Err(RegistryError::NotFound(_)))), "S4");
}

#[tokio::test]
async fn limits_are_bounded_and_say_something() {
    let world = World::new().await;
    let client = world.client(|_| ()).await;
    let networks = |count: usize| CredentialLimits {
        networks: (0..count).map(|number| format!("10.0.0.{number}").parse().unwrap()).collect(),
        ..none()
    };
    assert!(set(&world, &client, &networks(MAX_NETWORKS)).await.is_ok());
    let twice = CredentialLimits { networks: [networks(1).networks, networks(1).networks].concat(), ..none() };
    for bad in [
        networks(MAX_NETWORKS + 1),
        twice,
        scopes("read read"),
        CredentialLimits { scopes: Some(ScopeSet::from_scopes(Vec::new())), ..none() },
        businesses(Vec::new()),
        businesses(vec![world.shop, world.shop]),
        businesses(vec![world.shop; 101]),
    ] {
        let refused = set(&world, &client, &bad).await;
        assert!(matches!(refused, Err(RegistryError::Invalid { .. })), "{bad:?}: {refused:?}");
    }
}

#[tokio::test]
async fn a_secret_begins_before_it_expires() {
    let world = World::new().await;
    let client = world.client(|new| new.secret_expires_at = Some(timestamp(100))).await;
    let from = |seconds| CredentialLimits { not_before: Some(timestamp(seconds)), ..none() };
    assert!(matches!(set(&world, &client, &from(100)).await, Err(RegistryError::Invalid { field: "not_before", .. })));
    assert!(set(&world, &client, &from(99)).await.is_ok());
    let (id, end) = (&client.client.id, Some(timestamp(50)));
    let never = world.registry.add_limited_secret(&sandbox(), id, end, &from(50)).await;
    assert!(matches!(never, Err(RegistryError::Invalid { field: "not_before", .. })));
    assert!(world.registry.add_limited_secret(&sandbox(), id, end, &from(49)).await.is_ok());
}
