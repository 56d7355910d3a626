use std::path::{Path, PathBuf};

use rustix::process::Signal;

use crate::fixture::{Answer, Dev, Finished, eventually, form, send};

/// Asset's dialect with relative seconds at another path.
const RELATIVE: &str = "format = 1\nname = \"asset-relative\"\nextends = \"asset\"\nroute.path = \"/v1/auth/token\"\nanswer.expires_in = \"relative\"\n";
/// Three mistakes: an unknown key, an unknown word, a number out of bounds.
const MISTAKES: &str = "format = 1\nname = \"asset-relative\"\nextends = \"asset\"\nroute.path = \"/v1/auth/token\"\n\
    answer.expires_im = \"relative\"\nrequest.query = \"maybe\"\ntoken.lifetime.max = 0\n";

/// A running `mintmark dev` with one dialect of the operator's.
struct Place {
    dev: Dev,
    data: PathBuf,
    file: PathBuf,
}

impl Place {
    async fn start(folder: &Path) -> Self {
        let data = folder.join("data");
        let dev = Dev::start_with(&data, &[("MINTMARK_LOG_LEVEL", "info")]).await;
        let dialects = data.join("dialects");
        std::fs::create_dir_all(&dialects).unwrap();
        Self { dev, file: dialects.join("asset-relative.toml"), data }
    }

    /// Writes the file and has the server read it.
    fn write(&self, text: &str) {
        std::fs::write(&self.file, text).unwrap();
        self.dev.program.signal(Signal::HUP);
    }

    /// Asks at the new dialect's path as a client of Asset's.
    async fn ask(&self) -> Answer {
        let (id, secret) =
            (self.dev.client("sandbox", "asset", "client_id"), self.dev.client("sandbox", "asset", "client_secret"));
        let request = form("/v1/auth/token", &format!("client_id={id}&client_secret={secret}"));
        send(self.dev.address("sandbox"), request.as_bytes()).await
    }

    fn data(&self) -> &str {
        self.data.to_str().unwrap()
    }
}

#[tokio::test]
async fn a_dialect_of_five_lines_is_served_after_sighup_without_a_restart() {
    assert!(RELATIVE.lines().count() <= 7);
    let folder = tempfile::tempdir().unwrap();
    let place = Place::start(folder.path()).await;
    assert_eq!(place.ask().await.status, 404);
    place.write(RELATIVE);
    // The client may not use it yet, but the endpoint answers, in the form of the dialect that it extends.
    let refused =
        eventually("the endpoint is there", async || Some(place.ask().await).filter(|answer| answer.status != 404)).await;
    assert_eq!((refused.status, refused.text()), (403, r#"{"error":"Not allowed for this client","data":null}"#));
    let id = place.dev.client("sandbox", "asset", "client_id");
    Finished::good(&[
        "client",
        "update",
        &id,
        "--environment",
        "sandbox",
        "--dialect",
        "asset",
        "--dialect",
        "asset-relative",
        "--data-dir",
        place.data(),
    ]);
    let answer =
        eventually("the client may use it", async || Some(place.ask().await).filter(|answer| answer.status != 403)).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json()["expires_in"], 3600, "relative seconds");
    assert_eq!(answer.json()["token_type"], "Bearer");
    assert_eq!(answer.header("x-ratelimit-limit"), Some("300"), "the rest is as in the dialect that it extends");
    place.dev.terminate().await;
}

#[tokio::test]
async fn a_file_with_three_mistakes_is_told_of_three_times_while_the_old_set_serves() {
    let folder = tempfile::tempdir().unwrap();
    let place = Place::start(folder.path()).await;
    place.write(RELATIVE);
    eventually("the endpoint is there", async || (place.ask().await.status == 403).then_some(())).await;
    place.write(MISTAKES);
    let log = eventually("the mistakes are told", async || {
        Some(place.dev.program.log()).filter(|log| log.contains("dialects not reloaded"))
    })
    .await;
    let file = place.file.to_str().unwrap();
    let expected = [
        format!("{file}:5:8: `answer.expires_im` is not known here; did you mean `expires_in`?"),
        format!("{file}:6:17: `request.query`: expected \"ignore\" or \"refuse\", found \"maybe\""),
        format!("{file}:7:22: `token.lifetime.max`: expected a whole number from 1 to 86400, found 0"),
    ];
    for mistake in &expected {
        assert!(log.contains(mistake), "{mistake}\nis not in\n{log}");
    }
    assert_eq!(log.matches(&format!("{file}:")).count(), 3, "{log}");
    assert_eq!(place.ask().await.status, 403, "the old set");

    let check = ["dialect", "check", file, "--data-dir", place.data()];
    let checked = Finished::of(&mut crate::fixture::mintmark(&check));
    assert_eq!((checked.code, checked.stdout.trim_end()), (Some(1), expected.join("\n").as_str()));
    let checked = Finished::of(&mut crate::fixture::mintmark(&[&check[..], &["--json"]].concat())).json();
    assert_eq!(checked["mistakes"].as_array().unwrap().len(), 3);
    assert_eq!((&checked["mistakes"][1]["line"], &checked["mistakes"][1]["column"]), (&6.into(), &17.into()));

    place.write(RELATIVE);
    eventually("the reload is told", async || {
        (place.dev.program.log().matches("dialects reloaded").count() == 2).then_some(())
    })
    .await;
    place.dev.terminate().await;
}

#[tokio::test]
async fn a_server_does_not_start_with_a_dialect_that_has_mistakes() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    std::fs::create_dir_all(data.join("dialects")).unwrap();
    std::fs::write(data.join("dialects/mine.toml"), MISTAKES).unwrap();
    let port_base = crate::fixture::free_base().to_string();
    let said = Finished::refused(&["dev", "--data-dir", data.to_str().unwrap(), "--port-base", &port_base]);
    assert_eq!(said.matches("mine.toml:").count(), 3, "{said}");
}

#[test]
fn a_good_file_is_called_good() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mine.toml");
    std::fs::write(&file, RELATIVE).unwrap();
    let data = folder.path().join("data");
    let check = ["dialect", "check", file.to_str().unwrap(), "--data-dir", data.to_str().unwrap()];
    let said = Finished::good(&check).stdout;
    assert!(said.ends_with("the dialect asset-relative is good\n"), "{said}");
}
