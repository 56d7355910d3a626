//! JSON text with the places of its values, so that a template keeps the spacing and the order of what it is made from.

use std::fmt;
use std::ops::Range;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::tree::Tree;

/// A body nests at most so deep.
const MAX_DEPTH: usize = 32;
/// A body has at most so many values.
const MAX_LEAVES: usize = 2000;

/// A value that is neither an object nor a list with something in it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Leaf {
    /// The keys on the way to it; `[]` for an item of a list.
    pub(crate) path: Vec<String>,
    /// The keys beside it.
    pub(crate) keys: Vec<String>,
    /// Where it is in the text.
    pub(crate) range: Range<usize>,
    pub(crate) value: Tree,
}

impl Leaf {
    /// The nearest key above it.
    pub(crate) fn key(&self) -> &str {
        self.path.iter().rev().find(|key| *key != "[]").map_or("", String::as_str)
    }
}

/// All values of a JSON text, in their order.
pub(crate) fn leaves(text: &str) -> Result<Vec<Leaf>, String> {
    let root: &RawValue = serde_json::from_str(text).map_err(|error| format!("this is not JSON: {error}"))?;
    let mut walk = Walk { start: text.as_ptr() as usize, leaves: Vec::new() };
    walk.value(root, &mut Vec::new(), &[])?;
    Ok(walk.leaves)
}

struct Walk {
    start: usize,
    leaves: Vec<Leaf>,
}

impl Walk {
    fn value(&mut self, raw: &RawValue, path: &mut Vec<String>, keys: &[String]) -> Result<(), String> {
        if path.len() > MAX_DEPTH || self.leaves.len() > MAX_LEAVES {
            return Err(format!("expected at most {MAX_LEAVES} values, {MAX_DEPTH} levels deep"));
        }
        let text = raw.get();
        let failed = |error: serde_json::Error| format!("this is not JSON: {error}");
        match text.as_bytes().first() {
            Some(b'{') => {
                let Entries(entries) = serde_json::from_str(text).map_err(failed)?;
                let own: Vec<String> = entries.iter().map(|(key, _)| key.clone()).collect();
                for (key, value) in &entries {
                    path.push(key.clone());
                    self.value(value, path, &own)?;
                    path.pop();
                }
                if entries.is_empty() {
                    self.leaf(text, path, keys, Tree::Map(Vec::new()));
                }
            }
            Some(b'[') => {
                let items: Vec<&RawValue> = serde_json::from_str(text).map_err(failed)?;
                path.push("[]".to_owned());
                for item in &items {
                    self.value(item, path, keys)?;
                }
                path.pop();
                if items.is_empty() {
                    self.leaf(text, path, keys, Tree::List(Vec::new()));
                }
            }
            _ => {
                let value: serde_json::Value = serde_json::from_str(text).map_err(failed)?;
                self.leaf(text, path, keys, scalar(value));
            }
        }
        Ok(())
    }

    fn leaf(&mut self, text: &str, path: &[String], keys: &[String], value: Tree) {
        // A raw value borrows from the text, so the difference of their addresses is its place.
        let at = (text.as_ptr() as usize).saturating_sub(self.start);
        self.leaves.push(Leaf { path: path.to_vec(), keys: keys.to_vec(), range: at..at + text.len(), value });
    }
}

fn scalar(value: serde_json::Value) -> Tree {
    match value {
        serde_json::Value::Bool(value) => Tree::Bool(value),
        serde_json::Value::Number(number) => Tree::Number(number),
        serde_json::Value::String(text) => Tree::Text(text),
        _ => Tree::Null,
    }
}

/// The entries of an object, in order.
struct Entries<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Entries<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object<'a>(std::marker::PhantomData<&'a ()>);
        impl<'de: 'a, 'a> Visitor<'de> for Object<'a> {
            type Value = Entries<'a>;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Entries<'a>, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = access.next_entry::<String, &'a RawValue>()? {
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }
        }
        deserializer.deserialize_map(Object(std::marker::PhantomData))
    }
}

/// The text with some of its values replaced; what stays is written so that a template takes it literally.
pub(super) fn template(text: &str, leaves: &[Leaf], replace: impl FnMut(&Leaf) -> Option<String>) -> String {
    splice(text, leaves, literal, replace)
}

/// The text with some of its values replaced.
pub(crate) fn replaced(text: &str, leaves: &[Leaf], replace: impl FnMut(&Leaf) -> Option<String>) -> String {
    splice(text, leaves, str::to_owned, replace)
}

fn splice(
    text: &str,
    leaves: &[Leaf],
    keep: impl Fn(&str) -> String,
    mut replace: impl FnMut(&Leaf) -> Option<String>,
) -> String {
    let mut out = String::new();
    let mut at = 0;
    for leaf in leaves {
        if let Some(piece) = replace(leaf) {
            out.push_str(&keep(text.get(at..leaf.range.start).unwrap_or_default()));
            out.push_str(&piece);
            at = leaf.range.end;
        }
    }
    out.push_str(&keep(text.get(at..).unwrap_or_default()));
    out
}

/// A text as a template has it.
pub(super) fn literal(text: &str) -> String {
    text.replace('<', "<<")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_keeps_spacing_and_order() {
        let text = "{ \"b\": \"x\",\n  \"a\" : [{\"c\": 1}, {\"c\":<}], \"d\": {} }".replace("<}", "\"<\"}");
        let leaves = leaves(&text).unwrap();
        let paths: Vec<String> = leaves.iter().map(|leaf| leaf.path.join(".")).collect();
        assert_eq!(paths, ["b", "a.[].c", "a.[].c", "d"]);
        assert_eq!(leaves[1].key(), "c");
        let made = template(&text, &leaves, |leaf| (leaf.key() == "b").then(|| "<b>".to_owned()));
        assert_eq!(made, "{ \"b\": <b>,\n  \"a\" : [{\"c\": 1}, {\"c\":\"<<\"}], \"d\": {} }");
    }

    #[test]
    fn what_is_too_much_is_refused() {
        assert!(leaves(&format!("{}{}", "[".repeat(40), "]".repeat(40))).is_err());
        assert!(leaves("{").is_err());
    }
}
