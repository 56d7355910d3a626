//! Other servers. How each is installed and run is known to `bench/peers/peer`; this file talks to that script.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use mintmark_verify::Algorithm;
use serde::{Deserialize, Serialize};

use crate::answer::Answer;
use crate::check::{Expect, Proof};
use crate::clock;
use crate::cores::Cores;
use crate::failure::{Context, Done, Failure, fail};
use crate::interrupt;
use crate::process::{Process, free_port};
use crate::requests::{Fixed, post};
use crate::url::{Url, exchange};

/// The exit code by which the script says that a peer cannot be had on this machine.
const SKIPPED: i32 = 3;
/// How long a peer may take to its first token.
const START_PATIENCE: Duration = Duration::from_mins(2);

/// A peer, as the script lists it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Peer {
    pub(crate) name: String,
    pub(crate) server: String,
    pub(crate) algorithm: String,
    pub(crate) setup: String,
}

/// What a running peer says of itself.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct PeerInfo {
    pub(crate) server: String,
    pub(crate) version: String,
    pub(crate) algorithm: String,
    pub(crate) setup: String,
    token_url: String,
    authorization: Option<String>,
    body: String,
    jwks_url: Option<String>,
}

/// A running peer.
pub(crate) struct RunningPeer {
    pub(crate) process: Process,
    pub(crate) info: PeerInfo,
    pub(crate) url: Url,
    pub(crate) request: Fixed,
    pub(crate) proof: Option<Proof>,
    /// From the start of the process.
    pub(crate) first_token: Duration,
}

/// The script, if there is one.
#[derive(Debug)]
pub(crate) struct Peers {
    script: PathBuf,
}

impl Peers {
    pub(crate) fn find(bench: &Path) -> Option<Self> {
        let script = bench.join("peers/peer");
        script.exists().then_some(Self { script })
    }

    /// All peers that the script knows.
    pub(crate) fn list(&self) -> Done<Vec<Peer>> {
        let output = Command::new(&self.script).arg("list").output().context(|| self.script.display().to_string())?;
        if !output.status.success() {
            return fail!("{} list failed: {}", self.script.display(), String::from_utf8_lossy(&output.stderr).trim());
        }
        String::from_utf8_lossy(&output.stdout).lines().map(read_peer).collect()
    }

    /// Installs a peer; why not, if it cannot be had here.
    pub(crate) fn install(&self, name: &str) -> Done<Result<(), String>> {
        let output = Command::new(&self.script).args(["install", name]).output()?;
        let errors = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        let last = errors.lines().last().unwrap_or("it does not say why").to_owned();
        match output.status.code() {
            Some(0) => Ok(Ok(())),
            Some(SKIPPED) => Ok(Err(last)),
            _ => Ok(Err(format!("the installation failed: {last}"))),
        }
    }

    /// Starts a peer and waits for its first token.
    pub(crate) fn start(&self, name: &str, cores: Cores, folder: &Path) -> Done<RunningPeer> {
        let info_path = folder.join(format!("peer-{name}.json"));
        let _ = std::fs::remove_file(&info_path);
        let mut command = cores.server_command(&self.script);
        command.args(["run", name, &free_port()?.to_string()]).env("PEER_INFO", &info_path);
        let mut process = Process::start(name, command, &folder.join(format!("peer-{name}.log")))?;
        let (mut info, mut last_problem) = (None, "it never said where it listens".to_owned());
        loop {
            process.check()?;
            interrupt::check()?;
            let elapsed = clock::now().duration_since(process.started);
            if elapsed > START_PATIENCE {
                return fail!("{name} gave no token within {} s: {last_problem}", START_PATIENCE.as_secs());
            }
            info = info.or_else(|| read_info(&info_path));
            if let Some(info) = &info {
                let (url, request) = request_of(info)?;
                match first_token(&url, &request) {
                    Ok(()) => {
                        let first_token = clock::now().duration_since(process.started);
                        let proof = proof_of(info)?;
                        return Ok(RunningPeer { process, info: info.clone(), url, request, proof, first_token });
                    }
                    Err(problem) => last_problem = problem.to_string(),
                }
            }
            clock::pause(Duration::from_millis(20));
        }
    }
}

fn read_peer(line: &str) -> Done<Peer> {
    let fields: Vec<&str> = line.split('\t').collect();
    let [name, server, algorithm, setup] = fields.as_slice() else {
        return fail!("expected NAME, SERVER, ALGORITHM and SETUP with tabs between them, found {line:?}");
    };
    Ok(Peer { name: (*name).into(), server: (*server).into(), algorithm: (*algorithm).into(), setup: (*setup).into() })
}

/// The file may be there and not be whole yet.
fn read_info(path: &Path) -> Option<PeerInfo> {
    serde_json::from_slice(&std::fs::read(path).ok()?).ok()
}

fn request_of(info: &PeerInfo) -> Done<(Url, Fixed)> {
    let url: Url = info.token_url.parse()?;
    let authorization = info.authorization.as_deref().filter(|value| !value.is_empty());
    let text = post(&url, &url.path, authorization, &info.body);
    Ok((url, Fixed(text.into_bytes())))
}

fn first_token(url: &Url, request: &Fixed) -> Done<()> {
    let (status, body) = exchange(url.address, &request.0)?;
    let answer = Answer { status, body: body.into(), length: 0, close: false };
    Expect::Token.check(&answer).map_err(Failure)
}

/// Tokens that no published key verifies, such as opaque ones, are checked by status and form alone.
fn proof_of(info: &PeerInfo) -> Done<Option<Proof>> {
    let (Some(jwks_url), Ok(algorithm)) = (&info.jwks_url, info.algorithm.parse::<Algorithm>()) else { return Ok(None) };
    if jwks_url.is_empty() {
        return Ok(None);
    }
    Proof::from_document(&jwks_url.parse::<Url>()?.fetch()?, algorithm).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_line_of_the_list() {
        let peer = read_peer("node-es256\tnode oidc-provider\tES256\tin memory").unwrap();
        assert_eq!((peer.name.as_str(), peer.setup.as_str()), ("node-es256", "in memory"));
        assert!(read_peer("node-es256 node ES256").is_err());
    }

    #[test]
    fn a_peers_own_words_become_its_request() {
        let info = r#"{"name":"x","server":"X","version":"1","algorithm":"opaque","setup":"","token_url":"http://127.0.0.1:9/t",
            "authorization":"Basic eDp5","body":"grant_type=client_credentials","jwks_url":null,"issuer":"http://127.0.0.1:9"}"#;
        let info: PeerInfo = serde_json::from_str(info).unwrap();
        let (url, request) = request_of(&info).unwrap();
        assert_eq!(url.path, "/t");
        let text = String::from_utf8(request.0).unwrap();
        assert!(text.starts_with("POST /t HTTP/1.1\r\n") && text.contains("Authorization: Basic eDp5\r\n"), "{text}");
        assert!(proof_of(&info).unwrap().is_none());
    }
}
