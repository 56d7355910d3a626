//! Spoils a parsed file one key at a time, for tests that try every mistake there is. Places stay as they were read.

use super::{Document, Node, Value};

/// A key of a file, by the way to it.
#[derive(Clone, Debug)]
pub(crate) struct KeyPath {
    /// Names of keys, and numbers of list items.
    steps: Vec<String>,
    /// The line of the key.
    pub(crate) line: usize,
    /// The line of the table that the key belongs to.
    pub(crate) table_line: usize,
}

impl KeyPath {
    /// Whether the path is of a pattern such as `parameters.*.max`.
    pub(crate) fn is_like(&self, pattern: &str) -> bool {
        let parts: Vec<&str> = pattern.split('.').collect();
        parts.len() == self.steps.len() && parts.iter().zip(&self.steps).all(|(part, step)| *part == "*" || part == step)
    }
}

impl std::fmt::Display for KeyPath {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(&self.steps.join("."))
    }
}

/// Every key of a file, those of inline tables and of tables in lists included.
pub(crate) fn keys(document: &Document) -> Vec<KeyPath> {
    let mut found = Vec::new();
    collect(&document.root, &[], &mut found);
    found
}

fn collect(node: &Node, way: &[String], found: &mut Vec<KeyPath>) {
    let below = |step: &str| [way, &[step.to_owned()]].concat();
    match &node.value {
        Value::Table(table) => {
            for (key, value) in table.iter() {
                let line = |place: &super::Place| place.diagnose(String::new()).line;
                let steps = below(&key.name);
                found.push(KeyPath { steps: steps.clone(), line: line(&key.place), table_line: line(&node.place) });
                collect(value, &steps, found);
            }
        }
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                collect(item, &below(&at.to_string()), found);
            }
        }
        _ => {}
    }
}

/// The file without the key.
pub(crate) fn delete(document: &Document, path: &KeyPath) -> Document {
    edit(document, path, |entries, at| {
        entries.remove(at);
    })
}

/// The file with the key misspelt.
pub(crate) fn misspell(document: &Document, path: &KeyPath) -> Document {
    edit(document, path, |entries, at| entries[at].0.name.push('x'))
}

/// The file with a value of another kind behind the key.
pub(crate) fn retype(document: &Document, path: &KeyPath) -> Document {
    edit(document, path, |entries, at| {
        let value = &mut entries[at].1.value;
        *value = match value {
            Value::Integer(_) | Value::Boolean(_) => Value::Text("x".to_owned()),
            _ => Value::Boolean(true),
        };
    })
}

fn edit(document: &Document, path: &KeyPath, change: impl FnOnce(&mut Vec<(super::Key, Node)>, usize)) -> Document {
    let mut edited = document.clone();
    let (last, way) = path.steps.split_last().unwrap();
    let mut node = &mut edited.root;
    for step in way {
        node = match &mut node.value {
            Value::Table(table) => &mut table.entries.iter_mut().find(|(key, _)| key.name == *step).unwrap().1,
            Value::Array(items) => &mut items[step.parse::<usize>().unwrap()],
            _ => panic!("{path} leads nowhere"),
        };
    }
    let Value::Table(table) = &mut node.value else { panic!("{path} is no key") };
    let at = table.entries.iter().position(|(key, _)| key.name == *last).unwrap();
    change(&mut table.entries, at);
    edited
}
