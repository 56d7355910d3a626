use http::HeaderName;

use crate::dialect::fault::Step;
use crate::dialect::rules::{IntegerGrammar, Origin, Parameter, Role};
use crate::document::{Diagnostics, Key, Node, TableReader};

const ROLES: &[(&str, Role)] = &[
    ("client_id", Role::ClientId),
    ("client_secret", Role::ClientSecret),
    ("client_assertion", Role::ClientAssertion),
    ("client_assertion_type", Role::ClientAssertionType),
    ("grant_type", Role::GrantType),
    ("scope", Role::Scope),
    ("resource", Role::Resource),
    ("business_id", Role::BusinessId),
    ("expires_in", Role::ExpiresIn),
];

/// The longest value that a file can allow for any parameter, in bytes.
const LONGEST: i64 = 8192;

pub(super) fn read(table: &TableReader<'_>) -> Vec<Parameter> {
    let diagnostics = table.diagnostics();
    let mut parameters: Vec<Parameter> = Vec::new();
    for (key, node) in table.all() {
        let Some(role) = table.one_of("parameters", &key.name, &key.place, ROLES) else { continue };
        let Some(parameter) =
            TableReader::of(node, table.path_of(&key.name), diagnostics).and_then(|entry| read_one(entry, key, role))
        else {
            continue;
        };
        check_name(&parameters, &parameter, node, diagnostics);
        parameters.push(parameter);
    }
    parameters
}

fn check_name(parameters: &[Parameter], parameter: &Parameter, node: &Node, diagnostics: &Diagnostics) {
    if parameters.iter().any(|known| known.name == parameter.name) {
        diagnostics.report(&node.place, format!("`parameters`: two parameters have the name {:?}", parameter.name));
    }
}

fn read_one(table: TableReader<'_>, key: &Key, role: Role) -> Option<Parameter> {
    let name = table.text("name").unwrap_or(&key.name).to_owned();
    if name.is_empty() || name.len() > 64 || !name.bytes().all(|byte| byte.is_ascii_graphic()) {
        table.report(format!("`{}`: expected 1 to 64 visible ASCII characters", table.path_of("name")));
    }
    let from = read_from(&table, &name);
    if matches!(role, Role::ClientSecret | Role::ClientAssertion)
        && from.as_ref().is_some_and(|from| from.contains(&Origin::Query))
    {
        table.report(format!("`{}`: what proves a client would stand in the log of every proxy", table.path_of("from")));
    }
    let required = table.boolean("required").unwrap_or(false);
    let max = table.required_integer("max", 1..=LONGEST);
    let empty = table.choice("empty", &[("absent", false), ("keep", true)]).unwrap_or(false);
    let malformed_at = read_malformed_at(&table, role);
    let values = if role == Role::GrantType { read_values(&table) } else { Some(Vec::new()) };
    let integers = if role == Role::ExpiresIn {
        table.required_choice("grammar", &[("plain", IntegerGrammar::Plain), ("lenient", IntegerGrammar::Lenient)])
    } else {
        Some(IntegerGrammar::Plain)
    };
    table.finish();
    Some(Parameter {
        role,
        name,
        from: from?,
        required,
        max: usize::try_from(max?).ok()?,
        keep_empty: empty,
        malformed_at: malformed_at?,
        values: values?,
        integers: integers?,
    })
}

/// The words for places; a header needs the parameter's name.
#[derive(Clone, Copy)]
enum Word {
    Body,
    Query,
    Header,
}

fn read_from(table: &TableReader<'_>, name: &str) -> Option<Vec<Origin>> {
    let Some(texts) = table.texts("from") else {
        // A key of another kind was reported; one that is not there means the body.
        return table.node("from").is_none().then(|| vec![Origin::Body]);
    };
    let words = [("body", Word::Body), ("query", Word::Query), ("header", Word::Header)];
    let mut from = Vec::new();
    for (text, place) in texts {
        let origin = match table.one_of(&table.path_of("from"), text, place, &words)? {
            Word::Body => Origin::Body,
            Word::Query => Origin::Query,
            Word::Header => match HeaderName::try_from(name) {
                Ok(header) if header != http::header::AUTHORIZATION && header != http::header::COOKIE => Origin::Header(header),
                _ => {
                    table
                        .diagnostics()
                        .report(place, format!("`{}`: {name:?} is no header to read from", table.path_of("from")));
                    return None;
                }
            },
        };
        from.push(origin);
    }
    if from.is_empty() {
        table.report(format!("`{}`: expected at least one place", table.path_of("from")));
    }
    Some(from)
}

/// Only what is decided after the client is known can be told later than the other parameters.
fn read_malformed_at(table: &TableReader<'_>, role: Role) -> Option<Step> {
    let words: &[(&str, Step)] = match role {
        Role::Scope => &[("parameters", Step::Parameters), ("scope", Step::Scope)],
        Role::Resource => &[("parameters", Step::Parameters), ("resource", Step::Resource)],
        _ => return Some(Step::Parameters),
    };
    if table.node("malformed_at").is_some() { table.choice("malformed_at", words) } else { Some(Step::Parameters) }
}

fn read_values(table: &TableReader<'_>) -> Option<Vec<String>> {
    let values = table.required_texts("values")?;
    if values.is_empty()
        && let Some(node) = table.node("values")
    {
        let message = format!("`{}`: expected at least one value", table.path_of("values"));
        table.diagnostics().report(&node.place, message);
    }
    Some(values.into_iter().map(|(text, _)| text.to_owned()).collect())
}
