use super::super::cache::Cached;
use super::super::known_credential::NO_SCHEME;
use super::super::progress::Progress;
use super::super::tenants::Tenants;
use super::*;
use crate::clock::Timestamp;
use crate::crypto::PEPPER_SCHEME;
use crate::model::{
    Client, Credential, CredentialId, CredentialLimits, Position, Proof, ResourceId, StoredMac, StoredSecret, Tenant,
};
use crate::random::{Random, SeededRandom};
use crate::store::AsOf;

/// A client of one credential, two grants of five scopes in all, and four dialects. Of its grants there are `kinds` in all.
fn typical(random: &SeededRandom, (environment, id): &ClientKey, kind: usize) -> ClientRecord {
    let grant = |scopes: &[&str]| Grant {
        resource: ResourceId::generate(&SeededRandom::new(kind as u64)),
        scopes: scopes.iter().map(|scope| scope.parse().unwrap()).collect(),
    };
    let tenant_id = TenantId::generate(random);
    let mut mac = vec![0; 32];
    random.fill(&mut mac);
    let client = Client {
        id: id.clone(),
        environment: environment.clone(),
        tenant_id,
        name: "Nightly export".to_owned(),
        status: Status::Active,
        dialects: ["standard", "asset", "standard-metrics", "firstvision"].map(|name| name.parse().unwrap()).to_vec(),
        grants: vec![grant(&["ledger:read", "ledger:create"]), grant(&["report:read", "report:edit", "report:delete"])],
        businesses: BusinessAccess::All,
        lifetime_max: None,
        attributes: Attributes::new(),
        token_binding: TokenBinding::Optional,
        assertion_audience: AssertionAudience::Issuer,
        profile: None,
        serves: Vec::new(),
        created_at: Timestamp(0),
        version: 1,
    };
    let credential = Credential {
        id: CredentialId::generate(random),
        environment: environment.clone(),
        client_id: id.clone(),
        hint: "x7Qe".to_owned(),
        proof: Proof::Secret(StoredSecret { scheme: PEPPER_SCHEME, pepper_id: "p1".to_owned(), mac }),
        status: Status::Active,
        created_at: Timestamp(0),
        expires_at: None,
        limits: CredentialLimits::default(),
        rotation: None,
        imported: None,
        quarantined_at: None,
        last_used_at: None,
        last_used_from: None,
        version: 1,
    };
    let (name, status, attributes) = ("Acme".to_owned(), Status::Active, Attributes::new());
    let tenant = Tenant { id: tenant_id, name, status, attributes, created_at: Timestamp(0), version: 1 };
    ClientRecord { client, tenant, credentials: vec![credential] }
}

fn new_key(random: &SeededRandom) -> ClientKey {
    ("sandbox".parse().unwrap(), ClientId::generate(random))
}

fn weight(record: ClientRecord) -> u64 {
    let key = (record.client.environment.clone(), record.client.id.clone());
    let known = build(&key, record, &SharedValues::default());
    ClientWeighter.weight(&key, &Arc::new(known))
}

fn build(key: &ClientKey, record: ClientRecord, shared: &SharedValues) -> KnownClient {
    let tenants = Tenants::default();
    let tenant = tenants.share(&record.tenant, Position(1), tenants.generation());
    KnownClient::build(key, record, tenant, shared)
}

#[test]
fn a_typical_client_takes_at_most_512_bytes() {
    let random = SeededRandom::new(1);
    let weight = weight(typical(&random, &new_key(&random), 1));
    assert!((400..=512).contains(&weight), "{weight}");
}

#[test]
fn a_client_weighs_what_it_owns() {
    let random = SeededRandom::new(1);
    let key = new_key(&random);
    let plain = weight(typical(&random, &key, 1));
    let mut record = typical(&random, &key, 1);
    record.client.businesses = BusinessAccess::Only((0..100).map(|_| BusinessId::generate(&random)).collect());
    assert_eq!(weight(record), plain + 1616, "100 businesses of 16 bytes");
    let mut record = typical(&random, &key, 1);
    record.client.attributes = [("a".repeat(24), AttributeValue::Text("b".repeat(200)))].into();
    assert!((plain + 32 + 208..plain + 400).contains(&weight(record)), "an attribute");
    let with_credentials = |count| {
        let mut record = typical(&random, &key, 1);
        record.credentials = vec![record.credentials[0].clone(); count];
        weight(record)
    };
    assert!((80..112).contains(&(with_credentials(3) - with_credentials(2))), "another credential");
    assert_eq!(with_credentials(1), plain);
    let mut record = typical(&random, &key, 1);
    record.credentials[0].limits = CredentialLimits {
        networks: (0..10).map(|number| format!("10.0.0.{number}").parse().unwrap()).collect(),
        businesses: Some((0..100).map(|_| BusinessId::generate(&random)).collect()),
        ..CredentialLimits::default()
    };
    let limits = weight(record) - plain;
    assert!((1616 + 10 * 18 + 100..=1616 + 10 * 32 + 200).contains(&limits), "limits: {limits}");
}

#[test]
fn clients_with_equal_permissions_share_them_and_a_forgotten_kind_is_let_go() {
    let (random, shared) = (SeededRandom::new(1), SharedValues::default());
    let build = |kind| {
        let key = new_key(&random);
        build(&key, typical(&random, &key, kind), &shared)
    };
    let (one, other) = (build(1), build(1));
    assert!(Arc::ptr_eq(&one.permissions, &other.permissions));
    assert_eq!(one.dialects().len(), 4);
    for kind in 2..5000 {
        build(kind);
    }
    assert!(shared.permissions.len() <= 1100, "{}", shared.permissions.len());
    assert!(Arc::ptr_eq(&one.permissions, &build(1).permissions), "what is in use stays");
}

#[test]
fn a_known_secret_does_not_print_and_is_the_stored_one() {
    let random = SeededRandom::new(1);
    let key = new_key(&random);
    let record = typical(&random, &key, 1);
    let stored = record.credentials[0].proof.secret().unwrap().clone();
    let known = build(&key, record, &SharedValues::default());
    let secret = known.credentials()[0].secret().unwrap();
    assert_eq!(format!("{secret:?}"), "StoredMac(scheme 2, pepper p1)");
    assert!(secret.is_stored_as(&stored));
    for other in [
        StoredSecret { scheme: 1, ..stored.clone() },
        StoredSecret { pepper_id: "p2".to_owned(), ..stored.clone() },
        StoredSecret { mac: vec![0; 32], ..stored.clone() },
    ] {
        assert!(!secret.is_stored_as(&other), "{other:?}");
    }
}

#[test]
fn a_mac_of_another_length_is_none() {
    let random = SeededRandom::new(1);
    let key = new_key(&random);
    for length in [0, 31, 33] {
        let mut record = typical(&random, &key, 1);
        let stored = StoredSecret { mac: vec![0; length], ..record.credentials[0].proof.secret().unwrap().clone() };
        record.credentials[0].proof = Proof::Secret(stored.clone());
        let known = build(&key, record, &SharedValues::default());
        let secret = known.credentials()[0].secret().unwrap();
        assert_eq!(StoredMac::from(secret).scheme, NO_SCHEME, "{length}");
        assert!(!secret.is_stored_as(&stored), "{length}");
    }
}

async fn hold(cache: &Cached<ClientKey, Arc<KnownClient>, ClientWeighter>, shared: &SharedValues, key: ClientKey, kind: usize) {
    let random = SeededRandom::new(kind as u64);
    let load = |key: ClientKey| {
        let known = build(&key, typical(&random, &key, kind), shared);
        std::future::ready(Ok(AsOf { value: Some(Arc::new(known)), position: Position(0) }))
    };
    assert!(cache.load(key, &Progress::default(), 0, || true, load).await.unwrap().is_some());
}

#[tokio::test]
async fn a_cache_never_takes_more_than_its_bytes() {
    let bytes = 1 << 20;
    let (random, shared) = (SeededRandom::new(1), SharedValues::default());
    let cache = Cached::new(bytes, 472, ClientWeighter);
    for number in 0..5000 {
        hold(&cache, &shared, new_key(&random), number % 20).await;
        assert!(cache.statistics().bytes <= bytes);
    }
    let statistics = cache.statistics();
    assert!(statistics.bytes > bytes * 9 / 10, "{statistics:?}");
    assert!(statistics.held > 1500, "{statistics:?}");
}
