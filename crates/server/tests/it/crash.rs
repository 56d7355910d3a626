//! What was acknowledged is there after SIGKILL, at whatever moment it comes.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use mintmark::store::{OpenOptions, SqlStore, StoreKind, StorePlace};
use mintmark_core::clock::FakeClock;
use mintmark_core::model::BusinessId;
use mintmark_core::random::{Random, SeededRandom, SystemRandom};
use mintmark_core::store::{Page, Store};
use rustix::process::Signal;
use sqlx::{Connection, Row};

use crate::fixture::{Dev, NOW, Program, mintmark};

const ROUNDS: usize = 20;

#[tokio::test]
async fn a_business_that_was_acknowledged_is_there_after_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let (data, names) = (folder.path().join("data"), folder.path().join("names"));
    Dev::start(&data).await.terminate().await;
    let lines: Vec<String> = (0..10_000).map(|at| format!("Business {at}")).collect();
    std::fs::write(&names, lines.join("\n")).unwrap();
    let random = SeededRandom::new(20);
    let mut acknowledged = BTreeSet::new();
    for round in 0..ROUNDS {
        let arguments = ["business", "create", "--environment", "sandbox", "--json", "--names"];
        let mut command = mintmark(&arguments);
        let mut program = Program::start(command.arg(&names).arg("--data-dir").arg(&data), folder.path().join("log"));
        acknowledged.insert(id_of(&program.line().await.expect("a first line")));
        let listen = async {
            while let Some(line) = program.line().await {
                acknowledged.insert(id_of(&line));
            }
        };
        // Lines are read until the moment has come; the program has far too many to be done by then.
        assert!(tokio::time::timeout(moment(&random), listen).await.is_err(), "the program ended by itself");
        program.signal(Signal::KILL);
        let (status, rest) = program.end().await;
        assert!(!status.success());
        acknowledged.extend(rest.iter().map(|line| id_of(line)));
        assert_eq!(missing(&data, &acknowledged).await, BTreeSet::new(), "round {round}");
    }
    assert!(acknowledged.len() > 10 * ROUNDS, "{} businesses are no test", acknowledged.len());
}

/// 20 to 1,000 milliseconds.
fn moment(random: &SeededRandom) -> Duration {
    let mut bytes = [0; 2];
    random.fill(&mut bytes);
    Duration::from_millis(20 + u64::from(u16::from_be_bytes(bytes)) % 981)
}

fn id_of(line: &str) -> BusinessId {
    let business: serde_json::Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line:?}"));
    business["id"].as_str().unwrap().parse().unwrap()
}

/// Opens the database as the next start does, checks the file, and tells which businesses are not there.
async fn missing(data: &Path, acknowledged: &BTreeSet<BusinessId>) -> BTreeSet<BusinessId> {
    let path = data.join("mintmark.db");
    let clock = Arc::new(FakeClock::at(NOW));
    let options = OpenOptions { create: false, kind: Some(StoreKind::Dev), clock, random: Arc::new(SystemRandom) };
    let store = SqlStore::open(&StorePlace::file(path.clone()), options).await.unwrap();
    let tenant = store.tenants(Page { after: None, limit: 1 }).await.unwrap().remove(0).id;
    let environment = "sandbox".parse().unwrap();
    let mut there = BTreeSet::new();
    loop {
        let after = there.last().copied();
        let page = store.businesses(&environment, tenant, Page { after: after.as_ref(), limit: 500 }).await.unwrap();
        let is_last = page.len() < 500;
        there.extend(page.into_iter().map(|business| business.id));
        if is_last {
            break;
        }
    }
    store.close().await;
    let mut connection = sqlx::SqliteConnection::connect(&format!("sqlite://{}", path.display())).await.unwrap();
    let row = sqlx::query("PRAGMA integrity_check").fetch_one(&mut connection).await.unwrap();
    assert_eq!(row.get::<String, _>(0), "ok");
    connection.close().await.unwrap();
    acknowledged.difference(&there).copied().collect()
}
