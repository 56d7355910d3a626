//! The programs that these tests need and a machine may lack.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::fixture::missing;

/// Runs a command to its end and gives what it printed to standard output. Panics, with all it printed, when it failed.
pub(crate) fn run(command: &mut Command) -> String {
    // Everything is on loopback; a proxy configured for the machine would answer instead.
    let output = command.env("NO_PROXY", "*").env("no_proxy", "*").stdin(Stdio::null()).output().unwrap();
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?}: {}\n{stdout}{stderr}", output.status);
    stdout.into_owned()
}

/// The interpreter with the libraries of `tests/clients/python/requirements.txt`.
pub(crate) fn python() -> Option<PathBuf> {
    let chosen = missing::variable("MINTMARK_TEST_PYTHON").map(PathBuf::from);
    let python = chosen.unwrap_or_else(|| repository().join(".test/venv/bin/python"));
    let imports = ["-c", "import authlib, jwt, requests, requests_oauthlib"];
    if works(&python, &imports) {
        return Some(python);
    }
    skip(&format!("{} does not have the Python libraries; scripts/test installs them", python.display()))
}

/// The same interpreter, where it can verify HTTP Message Signatures too.
pub(crate) fn python_with_signatures() -> Option<PathBuf> {
    let python = python()?;
    if works(&python, &["-c", "import http_message_signatures"]) {
        return Some(python);
    }
    skip("the interpreter does not have http-message-signatures; scripts/test installs it")
}

/// `node`, when the packages of `tests/clients/node/package-lock.json` are installed.
pub(crate) fn node() -> Option<PathBuf> {
    if !works(Path::new("node"), &["--version"]) {
        return skip("there is no node");
    }
    // npm writes this file when an installation is complete.
    if !clients().join("node/node_modules/.package-lock.json").exists() {
        return skip("tests/clients/node has no node_modules; scripts/test installs them");
    }
    Some(PathBuf::from("node"))
}

/// `curl`.
pub(super) fn curl() -> Option<PathBuf> {
    if works(Path::new("curl"), &["--version"]) { Some(PathBuf::from("curl")) } else { skip("there is no curl") }
}

/// The folder of the foreign programs.
pub(crate) fn clients() -> PathBuf {
    repository().join("tests/clients")
}

/// The checkout.
pub(crate) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Whether a program is there and ends well when called like this.
pub(crate) fn works(program: &Path, arguments: &[&str]) -> bool {
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output();
    output.is_ok_and(|output| output.status.success())
}

fn skip(reason: &str) -> Option<PathBuf> {
    missing::skip(&missing::test_name(), reason)
}
