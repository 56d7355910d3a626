//! One exchange for each row of the decisions about the wire (`docs/dialects`): request and answer side by side in
//! `golden/<dialect>/<row>.http`, written by hand from the decisions. Nothing here writes such a file.
//!
//! ```text
//! # D.1 success: the row that the file shows
//! # first: 300 times               (optional) the request is sent so often before
//! # clock: 241                     (optional) the clock moves so many seconds on before
//! # break: own-resource            (optional) a mistake of ours to be made
//! # token: asset &scope=a          (optional) fetches {token} as that client, with that behind the credentials
//! POST /v0/auth/token HTTP/1.1
//! Host: sandbox.mintmark.example
//!
//! client_id={client_id}&client_secret={client_secret}
//! --------
//! 200
//! content-type: application/json
//! !www-authenticate
//!
//! {"access_token":"{access_token}"}
//! --------
//! {"alg":"ES256","typ":"at+jwt","kid":"{kid:ES256}"}
//! {"iss":"https://sandbox.mintmark.example",...}
//! ```
//!
//! Every header of an answer is in the file, but for `date`, `connection`, `content-length` and `x-request-id`, which every
//! answer must have; `!name` says aloud that one is not there. Status, headers and body are compared exactly. A token is
//! verified with the keys that the server publishes, and its header and claims compared with the last part.

mod exchange;
mod template;

use std::path::{Path, PathBuf};

use exchange::Exchange;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/golden")
}

/// The names in a folder, sorted.
fn names_in(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Plays all files of a dialect; all that are wrong are told together.
async fn play(dialect: &str) {
    let folder = folder().join(dialect);
    let mut wrong = Vec::new();
    let names = names_in(&folder);
    for name in &names {
        let text = std::fs::read_to_string(folder.join(name)).unwrap();
        let played = match Exchange::parse(dialect, &text) {
            Ok(exchange) => exchange.play().await,
            Err(mistake) => Err(format!("the file is malformed: {mistake}")),
        };
        if let Err(difference) = played {
            wrong.push(format!("--- {dialect}/{name}\n{difference}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {} files are wrong:\n{}", wrong.len(), names.len(), wrong.join("\n"));
}

#[tokio::test]
async fn asset_answers_as_decided() {
    play("asset").await;
}

#[tokio::test]
async fn standard_metrics_answers_as_decided() {
    play("standard-metrics").await;
}

#[tokio::test]
async fn firstvision_answers_as_decided() {
    play("firstvision").await;
}

#[tokio::test]
async fn standard_answers_as_decided() {
    play("standard").await;
}

#[test]
fn each_built_in_dialect_has_its_folder_and_nothing_else_is_there() {
    let mut expected: Vec<String> =
        mintmark_core::dialect::BUILT_IN.iter().map(|(file, _)| file.trim_end_matches(".toml").to_owned()).collect();
    expected.extend(["exchange.rs", "mod.rs", "template.rs"].map(str::to_owned));
    expected.sort();
    assert_eq!(names_in(&folder()), expected);
    for (file, _) in mintmark_core::dialect::BUILT_IN {
        let names = names_in(&folder().join(file.trim_end_matches(".toml")));
        assert!(names.iter().all(|name| Path::new(name).extension().is_some_and(|extension| extension == "http")), "{names:?}");
    }
}

#[test]
fn a_malformed_file_is_refused() {
    let good = "# D.1 success\nGET / HTTP/1.1\nHost: x\n\n--------\n200\na: b\n!c\n\n{}\n";
    assert!(Exchange::parse("asset", good).is_ok());
    for (from, to) in [
        ("# D.1 success\n", ""),
        ("# D.1 success", "# success"),
        ("# D.1 success", "# D.1 success\n# frist: 3 times"),
        ("--------\n", ""),
        ("200\n", "OK\n"),
        ("a: b\n", "a b\n"),
        ("\n\n{}", "\n{}"),
        ("{}\n", "{}\n--------\n{}\n"),
        ("{}\n", "{access_token}\n--------\n{}\nx\n"),
        ("{}\n", "{access_token}\n--------\n{}\n{}\n--------\n"),
    ] {
        let bad = good.replacen(from, to, 1);
        assert_ne!(bad, good, "{from:?}");
        assert!(Exchange::parse("asset", &bad).is_err(), "{bad}");
    }
}
