//! `haproxy` with `jwt_verify`, and the script that feeds it.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use super::cases::{Ways, ask, judge};
use super::guard::{Guard, program};
use super::issuer::{AUDIENCE, Issuer};
use super::recipe::Recipe;
use super::upstream::Upstream;
use crate::fixture::eventually;
use crate::foreign::tools;
use rustix::process::Signal;

const PAGE: &str = "gateways/haproxy.md";

/// `haproxy` on the page's file, its keys fetched by the page's script. `None` where there is none, or no Python.
pub(super) async fn start(issuer: &str, audience: &str, jwks_uri: &str, upstream: &Upstream) -> Option<Guard> {
    let haproxy = program("haproxy", "-v")?;
    tools::python()?;
    let command = async |folder: &Path, port: u16| {
        let keys = folder.join("keys");
        fs::create_dir(&keys).unwrap();
        assert!(fetch_keys(folder, jwks_uri).await, "the first keys are new");
        let recipe = Recipe::of(PAGE, "haproxy.cfg")
            .with("/etc/haproxy/mintmark", &keys.display().to_string())
            .with("/run/haproxy/mintmark.sock", &folder.join("socket").display().to_string())
            .with("https://auth.example.com", issuer)
            .with("https://api.example.com", audience)
            .with("127.0.0.1:8000", &format!("127.0.0.1:{port}"))
            .with("127.0.0.1:9000", &upstream.address.to_string());
        fs::write(folder.join("haproxy.cfg"), recipe.text()).unwrap();
        let mut command = Command::new(&haproxy);
        command.args(["-W", "-db", "-f", "haproxy.cfg"]);
        command
    };
    Some(Guard::start(command).await)
}

/// Runs the page's script. Whether the keys changed.
async fn fetch_keys(folder: &Path, jwks_uri: &str) -> bool {
    let script = folder.join("mintmark-keys.py");
    fs::write(&script, Recipe::of(PAGE, "mintmark-keys.py").text()).unwrap();
    let mut command = Command::new(tools::python().unwrap());
    command.arg(script).arg(jwks_uri).arg(folder.join("keys")).env("no_proxy", "*").stdin(Stdio::null());
    // The server that it asks is of this process.
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    match output.status.code() {
        Some(0) => true,
        Some(3) => false,
        _ => panic!("{output:?}"),
    }
}

/// What a timer does every five minutes. Whether there was something to do.
pub(super) async fn feed(guard: &Guard, jwks_uri: &str) -> bool {
    let has_changed = fetch_keys(guard.folder.path(), jwks_uri).await;
    if has_changed {
        guard.program.signal(Signal::USR2);
    }
    has_changed
}

#[tokio::test]
async fn haproxy_lets_pass_whom_mintmark_gave_a_token() {
    let (issuer, upstream) = (Issuer::start().await, Upstream::start().await);
    let Some(guard) = start(&Issuer::name(), AUDIENCE, &issuer.jwks_uri(), &upstream).await else { return };
    // Signed by a key that it has, under a name that nobody has.
    judge(&issuer, &guard, Ways { accepts: &["an unknown key"], ..Ways::default() }).await;

    issuer.rotate().await;
    let unknown = issuer.good_token().await;
    assert_eq!(ask(&guard, &unknown).send().await.unwrap().status(), 401, "its key was not fetched yet");
    assert!(feed(&guard, &issuer.jwks_uri()).await);
    eventually("a reload", async || (ask(&guard, &unknown).send().await.ok()?.status() == 200).then_some(())).await;
    assert!(!fetch_keys(guard.folder.path(), &issuer.jwks_uri()).await, "nothing changed since");
}
