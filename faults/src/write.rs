//! People who change the registry, one change after another, whatever becomes of them.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use clap::Args;
use mintmark::store::SqlStore;
use mintmark_bench::clock;
use mintmark_bench::failure::{Done, Failure};
use mintmark_core::model::{EnvironmentName, TenantId};
use mintmark_core::registry::{NewBusiness, Registry, RegistryError};
use serde_json::json;
use tokio::task::JoinSet;

use crate::Figures;
use crate::lines::{Lines, one_line};
use crate::place::{PlaceArgs, environment};
use crate::stop::Stop;

/// How many write at once.
const WRITERS: u32 = 4;
/// How long a writer waits after a failure.
const AFTER_FAILURE: Duration = Duration::from_millis(100);

#[derive(Args, Debug)]
pub(crate) struct WriteArgs {
    #[command(flatten)]
    place: PlaceArgs,
    /// For how long at least [default: until this program is told to end].
    #[arg(long)]
    seconds: Option<u64>,
    /// How many changes must have been acknowledged before it ends.
    #[arg(long, default_value_t = 0)]
    count: u64,
    /// How long each writer waits after a change, in milliseconds.
    #[arg(long, value_name = "MILLISECONDS", default_value_t = 50)]
    pause: u64,
    /// Where to write a line for each change: what was said of it, by which writer, when it was begun and ended (in milliseconds
    /// since 1970), and the business.
    #[arg(long, value_name = "FILE")]
    report: PathBuf,
}

pub(crate) async fn run(args: &WriteArgs) -> Done<Figures> {
    let mut stop = Stop::listen()?;
    let registry = args.place.open().await?;
    let environment = environment()?;
    let tenant = registry.create_tenant(&format!("Fault tests {}", clock::unix_seconds())).await?.id;
    let lines = Lines::create(&args.report)?;
    lines.add(&format!("tenant {tenant} {}", clock::unix_seconds()))?;
    let (start, tally) = (clock::now(), Mutex::new(Tally::new()));
    let work = Arc::new(Work { registry, environment, tenant, lines, tally, pause: Duration::from_millis(args.pause) });
    let mut writers = JoinSet::new();
    for number in 0..WRITERS {
        writers.spawn(Arc::clone(&work).write_on(number, stop.clone(), {
            let (seconds, count) = (args.seconds, args.count);
            move |acknowledged| {
                seconds.is_some_and(|least| clock::now().duration_since(start).as_secs() >= least) && acknowledged >= count
            }
        }));
    }
    loop {
        tokio::select! {
            done = writers.join_next() => match done {
                Some(done) => done.map_err(|error| Failure(error.to_string()))??,
                None => break,
            },
            // A write of theirs may be on its way: what becomes of it is to be written down, too.
            () = stop.asked(), if !stop.is_asked() => {}
        }
    }
    let tally = work.tally.lock().unwrap_or_else(PoisonError::into_inner);
    let longest_gap = tally.longest_gap.max(clock::now().duration_since(tally.last));
    Ok(Figures::new(json!({
        "acknowledged": tally.acknowledged,
        "refused": tally.refused,
        "unknown": tally.unknown,
        "longest_gap_ms": u64::try_from(longest_gap.as_millis()).unwrap_or(u64::MAX),
        "slowest_ms": tally.slowest,
    })))
}

struct Work {
    registry: Registry<SqlStore>,
    environment: EnvironmentName,
    tenant: TenantId,
    lines: Lines,
    tally: Mutex<Tally>,
    pause: Duration,
}

struct Tally {
    acknowledged: u64,
    refused: u64,
    unknown: u64,
    last: Instant,
    longest_gap: Duration,
    slowest: u64,
}

impl Tally {
    fn new() -> Self {
        Self { acknowledged: 0, refused: 0, unknown: 0, last: clock::now(), longest_gap: Duration::ZERO, slowest: 0 }
    }

    fn acknowledge(&mut self, took: u64) {
        let now = clock::now();
        self.acknowledged += 1;
        self.longest_gap = self.longest_gap.max(now.duration_since(self.last));
        self.last = now;
        self.slowest = self.slowest.max(took);
    }
}

impl Work {
    async fn write_on(self: Arc<Self>, writer: u32, mut stop: Stop, is_enough: impl Fn(u64) -> bool) -> Done<()> {
        let mut number = 0_u64;
        while !stop.is_asked() && !is_enough(self.acknowledged()) {
            number += 1;
            let is_good = self.write_one(writer, format!("w{writer}-{number}")).await?;
            tokio::select! {
                () = tokio::time::sleep(if is_good { self.pause } else { AFTER_FAILURE }) => {}
                () = stop.asked() => {}
            }
        }
        Ok(())
    }

    fn acknowledged(&self) -> u64 {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner).acknowledged
    }

    async fn write_one(&self, writer: u32, name: String) -> Done<bool> {
        let begun = clock::unix_milliseconds();
        let (environment, tenant_id) = (self.environment.clone(), self.tenant);
        let new = NewBusiness { environment, tenant_id, name: name.clone(), external_id: None };
        let made = self.registry.create_business(new).await;
        let ended = clock::unix_milliseconds();
        let mut tally = self.tally.lock().unwrap_or_else(PoisonError::into_inner);
        let (word, what) = match &made {
            Ok(business) => {
                tally.acknowledge(ended.saturating_sub(begun));
                ("acknowledged", business.id.to_string())
            }
            Err(error @ RegistryError::Unknown(_)) => {
                tally.unknown += 1;
                ("unknown", one_line(&error.to_string()))
            }
            Err(error) => {
                tally.refused += 1;
                ("refused", one_line(&error.to_string()))
            }
        };
        self.lines.add(&format!("{word} {writer} {begun} {ended} {name} {what}"))?;
        Ok(made.is_ok())
    }
}
