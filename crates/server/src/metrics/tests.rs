use std::collections::BTreeSet;

use super::{FAMILIES, Kind, reference};

#[test]
fn names_are_in_the_formats_grammar_and_end_as_its_users_expect() {
    let mut seen = BTreeSet::new();
    for family in FAMILIES {
        assert!(seen.insert(family.name), "{} is there twice", family.name);
        assert!(family.name.starts_with("mintmark_") || family.name.starts_with("process_"), "{}", family.name);
        assert!(family.name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{}", family.name);
        assert_eq!(family.name.ends_with("_total"), family.kind == Kind::Counter, "{}", family.name);
        assert!(family.kind != Kind::Histogram || family.name.ends_with("_seconds"), "{}", family.name);
        assert!(family.help.ends_with('.'), "{}", family.name);
        let forbidden = ["client", "client_id", "tenant", "business", "source", "credential", "le", "job", "instance"];
        assert!(!family.labels.iter().any(|label| forbidden.contains(label)), "{}", family.name);
    }
}

#[test]
fn the_documentation_lists_every_metric_as_it_is() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/observability.md");
    let text = std::fs::read_to_string(path).unwrap();
    assert!(text.contains(&reference()), "docs/observability.md has another table than this one:\n{}", reference());
}
