//! An OpenAPI document: local references are followed, others refused (rule S21), and `allOf` is one schema.

use std::borrow::Cow;

use crate::drafting::tree::Tree;

/// A chain of references is at most so long.
const MAX_HOPS: usize = 32;
/// `allOf` nests at most so deep.
const MAX_MERGES: usize = 16;

#[derive(Clone, Copy)]
pub(super) struct Document<'t> {
    pub(super) root: &'t Tree,
}

impl<'t> Document<'t> {
    pub(super) fn new(root: &'t Tree) -> Result<Self, String> {
        let version = root.get("openapi").map(|value| value.text().map_or_else(|| value.to_json(), str::to_owned));
        match version {
            Some(version) if version.starts_with("3.") => Ok(Self { root }),
            Some(version) => Err(format!("expected OpenAPI 3.0 or 3.1, found {version:?}")),
            None if root.get("swagger").is_some() => {
                Err("expected OpenAPI 3.0 or 3.1, found Swagger 2.0; convert it first".to_owned())
            }
            None => Err("expected an OpenAPI document: a key `openapi` with the version".to_owned()),
        }
    }

    pub(super) fn version(self) -> &'t str {
        self.root.text_of("openapi").unwrap_or("3")
    }

    /// The title, and the title with the version.
    pub(super) fn titles(self) -> (String, String) {
        let info = |key| self.root.at(&["info", key]).and_then(Tree::text).unwrap_or_default().trim();
        (info("title").to_owned(), [info("title"), info("version")].join(" ").trim().to_owned())
    }

    /// What stands at the end of a value's references; the value itself if one leads nowhere.
    pub(super) fn follow(self, tree: &'t Tree) -> &'t Tree {
        let mut current = tree;
        for _ in 0..MAX_HOPS {
            let Some(target) = current.text_of("$ref").and_then(|reference| self.target(reference)) else { return current };
            current = target;
        }
        // A circle: nothing is at its end.
        &Tree::Null
    }

    /// Only what is in this document: nothing is ever fetched.
    fn target(self, reference: &str) -> Option<&'t Tree> {
        let pointer = reference.strip_prefix('#')?;
        let mut current = self.root;
        for part in pointer.split('/').skip(1) {
            let decoded = percent_encoding::percent_decode_str(part).decode_utf8().unwrap_or(Cow::Borrowed(part));
            let key = decoded.replace("~1", "/").replace("~0", "~");
            current = match current {
                Tree::List(items) => items.get(key.parse::<usize>().ok()?)?,
                other => other.get(&key)?,
            };
        }
        Some(current)
    }

    /// The value of a key, its references followed.
    pub(super) fn get(self, tree: &'t Tree, key: &str) -> Option<&'t Tree> {
        tree.get(key).map(|value| self.follow(value))
    }

    /// The references to other files that stand below a value.
    pub(super) fn foreign_references(tree: &'t Tree, found: &mut Vec<String>) {
        match tree {
            Tree::Map(entries) => {
                for (key, value) in entries {
                    match value.text() {
                        Some(reference) if key == "$ref" && !reference.starts_with('#') => found.push(reference.to_owned()),
                        _ => Self::foreign_references(value, found),
                    }
                }
            }
            Tree::List(items) => items.iter().for_each(|item| Self::foreign_references(item, found)),
            _ => {}
        }
    }

    /// A schema as one object: references followed, `allOf` merged, of `anyOf` and `oneOf` the first that is not null.
    pub(super) fn schema(self, tree: &'t Tree) -> Schema<'t> {
        let mut schema = Schema::default();
        self.merge(tree, &mut schema, 0);
        schema
    }

    fn merge(self, tree: &'t Tree, schema: &mut Schema<'t>, depth: usize) {
        if depth > MAX_MERGES {
            return;
        }
        // What stands beside a reference counts as well, and first (OpenAPI 3.1).
        schema.layers.push(tree);
        let target = self.follow(tree);
        if !std::ptr::eq(target, tree) {
            return self.merge(target, schema, depth + 1);
        }
        for part in tree.get("allOf").map(Tree::items).unwrap_or_default() {
            self.merge(part, schema, depth + 1);
        }
        for choice in ["anyOf", "oneOf"] {
            let choices = tree.get(choice).map(Tree::items).unwrap_or_default();
            let is_null = |part: &Tree| self.follow(part).text_of("type") == Some("null");
            if let Some(part) = choices.iter().find(|part| !is_null(part)) {
                self.merge(part, schema, depth + 1);
            }
        }
    }
}

/// A schema, the layers that say something about it.
#[derive(Default)]
pub(super) struct Schema<'t> {
    layers: Vec<&'t Tree>,
}

impl<'t> Schema<'t> {
    /// The first value of a key.
    pub(super) fn get(&self, key: &str) -> Option<&'t Tree> {
        self.layers.iter().find_map(|layer| layer.get(key))
    }

    /// The type, `null` apart.
    pub(super) fn kind(&self) -> &'t str {
        let kind = self.get("type").and_then(|kind| match kind {
            Tree::List(kinds) => kinds.iter().filter_map(Tree::text).find(|kind| *kind != "null"),
            kind => kind.text(),
        });
        kind.unwrap_or(if self.properties().is_empty() { "" } else { "object" })
    }

    /// The properties of all layers, in order.
    pub(super) fn properties(&self) -> Vec<(&'t str, &'t Tree)> {
        let mut properties: Vec<(&str, &Tree)> = Vec::new();
        for layer in &self.layers {
            for (name, value) in layer.get("properties").map(Tree::entries).unwrap_or_default() {
                if !properties.iter().any(|(known, _)| known == name) {
                    properties.push((name, value));
                }
            }
        }
        properties
    }

    /// Whether a property must be there.
    pub(super) fn requires(&self, name: &str) -> bool {
        let mut required = self.layers.iter().filter_map(|layer| layer.get("required")).flat_map(Tree::items);
        required.any(|item| item.text() == Some(name))
    }

    pub(super) fn description(&self) -> &'t str {
        self.get("description").or_else(|| self.get("title")).and_then(Tree::text).unwrap_or_default()
    }

    /// An example that the schema shows.
    pub(super) fn example(&self) -> Option<&'t Tree> {
        self.get("example").or_else(|| self.get("examples").and_then(|examples| examples.items().first()))
    }
}
