//! A whole run: starts the servers, measures round by round in an order of chance, writes the report.
//!
//! The machine's pace changes from minute to minute, so ratios are made of figures of the same round.

mod bench;
mod options;
mod pair;
mod peering;
mod stage;
mod startup;
mod subjects;
mod tasks;

use std::path::Path;

pub(crate) use options::RunArgs;
pub(crate) use peering::subject_of as peer_subject;
pub(crate) use subjects::{DIALECTS, REUSING, TOKEN_PATH};
pub(crate) use tasks::{FLOOD_VALID, FLOOD_WRONG, JWKS_RATE, latency_name};

use crate::clock;
use crate::cores::Cores;
use crate::failure::{Context, Done};
use crate::interrupt;
use crate::machine;
use crate::records::{Footprint, Records, SubjectNote};
use crate::report;
use crate::rng::Rng;
use bench::Bench;
use stage::Stage;

/// Measures everything and writes the report.
pub(crate) fn run(args: &RunArgs) -> Done<()> {
    interrupt::listen()?;
    let options = args.options()?;
    let cores = Cores::choose(args.server_core, args.load_core)?;
    let mut records = Records {
        date: jiff::Timestamp::from_second(clock::unix_seconds()).map(|at| at.to_string()).unwrap_or_default(),
        machine: machine::describe(cores, &options.program),
        command: std::env::args().skip(1).collect::<Vec<_>>().join(" "),
        seed: options.seed,
        rounds: options.rounds,
        seconds: options.timing.measured.as_secs_f64(),
        clients: options.clients,
        brief: options.brief,
        subjects: Vec::new(),
        figures: Vec::new(),
        pairs: Vec::new(),
        raw: Vec::new(),
        peers: Vec::new(),
        footprint: Footprint::default(),
    };
    eprintln!("{cores}; order by seed {}", options.seed);
    cores.pin_this_thread()?;
    let stage = Stage::set(&options, cores, &mut records)?;
    let mut bench = Bench {
        options: &options,
        cores,
        stage,
        records,
        rng: Rng::new(options.seed),
        capacities: Vec::new(),
        peers: Vec::new(),
    };
    bench.find_peers()?;
    bench.crowd()?;
    for round in 1..=options.rounds {
        bench.round(round)?;
    }
    let records = bench.finish()?;
    report::write(&records, &options.results).context(|| options.results.display().to_string())?;
    tell(&records, &options.results);
    Ok(())
}

/// The end of the output: where the report is, and what failed.
fn tell(records: &Records, results: &Path) {
    println!("{}", report::summary(records));
    println!("More in {}", results.join("results.md").display());
}

impl From<&subjects::Subject> for SubjectNote {
    fn from(subject: &subjects::Subject) -> Self {
        Self {
            name: subject.name.clone(),
            what: subject.what.clone(),
            algorithm: subject.algorithm.to_owned(),
            connections: subject.connections,
        }
    }
}
