use serde_json::Value;

use crate::fixture::{Dev, Finished, mintmark};

/// The commands on the data of a server that runs, as one story; the output of each is JSON.
#[tokio::test]
async fn every_command_tells_json_when_asked() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let dev = Dev::start(&data).await;
    let data = data.to_str().unwrap();
    let json = |line: &str, more: &[&str]| -> Value {
        let words: Vec<&str> = line.split(' ').chain(more.iter().copied()).chain(["--json", "--data-dir", data]).collect();
        Finished::good(&words).json()
    };
    assert_eq!(json("environment list", &[]).as_array().unwrap().len(), 2);
    let tenant = text(&json("tenant create", &["Blue Door"]), "id");
    assert_eq!(json("tenant list", &[]).as_array().unwrap().len(), 2);
    assert_eq!(json("tenant rename", &[&tenant, "Red Door"])["name"], "Red Door");
    assert_eq!(json("tenant disable", &["Red Door"])["status"], "disabled");
    assert_eq!(json("tenant enable", &["Red Door"])["status"], "active");

    let whose = ["--environment", "sandbox", "--tenant", tenant.as_str()];
    let business = text(&json("business create Bakery --external-id 7", &whose), "id");
    assert!(business.starts_with("biz_") && business.len() == 26, "{business}");
    assert_eq!(json("business update", &[&[business.as_str(), "--name", "Oven"], &whose[..]].concat())["name"], "Oven");
    assert_eq!(json("business disable", &[&[business.as_str()], &whose[..]].concat())["status"], "disabled");
    assert_eq!(json("business enable", &[&[business.as_str()], &whose[..]].concat())["status"], "active");
    assert_eq!(json("business list", &whose).as_array().unwrap().len(), 1);

    let resource = "https://ledger.example";
    json("resource create --environment sandbox --scope", &["ledger:read", resource, "--algorithm", "PS256"]);
    json("resource update --environment sandbox --add-scope ledger:create", &[resource]);
    assert!(json("resource list --environment sandbox", &[]).as_array().unwrap().len() >= 2);
    json("key create --environment sandbox --algorithm EdDSA", &[]);
    assert!(json("key list", &[]).as_array().unwrap().len() >= 6);

    let created =
        json("client create Exporter --dialect standard --scope ledger:read --resource", &[&[resource], &whose[..]].concat());
    let (id, secret) = (text(&created["client"], "id"), text(&created, "client_secret"));
    let here = [id.as_str(), "--environment", "sandbox"];
    assert_eq!(json("client update --name Importer", &here)["name"], "Importer");
    assert_eq!(json("client disable", &here)["status"], "disabled");
    assert_eq!(json("client enable", &here)["status"], "active");
    assert_eq!(json("client show", &here)["id"], id.as_str());
    assert_eq!(json("client list --environment sandbox", &[]).as_array().unwrap().len(), 5);
    let added = text(&json("secret add --expires-in 90d", &here)["credential"], "id");
    assert_eq!(
        json("secret expire --expires-in 24h --id", &[&[added.as_str()], &here[..]].concat()).as_array().unwrap().len(),
        1
    );
    assert_eq!(json("secret disable --id", &[&[added.as_str()], &here[..]].concat())[0]["status"], "disabled");
    let listed = json("secret list", &here);
    assert_eq!(listed.as_array().unwrap().len(), 2);
    assert!(!listed.to_string().contains(&secret), "a secret is shown once");

    for dialect in crate::fixture::DIALECTS {
        let fetched = json("token --dialect", &[dialect]);
        assert_eq!(fetched["status"], 200, "{dialect}: {fetched}");
        let token = text(&fetched["body"], "access_token");
        let inspected = json("inspect", &[&token]);
        assert_eq!((&inspected["verified"], &inspected["error"]), (&true.into(), &Value::Null), "{inspected}");
        assert_eq!(json("dialect show", &[dialect])["name"], dialect);
        assert!(text(&json("dialect show --source", &[dialect]), "source").contains("format = 1"));
    }
    assert_eq!(json("dialect list", &[]).as_array().unwrap().len(), 4);
    assert_eq!(json("check", &[])["database"]["ok"], true);
    assert!(text(&json("check --reference", &[]), "reference").starts_with("# Configuration"));
    let refused = Finished::of(&mut mintmark(&["client", "show", "nobody", "--json", "--data-dir", data]));
    assert_eq!(refused.code, Some(1));
    assert!(text(&refused.json(), "error").contains("there is no client nobody"));
    dev.terminate().await;
}

#[tokio::test]
async fn a_token_that_is_not_ours_is_not_verified() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let dev = Dev::start(&data).await;
    let data = data.to_str().unwrap();
    let token = Finished::good(&["token", "--dialect", "asset", "--data-dir", data]).stdout;
    let token = token.trim_end();
    let said = Finished::good(&["inspect", token, "--data-dir", data]).stdout;
    assert!(said.starts_with("verified: "), "{said}");
    let (signed, _) = token.rsplit_once('.').unwrap();
    let forged = format!("{signed}.{}", "A".repeat(86));
    let finished = Finished::of(&mut mintmark(&["inspect", &forged, "--data-dir", data]));
    assert_eq!(finished.code, Some(1));
    assert!(finished.stdout.starts_with("NOT VERIFIED: "), "{}", finished.stdout);
    dev.terminate().await;
}

#[test]
fn what_is_not_understood_exits_with_2_and_help_names_each_command() {
    for words in [&["nonsense"][..], &["dev", "--port-base", "0"], &["client", "create"], &[]] {
        assert_eq!(Finished::of(&mut mintmark(words)).code, Some(2), "{words:?}");
    }
    let help = Finished::good(&["--help"]).stdout;
    let commands = [
        "dev",
        "serve",
        "init",
        "token",
        "inspect",
        "environment",
        "tenant",
        "business",
        "client",
        "secret",
        "resource",
        "key",
        "dialect",
        "check",
    ];
    for command in commands {
        assert!(help.contains(&format!("\n  {command} ")), "{command}: {help}");
        assert!(Finished::good(&[command, "--help"]).stdout.contains("Example: mintmark"), "{command} has an example");
    }
}

fn text(document: &Value, member: &str) -> String {
    document[member].as_str().unwrap_or_else(|| panic!("no {member}: {document}")).to_owned()
}
