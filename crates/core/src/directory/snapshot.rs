//! The snapshot that a node starts from while the store is away.
//!
//! It has two parts. The *base* holds the clients and businesses that were held in memory, and is written now and then, since it
//! may be large. The *head* is small and written every few seconds: environments and keys, how far the feed was followed and when
//! it was last read, and which objects changed since the base. A third small text, the *mark*, holds the position of the newest
//! head: an older head is refused beside it (rule S15).
//!
//! All are sealed under the master key, so that nobody else can write one. A snapshot is as old as the last read of the feed
//! before it was written, on the boot-time clock, and worth nothing after the machine was started again: every other
//! clock can be set (rule S14).

use std::collections::HashSet;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use super::environment::EnvironmentView;
use super::known_business::BusinessKey;
use super::known_client::{AllowedBusinesses, ClientKey, ClientLookup, KnownClient};
use super::revocations::SavedRevocation;
use super::{Directory, DirectoryLimits};
use crate::clock::{Clock, Timestamp};
use crate::crypto::{Purpose, RootKeys, SealContext, Sealer};
use crate::model::{
    AssertionAudience, Attributes, BusinessAccess, BusinessId, Client, ClientId, ClientRecord, Credential, CredentialId,
    CredentialLimits, DialectName, Environment, EnvironmentName, Grant, KeyState, Position, Profile, Proof, ProofKind, Quota,
    Resource, ResourceId, SealedBytes, SigningKey, Status, StoredSecret, Tenant, TenantId, TokenBinding,
};
use crate::random::Random;
use crate::store::{EnvironmentRecord, Incarnation, Mark, Store};
use mintmark_verify::Algorithm;

/// How many clients or businesses are sealed together.
const AT_ONCE: usize = 500;
/// How many changed objects a head names. With more, the base is of no use any more.
const CHANGED_MAX: usize = 10_000;

/// What changed since the base was begun.
#[derive(Debug, Default)]
pub(super) struct ChangedSince {
    changed: Mutex<Changed>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Changed {
    clients: HashSet<ClientKey>,
    tenants: HashSet<TenantId>,
    all_clients: bool,
    all_businesses: bool,
    /// The base has the revocations up to here.
    revocations_after: Position,
}

impl ChangedSince {
    pub(super) fn client(&self, environment: &EnvironmentName, id: &ClientId) {
        self.with(|changed| {
            if changed.clients.len() < CHANGED_MAX {
                changed.clients.insert((environment.clone(), id.clone()));
            } else {
                changed.all_clients = true;
            }
        });
    }

    pub(super) fn tenant(&self, id: TenantId) {
        self.with(|changed| {
            if changed.tenants.len() < CHANGED_MAX {
                changed.tenants.insert(id);
            } else {
                changed.all_clients = true;
            }
        });
    }

    pub(super) fn all_clients(&self) {
        self.with(|changed| changed.all_clients = true);
    }

    /// None of the base's revocations counts any more.
    pub(super) fn all_revocations(&self) {
        self.with(|changed| changed.revocations_after = Position(0));
    }

    pub(super) fn all_businesses(&self) {
        self.with(|changed| changed.all_businesses = true);
    }

    fn with<T>(&self, change: impl FnOnce(&mut Changed) -> T) -> T {
        change(&mut self.changed.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A base that was written whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotBase {
    /// Its name, which says nothing.
    pub id: String,
    /// How many parts it has.
    pub parts: u32,
    /// How many clients are in it.
    pub clients: u64,
}

/// The two small texts of a snapshot, sealed.
#[derive(Debug)]
pub struct SnapshotHead {
    /// The head.
    pub head: Vec<u8>,
    /// The mark, to be written after it.
    pub mark: Vec<u8>,
}

/// Why a snapshot is not used.
#[derive(Debug, PartialEq, Eq)]
pub enum SnapshotRefused {
    /// A part is missing, or does not open: it was changed, or sealed by others, or belongs to another snapshot.
    NotAuthentic(&'static str),
    /// The machine was started again since.
    OtherBoot,
    /// It is older than the limit; so many seconds.
    TooOld(u64),
    /// A newer one was written by this node.
    Replaced,
}

impl fmt::Display for SnapshotRefused {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SnapshotRefused::NotAuthentic(part) => write!(out, "its {part} is missing or does not open"),
            SnapshotRefused::OtherBoot => out.write_str("the machine was started again since it was written"),
            SnapshotRefused::TooOld(seconds) => write!(out, "it is {seconds} s old, more than outage.max_staleness allows"),
            SnapshotRefused::Replaced => out.write_str("this node wrote a newer one before"),
        }
    }
}

impl std::error::Error for SnapshotRefused {}

#[derive(Serialize, Deserialize)]
struct Head {
    base: SnapshotBase,
    incarnation: String,
    position: Position,
    mark: Mark,
    first: Position,
    is_unconfirmed: bool,
    boot: String,
    fresh_at: u64,
    environments: Vec<SavedEnvironment>,
    changed: Changed,
    /// Those that were made since the base.
    revocations: Vec<SavedRevocation>,
    /// None in a head of a program that knew none.
    #[serde(default)]
    quotas: Vec<Quota>,
}

#[derive(Serialize, Deserialize)]
struct NewestHead {
    incarnation: String,
    position: Position,
}

#[derive(Serialize, Deserialize)]
struct SavedEnvironment {
    environment: Environment,
    resources: Vec<Resource>,
    keys: Vec<SavedKey>,
}

#[derive(Serialize, Deserialize)]
struct SavedKey {
    kid: String,
    algorithm: Algorithm,
    state: KeyState,
    #[serde(with = "crate::base64url::bytes")]
    sealed: Vec<u8>,
    created_at: Timestamp,
    #[serde(default)]
    activated_at: Option<Timestamp>,
    #[serde(default)]
    retired_at: Option<Timestamp>,
    #[serde(default)]
    withdrawn_at: Option<Timestamp>,
    version: u64,
}

#[derive(Default, Serialize, Deserialize)]
struct Part {
    clients: Vec<SavedClient>,
    businesses: Vec<(BusinessKey, Status)>,
    revocations: Vec<SavedRevocation>,
}

#[derive(Serialize, Deserialize)]
struct SavedClient {
    id: ClientId,
    environment: EnvironmentName,
    tenant_id: TenantId,
    tenant_status: Status,
    tenant_attributes: Attributes,
    status: Status,
    dialects: Vec<DialectName>,
    grants: Vec<Grant>,
    businesses: Option<Vec<BusinessId>>,
    lifetime_max: Option<u32>,
    attributes: Attributes,
    token_binding: TokenBinding,
    assertion_audience: AssertionAudience,
    profile: Option<Profile>,
    serves: Vec<ResourceId>,
    credentials: Vec<SavedCredential>,
}

#[derive(Serialize, Deserialize)]
struct SavedCredential {
    id: CredentialId,
    proof: SavedProof,
    status: Status,
    expires_at: Option<Timestamp>,
    /// Always there: a snapshot of a program that knew no limits is of no use, since it would lift them.
    limits: CredentialLimits,
}

#[derive(Serialize, Deserialize)]
enum SavedProof {
    Secret(StoredSecret),
    SharedKey(#[serde(with = "crate::base64url::bytes")] Vec<u8>),
    Other(ProofKind, serde_json::Value),
}

impl SavedProof {
    fn of(proof: Proof) -> Self {
        let kind = proof.kind();
        let details = proof.details();
        match proof {
            Proof::Secret(secret) => SavedProof::Secret(secret),
            Proof::SharedKey(sealed) => SavedProof::SharedKey(sealed.0),
            _ => SavedProof::Other(kind, details.unwrap_or_default()),
        }
    }

    /// None if a later version wrote what this one cannot read.
    fn into_proof(self) -> Option<Proof> {
        match self {
            SavedProof::Secret(secret) => Some(Proof::Secret(secret)),
            SavedProof::SharedKey(sealed) => Some(Proof::SharedKey(SealedBytes(sealed))),
            SavedProof::Other(kind, details) => Proof::from_details(kind, details).ok(),
        }
    }
}

impl<S: Store> Directory<S> {
    /// Writes the base of a snapshot, part by part. Changes that are applied from here on belong to the head. It reads all that is
    /// held: not for a thread that serves requests.
    ///
    /// # Errors
    ///
    /// What `write` gives; and an error of kind `Other` if nothing can be sealed.
    pub fn write_base(
        &self,
        random: &dyn Random,
        mut write: impl FnMut(&[u8]) -> std::io::Result<()>,
    ) -> std::io::Result<SnapshotBase> {
        // The set is taken under the lock: what is put in its place later and noted is noted after this.
        let revocations = self.changed.with(|changed| {
            let revocations = self.revocations();
            *changed = Changed { revocations_after: revocations.position(), ..Changed::default() };
            revocations
        });
        let mut id = [0; 16];
        random.fill(&mut id);
        let mut base = SnapshotBase { id: format!("{:032x}", u128::from_be_bytes(id)), parts: 0, clients: 0 };
        let mut part = Part::default();
        let mut flush = |part: &mut Part, base: &mut SnapshotBase| {
            let text = serde_json::to_vec(&std::mem::take(part))?;
            let sealed = seal(&self.root_keys.sealer, &part_name(base, base.parts), &text, random);
            base.parts += 1;
            write(&sealed.ok_or_else(|| std::io::Error::other("no master key is loaded"))?)
        };
        for (_, client) in self.clients.all() {
            part.clients.push(SavedClient::of(&client));
            base.clients += 1;
            if part.clients.len() == AT_ONCE {
                flush(&mut part, &mut base)?;
            }
        }
        for (key, status) in self.businesses.all() {
            part.businesses.push((key, status));
            if part.businesses.len() == AT_ONCE {
                flush(&mut part, &mut base)?;
            }
        }
        for saved in revocations.saved(Position(0)) {
            part.revocations.push(saved);
            if part.revocations.len() == AT_ONCE {
                flush(&mut part, &mut base)?;
            }
        }
        flush(&mut part, &mut base)?;
        Ok(base)
    }

    /// Whether so much changed since the base that it should be written anew.
    pub fn is_base_worn(&self) -> bool {
        self.changed.with(|changed| {
            let many = changed.clients.len().max(changed.tenants.len()) > CHANGED_MAX / 2;
            changed.all_clients || changed.all_businesses || many
        })
    }

    /// The head that belongs to a base, as of now. None before the feed was read, or if nothing can be sealed.
    pub async fn snapshot_head(&self, base: &SnapshotBase, boot: &str, random: &dyn Random) -> Option<SnapshotHead> {
        let head = {
            // Between two polls, so that the position and what was changed are of one moment.
            let _polling = self.polling.lock().await;
            let environments = self.environments.all();
            let changed = self.changed.with(|changed| changed.clone());
            Head {
                revocations: self.revocations().saved(changed.revocations_after).collect(),
                base: base.clone(),
                incarnation: self.progress.history()?.0,
                position: self.progress.applied(),
                mark: self.progress.mark(),
                first: self.progress.first(),
                is_unconfirmed: self.progress.is_unconfirmed(),
                boot: boot.to_owned(),
                fresh_at: self.progress.fresh_at(),
                quotas: self.quotas.all(),
                environments: environments.iter().map(|view| SavedEnvironment::of(view)).collect(),
                changed,
            }
        };
        let mark = NewestHead { incarnation: head.incarnation.clone(), position: head.position };
        let sealer = &self.root_keys.sealer;
        Some(SnapshotHead {
            head: seal(sealer, "head", &serde_json::to_vec(&head).ok()?, random)?,
            mark: seal(sealer, "mark", &serde_json::to_vec(&mark).ok()?, random)?,
        })
    }

    /// A directory as the snapshot has it, as old as that is. `read_part` gives each part of the base that the head names.
    pub fn open_snapshot(
        store: Arc<S>,
        clock: Arc<dyn Clock>,
        root_keys: &Arc<RootKeys>,
        limits: DirectoryLimits,
        (snapshot, boot): (&SnapshotHead, &str),
        mut read_part: impl FnMut(&SnapshotBase, u32) -> Option<Vec<u8>>,
    ) -> Result<Self, SnapshotRefused> {
        let sealer = &root_keys.sealer;
        let head: Head = open(sealer, "head", &snapshot.head).ok_or(SnapshotRefused::NotAuthentic("head"))?;
        let mark: NewestHead = open(sealer, "mark", &snapshot.mark).ok_or(SnapshotRefused::NotAuthentic("mark"))?;
        if head.boot != boot {
            return Err(SnapshotRefused::OtherBoot);
        }
        if mark.incarnation != head.incarnation || head.position < mark.position {
            return Err(SnapshotRefused::Replaced);
        }
        let age = clock.boot_milliseconds().checked_sub(head.fresh_at).ok_or(SnapshotRefused::OtherBoot)?;
        if age > limits.max_staleness_milliseconds {
            return Err(SnapshotRefused::TooOld(age / 1000));
        }
        let directory = Self::empty(store, clock, Arc::clone(root_keys), limits);
        let mut revoked = Self::snapshot_revocations(head.incarnation.clone(), head.position, head.first);
        head.revocations.iter().for_each(|saved| revoked.add_saved(saved));
        for number in 0..head.base.parts {
            let bad = SnapshotRefused::NotAuthentic("base");
            let Some(text) = read_part(&head.base, number) else { return Err(bad) };
            let part: Part = open(sealer, &part_name(&head.base, number), &text).ok_or(bad)?;
            let is_kept = |saved: &&SavedRevocation| saved.position <= head.changed.revocations_after;
            part.revocations.iter().filter(is_kept).for_each(|saved| revoked.add_saved(saved));
            directory.take_part(part, &head);
        }
        let views = head.environments.into_iter().map(|saved| Arc::new(EnvironmentView::build(saved.into(), sealer)));
        directory.environments.replace(views.collect());
        directory.quotas.replace(head.quotas, directory.clock.now());
        directory.revoked.publish(revoked);
        directory.progress.set_standing(head.first, head.is_unconfirmed);
        directory.progress.announce(head.position);
        directory.progress.set_applied(head.position, head.mark);
        directory.progress.set_history(Some(Incarnation(head.incarnation)));
        directory.progress.set_fresh(head.fresh_at);
        // Until there is a base of this process's own, none of what it learns is in the old one.
        directory.changed.all_clients();
        directory.changed.all_revocations();
        Ok(directory)
    }

    fn take_part(&self, part: Part, head: &Head) {
        let (changed, generation) = (&head.changed, self.tenants.generation());
        let is_kept = |client: &SavedClient| {
            let key = (client.environment.clone(), client.id.clone());
            !changed.all_clients && !changed.clients.contains(&key) && !changed.tenants.contains(&client.tenant_id)
        };
        for client in part.clients.into_iter().filter(is_kept) {
            let key = (client.environment.clone(), client.id.clone());
            let record = ClientRecord::from(client);
            let tenant = self.tenants.share(&record.tenant, head.position, generation);
            let known = Arc::new(KnownClient::build(&key, record, tenant, &self.shared_values));
            self.clients.put(key, known);
        }
        for (key, status) in part.businesses.into_iter().filter(|_| !changed.all_businesses) {
            self.businesses.put(key, status);
        }
    }

    /// Notes for the snapshot that a client changed.
    pub(super) fn note_changed(&self, lookup: &ClientLookup<'_>) {
        self.changed.client(lookup.environment, lookup.id);
    }
}

fn part_name(base: &SnapshotBase, number: u32) -> String {
    format!("base {} {number}", base.id)
}

fn context(id: &str) -> SealContext<'_> {
    SealContext { purpose: Purpose::Snapshot, environment: "", id, algorithm: "" }
}

fn seal(sealer: &Sealer, id: &str, text: &[u8], random: &dyn Random) -> Option<Vec<u8>> {
    sealer.seal(context(id), text, random)
}

fn open<T: for<'de> Deserialize<'de>>(sealer: &Sealer, id: &str, text: &[u8]) -> Option<T> {
    // A file: that it opens is all that vouches for it.
    serde_json::from_slice(&sealer.unseal_brought(context(id), text).ok()?).ok()
}

impl SavedClient {
    fn of(known: &KnownClient) -> Self {
        let credential = |credential: &super::KnownCredential| SavedCredential {
            id: credential.id,
            proof: SavedProof::of(credential.proof.to_proof()),
            status: credential.status,
            expires_at: credential.expires_at,
            limits: credential.limits().cloned().unwrap_or_default(),
        };
        Self {
            id: known.id.clone(),
            environment: known.environment.clone(),
            tenant_id: known.tenant_id,
            tenant_status: known.tenant_status(),
            tenant_attributes: (*known.tenant_attributes()).clone(),
            status: known.status,
            dialects: known.dialects().to_vec(),
            grants: known.grants().to_vec(),
            businesses: match &known.businesses {
                AllowedBusinesses::All => None,
                AllowedBusinesses::Only(allowed) => Some(allowed.to_vec()),
            },
            lifetime_max: known.lifetime_max(),
            attributes: known.attributes(),
            token_binding: known.token_binding(),
            assertion_audience: known.assertion_audience(),
            profile: known.profile(),
            serves: known.serves().to_vec(),
            credentials: known.credentials().iter().map(credential).collect(),
        }
    }
}

/// What the snapshot does not have is nothing that a token depends on.
impl From<SavedClient> for ClientRecord {
    fn from(saved: SavedClient) -> Self {
        let unknown = Timestamp(0);
        let credential = |credential: SavedCredential| {
            Some(Credential {
                id: credential.id,
                environment: saved.environment.clone(),
                client_id: saved.id.clone(),
                hint: String::new(),
                proof: credential.proof.into_proof()?,
                status: credential.status,
                created_at: unknown,
                expires_at: credential.expires_at,
                limits: credential.limits,
                rotation: None,
                imported: None,
                quarantined_at: None,
                last_used_at: None,
                last_used_from: None,
                version: 0,
            })
        };
        let credentials = saved.credentials.into_iter().filter_map(credential).collect();
        let (id, name, status) = (saved.tenant_id, String::new(), saved.tenant_status);
        let tenant = Tenant { id, name, status, attributes: saved.tenant_attributes, created_at: unknown, version: 0 };
        let client = Client {
            id: saved.id,
            environment: saved.environment,
            tenant_id: saved.tenant_id,
            name: String::new(),
            status: saved.status,
            dialects: saved.dialects,
            grants: saved.grants,
            businesses: saved.businesses.map_or(BusinessAccess::All, BusinessAccess::Only),
            lifetime_max: saved.lifetime_max,
            attributes: saved.attributes,
            token_binding: saved.token_binding,
            assertion_audience: saved.assertion_audience,
            profile: saved.profile,
            serves: saved.serves,
            created_at: unknown,
            version: 0,
        };
        Self { client, tenant, credentials }
    }
}

impl SavedEnvironment {
    fn of(view: &EnvironmentView) -> Self {
        let key = |key: &SigningKey| SavedKey {
            kid: key.kid.clone(),
            algorithm: key.algorithm,
            state: key.state,
            sealed: key.sealed.0.clone(),
            created_at: key.created_at,
            activated_at: key.activated_at,
            retired_at: key.retired_at,
            withdrawn_at: key.withdrawn_at,
            version: key.version,
        };
        Self {
            environment: view.environment.clone(),
            resources: view.resources.clone(),
            keys: view.keys.iter().map(key).collect(),
        }
    }
}

impl From<SavedEnvironment> for EnvironmentRecord {
    fn from(saved: SavedEnvironment) -> Self {
        let name = saved.environment.name.clone();
        let key = |key: SavedKey| SigningKey {
            kid: key.kid,
            environment: name.clone(),
            algorithm: key.algorithm,
            state: key.state,
            sealed: SealedBytes(key.sealed),
            created_at: key.created_at,
            activated_at: key.activated_at,
            retired_at: key.retired_at,
            withdrawn_at: key.withdrawn_at,
            version: key.version,
        };
        let keys = saved.keys.into_iter().map(key).collect();
        Self { environment: saved.environment, resources: saved.resources, keys }
    }
}
