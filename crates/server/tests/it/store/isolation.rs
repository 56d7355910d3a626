//! Nothing crosses from one tenant or environment to another (rule S4).

use mintmark_core::store::{Page, Store, Write};

use super::world::World;

super::on_every_store! {
    a_business_of_another_tenant_is_not_found,
    a_business_of_another_environment_is_not_found,
    listings_of_a_tenant_hold_nothing_of_another,
    one_client_id_in_two_environments_is_two_clients,
}

async fn a_business_of_another_tenant_is_not_found<S: Store>(world: World<S>) {
    let sandbox = world.environment("sandbox").await;
    let (acme, other) = (world.tenant("Acme").await, world.tenant("Other").await);
    let business = world.business(&sandbox, &acme).await;
    assert!(world.store.business_of(&sandbox.name, acme.id, business.id).await.unwrap().value.is_some());
    assert!(world.store.business_of(&sandbox.name, other.id, business.id).await.unwrap().value.is_none());
}

async fn a_business_of_another_environment_is_not_found<S: Store>(world: World<S>) {
    let (sandbox, production) = (world.environment("sandbox").await, world.environment("production").await);
    let acme = world.tenant("Acme").await;
    let business = world.business(&sandbox, &acme).await;
    assert!(world.store.business_of(&production.name, acme.id, business.id).await.unwrap().value.is_none());
}

async fn listings_of_a_tenant_hold_nothing_of_another<S: Store>(world: World<S>) {
    let (sandbox, production) = (world.environment("sandbox").await, world.environment("production").await);
    let (acme, other) = (world.tenant("Acme").await, world.tenant("Other").await);
    let (client, business) = (world.client(&sandbox, &acme).await, world.business(&sandbox, &acme).await);
    for (environment, tenant) in [(&sandbox, &other), (&production, &acme)] {
        world.client(environment, tenant).await;
        world.business(environment, tenant).await;
    }
    let clients = world.store.clients(&sandbox.name, Some(acme.id), Page { after: None, limit: 10 }).await.unwrap();
    assert_eq!(clients, [client]);
    let businesses = world.store.businesses(&sandbox.name, acme.id, Page { after: None, limit: 10 }).await.unwrap();
    assert_eq!(businesses, [business]);
    assert_eq!(world.store.clients(&sandbox.name, None, Page { after: None, limit: 10 }).await.unwrap().len(), 2);
}

async fn one_client_id_in_two_environments_is_two_clients<S: Store>(world: World<S>) {
    let (sandbox, production) = (world.environment("sandbox").await, world.environment("production").await);
    let (acme, other) = (world.tenant("Acme").await, world.tenant("Other").await);
    let mut twins = [world.new_client(&sandbox, &acme), world.new_client(&production, &other)];
    for twin in &mut twins {
        twin.id = "legacy-1".parse().unwrap();
        world.write(Write::InsertClient(twin.clone())).await;
    }
    let secret = world.credential(&twins[0]).await;
    let one = world.store.client_record(&sandbox.name, &twins[0].id).await.unwrap().value.unwrap();
    let two = world.store.client_record(&production.name, &twins[0].id).await.unwrap().value.unwrap();
    assert_eq!((one.client.tenant_id, one.credentials), (acme.id, vec![secret]));
    assert_eq!((two.client.tenant_id, two.credentials), (other.id, vec![]));
}
