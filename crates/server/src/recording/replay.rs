//! Asks Mintmark what an existing endpoint was asked, in this process: a store in memory, with clients made to fit the recording.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderName, HeaderValue};
use mintmark_core::clock::Clock;
use mintmark_core::crypto::{RootKeys, SignerThreads};
use mintmark_core::dialect::{AnswerContext, Dialect, DialectSet, Encoded, Fault, RawBody, RawRequest, Routed};
use mintmark_core::directory::{Directory, DirectoryLimits};
use mintmark_core::keys::new_signing_key;
use mintmark_core::model::{BusinessAccess, EnvironmentName, KeyState, ScopeDefinition, ScopeSet, ScopeToken, TenantId};
use mintmark_core::random::{Random, SystemRandom};
use mintmark_core::registry::{
    Actor, ClientSecurity, NewBusiness, NewClient, NewEnvironment, NewGrant, Registry, ResourceEdit,
};
use mintmark_core::store::memory::MemoryStore;
use mintmark_core::token::{
    Exchange as Ask, FreshTokens, HerdRules, ImportedSecrets, Limits, NonceKeys, ProofMemory, RemoteKeys, RemoteKeysError,
    RemoteKeysFuture, TokenEndpoint,
};
use mintmark_core::usage::Usage;
use mintmark_verify::Algorithm;

use super::{Exchange, RecordedRequest};
use crate::clock::SystemClock;
use crate::drafting::{fields_of, given_scopes, names_scopes, role_of};

const ISSUER: &str = "https://mintmark.invalid";
/// So many clients are made for a recording; requests of further ones are not asked again.
pub(super) const MAX_CLIENTS: usize = 2000;

/// A Mintmark that knows what a recording's clients need.
pub struct Replay {
    dialects: DialectSet,
    dialect: Arc<Dialect>,
    environment: EnvironmentName,
    endpoint: TokenEndpoint<MemoryStore>,
    /// What stands for each placeholder.
    values: BTreeMap<String, String>,
    /// Clients that were too many to be made.
    left_out: BTreeSet<String>,
}

impl std::fmt::Debug for Replay {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Replay({})", self.dialect.name)
    }
}

/// A client of a recording.
#[derive(Default)]
struct Wanted {
    secret: String,
    scopes: Vec<String>,
}

impl Replay {
    /// Makes a store with what the exchanges need.
    pub async fn new(dialects: DialectSet, name: &str, exchanges: &[Exchange]) -> Result<Self, String> {
        let dialect = Arc::clone(dialects.get(name).ok_or_else(|| format!("there is no dialect {name:?}"))?);
        let said = |error: &dyn std::fmt::Display| error.to_string();
        let environment: EnvironmentName = "replay".parse().map_err(|error| said(&error))?;
        let random: Arc<dyn Random> = Arc::new(SystemRandom);
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let root_keys = Arc::new(RootKeys::parse(&RootKeys::generate(&*random)).map_err(|error| said(&error))?);
        let registry = Registry {
            store: Arc::new(MemoryStore::new()),
            clock: Arc::clone(&clock),
            random: Arc::clone(&random),
            root_keys: Arc::clone(&root_keys),
            dialects: dialects.clone(),
            actor: Actor::local("replay".to_owned()),
        };
        let wanted = wanted(exchanges, MAX_CLIENTS);
        let left_out = wanted.left_out.clone();
        let values = furnish(&registry, &environment, &dialect, wanted).await?;
        let directory = Directory::open(
            Arc::clone(&registry.store),
            Arc::clone(&clock),
            Arc::clone(&root_keys),
            DirectoryLimits::default(),
        )
        .await
        .map_err(|error| said(&error))?;
        let endpoint = TokenEndpoint {
            directory: Arc::new(directory),
            nonces: NonceKeys::new(&root_keys, &*random),
            usage: Usage::new(&*random),
            signers: SignerThreads::start(1).map_err(|error| said(&error))?,
            imported: ImportedSecrets::start(1).map_err(|error| said(&error))?,
            fresh: FreshTokens::default(),
            limits: Limits::new(u32::MAX, u32::MAX),
            remote_keys: Arc::new(NoKeys),
            proofs: ProofMemory::default(),
            in_flight_max: 1,
            in_flight: AtomicUsize::new(0),
            clock,
            random,
            root_keys,
        };
        Ok(Self { dialects, dialect, environment, endpoint, values, left_out })
    }

    /// Mintmark's answer; nothing to a request that cannot be asked again.
    pub async fn answer(&self, exchange: &Exchange) -> Option<Encoded> {
        let request = &exchange.request;
        let context = AnswerContext {
            issuer: ISSUER,
            request_id: "replay",
            path: &request.path,
            rate: None,
            retry_after: None,
            dpop_nonce: None,
            echo: &[],
        };
        match self.dialects.route(&request.path) {
            Routed::Redirect(dialect) if dialect.name == self.dialect.name => {
                return Some(dialect.encode_redirect(request.query.as_deref(), context));
            }
            Routed::Endpoint(dialect) if dialect.name == self.dialect.name => {}
            _ => return None,
        }
        if request.method != self.dialect.route.method.as_str() {
            return Some(self.dialect.encode_fault(Fault::MethodRefused, &[], context));
        }
        let is_lost = request.body == "{{body}}"
            || fields_of(request).iter().any(|(_, name, _)| role_of(name) == Some("client_assertion"));
        if is_lost || client_of(request).is_some_and(|(id, _)| self.left_out.contains(&id)) {
            return None;
        }
        let (query, headers) = (request.query.as_deref().map(|query| self.filled(query)), self.headers(request));
        let body = self.filled(&request.body);
        let ask = Ask {
            environment: &self.environment,
            dialect: &self.dialect,
            raw: RawRequest { query: query.as_deref(), headers: &headers, body: RawBody::Whole(body.as_bytes()) },
            path: &request.path,
            request_id: "replay",
            source: IpAddr::V4(Ipv4Addr::LOCALHOST),
            certificate: None,
            herd: HerdRules::default(),
            times: None,
        };
        Some(Box::pin(self.endpoint.respond(&ask)).await.0)
    }

    fn headers(&self, request: &RecordedRequest) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in &request.headers {
            let mut value = self.filled(value);
            if let Some((scheme, pair)) = value.split_once(' ')
                && name == "authorization"
                && scheme.eq_ignore_ascii_case("basic")
            {
                value = format!("{scheme} {}", STANDARD.encode(pair));
            }
            if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::from_str(&value)) {
                headers.append(name, value);
            }
        }
        headers
    }

    /// A text with values in the places of its placeholders; one that nobody has where none is known.
    fn filled(&self, text: &str) -> String {
        let mut out = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("{{") {
            out.push_str(before);
            let Some((placeholder, after)) = after.split_once("}}") else {
                out.push_str("{{");
                rest = after;
                continue;
            };
            match self.values.get(placeholder) {
                Some(value) => out.push_str(value),
                None => out.push_str(&placeholder.replace(':', "-")),
            }
            rest = after;
        }
        out.push_str(rest);
        out
    }
}

/// The client of a request, as placeholders without their braces: name and secret.
fn client_of(request: &RecordedRequest) -> Option<(String, String)> {
    let basic = request.header("authorization").and_then(|value| value.split_once(' ')).map(|(_, pair)| pair);
    if let Some((id, secret)) = basic.and_then(|pair| pair.split_once("}}:{{")) {
        return Some((id.trim_start_matches("{{").to_owned(), secret.trim_end_matches("}}").to_owned()));
    }
    let fields = fields_of(request);
    let value = |role| fields.iter().find(|(_, name, _)| role_of(name) == Some(role)).and_then(|(_, _, value)| bare(value));
    Some((value("client_id")?, value("client_secret")?))
}

/// A placeholder without its braces.
fn bare(text: &str) -> Option<String> {
    text.strip_prefix("{{").and_then(|text| text.strip_suffix("}}")).map(str::to_owned)
}

/// What a recording needs, by its placeholders.
#[derive(Default)]
struct AllWanted {
    clients: BTreeMap<String, Wanted>,
    businesses: Vec<String>,
    left_out: BTreeSet<String>,
}

fn wanted(exchanges: &[Exchange], max_clients: usize) -> AllWanted {
    let AllWanted { mut clients, mut businesses, mut left_out } = AllWanted::default();
    let are_named = exchanges.iter().any(names_scopes);
    for exchange in exchanges.iter().filter(|exchange| (200..300).contains(&exchange.answer.status)) {
        let Some((id, secret)) = client_of(&exchange.request) else { continue };
        if clients.len() >= max_clients && !clients.contains_key(&id) {
            left_out.insert(id);
            continue;
        }
        let client = clients.entry(id).or_insert_with(|| Wanted { secret, scopes: Vec::new() });
        for scope in given_scopes(exchange, are_named) {
            if !client.scopes.contains(&scope) {
                client.scopes.push(scope);
            }
        }
        let businesses_asked =
            fields_of(&exchange.request).into_iter().filter(|(_, name, _)| role_of(name) == Some("business_id"));
        businesses.extend(businesses_asked.filter_map(|(_, _, value)| bare(&value)));
    }
    businesses.sort();
    businesses.dedup();
    AllWanted { clients, businesses, left_out }
}

/// Makes environment, tenant, businesses and clients, and says what stands for each placeholder.
async fn furnish(
    registry: &Registry<MemoryStore>,
    environment: &EnvironmentName,
    dialect: &Dialect,
    AllWanted { clients, businesses, .. }: AllWanted,
) -> Result<BTreeMap<String, String>, String> {
    let scopes = |wanted: &Wanted| -> Vec<ScopeToken> {
        let own: Vec<ScopeToken> = wanted.scopes.iter().filter_map(|scope| scope.parse().ok()).collect();
        if own.is_empty() { dialect.example.granted.iter().cloned().collect() } else { own }
    };
    let all: Vec<ScopeToken> = clients.values().flat_map(&scopes).collect();
    make_environment(registry, environment, dialect, all).await?;
    let tenant = registry.create_tenant("Replay").await.map_err(|error| error.to_string())?.id;
    let mut values = BTreeMap::new();
    for placeholder in businesses {
        let new =
            NewBusiness { environment: environment.clone(), tenant_id: tenant, name: placeholder.clone(), external_id: None };
        let made = registry.create_business(new).await.map_err(|error| error.to_string())?;
        values.insert(placeholder, made.id.to_string());
    }
    for (placeholder, wanted) in clients {
        let new = new_client(environment, tenant, dialect, scopes(&wanted));
        let made = registry.create_client(new).await.map_err(|error| error.to_string())?;
        values.insert(placeholder, made.client.id.to_string());
        values.insert(wanted.secret, made.secret.text().expose().to_owned());
    }
    Ok(values)
}

async fn make_environment(
    registry: &Registry<MemoryStore>,
    environment: &EnvironmentName,
    dialect: &Dialect,
    scopes: Vec<ScopeToken>,
) -> Result<(), String> {
    let algorithm = dialect.token.algorithm.unwrap_or(Algorithm::Es256);
    let parts = (&registry.root_keys.sealer, &*registry.random);
    let mut keys = Vec::new();
    let mut algorithms = vec![algorithm, Algorithm::Es256];
    algorithms.dedup();
    for algorithm in algorithms {
        let made = new_signing_key(environment, algorithm, KeyState::Active, registry.clock.now(), parts);
        keys.push(made.ok_or_else(|| format!("a {algorithm} key could not be made"))?);
    }
    let lifetime_max = mintmark_core::model::Environment::DEFAULT_LIFETIME_MAX;
    let new =
        NewEnvironment { name: environment.clone(), issuer: ISSUER.to_owned(), algorithm: Algorithm::Es256, lifetime_max };
    registry.create_environment(new, keys).await.map_err(|error| error.to_string())?;
    let unique = ScopeSet::from_scopes(scopes);
    let mut add_scopes: Vec<ScopeDefinition> = Vec::new();
    for name in &unique {
        if !add_scopes.iter().any(|known| known.name == *name) {
            add_scopes.push(ScopeDefinition { name: name.clone(), description: String::new() });
        }
    }
    let uri = ISSUER.parse().map_err(|_| "the issuer is no resource".to_owned())?;
    let edit = ResourceEdit { add_scopes, ..ResourceEdit::default() };
    registry.edit_resource(environment, &uri, &edit).await.map_err(|error| error.to_string())?;
    Ok(())
}

fn new_client(environment: &EnvironmentName, tenant: TenantId, dialect: &Dialect, scopes: Vec<ScopeToken>) -> NewClient {
    NewClient {
        environment: environment.clone(),
        tenant_id: tenant,
        id: None,
        name: "Replayed".to_owned(),
        dialects: vec![dialect.name.clone()],
        grants: vec![NewGrant { resource: None, scopes: scopes.into_iter().collect() }],
        businesses: BusinessAccess::All,
        lifetime_max: None,
        attributes: dialect.example.attributes.clone(),
        security: ClientSecurity::default(),
        serves: Vec::new(),
        secret_expires_at: None,
    }
}

/// Nothing is fetched: requests with assertions are not asked again.
struct NoKeys;

impl RemoteKeys for NoKeys {
    fn jwks<'a>(&'a self, _: &'a str, _: Option<&'a str>) -> RemoteKeysFuture<'a> {
        Box::pin(async { Err(RemoteKeysError::Unavailable("nothing is fetched".to_owned())) })
    }

    fn issuer<'a>(&'a self, uri: &'a str, kid: Option<&'a str>) -> RemoteKeysFuture<'a> {
        self.jwks(uri, kid)
    }
}
