use serde_json::Value;

use crate::fixture::{Dev, Finished, eventually, form, mintmark, send};

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
    let entitle = |more: &[&str]| json("tenant entitle --environment sandbox", &[&[tenant.as_str()], more].concat());
    assert_eq!(entitle(&[])["version"], 0);
    let entitled = entitle(&["--resource", resource, "--scope", "ledger:read", "--dialect", "asset", "--lifetime-max", "600"]);
    assert_eq!((&entitled["version"], &entitled["grants"][0]["scopes"]), (&1.into(), &serde_json::json!(["ledger:read"])));
    let narrowed = entitle(&["--revoke", resource, "--no-dialects", "--no-lifetime-max"]);
    assert_eq!((&narrowed["grants"], &narrowed["dialects"]), (&serde_json::json!([]), &serde_json::json!([])));
    assert_eq!(entitle(&[]), narrowed);
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
    let served = json("client update --serve", &[&[resource], &here[..]].concat());
    assert_eq!(served["serves"].as_array().unwrap().len(), 1);
    assert_eq!(json("client update --serve-no-more", &[&[resource], &here[..]].concat())["serves"], serde_json::json!([]));
    for (whose, kind, revoked) in [
        (&["--client", &id, "--environment", "sandbox"][..], "client", &id),
        (&["--client", &id, "--secret", &added, "--environment", "sandbox"], "secret", &added),
        (&[&["--business", business.as_str()], &whose[..]].concat(), "business", &business),
        (&["--tenant", "Red Door"], "tenant", &tenant),
        (&["--token", "-some_jti", "--environment", "sandbox"], "token", &"-some_jti".to_owned()),
    ] {
        assert_eq!(json("revoke", whose), serde_json::json!({ "revoked": { "kind": kind, "id": revoked } }));
    }
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

#[tokio::test]
async fn a_token_that_the_command_line_ends_is_refused_by_the_running_server() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let dev = Dev::start(&data).await;
    let data = data.to_str().unwrap();
    let fetch = || Finished::good(&["token", "--dialect", "asset", "--data-dir", data]).stdout.trim_end().to_owned();
    let (token, sibling) = (fetch(), fetch());
    let (id, secret) = (dev.client("sandbox", "asset", "client_id"), dev.client("sandbox", "asset", "client_secret"));
    let is_active = async |token: &str| {
        let body = format!("client_id={id}&client_secret={secret}&token={token}");
        send(dev.address("sandbox"), form("/oauth/introspect", &body).as_bytes()).await.json()["active"] == true
    };
    assert!(is_active(&token).await);
    let said = Finished::good(&["revoke", "--token", &token, "--data-dir", data]).stdout;
    assert!(said.contains("revoked: this token is refused from now on"), "{said}");
    eventually("the token is refused", async || (!is_active(&token).await).then_some(())).await;
    assert!(is_active(&sibling).await);
    Finished::good(&["revoke", "--client", &id, "--environment", "sandbox", "--data-dir", data]);
    eventually("the sibling is refused", async || (!is_active(&sibling).await).then_some(())).await;
    assert!(is_active(&fetch()).await, "and a new one is not");
    for bad in [&["revoke"][..], &["revoke", "--client", "a", "--token", "b"], &["revoke", "--secret", "cre_x"]] {
        assert_eq!(Finished::of(&mut mintmark(bad)).code, Some(2), "{bad:?}");
    }
    let foreign = Finished::of(&mut mintmark(&["revoke", "--token", "a.b.c", "--data-dir", data]));
    assert_eq!(foreign.code, Some(1));
    dev.terminate().await;
}

#[tokio::test]
async fn usage_and_refusals_of_a_running_server_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let dev = Dev::start(&data).await;
    let data = data.to_str().unwrap();
    let id = dev.client("sandbox", "standard", "client_id");
    let ask = async |secret: &str| {
        let body = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}");
        send(dev.address("sandbox"), form("/oauth/token", &body).as_bytes()).await
    };
    assert_eq!(ask(&dev.client("sandbox", "standard", "client_secret")).await.status, 200);
    let refused = ask("wrong").await;
    let request_id = refused.header("x-request-id").unwrap().to_owned();
    let told = |words: &[&str]| {
        let words: Vec<&str> = words.iter().chain(&["--data-dir", data]).copied().collect();
        Finished::of(&mut mintmark(&words))
    };
    eventually("the refusal is written down", async || (told(&["refusals", &request_id]).code == Some(0)).then_some(())).await;
    let refusal: Value = serde_json::from_str(&told(&["refusals", &request_id, "--json"]).stdout).unwrap();
    assert_eq!((&refusal["client_id"], &refusal["code"]), (&Value::from(id.as_str()), &Value::from("secret_wrong")));
    assert!(told(&["refusals", "--client", &id]).stdout.contains(&request_id));
    assert_eq!(told(&["refusals", "--unknown", "--json"]).stdout.trim(), "[]");
    assert_eq!(told(&["refusals", "0123"]).code, Some(1));

    let by_client = told(&["usage"]).stdout;
    assert!(by_client.starts_with("CLIENT") && by_client.contains(&format!("{id}  1       1            0")), "{by_client}");
    let reasons = told(&["usage", "--by", "reason", "--last", "1h", "--client", &id]).stdout;
    assert!(reasons.contains("secret_wrong  credentials  1"), "{reasons}");
    for by in ["tenant", "credential", "business", "time"] {
        let told = told(&["usage", "--by", by, "--last", "30d", "--json"]);
        let document: Value = serde_json::from_str(&told.stdout).unwrap();
        let sum: u64 = document["rows"].as_array().unwrap().iter().map(|row| row["requests"].as_u64().unwrap()).sum();
        assert_eq!((sum, document["step"].as_str()), (2, Some("day")), "{by}: {document}");
    }
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
        "audit",
        "member",
        "management-client",
        "revoke",
        "usage",
        "refusals",
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

#[tokio::test]
async fn reasons_are_explained_requests_rehearsed_and_tokens_looked_into() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let dev = Dev::start(&data).await;
    let data = data.to_str().unwrap();
    let told = Finished::good(&["explain", "assertion_expired"]).stdout;
    assert!(told.contains("NTP") && told.contains("docs/errors.md#assertion_expired"), "{told}");
    assert!(Finished::good(&["explain"]).stdout.contains("scope_not_granted"));
    assert!(Finished::refused(&["explain", "no_such_word"]).contains("no_such_word"));

    let listed = Finished::good(&["client", "list", "--environment", "sandbox", "--data-dir", data, "--json"]).json();
    let clients: Vec<String> = listed.as_array().unwrap().iter().map(|client| text(client, "id")).collect();
    let explain = |id: &str, more: &[&str]| {
        let words = ["explain", "--client", id, "--environment", "sandbox", "--data-dir", data, "--json"];
        Finished::of(&mut mintmark(&[&words, more].concat()))
    };
    let speaks = |id: &&String| explain(id, &[]).code == Some(0);
    let client = clients.iter().find(speaks).expect("a client that may use the standard dialect");
    let run = explain(client, &[]).json();
    assert_eq!((&run["passed"], text(&run["token"]["claims"], "client_id")), (&true.into(), client.clone()), "{run}");
    let refused = explain(client, &["--scope", "nobody:knows"]);
    assert_eq!((refused.code, text(&refused.json()["explanation"], "code").as_str()), (Some(1), "scope_unknown"));
    assert_eq!(explain("cli_nobody", &[]).json()["explanation"]["code"], "client_unknown");

    let token = Finished::good(&["token", "--data-dir", data]).stdout;
    let file = folder.path().join("token");
    std::fs::write(&file, &token).unwrap();
    let debug = || Finished::of(&mut mintmark(&["explain", "--token", file.to_str().unwrap(), "--data-dir", data]));
    let live = debug();
    assert!(live.code == Some(0) && live.stdout.starts_with("live"), "{}", live.stdout);
    Finished::good(&["revoke", "--token", token.trim(), "--data-dir", data]);
    let revoked = debug();
    assert!(revoked.code == Some(1) && revoked.stdout.starts_with("REVOKED with its token, at "), "{}", revoked.stdout);
    dev.terminate().await;
}
