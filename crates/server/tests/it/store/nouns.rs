//! Each noun comes back with every field as it was written.

use mintmark_core::clock::Timestamp;
use mintmark_core::model::{
    AssertionAudience, AttributeValue, BusinessAccess, BusinessId, CertificateFingerprint, CertificateName, Credential,
    CredentialLimits, Entitlement, Environment, Federation, Grant, KeySetLocation, KeyState, Profile, Proof, PublicKey,
    ScopeDefinition, ScopeSet, SealedBytes, SecretRotation, Status, StoredSecret, TokenBinding, TokenFormat,
};
use mintmark_core::store::{EnvironmentRecord, Page, Store, Write};
use mintmark_verify::{Algorithm, Jwk};

use super::world::{NOW, World, environment, signing_key};

super::on_every_store! {
    an_empty_store_holds_nothing,
    an_environment_comes_back_with_every_field,
    a_tenant_comes_back_with_every_field,
    an_entitlement_comes_back_with_every_field,
    a_business_comes_back_with_every_field,
    a_client_comes_back_with_every_field,
    a_client_with_nothing_optional_comes_back_so,
    a_credential_comes_back_with_every_field,
    a_credential_of_every_kind_comes_back,
    a_resource_comes_back_with_every_field,
    a_signing_key_comes_back_with_every_field,
    environments_come_by_age_then_name,
    resources_and_keys_come_in_the_order_they_were_made,
    an_update_never_changes_when_the_object_was_made,
}

async fn only_environment<S: Store>(world: &World<S>) -> EnvironmentRecord {
    let mut all = world.store.environments().await.unwrap().value;
    assert_eq!(all.len(), 1);
    all.remove(0)
}

async fn an_empty_store_holds_nothing<S: Store>(world: World<S>) {
    let environment = environment("sandbox");
    let tenant = world.new_tenant("Acme");
    let client = world.new_client(&environment, &tenant);
    assert!(world.store.environments().await.unwrap().value.is_empty());
    assert!(world.store.client_record(&environment.name, &client.id).await.unwrap().value.is_none());
    assert!(world.store.tenant(tenant.id).await.unwrap().is_none());
    assert!(world.store.credentials(&environment.name, &client.id).await.unwrap().is_empty());
    assert!(world.store.audit(&mintmark_core::store::AuditFilter::default(), None, 10).await.unwrap().is_empty());
}

async fn an_environment_comes_back_with_every_field<S: Store>(world: World<S>) {
    let written = world.environment("sandbox").await;
    assert_eq!(only_environment(&world).await.environment, written);
    let changed = Environment {
        issuer: "https://other.example.com".to_owned(),
        algorithm: Algorithm::EdDsa,
        lifetime_max: u32::MAX,
        version: 2,
        ..written
    };
    world.write(Write::UpdateEnvironment(changed.clone())).await;
    assert_eq!(only_environment(&world).await.environment, changed);
}

async fn a_tenant_comes_back_with_every_field<S: Store>(world: World<S>) {
    let mut tenant = world.tenant("Zoë's Büro \"1\"\n").await;
    assert_eq!(world.store.tenant(tenant.id).await.unwrap(), Some(tenant.clone()));
    tenant.attributes.insert("plan".to_owned(), AttributeValue::Text("gold".to_owned()));
    (tenant.name, tenant.status, tenant.version) = ("Acme".to_owned(), Status::Disabled, 2);
    world.write(Write::UpdateTenant(tenant.clone())).await;
    assert_eq!(world.store.tenant(tenant.id).await.unwrap(), Some(tenant));
}

async fn an_entitlement_comes_back_with_every_field<S: Store>(world: World<S>) {
    let (sandbox, tenant) = (world.environment("sandbox").await, world.tenant("Acme").await);
    let other = world.tenant("Globex").await;
    let resource = world.new_resource(&sandbox, "https://api.example.com");
    let mut entitlement = Entitlement { version: 1, ..Entitlement::none(sandbox.name.clone(), tenant.id) };
    world.write(Write::InsertEntitlement(entitlement.clone())).await;
    assert_eq!(world.store.entitlement(&sandbox.name, tenant.id).await.unwrap(), Some(entitlement.clone()));
    let scopes = vec!["ledger:write".parse().unwrap(), "ledger:read".parse().unwrap()];
    entitlement.grants = vec![Grant { resource: resource.id, scopes }];
    entitlement.dialects = vec!["asset".parse().unwrap()];
    (entitlement.lifetime_max, entitlement.changed_at, entitlement.version) = (Some(u32::MAX), NOW, 2);
    world.write(Write::UpdateEntitlement(entitlement.clone())).await;
    assert_eq!(world.store.entitlement(&sandbox.name, tenant.id).await.unwrap(), Some(entitlement));
    assert_eq!(world.store.entitlement(&sandbox.name, other.id).await.unwrap(), None);
}

async fn a_business_comes_back_with_every_field<S: Store>(world: World<S>) {
    let (sandbox, tenant) = (world.environment("sandbox").await, world.tenant("Acme").await);
    let mut business = world.business(&sandbox, &tenant).await;
    let read = world.store.business_of(&sandbox.name, tenant.id, business.id).await.unwrap();
    assert_eq!(read.value, Some(business.clone()));
    (business.name, business.external_id) = ("Red Door".to_owned(), Some("acme-17".to_owned()));
    (business.status, business.version) = (Status::Disabled, 2);
    world.write(Write::UpdateBusiness(business.clone())).await;
    let read = world.store.business_of(&sandbox.name, tenant.id, business.id).await.unwrap();
    assert_eq!(read.value, Some(business));
}

async fn a_client_comes_back_with_every_field<S: Store>(world: World<S>) {
    let (sandbox, tenant) = (world.environment("sandbox").await, world.tenant("Acme").await);
    let mut client = world.client(&sandbox, &tenant).await;
    let business = world.business(&sandbox, &tenant).await;
    let resource = world.new_resource(&sandbox, "https://api.example.com");
    let scopes = vec!["ledger:write".parse().unwrap(), "ledger:read".parse().unwrap()];
    client.dialects = vec!["standard".parse().unwrap(), "asset".parse().unwrap()];
    client.grants = vec![Grant { resource: resource.id, scopes }];
    client.businesses = BusinessAccess::Only(vec![business.id]);
    client.lifetime_max = Some(u32::MAX);
    client.attributes.insert("flag".to_owned(), AttributeValue::Boolean(true));
    client.attributes.insert("number".to_owned(), AttributeValue::Integer(i64::MIN));
    client.attributes.insert("text".to_owned(), AttributeValue::Text("7 \"ö\" \u{1}".to_owned()));
    (client.token_binding, client.profile) = (TokenBinding::Either, Some(Profile::Fapi2));
    client.assertion_audience = AssertionAudience::Legacy;
    client.serves = vec![resource.id];
    (client.name, client.status, client.version) = ("Export".to_owned(), Status::Disabled, 2);
    world.write(Write::UpdateClient(client.clone())).await;
    let record = world.store.client_record(&sandbox.name, &client.id).await.unwrap().value.unwrap();
    assert_eq!(record.client, client);
    assert_eq!(record.tenant, tenant);
    assert!(record.credentials.is_empty());
}

async fn a_client_with_nothing_optional_comes_back_so<S: Store>(world: World<S>) {
    let (sandbox, tenant) = (world.environment("sandbox").await, world.tenant("Acme").await);
    let mut client = world.new_client(&sandbox, &tenant);
    client.id = " \"'; -- ~".parse().unwrap();
    world.write(Write::InsertClient(client.clone())).await;
    let record = world.store.client_record(&sandbox.name, &client.id).await.unwrap().value.unwrap();
    assert_eq!(record.client, client);
}

async fn a_credential_comes_back_with_every_field<S: Store>(world: World<S>) {
    let (sandbox, tenant) = (world.environment("sandbox").await, world.tenant("Acme").await);
    let client = world.client(&sandbox, &tenant).await;
    let plain = world.credential(&client).await;
    let mut full = world.new_credential(&client);
    (full.expires_at, full.last_used_at) = (Some(NOW.plus(60)), Some(Timestamp(1)));
    full.limits = CredentialLimits {
        networks: vec!["10.0.0.0/8".parse().unwrap(), "2001:db8::1".parse().unwrap()],
        not_before: Some(NOW.plus(5)),
        scopes: Some(ScopeSet::parse("b:write a:read").unwrap()),
        businesses: Some(vec![BusinessId::none()]),
    };
    full.rotation = Some(SecretRotation {
        old: full.id,
        new: plain.id,
        started_at: NOW,
        deadline: NOW.plus(60),
        former_expires_at: Some(NOW.plus(90)),
    });
    full.last_used_from = Some("2001:db8::1".parse().unwrap());
    world.write(Write::InsertCredential(full.clone())).await;
    assert_eq!(world.store.credentials(&sandbox.name, &client.id).await.unwrap(), [plain.clone(), full.clone()]);
    full.proof = Proof::Secret(StoredSecret { scheme: 2, pepper_id: "pepper-2".to_owned(), mac: vec![1; 32] });
    (full.hint, full.status) = ("abcd".to_owned(), Status::Disabled);
    (full.expires_at, full.version) = (None, 2);
    (full.limits, full.rotation) = (CredentialLimits::default(), None);
    world.write(Write::UpdateCredential(full.clone())).await;
    let record = world.store.client_record(&sandbox.name, &client.id).await.unwrap().value.unwrap();
    assert_eq!(record.credentials, [plain, full]);
}

async fn a_credential_of_every_kind_comes_back<S: Store>(world: World<S>) {
    let (sandbox, tenant) = (world.environment("sandbox").await, world.tenant("Acme").await);
    let client = world.client(&sandbox, &tenant).await;
    let federation = Federation {
        issuer: "https://issuer.example".to_owned(),
        jwks_uri: Some("https://issuer.example/keys".to_owned()),
        conditions: [("sub".to_owned(), "a".into()), ("/a~1b/0".to_owned(), 7.into())].into(),
        single_use: true,
    };
    let proofs = [
        Proof::SharedKey(SealedBytes(vec![0, 1, 255])),
        Proof::PublicKey(PublicKey { jwk: Jwk::ed25519(&[7; 32]).with_kid("a") }),
        Proof::KeySet(KeySetLocation { uri: "https://client.example/jwks".to_owned() }),
        Proof::CertificateName(CertificateName::Subject("CN=a \"ö\"".to_owned())),
        Proof::Certificate(CertificateFingerprint { sha256: vec![1; 32] }),
        Proof::Federated(federation),
    ];
    let mut written = Vec::new();
    for proof in proofs {
        let credential = Credential { proof, ..world.new_credential(&client) };
        world.write(Write::InsertCredential(credential.clone())).await;
        written.push(credential);
    }
    assert_eq!(world.store.credentials(&sandbox.name, &client.id).await.unwrap(), written);
}

async fn a_resource_comes_back_with_every_field<S: Store>(world: World<S>) {
    let sandbox = world.environment("sandbox").await;
    let mut resource = world.new_resource(&sandbox, "https://api.example.com/v1");
    world.write(Write::InsertResource(resource.clone())).await;
    assert_eq!(only_environment(&world).await.resources, [resource.clone()]);
    let scope = |name: &str| ScopeDefinition { name: name.parse().unwrap(), description: "What it ällows".to_owned() };
    resource.uri = "urn:example:ledger".parse().unwrap();
    resource.scopes = vec![scope("b:write"), scope("a:read")];
    resource.token_format = Some(TokenFormat::Opaque);
    (resource.name, resource.algorithm, resource.version) = ("Other".to_owned(), Some(Algorithm::Rs256), 2);
    world.write(Write::UpdateResource(resource.clone())).await;
    assert_eq!(only_environment(&world).await.resources, [resource]);
}

async fn a_signing_key_comes_back_with_every_field<S: Store>(world: World<S>) {
    let sandbox = world.environment("sandbox").await;
    let mut key = signing_key(&sandbox, "kid-1", KeyState::Next);
    world.write(Write::InsertSigningKey(key.clone())).await;
    assert_eq!(only_environment(&world).await.keys, [key.clone()]);
    (key.state, key.sealed, key.version) = (KeyState::Active, SealedBytes(vec![1, 2]), 2);
    world.write(Write::UpdateSigningKey(key.clone())).await;
    assert_eq!(only_environment(&world).await.keys, [key]);
}

async fn environments_come_by_age_then_name<S: Store>(world: World<S>) {
    for (name, age) in [("b", 1), ("c", 0), ("a", 1)] {
        let environment = Environment { created_at: Timestamp(age), ..environment(name) };
        world.write(Write::InsertEnvironment(environment)).await;
    }
    let all = world.store.environments().await.unwrap().value;
    assert_eq!(all.iter().map(|record| record.environment.name.as_str()).collect::<Vec<_>>(), ["c", "a", "b"]);
}

/// All in one second, whose order the ids do not tell.
async fn resources_and_keys_come_in_the_order_they_were_made<S: Store>(world: World<S>) {
    let sandbox = world.environment("sandbox").await;
    for number in [3, 1, 2] {
        world.write(Write::InsertResource(world.new_resource(&sandbox, &format!("urn:example:{number}")))).await;
        world.write(Write::InsertSigningKey(signing_key(&sandbox, &format!("kid-{number}"), KeyState::Next))).await;
    }
    let record = only_environment(&world).await;
    let uris: Vec<_> = record.resources.iter().map(|resource| resource.uri.as_str()).collect();
    assert_eq!(uris, ["urn:example:3", "urn:example:1", "urn:example:2"]);
    assert_eq!(record.keys.iter().map(|key| key.kid.as_str()).collect::<Vec<_>>(), ["kid-3", "kid-1", "kid-2"]);
}

async fn an_update_never_changes_when_the_object_was_made<S: Store>(world: World<S>) {
    let mut tenant = world.tenant("Acme").await;
    (tenant.created_at, tenant.version) = (Timestamp(1), 2);
    world.write(Write::UpdateTenant(tenant.clone())).await;
    assert_eq!(world.store.tenant(tenant.id).await.unwrap().unwrap().created_at, NOW);
    assert_eq!(world.store.tenants(Page { after: None, limit: 9 }).await.unwrap().len(), 1);
}
