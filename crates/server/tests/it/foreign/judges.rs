//! What others wrote, as judges of every way to prove a client, of bound tokens, and of ending and introspecting tokens.

use std::process::Command;

use super::secured::SecuredServer;
use super::tools;

async fn node(script: &str) {
    let Some(node) = tools::node() else { return };
    let server = SecuredServer::start().await;
    server.judge(Command::new(node).arg(tools::clients().join("node").join(script)));
    server.terminate().await;
}

async fn python(script: &str) {
    let Some(python) = tools::python() else { return };
    let server = SecuredServer::start().await;
    server.judge(Command::new(python).arg("-B").arg(tools::clients().join("python").join(script)));
    server.terminate().await;
}

#[tokio::test]
async fn oauth4webapi_proves_a_client_in_every_way_and_introspects_and_revokes() {
    node("oauth4webapi_proofs.js").await;
}

#[tokio::test]
async fn authlib_proves_a_client_by_assertion_and_introspects_and_revokes() {
    python("authlib_assertions.py").await;
}

/// Each request goes to both servers; `docs/comparison.md` has to explain each difference and nothing else.
#[tokio::test]
async fn oidc_provider_answers_as_mintmark_does_but_for_what_is_explained() {
    node("oidc_provider.js").await;
}
