use std::sync::Arc;

use super::*;

fn parse(text: &str) -> (Option<Document>, Diagnostics) {
    let diagnostics = Diagnostics::default();
    let source = Arc::new(Source { name: "test.toml".to_owned(), text: text.to_owned() });
    (Document::parse(&source, &diagnostics), diagnostics)
}

fn mistakes(text: &str, read: impl Fn(&TableReader<'_>)) -> Vec<String> {
    let (document, diagnostics) = parse(text);
    if let Some(document) = document {
        let reader = TableReader::root(&document, &diagnostics).unwrap();
        read(&reader);
        reader.finish();
    }
    diagnostics.into_sorted().iter().map(ToString::to_string).collect()
}

#[test]
fn an_unknown_key_names_the_nearest_known_one() {
    let found = mistakes("# first\npaht = \"/\"\nx = 1\n", |reader| {
        reader.text("path");
    });
    assert_eq!(
        found,
        ["test.toml:2:1: `paht` is not known here; did you mean `path`?", "test.toml:3:1: `x` is not known here"]
    );
}

#[test]
fn a_value_of_another_kind_is_placed_at_the_value() {
    let found = mistakes("[route]\npath = 5", |reader| {
        let route = reader.required_table("route").unwrap();
        route.required_text("path");
        route.required_text("method");
    });
    assert_eq!(
        found,
        [
            "test.toml:1:1: `route.method` is missing: expected a text",
            "test.toml:2:8: `route.path`: expected a text, found a whole number"
        ]
    );
}

#[test]
fn columns_count_characters() {
    let found = mistakes("a = { \"ä\" = \"ü\", b = true }", |reader| {
        let table = reader.table("a").unwrap();
        table.text("ä");
        table.text("b");
        table.finish();
    });
    assert_eq!(found, ["test.toml:1:22: `a.b`: expected a text, found true or false"]);
}

#[test]
fn what_is_not_toml_is_placed() {
    let found = mistakes("a = 1\nb = = 2\n", |_| {});
    assert!(found[0].starts_with("test.toml:2:5: this is not TOML:"), "{found:?}");
}

#[test]
fn an_overlay_merges_tables_and_replaces_the_rest() {
    let (base, _) = parse("[a]\nx = 1\ny = [1, 2]\n");
    let (over, diagnostics) = parse("a.y = [3]\nb = \"new\"\n");
    let merged = base.unwrap().overlaid_with(&over.unwrap());
    let reader = TableReader::root(&merged, &diagnostics).unwrap();
    assert_eq!(reader.text("b"), Some("new"));
    let a = reader.table("a").unwrap();
    assert_eq!(a.integer("x", 0..=9), Some(1));
    assert!(matches!(&a.node("y").unwrap().value, Value::Array(items) if items.len() == 1));
}
