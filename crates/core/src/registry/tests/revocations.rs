use super::super::*;
use crate::clock::Timestamp;
use crate::fixture::{LEDGER, NOW, World, grant, sandbox, timestamp};
use crate::model::{BusinessAccess, ClientId, Position, RevocationKind, Status};
use crate::store::StoredRevocation;

impl World {
    /// What the store holds, and the position of its last change.
    async fn revoked(&self) -> (Vec<StoredRevocation>, Position) {
        let page = self.store.revocations(Position(0), 5000).await.unwrap();
        (page.revocations, page.head)
    }
}

fn status(status: Status) -> ClientEdit {
    ClientEdit { status: Some(status), ..ClientEdit::default() }
}

#[tokio::test]
async fn s11_whatever_is_turned_off_is_marked_in_the_same_change() {
    let world = World::new().await;
    let client = world.client(|_| ()).await;
    let (id, secret) = (&client.client.id, client.credential.id);
    let closed = BusinessEdit { status: Some(Status::Disabled), ..BusinessEdit::default() };
    let mut expected = Vec::new();
    let mut check = async |kind, environment: bool, id: String| {
        let (revoked, head) = world.revoked().await;
        let expires_at = Timestamp(NOW + 2 * 86_400 + 600);
        let environment = environment.then(sandbox);
        expected.push(StoredRevocation { kind, environment, id, position: head, expires_at });
        assert_eq!(revoked, expected);
    };
    world.registry.disable_secret(&sandbox(), id, secret).await.unwrap();
    check(RevocationKind::Credential, true, secret.to_string()).await;
    world.registry.edit_client(&sandbox(), id, &status(Status::Disabled)).await.unwrap();
    check(RevocationKind::Client, true, id.to_string()).await;
    world.registry.edit_business(&sandbox(), world.acme, world.shop, &closed).await.unwrap();
    check(RevocationKind::Business, true, world.shop.to_string()).await;
    world.registry.set_tenant_status(world.acme, Status::Disabled).await.unwrap();
    check(RevocationKind::Tenant, false, world.acme.to_string()).await;
}

#[tokio::test]
async fn what_ends_nothing_leaves_no_mark() {
    let world = World::new().await;
    let client = world.client(|_| ()).await;
    let id = &client.client.id;
    let edits = [
        ClientEdit { name: Some("Other".to_owned()), ..ClientEdit::default() },
        ClientEdit { revoke: Some(LEDGER.parse().unwrap()), ..ClientEdit::default() },
        ClientEdit { businesses: Some(BusinessAccess::Only(vec![world.shop])), ..ClientEdit::default() },
        ClientEdit { serve: vec![LEDGER.parse().unwrap()], ..ClientEdit::default() },
        status(Status::Active),
    ];
    for edit in edits {
        world.registry.edit_client(&sandbox(), id, &edit).await.unwrap();
    }
    world.registry.rename_tenant(world.acme, "Other").await.unwrap();
    world.registry.set_tenant_status(world.acme, Status::Active).await.unwrap();
    world.registry.expire_secret(&sandbox(), id, client.credential.id, timestamp(60)).await.unwrap();
    let name = BusinessEdit { name: Some("Other".to_owned()), ..BusinessEdit::default() };
    world.registry.edit_business(&sandbox(), world.acme, world.shop, &name).await.unwrap();
    assert_eq!(world.revoked().await.0, []);
}

#[tokio::test]
async fn what_is_turned_off_already_is_marked_once() {
    let world = World::new().await;
    let client = world.client(|_| ()).await;
    for _ in 0..2 {
        world.registry.edit_client(&sandbox(), &client.client.id, &status(Status::Disabled)).await.unwrap();
        world.registry.disable_secret(&sandbox(), &client.client.id, client.credential.id).await.unwrap();
    }
    let (revoked, head) = world.revoked().await;
    assert_eq!(revoked.iter().map(|stored| stored.position.0).collect::<Vec<_>>(), [head.0 - 3, head.0 - 2]);
}

#[tokio::test]
async fn tokens_are_revoked_in_the_mass_without_turning_anything_off_and_the_audit_says_so() {
    use RevocationKind::{Business, Client, Credential, Tenant, Token};
    let world = World::new().await;
    let client = world.client(|_| ()).await;
    let (registry, name) = (&world.registry, sandbox());
    registry.revoke_credential(&name, &client.client.id, client.credential.id).await.unwrap();
    registry.revoke_client(&name, &client.client.id).await.unwrap();
    registry.revoke_business(&name, world.acme, world.shop).await.unwrap();
    registry.revoke_tenant(world.acme).await.unwrap();
    let token = TokenToRevoke { environment: &name, id: "jti", client_id: None, expires_at: Some(timestamp(60)) };
    assert_eq!(registry.revoke_token(token).await.unwrap(), TokenRevoked::Alone);
    let (revoked, _) = world.revoked().await;
    assert_eq!(revoked.iter().map(|stored| stored.kind).collect::<Vec<_>>(), [Credential, Client, Business, Tenant, Token]);
    assert_eq!(revoked[4].expires_at, timestamp(60 + 600));
    let audit = world.store.audit(&crate::store::AuditFilter::default(), None, 5).await.unwrap();
    let actions: Vec<&str> = audit.iter().rev().map(|row| row.action.as_str()).collect();
    assert_eq!(actions, ["secret.revoke", "client.revoke", "business.revoke", "tenant.revoke", "token.revoke"]);
    assert!(audit.iter().all(|row| row.actor == "test" && row.after.is_some()), "{audit:?}");
    let record = world.stored(&client.client.id).await;
    assert_eq!((record.client.status, record.credentials[0].status), (Status::Active, Status::Active));
}

#[tokio::test]
async fn what_is_revoked_must_exist() {
    let world = World::new().await;
    let client = world.client(|_| ()).await;
    let (registry, name) = (&world.registry, sandbox());
    let nobody: ClientId = "nobody".parse().unwrap();
    let missing = [
        registry.revoke_client(&name, &nobody).await,
        registry.revoke_credential(&name, &nobody, client.credential.id).await,
        registry.revoke_business(&name, world.acme, world.foreign).await,
        registry.revoke_client(&"nowhere".parse().unwrap(), &client.client.id).await,
    ];
    assert!(missing.iter().all(|outcome| matches!(outcome, Err(RegistryError::NotFound(_)))), "{missing:?}");
    for id in ["", "a\nb", &"x".repeat(129)] {
        let token = TokenToRevoke { environment: &name, id, client_id: None, expires_at: None };
        assert!(matches!(registry.revoke_token(token).await, Err(RegistryError::Invalid { field: "jti", .. })));
    }
    assert_eq!(world.revoked().await.0, []);
}

#[tokio::test]
async fn a_revocation_whose_fate_is_unknown_is_told_as_unknown() {
    let world = World::new().await;
    let client = world.client(|_| ()).await;
    world.store.lose_commits(true);
    let outcome = world.registry.revoke_client(&sandbox(), &client.client.id).await;
    assert!(matches!(outcome, Err(RegistryError::Unknown(_))));
}

#[tokio::test]
async fn a_client_serves_resources_that_exist_each_once() {
    let world = World::new().await;
    let client = world.client(|new| new.serves = vec![LEDGER.parse().unwrap()]).await;
    let ledger = client.client.serves[0];
    let edit = async |edit| world.registry.edit_client(&sandbox(), &client.client.id, &edit).await;
    let again = edit(ClientEdit { serve: vec![LEDGER.parse().unwrap()], ..ClientEdit::default() }).await.unwrap();
    assert_eq!(again.serves, [ledger]);
    let none = edit(ClientEdit { serve_no_more: Some(LEDGER.parse().unwrap()), ..ClientEdit::default() }).await.unwrap();
    assert_eq!(none.serves, []);
    let unknown = edit(ClientEdit { serve: vec!["urn:example:nowhere".parse().unwrap()], ..ClientEdit::default() }).await;
    assert!(matches!(unknown, Err(RegistryError::NotFound(_))));
    let twice = world.registry.create_client(world.new_client(|new| {
        new.grants = vec![grant(None, "read")];
        new.serves = vec![LEDGER.parse().unwrap(), LEDGER.parse().unwrap()];
    }));
    assert!(matches!(twice.await, Err(RegistryError::Invalid { field: "serves", .. })));
}
