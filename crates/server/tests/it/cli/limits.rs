//! Limits, rotation and promotion from the command line, beside a server that runs.

use serde_json::{Value, json};

use crate::fixture::{Dev, Finished, eventually, mintmark, send, token_request};

struct Story {
    dev: Dev,
    data: String,
    _folder: tempfile::TempDir,
}

impl Story {
    async fn begin() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let dev = Dev::start(&data).await;
        Self { dev, data: data.to_str().unwrap().to_owned(), _folder: folder }
    }

    fn json(&self, words: &[&str]) -> Value {
        Finished::good(&[words, &["--json", "--data-dir", &self.data]].concat()).json()
    }

    fn refused(&self, words: &[&str]) -> String {
        Finished::refused(&[words, &["--data-dir", &self.data]].concat())
    }

    /// A client of the demo tenant in the sandbox: its id, its secret's id and its secret.
    fn client(&self) -> (String, String, String) {
        let made = self.json(&[
            "client",
            "create",
            "Exporter",
            "--dialect",
            "standard",
            "--scope",
            "ledger:read",
            "--environment",
            "sandbox",
        ]);
        (text(&made["client"], "id"), text(&made["credential"], "id"), text(&made, "client_secret"))
    }

    async fn status(&self, id: &str, secret: &str) -> u16 {
        send(self.dev.address("sandbox"), token_request("standard", id, secret).as_bytes()).await.status
    }

    async fn becomes(&self, what: &str, (id, secret): (&str, &str), status: u16) {
        eventually(what, async || (self.status(id, secret).await == status).then_some(())).await;
    }
}

fn with<'a>(here: &[&'a str], words: &[&'a str]) -> Vec<&'a str> {
    [words, here].concat()
}

fn text(document: &Value, member: &str) -> String {
    document[member].as_str().unwrap_or_else(|| panic!("no {member}: {document}")).to_owned()
}

#[tokio::test]
async fn limits_are_given_shown_changed_and_taken_away() {
    let story = Story::begin().await;
    let (id, _, _) = story.client();
    let here = [id.as_str(), "--environment", "sandbox"];
    let made = story.json(&with(&here, &["secret", "create", "--network", "203.0.113.0/24", "--only-scope", "ledger:read"]));
    let (secret_id, secret) = (text(&made["credential"], "id"), text(&made, "client_secret"));
    let expected = json!({ "networks": ["203.0.113.0/24"], "scopes": ["ledger:read"] });
    assert_eq!(made["credential"]["limits"], expected);
    story.becomes("it is refused here", (&id, &secret), 401).await;
    let listed = Finished::good(&with(&here, &["secret", "list", "--data-dir", &story.data])).stdout;
    assert!(listed.contains("from 203.0.113.0/24; scopes ledger:read"), "{listed}");

    let limits = |more: &[&str]| story.json(&[&with(&here, &["secret", "limits", "--id", &secret_id])[..], more].concat());
    assert_eq!(limits(&[])["limits"], expected);
    let here_too = json!({ "networks": ["127.0.0.1/32", "::1/128"], "scopes": ["ledger:read"] });
    assert_eq!(limits(&["--network", "127.0.0.1", "--network", "::1"])["limits"], here_too, "what is not named stays");
    story.becomes("it is good here", (&id, &secret), 200).await;
    assert!(limits(&["--clear"]).get("limits").is_none());
    let refused =
        story.refused(&[&with(&here, &["secret", "limits", "--id", &secret_id])[..], &["--only-scope", "other"]].concat());
    assert!(refused.contains("the scope other is not granted to the client"), "{refused}");
    for bad in [&["--network", "10.0.0.1/8"][..], &["--valid-in", "soon"], &["--only-business", "shop"]] {
        let line = [&with(&here, &["secret", "limits", "--id", &secret_id])[..], bad].concat();
        assert_eq!(Finished::of(&mut mintmark(&line)).code, Some(2), "{bad:?}");
    }
    story.dev.terminate().await;
}

#[tokio::test]
async fn a_secret_is_rotated_step_by_step_while_its_client_goes_on() {
    let story = Story::begin().await;
    let (id, old_id, old) = story.client();
    let step = |step: &str, more: &[&str]| {
        let words = ["secret", "rotate", step, id.as_str(), "--environment", "sandbox", "--id", &old_id];
        story.json(&[&words[..], more].concat())
    };
    story.becomes("it is known", (&id, &old), 200).await;
    assert_eq!(step("show", &[])["state"], "idle");
    let first = step("start", &["--grace", "1h"]);
    let new = text(&first, "client_secret");
    story.becomes("the new one is known", (&id, &new), 200).await;
    assert_eq!(story.status(&id, &old).await, 200);
    let shown = step("show", &[]);
    assert_eq!((&shown["state"], &shown["safe_to_retire"]), (&json!("under way"), &json!(false)), "{shown}");
    assert_eq!(step("cancel", &[])["state"], "idle");
    story.becomes("the new one is over", (&id, &new), 401).await;
    assert_eq!(story.status(&id, &old).await, 200);

    let second = text(&step("start", &[]), "client_secret");
    story.becomes("the next one is known", (&id, &second), 200).await;
    let later = step("extend", &["--grace", "7d"]);
    assert_eq!(later["old"]["expires_at"], later["old"]["rotation"]["deadline"]);
    assert_eq!(step("complete", &[])["state"], "over");
    story.becomes("the old one is over", (&id, &old), 401).await;
    assert_eq!(story.status(&id, &second).await, 200);
    let again = story.refused(&["secret", "rotate", "cancel", &id, "--environment", "sandbox", "--id", &old_id]);
    assert!(again.contains("the rotation is over"), "{again}");
    let words = ["secret", "rotate", "start", &id, "--environment", "sandbox", "--id", &old_id, "--grace", "2d"];
    assert_eq!(Finished::of(&mut mintmark(&words)).code, Some(2));
    story.dev.terminate().await;
}

#[tokio::test]
async fn a_client_is_promoted_by_the_plan_that_was_shown() {
    let story = Story::begin().await;
    let (id, _, secret) = story.client();
    let plan = Finished::good(&["client", "promote", &id, "--plan", "--data-dir", &story.data]).stdout;
    assert!(plan.contains("+ name: Exporter") && plan.contains("apply with: mintmark client promote"), "{plan}");
    let digest = plan.trim_end().rsplit_once(' ').unwrap().1.to_owned();
    assert_eq!(text(&story.json(&["client", "promote", &id]), "digest"), digest, "the same plan, and the default");
    story.json(&["client", "update", &id, "--environment", "sandbox", "--name", "Importer"]);
    let refused = story.refused(&["client", "promote", &id, "--apply", &digest]);
    assert!(refused.contains("review the new plan"), "{refused}");
    let digest = text(&story.json(&["client", "promote", &id]), "digest");
    let promoted = story.json(&["client", "promote", &id, "--apply", &digest]);
    assert_eq!((&promoted["changed"], &promoted["client"]["name"]), (&json!(true), &json!("Importer")));
    assert!(!promoted.to_string().contains(&secret));
    assert_eq!(story.json(&["client", "promote", &id, "--apply", &digest])["changed"], false);
    let there = story.json(&["secret", "list", &id, "--environment", "production"]);
    assert_eq!(there, json!([]), "no secret was brought along");
    story.dev.terminate().await;
}
