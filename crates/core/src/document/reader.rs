use std::cell::RefCell;
use std::str::FromStr;

use super::{Diagnostics, Document, Key, Node, Place, Table, Value};

/// Reads one table: takes the keys it is asked for, and at the end reports those that nobody asked for.
#[derive(Debug)]
pub struct TableReader<'a> {
    table: &'a Table,
    /// Where a missing key is reported: the table itself.
    place: &'a Place,
    /// The table's path, such as `request.echo`; empty for the top.
    path: String,
    known: RefCell<Vec<&'static str>>,
    diagnostics: &'a Diagnostics,
}

impl<'a> TableReader<'a> {
    /// Reads the top table of a document.
    pub fn root(document: &'a Document, diagnostics: &'a Diagnostics) -> Option<Self> {
        Self::of(&document.root, String::new(), diagnostics)
    }

    /// Reads the table that `node` should be.
    pub fn of(node: &'a Node, path: String, diagnostics: &'a Diagnostics) -> Option<Self> {
        match &node.value {
            Value::Table(table) => Some(Self { table, place: &node.place, path, known: RefCell::default(), diagnostics }),
            other => {
                diagnostics.report(&node.place, format!("`{path}`: expected a table, found {}", other.kind()));
                None
            }
        }
    }

    /// Where the table stands.
    pub fn place(&self) -> &'a Place {
        self.place
    }

    /// Where mistakes go.
    pub fn diagnostics(&self) -> &'a Diagnostics {
        self.diagnostics
    }

    /// Reports a mistake about the table as a whole.
    pub fn report(&self, message: impl Into<String>) {
        self.diagnostics.report(self.place, message);
    }

    /// The value of a key, if it is there, and where.
    pub fn node(&self, key: &'static str) -> Option<&'a Node> {
        self.known.borrow_mut().push(key);
        self.table.get(key).map(|(_, node)| node)
    }

    /// Takes all entries, for tables whose keys are names of the writer's choice.
    pub fn all(&self) -> impl Iterator<Item = (&'a Key, &'a Node)> + use<'a> {
        self.table.iter()
    }

    /// Notes that a key is known here though it was not asked for.
    pub fn also_known(&self, keys: &[&'static str]) {
        self.known.borrow_mut().extend(keys);
    }

    /// A table within this one.
    pub fn table(&self, key: &'static str) -> Option<TableReader<'a>> {
        self.node(key).and_then(|node| TableReader::of(node, self.path_of(key), self.diagnostics))
    }

    /// A table that must be there.
    pub fn required_table(&self, key: &'static str) -> Option<TableReader<'a>> {
        self.required(key, "a table").and_then(|node| TableReader::of(node, self.path_of(key), self.diagnostics))
    }

    /// A text.
    pub fn text(&self, key: &'static str) -> Option<&'a str> {
        self.node(key).and_then(|node| self.as_text(key, node))
    }

    /// A text that must be there.
    pub fn required_text(&self, key: &'static str) -> Option<&'a str> {
        self.required(key, "a text").and_then(|node| self.as_text(key, node))
    }

    /// A value that is written as a text and has a grammar of its own.
    pub fn parsed<T: FromStr<Err: std::fmt::Display>>(&self, key: &'static str) -> Option<T> {
        let node = self.node(key)?;
        let text = self.as_text(key, node)?;
        text.parse().map_err(|error| self.diagnostics.report(&node.place, format!("`{}`: {error}", self.path_of(key)))).ok()
    }

    /// The same, where it must be there.
    pub fn required_parsed<T: FromStr<Err: std::fmt::Display>>(&self, key: &'static str) -> Option<T> {
        self.required(key, "a text")?;
        self.parsed(key)
    }

    /// One of a few words.
    pub fn choice<T: Copy>(&self, key: &'static str, words: &[(&'static str, T)]) -> Option<T> {
        let node = self.node(key)?;
        let text = self.as_text(key, node)?;
        self.one_of(&self.path_of(key), text, &node.place, words)
    }

    /// One of a few words, where one must be there.
    pub fn required_choice<T: Copy>(&self, key: &'static str, words: &[(&'static str, T)]) -> Option<T> {
        self.required(key, &list_words(words))?;
        self.choice(key, words)
    }

    /// What a word of a list stands for.
    pub fn one_of<T: Copy>(&self, path: &str, text: &str, place: &Place, words: &[(&'static str, T)]) -> Option<T> {
        let found = words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
        if found.is_none() {
            let nearest = nearest(text, words.iter().map(|(word, _)| *word));
            self.diagnostics.report(place, format!("`{path}`: expected {}, found {text:?}{nearest}", list_words(words)));
        }
        found
    }

    /// A whole number within bounds.
    pub fn integer(&self, key: &'static str, bounds: std::ops::RangeInclusive<i64>) -> Option<i64> {
        let node = self.node(key)?;
        match node.value {
            Value::Integer(number) if bounds.contains(&number) => Some(number),
            ref other => {
                let found = match other {
                    Value::Integer(number) => number.to_string(),
                    other => other.kind().to_owned(),
                };
                let (low, high) = (bounds.start(), bounds.end());
                let message = format!("`{}`: expected a whole number from {low} to {high}, found {found}", self.path_of(key));
                self.diagnostics.report(&node.place, message);
                None
            }
        }
    }

    /// A whole number within bounds that must be there.
    pub fn required_integer(&self, key: &'static str, bounds: std::ops::RangeInclusive<i64>) -> Option<i64> {
        self.required(key, "a whole number")?;
        self.integer(key, bounds)
    }

    /// `true` or `false`.
    pub fn boolean(&self, key: &'static str) -> Option<bool> {
        let node = self.node(key)?;
        match node.value {
            Value::Boolean(value) => Some(value),
            ref other => {
                let message = format!("`{}`: expected true or false, found {}", self.path_of(key), other.kind());
                self.diagnostics.report(&node.place, message);
                None
            }
        }
    }

    /// A list of texts, each with its place.
    pub fn texts(&self, key: &'static str) -> Option<Vec<(&'a str, &'a Place)>> {
        let node = self.node(key)?;
        let Value::Array(items) = &node.value else {
            let message = format!("`{}`: expected a list of texts, found {}", self.path_of(key), node.value.kind());
            self.diagnostics.report(&node.place, message);
            return None;
        };
        Some(items.iter().filter_map(|item| Some((self.as_text(key, item)?, &item.place))).collect())
    }

    /// A list of texts that must be there.
    pub fn required_texts(&self, key: &'static str) -> Option<Vec<(&'a str, &'a Place)>> {
        self.required(key, "a list of texts")?;
        self.texts(key)
    }

    /// A list of tables.
    pub fn tables(&self, key: &'static str) -> Option<Vec<TableReader<'a>>> {
        let node = self.node(key)?;
        let Value::Array(items) = &node.value else {
            let message = format!("`{}`: expected a list of tables, found {}", self.path_of(key), node.value.kind());
            self.diagnostics.report(&node.place, message);
            return None;
        };
        Some(items.iter().filter_map(|item| TableReader::of(item, self.path_of(key), self.diagnostics)).collect())
    }

    /// A list of tables that must be there.
    pub fn required_tables(&self, key: &'static str) -> Option<Vec<TableReader<'a>>> {
        self.required(key, "a list of tables")?;
        self.tables(key)
    }

    /// The path of a key of this table.
    pub fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    /// Reports every key that nobody asked for.
    pub fn finish(self) {
        let known = self.known.borrow();
        for (key, _) in self.table.iter().filter(|(key, _)| !known.contains(&key.name.as_str())) {
            let nearest = nearest(&key.name, known.iter().copied());
            self.diagnostics.report(&key.place, format!("`{}` is not known here{nearest}", self.path_of(&key.name)));
        }
    }

    fn required(&self, key: &'static str, expected: &str) -> Option<&'a Node> {
        let node = self.node(key);
        if node.is_none() {
            self.report(format!("`{}` is missing: expected {expected}", self.path_of(key)));
        }
        node
    }

    fn as_text(&self, key: &str, node: &'a Node) -> Option<&'a str> {
        match &node.value {
            Value::Text(text) => Some(text),
            other => {
                let message = format!("`{}`: expected a text, found {}", self.path_of(key), other.kind());
                self.diagnostics.report(&node.place, message);
                None
            }
        }
    }
}

fn list_words<T>(words: &[(&'static str, T)]) -> String {
    words.iter().map(|(word, _)| format!("{word:?}")).collect::<Vec<_>>().join(" or ")
}

/// The known name that is most like `text`, as the end of a message; nothing if none is like it.
pub fn nearest<'n>(text: &str, known: impl Iterator<Item = &'n str>) -> String {
    known
        .map(|name| (strsim::osa_distance(text, name), name))
        .filter(|(distance, name)| *distance <= 1 + name.len() / 3)
        .min()
        .map_or_else(String::new, |(_, name)| format!("; did you mean `{name}`?"))
}
