//! What can be asked of a run.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use crate::clock;
use crate::failure::{Context, Done, fail};
use crate::load::Timing;

#[derive(Args, Debug)]
pub(crate) struct RunArgs {
    /// How often everything is measured, in an order of chance each time.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Seconds for each measurement.
    #[arg(long, default_value_t = 3.0)]
    seconds: f64,
    /// How many clients the largest crowd has.
    #[arg(long, default_value_t = 1_000_000)]
    clients: u64,
    /// Every subject once and briefly, to see that it works. The figures say nothing.
    #[arg(long)]
    brief: bool,
    /// Leave other servers out.
    #[arg(long)]
    no_peers: bool,
    /// Measure only subjects whose name begins with one of these.
    #[arg(long, value_name = "NAME,..", value_delimiter = ',')]
    only: Vec<String>,
    /// Decides the order of measurements and who of a crowd asks when [default: the time].
    #[arg(long)]
    seed: Option<u64>,
    /// The core of the servers [default: the first].
    #[arg(long)]
    pub(super) server_core: Option<usize>,
    /// The core of the load generator [default: the second].
    #[arg(long)]
    pub(super) load_core: Option<usize>,
    /// Where `bench` is.
    #[arg(long, value_name = "DIR", default_value = "bench")]
    folder: PathBuf,
    /// Where the report goes [default: results in the folder of `bench`].
    #[arg(long, value_name = "DIR")]
    results: Option<PathBuf>,
    /// The program `mintmark` [default: the one beside this program].
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
}

/// The same, complete.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) rounds: usize,
    pub(crate) timing: Timing,
    pub(crate) raw_seconds: f64,
    pub(crate) starts: usize,
    pub(crate) clients: u64,
    pub(crate) brief: bool,
    pub(crate) peers: bool,
    only: Vec<String>,
    pub(crate) seed: u64,
    pub(crate) folder: PathBuf,
    pub(crate) results: PathBuf,
    pub(crate) program: PathBuf,
    pub(crate) own_program: PathBuf,
}

impl RunArgs {
    pub(super) fn options(&self) -> Done<Options> {
        if self.rounds == 0 || !(0.05..=600.0).contains(&self.seconds) || self.clients == 0 {
            return fail!("expected at least one round and one client, and 0.05 to 600 seconds");
        }
        let own_program = std::env::current_exe()?;
        let program = self.program.clone().unwrap_or_else(|| own_program.with_file_name("mintmark"));
        let absolute = |path: PathBuf| std::path::absolute(&path).context(|| path.display().to_string());
        let program = absolute(program)?;
        if !program.exists() {
            return fail!(
                "there is no {}; use bench/run, which builds it, or say where it is with --program",
                program.display()
            );
        }
        let folder = absolute(self.folder.clone())?;
        let seconds = if self.brief { 0.2 } else { self.seconds };
        Ok(Options {
            rounds: if self.brief { 1 } else { self.rounds },
            timing: Timing {
                warm_up: Duration::from_secs_f64(if self.brief { 0.05 } else { 0.3 }),
                measured: Duration::from_secs_f64(seconds),
                patience: Duration::from_secs(20),
                requests: None,
            },
            raw_seconds: if self.brief { 0.05 } else { seconds.min(2.0) },
            starts: if self.brief { 1 } else { 11 },
            clients: if self.brief { 200 } else { self.clients },
            brief: self.brief,
            peers: !self.no_peers && !self.brief,
            only: self.only.clone(),
            seed: self.seed.unwrap_or_else(|| clock::unix_seconds().unsigned_abs()),
            results: absolute(self.results.clone().unwrap_or_else(|| folder.join("results")))?,
            folder,
            program,
            own_program,
        })
    }
}

impl Options {
    /// Whether a subject was asked for.
    pub(crate) fn wants(&self, subject: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|wanted| subject.starts_with(wanted.as_str()))
    }

    /// Where servers keep what they need and log to.
    pub(crate) fn work(&self) -> PathBuf {
        self.results.join("work")
    }
}
