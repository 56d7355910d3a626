//! A small world for tests: one environment, two tenants, and everything that answers token requests, on a clock that moves
//! only when told.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, OnceLock};

use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue};
use mintmark_verify::{Algorithm, Claims, Jwk, JwkSet, Verifier};

use crate::clock::{Clock, FakeClock, Timestamp};
use crate::crypto::{RootKeys, SecretText, SignerThreads};
use crate::dialect::{DialectSet, RawBody, RawRequest, TokenAsk};
use crate::directory::{Directory, DirectoryLimits};
use crate::document::Source;
use crate::keys::new_signing_key;
use crate::management::Reach;
use crate::model::{
    AttributeValue, BusinessAccess, BusinessId, Client, ClientId, ClientRecord, Credential, EnvironmentName, KeyState,
    Resource, ScopeDefinition, SigningKey, TenantId,
};
use crate::random::SeededRandom;
use crate::registry::{
    Actor, ClientSecurity, CreatedClient, NewBusiness, NewClient, NewEnvironment, NewGrant, NewResource, Registry, ResourceEdit,
};
use crate::store::memory::MemoryStore;
use crate::store::{AuditEntry, Change, Store, Subject, Write};
use crate::token::{
    ClientCertificate, Denial, Exchange, FreshTokens, HerdRules, ImportedSecrets, Limits, NonceKeys, Outcome, ProofMemory,
    REFUSED_TRIES_PER_MINUTE, RemoteKeySet, RemoteKeys, RemoteKeysError, RemoteKeysFuture, TokenEndpoint,
};
use crate::usage::Usage;

pub(crate) const NOW: i64 = 1_800_000_000;
pub(crate) const ISSUER: &str = "https://sandbox.auth.example";
pub(crate) const LEDGER: &str = "https://ledger.example";
pub(crate) const REPORTS: &str = "https://reports.example";
/// Where requests come from, unless a test says otherwise.
pub(crate) const HERE: &str = "192.0.2.1";
pub(crate) const ELSEWHERE: &str = "198.51.100.9";

/// The environment `sandbox` with the tenants Acme and Globex.
pub(crate) struct World {
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) clock: Arc<FakeClock>,
    pub(crate) registry: Registry<MemoryStore>,
    pub(crate) endpoint: TokenEndpoint<MemoryStore>,
    pub(crate) acme: TenantId,
    pub(crate) globex: TenantId,
    /// Two businesses of Acme's.
    pub(crate) shop: BusinessId,
    pub(crate) depot: BusinessId,
    /// One of Globex's.
    pub(crate) foreign: BusinessId,
    /// What clients and other issuers publish.
    pub(crate) published: Arc<PublishedKeys>,
    /// The certificate that connections show.
    pub(crate) certificate: Mutex<Option<ClientCertificate>>,
    /// What the environment does about clients that ask far too often.
    pub(crate) herd: Mutex<HerdRules>,
}

/// So many seconds after the world began.
pub(crate) fn timestamp(seconds: i64) -> Timestamp {
    Timestamp(NOW + seconds)
}

pub(crate) fn sandbox() -> EnvironmentName {
    "sandbox".parse().unwrap()
}

pub(crate) fn scopes(text: &str) -> Vec<ScopeDefinition> {
    text.split_whitespace().map(|name| ScopeDefinition { name: name.parse().unwrap(), description: String::new() }).collect()
}

/// A grant at a resource, or at the environment's own.
pub(crate) fn grant(resource: Option<&str>, scopes: &str) -> NewGrant {
    NewGrant {
        resource: resource.map(|uri| uri.parse().unwrap()),
        scopes: scopes.split_whitespace().map(|name| name.parse().unwrap()).collect(),
    }
}

fn root_keys() -> Arc<RootKeys> {
    Arc::new(RootKeys::parse(&RootKeys::generate(&SeededRandom::new(1))).unwrap())
}

/// The keys of the environment. RSA keys are slow to make, so all worlds share them.
pub(crate) fn signing_keys() -> Vec<SigningKey> {
    static KEYS: OnceLock<Vec<SigningKey>> = OnceLock::new();
    let make = |algorithm| {
        let random = SeededRandom::new(2);
        let keys = root_keys();
        new_signing_key(&sandbox(), algorithm, KeyState::Active, Timestamp(NOW), (&keys.sealer, &random)).unwrap()
    };
    KEYS.get_or_init(|| vec![make(Algorithm::Es256), make(Algorithm::Rs256)]).clone()
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with_dialects("").await
    }

    /// A world with one more dialect, given as the text of its file.
    pub(crate) async fn with_dialects(text: &str) -> Self {
        let more = Arc::new(Source { name: "more.toml".to_owned(), text: text.to_owned() });
        let more = if text.is_empty() { Vec::new() } else { vec![more] };
        let store = Arc::new(MemoryStore::new());
        let clock = Arc::new(FakeClock::at(NOW));
        let registry = Registry {
            store: Arc::clone(&store),
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            random: Arc::new(SeededRandom::new(3)),
            root_keys: root_keys(),
            dialects: DialectSet::load(&more).unwrap(),
            actor: Actor::local("test"),
        };
        let (acme, globex) = furnish(&registry).await;
        let business = async |tenant_id, name: &str| {
            let new = NewBusiness { environment: sandbox(), tenant_id, name: name.to_owned(), external_id: None };
            registry.create_business(new).await.unwrap().id
        };
        let (shop, depot, foreign) =
            (business(acme, "Shop").await, business(acme, "Depot").await, business(globex, "Foreign").await);
        let published = Arc::default();
        let endpoint = endpoint(&store, &clock, &published).await;
        let (certificate, herd) = (Mutex::default(), Mutex::default());
        Self { store, clock, registry, endpoint, acme, globex, shop, depot, foreign, published, certificate, herd }
    }

    pub(crate) fn directory(&self) -> &Directory<MemoryStore> {
        &self.endpoint.directory
    }

    /// Makes a client of Acme's that may do everything, changed as the test wants.
    pub(crate) async fn client(&self, change: impl FnOnce(&mut NewClient)) -> CreatedClient {
        let created = self.registry.create_client(self.new_client(change)).await.unwrap();
        self.poll().await;
        created
    }

    /// The same client, not made yet.
    pub(crate) fn new_client(&self, change: impl FnOnce(&mut NewClient)) -> NewClient {
        let mut new = NewClient {
            environment: sandbox(),
            tenant_id: self.acme,
            id: None,
            name: "Exporter".to_owned(),
            dialects: self.registry.dialects.iter().map(|dialect| dialect.name.clone()).collect(),
            grants: vec![
                grant(None, "business:read read write edit"),
                grant(Some(LEDGER), "ledger:read ledger:create"),
                grant(Some(REPORTS), "report:read"),
            ],
            businesses: BusinessAccess::All,
            lifetime_max: None,
            attributes: [("firstVisionId".to_owned(), AttributeValue::Text("FV1".to_owned()))].into(),
            security: ClientSecurity::default(),
            serves: Vec::new(),
            secret_expires_at: None,
        };
        change(&mut new);
        new
    }

    pub(crate) async fn poll(&self) -> usize {
        self.directory().poll().await.unwrap()
    }

    /// Sends a token request as a client of the dialect does.
    pub(crate) async fn ask(&self, ask: &Ask) -> Answer {
        self.ask_at(&self.endpoint, ask).await
    }

    /// The same, to a node.
    pub(crate) async fn ask_at(&self, endpoint: &TokenEndpoint<MemoryStore>, ask: &Ask) -> Answer {
        let dialect = self.registry.dialects.get(ask.dialect).unwrap();
        let asked = TokenAsk {
            client_id: &ask.id,
            client_secret: &ask.secret,
            scope: ask.scope.as_deref(),
            business_id: ask.business.as_deref(),
            resources: &ask.resources,
            expires_in: ask.expires_in,
        };
        let (request, left) = dialect.outgoing(&asked);
        assert!(left.is_empty(), "{} has no place for {left:?}", ask.dialect);
        let mut headers = HeaderMap::new();
        if let Some(value) = request.authorization() {
            headers.insert(AUTHORIZATION, value.parse().unwrap());
        }
        let body = request.body();
        if let Some((content_type, _)) = &body {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        }
        let query = request.target.split_once('?').map(|(_, query)| query);
        let body = body.map(|(_, body)| body).unwrap_or_default();
        self.send_to(endpoint, (ask.dialect, ask.source), query, &headers, &body).await
    }

    pub(crate) async fn send(
        &self,
        dialect: &str,
        source: &str,
        query: Option<&str>,
        headers: &HeaderMap,
        body: &str,
    ) -> Answer {
        self.send_to(&self.endpoint, (dialect, source), query, headers, body).await
    }

    /// Sends a request to another node.
    pub(crate) async fn send_to(
        &self,
        endpoint: &TokenEndpoint<MemoryStore>,
        (dialect, source): (&str, &str),
        query: Option<&str>,
        headers: &HeaderMap,
        body: &str,
    ) -> Answer {
        let dialect = self.registry.dialects.get(dialect).unwrap();
        let environment = sandbox();
        let certificate = self.certificate.lock().unwrap().clone();
        let exchange = Exchange {
            environment: &environment,
            dialect,
            raw: RawRequest { query, headers, body: RawBody::Whole(body.as_bytes()) },
            path: &dialect.route.path,
            request_id: "req_1",
            source: source.parse::<IpAddr>().unwrap(),
            certificate: certificate.as_ref(),
            herd: *self.herd.lock().unwrap(),
            times: None,
        };
        // Every request of every test, so that a dry run can neither disagree with the real one nor use anything up.
        let rehearsed = endpoint.dry_run_request(&exchange, Reach::Operator).await;
        let (encoded, outcome) = endpoint.respond(&exchange).await;
        let denial = outcome.result.as_ref().err();
        // Nothing is signed by a dry run, so how busy the signer is it cannot know. And it says of an imported hash that it was turned off,
        // where a request is told that the secret is wrong.
        let says_more = denial == Some(&Denial::WrongSecret)
            && rehearsed.denial.as_ref().is_some_and(|said| said.fault() == Denial::WrongSecret.fault());
        let is_imported = outcome.client_id.as_ref().and_then(|id| endpoint.directory.held_client(&environment, id));
        let is_imported = is_imported.is_some_and(|known| known.credentials().iter().any(|one| one.imported_hash().is_some()));
        if denial != Some(&Denial::SignerBusy) && !(says_more && is_imported) {
            assert_eq!(rehearsed.denial.as_ref(), denial, "the dry run says something else");
        }
        let body = String::from_utf8(encoded.body.to_vec()).unwrap();
        Answer { status: encoded.status.as_u16(), headers: encoded.headers, body, outcome, rehearsed: rehearsed.denial }
    }

    /// A node more on the same store.
    pub(crate) async fn another_node(&self) -> TokenEndpoint<MemoryStore> {
        let endpoint = endpoint(&self.store, &self.clock, &self.published).await;
        TokenEndpoint {
            nonces: NonceKeys::new(&root_keys(), &SeededRandom::new(6)),
            usage: Usage::new(&SeededRandom::new(9)),
            ..endpoint
        }
    }

    /// The claims of a token that may be bound, as a resource server that checks that sees them.
    pub(crate) fn verify_bound(&self, answer: &Answer, audience: &str) -> Claims {
        let keys = self.directory().view(&sandbox()).unwrap().ring.verifying.clone();
        let token = answer.json()["access_token"].as_str().unwrap_or_else(|| panic!("{answer:?}")).to_owned();
        Verifier::new(ISSUER, audience, keys).accept_sender_constrained().verify(&token, self.clock.now().0).unwrap()
    }

    /// The claims of the token in an answer, as a resource server sees them.
    pub(crate) fn verify(&self, answer: &Answer, audience: &str) -> Claims {
        let keys = self.directory().view(&sandbox()).unwrap().ring.verifying.clone();
        let token = answer.json()["access_token"].as_str().unwrap_or_else(|| panic!("{answer:?}")).to_owned();
        Verifier::new(ISSUER, audience, keys).leeway_seconds(0).verify(&token, self.clock.now().0).unwrap()
    }

    /// A client as the store holds it.
    pub(crate) async fn stored(&self, id: &ClientId) -> ClientRecord {
        self.store.client_record(&sandbox(), id).await.unwrap().value.unwrap()
    }

    /// Writes a client past all rules, as whoever can write to the database does.
    pub(crate) async fn plant_client(&self, id: &ClientId, change: impl FnOnce(&mut Client)) {
        let mut client = self.stored(id).await.client;
        change(&mut client);
        client.version += 1;
        self.plant(Write::UpdateClient(client), Subject::Client { environment: sandbox(), id: id.clone() }).await;
    }

    /// The same for a resource.
    pub(crate) async fn plant_resource(&self, uri: &str, change: impl FnOnce(&mut Resource)) {
        let record = self.store.environments().await.unwrap().value.remove(0);
        let mut resource = record.resources.into_iter().find(|resource| resource.uri.as_str() == uri).unwrap();
        change(&mut resource);
        resource.version += 1;
        let subject = Subject::Resource { environment: sandbox(), id: resource.id };
        self.plant(Write::UpdateResource(resource), subject).await;
    }

    /// Gives one client the stored secret of another, in a row of its own.
    pub(crate) async fn plant_secret(&self, from: &CreatedClient, to: &CreatedClient) {
        let version = to.credential.version + 1;
        let credential = Credential { proof: from.credential.proof.clone(), version, ..to.credential.clone() };
        let subject = Subject::Client { environment: sandbox(), id: to.client.id.clone() };
        self.plant(Write::UpdateCredential(credential), subject).await;
    }

    /// Gives a client a copy of another's credential, in a row of its own.
    pub(crate) async fn plant_proof(&self, from: &Credential, to: &CreatedClient) {
        let credential = Credential { proof: from.proof.clone(), version: to.credential.version + 1, ..to.credential.clone() };
        let subject = Subject::Client { environment: sandbox(), id: to.client.id.clone() };
        self.plant(Write::UpdateCredential(credential), subject).await;
    }

    pub(crate) async fn plant(&self, write: Write, subject: Subject) {
        let audit = AuditEntry::local(self.clock.now(), "planted", "plant", subject);
        self.store.commit(&Change { writes: vec![write], audit }).await.unwrap();
        self.poll().await;
    }
}

/// The environment with its resources, and the two tenants.
async fn furnish(registry: &Registry<MemoryStore>) -> (TenantId, TenantId) {
    let new = NewEnvironment { name: sandbox(), issuer: ISSUER.to_owned(), algorithm: Algorithm::Es256, lifetime_max: 86_400 };
    registry.create_environment(new, signing_keys()).await.unwrap();
    let own = ResourceEdit { add_scopes: scopes("read write edit"), ..ResourceEdit::default() };
    registry.edit_resource(&sandbox(), &ISSUER.parse().unwrap(), &own).await.unwrap();
    for (uri, known) in [(LEDGER, "ledger:read ledger:create common"), (REPORTS, "report:read common")] {
        let new = NewResource {
            environment: sandbox(),
            uri: uri.parse().unwrap(),
            name: "API".to_owned(),
            scopes: scopes(known),
            algorithm: None,
            token_format: None,
        };
        registry.create_resource(new).await.unwrap();
    }
    (registry.create_tenant("Acme").await.unwrap().id, registry.create_tenant("Globex").await.unwrap().id)
}

/// Key sets that clients and other issuers publish, by where; nothing is fetched.
#[derive(Default)]
pub(crate) struct PublishedKeys {
    pub(crate) at: Mutex<HashMap<String, Arc<RemoteKeySet>>>,
}

impl PublishedKeys {
    pub(crate) fn publish(&self, place: &str, keys: Vec<Jwk>) {
        self.at.lock().unwrap().insert(place.to_owned(), Arc::new(RemoteKeySet::new(JwkSet { keys }).unwrap()));
    }

    fn find(&self, place: &str) -> Result<Arc<RemoteKeySet>, RemoteKeysError> {
        self.at.lock().unwrap().get(place).cloned().ok_or_else(|| RemoteKeysError::Unavailable("nobody answers".to_owned()))
    }
}

impl RemoteKeys for PublishedKeys {
    fn jwks<'a>(&'a self, uri: &'a str, _: Option<&'a str>) -> RemoteKeysFuture<'a> {
        Box::pin(std::future::ready(self.find(uri)))
    }

    fn issuer<'a>(&'a self, issuer: &'a str, _: Option<&'a str>) -> RemoteKeysFuture<'a> {
        Box::pin(std::future::ready(self.find(issuer)))
    }
}

async fn endpoint(
    store: &Arc<MemoryStore>,
    clock: &Arc<FakeClock>,
    remote_keys: &Arc<PublishedKeys>,
) -> TokenEndpoint<MemoryStore> {
    let clock = Arc::clone(clock) as Arc<dyn Clock>;
    let directory = Directory::open(Arc::clone(store), Arc::clone(&clock), root_keys(), DirectoryLimits::default());
    let (by_source, by_try) = REFUSED_TRIES_PER_MINUTE;
    TokenEndpoint {
        directory: Arc::new(directory.await.unwrap()),
        clock,
        random: Arc::new(SeededRandom::new(4)),
        root_keys: root_keys(),
        signers: SignerThreads::start(1).unwrap(),
        imported: ImportedSecrets::start(1).unwrap(),
        limits: Limits::new(by_source, by_try),
        remote_keys: Arc::clone(remote_keys) as Arc<dyn RemoteKeys>,
        nonces: NonceKeys::new(&root_keys(), &SeededRandom::new(5)),
        proofs: ProofMemory::default(),
        in_flight_max: 1000,
        in_flight: AtomicUsize::new(0),
        usage: Usage::new(&SeededRandom::new(8)),
        fresh: FreshTokens::default(),
    }
}

/// What a client asks for, and from where.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    pub(crate) dialect: &'static str,
    pub(crate) id: String,
    pub(crate) secret: SecretText,
    pub(crate) scope: Option<String>,
    pub(crate) business: Option<String>,
    pub(crate) resources: Vec<String>,
    pub(crate) expires_in: Option<u32>,
    pub(crate) source: &'static str,
}

impl Ask {
    pub(crate) fn of(dialect: &'static str, client: &CreatedClient) -> Self {
        Self::with(dialect, client.client.id.as_str(), client.secret.text().expose())
    }

    pub(crate) fn with(dialect: &'static str, id: &str, secret: &str) -> Self {
        let (id, secret) = (id.to_owned(), SecretText::new(secret.to_owned()));
        // FirstVision is the one dialect that asks for a scope.
        let scope = (dialect == "firstvision").then(|| "edit".to_owned());
        Self { dialect, id, secret, scope, business: None, resources: Vec::new(), expires_in: None, source: HERE }
    }

    pub(crate) fn scope(self, scope: &str) -> Self {
        Self { scope: Some(scope.to_owned()), ..self }
    }

    pub(crate) fn business(self, id: &impl ToString) -> Self {
        Self { business: Some(id.to_string()), ..self }
    }

    pub(crate) fn resource(mut self, uri: &str) -> Self {
        self.resources.push(uri.to_owned());
        self
    }

    pub(crate) fn expires_in(self, seconds: u32) -> Self {
        Self { expires_in: Some(seconds), ..self }
    }

    pub(crate) fn secret(self, secret: &str) -> Self {
        Self { secret: SecretText::new(secret.to_owned()), ..self }
    }

    pub(crate) fn from(self, source: &'static str) -> Self {
        Self { source, ..self }
    }
}

/// What came back, and what the log knows about it.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
    pub(crate) outcome: Outcome,
    /// What a dry run said of the same request before.
    pub(crate) rehearsed: Option<Denial>,
}

impl Answer {
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub(crate) fn denial(&self) -> &Denial {
        self.outcome.result.as_ref().expect_err("a token was given")
    }

    /// All that the client sees, to be compared byte for byte.
    pub(crate) fn wire(&self) -> (u16, Vec<(String, String)>, &str) {
        let mut headers: Vec<(String, String)> =
            self.headers.iter().map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect();
        headers.sort();
        (self.status, headers, &self.body)
    }
}
