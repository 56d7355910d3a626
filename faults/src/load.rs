//! The open loop: requests at fixed times, whatever the answers do. Latency counts from the time that a request was due.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use clap::Args;
use mintmark_bench::clock;
use mintmark_bench::failure::{Done, Failure, fail};
use mintmark_bench::histogram::Histogram;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::Figures;
use crate::ask::{Answer, Origin, Server};
use crate::crowd::{self, Caller};
use crate::lines::{Lines, one_line};
use crate::stop::Stop;

const PATIENCE: Duration = Duration::from_secs(10);
/// How long a client waits before it tries again.
const RETRY_AFTER: Duration = Duration::from_millis(100);

#[derive(Args, Debug)]
pub(crate) struct LoadArgs {
    /// The server.
    #[arg(long)]
    url: Origin,
    /// The clients that `seed` made; they ask in turn.
    #[arg(long, value_name = "FILE")]
    clients: PathBuf,
    /// Requests a second.
    #[arg(long, default_value_t = 500)]
    rate: u32,
    /// For how long [default: until this program is told to end].
    #[arg(long)]
    seconds: Option<u64>,
    /// Try once more after a connection error or a 503.
    #[arg(long)]
    retry: bool,
    /// Where to write a line for each failed try and, at the end, for each second.
    #[arg(long, value_name = "FILE")]
    report: PathBuf,
}

pub(crate) async fn run(args: &LoadArgs) -> Done<Figures> {
    let mut stop = Stop::listen()?;
    let callers: Arc<[Caller]> = crowd::read(&args.clients)?.into();
    let run = Arc::new(Run {
        server: Server::new(args.url)?,
        retries: args.retry,
        tally: Mutex::default(),
        lines: Lines::create(&args.report)?,
    });
    let (start, begun) = (tokio::time::Instant::now(), clock::unix_milliseconds());
    let gap = Duration::from_secs(1) / args.rate.max(1);
    let mut requests = JoinSet::new();
    let mut due = Duration::ZERO;
    for caller in callers.iter().cycle() {
        if args.seconds.is_some_and(|seconds| due >= Duration::from_secs(seconds)) {
            break;
        }
        tokio::select! {
            () = tokio::time::sleep_until(start + due) => {}
            () = stop.asked() => break,
        }
        let (run, caller) = (Arc::clone(&run), caller.clone());
        requests.spawn(async move { run.request(&caller, start, due).await });
        while let Some(done) = requests.try_join_next() {
            done.map_err(|error| Failure(error.to_string()))??;
        }
        due += gap;
    }
    while let Some(done) = requests.join_next().await {
        done.map_err(|error| Failure(error.to_string()))??;
    }
    let tally = run.tally.lock().unwrap_or_else(PoisonError::into_inner);
    for (second, counts) in &tally.seconds {
        run.lines.add(&format!("second {second} {}", counts.show()))?;
    }
    if tally.all.requests == 0 {
        return fail!("not one request was sent");
    }
    Ok(Figures::new(tally.show(begun)))
}

struct Run {
    server: Server,
    retries: bool,
    tally: Mutex<Tally>,
    lines: Lines,
}

impl Run {
    async fn request(&self, caller: &Caller, start: tokio::time::Instant, due: Duration) -> Done<()> {
        let first = self.server.ask(caller, PATIENCE).await;
        self.note_failure(caller, "first", start, due, &first)?;
        let mut last = first.clone();
        if self.retries && may_be_tried_again(&first) {
            tokio::time::sleep(RETRY_AFTER).await;
            last = self.server.ask(caller, PATIENCE).await;
            self.note_failure(caller, "second", start, due, &last)?;
        }
        let latency = start.elapsed().saturating_sub(due);
        self.tally.lock().unwrap_or_else(PoisonError::into_inner).note(due, &first, &last, latency);
        Ok(())
    }

    fn note_failure(
        &self,
        caller: &Caller,
        attempt: &str,
        start: tokio::time::Instant,
        due: Duration,
        answer: &Answer,
    ) -> Done<()> {
        if *answer == Answer::Token {
            return Ok(());
        }
        let (now, due) = (clock::unix_milliseconds(), due.as_secs_f64());
        let (late, answer) = (start.elapsed().as_secs_f64() - due, one_line(&answer.to_string()));
        self.lines.add(&format!("failed {now} due {due:.3} after {late:.3} {attempt} {} {answer}", caller.id))
    }
}

/// What a client may try again that takes its server for overloaded or gone.
fn may_be_tried_again(answer: &Answer) -> bool {
    matches!(answer, Answer::Broken(_) | Answer::Refused(503))
}

/// What was counted.
#[derive(Default)]
struct Tally {
    all: Counts,
    seconds: BTreeMap<u64, Counts>,
    latencies: Histogram,
}

/// Of all requests, or of those due in one second.
#[derive(Clone, Debug, Default)]
struct Counts {
    requests: u64,
    ok: u64,
    refused: BTreeMap<u16, u64>,
    broken: u64,
    timed_out: u64,
    /// Those whose first try failed, whatever became of the second.
    failed_first: u64,
}

impl Counts {
    fn note(&mut self, first: &Answer, last: &Answer) {
        self.requests += 1;
        self.failed_first += u64::from(*first != Answer::Token);
        match last {
            Answer::Token => self.ok += 1,
            Answer::Refused(status) => *self.refused.entry(*status).or_default() += 1,
            Answer::Broken(_) => self.broken += 1,
            Answer::TimedOut => self.timed_out += 1,
        }
    }

    fn show(&self) -> Value {
        json!({
            "requests": self.requests,
            "ok": self.ok,
            "failed": self.requests - self.ok,
            "failed_first_try": self.failed_first,
            "refused": self.refused,
            "connection_errors": self.broken,
            "timeouts": self.timed_out,
        })
    }
}

impl Tally {
    fn note(&mut self, due: Duration, first: &Answer, last: &Answer, latency: Duration) {
        self.all.note(first, last);
        self.seconds.entry(due.as_secs()).or_default().note(first, last);
        self.latencies.record(latency);
    }

    fn show(&self, begun: u64) -> Value {
        let mut shown = self.all.show();
        let round = |milliseconds: f64| (milliseconds * 10.0).round() / 10.0;
        if let Some(fields) = shown.as_object_mut() {
            fields.insert("begun".to_owned(), json!(begun));
            for (name, part) in [("p50_ms", 0.5), ("p99_ms", 0.99), ("p99_9_ms", 0.999)] {
                fields.insert(name.to_owned(), json!(round(self.latencies.quantile(part))));
            }
            fields.insert("max_ms".to_owned(), json!(round(self.latencies.max())));
        }
        shown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_that_a_second_try_saved_failed_only_at_first() {
        let mut counts = Counts::default();
        counts.note(&Answer::Token, &Answer::Token);
        counts.note(&Answer::Refused(503), &Answer::Token);
        counts.note(&Answer::TimedOut, &Answer::Refused(503));
        assert_eq!(counts.show()["failed"], 1);
        assert_eq!(counts.show()["failed_first_try"], 2);
        assert_eq!(counts.show()["refused"]["503"], 1);
    }

    #[test]
    fn a_refusal_that_says_what_is_wrong_is_not_tried_again() {
        assert!(!may_be_tried_again(&Answer::Refused(401)));
        assert!(may_be_tried_again(&Answer::Refused(503)));
    }
}
