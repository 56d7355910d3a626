//! A change is committed whole, against the versions it was decided on, or not at all.

use mintmark_core::clock::Timestamp;
use mintmark_core::model::{Environment, KeyState, Position, SigningKey, Status, TenantId};
use mintmark_core::store::{AuditEntry, AuditFilter, Change, CommitError, Page, Store, Subject, Write};
use mintmark_verify::Algorithm;

use super::world::{NOW, World, change, environment, signing_key};

super::on_every_store! {
    an_update_of_an_older_version_is_a_conflict,
    an_update_that_skips_a_version_is_a_conflict,
    an_update_of_what_does_not_exist_is_a_conflict,
    an_update_cannot_move_an_object_to_another_tenant,
    an_object_that_exists_is_not_inserted_again,
    a_tenant_name_is_taken_once,
    an_issuer_is_taken_once,
    a_resource_uri_is_taken_once_in_each_environment,
    one_key_is_active_for_each_environment_and_algorithm,
    a_key_is_replaced_in_one_change,
    what_an_object_belongs_to_must_exist,
    a_change_leaves_one_audit_row,
    a_change_may_write_no_row,
    a_change_that_fails_in_the_middle_leaves_nothing,
    audit_rows_come_latest_first_in_pages,
    several_changes_are_committed_as_one,
    of_several_changes_all_are_made_or_none,
    credentials_of_many_clients_come_by_client,
}

fn is_conflict(result: &Result<Position, CommitError>) -> bool {
    matches!(result, Err(CommitError::Conflict))
}

fn is_taken(result: &Result<Position, CommitError>) -> bool {
    matches!(result, Err(CommitError::Exists))
}

async fn an_update_of_an_older_version_is_a_conflict<S: Store>(world: World<S>) {
    let mut tenant = world.tenant("Acme").await;
    tenant.version = 2;
    world.write(Write::UpdateTenant(tenant.clone())).await;
    assert!(is_conflict(&world.try_write(vec![Write::UpdateTenant(tenant)]).await));
}

async fn an_update_that_skips_a_version_is_a_conflict<S: Store>(world: World<S>) {
    let mut tenant = world.tenant("Acme").await;
    for version in [0, 1, 3] {
        tenant.version = version;
        assert!(is_conflict(&world.try_write(vec![Write::UpdateTenant(tenant.clone())]).await), "{version}");
    }
}

async fn an_update_of_what_does_not_exist_is_a_conflict<S: Store>(world: World<S>) {
    let (sandbox, tenant) = (world.environment("sandbox").await, world.tenant("Acme").await);
    let mut client = world.new_client(&sandbox, &tenant);
    let mut credential = world.new_credential(&client);
    let mut business = world.new_business(&sandbox, &tenant);
    let mut resource = world.new_resource(&sandbox, "urn:example:1");
    (client.version, credential.version, business.version, resource.version) = (2, 2, 2, 2);
    let key = SigningKey { version: 2, ..signing_key(&sandbox, "kid", KeyState::Next) };
    let updates = [
        Write::UpdateClient(client),
        Write::UpdateCredential(credential),
        Write::UpdateBusiness(business),
        Write::UpdateResource(resource),
        Write::UpdateSigningKey(key),
        Write::UpdateEnvironment(Environment { version: 2, ..environment("other") }),
    ];
    for update in updates {
        assert!(is_conflict(&world.try_write(vec![update.clone()]).await), "{update:?}");
    }
}

async fn an_update_cannot_move_an_object_to_another_tenant<S: Store>(world: World<S>) {
    let (sandbox, tenant) = (world.environment("sandbox").await, world.tenant("Acme").await);
    let other = world.tenant("Other").await;
    let mut client = world.client(&sandbox, &tenant).await;
    let mut business = world.business(&sandbox, &tenant).await;
    let mut credential = world.credential(&client).await;
    credential.client_id = world.client(&sandbox, &other).await.id;
    (client.tenant_id, business.tenant_id) = (other.id, other.id);
    (client.version, business.version, credential.version) = (2, 2, 2);
    for update in [Write::UpdateClient(client), Write::UpdateBusiness(business), Write::UpdateCredential(credential)] {
        assert!(is_conflict(&world.try_write(vec![update.clone()]).await), "{update:?}");
    }
}

async fn an_object_that_exists_is_not_inserted_again<S: Store>(world: World<S>) {
    let (sandbox, tenant) = (world.environment("sandbox").await, world.tenant("Acme").await);
    let client = world.client(&sandbox, &tenant).await;
    let inserts = [
        Write::InsertEnvironment(sandbox.clone()),
        Write::InsertTenant(tenant.clone()),
        Write::InsertBusiness(world.business(&sandbox, &tenant).await),
        Write::InsertCredential(world.credential(&client).await),
        Write::InsertClient(client),
    ];
    for insert in inserts {
        assert!(is_taken(&world.try_write(vec![insert.clone()]).await), "{insert:?}");
    }
}

async fn a_tenant_name_is_taken_once<S: Store>(world: World<S>) {
    world.tenant("Acme").await;
    let mut other = world.tenant("acme").await;
    assert!(is_taken(&world.try_write(vec![Write::InsertTenant(world.new_tenant("Acme"))]).await));
    (other.name, other.version) = ("Acme".to_owned(), 2);
    assert!(is_taken(&world.try_write(vec![Write::UpdateTenant(other)]).await));
}

async fn an_issuer_is_taken_once<S: Store>(world: World<S>) {
    let sandbox = world.environment("sandbox").await;
    let other = Environment { issuer: sandbox.issuer, ..environment("other") };
    assert!(is_taken(&world.try_write(vec![Write::InsertEnvironment(other)]).await));
}

async fn a_resource_uri_is_taken_once_in_each_environment<S: Store>(world: World<S>) {
    let (sandbox, production) = (world.environment("sandbox").await, world.environment("production").await);
    world.write(Write::InsertResource(world.new_resource(&sandbox, "urn:example:1"))).await;
    world.write(Write::InsertResource(world.new_resource(&production, "urn:example:1"))).await;
    let mut other = world.new_resource(&sandbox, "urn:example:2");
    world.write(Write::InsertResource(other.clone())).await;
    assert!(is_taken(&world.try_write(vec![Write::InsertResource(world.new_resource(&sandbox, "urn:example:1"))]).await));
    (other.uri, other.version) = ("urn:example:1".parse().unwrap(), 2);
    assert!(is_taken(&world.try_write(vec![Write::UpdateResource(other)]).await));
}

async fn one_key_is_active_for_each_environment_and_algorithm<S: Store>(world: World<S>) {
    let (sandbox, production) = (world.environment("sandbox").await, world.environment("production").await);
    world.write(Write::InsertSigningKey(signing_key(&sandbox, "one", KeyState::Active))).await;
    world.write(Write::InsertSigningKey(signing_key(&production, "one", KeyState::Active))).await;
    let other_algorithm = SigningKey { algorithm: Algorithm::EdDsa, ..signing_key(&sandbox, "two", KeyState::Active) };
    world.write(Write::InsertSigningKey(other_algorithm)).await;
    for (kid, state) in [("three", KeyState::Next), ("four", KeyState::Retired), ("five", KeyState::Retired)] {
        world.write(Write::InsertSigningKey(signing_key(&sandbox, kid, state))).await;
    }
    let second = signing_key(&sandbox, "six", KeyState::Active);
    assert!(is_taken(&world.try_write(vec![Write::InsertSigningKey(second)]).await));
    let activated = SigningKey { version: 2, ..signing_key(&sandbox, "three", KeyState::Active) };
    assert!(is_taken(&world.try_write(vec![Write::UpdateSigningKey(activated)]).await));
}

async fn a_key_is_replaced_in_one_change<S: Store>(world: World<S>) {
    let sandbox = world.environment("sandbox").await;
    world.write(Write::InsertSigningKey(signing_key(&sandbox, "old", KeyState::Active))).await;
    world.write(Write::InsertSigningKey(signing_key(&sandbox, "new", KeyState::Next))).await;
    let retired = SigningKey { version: 2, ..signing_key(&sandbox, "old", KeyState::Retired) };
    let active = SigningKey { version: 2, ..signing_key(&sandbox, "new", KeyState::Active) };
    world.try_write(vec![Write::UpdateSigningKey(retired), Write::UpdateSigningKey(active)]).await.unwrap();
    let states: Vec<_> = world.store.environments().await.unwrap().value[0].keys.iter().map(|key| key.state).collect();
    assert_eq!(states, [KeyState::Retired, KeyState::Active]);
}

async fn what_an_object_belongs_to_must_exist<S: Store>(world: World<S>) {
    let (sandbox, tenant) = (world.environment("sandbox").await, world.tenant("Acme").await);
    let (no_environment, no_tenant) = (environment("nowhere"), world.new_tenant("Nobody"));
    let orphans = [
        Write::InsertBusiness(world.new_business(&sandbox, &no_tenant)),
        Write::InsertBusiness(world.new_business(&no_environment, &tenant)),
        Write::InsertClient(world.new_client(&sandbox, &no_tenant)),
        Write::InsertClient(world.new_client(&no_environment, &tenant)),
        Write::InsertCredential(world.new_credential(&world.new_client(&sandbox, &tenant))),
        Write::InsertResource(world.new_resource(&no_environment, "urn:example:1")),
        Write::InsertSigningKey(signing_key(&no_environment, "kid", KeyState::Active)),
    ];
    for orphan in orphans {
        assert!(is_conflict(&world.try_write(vec![orphan.clone()]).await), "{orphan:?}");
    }
}

async fn a_change_leaves_one_audit_row<S: Store>(world: World<S>) {
    let tenant = world.new_tenant("Acme");
    let audit = AuditEntry {
        at: Timestamp(1_800_000_123),
        tenant: Some(tenant.id),
        actor: "zoë@example.com".to_owned(),
        source: Some("2001:db8::7".parse().unwrap()),
        request_id: Some("req_1".to_owned()),
        action: "tenant.create",
        subject: Subject::Tenant { id: tenant.id },
        before: Some(serde_json::json!({"name": "\u{0}\"ö", "list": [1, null]})),
        after: None,
    };
    let written = Change { writes: vec![Write::InsertTenant(tenant)], audit: audit.clone() };
    let position = world.store.commit(&written).await.unwrap();
    let rows = world.store.audit(&AuditFilter::default(), None, 10).await.unwrap();
    assert_eq!(rows.len(), 1);
    let row = &rows[0];
    assert_eq!(
        (row.position, row.at, row.actor.as_str(), row.action.as_str()),
        (position, audit.at, "zoë@example.com", "tenant.create")
    );
    assert_eq!((&row.subject, &row.before, &row.after), (&audit.subject, &audit.before, &audit.after));
    assert_eq!((row.tenant, row.sequence), (audit.tenant, Some(1)));
    assert_eq!((row.source, &row.request_id), (audit.source, &audit.request_id));
}

async fn a_change_may_write_no_row<S: Store>(world: World<S>) {
    assert_eq!(world.try_write(Vec::new()).await.unwrap(), Position(1));
    assert_eq!(world.store.audit(&AuditFilter::default(), None, 10).await.unwrap().len(), 1);
}

async fn a_change_that_fails_in_the_middle_leaves_nothing<S: Store>(world: World<S>) {
    let (sandbox, mut tenant) = (world.environment("sandbox").await, world.tenant("Acme").await);
    (tenant.status, tenant.version) = (Status::Disabled, 2);
    let unknown = world.new_client(&sandbox, &world.new_tenant("Nobody"));
    let first = Write::InsertTenant(world.new_tenant("New"));
    let writes = vec![first, Write::UpdateTenant(tenant.clone()), Write::InsertClient(unknown)];
    assert!(is_conflict(&world.store.commit(&change(Subject::Tenant { id: tenant.id }, writes)).await));
    let tenants = world.store.tenants(Page { after: None::<&TenantId>, limit: 10 }).await.unwrap();
    assert_eq!(
        tenants.iter().map(|tenant| (tenant.name.as_str(), tenant.status)).collect::<Vec<_>>(),
        [("Acme", Status::Active)]
    );
    let feed = world.store.feed(Position(0), 10).await.unwrap();
    assert_eq!((feed.head, feed.entries.len()), (Position(2), 2));
    assert_eq!(world.store.audit(&AuditFilter::default(), None, 10).await.unwrap().len(), 2);
    assert_eq!(world.tenant("Next").await.created_at, NOW);
    assert_eq!(world.store.feed(Position(0), 10).await.unwrap().head, Position(3));
}

async fn audit_rows_come_latest_first_in_pages<S: Store>(world: World<S>) {
    for number in 0..5 {
        world.tenant(&format!("tenant {number}")).await;
    }
    let positions = async |before: Option<u64>, limit| {
        let rows = world.store.audit(&AuditFilter::default(), before.map(Position), limit).await.unwrap();
        rows.iter().map(|row| row.position.0).collect::<Vec<_>>()
    };
    assert_eq!(positions(None, 2).await, [5, 4]);
    assert_eq!(positions(Some(4), 2).await, [3, 2]);
    assert_eq!(positions(Some(2), 2).await, [1]);
    assert!(positions(Some(1), 2).await.is_empty());
}

async fn several_changes_are_committed_as_one<S: Store>(world: World<S>) {
    let tenants: Vec<_> = (0..3).map(|number| world.new_tenant(&format!("Tenant {number}"))).collect();
    let before = world.store.feed(Position(0), 100).await.unwrap().head;
    let changes: Vec<Change> = tenants
        .iter()
        .map(|tenant| change(Subject::Tenant { id: tenant.id }, vec![Write::InsertTenant(tenant.clone())]))
        .collect();
    let last = world.store.commit_all(&changes).await.unwrap();
    assert_eq!(last, Position(before.0 + 3), "each has a position of its own");
    let heard = world.store.feed(before, 100).await.unwrap().entries;
    let subjects: Vec<_> = heard.into_iter().map(|entry| entry.subject).collect();
    assert_eq!(subjects, tenants.iter().map(|tenant| Subject::Tenant { id: tenant.id }).collect::<Vec<_>>());
    let rows = world.store.audit(&AuditFilter::default(), None, 3).await.unwrap();
    assert_eq!(rows.iter().map(|row| row.position.0).collect::<Vec<_>>(), [last.0, last.0 - 1, last.0 - 2]);
    // A later one may build on an earlier one.
    let again = |version| {
        let tenant = mintmark_core::model::Tenant { version, ..tenants[0].clone() };
        change(Subject::Tenant { id: tenant.id }, vec![Write::UpdateTenant(tenant)])
    };
    world.store.commit_all(&[again(2), again(3)]).await.unwrap();
    assert_eq!(world.store.tenant(tenants[0].id).await.unwrap().unwrap().version, 3);
}

async fn of_several_changes_all_are_made_or_none<S: Store>(world: World<S>) {
    let (first, second) = (world.new_tenant("First"), world.new_tenant("First"));
    let before = world.store.feed(Position(0), 100).await.unwrap().head;
    let insert = |tenant: &mintmark_core::model::Tenant| {
        change(Subject::Tenant { id: tenant.id }, vec![Write::InsertTenant(tenant.clone())])
    };
    assert!(is_taken(&world.store.commit_all(&[insert(&first), insert(&second)]).await));
    let late = mintmark_core::model::Tenant { version: 7, ..first.clone() };
    let update = change(Subject::Tenant { id: late.id }, vec![Write::UpdateTenant(late)]);
    assert!(is_conflict(&world.store.commit_all(&[insert(&first), update]).await));
    assert!(world.store.tenant(first.id).await.unwrap().is_none());
    assert_eq!(world.store.feed(Position(0), 100).await.unwrap().head, before);
    assert!(world.store.audit(&AuditFilter::default(), None, 10).await.unwrap().iter().all(|row| row.position <= before));
}

async fn credentials_of_many_clients_come_by_client<S: Store>(world: World<S>) {
    let (sandbox, tenant) = (world.environment("sandbox").await, world.tenant("Acme").await);
    let production = world.environment("production").await;
    let mut clients = Vec::new();
    for _ in 0..4 {
        clients.push(world.client(&sandbox, &tenant).await);
    }
    world.credential(&world.client(&production, &tenant).await).await;
    clients.sort_by(|one, other| one.id.cmp(&other.id));
    let mut expected = Vec::new();
    for client in &clients {
        for _ in 0..2 {
            expected.push((client.id.clone(), world.credential(client).await.id));
        }
    }
    let read = async |first: usize, last: usize| {
        let found = world.store.credentials_between(&sandbox.name, (&clients[first].id, &clients[last].id)).await.unwrap();
        found.into_iter().map(|one| (one.client_id, one.id)).collect::<Vec<_>>()
    };
    assert_eq!(read(0, 3).await, expected);
    assert_eq!(read(1, 2).await, expected[2..6]);
    assert_eq!(read(3, 3).await, expected[6..]);
    assert_eq!(read(3, 0).await, []);
}
