//! What the crate depends on: whoever adds it adds all of that.

use std::{collections::BTreeSet, process::Command};

/// The names of all packages that are built into a program with these features of the crate.
fn packages(features: &[&str]) -> BTreeSet<String> {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--package", "mintmark-verify", "--edges", "normal", "--target", "all"])
        .args(["--no-default-features", "--prefix", "none", "--format", "{p}"])
        .args(["--features", &features.join(",")])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().filter_map(|line| line.split(' ').next()).filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn without_features_there_is_cryptography_and_serde_only() {
    let cryptography = ["aws-lc-rs", "aws-lc-sys", "untrusted", "zeroize"];
    let serde = ["serde", "serde_core", "serde_derive", "serde_json", "itoa", "zmij", "memchr"];
    let macros = ["proc-macro2", "quote", "syn", "unicode-ident"];
    let allowed = set(&[&["mintmark-verify", "base64"][..], &cryptography, &serde, &macros].concat());
    let found = packages(&[]);
    assert!(found.contains("aws-lc-rs") && found.contains("serde_json"));
    assert_eq!(found.difference(&allowed).collect::<Vec<_>>(), Vec::<&String>::new());
}

#[test]
fn with_all_features_there_is_no_framework_no_database_and_one_tls_library() {
    let found = packages(&["cache", "fetch", "tower"]);
    assert!(found.contains("rustls") && found.contains("hyper") && found.contains("tower-layer"));
    let banned =
        ["axum", "tonic", "tower", "tower-http", "reqwest", "sqlx", "native-tls", "openssl", "openssl-sys", "ring", "rsa"];
    for name in banned.into_iter().chain(["mintmark", "mintmark-core", "clap", "hickory-resolver", "tokio-macros"]) {
        assert!(!found.contains(name), "{name}");
    }
}

#[test]
fn the_layer_brings_no_network() {
    let found = packages(&["tower", "cache"]);
    for name in ["tokio", "hyper", "rustls", "socket2", "mio"] {
        assert!(!found.contains(name), "{name}");
    }
}
