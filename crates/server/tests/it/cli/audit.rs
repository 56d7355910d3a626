//! `mintmark audit` on the data of a server that runs, and on data that somebody tampered with.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::Value;
use sqlx::ConnectOptions;

use crate::fixture::{Dev, Finished, mintmark};

/// The commands on one data folder.
struct Audit {
    data: String,
}

impl Audit {
    fn words<'a>(&'a self, line: &[&'a str]) -> Vec<&'a str> {
        [&["audit"], line, &["--data-dir", &self.data]].concat()
    }

    fn json(&self, line: &[&str]) -> Value {
        Finished::good(&[&self.words(line)[..], &["--json"]].concat()).json()
    }

    fn text(&self, line: &[&str]) -> String {
        Finished::good(&self.words(line)).stdout
    }

    fn run(&self, line: &[&str]) -> Finished {
        Finished::of(&mut mintmark(&self.words(line)))
    }

    /// The actions of the rows that a filter lists.
    fn actions(&self, filter: &[&str]) -> Vec<String> {
        let rows = self.json(&[&["list", "--limit", "1000"], filter].concat());
        rows.as_array().unwrap().iter().map(|row| row["action"].as_str().unwrap().to_owned()).collect()
    }
}

#[tokio::test]
async fn the_log_is_listed_by_tenant_object_action_and_time_and_page_by_page() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let dev = Dev::start(&data).await;
    let audit = Audit { data: data.to_str().unwrap().to_owned() };
    let (client, secret) = (dev.client("sandbox", "asset", "client_id"), dev.client("sandbox", "asset", "client_secret"));
    // From here on nobody else makes changes.
    dev.terminate().await;
    Finished::good(&["tenant", "create", "Blue Door", "--data-dir", &audit.data]);
    Finished::good(&["tenant", "rename", "Blue Door", "Red Door", "--data-dir", &audit.data]);
    assert_eq!(audit.actions(&["--tenant", "Red Door"]), ["tenant.rename", "tenant.create"]);
    assert_eq!(audit.actions(&["--tenant", "Red Door", "--action", "tenant.c"]), ["tenant.create"]);
    assert_eq!(audit.actions(&["--tenant", "Red Door", "--from", "1h"]).len(), 2);
    assert!(audit.actions(&["--tenant", "Red Door", "--to", "2020-01-01"]).is_empty());
    assert!(audit.actions(&["--who", "nobody"]).is_empty());
    assert!(audit.actions(&["--operator"]).iter().all(|action| !action.starts_with("tenant.")));
    assert!(audit.actions(&["--client", &client, "--environment", "sandbox"]).contains(&"client.create".to_owned()));
    assert!(audit.actions(&["--client", &client, "--environment", "production"]).is_empty());

    let all = audit.json(&["list", "--limit", "1000"]);
    let all = all.as_array().unwrap();
    let first = audit.json(&["list", "--limit", "2"]);
    let before = first[1]["position"].to_string();
    let second = audit.json(&["list", "--limit", "2", "--before", &before]);
    assert_eq!([&first[0], &first[1], &second[0], &second[1]], [&all[0], &all[1], &all[2], &all[3]]);
    assert_eq!((&all[0]["action"], &all[0]["sequence"]), (&"tenant.rename".into(), &2.into()));
    assert!(all[0]["time"].as_str().unwrap().ends_with('Z') && all[0]["actor"].as_str().unwrap().starts_with("cli uid "));
    let shown = audit.text(&["list", "--limit", "1"]);
    assert!(shown.starts_with("POSITION") && shown.contains("tenant.rename"), "{shown}");
    for bad in [&["list", "--limit", "0"][..], &["list", "--from", "soon"], &["list", "--client", "a", "--key", "b"], &[]] {
        assert_eq!(audit.run(bad).code, Some(2), "{bad:?}");
    }

    let lines = audit.text(&["export"]);
    assert_eq!(lines.lines().count(), all.len());
    assert!(!lines.contains(&secret), "no secret is in the log (rule S10)");
    let rows: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(&rows, all);
    let file = folder.path().join("audit.csv");
    let out = file.to_str().unwrap();
    assert_eq!(audit.json(&["export", "--format", "csv", "--tenant", "Red Door", "--out", out])["rows"], 2);
    let table = fs::read_to_string(&file).unwrap();
    assert!(table.starts_with("position,time,chain,") && table.lines().count() == 3, "{table}");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(audit.run(&["export", "--out", out]).code, Some(1), "nothing is written over");
    assert_eq!(fs::read_to_string(&file).unwrap(), table);
}

#[tokio::test]
async fn s25_a_log_that_was_tampered_with_is_told_by_an_exit_code_and_by_the_first_row() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let dev = Dev::start(&data).await;
    let audit = Audit { data: data.to_str().unwrap().to_owned() };
    let verified = audit.json(&["verify"]);
    assert_eq!((&verified["intact"], &verified["log"]["rows_missing"]), (&true.into(), &0.into()), "{verified}");
    assert_eq!(verified["chains"].as_array().unwrap().len(), 2, "the operator's and one tenant's");
    assert!(audit.text(&["verify"]).contains("intact"));
    let heads = folder.path().join("heads.json");
    fs::write(&heads, audit.text(&["head"])).unwrap();
    let heads = heads.to_str().unwrap();
    Finished::good(&["tenant", "create", "Blue Door", "--data-dir", &audit.data]);
    assert_eq!(audit.json(&["verify", "--head", heads])["intact"], true);
    assert_eq!(audit.json(&["verify", "--tenant", "Blue Door"])["chains"][0]["intact_rows"], 1);
    dev.terminate().await;

    let file = sqlx::sqlite::SqliteConnectOptions::new().filename(data.join("mintmark.db"));
    let mut file = file.connect().await.unwrap();
    // The latest rows of the operator's chain, with its head: nothing but the exported heads and the count tell.
    let cut = "DELETE FROM audit WHERE chain = 'operator' AND ordinal > 1; \
               UPDATE audit_head SET (ordinal, position, mac) = (SELECT ordinal, position, mac FROM audit \
               WHERE chain = 'operator') WHERE chain = 'operator'";
    sqlx::raw_sql(cut).execute(&mut file).await.unwrap();
    let finished = audit.run(&["verify"]);
    assert_eq!(finished.code, Some(1), "{finished:?}");
    assert!(finished.stderr.contains("changes have no row in the log"), "{finished:?}");
    let finished = audit.run(&["verify", "--operator", "--head", heads]);
    assert!(
        finished.code == Some(1) && finished.stdout.contains("which the exported head counts, are missing"),
        "{finished:?}"
    );
    sqlx::raw_sql("UPDATE audit SET actor = 'nobody' WHERE chain = 'operator'").execute(&mut file).await.unwrap();
    let finished = audit.run(&["verify", "--json"]);
    let told = finished.json();
    let fault = &told["chains"][0]["fault"];
    assert_eq!(
        (finished.code, &told["intact"], &fault["row"], &fault["kind"]),
        (Some(1), &false.into(), &1.into(), &"altered".into())
    );

    let changed = fs::read_to_string(heads).unwrap().replacen("\"rows\": 1", "\"rows\": 2", 1).replace("operator", "operators");
    let other = folder.path().join("changed.json");
    fs::write(&other, changed).unwrap();
    let refused = Finished::refused(&audit.words(&["verify", "--head", other.to_str().unwrap()]));
    assert!(refused.contains("the heads were changed"), "{refused}");
    let refused = Finished::refused(&audit.words(&["verify", "--head", "/nowhere/heads.json"]));
    assert!(refused.contains("/nowhere/heads.json"), "{refused}");
}
