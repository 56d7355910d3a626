//! Which operation of a document gives tokens for client credentials.

use std::str::FromStr;

use super::document::Document;
use crate::drafting::body::leaves;
use crate::drafting::draft::Told;
use crate::drafting::meaning::{AnswerValue, answer_value, role_of};
use crate::drafting::tree::Tree;

/// Methods that a dialect can listen to.
const METHODS: &[&str] = &["post", "put"];
/// More operations than these are not told apart in a message.
const MAX_LISTED: usize = 20;

/// An operation as the command line names it: `POST /oauth/token`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperationName {
    method: String,
    path: String,
}

impl FromStr for OperationName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let error = || format!("expected a method and a path such as \"POST /oauth/token\", found {text:?}");
        let (method, path) = text.trim().split_once(' ').ok_or_else(error)?;
        let (method, path) = (method.to_ascii_lowercase(), path.trim().to_owned());
        if path.starts_with('/') { Ok(Self { method, path }) } else { Err(error()) }
    }
}

/// The token endpoint.
pub(super) struct Endpoint<'t> {
    pub(super) method: String,
    /// The path on the wire.
    pub(super) path: String,
    path_note: Option<String>,
    /// The operation; nothing where the document has only the endpoint's URL.
    pub(super) operation: Option<&'t Tree>,
    /// The path item, which has parameters too.
    pub(super) item: Option<&'t Tree>,
    /// The flow of the security scheme, with its scopes.
    pub(super) flow: Option<&'t Tree>,
    pub(super) remarks: Vec<String>,
}

impl Endpoint<'_> {
    pub(super) fn told_path(&self) -> Told<String> {
        Told { value: self.path.clone(), note: self.path_note.clone() }
    }
}

/// Finds the token endpoint.
pub(super) fn find<'t>(document: Document<'t>, wanted: Option<&OperationName>) -> Result<Endpoint<'t>, String> {
    let flows = flows(document);
    let candidates = candidates(document, wanted);
    let is_flow = |candidate: &&Candidate<'t>| flows.iter().any(|flow| is_at(flow, candidate.path));
    let found = match (candidates.as_slice(), wanted) {
        ([one], _) => one,
        ([], Some(name)) => {
            return Err(format!("the document has no operation {} {}", name.method.to_ascii_uppercase(), name.path));
        }
        ([], None) => return from_flow(&flows),
        (several, _) => match several.iter().filter(is_flow).collect::<Vec<_>>().as_slice() {
            [one] => one,
            _ => return Err(several_message(several)),
        },
    };
    let flow = flows.iter().find(|flow| is_at(flow, found.path)).or_else(|| flows.first()).copied();
    let (path, path_note) = wire_path(document, found)?;
    let mut remarks = Vec::new();
    let mut foreign = Vec::new();
    Document::foreign_references(found.operation, &mut foreign);
    for reference in foreign {
        remarks.push(format!("{reference} is another file and was not read; put it into this one and draft again"));
    }
    let method = found.method.to_ascii_uppercase();
    Ok(Endpoint { method, path, path_note, operation: Some(found.operation), item: Some(found.item), flow, remarks })
}

struct Candidate<'t> {
    method: &'t str,
    path: &'t str,
    operation: &'t Tree,
    item: &'t Tree,
}

fn candidates<'t>(document: Document<'t>, wanted: Option<&OperationName>) -> Vec<Candidate<'t>> {
    let mut candidates = Vec::new();
    for (path, item) in document.root.get("paths").map(Tree::entries).unwrap_or_default() {
        let item = document.follow(item);
        for (method, operation) in item.entries() {
            let fits = match wanted {
                Some(name) => name.method == *method && name.path == *path,
                None => METHODS.contains(&method.as_str()) && gives_tokens(document, item, operation),
            };
            if fits {
                candidates.push(Candidate { method, path, operation, item });
            }
        }
    }
    candidates
}

/// Whether an operation answers client credentials with a token: the answer has one, and the request names the grant, carries a
/// secret, or is authenticated by Basic.
fn gives_tokens(document: Document<'_>, item: &Tree, operation: &Tree) -> bool {
    answers_token(document, operation) && asks_with_client(document, item, operation)
}

fn answers_token(document: Document<'_>, operation: &Tree) -> bool {
    let responses = operation.get("responses").map(Tree::entries).unwrap_or_default();
    let good = responses.iter().filter(|(status, _)| status.starts_with('2'));
    let mut shown = good.flat_map(|(_, response)| super::answer::bodies(document, document.follow(response)));
    shown.any(|shown| {
        let leaves = leaves(&shown.text).unwrap_or_default();
        leaves.iter().any(|leaf| answer_value(leaf.key()) == AnswerValue::AccessToken)
    })
}

fn asks_with_client(document: Document<'_>, item: &Tree, operation: &Tree) -> bool {
    let fields = super::request::fields(document, operation);
    let grants: Vec<&str> = fields
        .iter()
        .filter(|field| role_of(field.name) == Some("grant_type"))
        .flat_map(super::request::Field::values)
        .collect();
    if !grants.is_empty() && !grants.iter().any(|grant| super::request::is_client_grant(grant)) {
        return false;
    }
    let headers = super::request::placed(document, item, operation);
    let has = |role| {
        fields.iter().any(|field| role_of(field.name) == Some(role))
            || headers.iter().any(|parameter| parameter.text_of("name").and_then(role_of) == Some(role))
    };
    let names_other_grant = ["password", "code", "refresh_token", "refreshToken"]
        .iter()
        .any(|name| fields.iter().any(|field| field.name == *name && field.required));
    let is_asked = has("grant_type") || has("client_secret") || has("client_assertion");
    (is_asked || super::request::takes_basic(document, operation)) && !names_other_grant
}

fn several_message(candidates: &[Candidate<'_>]) -> String {
    let lines: Vec<String> = candidates
        .iter()
        .take(MAX_LISTED)
        .map(|candidate| format!("  --operation '{} {}'", candidate.method.to_ascii_uppercase(), candidate.path))
        .collect();
    format!("several operations give tokens; choose one with\n{}", lines.join("\n"))
}

/// The client-credentials flows of the security schemes.
fn flows(document: Document<'_>) -> Vec<&Tree> {
    let schemes = document.root.at(&["components", "securitySchemes"]).map(Tree::entries).unwrap_or_default();
    schemes.iter().filter_map(|(_, scheme)| document.follow(scheme).at(&["flows", "clientCredentials"])).collect()
}

fn is_at(flow: &Tree, path: &str) -> bool {
    flow.text_of("tokenUrl").map(path_of_url).is_some_and(|url| url == path || url.ends_with(path))
}

/// The path of a URL, which may be relative.
fn path_of_url(url: &str) -> &str {
    let after =
        url.split_once("://").map_or(url, |(_, rest)| rest.find('/').map_or("", |at| rest.get(at..).unwrap_or_default()));
    after.split(['?', '#']).next().unwrap_or_default()
}

/// A document without the operation can still say where the endpoint is.
fn from_flow<'t>(flows: &[&'t Tree]) -> Result<Endpoint<'t>, String> {
    let mut urls: Vec<&str> = flows.iter().filter_map(|flow| flow.text_of("tokenUrl")).collect();
    urls.dedup_by_key(|url| path_of_url(url));
    let (Some(url), Some(flow)) = (urls.first(), flows.first()) else {
        return Err(
            "no operation of this document gives tokens for client credentials, and no security scheme has such a flow; \
                    if one does under other names, say which with --operation 'POST /path'"
                .to_owned(),
        );
    };
    let path = path_of_url(url).to_owned();
    check_path(&path)?;
    let remarks = vec![
        "the document has no operation for its token endpoint, only the URL; all but the path is RFC 6749 as written"
            .to_owned(),
    ];
    let path_note = (urls.len() > 1).then(|| format!("the document names {} token URLs; this is the first", urls.len()));
    Ok(Endpoint { method: "POST".to_owned(), path, path_note, operation: None, item: None, flow: Some(flow), remarks })
}

/// The path on the wire: that of the server before that of the operation.
fn wire_path(document: Document<'_>, found: &Candidate<'_>) -> Result<(String, Option<String>), String> {
    let servers = [found.operation, found.item, document.root].iter().find_map(|tree| tree.get("servers")).map(Tree::items);
    let mut bases: Vec<String> = servers.unwrap_or_default().iter().map(server_base).collect();
    bases.dedup();
    let base = bases.first().cloned().unwrap_or_default();
    let path = format!("{}{}", base.trim_end_matches('/'), filled(document, found));
    check_path(&path)?;
    let note = (bases.len() > 1).then(|| format!("the servers differ in their paths: {}", bases.join(", ")));
    Ok((path, note))
}

fn server_base(server: &Tree) -> String {
    let mut url = server.text_of("url").unwrap_or_default().to_owned();
    for (name, variable) in server.get("variables").map(Tree::entries).unwrap_or_default() {
        let value = variable.get("default").map(|value| value.text().map_or_else(|| value.to_json(), str::to_owned));
        url = url.replace(&format!("{{{name}}}"), &value.unwrap_or_default());
    }
    path_of_url(&url).to_owned()
}

/// The operation's path, its parameters filled with what the document shows for them.
fn filled(document: Document<'_>, found: &Candidate<'_>) -> String {
    let mut path = found.path.to_owned();
    for parameter in super::request::placed(document, found.item, found.operation) {
        let (Some("path"), Some(name)) = (parameter.text_of("in"), parameter.text_of("name")) else { continue };
        let schema = parameter.get("schema").map(|schema| document.schema(schema));
        let value = parameter.get("example").or_else(|| {
            let schema = schema.as_ref()?;
            schema.get("default").or_else(|| schema.example()).or_else(|| schema.get("enum")?.items().first())
        });
        if let Some(value) = value.and_then(Tree::text) {
            path = path.replace(&format!("{{{name}}}"), value);
        }
    }
    path
}

fn check_path(path: &str) -> Result<(), String> {
    if path.contains('{') {
        return Err(format!(
            "the path {path} has parameters, and a dialect listens at one path: write the value into the document"
        ));
    }
    if !path.starts_with('/') || path.len() > 200 {
        return Err(format!("expected the token endpoint's path, found {path:?}"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_of_a_url_is_what_follows_the_host() {
        assert_eq!(path_of_url("https://api.example.com/oauth/token?x=1"), "/oauth/token");
        assert_eq!(path_of_url("/oauth/token"), "/oauth/token");
        assert_eq!(path_of_url("https://api.example.com"), "");
    }

    #[test]
    fn an_operation_is_named_by_method_and_path() {
        assert!("POST /a".parse::<OperationName>().is_ok());
        assert!("/a".parse::<OperationName>().is_err());
        assert!("POST a".parse::<OperationName>().is_err());
    }
}
