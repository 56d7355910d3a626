//! `mintmark dev` as a process: started, asked, ended.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

use super::ports::free_base;

/// Far more than a start or an end takes, also on a busy machine.
const PATIENCE: Duration = Duration::from_mins(2);

/// A running server. Dropped, it is killed; when the test panics, what it logged is shown.
pub(super) struct DevServer {
    process: Child,
    lines: Receiver<String>,
    document: Value,
    folder: TempDir,
}

/// A demo client.
pub(super) struct DemoClient {
    pub(super) id: String,
    pub(super) secret: String,
    pub(super) scopes: Vec<String>,
    pub(super) business_id: Option<String>,
}

impl DevServer {
    /// Starts a server with data of its own and waits until it says that it is ready.
    pub(super) fn start() -> Self {
        // Between the search for free ports and the server's bind another process can take one.
        (0..5).find_map(|_| Self::try_start()).unwrap()
    }

    /// `None` when a port was in use after all.
    fn try_start() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mut process = Command::new(env!("CARGO_BIN_EXE_mintmark"))
            .arg("dev")
            .arg("--data-dir")
            .arg(folder.path().join("data"))
            .args(["--port-base", &free_base().to_string(), "--json"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::create(folder.path().join("stderr")).unwrap())
            .spawn()
            .unwrap();
        let lines = lines_of(process.stdout.take().unwrap());
        let mut server = Self { process, lines, document: Value::Null, folder };
        let line = server.lines.recv_timeout(PATIENCE).unwrap();
        server.document = serde_json::from_str(&line).unwrap();
        if server.document["error"].as_str().is_some_and(|error| error.contains("in use")) {
            return None;
        }
        assert_eq!(server.document["ready"], true, "{line}");
        fs::write(server.document_path(), &line).unwrap();
        Some(server)
    }

    /// A file that holds the line the server printed, the argument of the foreign programs.
    pub(super) fn document_path(&self) -> PathBuf {
        self.folder.path().join("dev.json")
    }

    pub(super) fn token_endpoint(&self, environment: &str, dialect: &str) -> String {
        let environment = find(&self.document["environments"], &[("name", environment)]);
        text(&environment["token_endpoints"][dialect])
    }

    pub(super) fn client(&self, environment: &str, dialect: &str) -> DemoClient {
        let client = find(&self.document["clients"], &[("environment", environment), ("dialect", dialect)]);
        DemoClient {
            id: text(&client["client_id"]),
            secret: text(&client["client_secret"]),
            scopes: client["scopes"].as_array().unwrap().iter().map(text).collect(),
            business_id: client.get("business_id").map(text),
        }
    }

    /// Sends SIGTERM and waits for the end.
    pub(super) fn terminate(mut self) -> ExitStatus {
        kill_process(Pid::from_child(&self.process), Signal::TERM).unwrap();
        while self.lines.recv_timeout(PATIENCE).is_ok() {}
        self.process.wait().unwrap()
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("stderr")).unwrap_or_default()
    }
}

impl Drop for DevServer {
    fn drop(&mut self) {
        // Both fail when it has ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
        if thread::panicking() {
            eprintln!("The server's log:\n{}", self.log());
        }
    }
}

/// The lines of a process as they come. The channel ends when the process does.
fn lines_of(stdout: ChildStdout) -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            // Reading goes on when nobody listens, or the process would block on a full pipe.
            let _ = sender.send(line);
        }
    });
    receiver
}

fn find<'a>(list: &'a Value, members: &[(&str, &str)]) -> &'a Value {
    let mut entries = list.as_array().unwrap().iter();
    entries.find(|entry| members.iter().all(|(name, value)| entry[*name] == *value)).unwrap()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

#[test]
fn a_terminated_server_exits_with_code_zero() {
    let server = DevServer::start();
    assert_eq!(server.terminate().code(), Some(0));
}
