use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Diagnostic, Diagnostics};

/// A text that places point into.
#[derive(Debug)]
pub struct Source {
    /// The file's name, for people.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// A stretch of a source.
#[derive(Clone)]
pub struct Place {
    source: Arc<Source>,
    span: Range<usize>,
}

impl fmt::Debug for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{:?}", self.source.name, self.span)
    }
}

impl Place {
    /// Turns a message into a diagnostic for this place.
    pub fn diagnose(&self, message: String) -> Diagnostic {
        let before = self.source.text.get(..self.span.start).unwrap_or(&self.source.text);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Diagnostic {
            file: self.source.name.clone(),
            line: before.matches('\n').count() + 1,
            column: before.get(line_start..).unwrap_or_default().chars().count() + 1,
            message,
        }
    }

    /// The file's name.
    pub fn file(&self) -> &str {
        &self.source.name
    }
}

/// A key and where it stands.
#[derive(Clone, Debug)]
pub struct Key {
    /// The key.
    pub name: String,
    /// Where it stands.
    pub place: Place,
}

/// A value and where it stands.
#[derive(Clone, Debug)]
pub struct Node {
    /// Where it stands.
    pub place: Place,
    /// The value.
    pub value: Value,
}

/// A value.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "TOML's kinds of values")]
pub enum Value {
    Text(String),
    Integer(i64),
    Boolean(bool),
    Array(Vec<Node>),
    Table(Table),
    /// A float or a date, which no file of ours uses.
    Other(&'static str),
}

/// A table: its entries in the order of the file.
#[derive(Clone, Debug, Default)]
pub struct Table {
    entries: Vec<(Key, Node)>,
}

/// A whole file.
#[derive(Clone, Debug)]
pub struct Document {
    /// The top table.
    pub root: Node,
}

impl Document {
    /// Reads a file. Syntax mistakes go to `diagnostics`, all of them.
    pub fn parse(source: &Arc<Source>, diagnostics: &Diagnostics) -> Option<Self> {
        let (table, errors) = DeTable::parse_recoverable(&source.text);
        if errors.is_empty() {
            let span = table.span();
            let value = Value::Table(convert_table(source, table.into_inner()));
            return Some(Self { root: Node { place: Place { source: Arc::clone(source), span }, value } });
        }
        diagnostics.extend(errors.iter().map(|error| {
            let place = Place { source: Arc::clone(source), span: error.span().unwrap_or(0..0) };
            place.diagnose(format!("this is not TOML: {}", error.message()))
        }));
        None
    }

    /// Lays `over` over this document: its tables merge, key by key, and every other value replaces what was there.
    #[must_use]
    pub fn overlaid_with(mut self, over: &Document) -> Self {
        overlay(&mut self.root, &over.root);
        self
    }

    /// The keys of a table of the top one.
    pub fn keys_of(&self, table: &str) -> impl Iterator<Item = &str> {
        let table = match &self.root.value {
            Value::Table(root) => root.get(table).and_then(|(_, node)| match &node.value {
                Value::Table(table) => Some(table),
                _ => None,
            }),
            _ => None,
        };
        table.into_iter().flat_map(Table::iter).map(|(key, _)| key.name.as_str())
    }

    /// Takes out an entry of the document itself, such as `name`.
    pub fn remove_top(&mut self, key: &str) {
        if let Value::Table(root) = &mut self.root.value {
            root.entries.retain(|(known, _)| known.name != key);
        }
    }

    /// Takes out an entry of a table, such as `route`, `owns`.
    pub fn remove(&mut self, table: &str, key: &str) {
        if let Value::Table(root) = &mut self.root.value
            && let Some((_, Node { value: Value::Table(table), .. })) =
                root.entries.iter_mut().find(|(known, _)| known.name == table)
        {
            table.entries.retain(|(known, _)| known.name != key);
        }
    }
}

impl Table {
    /// The entries in the order of the file.
    pub fn iter(&self) -> impl Iterator<Item = (&Key, &Node)> {
        self.entries.iter().map(|(key, node)| (key, node))
    }

    /// The value of a key.
    pub fn get(&self, name: &str) -> Option<(&Key, &Node)> {
        self.iter().find(|(key, _)| key.name == name)
    }
}

impl Value {
    /// What the value is, for people.
    pub fn kind(&self) -> &'static str {
        match self {
            Value::Text(_) => "a text",
            Value::Integer(_) => "a whole number",
            Value::Boolean(_) => "true or false",
            Value::Array(_) => "a list",
            Value::Table(_) => "a table",
            Value::Other(kind) => kind,
        }
    }
}

fn overlay(base: &mut Node, over: &Node) {
    match (&mut base.value, &over.value) {
        (Value::Table(base_table), Value::Table(over_table)) => {
            // From here on the table is the overlaying file's: what it lacks is reported there.
            base.place = over.place.clone();
            for (key, node) in &over_table.entries {
                match base_table.entries.iter_mut().find(|(known, _)| known.name == key.name) {
                    Some((known, value)) => {
                        *known = key.clone();
                        overlay(value, node);
                    }
                    None => base_table.entries.push((key.clone(), node.clone())),
                }
            }
        }
        _ => *base = over.clone(),
    }
}

fn convert_table(source: &Arc<Source>, table: DeTable<'_>) -> Table {
    let entries = table.into_iter().map(|(key, value)| {
        let place = Place { source: Arc::clone(source), span: key.span() };
        (Key { name: key.into_inner().into_owned(), place }, convert(source, value))
    });
    Table { entries: entries.collect() }
}

fn convert(source: &Arc<Source>, node: Spanned<DeValue<'_>>) -> Node {
    let place = Place { source: Arc::clone(source), span: node.span() };
    let value = match node.into_inner() {
        DeValue::String(text) => Value::Text(text.into_owned()),
        DeValue::Integer(number) => {
            i64::from_str_radix(number.as_str(), number.radix()).map_or(Value::Other("too large a number"), Value::Integer)
        }
        DeValue::Boolean(value) => Value::Boolean(value),
        DeValue::Array(items) => Value::Array(items.into_iter().map(|item| convert(source, item)).collect()),
        DeValue::Table(table) => Value::Table(convert_table(source, table)),
        DeValue::Float(_) => Value::Other("a number with a fraction"),
        DeValue::Datetime(_) => Value::Other("a date"),
    };
    Node { place, value }
}

#[cfg(test)]
pub(crate) mod edit;
