//! Caddy with `forward_auth`.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::cases::{ASKS_MINTMARK, ask, judge};
use super::dpop::judge_bound_tokens;
use super::guard::{Guard, program};
use super::issuer::Issuer;
use super::recipe::Recipe;
use super::upstream::Upstream;
use super::verify_endpoint::VerifyEndpoint;

/// Caddy on the page's file. `None` where there is none.
pub(super) async fn start(endpoint: &VerifyEndpoint, upstream: &Upstream) -> Option<Guard> {
    let caddy = program("caddy", "version")?;
    let command = async |folder: &Path, port: u16| {
        let recipe = Recipe::of("gateways/caddy.md", "Caddyfile")
            .with("api.example.com", &format!("http://127.0.0.1:{port}"))
            .with("127.0.0.1:9000", &upstream.address.to_string())
            .with("https://auth.example.com", &endpoint.origin)
            .with("res_0000000000000000000000", &endpoint.resource_id);
        fs::write(folder.join("Caddyfile"), recipe.text()).unwrap();
        let mut command = Command::new(&caddy);
        command.args(["run", "--adapter", "caddyfile", "--config", "Caddyfile"]);
        command.env("MINTMARK_GATEWAY", &endpoint.credentials);
        // Its files and its own interface are this test's alone.
        command.env("XDG_CONFIG_HOME", folder).env("XDG_DATA_HOME", folder).env("HOME", folder);
        command.env("CADDY_ADMIN", format!("unix/{}", folder.join("admin").display()));
        command
    };
    Some(Guard::start(command).await)
}

#[tokio::test]
async fn s5_caddy_lets_pass_whom_mintmark_lets_pass() {
    let (issuer, upstream) = (Issuer::start().await, Upstream::start().await);
    let endpoint = VerifyEndpoint::of(&issuer).await;
    let Some(guard) = start(&endpoint, &upstream).await else { return };
    judge(&issuer, &guard, ASKS_MINTMARK).await;
}

#[tokio::test]
async fn s5_caddy_lets_nobody_pass_without_an_answer_of_mintmark() {
    let (mut issuer, upstream) = (Issuer::start().await, Upstream::start().await);
    let endpoint = VerifyEndpoint::of(&issuer).await;
    let Some(guard) = start(&endpoint, &upstream).await else { return };
    let token = issuer.good_token().await;
    assert_eq!(ask(&guard, &token).send().await.unwrap().status(), 200);
    issuer.cannot_decide();
    assert_eq!(ask(&guard, &token).send().await.unwrap().status(), 503);
    issuer.stop().await;
    assert_eq!(ask(&guard, &token).send().await.unwrap().status(), 502);
}

#[tokio::test]
async fn s5_caddy_lets_a_bound_token_pass_with_its_proof_alone() {
    let (issuer, upstream) = (Issuer::start().await, Upstream::start().await);
    let endpoint = VerifyEndpoint::of(&issuer).await;
    let Some(guard) = start(&endpoint, &upstream).await else { return };
    judge_bound_tokens(&issuer, &guard).await;
}
