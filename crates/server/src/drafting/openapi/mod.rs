//! What an OpenAPI 3.0 or 3.1 document tells of its token endpoint.
//!
//! | file | is |
//! |---|---|
//! | `document.rs` | the document: local references, merged schemas |
//! | `operation.rs` | which operation gives tokens for client credentials |
//! | `request.rs` | its parameters, body types and ways to authenticate |
//! | `answer.rs` | its answer with a token |
//! | `errors.rs` | its answers to mistakes |
//! | `sample.rs` | a value that a schema describes |

mod answer;
mod document;
mod errors;
mod operation;
mod request;
mod sample;

use mintmark_core::dialect::{BUILT_IN, DialectSet, Routed};
use mintmark_core::document::Source;
use std::sync::Arc;

pub use operation::OperationName;

use super::draft::{Draft, Told};
use super::tree::Tree;
use document::Document;

/// Drafts a dialect from a document. `name` is the dialect's; `wanted` the operation, where the document has several.
pub fn draft_from_openapi(
    tree: &Tree,
    file: &str,
    name: Option<&str>,
    wanted: Option<&OperationName>,
) -> Result<Draft, String> {
    let document = Document::new(tree)?;
    let endpoint = operation::find(document, wanted)?;
    let mut remarks = endpoint.remarks.clone();
    let request = request::read(document, &endpoint, &mut remarks);
    let answer = answer::read(document, &endpoint, &mut remarks);
    let (title, full_title) = document.titles();
    let mut draft = Draft {
        origin: vec![format!(
            "{} {}, drafted from {file} ({full_title}, OpenAPI {}).",
            endpoint.method,
            endpoint.path,
            document.version()
        )],
        remarks: Vec::new(),
        name: name.map_or_else(|| name_of(&title), str::to_owned),
        replaces: replaced_by(&endpoint.path),
        method: Told::surely(endpoint.method.clone()),
        path: endpoint.told_path(),
        slash: Told::open("refuse", "whether the path with a slash more or less is answered too"),
        auth: request.auth,
        body: request.body,
        other_body: Told::open("refuse", "what becomes of a body of another type"),
        unknown_fields: request.unknown_fields,
        query: request.query,
        repeated: Told::open("refuse", "what becomes of a parameter that is there twice"),
        encoding: Told::open("refuse", "what becomes of a malformed percent sign"),
        echo: errors::echo(document, &endpoint),
        parameters: request.parameters,
        lifetime: request.lifetime.or(answer.lifetime).unwrap_or_else(|| Told::open((3600, 3600), "how long tokens live")),
        headers: answer.headers,
        expires_in: answer.expires_in,
        answer: answer.body,
        faults: Vec::new(),
        faults_note: None,
        scopes: answer.scopes,
    };
    errors::read(document, &endpoint, &mut draft, &mut remarks);
    remarks.dedup();
    draft.remarks = remarks;
    Ok(draft)
}

/// A dialect's name from a document's title.
fn name_of(title: &str) -> String {
    let words = title.split(|character: char| !character.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let mut name = words.map(str::to_ascii_lowercase).collect::<Vec<_>>().join("-");
    name.truncate(40);
    let name = name.trim_matches('-').to_owned();
    let is_taken = BUILT_IN.iter().any(|(file, _)| file.strip_suffix(".toml") == Some(name.as_str()));
    if name.is_empty() || !name.starts_with(|first: char| first.is_ascii_lowercase()) {
        format!("existing-{name}").trim_matches('-').to_owned()
    } else if is_taken {
        format!("{name}-existing")
    } else {
        name
    }
}

/// The built-in dialect at a path.
pub(super) fn replaced_by(path: &str) -> Option<String> {
    let sources: Vec<Arc<Source>> = Vec::new();
    let built_in = DialectSet::load(&sources).ok()?;
    match built_in.route(path) {
        Routed::Endpoint(dialect) | Routed::Redirect(dialect) => Some(dialect.name.to_string()),
        _ => {
            let other = if path.ends_with('/') { path.trim_end_matches('/').to_owned() } else { format!("{path}/") };
            built_in.iter().find(|dialect| dialect.route.path == other).map(|dialect| dialect.name.to_string())
        }
    }
}

#[cfg(test)]
mod tests;
