//! The programs in `tests/clients/python/`.

use std::process::Command;

use super::dev_server::DevServer;
use super::tools;

fn run(script: &str) {
    let Some(python) = tools::python() else { return };
    let server = DevServer::start();
    let script = tools::clients().join("python").join(script);
    tools::run(Command::new(python).arg("-B").arg(script).arg(server.document_path()));
    assert_eq!(server.terminate().code(), Some(0));
}

#[test]
fn authlib_gets_and_validates_tokens() {
    run("authlib_session.py");
}

#[test]
fn requests_oauthlib_gets_tokens_and_pyjwt_verifies_them() {
    run("requests_oauthlib_backend.py");
}

#[test]
fn the_providers_requests_sent_with_requests_give_tokens_that_pyjwt_verifies() {
    run("provider_requests.py");
}
