//! What the forms of a resource say, and what that asks for.

use mintmark_core::model::{ScopeToken, TokenFormat};

use crate::admin::operations::resources::{NewResource, ResourcePatch, ResourceView, Scope};
use crate::dashboard::mistake::Mistake;
use crate::dashboard::seat::Seat;
use crate::dashboard::views::ResourceTyped;
use crate::dashboard::words;

/// What the form says.
pub(super) fn typed(seat: &Seat) -> ResourceTyped {
    let field = |name: &str| seat.fields.one(name).unwrap_or_default().trim().to_owned();
    ResourceTyped {
        name: field("name"),
        uri: field("uri"),
        scopes: field("scopes"),
        format: field("token_format"),
        algorithm: field("algorithm"),
        mistake: None,
    }
}

/// A catalogue as lines.
fn scopes(text: &str) -> Result<Vec<Scope>, Mistake> {
    let mut scopes: Vec<Scope> = Vec::new();
    for (at, line) in text.lines().map(str::trim).enumerate().filter(|(_, line)| !line.is_empty()) {
        let (name, description) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let name: ScopeToken = name.parse().map_err(|_| Mistake::new("scopes", words::resources::bad_line(at + 1)))?;
        if scopes.iter().any(|known| known.name == name) {
            return Err(Mistake::new("scopes", words::resources::SCOPE_TWICE));
        }
        scopes.push(Scope { name, description: description.trim().to_owned() });
    }
    Ok(scopes)
}

/// A word of a list; nothing where none was chosen.
fn chosen<T>(word: &str, read: impl Fn(&str) -> Option<T>, field: &'static str) -> Result<Option<T>, Mistake> {
    if word.is_empty() {
        return Ok(None);
    }
    read(word).map(Some).ok_or_else(|| Mistake::new(field, words::mistake::expected("what the form offers")))
}

pub(super) fn new_resource(typed: &ResourceTyped) -> Result<NewResource, Mistake> {
    let uri = typed.uri.parse().map_err(|_| Mistake::new("uri", words::resources::URI_HINT))?;
    Ok(NewResource {
        uri,
        name: typed.name.clone(),
        scopes: scopes(&typed.scopes)?,
        algorithm: chosen(&typed.algorithm, |word| word.parse().ok(), "algorithm")?,
        token_format: chosen(&typed.format, TokenFormat::from_word, "token_format")?,
    })
}

/// A resource as its form has it.
pub(super) fn stored(resource: &ResourceView) -> ResourceTyped {
    let line = |scope: &Scope| format!("{} {}", scope.name, scope.description).trim_end().to_owned();
    ResourceTyped {
        name: resource.name.clone(),
        uri: resource.uri.to_string(),
        scopes: resource.scopes.iter().map(line).collect::<Vec<_>>().join("\n"),
        format: resource.token_format.map(TokenFormat::as_str).unwrap_or_default().to_owned(),
        algorithm: String::new(),
        mistake: None,
    }
}

/// What is to change: the lines that are new or say something else, and the scopes whose lines are gone.
pub(super) fn patch(typed: &ResourceTyped, held: &ResourceView) -> Result<ResourcePatch, Mistake> {
    let scopes = scopes(&typed.scopes)?;
    let is_kept = |scope: &&Scope| scopes.iter().any(|kept| kept.name == scope.name);
    Ok(ResourcePatch {
        name: Some(typed.name.clone()),
        token_format: chosen(&typed.format, TokenFormat::from_word, "token_format")?,
        remove_scopes: held.scopes.iter().filter(|scope| !is_kept(scope)).map(|scope| scope.name.clone()).collect(),
        add_scopes: scopes.iter().filter(|scope| !held.scopes.contains(scope)).cloned().collect(),
    })
}
