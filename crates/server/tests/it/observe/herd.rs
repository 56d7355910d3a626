//! Clients that ask far too often: they are found, and may get the same token again.

#![expect(clippy::float_cmp, reason = "counts are whole numbers, which a float holds exactly")]

use mintmark_core::token::HerdRules;

use super::exposed::values;
use super::listener::{deployment, serve};
use super::traces::client;
use crate::fixture::{Finished, TestServer, send, token_request};

#[tokio::test]
async fn s18_a_repeated_request_gets_the_same_token_and_is_counted_as_such() {
    let server = TestServer::setup().with_herd(HerdRules { expiry_jitter: 0, reuse: 60 }).start().await;
    let standard = server.world.client("sandbox", "standard");
    let first = server.ask("sandbox", "standard", standard).await;
    server.clock.advance(10);
    server.poll().await;
    let again = server.ask("sandbox", "standard", standard).await;
    assert_eq!(first.json()["access_token"], again.json()["access_token"]);
    let left = |answer: &crate::fixture::Answer| answer.json()["expires_in"].as_i64().unwrap();
    assert_eq!(left(&again), left(&first) - 10);
    let text = mintmark::metrics::text(&server.node);
    let values = values(&text);
    assert_eq!(values["mintmark_tokens_reused_total{environment=\"sandbox\",dialect=\"standard\"}"], 1.0);
    let issued = "mintmark_token_requests_total{environment=\"sandbox\",dialect=\"standard\",outcome=\"issued\",code=\"none\"}";
    assert_eq!(values[issued], 2.0);
}

#[tokio::test]
async fn clients_that_ask_far_too_often_are_listed() {
    let folder = tempfile::tempdir().unwrap();
    let config = deployment(folder.path(), "[metrics]\nlisten = \"127.0.0.1:0\"\n[feed]\nflush_milliseconds = 100\n");
    let (id, secret) = client(&config);
    let (program, ready) = serve(&config, folder.path()).await;
    let sandbox = ready["environments"][0]["listen"].as_str().unwrap().parse().unwrap();
    for _ in 0..60 {
        assert_eq!(send(sandbox, token_request("standard", &id, &secret).as_bytes()).await.status, 200);
    }
    program.signal(rustix::process::Signal::TERM);
    assert_eq!(program.end().await.0.code(), Some(0));
    let found = |more: &[&str]| {
        let all = [&["usage", "--herd", "--last", "1h", "--config", &config, "--json"], more].concat();
        Finished::good(&all).json()["clients"].as_array().unwrap().clone()
    };
    let [herd] = &found(&["--factor", "10"])[..] else { panic!("one client") };
    assert_eq!((herd["client_id"].as_str(), herd["tokens"].as_u64()), (Some(id.as_str()), Some(60)));
    let (needed, lifetime) = (herd["needed"].as_u64().unwrap(), herd["lifetime"].as_u64().unwrap());
    assert_eq!(herd["factor"].as_u64().unwrap(), 60 / needed, "{herd}");
    assert!(lifetime > 0 && needed * lifetime >= 3600, "{herd}");
    assert_eq!(found(&["--factor", "1000"]).len(), 0);
}
