//! Liveness, readiness and start-up.

use std::sync::Arc;
use std::time::Duration;

use mintmark::node::NotReady;
use sqlx::ConnectOptions;

use crate::fixture::{TestServer, send};

async fn statuses(server: &TestServer) -> [u16; 3] {
    [server.get("/livez", "").await.status, server.get("/readyz", "").await.status, server.get("/startupz", "").await.status]
}

#[tokio::test]
async fn a_node_is_ready_while_what_it_knows_is_fresh_and_stays_started_and_live_when_it_is_not() {
    let server = TestServer::start().await;
    assert_eq!(statuses(&server).await, [200, 200, 200]);
    server.clock.advance(241);
    assert_eq!(server.node.readiness(), Err(NotReady::Stale));
    assert_eq!(statuses(&server).await, [200, 503, 200], "a restart would not bring the database back");
    server.poll().await;
    assert_eq!(statuses(&server).await, [200, 200, 200]);
}

#[tokio::test]
async fn a_node_that_never_knew_anything_fresh_has_not_started() {
    let server = TestServer::start().await;
    server.clock.advance(241);
    assert_eq!(statuses(&server).await, [200, 503, 503]);
    server.poll().await;
    assert_eq!(statuses(&server).await, [200, 200, 200]);
    server.clock.advance(241);
    assert_eq!(server.get("/startupz", "").await.status, 200, "it was started once");
}

#[tokio::test]
async fn s15_a_node_that_waits_for_a_restore_to_be_confirmed_has_started_and_is_not_ready() {
    let server = TestServer::start().await;
    // As a restore leaves the store's row.
    let path = server.place.path().unwrap();
    let mut back = sqlx::sqlite::SqliteConnectOptions::new().filename(path).connect().await.unwrap();
    let restored = "UPDATE store SET incarnation = 'another', unconfirmed = 1, position = position + 1000000000, \
                    first_position = position + 1000000000";
    sqlx::query(restored).execute(&mut back).await.unwrap();
    server.clock.advance(241);
    assert_eq!(statuses(&server).await, [200, 503, 503], "it knows nothing that it could decide from");
    server.poll().await;
    assert_eq!(server.node.readiness(), Err(NotReady::Unconfirmed));
    assert_eq!(statuses(&server).await, [200, 503, 200], "another start would wait for the same word");
}

#[tokio::test]
async fn a_node_that_stops_is_not_ready() {
    let server = TestServer::start().await;
    server.node.announce_stop();
    assert_eq!(server.node.readiness(), Err(NotReady::Stopping));
    assert_eq!(server.get("/readyz", "").await.status, 503);
}

#[tokio::test]
async fn an_environment_that_is_not_there_or_cannot_sign_is_not_ready() {
    let server = TestServer::start().await;
    let nowhere = "elsewhere".parse().unwrap();
    assert_eq!(server.node.readiness_for(&nowhere), Err(NotReady::EnvironmentMissing));
    // As somebody who wrote to the database would leave it: the key that signs is gone.
    let path = server.place.path().unwrap();
    let mut back = sqlx::sqlite::SqliteConnectOptions::new().filename(path).connect().await.unwrap();
    for sql in ["DELETE FROM signing_key WHERE environment = 'sandbox'", "UPDATE store SET incarnation = 'another'"] {
        sqlx::query(sql).execute(&mut back).await.unwrap();
    }
    server.poll().await;
    let [sandbox, production] = ["sandbox", "production"].map(|name| name.parse().unwrap());
    assert_eq!(server.node.readiness_for(&sandbox), Err(NotReady::NoSigningKey));
    assert_eq!(server.node.readiness_for(&production), Ok(()));
    assert_eq!(server.node.readiness(), Ok(()));
    // The process as a whole, at whichever environment's listener, and the environment alone.
    for (environment, whole, alone) in [("sandbox", 200, 503), ("production", 200, 200)] {
        let ask = async |path: &str| {
            let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
            send(server.address(environment), request.as_bytes()).await.status
        };
        assert_eq!(ask("/readyz").await, whole, "{environment}: one that is broken does not take the others away");
        assert_eq!(ask("/readyz/environment").await, alone, "{environment}");
    }
    let text = mintmark::metrics::text(&server.node);
    assert!(text.contains("mintmark_ready{environment=\"sandbox\"} 0\n"), "{text}");
    assert!(text.contains("mintmark_ready{environment=\"production\"} 1\n"), "{text}");
}

#[tokio::test]
async fn a_node_whose_background_work_stands_still_is_not_live() {
    let server = TestServer::start().await;
    let (stop, stopping) = tokio::sync::watch::channel(false);
    server.clock.advance(1);
    let following = tokio::spawn(Arc::clone(&server.node).follow_feed(Duration::from_hours(1), stopping));
    while server.node.endpoint.directory.age_milliseconds() > 0 {
        tokio::task::yield_now().await;
    }
    server.clock.advance(300);
    assert_eq!(server.get("/livez", "").await.status, 200);
    server.clock.advance(1);
    let stuck = server.get("/livez", "").await;
    assert_eq!((stuck.status, &stuck.body[..]), (503, &b"stuck\n"[..]));
    stop.send_replace(true);
    following.await.unwrap();
}
