//! How SQLite finds the rows of statements whose cost must not grow with what they leave out. A plan of SQLite's says what PostgreSQL can
//! do too: both have the same indexes.

use std::sync::Arc;

use mintmark_core::clock::FakeClock;
use mintmark_core::random::SeededRandom;
use sqlx::Row as _;

use super::engine::Transaction;
use super::statements::{self, Statement};
use super::{OpenOptions, SqlStore, StorePlace};

async fn steps(statement: Statement) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let (clock, random) = (Arc::new(FakeClock::at(0)), Arc::new(SeededRandom::new(1)));
    let options = OpenOptions { create: true, kind: None, clock, random };
    let store = SqlStore::open(&StorePlace::file(folder.path().join("test.db")), options).await.unwrap();
    let Ok(Transaction::Sqlite(mut transaction)) = store.engine.begin_read().await else { panic!("it is a file") };
    let explain = sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {}", statement.sql));
    let steps = sqlx::query(explain).fetch_all(&mut *transaction).await.unwrap();
    steps.iter().map(|step| step.get("detail")).collect()
}

#[tokio::test]
async fn what_is_counted_towards_a_limit_is_found_without_what_is_over() {
    let open = "invitation USING INDEX invitation_open (tenant_id=? AND expires_at>?)";
    for (statement, index) in [
        (statements::INVITATIONS_OPEN, open),
        (statements::INVITATIONS_OPEN_OF_TENANT, open),
        (statements::MANAGEMENT_CLIENTS_ACTIVE, "management_client USING INDEX management_client_active (tenant_id=?)"),
    ] {
        let steps = steps(statement).await;
        assert!(steps.iter().any(|step| *step == format!("SEARCH {index}")), "{}: {steps:?}", statement.name);
    }
}

#[tokio::test]
async fn a_businesss_counterpart_is_found_by_its_external_id() {
    let index = "business_by_external_id (environment=? AND tenant_id=? AND external_id=?)";
    assert_eq!(steps(statements::BUSINESSES_CALLED).await, [format!("SEARCH business USING INDEX {index}")]);
}

#[tokio::test]
async fn the_audit_log_is_read_between_two_positions_and_nothing_of_it_is_sorted() {
    for (statement, index) in [
        (statements::AUDIT, "USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)"),
        (statements::AUDIT_OF_CHAIN, "USING INDEX audit_of_chain (chain=? AND position>? AND position<?)"),
        (
            statements::AUDIT_OF_SUBJECT,
            "USING INDEX audit_of_subject (subject_kind=? AND subject_id=? AND position>? AND position<?)",
        ),
        (statements::AUDIT_FLOOR, "USING INTEGER PRIMARY KEY (rowid<?)"),
        (statements::AUDIT_FLOOR_OF_CHAIN, "USING COVERING INDEX audit_of_chain (chain=? AND position<?)"),
        (
            statements::AUDIT_FLOOR_OF_SUBJECT,
            "USING COVERING INDEX audit_of_subject (subject_kind=? AND subject_id=? AND position<?)",
        ),
    ] {
        assert_eq!(steps(statement).await, [format!("SEARCH audit {index}")], "{}", statement.name);
    }
}

#[tokio::test]
async fn a_reported_secret_is_looked_for_among_those_of_its_last_characters_and_an_endpoints_deliveries_among_its_own() {
    for (statement, step) in [
        (statements::CREDENTIALS_HINTED, "SEARCH credential USING INDEX credential_by_hint (environment=? AND hint=?)"),
        (statements::DELIVERIES_DUE, "SEARCH d USING INDEX delivery_of_webhook (webhook_id=? AND state=? AND next_at<?)"),
        (statements::DELIVERIES_WAITING, "SEARCH delivery USING COVERING INDEX delivery_of_webhook (webhook_id=? AND state=?)"),
        (statements::DELIVERIES, "SEARCH d USING INDEX delivery_by_webhook (webhook_id=? AND (made_at,notice_id)<(?,?))"),
    ] {
        let steps = steps(statement).await;
        assert_eq!(steps.first().map(String::as_str), Some(step), "{}: {steps:?}", statement.name);
    }
}
