//! From a dialect file to a [`Dialect`]: one file for each section. Every mistake is reported, none stops the reading.

mod answer;
mod faults;
mod parameters;
mod request;
mod route;
mod token;

use super::rules::{AttributeOf, ClaimRule, Dialect, Example};
use crate::document::{Diagnostics, Document, TableReader, Value};
use crate::model::{AttributeValue, Attributes, DialectName, ScopeSet};

pub use route::{BUILT_IN_ROUTES, BUSINESS_ROUTE};

/// The version of the format that this program reads.
const FORMAT: i64 = 1;

/// What is read of a file before anything else is known of it.
pub(super) struct Head {
    pub(super) name: Option<DialectName>,
    /// The dialect that it is laid over.
    pub(super) extends: Option<DialectName>,
    /// The dialect in whose place it stands.
    pub(super) replaces: Option<DialectName>,
}

/// Reads the head of a file.
pub(super) fn read_head(document: &Document) -> Head {
    // What is wrong with them is reported when the whole file is read.
    let ignored = Diagnostics::default();
    let head = TableReader::root(document, &ignored);
    let parsed = |key| head.as_ref().and_then(|top| top.parsed(key));
    Head { name: parsed("name"), extends: parsed("extends"), replaces: parsed("replaces") }
}

/// Reads a whole file, the one it extends already laid below it.
pub(super) fn read(document: &Document, diagnostics: &Diagnostics) -> Option<Dialect> {
    let before = diagnostics.len();
    let top = TableReader::root(document, diagnostics)?;
    top.required_integer("format", FORMAT..=FORMAT);
    let name = top.required_parsed::<DialectName>("name");
    top.parsed::<DialectName>("extends");
    top.parsed::<DialectName>("replaces");
    let route = top.required_table("route").and_then(route::read);
    let request = top.required_table("request").map(request::read);
    let parameters = top.required_table("parameters");
    let place = parameters.as_ref().map_or(top.place(), TableReader::place);
    let parameters = parameters.as_ref().map(parameters::read).unwrap_or_default();
    let token = top.required_table("token").and_then(token::read);
    let limits = top.table("limits").map(token::read_limits).unwrap_or_default();
    let echo = request.as_ref().map_or(&[][..], |request| &request.echo);
    let headers = top.table("headers").map(|table| answer::read_headers(&table, echo)).unwrap_or_default();
    let answer = top.required_table("answer").and_then(answer::read);
    let request = request.and_then(|partial| partial.with_parameters(parameters, place, diagnostics));
    let faults = faults::read(&top, route.as_ref(), request.as_ref());
    let required = token.iter().flat_map(|token| &token.claims).filter(|rule| rule.required);
    let example = top.required_table("example").and_then(|table| read_example(table, required));
    top.finish();

    let (name, route, request, token, answer) = (name?, route?, request?, token?, answer?);
    let (faults, example) = (faults?, example?);
    let file = document.root.place.file().to_owned();
    (diagnostics.len() == before).then_some(Dialect {
        name,
        file,
        route,
        request,
        token,
        limits,
        answer,
        headers,
        faults,
        example,
    })
}

fn read_example<'r>(table: TableReader<'_>, required: impl Iterator<Item = &'r ClaimRule>) -> Option<Example> {
    let client_id = table.required_text("client_id").map(str::to_owned);
    let client_secret = table.required_text("client_secret").map(str::to_owned);
    let scope = table.text("scope").map(str::to_owned);
    let business_id = table.text("business_id").map(str::to_owned);
    let granted = table.required_text("granted").and_then(|text| {
        let scopes = ScopeSet::parse(text).ok();
        if scopes.is_none() {
            table.report(format!("`{}`: expected scopes with single spaces between them", table.path_of("granted")));
        }
        scopes
    });
    let attributes = table.table("attributes").as_ref().map(read_attributes).unwrap_or_default();
    let is_missing = |rule: &&ClaimRule| rule.of == AttributeOf::Client && !attributes.contains_key(&rule.attribute);
    for rule in required.filter(is_missing) {
        let place = table.node("attributes").map_or(table.place(), |node| &node.place);
        let path = table.path_of("attributes");
        let message = format!("`{path}`: tokens carry the attribute {:?}, so the example's client needs it", rule.attribute);
        table.diagnostics().report(place, message);
    }
    table.finish();
    Some(Example { client_id: client_id?, client_secret: client_secret?, scope, business_id, granted: granted?, attributes })
}

fn read_attributes(table: &TableReader<'_>) -> Attributes {
    let mut attributes = Attributes::new();
    for (key, node) in table.all() {
        match &node.value {
            Value::Text(text) => {
                attributes.insert(key.name.clone(), AttributeValue::Text(text.clone()));
            }
            other => {
                let message = format!("`{}`: expected a text, found {}", table.path_of(&key.name), other.kind());
                table.diagnostics().report(&node.place, message);
            }
        }
    }
    attributes
}

#[cfg(test)]
mod tests;
