//! Lists and tables whose keys are the writer's choice.

use std::str::FromStr;

use super::super::Grants;
use crate::document::{Diagnostics, Node, TableReader, Value};
use crate::model::{AttributeValue, Attributes};

/// A list of texts that have a grammar of their own.
pub(super) fn parsed_list<T: FromStr<Err: std::fmt::Display>>(table: &TableReader<'_>, key: &'static str) -> Option<Vec<T>> {
    let node = table.node(key)?;
    parsed_items(&table.path_of(key), node, table.diagnostics())
}

/// The same, where it must be there.
pub(super) fn required_list<T: FromStr<Err: std::fmt::Display>>(table: &TableReader<'_>, key: &'static str) -> Option<Vec<T>> {
    if table.node(key).is_none() {
        table.report(format!("`{}` is missing: expected a list of texts", table.path_of(key)));
    }
    parsed_list(table, key)
}

fn parsed_items<T: FromStr<Err: std::fmt::Display>>(path: &str, node: &Node, diagnostics: &Diagnostics) -> Option<Vec<T>> {
    let Value::Array(items) = &node.value else {
        diagnostics.report(&node.place, format!("`{path}`: expected a list of texts, found {}", node.value.kind()));
        return None;
    };
    let mut found = Vec::with_capacity(items.len());
    for item in items {
        let parsed = match &item.value {
            Value::Text(text) => text.parse::<T>().map_err(|error| error.to_string()),
            other => Err(format!("expected a text, found {}", other.kind())),
        };
        match parsed {
            Ok(value) => found.push(value),
            Err(message) => diagnostics.report(&item.place, format!("`{path}`: {message}")),
        }
    }
    Some(found)
}

/// Scopes by resource.
pub(super) fn grants(table: &TableReader<'_>) -> Grants {
    let mut grants = Grants::new();
    let Some(table) = table.table("grants") else { return grants };
    for (key, node) in table.all() {
        let scopes = parsed_items(&table.path_of(&key.name), node, table.diagnostics());
        match key.name.parse() {
            Ok(resource) => {
                grants.insert(resource, scopes.unwrap_or_default());
            }
            Err(error) => {
                let message = format!("`{}`: {error}; or `issuer` for the environment's own", table.path_of(&key.name));
                table.diagnostics().report(&key.place, message);
            }
        }
    }
    grants
}

/// Attributes by name.
pub(super) fn attributes(table: &TableReader<'_>) -> Attributes {
    let mut attributes = Attributes::new();
    let Some(table) = table.table("attributes") else { return attributes };
    for (key, node) in table.all() {
        let value = match &node.value {
            Value::Text(text) => AttributeValue::Text(text.clone()),
            Value::Integer(number) => AttributeValue::Integer(*number),
            Value::Boolean(value) => AttributeValue::Boolean(*value),
            other => {
                let expected = "a text, a whole number, true or false";
                let message = format!("`{}`: expected {expected}, found {}", table.path_of(&key.name), other.kind());
                table.diagnostics().report(&node.place, message);
                continue;
            }
        };
        attributes.insert(key.name.clone(), value);
    }
    attributes
}
