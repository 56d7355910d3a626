//! Mintmark itself: `mintmark serve` with a configuration of its own, on the seeded store.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use mintmark_verify::Algorithm;
use serde::{Deserialize, Serialize};

use crate::check::Proof;
use crate::cores::Cores;
use crate::failure::{Context, Done, Failure};
use crate::process::Process;
use crate::raw::ALGORITHMS;
use crate::seed::{DATABASE, ROOT_KEYS, environment_of};
use crate::url::Url;

/// The setting for the size of the client cache, in `[cache]`.
const CACHE_SETTING: &str = "clients_mebibytes";
/// For how many clients one unit of it is enough, with room to spare.
const CLIENTS_PER_UNIT: f64 = 1800.0;
/// Refused tries a minute before an address gets 429. A flood of wrong secrets must be refused for what it is.
const REFUSED_TRIES: u64 = 1_000_000_000;

/// What a server is started with.
#[derive(Clone, Debug)]
pub(crate) struct Plan<'a> {
    pub(crate) name: &'a str,
    /// The program.
    pub(crate) program: &'a Path,
    /// The folder of the store; configuration and log go there too.
    pub(crate) folder: &'a Path,
    /// The folder of the dialects.
    pub(crate) dialects: PathBuf,
    /// How many clients the cache shall hold; the default if nothing is said.
    pub(crate) cached_clients: Option<u64>,
    /// For how many seconds a token is given again to who asks for the same; not at all with 0.
    pub(crate) reuse: u32,
    /// The ports of the environments; free ones if nothing is said.
    pub(crate) ports: Option<[u16; 3]>,
}

/// A running Mintmark.
#[derive(Debug)]
pub(crate) struct Mintmark {
    pub(crate) process: Process,
    /// Where each environment listens.
    addresses: BTreeMap<String, SocketAddr>,
    /// The cache setting, as it is in the configuration.
    pub(crate) cache: String,
}

/// What a server said about its client cache when it stopped.
#[derive(Clone, Copy, Debug, Serialize, PartialEq, Eq)]
pub(crate) struct CacheUse {
    pub(crate) hits: u64,
    pub(crate) misses: u64,
}

impl CacheUse {
    /// What is left of it without an earlier part.
    pub(crate) fn without(self, earlier: Self) -> Self {
        Self { hits: self.hits.saturating_sub(earlier.hits), misses: self.misses.saturating_sub(earlier.misses) }
    }
}

#[derive(Deserialize)]
struct Ready {
    environments: Vec<ReadyEnvironment>,
}

#[derive(Deserialize)]
struct ReadyEnvironment {
    name: String,
    listen: SocketAddr,
}

impl Plan<'_> {
    /// Starts the server without waiting for it.
    pub(crate) fn spawn(&self, cores: Cores) -> Done<Process> {
        let path = self.folder.join(format!("{}.toml", self.name));
        std::fs::write(&path, self.configuration()).context(|| path.display().to_string())?;
        let mut command = cores.server_command(self.program);
        command.args(["--json", "--config"]).arg(&path).arg("serve");
        Process::start(self.name, command, &self.log())
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.folder.join(format!("{}.log", self.name))
    }

    /// Starts the server and waits until it listens.
    pub(crate) fn start(&self, cores: Cores) -> Done<Mintmark> {
        let mut process = self.spawn(cores)?;
        let line = process.read_line()?;
        let ready: Ready =
            serde_json::from_str(&line).context(|| format!("expected the line that says ready, found {line:?}"))?;
        let addresses = ready.environments.into_iter().map(|one| (one.name, one.listen)).collect();
        let cache = self.cache_line().unwrap_or_else(|| "the default".to_owned());
        Ok(Mintmark { process, addresses, cache })
    }

    fn cache_line(&self) -> Option<String> {
        let clients = self.cached_clients?;
        Some(format!("{CACHE_SETTING} = {}", (clients as f64 / CLIENTS_PER_UNIT).ceil()))
    }

    /// Writing to a `String` cannot fail.
    fn configuration(&self) -> String {
        let mut text = String::new();
        for (at, algorithm) in ALGORITHMS.into_iter().enumerate() {
            let (name, port) = (environment_of(algorithm), self.ports.and_then(|ports| ports.get(at).copied()).unwrap_or(0));
            let _ = writeln!(text, "[environments.{name}]\nlisten = \"127.0.0.1:{port}\"\nreuse = {}\n", self.reuse);
        }
        let dialects = self.dialects.display().to_string();
        let _ = write!(
            text,
            "[store]\npath = \"{DATABASE}\"\n\n[root_keys]\nfile = \"{ROOT_KEYS}\"\n\n[dialects]\nfolder = {dialects:?}\n\n\
             [limits]\nrefused_per_source = {REFUSED_TRIES}\nrefused_per_client = {REFUSED_TRIES}\n\n"
        );
        if let Some(line) = self.cache_line() {
            let _ = writeln!(text, "[cache]\n{line}");
        }
        text
    }
}

impl Mintmark {
    /// A path of the environment of an algorithm.
    pub(crate) fn url(&self, algorithm: Algorithm, path: &str) -> Done<Url> {
        let name = environment_of(algorithm);
        let address = self.addresses.get(&name).ok_or_else(|| Failure(format!("the server does not serve {name}")))?;
        Ok(Url::at(*address, path))
    }

    /// The keys of an environment.
    pub(crate) fn proof(&self, environment: Algorithm, algorithm: Algorithm) -> Done<Proof> {
        Proof::from_document(&self.url(environment, "/.well-known/jwks.json")?.fetch()?, algorithm)
    }

    /// Stops the server; what it said about its cache, if it said anything.
    pub(crate) fn stop(self) -> Option<CacheUse> {
        let log = self.process.log().to_owned();
        self.process.stop();
        std::fs::read_to_string(log).ok()?.lines().rev().find_map(read_cache_use)
    }
}

/// Reads `hits=… misses=…` out of a line, whatever else it says.
fn read_cache_use(line: &str) -> Option<CacheUse> {
    let number = |name: &str| {
        let values = line.split_whitespace().filter_map(|word| word.split_once('='));
        values.filter(|(key, _)| key.ends_with(name)).find_map(|(_, value)| value.trim_matches(',').parse().ok())
    };
    Some(CacheUse { hits: number("hits")?, misses: number("misses")? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_hits_in_whatever_line_has_them() {
        let line = "2026-01-01T00:00:00Z  INFO cache clients_held=9 bytes=4000 hits=70 misses=30";
        assert_eq!(read_cache_use(line), Some(CacheUse { hits: 70, misses: 30 }));
        assert_eq!(read_cache_use("clients_hits=7, clients_misses=3"), Some(CacheUse { hits: 7, misses: 3 }));
        assert_eq!(read_cache_use("token issued hits=no"), None);
    }

    #[test]
    fn the_configuration_is_one_that_mintmark_reads() {
        let plan = Plan {
            name: "test",
            program: "mintmark".as_ref(),
            folder: "/bench".as_ref(),
            dialects: "/bench/dialects".into(),
            cached_clients: Some(1000),
            reuse: 60,
            ports: None,
        };
        let variables = mintmark::config::Variables::none();
        let config = mintmark::config::Config::parse("test.toml", plan.configuration(), plan.folder, &variables).unwrap();
        assert_eq!(config.limits.refused_per_client, REFUSED_TRIES);
        assert_eq!(config.environments.len(), 3);
        assert!(config.environments.iter().all(|environment| environment.herd.reuse == 60));
    }
}
