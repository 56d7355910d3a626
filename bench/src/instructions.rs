//! One token request in this process, from the bytes that arrive to the bytes that leave, without sockets: for `bench/instructions`,
//! which counts its instructions, and for a profiler.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use mintmark::clock::SystemClock;
use mintmark::config::{Config, Variables};
use mintmark::dialect_files::load_dialects;
use mintmark::http::{App, HostRule, Proxies, Service, Site, connection};
use mintmark::node::{Node, NodeParts, NodeSettings};
use mintmark::outgoing::RemoteKeyCache;
use mintmark::store::{OpenOptions, SqlStore, StoreKind, StorePlace};
use mintmark_core::clock::Clock;
use mintmark_core::crypto::RootKeys;
use mintmark_core::random::{PooledRandom, Random, SystemRandom};
use mintmark_core::token::HerdRules;
use mintmark_verify::Algorithm;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::runtime::Runtime;

use crate::clock;
use crate::failure::{Context, Done, Failure, fail};
use crate::identity::Identities;
use crate::requests::{Source, token};
use crate::run::DIALECTS;
use crate::seed::{self, CLIENT_OF_ALL_DIALECTS, DATABASE, ROOT_KEYS, environment_of};
use crate::url::Url;

/// Requests before counting starts: they read the client from the store and fill every cache.
const WARM_UP: u32 = 100;

#[derive(Args, Debug)]
pub(crate) struct InstructionsArgs {
    /// The algorithm of the token: ES256, `EdDSA` or RS256. Another dialect than `standard` has ES256 alone.
    #[arg(long, default_value = "ES256")]
    algorithm: Algorithm,
    /// The dialect: standard, asset, standard-metrics or firstvision.
    #[arg(long, default_value = "standard")]
    dialect: String,
    /// Gives the same token again, as an environment with `reuse` does.
    #[arg(long)]
    reuse: bool,
    /// How many requests are counted.
    #[arg(long, default_value_t = 200)]
    requests: u32,
    /// Where `bench` is.
    #[arg(long, value_name = "DIR", default_value = "bench")]
    folder: PathBuf,
}

/// Sends the requests and tells how long each took: by the clock, so only a profiler's figures are worth anything.
pub(crate) fn run(args: &InstructionsArgs) -> Done<()> {
    let store = seed::ensure(&args.folder, 1)?;
    let config = config(&args.folder.join("dialects"))?;
    let _logging = mintmark::logging::start(&config.log)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let request = request(args)?;
    let mut client = runtime.block_on(open(args, &store, &config))?;
    runtime.block_on(send(&mut client, &request, WARM_UP))?;
    let start = clock::now();
    counted(&runtime, &mut client, &request, args.requests)?;
    let each = clock::now().duration_since(start) / args.requests.max(1);
    println!("{} {}: {} requests, {} ns each", args.dialect, args.algorithm, args.requests, each.as_nanos());
    Ok(())
}

/// What the profiler is told to count, by this name.
#[inline(never)]
fn counted(runtime: &Runtime, client: &mut DuplexStream, request: &[u8], requests: u32) -> Done<()> {
    runtime.block_on(send(client, request, requests))
}

async fn send(client: &mut DuplexStream, request: &[u8], requests: u32) -> Done<()> {
    let mut answer = vec![0; 16 * 1024];
    for _ in 0..requests {
        client.write_all(request).await?;
        let length = client.read(&mut answer).await?;
        let answer = answer.get(..length).unwrap_or_default();
        if !(answer.starts_with(b"HTTP/1.1 200") && answer.ends_with(b"}")) {
            return fail!("expected a token, found {}", String::from_utf8_lossy(answer));
        }
    }
    Ok(())
}

fn request(args: &InstructionsArgs) -> Done<Vec<u8>> {
    let dialect = DIALECTS.iter().find(|dialect| dialect.name == args.dialect);
    let (path, form) = match dialect {
        _ if args.dialect == "standard" => (crate::run::TOKEN_PATH, crate::requests::Form::Basic),
        Some(dialect) => (dialect.path, dialect.form),
        None => return fail!("expected the name of a dialect that is measured, found {}", args.dialect),
    };
    let clients = Identities::of(&environment_of(args.algorithm));
    let number = if dialect.is_some() { CLIENT_OF_ALL_DIALECTS } else { 0 };
    let url = Url::at(SocketAddr::from((Ipv4Addr::LOCALHOST, 80)), path);
    let mut bytes = Vec::new();
    token(&url, form, &clients.id(number), &clients.secret(number)).push_next(&mut bytes);
    Ok(bytes)
}

/// The defaults, with the benchmark's dialects.
fn config(dialects: &Path) -> Done<Config> {
    let text = format!(
        "[environments.es256]\nlisten = \"127.0.0.1:0\"\n[dialects]\nfolder = {:?}\n",
        std::path::absolute(dialects)?.display().to_string()
    );
    Config::parse("defaults", text, ".".as_ref(), &Variables::none()).map_err(|mistakes| mistakes_of(&mistakes))
}

fn mistakes_of(mistakes: &[impl ToString]) -> Failure {
    Failure(mistakes.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
}

/// A node on the seeded store, and a connection to it.
async fn open(args: &InstructionsArgs, folder: &Path, config: &Config) -> Done<DuplexStream> {
    let (clock, random): (Arc<dyn Clock>, Arc<dyn Random>) = (Arc::new(SystemClock), Arc::new(SystemRandom));
    let options =
        OpenOptions { create: false, kind: Some(StoreKind::Serve), clock: Arc::clone(&clock), random: Arc::clone(&random) };
    let store = SqlStore::open(&StorePlace::file(folder.join(DATABASE)), options).await?;
    let path = folder.join(ROOT_KEYS);
    let root_keys = RootKeys::parse(&std::fs::read_to_string(&path).context(|| path.display().to_string())?)?;
    let dialects = load_dialects(Some(&args.folder.join("dialects"))).map_err(|mistakes| mistakes_of(&mistakes))?;
    let node = Node::start(NodeParts {
        store: Arc::new(store),
        remote_keys: Arc::new(RemoteKeyCache::open(&config.outgoing, folder, Arc::clone(&clock), Arc::clone(&random))?),
        clock,
        random,
        id_random: Arc::new(PooledRandom),
        root_keys: Arc::new(root_keys),
        dialects,
        dialect_folder: None,
        snapshot: None,
        settings: NodeSettings::from(config),
    });
    let environment = environment_of(args.algorithm).parse()?;
    let (proxies, takes_certificates) = (Proxies::default(), false);
    let herd = HerdRules { expiry_jitter: 0, reuse: if args.reuse { 60 } else { 0 } };
    let site = Site { environment, hosts: HostRule::Any, proxies, takes_certificates, herd, previous: None };
    let app = App::new(Arc::new(node.await?), Arc::new(site));
    let (near, far) = tokio::io::duplex(64 * 1024);
    let served = connection(far, SocketAddr::from((Ipv4Addr::LOCALHOST, 1)), &Service::new(app));
    tokio::spawn(async move {
        if let Err(error) = served.await {
            eprintln!("the connection ended early: {error}");
        }
    });
    Ok(near)
}
