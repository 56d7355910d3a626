//! Pages lead to pages that are there, and the book has all of them.

use std::fs;

use super::page;
use crate::foreign::tools::repository;

/// The places that a page's links lead to: `](PLACE)`, outside of code.
fn links(text: &str) -> Vec<&str> {
    let mut in_code = false;
    let mut found = Vec::new();
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
        }
        if !in_code {
            found.extend(line.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(place, _)| place));
        }
    }
    found
}

/// Whether a page's link goes up further than the folder of the documentation.
fn leaves_the_site(page: &str, file: &str) -> bool {
    file.matches("../").count() >= page.matches('/').count()
}

#[test]
fn every_link_of_a_page_leads_to_a_file_that_is_there() {
    let mut broken = Vec::new();
    for page in page::all() {
        let folder = repository().join(&page.name).parent().unwrap().to_owned();
        let own = |place: &&str| !place.contains("://") && !place.starts_with('#') && !place.starts_with("mailto:");
        for place in links(&page.text).into_iter().filter(own) {
            let file = place.split_once('#').map_or(place, |(file, _)| file);
            if !folder.join(file).exists() {
                broken.push(format!("{}: {place}", page.name));
            }
            // The site is made of this folder alone.
            if page.name.starts_with("docs/") && leaves_the_site(&page.name, file) {
                broken.push(format!("{}: {place} is not part of the site", page.name));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn the_book_has_every_page_of_the_documentation_once() {
    let summary = fs::read_to_string(repository().join("docs/SUMMARY.md")).unwrap();
    let mut listed: Vec<String> = links(&summary).into_iter().map(|place| format!("docs/{place}")).collect();
    listed.sort();
    let there = page::all().into_iter().map(|page| page.name);
    let mut pages: Vec<String> = there.filter(|name| name.starts_with("docs/") && name != "docs/SUMMARY.md").collect();
    pages.sort();
    assert_eq!(listed, pages);
}
