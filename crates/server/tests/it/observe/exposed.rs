//! What metrics say after requests.

#![expect(clippy::float_cmp, reason = "counts are whole numbers, which a float holds exactly")]

use std::collections::{BTreeMap, BTreeSet};

use mintmark::http::HostRule;
use mintmark::metrics::{FAMILIES, Kind};
use sqlx::ConnectOptions;

use crate::fixture::{TestServer, send};

/// The values by name and labels, as they are written.
pub(super) fn values(text: &str) -> BTreeMap<&str, f64> {
    let samples = text.lines().filter(|line| !line.starts_with('#'));
    samples
        .map(|line| {
            let (name, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("no value: {line}"));
            (name, value.parse().unwrap_or_else(|_| panic!("no number: {line}")))
        })
        .collect()
}

/// A node that had requests of all kinds.
async fn busy() -> TestServer {
    let server = TestServer::start().await;
    let (standard, asset) = (server.world.client("sandbox", "standard"), server.world.client("sandbox", "asset"));
    for _ in 0..20 {
        assert_eq!(server.ask("sandbox", "standard", standard).await.status, 200);
    }
    assert_eq!(server.ask("sandbox", "asset", asset).await.status, 200);
    assert_eq!(server.ask("sandbox", "standard", asset).await.status, 400, "a client of another dialect");
    assert_eq!(server.get("/.well-known/jwks.json", "").await.status, 200);
    assert_eq!(server.get("/nothing", "").await.status, 404);
    server.poll().await;
    server.node.endpoint.directory.fill_names().await.unwrap();
    server.node.count_what_waits().await;
    server
}

#[tokio::test]
async fn requests_are_told_by_environment_dialect_outcome_and_code() {
    let server = busy().await;
    let text = mintmark::metrics::text(&server.node);
    let values = values(&text);
    let requests = |rest: &str| values[format!("mintmark_token_requests_total{{environment=\"sandbox\",{rest}}}").as_str()];
    assert_eq!(requests("dialect=\"standard\",outcome=\"issued\",code=\"none\""), 20.0);
    assert_eq!(requests("dialect=\"standard\",outcome=\"rights\",code=\"dialect_not_allowed\""), 1.0);
    assert_eq!(requests("dialect=\"asset\",outcome=\"issued\",code=\"none\""), 1.0);
    let took = "mintmark_token_request_duration_seconds_count{environment=\"sandbox\",dialect=\"standard\"";
    assert_eq!(values[format!("{took},result=\"issued\"}}").as_str()], 20.0);
    assert_eq!(values[format!("{took},result=\"refused\"}}").as_str()], 1.0);
    assert_eq!(values["mintmark_http_requests_total{listener=\"sandbox\",route=\"jwks\",status=\"2xx\"}"], 1.0);
    assert_eq!(values["mintmark_connections_accepted_total{listener=\"sandbox\"}"], 24.0);
    assert_eq!(values["mintmark_token_requests_in_flight"], 0.0);
    assert_eq!(values["mintmark_cache_lookups_total{cache=\"clients\",result=\"miss\"}"], 2.0);
    assert_eq!(values["mintmark_ready{environment=\"sandbox\"}"], 1.0);
    assert_eq!(values["mintmark_http_requests_total{listener=\"sandbox\",route=\"unknown\",status=\"4xx\"}"], 1.0);
    assert_eq!(values["mintmark_feed_position"], values["mintmark_feed_head_position"]);
    assert!(values["mintmark_store_statements_total{statement=\"client.record\"}"] >= 2.0);
    assert_eq!(values["mintmark_signing_keys{environment=\"sandbox\",algorithm=\"ES256\",state=\"active\"}"], 1.0);
    assert!(text.contains("mintmark_token_step_duration_seconds_count{environment=\"sandbox\",step=\"mint\"}"), "{text}");
}

#[tokio::test]
async fn s10_no_client_tenant_or_secret_is_in_metrics() {
    let server = busy().await;
    let text = mintmark::metrics::text(&server.node);
    for name in ["standard", "asset"] {
        let client = server.world.client("sandbox", name);
        assert!(!text.contains(&client.id) && !text.contains(&client.secret), "{text}");
    }
    assert!(!text.contains("ten_") && !text.contains("127.0.0.1"), "{text}");
}

#[tokio::test]
async fn what_is_nobodys_is_counted_without_a_word_of_it() {
    let server = TestServer::setup().answering(HostRule::Only(vec!["auth.example".to_owned()])).start().await;
    let ask = async |host: &str, path: &str| {
        let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        send(server.address("sandbox"), request.as_bytes()).await.status
    };
    for at in 0..3 {
        assert_eq!(ask(&format!("stranger-{at}.example"), "/oauth/token").await, 421);
    }
    assert_eq!(ask("auth.example", "/stranger/of/nobody").await, 404);
    assert_eq!(ask("auth.example", "/.well-known/stranger").await, 404);
    let text = mintmark::metrics::text(&server.node);
    assert!(!text.contains("stranger"), "{text}");
    let values = values(&text);
    let answers = |route: &str| {
        values[format!("mintmark_http_requests_total{{listener=\"sandbox\",route=\"{route}\",status=\"4xx\"}}").as_str()]
    };
    assert_eq!((answers("misdirected"), answers("unknown"), answers("metadata")), (3.0, 1.0, 1.0));
}

#[tokio::test]
async fn nodes_of_one_store_name_it_alike_and_never_as_it_names_itself() {
    let server = TestServer::start().await;
    let name = || {
        let text = mintmark::metrics::text(&server.node);
        let line = text.lines().find(|line| line.starts_with("mintmark_store_info{")).unwrap().to_owned();
        line.strip_prefix("mintmark_store_info{store=\"").unwrap().strip_suffix("\"} 1").unwrap().to_owned()
    };
    let first = name();
    assert_eq!(first.len(), 12, "{first}");
    assert_eq!(name(), first);
    let path = server.place.path().unwrap();
    let mut back = sqlx::sqlite::SqliteConnectOptions::new().filename(path).connect().await.unwrap();
    sqlx::query("UPDATE store SET incarnation = 'another'").execute(&mut back).await.unwrap();
    server.poll().await;
    let restored = name();
    assert!(restored != first && !restored.contains("another"), "{restored}");
}

#[tokio::test]
async fn what_is_written_is_what_is_documented_and_reads_as_the_format() {
    let server = busy().await;
    let text = mintmark::metrics::text(&server.node);
    let mut seen = BTreeSet::new();
    for line in text.lines() {
        match line.split(' ').collect::<Vec<_>>()[..] {
            ["#", "HELP", name, ..] => assert!(seen.insert(name.to_owned()), "{name} is told twice"),
            ["#", "TYPE", name, kind] => {
                let family = FAMILIES.iter().find(|family| family.name == name).unwrap();
                let known = [("counter", Kind::Counter), ("gauge", Kind::Gauge), ("histogram", Kind::Histogram)];
                assert!(known.contains(&(kind, family.kind)), "{line}");
            }
            _ => {
                let name = line.split(['{', ' ']).next().unwrap();
                let base = ["_bucket", "_sum", "_count"].iter().find_map(|suffix| name.strip_suffix(suffix)).unwrap_or(name);
                assert!(seen.contains(name) || seen.contains(base), "{line}: before its head");
            }
        }
    }
    // Nothing is traced here.
    seen.insert("mintmark_traces_total".to_owned());
    let missing: Vec<&str> = FAMILIES.iter().map(|family| family.name).filter(|name| !seen.contains(*name)).collect();
    assert_eq!(missing, Vec::<&str>::new());
}
