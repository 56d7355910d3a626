use std::fs;

use serde_json::Value;

use crate::fixture::{Dev, Finished, eventually, form, mintmark, send};

#[tokio::test]
async fn an_import_is_tried_dry_then_done_and_the_second_does_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let dev = Dev::start(&data).await;
    let file = folder.path().join("clients.csv");
    let rows = "client_id,client_secret,name,scopes\none,hunter2-of-old,One,ledger:read admin mintmark:all\ntwo,,Two,\n";
    fs::write(&file, rows).unwrap();
    let (data, file) = (data.to_str().unwrap(), file.to_str().unwrap());
    let run = |more: &[&str]| {
        let words = [&["import", "csv", file, "--environment", "sandbox", "--dialect", "standard", "--data-dir", data], more];
        Finished::of(&mut mintmark(&words.concat()))
    };

    let dry = run(&["--dry-run"]);
    assert_eq!(dry.code, Some(1), "a row is bad: {dry:?}");
    assert!(dry.stdout.starts_with("1 would be imported, 0 unchanged, 0 differ, 0 skipped, 1 refused\n"), "{}", dry.stdout);
    for told in ["line 3", "nothing proves it", "scope admin", "scope mintmark:all", "does not understand it"] {
        assert!(dry.stdout.contains(told), "{told}: {}", dry.stdout);
    }
    assert!(Finished::refused(&["client", "show", "one", "--environment", "sandbox", "--data-dir", data]).contains("one"));

    let done = run(&["--json"]).json();
    assert_eq!((&done["imported"], &done["refused"][0]["place"]), (&1.into(), &"line 3".into()));
    assert_eq!(done["not_carried_over"][0]["left_out"].as_array().unwrap().len(), 2);
    let again = run(&["--json"]).json();
    assert_eq!((&again["imported"], &again["unchanged"]), (&0.into(), &1.into()));

    let listed = Finished::good(&["secret", "list", "one", "--environment", "sandbox", "--data-dir", data]);
    assert!(listed.stdout.contains("csv (clear)") && !listed.stdout.contains("hunter2"), "{}", listed.stdout);
    let body = "grant_type=client_credentials&client_id=one&client_secret=hunter2-of-old&scope=ledger:read";
    let status = eventually("the node hears of the client", async || {
        let answer = send(dev.address("sandbox"), form("/oauth/token", body).as_ref()).await;
        (answer.status == 200).then_some(answer.status)
    });
    assert_eq!(status.await, 200);
}

#[tokio::test]
async fn an_import_that_cannot_begin_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let _dev = Dev::start(&data).await;
    let file = folder.path().join("clients.json");
    fs::write(&file, r#"{"clients": "hunter2"}"#).unwrap();
    let (data, file) = (data.to_str().unwrap(), file.to_str().unwrap());
    let run =
        |more: &[&str]| Finished::refused(&[&["import"], more, &["--environment", "sandbox", "--data-dir", data]].concat());
    let why = run(&["json", file]);
    assert!(why.contains("expected a list of clients") && !why.contains("hunter2"), "{why}");
    assert!(run(&["json", "/nowhere"]).contains("/nowhere"), "the file is named");
    fs::write(file, "[]").unwrap();
    assert!(run(&["json", file, "--resource", "https://nowhere.example"]).contains("https://nowhere.example"));
    let unknown = run(&["json", file, "--dialect", "acme"]);
    assert!(unknown.contains("no dialect") && unknown.contains("there are: standard"), "once, not for each client: {unknown}");
    let nothing: Value =
        Finished::good(&["import", "json", file, "--environment", "sandbox", "--data-dir", data, "--json"]).json();
    assert_eq!(nothing["imported"], 0);
}
