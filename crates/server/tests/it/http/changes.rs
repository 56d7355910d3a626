use std::sync::Arc;
use std::time::Duration;

use mintmark_core::model::Status;
use mintmark_core::registry::{BusinessEdit, ClientEdit, NewClient};

use crate::fixture::{ACME, Dev, Finished, KnownClient, TestServer, eventually, send, token_request};

fn status(status: Status) -> ClientEdit {
    ClientEdit { status: Some(status), ..ClientEdit::default() }
}

/// Changes are made through a registry of their own on the same file, as by another process.
#[tokio::test]
async fn a_client_turned_off_elsewhere_is_refused_after_one_poll_and_comes_back() {
    let server = TestServer::start().await;
    let elsewhere = server.other_registry().await;
    let environment = "sandbox".parse().unwrap();
    let client = server.world.client("sandbox", "asset");
    let id = client.id.parse().unwrap();
    assert_eq!(server.ask("sandbox", "asset", client).await.status, 200);

    elsewhere.edit_client(&environment, &id, &status(Status::Disabled)).await.unwrap();
    assert_eq!(server.poll().await, 1);
    assert_eq!(server.ask("sandbox", "asset", client).await.status, 401);

    elsewhere.edit_client(&environment, &id, &status(Status::Active)).await.unwrap();
    server.poll().await;
    assert_eq!(server.ask("sandbox", "asset", client).await.status, 200);
}

#[tokio::test]
async fn a_secret_turned_off_elsewhere_is_refused_after_one_poll_and_its_sibling_is_not() {
    let server = TestServer::start().await;
    let elsewhere = server.other_registry().await;
    let (old, new) = (server.world.client("sandbox", "rotated"), server.world.client("sandbox", "rotated-new"));
    assert_eq!(server.ask("sandbox", "asset", old).await.status, 200);
    let (client, credential) = (old.id.parse().unwrap(), old.credential_id.parse().unwrap());
    elsewhere.disable_secret(&"sandbox".parse().unwrap(), &client, credential).await.unwrap();
    server.poll().await;
    assert_eq!(server.ask("sandbox", "asset", old).await.status, 401);
    assert_eq!(server.ask("sandbox", "asset", new).await.status, 200);
}

#[tokio::test]
async fn a_tenant_turned_off_elsewhere_is_refused_in_both_environments_after_one_poll() {
    let server = TestServer::start().await;
    let elsewhere = server.other_registry().await;
    for environment in ["sandbox", "production"] {
        let client = server.world.client(environment, "asset");
        assert_eq!(server.ask(environment, "asset", client).await.status, 200);
    }
    elsewhere.set_tenant_status(server.world.tenant(ACME), Status::Disabled).await.unwrap();
    server.poll().await;
    for environment in ["sandbox", "production"] {
        let (acme, globex) = (server.world.client(environment, "asset"), server.world.client(environment, "other"));
        assert_eq!(server.ask(environment, "asset", acme).await.status, 401);
        assert_eq!(server.ask(environment, "asset", globex).await.status, 200, "another tenant's");
    }
}

#[tokio::test]
async fn a_business_turned_off_elsewhere_gets_no_token_after_one_poll() {
    let server = TestServer::start().await;
    let elsewhere = server.other_registry().await;
    let business = server.world.business("sandbox", "bakery");
    server.asset_token("sandbox", "asset", &format!("&business_id={business}")).await;
    let closed = BusinessEdit { status: Some(Status::Disabled), ..BusinessEdit::default() };
    elsewhere.edit_business(&"sandbox".parse().unwrap(), server.world.tenant(ACME), business, &closed).await.unwrap();
    server.poll().await;
    let client = server.world.client("sandbox", "asset");
    let form = format!("client_id={}&client_secret={}&business_id={business}", client.id, client.secret);
    assert_eq!(server.send(crate::fixture::form("/v0/auth/token", &form)).await.status, 403);
}

fn latecomer(server: &TestServer) -> NewClient {
    NewClient {
        environment: "sandbox".parse().unwrap(),
        tenant_id: server.world.tenant(ACME),
        id: Some("latecomer".parse().unwrap()),
        name: "Latecomer".to_owned(),
        dialects: vec!["asset".parse().unwrap()],
        grants: Vec::new(),
        businesses: mintmark_core::model::BusinessAccess::All,
        lifetime_max: None,
        attributes: std::collections::BTreeMap::new(),
        security: mintmark_core::registry::ClientSecurity::default(),
        serves: Vec::new(),
        secret_expires_at: None,
    }
}

/// Rule S13: that a client did not exist is forgotten when it is made.
#[tokio::test]
async fn s13_a_client_made_elsewhere_is_known_after_one_poll() {
    let server = TestServer::start().await;
    let elsewhere = server.other_registry().await;
    let mut known = server.world.client("sandbox", "asset").clone();
    known.id = "latecomer".to_owned();
    assert_eq!(server.ask("sandbox", "asset", &known).await.status, 401);
    let created = elsewhere.create_client(latecomer(&server)).await.unwrap();
    known.secret = created.secret.text().expose().to_owned();
    server.poll().await;
    assert_eq!(server.ask("sandbox", "asset", &known).await.status, 200);
}

#[tokio::test]
async fn a_client_made_elsewhere_is_known_at_once_unless_unknown_names_flood_the_server_and_then_after_one_poll() {
    let server = TestServer::start().await;
    let (stop, stopping) = tokio::sync::watch::channel(false);
    let keeping = tokio::spawn(Arc::clone(&server.node).keep_names(stopping));
    let directory = &server.node.endpoint.directory;
    eventually("the names are known", async || (!directory.wants_names()).then_some(())).await;
    let (environment, nobody) = ("sandbox".parse().unwrap(), |number| format!("nobody-{number}").parse().unwrap());
    for number in 0..1000 {
        assert!(directory.client(&environment, &nobody(number)).await.unwrap().is_none());
    }
    assert_eq!(directory.statistics().clients.refused, 950);

    let created = server.other_registry().await.create_client(latecomer(&server)).await.unwrap();
    let mut known = server.world.client("sandbox", "asset").clone();
    (known.id, known.secret) = ("latecomer".to_owned(), created.secret.text().expose().to_owned());
    let unknown = server.ask("sandbox", "asset", &KnownClient { id: "nobody-0".to_owned(), ..known.clone() }).await;
    let flooded = server.ask("sandbox", "asset", &known).await;
    assert_eq!((flooded.status, flooded.text()), (401, unknown.text()), "denied as any unknown client is");
    server.poll().await;
    assert_eq!(server.ask("sandbox", "asset", &known).await.status, 200);
    let other = server.world.client("sandbox", "asset");
    assert_eq!(server.ask("sandbox", "asset", other).await.status, 200, "one that was not held before");
    stop.send(true).unwrap();
    keeping.await.unwrap();
}

#[tokio::test]
async fn the_command_line_turns_a_client_off_at_a_running_server_within_two_seconds() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let dev = Dev::start(&data).await;
    let (id, secret) = (dev.client("sandbox", "asset", "client_id"), dev.client("sandbox", "asset", "client_secret"));
    let request = token_request("asset", &id, &secret);
    assert_eq!(send(dev.address("sandbox"), request.as_bytes()).await.status, 200);
    for (word, expected) in [("disable", 401), ("enable", 200)] {
        Finished::good(&["client", word, &id, "--environment", "sandbox", "--data-dir", data.to_str().unwrap()]);
        let changed = eventually("the change is in force", async || {
            (send(dev.address("sandbox"), request.as_bytes()).await.status == expected).then_some(())
        });
        tokio::time::timeout(Duration::from_secs(2), changed).await.unwrap();
    }
    dev.terminate().await;
}
