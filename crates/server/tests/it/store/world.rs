//! A store with objects in it, told as a story: `world.environment("sandbox").await`, `world.client(&environment, &tenant)`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mintmark::store::{OpenError, OpenOptions, SqlStore, StoreKind, StorePlace};
use mintmark_core::clock::{FakeClock, Timestamp};
use mintmark_core::crypto::RootKeys;
use mintmark_core::model::{
    AssertionAudience, Business, BusinessAccess, BusinessId, Client, ClientId, Credential, CredentialId, CredentialLimits,
    Environment, KeyState, Position, Proof, Resource, ResourceId, SealedBytes, SigningKey, Status, StoredSecret, Tenant,
    TenantId, TokenBinding,
};
use mintmark_core::random::{Random, SeededRandom, SystemRandom};
use mintmark_core::store::memory::MemoryStore;
use mintmark_core::store::{AuditEntry, Change, CommitError, Store, Subject, Write};
use mintmark_verify::Algorithm;
use tempfile::TempDir;

use crate::fixture::PostgresDatabase;

pub(super) const NOW: Timestamp = Timestamp(1_800_000_000);

pub(super) struct World<S> {
    pub(super) store: Arc<S>,
    random: SeededRandom,
}

pub(super) fn path_in(folder: &TempDir) -> PathBuf {
    folder.path().join("mintmark.db")
}

/// The root keys of the stores of these tests are of seed 1.
pub(super) fn root_keys(seed: u64) -> RootKeys {
    RootKeys::parse(&RootKeys::generate(&SeededRandom::new(seed))).unwrap()
}

pub(super) async fn open(path: &Path, create: bool, kind: Option<StoreKind>) -> Result<SqlStore, OpenError> {
    open_place(&StorePlace::file(path), create, kind).await
}

pub(super) async fn open_place(place: &StorePlace, create: bool, kind: Option<StoreKind>) -> Result<SqlStore, OpenError> {
    let clock = Arc::new(FakeClock::at(NOW.0));
    let store = SqlStore::open(place, OpenOptions { create, kind, clock, random: Arc::new(SystemRandom) }).await?;
    store.link_audit_with(root_keys(1).audit_keys());
    Ok(store)
}

impl World<MemoryStore> {
    pub(super) fn in_memory() -> Self {
        Self::of(Arc::new(MemoryStore::new()))
    }
}

impl World<SqlStore> {
    pub(super) async fn on_sqlite(folder: &TempDir) -> Self {
        Self::of(Arc::new(open(&path_in(folder), true, Some(StoreKind::Serve)).await.unwrap()))
    }

    pub(super) async fn on_postgres(database: &PostgresDatabase) -> Self {
        Self::of(Arc::new(open_place(&database.place(), true, Some(StoreKind::Serve)).await.unwrap()))
    }
}

impl<S: Store> World<S> {
    pub(super) fn of(store: Arc<S>) -> Self {
        Self { store, random: SeededRandom::new(7) }
    }

    pub(super) fn random(&self) -> &dyn Random {
        &self.random
    }

    /// Commits writes whose subject does not matter to the case.
    pub(super) async fn try_write(&self, writes: Vec<Write>) -> Result<Position, CommitError> {
        self.store.commit(&change(Subject::Tenant { id: TenantId::none() }, writes)).await
    }

    pub(super) async fn write(&self, write: Write) -> Position {
        self.try_write(vec![write]).await.unwrap()
    }

    pub(super) async fn environment(&self, name: &str) -> Environment {
        let environment = environment(name);
        self.write(Write::InsertEnvironment(environment.clone())).await;
        environment
    }

    pub(super) async fn tenant(&self, name: &str) -> Tenant {
        let tenant = self.new_tenant(name);
        self.write(Write::InsertTenant(tenant.clone())).await;
        tenant
    }

    pub(super) fn new_tenant(&self, name: &str) -> Tenant {
        let id = TenantId::generate(&self.random);
        Tenant { id, name: name.to_owned(), status: Status::Active, attributes: BTreeMap::new(), created_at: NOW, version: 1 }
    }

    pub(super) async fn business(&self, environment: &Environment, tenant: &Tenant) -> Business {
        let business = self.new_business(environment, tenant);
        self.write(Write::InsertBusiness(business.clone())).await;
        business
    }

    pub(super) fn new_business(&self, environment: &Environment, tenant: &Tenant) -> Business {
        Business {
            id: BusinessId::generate(&self.random),
            environment: environment.name.clone(),
            tenant_id: tenant.id,
            name: "Blue Door Bakery".to_owned(),
            external_id: None,
            status: Status::Active,
            created_at: NOW,
            version: 1,
        }
    }

    pub(super) async fn client(&self, environment: &Environment, tenant: &Tenant) -> Client {
        let client = self.new_client(environment, tenant);
        self.write(Write::InsertClient(client.clone())).await;
        client
    }

    pub(super) fn new_client(&self, environment: &Environment, tenant: &Tenant) -> Client {
        Client {
            id: ClientId::generate(&self.random),
            environment: environment.name.clone(),
            tenant_id: tenant.id,
            name: "Nightly export".to_owned(),
            status: Status::Active,
            dialects: Vec::new(),
            grants: Vec::new(),
            businesses: BusinessAccess::All,
            lifetime_max: None,
            token_binding: TokenBinding::Optional,
            assertion_audience: AssertionAudience::Issuer,
            profile: None,
            attributes: BTreeMap::new(),
            serves: Vec::new(),
            created_at: NOW,
            version: 1,
        }
    }

    pub(super) async fn credential(&self, client: &Client) -> Credential {
        let credential = self.new_credential(client);
        self.write(Write::InsertCredential(credential.clone())).await;
        credential
    }

    pub(super) fn new_credential(&self, client: &Client) -> Credential {
        Credential {
            id: CredentialId::generate(&self.random),
            environment: client.environment.clone(),
            client_id: client.id.clone(),
            hint: "x7Qe".to_owned(),
            proof: Proof::Secret(StoredSecret { scheme: 1, pepper_id: "pepper-1".to_owned(), mac: vec![0, 255, 7] }),
            status: Status::Active,
            created_at: NOW,
            expires_at: None,
            limits: CredentialLimits::default(),
            rotation: None,
            imported: None,
            quarantined_at: None,
            last_used_at: None,
            last_used_from: None,
            version: 1,
        }
    }

    pub(super) fn new_resource(&self, environment: &Environment, uri: &str) -> Resource {
        Resource {
            id: ResourceId::generate(&self.random),
            environment: environment.name.clone(),
            uri: uri.parse().unwrap(),
            name: "Ledger".to_owned(),
            scopes: Vec::new(),
            algorithm: None,
            token_format: None,
            created_at: NOW,
            version: 1,
        }
    }
}

pub(super) fn environment(name: &str) -> Environment {
    Environment {
        name: name.parse().unwrap(),
        issuer: format!("https://{name}.example.com"),
        algorithm: Algorithm::Es256,
        lifetime_max: 3600,
        created_at: NOW,
        version: 1,
    }
}

pub(super) fn signing_key(environment: &Environment, kid: &str, state: KeyState) -> SigningKey {
    SigningKey {
        kid: kid.to_owned(),
        environment: environment.name.clone(),
        algorithm: Algorithm::Es256,
        state,
        sealed: SealedBytes(vec![9, 0, 255]),
        created_at: NOW,
        activated_at: None,
        retired_at: None,
        withdrawn_at: None,
        version: 1,
    }
}

pub(super) fn change(subject: Subject, writes: Vec<Write>) -> Change {
    Change { writes, audit: AuditEntry::local(NOW, "test", "test.write", subject) }
}
