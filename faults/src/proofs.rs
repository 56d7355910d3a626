//! `DPoP` proofs and client assertions, each of which is good once, sent to two nodes by many at the same time.

mod crew;
mod holder;
mod verdict;

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use mintmark::store::SqlStore;
use mintmark_bench::clock;
use mintmark_bench::failure::{Done, Failure, fail};
use mintmark_core::registry::Registry;
use serde_json::{Map, json};

use crate::Figures;
use crate::ask::Origin;
use crate::lines::Lines;
use crate::place::{PlaceArgs, environment};
use crew::Crew;
use holder::{Holder, Message};
use verdict::Tally;

/// How many go out together, each by every thread.
const AT_ONCE: u64 = 4;

#[derive(Args, Debug)]
pub(crate) struct ProofsArgs {
    #[command(flatten)]
    place: PlaceArgs,
    /// A node; named twice or more. Its limits of refused tries must be high: all but one of each are refused.
    #[arg(long, value_name = "URL", required = true)]
    node: Vec<Origin>,
    /// How many proofs, and how many assertions.
    #[arg(long, default_value_t = 10_000)]
    count: u64,
    /// How many threads send each, spread over the nodes.
    #[arg(long, default_value_t = 8)]
    threads: usize,
    /// Where to write a line for each that is done.
    #[arg(long, value_name = "FILE")]
    report: PathBuf,
}

/// What is good once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Proof,
    Assertion,
}

impl Kind {
    const ALL: [Self; 2] = [Self::Proof, Self::Assertion];

    fn as_str(self) -> &'static str {
        match self {
            Self::Proof => "proof",
            Self::Assertion => "assertion",
        }
    }
}

pub(crate) async fn run(args: &ProofsArgs) -> Done<Figures> {
    let registry = args.place.open().await?;
    let mut holder = Holder::make(&registry, &issuer(&registry).await?, &args.node).await?;
    let mut crew = Crew::hire(args.threads, &args.node)?;
    let lines = Lines::create(&args.report)?;
    let (mut json, mut good) = (Map::new(), true);
    for kind in Kind::ALL {
        let mut tally = Tally::default();
        for first in (0..args.count).step_by(usize::try_from(AT_ONCE)?) {
            let block = (first..args.count.min(first + AT_ONCE)).map(|number| (kind, number));
            judge_block(&mut holder, &mut crew, block, &mut tally).await?;
            lines.add(&format!("{} {}", kind.as_str(), first + AT_ONCE))?;
        }
        good &= tally.is_good();
        json.insert(format!("{}s", kind.as_str()), tally.json());
    }
    Ok(Figures { json: json!(json), good })
}

async fn judge_block(
    holder: &mut Holder,
    crew: &mut Crew,
    block: impl Iterator<Item = (Kind, u64)>,
    tally: &mut Tally,
) -> Done<()> {
    holder.keep_nonce_fresh().await?;
    let messages: Arc<[Message]> =
        block.map(|(kind, number)| holder.message(kind, number, clock::unix_seconds())).collect::<Done<Vec<_>>>()?.into();
    let outcomes = crew.send(&messages).await?;
    for (message, outcomes) in messages.iter().zip(outcomes) {
        let again = if verdict::is_open(&outcomes) { Some(holder.ask_again(message).await?) } else { None };
        tally.add(&message.name, &outcomes, again.as_ref());
    }
    Ok(())
}

async fn issuer(registry: &Registry<SqlStore>) -> Done<String> {
    use mintmark_core::store::Store;
    let name = environment()?;
    let all = registry.store.environments().await?.value;
    match all.into_iter().find(|record| record.environment.name == name) {
        Some(record) => Ok(record.environment.issuer),
        None => fail!("the database has no environment {name}"),
    }
}

/// A thread that ended is a mistake of this program.
fn gone<T>(_: T) -> Failure {
    Failure("a thread that sends has ended".to_owned())
}
