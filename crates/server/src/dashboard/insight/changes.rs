//! What differs between two states of an object, as people read it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::dashboard::views::insight::ChangedField;

/// How much of a value is shown, in characters; the export has all of it.
const VALUE: usize = 300;
/// How many fields of a change are shown.
const FIELDS: usize = 60;
/// How deep a document is looked into for fields.
const DEPTH: usize = 4;

/// The fields that differ between two states: all of them where there is only one.
pub(super) fn changed(before: Option<&Value>, after: Option<&Value>) -> Vec<ChangedField> {
    let (mut old, mut new) = (BTreeMap::new(), BTreeMap::new());
    if let Some(before) = before {
        flatten("", before, DEPTH, &mut old);
    }
    if let Some(after) = after {
        flatten("", after, DEPTH, &mut new);
    }
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let differing = names.into_iter().filter(|name| old.get(*name) != new.get(*name));
    let field = |name: &String| ChangedField {
        name: name.clone(),
        before: old.get(name).map(|text| cut(text)),
        after: new.get(name).map(|text| cut(text)),
    };
    differing.take(FIELDS).map(field).collect()
}

/// The values of a document by their paths. A list is one value.
fn flatten(path: &str, value: &Value, depth: usize, found: &mut BTreeMap<String, String>) {
    match value {
        Value::Object(members) if depth > 0 => {
            for (name, member) in members {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                flatten(&path, member, depth - 1, found);
            }
        }
        Value::Null => {}
        Value::Number(number) if path.ends_with("_at") => {
            let at = number.as_i64().and_then(|at| jiff::Timestamp::from_second(at).ok());
            found.insert(path.to_owned(), at.map_or_else(|| number.to_string(), |at| at.to_string()));
        }
        Value::String(text) => drop(found.insert(path.to_owned(), text.clone())),
        other => drop(found.insert(path.to_owned(), other.to_string())),
    }
}

fn cut(text: &str) -> String {
    let mut cut: String = text.chars().take(VALUE).collect();
    if cut.len() < text.len() {
        cut.push('…');
    }
    cut
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_change_tells_the_fields_that_differ() {
        let before = json!({ "name": "a", "status": "active", "grants": [{ "scopes": ["x"] }], "limits": { "sources": null } });
        let after = json!({ "name": "a", "status": "disabled", "grants": [], "limits": { "sources": "192.0.2.0/24" } });
        let told = changed(Some(&before), Some(&after));
        let told: Vec<_> =
            told.iter().map(|field| (field.name.as_str(), field.before.as_deref(), field.after.as_deref())).collect();
        assert_eq!(
            told,
            [
                ("grants", Some("[{\"scopes\":[\"x\"]}]"), Some("[]")),
                ("limits.sources", None, Some("192.0.2.0/24")),
                ("status", Some("active"), Some("disabled")),
            ]
        );
        assert_eq!(changed(None, Some(&after)).len(), 4, "of something new every field is told");
        let dated = changed(None, Some(&json!({ "expires_at": 1_800_000_000, "count": 7 })));
        assert_eq!(dated[1].after.as_deref(), Some("2027-01-15T08:00:00Z"));
    }

    #[test]
    fn a_document_of_any_depth_and_length_is_cut() {
        let deep = (0..100).fold(json!("x".repeat(1000)), |value, _| json!({ "a": value }));
        let told = changed(None, Some(&deep));
        assert_eq!((told.len(), told[0].name.as_str()), (1, "a.a.a.a"));
        assert!(told[0].after.as_ref().unwrap().chars().count() <= VALUE + 1);
        let wide: Value =
            (0..500).map(|number| (format!("f{number}"), json!(number))).collect::<serde_json::Map<_, _>>().into();
        assert_eq!(changed(None, Some(&wide)).len(), FIELDS);
    }
}
