//! Envoy with `jwt_authn`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::cases::{Ways, judge};
use super::guard::{Guard, program};
use super::issuer::{AUDIENCE, Issuer};
use super::recipe::Recipe;
use super::upstream::Upstream;
use crate::foreign::tools;

const PAGE: &str = "gateways/envoy.md";

/// The page's lines about TLS to Mintmark: the server of the tests has none.
fn tls() -> String {
    let recipe = Recipe::of(PAGE, "envoy.yaml");
    let at = recipe.text().find("      transport_socket:").unwrap();
    recipe.text()[at..].to_owned()
}

fn envoy() -> Option<PathBuf> {
    program("envoy", "--version")
}

/// Envoy on the page's file, with the keys of a JWKS of this machine. `None` where there is no Envoy.
pub(super) async fn start(issuer: &str, audience: &str, jwks_uri: &str, cache: &str, upstream: &Upstream) -> Option<Guard> {
    let envoy = envoy()?;
    let host = jwks_uri.trim_start_matches("http://").split('/').next().unwrap();
    let (host, jwks_port) = host.split_once(':').unwrap();
    let command = async |folder: &Path, port: u16| {
        let recipe = Recipe::of(PAGE, "envoy.yaml")
            .with(&tls(), "")
            .with("uri: https://auth.example.com/.well-known/jwks.json", &format!("uri: {jwks_uri}"))
            .with("address: auth.example.com, port_value: 443", &format!("address: {host}, port_value: {jwks_port}"))
            .with("issuer: https://auth.example.com", &format!("issuer: {issuer}"))
            .with("https://api.example.com", audience)
            .with("cache_duration: 300s", &format!("cache_duration: {cache}"))
            .with("port_value: 8000", &format!("port_value: {port}"))
            .with("port_value: 9000", &format!("port_value: {}", upstream.address.port()));
        fs::write(folder.join("envoy.yaml"), recipe.text()).unwrap();
        let mut command = Command::new(&envoy);
        command.args(["-c", "envoy.yaml", "--disable-hot-restart", "--concurrency", "1", "--log-level", "warning"]);
        command
    };
    Some(Guard::start(command).await)
}

#[tokio::test]
async fn envoy_lets_pass_whom_mintmark_gave_a_token() {
    let (issuer, upstream) = (Issuer::start().await, Upstream::start().await);
    let guard = start(&Issuer::name(), AUDIENCE, &issuer.jwks_uri(), "300s", &upstream).await;
    let Some(guard) = guard else { return };
    let ways = Ways {
        // A wrong audience, and what its second filter refuses, which knows one answer.
        forbids: &[
            "another audience",
            "no audience",
            "an audience that begins alike",
            "an ID token's type",
            "no type",
            "another algorithm",
            "bound to a proof",
        ],
        is_silent_about_scopes: true,
        ..Ways::default()
    };
    judge(&issuer, &guard, ways).await;
}

#[test]
fn envoy_takes_the_page_s_file_as_it_is() {
    let Some(envoy) = envoy() else { return };
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("envoy.yaml"), Recipe::of(PAGE, "envoy.yaml").text()).unwrap();
    tools::run(
        Command::new(envoy).args(["--mode", "validate", "--disable-hot-restart", "-c"]).arg(folder.path().join("envoy.yaml")),
    );
}
