use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde_json::Value;
use sqlx::{ConnectOptions, Connection};

use crate::fixture::{Finished, mintmark};

/// A server's folder, with an issuer of its own.
struct Instance {
    folder: PathBuf,
    config: String,
}

impl Instance {
    fn new(folder: &Path, name: &str) -> Self {
        let folder = folder.join(name);
        let environment = format!("sandbox=https://{name}.example");
        Finished::good(&["init", folder.to_str().unwrap(), "--environment", &environment]);
        Self { config: folder.join("mintmark.toml").to_str().unwrap().to_owned(), folder }
    }

    fn run(&self, arguments: &[&str]) -> Finished {
        Finished::of(&mut mintmark(&[arguments, &["--config", &self.config]].concat()))
    }

    fn json(&self, arguments: &[&str]) -> Value {
        Finished::good(&[arguments, &["--json", "--config", &self.config]].concat()).json()
    }

    fn path(&self, name: &str) -> String {
        self.folder.join(name).to_str().unwrap().to_owned()
    }

    /// An export as its bytes.
    fn exported(&self) -> String {
        let path = self.path("exported.toml");
        let said = Finished::good(&["export", "-o", &path, "--config", &self.config]).stdout;
        assert!(said.starts_with("sandbox is written to "), "{said}");
        std::fs::read_to_string(path).unwrap()
    }

    /// One with a tenant, a business, two resources and two clients.
    fn furnished(folder: &Path, name: &str) -> Self {
        let instance = Self::new(folder, name);
        instance.json(&["tenant", "create", "Acme"]);
        instance.json(&["business", "create", "Bakery", "--external-id", "7"]);
        instance.json(&["resource", "create", "https://ledger.example", "--scope", "ledger:read", "--algorithm", "PS256"]);
        instance.json(&["resource", "update", "--add-scope", "edit"]);
        let ledger = ["--scope", "ledger:read", "--resource", "https://ledger.example"];
        instance.json(&[&["client", "create", "Exporter", "--dialect", "standard"], &ledger[..]].concat());
        instance.json(&["client", "create", "Editor", "--dialect", "asset", "--scope", "edit"]);
        instance
    }
}

#[test]
fn an_export_is_shown_applied_and_exported_again_as_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let (one, other) = (Instance::furnished(folder.path(), "one"), Instance::new(folder.path(), "other"));
    let text = one.exported();
    assert_eq!(one.json(&["export"])["configuration"], text.as_str());
    assert_eq!(one.run(&["export"]).stdout, text, "a pipe gets the same bytes");
    let (file, before) = (one.path("exported.toml"), other.exported());

    let shown = other.run(&["apply", &file, "--diff"]);
    assert_eq!(shown.code, Some(3), "{shown:?}");
    for line in [
        "+ signing_key PS256",
        "+ resource https://ledger.example (https://ledger.example)",
        "    + algorithm = \"PS256\"",
        "~ resource issuer (sandbox API)",
    ] {
        assert!(shown.stdout.lines().any(|known| known == line), "{line}\n{}", shown.stdout);
    }
    assert!(shown.stdout.ends_with("7 changes to make in sandbox\n"), "{}", shown.stdout);
    assert_eq!(other.exported(), before, "nothing was changed");

    let taken = other.path("secrets.json");
    std::fs::write(&taken, "mine").unwrap();
    let refused = other.run(&["apply", &file, "--new-secrets", &taken]);
    assert!(refused.code == Some(1) && refused.stderr.contains("secrets are never written over anything"), "{refused:?}");
    assert_eq!((std::fs::read_to_string(&taken).unwrap().as_str(), other.exported()), ("mine", before));

    let secrets = other.path("new.json");
    let applied = other.json(&["apply", &file, "--new-secrets", &secrets]);
    assert_eq!(
        (&applied["applied"], &applied["transactions"], &applied["notes"]),
        (&true.into(), &1.into(), &serde_json::json!([]))
    );
    assert!(!applied.to_string().contains("mms_"), "secrets are in the file alone");
    assert_eq!(std::fs::metadata(&secrets).unwrap().permissions().mode() & 0o777, 0o600);
    let made: Value = serde_json::from_str(&std::fs::read_to_string(&secrets).unwrap()).unwrap();
    let made = made["secrets"].as_array().unwrap();
    assert!(made.len() == 2 && made.iter().all(|one| one["client_secret"].as_str().unwrap().starts_with("mms_sandbox_")));
    assert_eq!(other.exported(), text);
    let keys = other.json(&["key", "list"]);
    assert!(keys.to_string().contains("PS256"), "a resource's algorithm has a key: {keys}");

    let again = other.run(&["apply", &file, "--diff"]);
    assert_eq!((again.code, again.stdout.as_str()), (Some(0), "sandbox is as the file says\n"));
    let rows = other.json(&["audit", "list"]);
    assert_eq!(other.run(&["apply", &file]).stdout, "sandbox is as the file says; nothing was changed\n");
    assert_eq!(other.json(&["audit", "list"]), rows, "what changes nothing leaves no row");
}

#[test]
fn a_quota_is_in_the_file_of_its_tenant_and_goes_with_its_table() {
    let folder = tempfile::tempdir().unwrap();
    let one = Instance::furnished(folder.path(), "one");
    let client = one.json(&["client", "list"])[0]["id"].as_str().unwrap().to_owned();
    one.json(&["quota", "set", "--tenant", "Acme", "--per-minute", "10", "--per-day", "100", "--headers", "on"]);
    one.json(&["quota", "set", "--client", &client, "--per-hour", "5", "--mode", "observe"]);
    let listed = one.json(&["quota", "list"]);
    let used: Vec<_> = listed.as_array().unwrap().iter().map(|quota| (&quota["kind"], &quota["used"])).collect();
    let (of_client, of_tenant) = (
        serde_json::json!({ "minute": null, "hour": 0, "day": null }),
        serde_json::json!({ "minute": 0, "hour": null, "day": 0 }),
    );
    assert_eq!(used, [(&"client".into(), &of_client), (&"tenant".into(), &of_tenant)], "{listed}");
    let table = one.run(&["quota", "list", "--environment", "sandbox"]).stdout;
    assert!(table.contains("0 of 10 ") && table.contains("observe"), "{table}");

    let (text, table) = (one.exported(), "\n[tenant.quota]\nper_minute = 10\nper_day = 100\nheaders = true\n");
    assert!(text.contains(table) && text.contains("\n[client.quota]\nper_hour = 5\nmode = \"observe\"\n"), "{text}");
    let file = one.path("without.toml");
    std::fs::write(&file, text.replacen(table, "", 1)).unwrap();
    let shown = one.run(&["apply", &file, "--diff"]);
    assert_eq!(shown.code, Some(3), "{shown:?}");
    for line in ["    - quota.per_minute = 10", "    - quota.per_day = 100", "    - quota.headers = true"] {
        assert!(shown.stdout.lines().any(|known| known == line), "{line}\n{}", shown.stdout);
    }
    assert!(shown.stdout.ends_with("1 change to make in sandbox\n"), "{}", shown.stdout);
    assert_eq!(one.json(&["apply", &file])["applied"], true);
    let left = one.json(&["quota", "list"]);
    assert!(left.as_array().unwrap().len() == 1 && left[0]["id"] == client.as_str(), "{left}");
    assert_eq!(one.run(&["apply", &file, "--diff"]).code, Some(0));
}

#[tokio::test]
async fn a_key_that_has_to_be_made_is_a_change_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let one = Instance::furnished(folder.path(), "one");
    one.exported();
    let file = one.path("exported.toml");
    // As an earlier version leaves it, which made no key where an algorithm came.
    let database = sqlx::sqlite::SqliteConnectOptions::new().filename(one.path("mintmark.db"));
    let mut back = database.connect().await.unwrap();
    sqlx::query("DELETE FROM signing_key WHERE algorithm = 'PS256'").execute(&mut back).await.unwrap();
    back.close().await.unwrap();
    let shown = one.run(&["apply", &file, "--diff"]);
    assert_eq!(shown.code, Some(3), "{shown:?}");
    assert!(
        shown.stdout.starts_with("+ signing_key PS256\n") && shown.stdout.ends_with("1 change to make in sandbox\n"),
        "{shown:?}"
    );
    let applied = one.run(&["apply", &file]);
    assert_eq!(applied.stdout, "+ signing_key PS256\n1 change made in sandbox: signing_key 1\n");
    assert_eq!(one.run(&["apply", &file, "--diff"]).code, Some(0));
}

#[test]
fn without_new_secrets_it_is_said_who_needs_one() {
    let folder = tempfile::tempdir().unwrap();
    let (one, other) = (Instance::furnished(folder.path(), "one"), Instance::new(folder.path(), "other"));
    one.exported();
    let applied = other.json(&["apply", &one.path("exported.toml")]);
    let notes = applied["notes"].as_array().unwrap();
    assert_eq!(notes.len(), 2, "{applied}");
    // What is said to be typed can be typed.
    let command = notes[0].as_str().unwrap().rsplit_once("mintmark ").unwrap().1;
    let added = other.json(&command.split(' ').collect::<Vec<_>>());
    assert!(added["client_secret"].as_str().unwrap().starts_with("mms_sandbox_"));
    let left = other.json(&["apply", &one.path("exported.toml"), "--diff"]);
    assert_eq!((left["changes"].as_array().unwrap().len(), left["notes"].as_array().unwrap().len()), (0, 1));
}

#[test]
fn pruning_is_listed_first() {
    let folder = tempfile::tempdir().unwrap();
    let one = Instance::furnished(folder.path(), "one");
    one.exported();
    let file = one.path("exported.toml");
    let kept = one.path("kept.toml");
    std::fs::copy(&file, &kept).unwrap();
    let extra = one.json(&["client", "create", "Extra", "--dialect", "standard"]);
    let id = extra["client"]["id"].as_str().unwrap();
    assert_eq!(one.run(&["apply", &kept, "--diff"]).code, Some(0), "what the file does not name stays");
    let listed = one.run(&["apply", &kept, "--prune"]);
    assert_eq!(listed.code, Some(3), "{listed:?}");
    assert!(
        listed.stdout.starts_with(&format!("- client {id} (Extra)\n")) && listed.stdout.contains("add --yes"),
        "{listed:?}"
    );
    assert_eq!(one.json(&["client", "show", id])["status"], "active");
    one.json(&["apply", &kept, "--prune", "--yes"]);
    assert_eq!(one.json(&["client", "show", id])["status"], "disabled");
    assert_eq!(one.run(&["apply", &kept, "--diff", "--prune"]).code, Some(0));
}

#[test]
fn mistakes_are_told_with_their_places_and_nothing_is_changed() {
    let folder = tempfile::tempdir().unwrap();
    let one = Instance::furnished(folder.path(), "one");
    let text = one.exported();
    let bad = one.path("bad.toml");
    std::fs::write(&bad, text.replace("dialects", "dialect")).unwrap();
    let refused = one.run(&["apply", &bad]);
    assert_eq!(refused.code, Some(1));
    assert_eq!(
        refused.stderr.matches("`client.dialect` is not known here; did you mean `dialects`?").count(),
        2,
        "{refused:?}"
    );
    let renamed = text.replace("name = \"Editor\"", "name = \"Writer\"");
    std::fs::write(&bad, renamed.replace("[\"edit\"]", "[\"mintmark:admin\"]")).unwrap();
    let refused = one.run(&["apply", &bad]);
    let line = 1 + renamed.lines().position(|line| line.ends_with("[\"edit\"]")).unwrap();
    assert!(refused.code == Some(1) && refused.stderr.contains(&format!("bad.toml:{line}:10: ")), "{refused:?}");
    assert!(refused.stderr.contains("the scope mintmark:admin is Mintmark's own"), "{refused:?}");
    assert_eq!(one.exported(), text);
    assert!(one.run(&["apply", "/nowhere.toml"]).stderr.contains("/nowhere.toml: "));
}
