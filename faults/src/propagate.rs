//! How soon a change is in force on each node, counted from the moment that its commit returned.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use clap::Args;
use mintmark::store::SqlStore;
use mintmark_bench::clock;
use mintmark_bench::failure::{Done, Failure, fail};
use mintmark_bench::histogram::Histogram;
use mintmark_bench::rng::Rng;
use mintmark_core::model::{ClientId, EnvironmentName, Status};
use mintmark_core::registry::{ClientEdit, Registry};
use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

use crate::Figures;
use crate::ask::{Answer, Origin, Server};
use crate::crowd::{self, Caller};
use crate::place::{PlaceArgs, environment};

/// How many changes are watched at once.
const LANES: usize = 3;
const EVERY: Duration = Duration::from_millis(10);
/// The most that is waited before a change, by chance: a change that followed the last one at once would always meet the nodes at
/// the same moment between two of their polls.
const SPREAD_MILLISECONDS: u64 = 500;
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a change may take.
const LIMIT: Duration = Duration::from_secs(30);
/// A client has at most five secrets in force, of which it has one to begin with.
const SECRETS: usize = 4;

#[derive(Args, Debug)]
pub(crate) struct PropagateArgs {
    #[command(flatten)]
    place: PlaceArgs,
    /// A node; may be repeated. Its limits of refused tries must be high: this asks before a change is in force.
    #[arg(long, value_name = "URL", required = true)]
    node: Vec<Origin>,
    /// The clients that `seed` made; they are enabled at the end.
    #[arg(long, value_name = "FILE")]
    clients: PathBuf,
    /// How many changes.
    #[arg(long, default_value_t = 1000)]
    changes: usize,
}

pub(crate) async fn run(args: &PropagateArgs) -> Done<Figures> {
    let servers = args.node.iter().map(|origin| Server::new(*origin).map(Arc::new)).collect::<Done<Vec<_>>>()?;
    let work = Arc::new(Work {
        registry: args.place.open().await?,
        environment: environment()?,
        times: Mutex::new(vec![Histogram::default(); servers.len()]),
        servers,
    });
    let callers = crowd::read(&args.clients)?;
    // Each client is disabled, enabled and given a secret.
    let clients = args.changes.div_ceil(3);
    if clients > callers.len() * SECRETS {
        return fail!("--changes {}: for so many there must be {} clients", args.changes, clients.div_ceil(SECRETS));
    }
    let mut lanes: JoinSet<Done<()>> = JoinSet::new();
    for (lane, seed) in (0..LANES).zip(0..) {
        let own: Vec<Caller> = callers.iter().cycle().take(clients).skip(lane).step_by(LANES).cloned().collect();
        let work = Arc::clone(&work);
        lanes.spawn(async move {
            let mut rng = Rng::new(seed);
            for caller in own {
                work.change(&caller, &mut rng).await?;
            }
            Ok(())
        });
    }
    while let Some(done) = lanes.join_next().await {
        done.map_err(|error| Failure(error.to_string()))??;
    }
    let times = work.times.lock().unwrap_or_else(PoisonError::into_inner);
    let nodes: Vec<_> = args.node.iter().zip(times.iter()).map(|(node, times)| shown(*node, times)).collect();
    Ok(Figures::new(json!({ "changes": clients * 3, "nodes": nodes })))
}

fn shown(node: Origin, times: &Histogram) -> serde_json::Value {
    json!({
        "node": node.0.to_string(),
        "measured": times.total(),
        "p50_ms": times.quantile(0.5),
        "p99_ms": times.quantile(0.99),
        "p99_9_ms": times.quantile(0.999),
        "max_ms": times.max(),
    })
}

struct Work {
    registry: Registry<SqlStore>,
    environment: EnvironmentName,
    servers: Vec<Arc<Server>>,
    /// Of each server.
    times: Mutex<Vec<Histogram>>,
}

impl Work {
    async fn change(&self, caller: &Caller, rng: &mut Rng) -> Done<()> {
        let id: ClientId = caller.id.parse()?;
        // So that each node knows the client, and has something to forget.
        self.await_answer(caller, &Answer::Token, None).await?;
        for (status, expected) in [(Status::Disabled, Answer::Refused(401)), (Status::Active, Answer::Token)] {
            spread(rng).await;
            let edit = ClientEdit { status: Some(status), ..ClientEdit::default() };
            self.registry.edit_client(&self.environment, &id, &edit).await?;
            self.await_answer(caller, &expected, Some(clock::now())).await?;
        }
        spread(rng).await;
        let created = self.registry.add_secret(&self.environment, &id, None).await?;
        let committed = clock::now();
        let renewed = Caller::new(&caller.id, created.secret.text().expose())?;
        self.await_answer(&renewed, &Answer::Token, Some(committed)).await
    }

    /// Asks every node until it answers as expected, and notes how long after a moment that was.
    async fn await_answer(&self, caller: &Caller, expected: &Answer, since: Option<Instant>) -> Done<()> {
        let mut nodes = JoinSet::new();
        for (number, server) in self.servers.iter().enumerate() {
            let (server, caller, expected) = (Arc::clone(server), caller.clone(), expected.clone());
            nodes.spawn(async move { Ok::<_, Failure>((number, until(&server, &caller, &expected).await?)) });
        }
        while let Some(done) = nodes.join_next().await {
            let (number, at) = done.map_err(|error| Failure(error.to_string()))??;
            let mut times = self.times.lock().unwrap_or_else(PoisonError::into_inner);
            if let (Some(since), Some(times)) = (since, times.get_mut(number)) {
                times.record(at.saturating_duration_since(since));
            }
        }
        Ok(())
    }
}

async fn spread(rng: &mut Rng) {
    tokio::time::sleep(Duration::from_millis(rng.below(SPREAD_MILLISECONDS))).await;
}

/// When the expected answer came.
async fn until(server: &Server, caller: &Caller, expected: &Answer) -> Done<Instant> {
    let start = clock::now();
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let answer = server.ask(caller, PATIENCE).await;
        let now = clock::now();
        if answer == *expected {
            return Ok(now);
        }
        if !matches!(answer, Answer::Token | Answer::Refused(401)) {
            return fail!("{}: expected {expected}, found {answer}", caller.id);
        }
        if now.duration_since(start) > LIMIT {
            return fail!("{}: still {answer} after {} s, and not {expected}", caller.id, LIMIT.as_secs());
        }
    }
}
