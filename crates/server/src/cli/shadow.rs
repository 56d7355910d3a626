//! `mintmark shadow`: a proxy in front of an existing token endpoint and of Mintmark, while clients move from one to the other.
//!
//! Rule S26: what is decided here beside the existing endpoint signs nothing and uses nothing up; only clients that are not
//! imported yet fall back to the existing endpoint; and what was turned off in Mintmark is refused wherever the client is served.
//!
//! | File | Owns |
//! |---|---|
//! | `path` | which requests are for a token endpoint |
//! | `names`, `alike` | every client that a request may mean |
//! | `verdict` | who answers |
//! | `compare` | Mintmark's answer beside the existing endpoint's |
//! | `plan`, `source` | which clients are moved; where they are |
//! | `counts` | what is told at the end |

mod alike;
mod compare;
mod counts;
mod names;
mod path;
mod plan;
mod source;
mod verdict;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use bytes::Bytes;
use clap::Args;
use http::{Response, StatusCode};
use http_body_util::Full;
use mintmark_core::dialect::{DialectSet, Encoded};
use mintmark_core::directory::DirectoryLimits;
use mintmark_core::model::{ClientId, EnvironmentName};
use mintmark_core::registry::Registry;
use mintmark_core::store::{EnvironmentRecord, Read, Store};
use mintmark_core::token::{Denial, TokenEndpoint};
use serde_json::json;
use tokio::sync::{Notify, Semaphore};

use super::explain::endpoint_of;
use super::local_proxy::{Patience, Upstream, Whole, hand_on, listen, serve, told};
use super::output::Output;
use super::place::{Files, Place, mistakes_of, write_private};
use super::{Done, Failure, Shared};
use crate::dialect_files::load_dialects;
use crate::http::RequestIds;
use crate::node::hash_threads;
use crate::recording::Placeholders;
use alike::Alike;
use compare::Seen;
use counts::{Count, Counts, Who};
use path::place_of;
use plan::{Plan, PlanArgs};
use source::{SourceArgs, Sources};
use verdict::{Asked, Standing, Verdict};

/// How often changes of the registry are looked for, and the report is written.
const POLL: Duration = Duration::from_secs(1);
/// How often the names of clients are read again, if anything changed.
const NAMES: Duration = Duration::from_secs(10);
/// So many answers are compared at once; more are not compared, since nobody waits for it.
const COMPARED_AT_ONCE: u32 = 64;
/// Headers that no server gets: those that say that another path is meant than the one that is decided on, and what proves a proxy to
/// Mintmark, which is not the existing endpoint's to know.
const LEFT_OUT: &[&str] = &[
    "x-original-url",
    "x-original-uri",
    "x-rewrite-url",
    "x-forwarded-uri",
    "script_name",
    "script-name",
    "path_info",
    "path-info",
    "mintmark-proxy-secret",
];
/// How long the last comparisons may take at the end.
const GRACE: Duration = Duration::from_secs(5);

#[derive(Args, Debug)]
pub(super) struct ShadowArgs {
    /// The existing endpoint's server, such as <https://api.example.com>. Its certificate is verified.
    #[arg(long, value_name = "URL")]
    upstream: String,
    /// The Mintmark server that clients are moved to, such as <http://127.0.0.1:8080>. Without it none can be moved.
    #[arg(long, value_name = "URL")]
    mintmark: Option<String>,
    /// Where to listen: an address of this machine; whoever ends TLS for your clients hands requests on to it.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8071")]
    listen: SocketAddr,
    /// The environment [default: the only one, or sandbox].
    #[arg(long)]
    environment: Option<EnvironmentName>,
    /// Write the counts here once a second, as JSON, and at the end.
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    #[command(flatten)]
    plan: PlanArgs,
    #[command(flatten)]
    source: SourceArgs,
}

/// What stands before both.
struct Shadow<S> {
    upstream: Upstream,
    mintmark: Option<Upstream>,
    environment: EnvironmentName,
    issuer: String,
    dialects: DialectSet,
    endpoint: TokenEndpoint<S>,
    plan: Plan,
    sources: Sources,
    request_ids: RequestIds,
    counts: Mutex<Counts>,
    placeholders: Mutex<Placeholders>,
    comparing: Arc<Semaphore>,
    alike: ArcSwap<Alike>,
}

pub(super) async fn run(shared: &Shared, args: &ShadowArgs) -> Done {
    let upstream = Upstream::new(&args.upstream)?;
    let mintmark = args.mintmark.as_deref().map(Upstream::new).transpose()?;
    if mintmark.is_none() && args.plan.moves_any() {
        return Err(Failure("say where clients are moved to: --mintmark http://127.0.0.1:8080".to_owned()));
    }
    let sources = args.source.sources()?;
    let (files, config) = Files::find_with_config(shared)?;
    // With a dialect less, its token endpoint would be a path like any other, and nothing at it be decided.
    load_dialects(Some(&files.dialects)).map_err(|mistakes| mistakes_of(&mistakes))?;
    let place = Place::open(shared).await?;
    let record = place.environment(args.environment.as_ref()).await?;
    let plan = args.plan.plan(&place).await?;
    let listener = listen(args.listen).await?;
    let mut limits = DirectoryLimits::default();
    if let Some(config) = config {
        limits.max_staleness_milliseconds = config.outage.max_staleness.saturating_mul(1000);
    }
    let shadow = Arc::new(Shadow::new(&place.registry, record, limits, (upstream, mintmark), (plan, sources)).await?);
    let address = listener.local_addr()?;
    if shared.json {
        println!("{}", json!({ "ready": true, "listen": address }));
    } else {
        shadow.introduce(address);
    }
    let beside = [tokio::spawn(follow(Arc::clone(&shadow))), tokio::spawn(keep_names(Arc::clone(&shadow)))];
    let end = Arc::new(Notify::new());
    let reporting = tokio::spawn(keep_report(Arc::clone(&shadow), args.report.clone(), Arc::clone(&end)));
    let handler = Arc::clone(&shadow);
    let handle = move |request| {
        let shadow = Arc::clone(&handler);
        async move { shadow.answer(request).await }
    };
    serve(&listener, &Notify::new(), Patience::default(), handle).await?;
    let _ = tokio::time::timeout(GRACE, shadow.comparing.acquire_many(COMPARED_AT_ONCE)).await;
    beside.iter().for_each(tokio::task::JoinHandle::abort);
    // What it writes at this moment is written before what is counted now.
    end.notify_one();
    let _ = reporting.await;
    let counts = shadow.counted();
    if let Some(report) = &args.report {
        write_report(&counts, report);
    }
    place.close().await;
    Ok(Output::table(counts::HEADERS, counts.rows(), counts.to_json()))
}

/// Keeps up with the registry: a client that is turned off is refused a moment later.
async fn follow<S: Store>(shadow: Arc<Shadow<S>>) {
    let directory = &shadow.endpoint.directory;
    let mut is_away = false;
    loop {
        let read = directory.poll().await.map(drop);
        match &read {
            Err(error) if !is_away => eprintln!(
                "mintmark: the store cannot be read: {error}. Clients that are not known by now get 503, and after {} s all do that \
                 are not moved.",
                directory.limits().max_staleness_milliseconds / 1000
            ),
            Ok(()) if is_away => eprintln!("mintmark: the store can be read again."),
            _ => {}
        }
        is_away = read.is_err();
        tokio::time::sleep(POLL).await;
    }
}

/// Keeps the names of clients, apart from what follows the registry: of a million they take many seconds, in which a client that is turned
/// off is to be refused all the same. That the store is away is told there.
async fn keep_names<S: Store>(shadow: Arc<Shadow<S>>) {
    let directory = &shadow.endpoint.directory;
    let mut rounds_to_alike = 0;
    loop {
        if directory.wants_names() {
            // So that names that are nobody's cost the store next to nothing.
            let _ = directory.fill_names().await;
        }
        rounds_to_alike += 1;
        if POLL * rounds_to_alike >= NAMES && shadow.keep_alike().await.is_ok() {
            rounds_to_alike = 0;
        }
        tokio::time::sleep(POLL).await;
    }
}

/// Writes the report whenever there is more to tell, until the end.
async fn keep_report<S: Store>(shadow: Arc<Shadow<S>>, report: Option<PathBuf>, end: Arc<Notify>) {
    let Some(report) = report else { return };
    let mut written = None;
    loop {
        if written != Some(shadow.notes()) {
            let counts = shadow.counted();
            let (notes, report) = (counts.notes(), report.clone());
            let is_written = tokio::task::spawn_blocking(move || write_report(&counts, &report)).await;
            // One that could not be written is written again.
            written = is_written.is_ok_and(|done| done).then_some(notes);
        }
        tokio::select! {
            () = tokio::time::sleep(POLL) => {}
            () = end.notified() => return,
        }
    }
}

fn write_report(counts: &Counts, report: &Path) -> bool {
    let written = write_private(report, counts.to_json().to_string().as_bytes());
    if let Err(Failure(message)) = &written {
        eprintln!("mintmark: the report could not be written: {message}");
    }
    written.is_ok()
}

impl<S: Store> Shadow<S> {
    async fn new(
        registry: &Registry<S>,
        record: EnvironmentRecord,
        limits: DirectoryLimits,
        (upstream, mintmark): (Upstream, Option<Upstream>),
        (plan, sources): (Plan, Sources),
    ) -> Result<Self, Failure> {
        let endpoint = endpoint_of(registry, limits, hash_threads(cores())).await?;
        let name = record.environment.name;
        let alike = Alike::read(&registry.store, &name, endpoint.directory.applied_position()).await?;
        Ok(Self {
            upstream,
            mintmark,
            environment: name,
            issuer: record.environment.issuer,
            dialects: registry.dialects.clone(),
            endpoint,
            plan,
            sources,
            request_ids: RequestIds::new(Arc::clone(&registry.random)),
            counts: Mutex::default(),
            placeholders: Mutex::default(),
            comparing: Arc::new(Semaphore::new(COMPARED_AT_ONCE as usize)),
            alike: ArcSwap::from_pointee(alike),
        })
    }

    /// What is counted by now: a copy, so that no request waits while it is written down.
    fn counted(&self) -> Counts {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn notes(&self) -> u64 {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).notes()
    }

    /// Reads the names of clients again if the registry changed.
    async fn keep_alike(&self) -> Read<()> {
        let position = self.endpoint.directory.applied_position();
        if self.alike.load().position != position {
            let read = Alike::read(self.endpoint.directory.store(), &self.environment, position).await?;
            self.alike.store(Arc::new(read));
        }
        Ok(())
    }

    /// Says what it does.
    fn introduce(&self, address: SocketAddr) {
        eprintln!("Shadowing: send token requests to http://{address} instead of {}; Ctrl-C ends it.", self.upstream.url);
        let paths: Vec<&str> = self.dialects.iter().map(|dialect| dialect.route.path.as_str()).collect();
        eprintln!("Token endpoints of {}: {}; what is asked at other paths is handed on.", self.environment, paths.join(", "));
        if self.alike.load().are_too_many {
            eprintln!("There are too many clients to know those apart from them whose names differ by capitals alone.");
        }
        if !self.sources.are_known() {
            eprintln!(
                "Clients' addresses are not known, all count as this machine's: --address-header says where they are told."
            );
        }
    }
}

impl<S: Store + 'static> Shadow<S> {
    async fn answer(self: Arc<Self>, mut request: Whole) -> Response<Full<Bytes>> {
        for header in LEFT_OUT {
            request.head.headers.remove(*header);
        }
        let asked = match place_of(&self.dialects, self.upstream.base(), request.head.uri.path()) {
            path::Place::Token(dialect, spelling) => Asked { dialect, spelling, request },
            path::Place::Unreadable => return told(StatusCode::BAD_REQUEST, "the path is encoded too often"),
            // What is no token request of Mintmark's is none of this proxy's.
            path::Place::Other => return self.ask(&self.upstream, &request).await.map_or_else(|failed| failed, handed),
        };
        match self.verdict(&asked).await {
            Verdict::Mintmark(client) => {
                self.count(Who::Client(&client), |count| count.moved += 1);
                let mintmark = self.mintmark.as_ref().unwrap_or(&self.upstream);
                let request = self.sources.for_mintmark(&asked.dialect, &asked.request);
                self.ask(mintmark, &request).await.map_or_else(|failed| failed, handed)
            }
            Verdict::Refused(client, denial) => self.refuse(&asked, client.as_ref(), &denial),
            Verdict::Upstream(standing) => self.ask_upstream(asked, standing).await,
        }
    }

    /// The existing endpoint answers.
    async fn ask_upstream(self: Arc<Self>, asked: Asked, standing: Standing) -> Response<Full<Bytes>> {
        let seen = match self.ask(&self.upstream, &asked.request).await {
            Ok(seen) => seen,
            Err(failed) => {
                self.count(who(&standing), |count| count.not_compared += 1);
                return failed;
            }
        };
        if !seen.status.is_client_error()
            && !seen.status.is_server_error()
            && let Some((client, denial)) = self.refused_token(&standing, &seen.body).await
        {
            return self.refuse(&asked, client.as_ref(), &denial);
        }
        let Standing::Shadowed(client, found) = standing else {
            self.count(who(&standing), |count| count.not_imported += 1);
            return handed(seen);
        };
        let Ok(permit) = Arc::clone(&self.comparing).try_acquire_owned() else {
            self.count(Who::Client(&client), |count| count.not_compared += 1);
            return handed(seen);
        };
        let response = handed(Seen { status: seen.status, headers: seen.headers.clone(), body: seen.body.clone() });
        // Nobody waits for it: a hash that was imported takes a tenth of a second and more.
        tokio::spawn(async move {
            let differing = self.compared(&asked, &seen, found).await;
            self.count(Who::Client(&client), |count| count.compared(&differing));
            drop(permit);
        });
        response
    }

    /// What a server answers; where it does not, the answer that says so.
    async fn ask(&self, server: &Upstream, request: &Whole) -> Result<Seen, Response<Full<Bytes>>> {
        match server.send(request).await {
            Ok((status, answer)) => Ok(Seen { status, headers: answer.headers, body: answer.body }),
            Err(Failure(message)) => {
                // For whoever runs this; its clients learn nothing of what is behind.
                eprintln!("mintmark: {} gave no answer: {message}", server.url);
                Err(told(StatusCode::BAD_GATEWAY, "the token endpoint gave no answer"))
            }
        }
    }

    fn refuse(&self, asked: &Asked, client: Option<&ClientId>, denial: &Denial) -> Response<Full<Bytes>> {
        let who = client.map_or(Who::Nobody, Who::Client);
        self.count(who, |count| if denial.is_ours() { count.unavailable += 1 } else { count.refused += 1 });
        respond(self.refusal(&asked.dialect, asked.request.head.uri.path(), denial))
    }

    fn count(&self, who: Who<'_>, note: impl FnOnce(&mut Count)) {
        note(self.counts.lock().unwrap_or_else(PoisonError::into_inner).of(who));
    }
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

fn who(standing: &Standing) -> Who<'_> {
    match standing {
        Standing::Shadowed(client, _) => Who::Client(client),
        Standing::NotImported => Who::NotImported,
        Standing::Nameless => Who::Nobody,
    }
}

fn handed(seen: Seen) -> Response<Full<Bytes>> {
    hand_on(seen.status, &seen.headers, seen.body)
}

fn respond(encoded: Encoded) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(encoded.body));
    *response.status_mut() = encoded.status;
    *response.headers_mut() = encoded.headers;
    response
}

#[cfg(test)]
mod tests;
