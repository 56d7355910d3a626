//! Quotas on the wire, in each built-in dialect.

use mintmark_core::clock::Clock;
use mintmark_core::model::{EnvironmentName, QuotaSubject};
use mintmark_core::registry::QuotaEdit;

use crate::fixture::{ACME, Answer, TestServer};

const DIALECTS: [&str; 4] = ["standard", "asset", "standard-metrics", "firstvision"];

fn sandbox() -> EnvironmentName {
    "sandbox".parse().unwrap()
}

fn per_minute(limit: u32, headers: bool) -> QuotaEdit {
    QuotaEdit { per_minute: Some(Some(limit)), headers: Some(headers), ..QuotaEdit::default() }
}

async fn server_with(subject: impl Fn(&TestServer) -> QuotaSubject, edit: QuotaEdit) -> TestServer {
    let server = TestServer::start().await;
    let subject = subject(&server);
    server.registry.edit_quota(&sandbox(), &subject, &edit).await.unwrap();
    server.poll().await;
    server
}

async fn ask(server: &TestServer, dialect: &str) -> Answer {
    let client = server.world.client("sandbox", dialect).clone();
    server.ask("sandbox", dialect, &client).await
}

fn of_client(dialect: &'static str) -> impl Fn(&TestServer) -> QuotaSubject {
    move |server| QuotaSubject::Client(server.world.client("sandbox", dialect).id.parse().unwrap())
}

#[tokio::test]
async fn each_dialect_answers_429_as_for_a_rate_limit_with_retry_after_and_without_a_header_of_ours() {
    let bodies = [
        r#"{"error":"temporarily_unavailable","error_description":"Too many requests; try again later."}"#,
        r#"{"error":"Rate limit exceeded","data":null}"#,
        r#"{"error": "temporarily_unavailable"}"#,
        "Rate limit exceeded",
    ];
    for (dialect, body) in DIALECTS.into_iter().zip(bodies) {
        let server = server_with(of_client(dialect), per_minute(1, false)).await;
        let given = ask(&server, dialect).await;
        assert_eq!(given.status, 200, "{dialect}: {given:?}");
        let refused = ask(&server, dialect).await;
        assert_eq!(refused.status, 429, "{dialect}: {refused:?}");
        assert!(refused.text().contains(body), "{dialect}: {}", refused.text());
        let wait: i64 = refused.header("retry-after").unwrap().parse().unwrap();
        let left = 60 - server.clock.now().0 % 60;
        assert!((left..=left + 6).contains(&wait), "{dialect}: {wait}");
        for answer in [&given, &refused] {
            assert_eq!((answer.header("ratelimit"), answer.header("ratelimit-policy")), (None, None), "{dialect}");
        }
    }
}

#[tokio::test]
async fn each_dialect_tells_what_is_left_where_the_quota_says_so() {
    for dialect in DIALECTS {
        let server = server_with(of_client(dialect), per_minute(2, true)).await;
        let left = 60 - server.clock.now().0 % 60;
        for (status, remaining) in [(200, 1), (200, 0), (429, 0)] {
            let answer = ask(&server, dialect).await;
            assert_eq!(answer.status, status, "{dialect}: {answer:?}");
            assert_eq!(answer.header("ratelimit-policy"), Some("\"client-minute\";q=2;w=60"), "{dialect}");
            let state = format!("\"client-minute\";r={remaining};t={left}");
            assert_eq!(answer.header("ratelimit"), Some(state.as_str()), "{dialect}");
        }
    }
}

#[tokio::test]
async fn a_quota_that_is_changed_is_in_force_with_the_next_poll_and_its_metric_counts() {
    let server = server_with(|server| QuotaSubject::Tenant(server.world.tenant(ACME)), per_minute(1, false)).await;
    assert_eq!(ask(&server, "standard").await.status, 200);
    assert_eq!(ask(&server, "asset").await.status, 429, "another client of the tenant");
    let subject = QuotaSubject::Tenant(server.world.tenant(ACME));
    server.registry.edit_quota(&sandbox(), &subject, &per_minute(2, false)).await.unwrap();
    server.poll().await;
    assert_eq!(ask(&server, "asset").await.status, 200);
    assert_eq!(ask(&server, "asset").await.status, 429);
    let metrics = mintmark::metrics::text(&server.node);
    let line = "mintmark_quota_exceeded_total{of=\"tenant\",window=\"minute\",mode=\"enforce\"} 2";
    assert!(metrics.contains(line), "{metrics}");
    server.registry.remove_quota(&sandbox(), &subject, None).await.unwrap();
    server.poll().await;
    assert_eq!(ask(&server, "asset").await.status, 200);
}
