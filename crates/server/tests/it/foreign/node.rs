//! The programs in `tests/clients/node/`.

use std::process::Command;

use super::dev_server::DevServer;
use super::tools;

fn run(script: &str) {
    let Some(node) = tools::node() else { return };
    let server = DevServer::start();
    let script = tools::clients().join("node").join(script);
    tools::run(Command::new(node).arg(script).arg(server.document_path()));
    assert_eq!(server.terminate().code(), Some(0));
}

#[test]
fn openid_client_discovers_and_gets_tokens_that_jose_verifies() {
    run("openid_client.js");
}

#[test]
fn oauth4webapi_gets_and_validates_tokens() {
    run("oauth4webapi.js");
}

#[test]
fn the_providers_requests_sent_with_fetch_give_tokens_that_jose_verifies() {
    run("provider_requests.js");
}
