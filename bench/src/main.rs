//! Measures Mintmark: against what one core can do, and against other servers. `bench/README.md` says how and why.

#![expect(clippy::cast_precision_loss, reason = "counts and nanoseconds of a run fit into the 53 bits of a float")]

mod answer;
mod check;
mod cores;
mod effort;
mod identity;
mod instructions;
mod interrupt;
mod load;
mod machine;
mod mintmark;
mod peers;
mod process;
mod raw;
mod records;
mod report;
mod requests;
mod run;
mod seed;
mod server;
mod signer;
mod url;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use mintmark_bench::{clock, failure, histogram, rng};

/// Measures Mintmark against what one core can do, and against other servers.
#[derive(Parser, Debug)]
#[command(name = "mintmark-bench", version, max_term_width = 100)]
#[command(after_help = "Use bench/run, which builds everything first.")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Measure everything and write the report.
    Run(run::RunArgs),
    /// Serve a fixed answer: the least that an HTTP request costs.
    Floor(server::ServerArgs),
    /// Serve signed tokens with as little work as possible.
    Bound(server::BoundArgs),
    /// Measure signatures and verifications without HTTP.
    Raw(raw::RawArgs),
    /// Answer token requests in this process, without sockets, for a program that counts instructions.
    Instructions(instructions::InstructionsArgs),
    /// Make the store that Mintmark is measured with.
    Seed(seed::SeedArgs),
}

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Run(args) => run::run(&args),
        Command::Floor(args) => server::floor(&args),
        Command::Bound(args) => server::bound(&args),
        Command::Raw(args) => raw::run(&args),
        Command::Instructions(args) => instructions::run(&args),
        Command::Seed(args) => interrupt::listen().and_then(|()| seed::run(&args)),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("mintmark-bench: {failure}");
            ExitCode::FAILURE
        }
    }
}
