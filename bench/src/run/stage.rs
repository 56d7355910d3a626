//! Everything that is started before the first round and runs until the last: the floor, the bounds, and Mintmark four times,
//! with one client's cache, with tokens that are given again, with a cache for the whole crowd, and with one for a quarter of it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use mintmark_verify::Algorithm;

use super::options::Options;
use super::startup;
use super::subjects::{self, CONNECTIONS, REUSING, Subject};
use crate::clock;
use crate::cores::Cores;
use crate::failure::{Context, Done};
use crate::identity::Identities;
use crate::load::{self, Lane, Pace, Timing};
use crate::mintmark::{CacheUse, Mintmark, Plan};
use crate::process::{Process, wait_until_idle};
use crate::raw::ALGORITHMS;
use crate::records::{CacheNote, Records};
use crate::requests::{Crowd, Turn};
use crate::seed::{self, DATABASE, ROOT_KEYS, environment_of};
use crate::url::Url;

/// How long Mintmark keeps uses of credentials in memory before it writes them down, and a little more.
pub(super) const FLUSH: Duration = Duration::from_millis(3300);
/// A crowd between one client and all.
const MIDDLE_CROWD: u64 = 100_000;
/// Requests of one client before memory is measured, so that what is needed once is there.
const PRELUDE: u64 = 2000;
const MAIN: &str = "mintmark";
/// For how many seconds the server of that case gives a token again, as the documentation has it.
const REUSE: u32 = 60;

/// The running servers, and what is measured of them.
pub(super) struct Stage {
    plain: Vec<Process>,
    pub(super) main: Mintmark,
    /// It gives tokens again.
    reusing: Option<Mintmark>,
    /// With the place of its note in the records.
    crowded: Vec<(Mintmark, usize)>,
    pub(super) subjects: Vec<Subject>,
}

impl Stage {
    /// Starts everything.
    pub(super) fn set(options: &Options, cores: Cores, records: &mut Records) -> Done<Self> {
        prepare_folders(options)?;
        let plan = Plan {
            name: MAIN,
            program: &options.program,
            folder: &options.work(),
            dialects: options.folder.join("dialects"),
            cached_clients: None,
            reuse: 0,
            ports: None,
        };
        records.footprint.binary_bytes = std::fs::metadata(&options.program)?.len();
        eprintln!("measuring the start");
        // Before others have the database open, so that it is in the state that a stopped server leaves behind.
        records.footprint.first_token_ms = startup::measure(&plan, cores, options.starts)?;
        let (processes, mut subjects) = start_plain(options, cores)?;
        let main = plan.start(cores)?;
        clock::pause(Duration::from_secs(1));
        // It reads the names of all clients after the start.
        wait_until_idle(&[&main.process])?;
        records.footprint.resident_idle = main.process.resident()?;
        records.footprint.resident_idle_own = main.process.resident_own()?;
        subjects.extend(subjects::of_mintmark(&main)?);
        let mut stage = Self { plain: processes, main, reusing: None, crowded: Vec::new(), subjects };
        if options.wants(REUSING) {
            let server = Plan { name: REUSING, reuse: REUSE, ..plan.clone() }.start(cores)?;
            stage.subjects.push(subjects::reusing(&server)?);
            stage.reusing = Some(server);
        }
        for (name, part) in [("crowd", 1), ("quarter", 4)] {
            let plan = Plan { name, cached_clients: Some(options.clients.div_ceil(part)), ..plan.clone() };
            stage.add_crowded(&plan, options, cores, records)?;
        }
        stage.subjects.retain(|subject| options.wants(&subject.name));
        records.subjects = stage.subjects.iter().map(Into::into).collect();
        Ok(stage)
    }

    /// A server for the whole crowd. Its cache is filled before anything is measured.
    fn add_crowded(&mut self, plan: &Plan<'_>, options: &Options, cores: Cores, records: &mut Records) -> Done<()> {
        let name = format!("mintmark-{}", plan.name);
        if !options.wants(&name) {
            return Ok(());
        }
        let server = plan.start(cores)?;
        let holds_all = plan.name == "crowd";
        let held = if holds_all { "all" } else { "a quarter" };
        let what = format!("{} clients at random, a cache for {held}", options.clients);
        let subject = subjects::crowd(&server, &name, &what, options.clients)?;
        if holds_all && options.clients > MIDDLE_CROWD {
            let what = format!("{MIDDLE_CROWD} of these clients at random, the same cache");
            self.subjects.push(subjects::crowd(&server, "mintmark-crowd-100k", &what, MIDDLE_CROWD)?);
        }
        warm_up(&subject, 1, Timing { requests: Some(PRELUDE), ..unlimited() })?;
        let resident_before = server.process.resident()?;
        eprintln!("filling the cache of {name}");
        let start = clock::now();
        // All of them, or so many that the part that is held changes no more.
        let wanted = if holds_all { options.clients } else { options.clients.div_ceil(2) };
        warm_up(&subject, options.clients, Timing { requests: Some(wanted), ..unlimited() })?;
        let warm_up_seconds = clock::now().duration_since(start).as_secs_f64();
        clock::pause(FLUSH);
        wait_until_idle(&[&server.process])?;
        server.process.empty_log()?;
        self.subjects.push(subject);
        records.footprint.caches.push(CacheNote {
            subject: name,
            clients: options.clients,
            setting: server.cache.clone(),
            warm_up_seconds,
            resident_before,
            resident_after: server.process.resident()?,
            cache_use: None,
            filling: CacheUse { hits: PRELUDE, misses: wanted },
            holds_all,
        });
        self.crowded.push((server, records.footprint.caches.len() - 1));
        Ok(())
    }

    pub(super) fn subject(&self, name: &str) -> Option<&Subject> {
        self.subjects.iter().find(|subject| subject.name == name)
    }

    /// All servers.
    pub(super) fn processes(&self) -> Vec<&Process> {
        let crowded = self.crowded.iter().map(|(server, _)| &server.process);
        self.plain
            .iter()
            .chain([&self.main.process])
            .chain(self.reusing.as_ref().map(|server| &server.process))
            .chain(crowded)
            .collect()
    }

    /// Stops everything and reads what the caches did.
    pub(super) fn strike(self, records: &mut Records) -> Done<()> {
        records.footprint.resident_loaded = self.main.process.resident()?;
        for (server, place) in self.crowded {
            let cache_use = server.stop();
            if let Some(note) = records.footprint.caches.get_mut(place) {
                note.cache_use = cache_use.map(|all| all.without(note.filling));
            }
        }
        self.main.stop();
        if let Some(server) = self.reusing {
            server.stop();
        }
        self.plain.into_iter().for_each(Process::stop);
        Ok(())
    }
}

/// A fresh copy of the seeded store, and room for logs.
fn prepare_folders(options: &Options) -> Done<()> {
    let store = seed::ensure(&options.folder, options.clients)?;
    let work = options.work();
    if work.exists() {
        std::fs::remove_dir_all(&work).context(|| work.display().to_string())?;
    }
    std::fs::create_dir_all(&work).context(|| work.display().to_string())?;
    for file in [DATABASE, ROOT_KEYS] {
        std::fs::copy(store.join(file), work.join(file)).context(|| store.join(file).display().to_string())?;
    }
    seed::pretend_uses(&work.join(DATABASE))
}

fn start_plain(options: &Options, cores: Cores) -> Done<(Vec<Process>, Vec<Subject>)> {
    let (mut processes, mut subjects) = (Vec::new(), Vec::new());
    if options.wants("floor") {
        let (process, url) = start_own(options, cores, "floor", &["floor"])?;
        subjects.push(subjects::floor(url, process.group()));
        processes.push(process);
    }
    for algorithm in ALGORITHMS {
        let name = format!("bound-{}", environment_of(algorithm));
        if options.wants(&name) {
            let (process, url) = start_own(options, cores, &name, &["bound", "--algorithm", algorithm.as_str()])?;
            subjects.push(subjects::bound(url, process.group(), algorithm)?);
            processes.push(process);
        }
    }
    Ok((processes, subjects))
}

/// Starts a server of this program.
fn start_own(options: &Options, cores: Cores, name: &str, args: &[&str]) -> Done<(Process, Url)> {
    let mut command = cores.server_command(&options.own_program);
    command.args(args);
    let mut process = Process::start(name, command, &log_of(&options.work(), name))?;
    let line = process.read_line()?;
    let ready: serde_json::Value = serde_json::from_str(&line)?;
    let address = ready.get("listen").and_then(serde_json::Value::as_str).unwrap_or_default();
    let address = address.parse().context(|| format!("expected the address that {name} listens at, found {line:?}"))?;
    Ok((process, Url::at(address, subjects::TOKEN_PATH)))
}

pub(super) fn log_of(work: &Path, name: &str) -> PathBuf {
    work.join(format!("{name}.log"))
}

pub(super) fn unlimited() -> Timing {
    let patience = Duration::from_secs(20);
    Timing { warm_up: Duration::ZERO, measured: Duration::from_hours(1), patience, requests: None }
}

/// Lets each client ask in turn.
fn warm_up(subject: &Subject, clients: u64, timing: Timing) -> Done<()> {
    let identities = Identities::of(&environment_of(Algorithm::Es256));
    let source = Box::new(Crowd::new(&subject.url, identities, Turn::Each { next: 0, among: clients }));
    let lane = Lane { source, ..subject.lane(CONNECTIONS, Pace::Closed, 0) };
    load::run(vec![lane], timing)?.iter().try_for_each(|tally| tally.verify(subject.proof.as_deref()).map(drop))
}
