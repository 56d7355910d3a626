//! nginx with `auth_request`.

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

const PAGE: &str = "gateways/nginx.md";

/// nginx on the page's files. `None` where there is none.
pub(super) async fn start(endpoint: &VerifyEndpoint, upstream: &Upstream) -> Option<Guard> {
    let nginx = program("nginx", "-v")?;
    let command = async |folder: &Path, port: u16| {
        write_files(folder, port, endpoint, upstream);
        let mut command = Command::new(&nginx);
        // One process, which ends with the test.
        let globals = format!("daemon off; master_process off; pid {}; error_log stderr warn;", folder.join("pid").display());
        command.arg("-p").arg(folder).arg("-c").arg(folder.join("nginx.conf")).arg("-e").arg("stderr").arg("-g").arg(globals);
        command
    };
    Some(Guard::start(command).await)
}

fn write_files(folder: &Path, port: u16, endpoint: &VerifyEndpoint, upstream: &Upstream) {
    let gateway =
        Recipe::of(PAGE, "mintmark-gateway.conf").with("Basic Y2xpZW50X2lkOmNsaWVudF9zZWNyZXQ=", &endpoint.credentials);
    fs::write(folder.join("mintmark-gateway.conf"), gateway.text()).unwrap();
    // Folders of its own, where the user of the tests may write.
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|what| format!("    {what}_temp_path {}/{what};\n", folder.display()))
        .concat();
    let http = format!("http {{\n    access_log off;\n{temporary}");
    let recipe = Recipe::of(PAGE, "nginx.conf")
        .with("http {\n", &http)
        .with("/etc/nginx/mintmark-gateway.conf", &folder.join("mintmark-gateway.conf").display().to_string())
        .with("127.0.0.1:8000", &format!("127.0.0.1:{port}"))
        .with("127.0.0.1:9000", &upstream.address.to_string())
        .with("https://auth.example.com", &endpoint.origin)
        .with("res_0000000000000000000000", &endpoint.resource_id);
    fs::write(folder.join("nginx.conf"), recipe.text()).unwrap();
}

#[tokio::test]
async fn s5_nginx_lets_pass_whom_mintmark_lets_pass() {
    let (issuer, upstream) = (Issuer::start().await, Upstream::start().await);
    let endpoint = VerifyEndpoint::of(&issuer).await;
    let Some(guard) = start(&endpoint, &upstream).await else { return };
    judge(&issuer, &guard, ASKS_MINTMARK).await;
}

#[tokio::test]
async fn s5_nginx_lets_nobody_pass_without_an_answer_of_mintmark() {
    let (mut issuer, upstream) = (Issuer::start().await, Upstream::start().await);
    let endpoint = VerifyEndpoint::of(&issuer).await;
    let Some(guard) = start(&endpoint, &upstream).await else { return };
    let token = issuer.good_token().await;
    assert_eq!(ask(&guard, &token).send().await.unwrap().status(), 200);
    issuer.cannot_decide();
    assert_eq!(ask(&guard, &token).send().await.unwrap().status(), 503);
    issuer.stop().await;
    assert_eq!(ask(&guard, &token).send().await.unwrap().status(), 503);
}

#[tokio::test]
async fn s5_nginx_lets_a_bound_token_pass_with_its_proof_alone() {
    let (issuer, upstream) = (Issuer::start().await, Upstream::start().await);
    let endpoint = VerifyEndpoint::of(&issuer).await;
    let Some(guard) = start(&endpoint, &upstream).await else { return };
    judge_bound_tokens(&issuer, &guard).await;
}
