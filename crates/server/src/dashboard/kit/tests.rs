use std::collections::BTreeSet;
use std::path::Path as FilePath;

use super::*;
use crate::dashboard::fixture::Dashboard;
use crate::dashboard::{assets, compression};

/// What a browser may have to load for a first page, in bytes.
const FIRST_LOAD_MAX: usize = 100_000;
/// What a later page may weigh, compressed.
const LATER_MAX: usize = 20_000;
/// What a page may weigh that shows a secret, and so is not compressed.
const SECRET_MAX: usize = 24_000;

async fn html(path: &str) -> String {
    Dashboard::new(true).await.page(path, "").await
}

async fn all_pages() -> Vec<(String, String)> {
    let paths = pages::NAMES.iter().map(|name| format!("/_kit/{name}")).chain(["/_kit".to_owned()]);
    let dashboard = Dashboard::new(true).await;
    let mut all = Vec::new();
    for path in paths {
        let page = dashboard.page(&path, "").await;
        all.push((path, page));
    }
    all
}

/// The values of an attribute, wherever it stands.
fn attributes<'h>(html: &'h str, name: &str) -> Vec<&'h str> {
    let start = format!(" {name}=\"");
    html.split(start.as_str()).skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

#[tokio::test]
async fn nothing_that_somebody_typed_becomes_markup() {
    for path in ["/_kit", "/_kit/clients-naughty"] {
        let page = html(path).await;
        for text in naughty::STRINGS.iter().filter(|text| text.contains(['<', '"', '\''])) {
            assert!(!page.contains(text), "{path}: {text}");
        }
        assert_eq!(page.matches("<script").count(), 1, "{path}: ours alone");
        assert!(!page.contains("<img") && !page.contains("<svg onload"), "{path}");
    }
}

#[tokio::test]
async fn pages_have_no_inline_script_or_style() {
    for (path, page) in all_pages().await {
        for tag in page.split('<').filter(|tag| !tag.starts_with('/')).filter_map(|tag| tag.split('>').next()) {
            assert!(!tag.contains(" style="), "{path}: <{tag}>");
            // What stands in quotes is a value, whatever it says.
            let names: String = tag.split('"').step_by(2).collect();
            let handler = |rest: &str| rest.trim_start_matches(|one: char| one.is_ascii_alphabetic()).starts_with('=');
            assert!(!names.split(" on").skip(1).any(handler), "{path}: <{tag}>");
            assert!(!tag.contains("href=\"javascript:"), "{path}: <{tag}>");
        }
        assert!(!page.contains("<style"), "{path}");
    }
}

#[tokio::test]
async fn identifiers_are_used_once_and_what_is_referred_to_is_there() {
    for (path, page) in all_pages().await {
        let all = attributes(&page, "id");
        let ids: BTreeSet<&str> = all.iter().copied().collect();
        assert_eq!(all.len(), ids.len(), "{path}");
        for name in ["for", "aria-labelledby", "aria-describedby", "data-copy", "data-dialog", "popovertarget", "data-download"]
        {
            for id in attributes(&page, name).into_iter().flat_map(str::split_whitespace) {
                assert!(ids.contains(id), "{path}: {name}={id}");
            }
        }
    }
}

#[tokio::test]
async fn every_picture_is_in_the_sprite() {
    let sprite = assets::ASSETS.iter().find(|asset| asset.name == "icons").unwrap();
    let sprite = std::str::from_utf8(sprite.plain).unwrap();
    let known: BTreeSet<&str> = attributes(sprite, "id").into_iter().collect();
    assert_eq!(known, samples::ICONS.into_iter().collect());
    for (path, page) in all_pages().await {
        for name in page.split("<use href=\"").skip(1).filter_map(|rest| rest.split(['#', '"']).nth(1)) {
            assert!(known.contains(name), "{path}: {name}");
        }
    }
}

#[tokio::test]
async fn a_first_page_weighs_at_most_100_kilobytes_and_a_later_one_20() {
    let assets: usize = assets::ASSETS.iter().map(|asset| asset.gzip.len()).sum();
    for (path, page) in all_pages().await.into_iter().filter(|(path, _)| path != "/_kit" && !path.ends_with("naughty")) {
        assert!(assets + page.len() <= FIRST_LOAD_MAX, "{path}: {assets} + {}", page.len());
        let weight = compression::gzip(page.as_bytes()).unwrap().len();
        assert!(weight <= LATER_MAX, "{path}: {weight}");
        assert!(!page.contains("mms_sandbox_") || page.len() <= SECRET_MAX, "{path}: {}", page.len());
    }
}

#[tokio::test]
async fn forms_that_change_something_carry_the_sessions_token() {
    let page = Dashboard::new(true).await.page("/_kit/client", "__Host-mintmark=abc").await;
    let token = attributes(&page[page.find("name=\"csrf\"").unwrap()..], "value")[0];
    assert!(crate::dashboard::security::is_token_of("abc", token));
    for form in page.split("<form").skip(1).filter(|form| form.split('>').next().unwrap().contains("method=\"post\"")) {
        let form = form.split("</form>").next().unwrap();
        assert!(form.contains(&format!("name=\"csrf\" value=\"{token}\"")), "{form}");
    }
}

#[test]
fn no_template_turns_escaping_off() {
    fn scan(folder: &FilePath, found: &mut usize) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                scan(&path, found);
            } else {
                let text = std::fs::read_to_string(&path).unwrap();
                let squeezed: String = text.split_whitespace().collect();
                assert!(!squeezed.contains("|safe") && !squeezed.contains("{%autoescape"), "{}", path.display());
                *found += 1;
            }
        }
    }
    let mut found = 0;
    scan(&FilePath::new(env!("CARGO_MANIFEST_DIR")).join("templates"), &mut found);
    assert!(found > 20);
}
