//! Loads and checks a Mintmark cluster while parts of it fail. `scripts/fault-tests` makes them fail and says what must hold.

mod ask;
mod crowd;
mod lines;
mod load;
mod place;
mod proofs;
mod propagate;
mod seed;
mod single_use;
mod stop;
mod verify;
mod warm;
mod watch;
mod write;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use mintmark_bench::failure::{Done, Failure};

/// Loads and checks a Mintmark cluster while parts of it fail.
#[derive(Parser, Debug)]
#[command(name = "mintmark-faults", version, max_term_width = 100)]
#[command(after_help = "Use scripts/fault-tests, which builds everything and starts a cluster first.")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Make a tenant with many clients, and write down their secrets.
    Seed(seed::SeedArgs),
    /// Ask for a token of each client at each node once, so that the nodes know them all.
    Warm(warm::WarmArgs),
    /// Ask for tokens at fixed times, whatever the answers are, and count these.
    Load(load::LoadArgs),
    /// Ask for tokens of one client again and again, and write down each answer.
    Watch(watch::WatchArgs),
    /// Change the registry again and again, and write down what was acknowledged.
    Write(write::WriteArgs),
    /// Look whether everything that was acknowledged is there.
    Verify(verify::VerifyArgs),
    /// Use numbers that others use at the same time, each of which may be used once.
    SingleUse(single_use::SingleUseArgs),
    /// Look whether each number was used once.
    SingleUseCheck(single_use::CheckArgs),
    /// Send proofs and assertions, each good once, to several nodes at the same time, and look whether each was accepted once.
    SingleUseProofs(proofs::ProofsArgs),
    /// Measure how soon a change is in force on each node.
    Propagate(propagate::PropagateArgs),
}

fn main() -> ExitCode {
    match start(Cli::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("mintmark-faults: {failure}");
            ExitCode::FAILURE
        }
    }
}

/// On one thread: the machine is for what is tested.
fn start(command: Command) -> Done<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let figures = runtime.block_on(async {
        match command {
            Command::Seed(args) => seed::run(&args).await,
            Command::Warm(args) => warm::run(&args).await,
            Command::Load(args) => load::run(&args).await,
            Command::Watch(args) => watch::run(&args).await,
            Command::Write(args) => write::run(&args).await,
            Command::Verify(args) => verify::run(&args).await,
            Command::SingleUse(args) => single_use::run(&args).await,
            Command::SingleUseCheck(args) => single_use::check(&args),
            Command::SingleUseProofs(args) => proofs::run(&args).await,
            Command::Propagate(args) => propagate::run(&args).await,
        }
    })?;
    println!("{}", figures.json);
    if figures.good { Ok(()) } else { Err(Failure("what must hold does not".to_owned())) }
}

/// What a command found out.
struct Figures {
    json: serde_json::Value,
    /// Whether what must hold in any case does.
    good: bool,
}

impl Figures {
    fn new(json: serde_json::Value) -> Self {
        Self { json, good: true }
    }
}
