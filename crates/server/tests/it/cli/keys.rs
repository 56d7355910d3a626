//! `mintmark key` on the data of a server that runs.

use serde_json::Value;

use crate::fixture::{Dev, Finished, eventually, get, mintmark, send};

const JWKS: &str = "/.well-known/jwks.json";

/// The commands on one data folder.
struct Keys {
    data: String,
}

impl Keys {
    fn words<'a>(&'a self, line: &[&'a str]) -> Vec<&'a str> {
        [&["key"], line, &["--data-dir", &self.data]].concat()
    }

    fn json(&self, line: &[&str]) -> Value {
        Finished::good(&[&self.words(line)[..], &["--json"]].concat()).json()
    }

    fn text(&self, line: &[&str]) -> String {
        Finished::good(&self.words(line)).stdout
    }

    fn refused(&self, line: &[&str]) -> String {
        Finished::refused(&self.words(line))
    }

    /// The sandbox's ES256 keys.
    fn list(&self) -> Vec<Value> {
        let all = self.json(&["list", "--environment", "sandbox"]);
        all.as_array().unwrap().iter().filter(|key| key["algorithm"] == "ES256").cloned().collect()
    }

    fn kid_of(&self, state: &str) -> Option<String> {
        let found = self.list().into_iter().find(|key| key["state"] == state)?;
        Some(found["kid"].as_str().unwrap().to_owned())
    }

    fn state_of(&self, kid: &str) -> Value {
        self.list().into_iter().find(|key| key["kid"] == kid).unwrap()["state"].clone()
    }
}

async fn jwks(dev: &Dev) -> String {
    send(dev.address("sandbox"), get(JWKS, "").as_bytes()).await.text().to_owned()
}

/// That the server publishes a key, or does no more, within its next polls.
async fn published(dev: &Dev, kid: &str, is_expected: bool) {
    eventually("the JWKS follows", async || (jwks(dev).await.contains(kid) == is_expected).then_some(())).await;
}

/// The key ids of the tokens that the server gives now.
fn signing_kid(data: &str) -> String {
    let fetched = Finished::good(&["token", "--dialect", "standard", "--json", "--data-dir", data]).json();
    let token = fetched["body"]["access_token"].as_str().unwrap().to_owned();
    Finished::good(&["inspect", &token, "--json", "--data-dir", data]).json()["header"]["kid"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn keys_are_rotated_removed_restored_and_revoked_at_a_running_server() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let dev = Dev::start(&data).await;
    let keys = Keys { data: data.to_str().unwrap().to_owned() };

    // A plan changes nothing; a next key that is new waits.
    let first = keys.kid_of("active").unwrap();
    let planned = keys.json(&["rotate", "--environment", "sandbox", "--now", "--plan"]);
    assert_eq!((&planned["result"], &planned["planned"]), (&"rotated".into(), &true.into()));
    assert_eq!(keys.kid_of("active").as_ref(), Some(&first));
    let waits = keys.json(&["rotate", "--environment", "sandbox"]);
    assert!(["prepared", "too_early"].contains(&waits["result"].as_str().unwrap()), "{waits}");
    let next = keys.list().into_iter().find(|key| key["state"] == "next").unwrap();
    assert_eq!(next["usable_at"].as_i64().unwrap() - next["created_at"].as_i64().unwrap(), 900);
    assert!(keys.text(&["list"]).contains("may sign from 2"));

    let rotated = keys.json(&["rotate", "--environment", "sandbox", "--now"]);
    assert_eq!((&rotated["result"], &rotated["active"]), (&"rotated".into(), &next["kid"]));
    let retired = keys.list().into_iter().find(|key| key["kid"] == first.as_str()).unwrap();
    assert_eq!(retired["removable_at"].as_i64().unwrap() - retired["retired_at"].as_i64().unwrap(), 2 * 86_400 + 600);
    assert!(keys.text(&["list"]).contains("can be removed from 2"));

    // Removal needs the id typed twice, and is undone in one step.
    let said = keys.refused(&["remove", &first]);
    assert!(said.contains("may be valid until 2") && said.contains(&format!("--force {first}")), "{said}");
    assert!(keys.refused(&["remove", &first, "--force", "yes"]).contains("--force"));
    let planned = keys.text(&["remove", &first, "--force", &first, "--plan"]);
    assert!(planned.contains("WOULD BECOME") && planned.contains("removed"), "{planned}");
    assert_eq!(keys.state_of(&first), "retired");
    published(&dev, &first, true).await;
    assert_eq!(keys.json(&["remove", &first, "--force", &first])["keys"][0]["to"], "removed");
    published(&dev, &first, false).await;
    assert!(keys.text(&["list"]).contains("can be restored until 2"));
    assert_eq!(keys.json(&["restore", &first])["keys"][0]["to"], "retired");
    published(&dev, &first, true).await;
    assert_eq!(keys.json(&["restore", &first])["result"], "unchanged");

    // A revocation is told before it is done.
    let stolen = next["kid"].as_str().unwrap();
    let said = Finished::of(&mut mintmark(&keys.words(&["revoke", stolen])));
    assert_eq!(said.code, Some(1));
    assert!(said.stderr.contains("add --yes") && said.stdout.contains("WOULD BECOME"), "{said:?}");
    assert_eq!(keys.state_of(stolen), "active");
    eventually("the server signs with the key that is to be revoked", async || {
        (signing_kid(&keys.data) == stolen).then_some(())
    })
    .await;
    let done = keys.json(&["revoke", stolen, "--yes"]);
    assert_eq!((&done["result"], &done["keys"][0]["to"]), (&"changed".into(), &"revoked".into()));
    published(&dev, stolen, false).await;
    let replacement = keys.kid_of("active").unwrap();
    eventually("new tokens are another key's", async || (signing_kid(&keys.data) == replacement).then_some(())).await;
    assert!(keys.refused(&["restore", stolen]).contains("cannot be undone"));
    assert_eq!(keys.json(&["revoke", stolen, "--yes"])["result"], "unchanged");
    assert!(keys.refused(&["revoke", "nobody", "--yes"]).contains("mintmark key list"));
    dev.terminate().await;
}

/// An active key that does not open signs nothing and keeps its place: a command gives it to another.
#[tokio::test]
async fn an_active_key_that_does_not_open_is_replaced_by_rotate_now_and_by_revoke() {
    use sqlx::ConnectOptions;
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    Dev::start(&data).await.terminate().await;
    let keys = Keys { data: data.to_str().unwrap().to_owned() };
    for line in [&["rotate", "--environment", "sandbox", "--now"][..], &["revoke", "KID", "--yes"]] {
        let active = keys.kid_of("active").unwrap();
        let path = data.join("mintmark.db");
        let mut file = sqlx::sqlite::SqliteConnectOptions::new().filename(path).connect().await.unwrap();
        sqlx::query("UPDATE signing_key SET sealed = x'00' WHERE kid = $1").bind(&active).execute(&mut file).await.unwrap();
        sqlx::Connection::close(file).await.unwrap();
        assert!(keys.text(&["list"]).contains("CANNOT BE USED"));
        let check = Finished::of(&mut mintmark(&["check", "--data-dir", &keys.data]));
        assert!(check.code == Some(1) && check.stdout.contains(&active), "{check:?}");
        let line: Vec<&str> = line.iter().map(|word| if *word == "KID" { &active } else { *word }).collect();
        keys.json(&line);
        let problem = |key: &Value| key["state"] == "active" && !key["problem"].is_null();
        assert!(!keys.list().iter().any(problem));
        assert_ne!(keys.kid_of("active").unwrap(), active);
        // So that the next round finds no key that is damaged but unused.
        if keys.state_of(&active) == "retired" {
            keys.json(&["revoke", &active, "--yes"]);
        }
        assert_eq!(Finished::good(&["check", "--data-dir", &keys.data, "--json"]).json()["database"]["ok"], true);
    }
}
