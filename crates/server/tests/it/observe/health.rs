//! Liveness, readiness and start-up.

use std::sync::Arc;
use std::time::Duration;

use mintmark::node::NotReady;
use sqlx::ConnectOptions;

use crate::fixture::TestServer;

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
async fn a_node_that_was_never_ready_has_not_started() {
    let server = TestServer::start().await;
    server.clock.advance(241);
    assert_eq!(statuses(&server).await, [200, 503, 503]);
    server.poll().await;
    assert_eq!(statuses(&server).await, [200, 200, 200]);
    server.clock.advance(241);
    assert_eq!(server.get("/startupz", "").await.status, 200, "it was ready once");
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
    assert_eq!(server.get("/readyz", "").await.status, 503);
    assert_eq!(server.node.readiness_for(&production), Ok(()));
    assert_eq!(server.node.readiness(), Ok(()), "one environment that is broken does not take the others away");
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
