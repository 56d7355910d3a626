//! A YAML or JSON document as a tree that keeps the order of its keys, read within limits.
//!
//! A description comes from somebody else, so a small file must not become a large tree: aliases, depth, nodes and bytes are counted.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::Number;

/// A document is at most this large, in bytes.
pub const MAX_DOCUMENT: u64 = 16 * 1024 * 1024;
/// It nests at most so deep.
const MAX_DEPTH: usize = 100;
/// It has at most so many values.
const MAX_NODES: usize = 1_000_000;

/// A value of a document.
#[derive(Clone, Debug, PartialEq)]
pub enum Tree {
    /// Nothing.
    Null,
    /// A truth value.
    Bool(bool),
    /// A number.
    Number(Number),
    /// A text.
    Text(String),
    /// A list.
    List(Vec<Tree>),
    /// An object, in the order of the document.
    Map(Vec<(String, Tree)>),
}

impl Tree {
    /// Reads a document: JSON where it begins like an object, YAML otherwise.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.len() as u64 > MAX_DOCUMENT {
            return Err(format!("expected at most {MAX_DOCUMENT} bytes"));
        }
        let left = Cell::new(MAX_NODES);
        let seed = Seed { left: &left, depth: 0 };
        if text.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']).starts_with('{') {
            let mut reader = serde_json::Deserializer::from_str(text.trim_start_matches('\u{feff}'));
            let tree = seed.deserialize(&mut reader).map_err(|error| format!("this is not JSON: {error}"))?;
            reader.end().map_err(|error| format!("this is not JSON: {error}"))?;
            return Ok(tree);
        }
        let options = serde_saphyr::options! {
            budget: serde_saphyr::budget! {
                max_nodes: MAX_NODES,
                max_events: 3 * MAX_NODES,
                max_depth: MAX_DEPTH,
                max_documents: 1,
            },
            with_snippet: false,
        };
        serde_saphyr::with_deserializer_from_str_with_options(text, options, |reader| seed.deserialize(reader))
            .map_err(|error| format!("this is not YAML, or too much of it: {error}"))
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&Tree> {
        self.entries().iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }

    /// The value at the end of some keys.
    pub fn at(&self, keys: &[&str]) -> Option<&Tree> {
        keys.iter().try_fold(self, |tree, key| tree.get(key))
    }

    /// The entries of an object; none of anything else.
    pub fn entries(&self) -> &[(String, Tree)] {
        match self {
            Tree::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The items of a list; none of anything else.
    pub fn items(&self) -> &[Tree] {
        match self {
            Tree::List(items) => items,
            _ => &[],
        }
    }

    /// A text.
    pub fn text(&self) -> Option<&str> {
        match self {
            Tree::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A whole number.
    pub fn integer(&self) -> Option<i64> {
        match self {
            Tree::Number(number) => number.as_i64(),
            _ => None,
        }
    }

    /// The text of a key.
    pub fn text_of(&self, key: &str) -> Option<&str> {
        self.get(key).and_then(Tree::text)
    }

    /// Whether a key says yes.
    pub fn is_set(&self, key: &str) -> bool {
        self.get(key) == Some(&Tree::Bool(true))
    }

    /// As JSON without blanks.
    pub fn to_json(&self) -> String {
        let mut out = String::new();
        self.write_json(&mut out);
        out
    }

    fn write_json(&self, out: &mut String) {
        match self {
            Tree::Null => out.push_str("null"),
            Tree::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            Tree::Number(number) => out.push_str(&number.to_string()),
            Tree::Text(text) => out.push_str(&json_text(text)),
            Tree::List(items) => {
                write_all(out, ('[', ']'), items, Tree::write_json);
            }
            Tree::Map(entries) => write_all(out, ('{', '}'), entries, |(key, value), out| {
                out.push_str(&json_text(key));
                out.push(':');
                value.write_json(out);
            }),
        }
    }
}

fn write_all<T>(out: &mut String, (open, close): (char, char), items: &[T], write: impl Fn(&T, &mut String)) {
    out.push(open);
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        write(item, out);
    }
    out.push(close);
}

/// A text as JSON.
pub(super) fn json_text(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Reads one value, and counts.
#[derive(Clone, Copy)]
struct Seed<'a> {
    left: &'a Cell<usize>,
    depth: usize,
}

impl Seed<'_> {
    fn inner<E: serde::de::Error>(self) -> Result<Self, E> {
        if self.depth == MAX_DEPTH {
            return Err(E::custom(format!("it nests deeper than {MAX_DEPTH} levels")));
        }
        Ok(Self { depth: self.depth + 1, ..self })
    }

    fn count<E: serde::de::Error>(self) -> Result<(), E> {
        let left = self.left.get().checked_sub(1);
        self.left.set(left.ok_or_else(|| E::custom(format!("it has more than {MAX_NODES} values")))?);
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Tree;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Tree, D::Error> {
        self.count()?;
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Tree;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Tree, E> {
        Ok(Tree::Null)
    }

    fn visit_none<E>(self) -> Result<Tree, E> {
        Ok(Tree::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Tree, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Tree, E> {
        Ok(Tree::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Tree, E> {
        Ok(Tree::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Tree, E> {
        Ok(Tree::Number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Tree, E> {
        Ok(Number::from_f64(value).map_or(Tree::Null, Tree::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Tree, E> {
        Ok(Tree::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Tree, A::Error> {
        let inner = self.inner()?;
        let mut items = Vec::new();
        while let Some(item) = access.next_element_seed(inner)? {
            items.push(item);
        }
        Ok(Tree::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Tree, A::Error> {
        let inner = self.inner()?;
        let mut entries = Vec::new();
        while let Some(key) = access.next_key::<String>()? {
            if key.len() > 4096 {
                return Err(A::Error::custom("a key is longer than 4096 bytes"));
            }
            entries.push((key, access.next_value_seed(inner)?));
        }
        Ok(Tree::Map(entries))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yaml_and_json_give_the_same_tree_in_order() {
        let yaml = "b: 1\na:\n  '200': [x, null, true, 1.5]\n  404: 'no'\n";
        let json = r#" {"b":1,"a":{"200":["x",null,true,1.5],"404":"no"}}"#;
        let tree = Tree::parse(yaml).unwrap();
        assert_eq!(tree, Tree::parse(json).unwrap());
        assert_eq!(tree.to_json(), json.trim());
        assert_eq!(tree.at(&["a", "404"]).and_then(Tree::text), Some("no"));
    }

    #[test]
    fn small_files_do_not_become_large_trees() {
        let mut bomb = "a: &a [x,x,x,x,x,x,x,x,x,x]\n".to_owned();
        for (this, before) in ["b", "c", "d", "e", "f", "g", "h", "i"].iter().zip(["a", "b", "c", "d", "e", "f", "g", "h"]) {
            bomb = format!("{bomb}{this}: &{this} [{}]\n", vec![format!("*{before}"); 10].join(","));
        }
        assert!(Tree::parse(&bomb).is_err());
        assert!(Tree::parse(&format!("a: {}{}", "[".repeat(500), "]".repeat(500))).is_err());
        assert!(Tree::parse(&format!("{{\"a\":{}{}}}", "[".repeat(120), "]".repeat(120))).is_err());
        assert!(Tree::parse(&format!("{{\"a\":[0{}]}}", ",0".repeat(MAX_NODES))).is_err());
    }

    #[test]
    fn what_is_neither_is_refused_in_words() {
        assert!(Tree::parse("{\"a\":").unwrap_err().contains("JSON"));
        assert!(Tree::parse("a: b: c").unwrap_err().contains("YAML"));
        assert!(Tree::parse("a: &x [*x]").is_err(), "an alias of itself");
    }
}
