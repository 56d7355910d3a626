//! Listings are ordered by identifier, byte by byte, and come in pages.

use mintmark_core::model::{Business, ClientId, Environment, Position};
use mintmark_core::store::{Page, Store, Write};

use super::world::World;

super::on_every_store! {
    tenants_come_in_pages,
    businesses_come_in_pages_forwards_and_backwards,
    s4_businesses_are_found_by_their_external_id_within_their_tenant,
    clients_come_in_pages,
    names_of_clients_come_in_pages_across_environments,
    ids_are_ordered_byte_by_byte,
    credentials_come_oldest_first,
}

async fn tenants_come_in_pages<S: Store>(world: World<S>) {
    let mut ids = Vec::new();
    for number in 0..5 {
        ids.push(world.tenant(&format!("tenant {number}")).await.id);
    }
    ids.sort_unstable();
    let mut seen = Vec::new();
    while seen.len() < 5 {
        let page = world.store.tenants(Page { after: seen.last(), limit: 2 }).await.unwrap();
        assert!(page.len() == 2 || seen.len() == 4);
        seen.extend(page.iter().map(|tenant| tenant.id));
    }
    assert_eq!(seen, ids);
    assert!(world.store.tenants(Page { after: ids.last(), limit: 2 }).await.unwrap().is_empty());
    assert!(world.store.tenants(Page { after: None, limit: 0 }).await.unwrap().is_empty());
}

async fn businesses_come_in_pages_forwards_and_backwards<S: Store>(world: World<S>) {
    let (sandbox, acme) = (world.environment("sandbox").await, world.tenant("Acme").await);
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(world.business(&sandbox, &acme).await.id);
    }
    ids.sort_unstable();
    let after = async |after, limit| {
        let page = world.store.businesses(&sandbox.name, acme.id, Page { after, limit }).await.unwrap();
        page.iter().map(|business| business.id).collect::<Vec<_>>()
    };
    let before = async |before, limit| {
        let page = world.store.businesses_before(&sandbox.name, acme.id, before, limit).await.unwrap();
        page.iter().map(|business| business.id).collect::<Vec<_>>()
    };
    assert_eq!(after(None, 10).await, ids);
    assert_eq!(after(Some(&ids[1]), 2).await, ids[2..4]);
    assert_eq!(before(ids[3], 2).await, ids[1..3]);
    assert_eq!(before(ids[1], 2).await, ids[..1]);
    assert!(before(ids[0], 2).await.is_empty());
}

async fn s4_businesses_are_found_by_their_external_id_within_their_tenant<S: Store>(world: World<S>) {
    let (sandbox, production) = (world.environment("sandbox").await, world.environment("production").await);
    let (acme, globex) = (world.tenant("Acme").await, world.tenant("Globex").await);
    let mut ids = Vec::new();
    for (environment, tenant) in [(&sandbox, &acme), (&sandbox, &acme), (&sandbox, &globex), (&production, &acme)] {
        let new = Business { external_id: Some("7".to_owned()), ..world.new_business(environment, tenant) };
        ids.push(new.id);
        world.write(Write::InsertBusiness(new)).await;
    }
    world.business(&sandbox, &acme).await;
    let called = async |environment: &Environment, external_id, limit| {
        let found = world.store.businesses_called(&environment.name, acme.id, external_id, limit).await.unwrap();
        found.iter().map(|business| business.id).collect::<Vec<_>>()
    };
    let mut both = ids[..2].to_vec();
    both.sort_unstable();
    assert_eq!(called(&sandbox, "7", 10).await, both);
    assert_eq!(called(&sandbox, "7", 1).await, both[..1]);
    assert_eq!(called(&production, "7", 10).await, ids[3..]);
    assert!(called(&sandbox, "8", 10).await.is_empty() && called(&sandbox, "", 10).await.is_empty());
}

async fn clients_come_in_pages<S: Store>(world: World<S>) {
    let (sandbox, acme) = (world.environment("sandbox").await, world.tenant("Acme").await);
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(world.client(&sandbox, &acme).await.id);
    }
    ids.sort();
    for tenant in [None, Some(acme.id)] {
        let page = Page { after: Some(&ids[1]), limit: 2 };
        let clients = world.store.clients(&sandbox.name, tenant, page).await.unwrap();
        assert_eq!(clients.iter().map(|client| &client.id).collect::<Vec<_>>(), [&ids[2], &ids[3]]);
    }
}

async fn names_of_clients_come_in_pages_across_environments<S: Store>(world: World<S>) {
    let acme = world.tenant("Acme").await;
    let mut names = Vec::new();
    for name in ["sandbox", "production", "eu-1"] {
        let environment = world.environment(name).await;
        for _ in 0..3 {
            let client = world.client(&environment, &acme).await;
            names.push((client.environment, client.id));
        }
    }
    names.sort();
    let mut seen = Vec::new();
    loop {
        let page = world.store.client_names(Page { after: seen.last(), limit: 2 }).await.unwrap();
        assert_eq!(page.position, Position(13), "as of now");
        seen.extend(page.value.iter().cloned());
        if page.value.len() < 2 {
            break;
        }
    }
    assert_eq!(seen, names);
    assert!(world.store.client_names(Page { after: None, limit: 0 }).await.unwrap().value.is_empty());
}

async fn ids_are_ordered_byte_by_byte<S: Store>(world: World<S>) {
    let (sandbox, acme) = (world.environment("sandbox").await, world.tenant("Acme").await);
    let ids = ["a", "B", "_", "10", "9", "b", "A", " "].map(|id| id.parse::<ClientId>().unwrap());
    for id in &ids {
        let mut client = world.new_client(&sandbox, &acme);
        client.id = id.clone();
        world.write(Write::InsertClient(client)).await;
    }
    let clients = world.store.clients(&sandbox.name, None, Page { after: None, limit: 10 }).await.unwrap();
    let listed: Vec<_> = clients.iter().map(|client| client.id.as_str()).collect();
    assert_eq!(listed, [" ", "10", "9", "A", "B", "_", "a", "b"]);
    let names = world.store.client_names(Page { after: None, limit: 10 }).await.unwrap().value;
    assert_eq!(names.iter().map(|(_, id)| id.as_str()).collect::<Vec<_>>(), listed);
}

async fn credentials_come_oldest_first<S: Store>(world: World<S>) {
    let (sandbox, acme) = (world.environment("sandbox").await, world.tenant("Acme").await);
    let client = world.client(&sandbox, &acme).await;
    let mut made = Vec::new();
    for _ in 0..5 {
        made.push(world.credential(&client).await);
    }
    assert_eq!(world.store.credentials(&sandbox.name, &client.id).await.unwrap(), made);
}
