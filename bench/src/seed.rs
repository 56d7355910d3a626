//! The store that Mintmark is measured with. Environments, keys, a tenant and a client of each kind are made by the real registry;
//! the crowd is copied from these clients with statements of many rows, since a million single ones would take minutes.
//!
//! A store is kept and used again as long as the schema and this file's idea of it stay the same.

mod crowd;

use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use mintmark::clock::SystemClock;
use mintmark::dialect_files::load_dialects;
use mintmark::store::{OpenOptions, SqlStore, StoreKind, StorePlace};
use mintmark_core::clock::Clock;
use mintmark_core::crypto::{PEPPER_SCHEME, RootKeys};
use mintmark_core::directory::LAST_USE_EXACT_TO;
use mintmark_core::keys::new_signing_key;
use mintmark_core::model::{
    AttributeValue, BusinessAccess, ClientId, EnvironmentName, KeyState, ScopeDefinition, ScopeToken, TenantId,
};
use mintmark_core::random::{Random, SystemRandom};
use mintmark_core::registry::{Actor, ClientSecurity, NewClient, NewEnvironment, NewGrant, Registry, ResourceEdit};
use mintmark_verify::Algorithm;

use crate::clock;
use crate::failure::{Context, Done, Failure, fail};
use crate::raw::ALGORITHMS;

/// Changes with every change to what is seeded.
const FORMAT: u32 = 2;
pub(crate) const DATABASE: &str = "mintmark.db";
pub(crate) const ROOT_KEYS: &str = "root-keys.toml";
/// The client that may use every dialect that is measured.
pub(crate) const CLIENT_OF_ALL_DIALECTS: u64 = 1 << 40;
const DIALECTS: [&str; 4] = ["standard", "bench-asset", "bench-standard-metrics", "bench-firstvision"];
/// The scopes of every client.
const SCOPES: [&str; 2] = ["business:read", "ledger:read"];

#[derive(Args, Debug)]
pub(crate) struct SeedArgs {
    /// How many clients.
    #[arg(long, default_value_t = 1_000_000)]
    clients: u64,
    /// Where `bench` is.
    #[arg(long, value_name = "DIR", default_value = "bench")]
    folder: PathBuf,
}

/// The environment whose tokens are signed with an algorithm.
pub(crate) fn environment_of(algorithm: Algorithm) -> String {
    algorithm.as_str().to_lowercase()
}

/// The issuer of an environment.
pub(crate) fn issuer_of(environment: &str) -> String {
    format!("https://{environment}.bench.mintmark.example")
}

/// Makes a store and tells where.
pub(crate) fn run(args: &SeedArgs) -> Done<()> {
    println!("{}", ensure(&args.folder, args.clients)?.display());
    Ok(())
}

/// The folder of a store with so many clients, made now unless it is there.
pub(crate) fn ensure(bench: &Path, clients: u64) -> Done<PathBuf> {
    let cache = bench.join(".cache");
    let folder = cache.join(format!("store-{:016x}-{clients}", version(bench)?));
    if folder.join(DATABASE).exists() {
        return Ok(folder);
    }
    eprintln!("seeding a store with {clients} clients");
    let start = clock::now();
    let unfinished = cache.join(format!("unfinished-{}", std::process::id()));
    let made = std::fs::create_dir_all(&unfinished)
        .map_err(Failure::from)
        .and_then(|()| tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Failure::from))
        .and_then(|runtime| runtime.block_on(make(&unfinished, &bench.join("dialects"), clients)));
    if made.is_err() {
        let _ = std::fs::remove_dir_all(&unfinished);
    }
    made?;
    std::fs::rename(&unfinished, &folder).context(|| folder.display().to_string())?;
    eprintln!("seeded in {:.1} s", clock::now().duration_since(start).as_secs_f64());
    Ok(folder)
}

/// Sets all last uses to moments of the time that they are exact to, as if everybody had been asking all along: a server then has
/// as many to write down as in a day's work.
pub(crate) fn pretend_uses(database: &Path) -> Done<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(crowd::spread_uses(database, clock::unix_seconds(), LAST_USE_EXACT_TO))
}

/// A number that changes with the schema and with what is seeded.
fn version(bench: &Path) -> Done<u64> {
    let mut hasher = DefaultHasher::new();
    (FORMAT, PEPPER_SCHEME).hash(&mut hasher);
    for folder in [bench.join("../crates/server/migrations/sqlite"), bench.join("dialects")] {
        let entries =
            std::fs::read_dir(&folder).context(|| format!("{}: expected the repository's folder", folder.display()))?;
        let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<Done<Vec<_>>>()?;
        paths.sort();
        for path in paths {
            std::fs::read(&path).context(|| path.display().to_string())?.hash(&mut hasher);
        }
    }
    Ok(hasher.finish())
}

async fn make(folder: &Path, dialects: &Path, clients: u64) -> Done<()> {
    let text = RootKeys::generate(&SystemRandom);
    let path = folder.join(ROOT_KEYS);
    let mut file = std::fs::File::options().write(true).create_new(true).mode(0o600).open(&path)?;
    file.write_all(text.as_bytes())?;
    let registry = open(folder, dialects, RootKeys::parse(&text)?).await?;
    let tenant = registry.create_tenant("Bench tenant").await?.id;
    let mut crowds = Vec::new();
    for algorithm in ALGORITHMS {
        let environment: EnvironmentName = environment_of(algorithm).parse()?;
        make_environment(&registry, &environment, algorithm).await?;
        let model = make_client(&registry, &environment, tenant, &DIALECTS[..1]).await?;
        let count = if algorithm == Algorithm::Es256 { clients } else { 1 };
        crowds.push(crowd::Crowd { environment: environment.clone(), model, numbers: 0..count });
        if algorithm == Algorithm::Es256 {
            let model = make_client(&registry, &environment, tenant, &DIALECTS).await?;
            let numbers = CLIENT_OF_ALL_DIALECTS..CLIENT_OF_ALL_DIALECTS + 1;
            crowds.push(crowd::Crowd { environment, model, numbers });
        }
    }
    registry.store.close().await;
    crowd::insert(&folder.join(DATABASE), &crowds, &registry.root_keys.peppers).await
}

async fn open(folder: &Path, dialects: &Path, root_keys: RootKeys) -> Done<Registry<SqlStore>> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let random: Arc<dyn Random> = Arc::new(SystemRandom);
    let options =
        OpenOptions { create: true, kind: Some(StoreKind::Serve), clock: Arc::clone(&clock), random: Arc::clone(&random) };
    let store = SqlStore::open(&StorePlace::file(folder.join(DATABASE)), options).await?;
    let check = root_keys.seal_check(&*random).ok_or_else(|| Failure("the root keys cannot seal".to_owned()))?;
    store.set_root_key_check(&check).await?;
    store.link_audit_with(root_keys.audit_keys());
    let dialects = match load_dialects(Some(dialects)) {
        Ok(dialects) => dialects,
        Err(mistakes) => {
            let lines: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
            return fail!("{}", lines.join("\n"));
        }
    };
    let actor = Actor::local("bench");
    Ok(Registry { store: Arc::new(store), clock, random, root_keys: Arc::new(root_keys), dialects, actor })
}

/// With a key of each algorithm, so that the server has none to make when it starts.
async fn make_environment(registry: &Registry<SqlStore>, name: &EnvironmentName, algorithm: Algorithm) -> Done<()> {
    let issuer = issuer_of(name.as_str());
    let make_key = |algorithm| {
        let tools = (&registry.root_keys.sealer, &*registry.random);
        let key = new_signing_key(name, algorithm, KeyState::Active, registry.clock.now(), tools);
        key.ok_or_else(|| Failure(format!("a {algorithm} key could not be made")))
    };
    let keys = ALGORITHMS.into_iter().map(make_key).collect::<Done<Vec<_>>>()?;
    let new = NewEnvironment { name: name.clone(), issuer: issuer.clone(), algorithm, lifetime_max: 86_400 };
    registry.create_environment(new, keys).await?;
    let define = |name: &str| Ok(ScopeDefinition { name: name.parse()?, description: String::new() });
    let add_scopes = SCOPES.into_iter().map(define).collect::<Done<Vec<_>>>()?;
    registry.edit_resource(name, &issuer.parse()?, &ResourceEdit { add_scopes, ..ResourceEdit::default() }).await?;
    Ok(())
}

async fn make_client(
    registry: &Registry<SqlStore>,
    environment: &EnvironmentName,
    tenant_id: TenantId,
    dialects: &[&str],
) -> Done<ClientId> {
    let scopes = SCOPES.into_iter().map(str::parse).collect::<Result<Vec<ScopeToken>, _>>()?;
    let created = registry.create_client(NewClient {
        environment: environment.clone(),
        tenant_id,
        id: None,
        name: "Bench client".to_owned(),
        dialects: dialects.iter().map(|name| name.parse()).collect::<Result<Vec<_>, _>>()?,
        grants: vec![NewGrant { resource: None, scopes }],
        businesses: BusinessAccess::All,
        lifetime_max: None,
        attributes: if dialects.len() > 1 {
            [("firstVisionId".to_owned(), AttributeValue::Text("00000AUNAB".to_owned()))].into()
        } else {
            mintmark_core::model::Attributes::new()
        },
        security: ClientSecurity::default(),
        serves: Vec::new(),
        secret_expires_at: None,
    });
    Ok(created.await?.client.id)
}
