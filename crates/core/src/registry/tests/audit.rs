use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use super::super::*;
use crate::fixture::{LEDGER, World, grant, sandbox, scopes, timestamp};
use crate::model::Status;
use crate::store::{AuditFilter, AuditRecord};

/// Every operation once.
async fn do_everything(world: &World) -> Vec<String> {
    let registry = &world.registry;
    let client = world.client(|_| ()).await;
    let id = &client.client.id;
    let added = registry.add_secret(&sandbox(), id, None).await.unwrap();
    registry.expire_secret(&sandbox(), id, added.credential.id, timestamp(9)).await.unwrap();
    registry.disable_secret(&sandbox(), id, added.credential.id).await.unwrap();
    let edit = ClientEdit { grant: Some(grant(Some(LEDGER), "common")), ..ClientEdit::default() };
    registry.edit_client(&sandbox(), id, &edit).await.unwrap();
    registry.edit_business(&sandbox(), world.acme, world.shop, &BusinessEdit::default()).await.unwrap();
    let more = ResourceEdit { add_scopes: scopes("more"), ..ResourceEdit::default() };
    registry.edit_resource(&sandbox(), &LEDGER.parse().unwrap(), &more).await.unwrap();
    registry.rename_tenant(world.acme, "Acme Inc.").await.unwrap();
    registry.set_tenant_status(world.acme, Status::Disabled).await.unwrap();
    registry.set_environment_issuer(&sandbox(), "https://new.example").await.unwrap();
    let sealer = (&world.endpoint.root_keys.sealer, &crate::random::SeededRandom::new(8) as &dyn crate::random::Random);
    let (algorithm, state) = (mintmark_verify::Algorithm::EdDsa, crate::model::KeyState::Active);
    let key = crate::keys::new_signing_key(&sandbox(), algorithm, state, world.clock.now(), sealer).unwrap();
    registry.add_signing_key(key).await.unwrap();
    [client.secret, added.secret].map(|secret| secret.text().expose().to_owned()).to_vec()
}

async fn rows(world: &World) -> Vec<AuditRecord> {
    let mut rows = world.store.audit(&AuditFilter::default(), None, 1000).await.unwrap();
    rows.reverse();
    rows
}

#[tokio::test]
async fn every_operation_leaves_one_row_that_says_who_did_what_when() {
    let world = World::new().await;
    do_everything(&world).await;
    let rows = rows(&world).await;
    let actions: Vec<&str> = rows.iter().map(|row| row.action.as_str()).collect();
    assert_eq!(
        actions,
        [
            "environment.create",
            "resource.edit",
            "resource.create",
            "resource.create",
            "tenant.create",
            "tenant.create",
            "business.create",
            "business.create",
            "business.create",
            "client.create",
            "secret.create",
            "secret.expire",
            "secret.disable",
            "client.edit",
            "business.edit",
            "resource.edit",
            "tenant.rename",
            "tenant.set_status",
            "environment.set_issuer",
            "signing_key.create",
        ]
    );
    for (at, row) in rows.iter().enumerate() {
        assert_eq!(row.position.0, at as u64 + 1, "one position each");
        assert_eq!((row.actor.as_str(), row.at), ("test", timestamp(0)));
        assert_eq!(row.before.is_some(), !row.action.ends_with(".create"), "{}", row.action);
        assert!(row.after.is_some(), "{}", row.action);
    }
    let renamed = rows.iter().find(|row| row.action == "tenant.rename").unwrap();
    assert_eq!(renamed.before.as_ref().unwrap()["name"], "Acme");
    assert_eq!(renamed.after.as_ref().unwrap()["name"], "Acme Inc.");
}

#[tokio::test]
async fn no_row_holds_anything_of_a_secret() {
    let world = World::new().await;
    let mut secrets = do_everything(&world).await;
    // The random part alone is the secret too.
    secrets.extend(secrets.clone().iter().map(|secret| secret.rsplit('_').next().unwrap().to_owned()));
    let environments = world.store.environments().await.unwrap().value;
    let clients = world.store.clients(&sandbox(), None, crate::store::Page { after: None, limit: 100 }).await.unwrap();
    let mut hidden: Vec<Vec<u8>> = environments.iter().flat_map(|one| &one.keys).map(|key| key.sealed.0.clone()).collect();
    for client in clients {
        let credentials = world.store.credentials(&sandbox(), &client.id).await.unwrap();
        hidden.extend(credentials.iter().filter_map(|credential| credential.proof.secret()).map(|secret| secret.mac.clone()));
    }
    assert!(hidden.len() >= 5);
    for bytes in hidden {
        // Base64 of a piece from the start: what comes after it does not change it.
        let piece = &bytes[..24];
        let hex = piece.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
        let numbers: Vec<String> = piece.iter().map(ToString::to_string).collect();
        secrets.extend([STANDARD.encode(piece), URL_SAFE_NO_PAD.encode(piece), hex.to_uppercase(), hex, numbers.join(",")]);
    }
    let rows = serde_json::to_string(&rows(&world).await).unwrap();
    for secret in secrets {
        assert!(!rows.contains(&secret), "{secret}");
    }
    for word in ["mac", "sealed", "pepper"] {
        assert!(!rows.contains(&format!("\"{word}")), "{word}");
    }
}

#[tokio::test]
async fn what_was_refused_leaves_no_row() {
    let world = World::new().await;
    let before = rows(&world).await.len();
    world.registry.create_tenant("Acme").await.unwrap_err();
    world.registry.create_tenant("").await.unwrap_err();
    world.registry.rename_tenant(world.acme, "Globex").await.unwrap_err();
    assert_eq!(rows(&world).await.len(), before);
}

#[tokio::test]
async fn s25_every_row_is_in_the_chain_of_the_tenant_that_it_concerns() {
    let world = World::new().await;
    do_everything(&world).await;
    for row in rows(&world).await {
        let is_tenants = ["tenant.", "business.", "client.", "secret."].iter().any(|noun| row.action.starts_with(noun));
        assert_eq!(row.tenant.is_some(), is_tenants, "{}", row.action);
        let is_acmes = is_tenants && row.subject != crate::store::Subject::Tenant { id: world.globex };
        assert!(!is_acmes || row.action == "business.create" || row.tenant == Some(world.acme), "{}", row.action);
    }
}

#[tokio::test]
async fn a_row_says_from_where_and_by_which_request_a_change_came() {
    let world = World::new().await;
    let actor =
        Actor { who: "mem_1".to_owned(), source: Some("192.0.2.9".parse().unwrap()), request_id: Some("req_7".to_owned()) };
    world.registry.acting_as(actor.clone()).rename_tenant(world.acme, "Acme Inc.").await.unwrap();
    let row = rows(&world).await.pop().unwrap();
    assert_eq!((row.actor, row.source, row.request_id), (actor.who, actor.source, actor.request_id));
}

#[tokio::test]
async fn rows_are_filtered_by_chain_object_person_action_and_time() {
    let world = World::new().await;
    do_everything(&world).await;
    world.clock.advance(60);
    world.registry.acting_as(Actor::local("zoë")).rename_tenant(world.globex, "Globex Inc.").await.unwrap();
    let actions = async |filter: AuditFilter| {
        let rows = world.store.audit(&filter, None, 1000).await.unwrap();
        rows.into_iter().map(|row| row.action).collect::<Vec<_>>()
    };
    let all = AuditFilter::default();
    let now = world.clock.now();
    assert_eq!(actions(AuditFilter { who: Some("zoë".to_owned()), ..all.clone() }).await, ["tenant.rename"]);
    assert_eq!(actions(AuditFilter { from: Some(now), ..all.clone() }).await, ["tenant.rename"]);
    assert_eq!(actions(AuditFilter { to: Some(now), action: Some("tenant.rename".to_owned()), ..all.clone() }).await.len(), 1);
    assert_eq!(actions(AuditFilter { action: Some("secret.".to_owned()), ..all.clone() }).await.len(), 3);
    let globex = AuditFilter { tenant: Some(Some(world.globex)), ..all.clone() };
    assert!(actions(globex.clone()).await.contains(&"tenant.create".to_owned()));
    assert!(actions(AuditFilter { tenant: Some(None), ..all.clone() }).await.contains(&"environment.create".to_owned()));
    let subject = Some(crate::store::Subject::Tenant { id: world.acme });
    assert!(actions(AuditFilter { subject, ..globex }).await.is_empty());
}
