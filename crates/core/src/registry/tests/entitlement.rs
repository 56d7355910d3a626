//! What tenants may give their own clients.

use super::super::*;
use crate::fixture::{LEDGER, NOW, REPORTS, World, grant, sandbox};
use crate::model::{Entitlement, TenantId};
use crate::random::SeededRandom;
use crate::store::{AuditFilter, Subject};

fn edit(change: impl FnOnce(&mut EntitlementEdit)) -> EntitlementEdit {
    let mut edit = EntitlementEdit::default();
    change(&mut edit);
    edit
}

async fn said(world: &World, edit: &EntitlementEdit) -> Outcome<Entitlement> {
    world.registry.edit_entitlement(&sandbox(), world.acme, edit).await
}

#[tokio::test]
async fn an_entitlement_begins_with_its_first_change_and_counts_them() {
    let world = World::new().await;
    assert_eq!(world.store.entitlement(&sandbox(), world.acme).await.unwrap(), None);
    let first = edit(|edit| {
        edit.grants = Some(vec![grant(Some(LEDGER), "ledger:read")]);
        edit.dialects = Some(vec!["asset".parse().unwrap()]);
        edit.lifetime_max = Some(Some(600));
        edit.version = Some(0);
    });
    let entitlement = said(&world, &first).await.unwrap();
    assert_eq!((entitlement.version, entitlement.changed_at.0, entitlement.lifetime_max), (1, NOW, Some(600)));
    assert_eq!(world.store.entitlement(&sandbox(), world.acme).await.unwrap(), Some(entitlement.clone()));
    assert!(matches!(said(&world, &first).await, Err(RegistryError::Conflict)), "who saw nothing lost the race");

    let second = edit(|edit| {
        edit.grant = Some(grant(Some(REPORTS), "report:read"));
        edit.lifetime_max = Some(None);
        edit.version = Some(1);
    });
    let entitlement = said(&world, &second).await.unwrap();
    assert_eq!((entitlement.grants.len(), entitlement.dialects.len(), entitlement.lifetime_max), (2, 1, None));
    let third = edit(|edit| {
        edit.revoke = Some(LEDGER.parse().unwrap());
        edit.dialects = Some(Vec::new());
    });
    let entitlement = said(&world, &third).await.unwrap();
    assert_eq!((entitlement.grants.len(), entitlement.dialects.len(), entitlement.version), (1, 0, 3));
    assert_eq!(world.store.entitlement(&sandbox(), world.globex).await.unwrap(), None, "each tenant has its own");
}

#[tokio::test]
async fn an_entitlement_is_of_what_there_is() {
    let world = World::new().await;
    for (change, why) in [
        (edit(|edit| edit.grants = Some(vec![grant(Some(LEDGER), "nothing:such")])), "does not understand"),
        (edit(|edit| edit.grants = Some(vec![grant(Some("https://nowhere.example"), "a")])), "there is no resource"),
        (edit(|edit| edit.grants = Some(vec![grant(Some(LEDGER), "mintmark:admin")])), "Mintmark's own"),
        (edit(|edit| edit.grants = Some(vec![grant(Some(LEDGER), "ledger:read"); 2])), "each once"),
        (edit(|edit| edit.grants = Some(vec![grant(Some(LEDGER), ""); 501])), "at most 500"),
        (edit(|edit| edit.dialects = Some(vec!["unknown".parse().unwrap()])), "there is no dialect"),
        (edit(|edit| edit.dialects = Some(vec!["asset".parse().unwrap(); 2])), "each once"),
        (edit(|edit| edit.lifetime_max = Some(Some(0))), "1 to 86400"),
    ] {
        let refused = said(&world, &change).await.unwrap_err().to_string();
        assert!(refused.contains(why), "{refused}");
    }
    assert_eq!(world.store.entitlement(&sandbox(), world.acme).await.unwrap(), None);
    let nobody = TenantId::generate(&SeededRandom::new(99));
    let refused = world.registry.edit_entitlement(&sandbox(), nobody, &EntitlementEdit::default()).await;
    assert!(matches!(refused, Err(RegistryError::NotFound(_))), "{refused:?}");
}

#[tokio::test]
async fn the_tenants_chain_says_who_changed_its_entitlement() {
    let world = World::new().await;
    said(&world, &edit(|edit| edit.grants = Some(vec![grant(Some(LEDGER), "ledger:read")]))).await.unwrap();
    said(&world, &edit(|edit| edit.grants = Some(Vec::new()))).await.unwrap();
    let filter =
        AuditFilter { tenant: Some(Some(world.acme)), action: Some("tenant.entitle".to_owned()), ..AuditFilter::default() };
    let rows = world.store.audit(&filter, None, 10).await.unwrap();
    let subject = Subject::Tenant { id: world.acme };
    assert!(rows.len() == 2 && rows.iter().all(|row| row.subject == subject && row.actor == "test"), "{rows:?}");
    assert_eq!(rows[1].before, None);
    let scopes = |row: &Option<serde_json::Value>| row.as_ref().unwrap()["grants"].as_array().unwrap().len();
    assert_eq!((scopes(&rows[0].before), scopes(&rows[0].after)), (1, 0));
}

#[tokio::test]
async fn a_client_keeps_what_its_tenant_is_entitled_to_no_more() {
    let world = World::new().await;
    let client = world
        .client(|new| {
            new.grants = vec![grant(Some(LEDGER), "ledger:read ledger:create")];
            new.dialects = vec!["standard".parse().unwrap(), "asset".parse().unwrap()];
            new.lifetime_max = Some(900);
        })
        .await
        .client;
    let whole = edit(|edit| {
        edit.grants = Some(vec![grant(Some(LEDGER), "ledger:read ledger:create")]);
        edit.dialects = Some(vec!["asset".parse().unwrap()]);
        edit.lifetime_max = Some(Some(900));
    });
    assert!(said(&world, &whole).await.unwrap().excess_of(&client).is_empty());
    let less = edit(|edit| {
        edit.grants = Some(vec![grant(Some(LEDGER), "ledger:read")]);
        edit.dialects = Some(Vec::new());
        edit.lifetime_max = Some(Some(899));
    });
    let excess = said(&world, &less).await.unwrap().excess_of(&client);
    assert_eq!(excess.grants[0].scopes, ["ledger:create".parse().unwrap()]);
    assert_eq!((excess.dialects, excess.lifetime), (vec!["asset".parse().unwrap()], true));
    let kept = world.store.client_record(&sandbox(), &client.id).await.unwrap().value.unwrap().client;
    assert_eq!(kept, client);
}
