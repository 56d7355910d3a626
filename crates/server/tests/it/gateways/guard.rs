//! A program under test: a gateway with its upstream, or a service that verifies by itself.

use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::fixture::{Program, eventually, missing};
use crate::foreign::tools::{repository, works};

/// A running program that lets nobody pass without a good token.
pub(super) struct Guard {
    pub(super) program: Program,
    /// Where it answers.
    pub(super) url: String,
    /// Its files.
    pub(super) folder: TempDir,
}

impl Guard {
    /// Starts what `command` makes, given a folder for its files and a port, and waits until it refuses a request without a token.
    pub(super) async fn start(command: impl AsyncFnMut(&Path, u16) -> Command) -> Self {
        Self::start_at("", command).await
    }

    /// The same, with only a path protected.
    pub(super) async fn start_at(path: &str, mut command: impl AsyncFnMut(&Path, u16) -> Command) -> Self {
        // Between the search for a free port and the program's bind another process can take it.
        for _ in 0..5 {
            let folder = tempfile::tempdir().unwrap();
            let port = free_port();
            let mut command = command(folder.path(), port).await;
            // Everything is on loopback; a proxy configured for the machine would answer instead.
            command.env("NO_PROXY", "*").env("no_proxy", "*").stdin(Stdio::null()).current_dir(folder.path());
            let program = Program::start(&mut command, folder.path().join("log"));
            let mut guard = Self { program, url: format!("http://127.0.0.1:{port}{path}"), folder };
            if guard.is_ready().await {
                return guard;
            }
            let log = guard.program.log();
            assert!(log.to_lowercase().contains("in use"), "{command:?} ended: {log}");
        }
        panic!("no free port");
    }

    /// Whether it came to refuse, rather than to its end.
    async fn is_ready(&mut self) -> bool {
        let client = client();
        let program = std::cell::RefCell::new(&mut self.program);
        let url = &self.url;
        eventually("a program that refuses", async || {
            let has_ended = program.borrow_mut().has_ended();
            let answer = client.get(url).send().await;
            let refuses = answer.is_ok_and(|answer| answer.status() == 401);
            (has_ended || refuses).then_some(!has_ended)
        })
        .await
    }
}

/// For everything here: no proxy, no redirects.
pub(super) fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap()
}

fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

/// A program that `scripts/test` installed for the tests, or that is on the machine.
pub(super) fn program(name: &str, version: &str) -> Option<PathBuf> {
    let own = repository().join(".test/gateways").join(name);
    let of_the_machine = ["", "/usr/sbin", "/usr/local/sbin"].map(|folder| Path::new(folder).join(name));
    let mut places = std::iter::once(own).chain(of_the_machine);
    let found = places.find(|place| works(place, &[version]));
    found.or_else(|| missing::skip(&missing::test_name(), &format!("there is no {name}; scripts/test installs it")))
}
