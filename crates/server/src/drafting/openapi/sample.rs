//! A value that a schema describes: keys in their order, texts empty where the schema shows no value.

use std::collections::BTreeMap;

use super::document::Document;
use crate::drafting::meaning::plain;
use crate::drafting::secrecy::is_secret_name;
use crate::drafting::tree::Tree;

/// A sample nests at most so deep; a schema that contains itself ends there.
const MAX_DEPTH: usize = 8;
/// A sample has at most so many values.
const MAX_VALUES: usize = 500;

/// A sample, with what the schema says of its values.
pub(super) struct Sample {
    pub(super) tree: Tree,
    pub(super) told: BTreeMap<Vec<String>, String>,
}

/// The sample of a schema.
pub(super) fn sample(document: Document<'_>, schema: &Tree) -> Sample {
    let mut maker = Maker { document, told: BTreeMap::new(), left: MAX_VALUES };
    let tree = maker.value(schema, &mut Vec::new());
    Sample { tree, told: maker.told }
}

struct Maker<'t> {
    document: Document<'t>,
    told: BTreeMap<Vec<String>, String>,
    left: usize,
}

impl<'t> Maker<'t> {
    fn value(&mut self, tree: &'t Tree, path: &mut Vec<String>) -> Tree {
        let schema = self.document.schema(tree);
        self.left = self.left.saturating_sub(1);
        if path.len() > MAX_DEPTH || self.left == 0 {
            return Tree::Null;
        }
        self.told.insert(path.clone(), schema.description().to_owned());
        let is_secret = path.last().is_some_and(|key| is_secret_name(key));
        let shown = schema.get("const").or_else(|| schema.example()).or_else(|| schema.get("default"));
        let shown = shown.or_else(|| schema.get("enum").and_then(|values| values.items().first()));
        if let Some(shown) = shown.filter(|_| !is_secret) {
            return shown.clone();
        }
        match schema.kind() {
            "object" => {
                let mut entries = Vec::new();
                for (name, property) in schema.properties() {
                    // An answer to client credentials has no refresh token (RFC 6749 section 4.4.3).
                    if matches!(plain(name).as_str(), "refreshtoken" | "idtoken") && !schema.requires(name) {
                        continue;
                    }
                    path.push(name.to_owned());
                    entries.push((name.to_owned(), self.value(property, path)));
                    path.pop();
                }
                Tree::Map(entries)
            }
            "array" => {
                path.push("[]".to_owned());
                let item = schema.get("items").map(|items| self.value(items, path));
                path.pop();
                Tree::List(item.into_iter().collect())
            }
            "integer" | "number" => Tree::Number(0.into()),
            "boolean" => Tree::Bool(false),
            "string" => Tree::Text(String::new()),
            _ => Tree::Null,
        }
    }
}
