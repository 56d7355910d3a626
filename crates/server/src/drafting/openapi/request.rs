//! What an operation's request has: parameters with their places, body types, ways to authenticate.

use super::document::{Document, Schema};
use super::operation::Endpoint;
use crate::drafting::draft::{DraftParameter, Told};
use crate::drafting::meaning::{plain, role_of};
use crate::drafting::tree::Tree;

/// The roles in the order of a file, with the longest value where the document says none.
const ROLES: &[(&str, i64)] = &[
    ("grant_type", 128),
    ("client_id", 128),
    ("client_secret", 256),
    ("client_assertion", 8192),
    ("client_assertion_type", 128),
    ("scope", 4096),
    ("resource", 512),
    ("business_id", 64),
    ("expires_in", 20),
];
/// No parameter is longer, and no token lives longer, whatever a file says.
const LONGEST: i64 = 8192;
const LONGEST_LIFE: i64 = 86_400;
const CLIENT_GRANT: &str = "client_credentials";

/// A field of the body.
pub(super) struct Field<'t> {
    pub(super) name: &'t str,
    pub(super) schema: Schema<'t>,
    pub(super) required: bool,
}

impl<'t> Field<'t> {
    /// The values that the document allows, or shows.
    pub(super) fn values(&self) -> Vec<&'t str> {
        let listed: Vec<&str> =
            self.schema.get("enum").map(Tree::items).unwrap_or_default().iter().filter_map(Tree::text).collect();
        if !listed.is_empty() {
            return listed;
        }
        let one = self.schema.get("const").or_else(|| self.schema.get("default")).or_else(|| self.schema.example());
        one.and_then(Tree::text).into_iter().collect()
    }
}

pub(super) fn is_client_grant(text: &str) -> bool {
    plain(text) == "clientcredentials"
}

fn contents<'t>(document: Document<'t>, operation: &'t Tree) -> &'t [(String, Tree)] {
    let body = document.get(operation, "requestBody");
    body.and_then(|body| body.get("content")).map(Tree::entries).unwrap_or_default()
}

/// The fields of the body, of all its types. Where it is one of several, the one for client credentials.
pub(super) fn fields<'t>(document: Document<'t>, operation: &'t Tree) -> Vec<Field<'t>> {
    let mut fields: Vec<Field<'t>> = Vec::new();
    for (_, media) in contents(document, operation) {
        let Some(schema) = media.get("schema") else { continue };
        for field in fields_of(document, schema) {
            if !fields.iter().any(|known| known.name == field.name) {
                fields.push(field);
            }
        }
    }
    fields
}

fn fields_of<'t>(document: Document<'t>, schema: &'t Tree) -> Vec<Field<'t>> {
    let target = document.follow(schema);
    let variants = ["oneOf", "anyOf"].iter().filter_map(|choice| target.get(choice)).flat_map(Tree::items);
    let all = |tree| {
        let schema = document.schema(tree);
        let field = |(name, property)| Field { name, schema: document.schema(property), required: schema.requires(name) };
        schema.properties().into_iter().map(field).collect::<Vec<_>>()
    };
    let has_grant =
        |fields: &Vec<Field<'_>>| fields.iter().any(|field| field.values().iter().any(|value| is_client_grant(value)));
    variants.map(all).find(has_grant).unwrap_or_else(|| all(target))
}

/// The parameters outside the body.
pub(super) fn placed<'t>(document: Document<'t>, item: &'t Tree, operation: &'t Tree) -> Vec<&'t Tree> {
    let parameters = [operation, item].into_iter().filter_map(|tree| tree.get("parameters")).flat_map(Tree::items);
    parameters.map(|parameter| document.follow(parameter)).collect()
}

/// The security schemes that an operation asks for.
fn schemes<'t>(document: Document<'t>, operation: &'t Tree) -> Vec<&'t Tree> {
    let security = operation.get("security").or_else(|| document.root.get("security")).map(Tree::items).unwrap_or_default();
    let names = security.iter().flat_map(Tree::entries).map(|(name, _)| name.as_str());
    names
        .filter_map(|name| document.root.at(&["components", "securitySchemes", name]))
        .map(|scheme| document.follow(scheme))
        .collect()
}

/// Whether clients prove themselves in the `Authorization` header.
pub(super) fn takes_basic(document: Document<'_>, operation: &Tree) -> bool {
    let is_basic = |scheme: &&Tree| {
        scheme.text_of("type") == Some("http")
            && scheme.text_of("scheme").is_some_and(|name| name.eq_ignore_ascii_case("basic"))
    };
    let is_header = |parameter: &Tree| {
        parameter.text_of("in") == Some("header")
            && parameter.text_of("name").is_some_and(|name| name.eq_ignore_ascii_case("authorization"))
            && parameter.to_json().to_ascii_lowercase().contains("basic")
    };
    schemes(document, operation).iter().any(is_basic)
        || operation.get("parameters").map(Tree::items).unwrap_or_default().iter().any(|one| is_header(document.follow(one)))
}

/// What a request is.
pub(super) struct Request {
    pub(super) auth: Told<Vec<String>>,
    pub(super) body: Told<Vec<&'static str>>,
    pub(super) unknown_fields: Told<&'static str>,
    pub(super) query: Told<&'static str>,
    pub(super) parameters: Vec<DraftParameter>,
    pub(super) lifetime: Option<Told<(i64, i64)>>,
}

pub(super) fn read<'t>(document: Document<'t>, endpoint: &Endpoint<'t>, remarks: &mut Vec<String>) -> Request {
    let mut reader = Reader { parameters: Vec::new(), lifetime: None, remarks };
    let mut is_basic = false;
    let mut is_mutual = false;
    let mut body = Told::open(vec!["form"], "which body types are read");
    let mut refuses_unknown = false;
    if let (Some(operation), Some(item)) = (endpoint.operation, endpoint.item) {
        for field in fields(document, operation) {
            reader.field(&field, "body");
        }
        for parameter in placed(document, item, operation) {
            reader.placed(document, parameter);
        }
        is_basic = takes_basic(document, operation);
        is_mutual = schemes(document, operation).iter().any(|scheme| scheme.text_of("type") == Some("mutualTLS"));
        let types = body_types(contents(document, operation));
        if !types.is_empty() {
            body = Told::surely(types);
        }
        refuses_unknown = contents(document, operation).iter().any(|(_, media)| {
            let schema = media.get("schema").map(|schema| document.schema(schema));
            schema.and_then(|schema| schema.get("additionalProperties")) == Some(&Tree::Bool(false))
        });
    } else {
        reader.usual();
    }
    let auth = reader.auth((is_basic, is_mutual), endpoint.operation.is_some());
    reader.parameters.sort_by_key(|parameter| ROLES.iter().position(|(role, _)| *role == parameter.role));
    Request {
        auth,
        body,
        unknown_fields: if refuses_unknown {
            Told::surely("refuse")
        } else {
            Told::open("ignore", "whether other fields are refused")
        },
        query: Told::open("ignore", "whether other parameters of the query are refused"),
        parameters: reader.parameters,
        lifetime: reader.lifetime,
    }
}

fn body_types(contents: &[(String, Tree)]) -> Vec<&'static str> {
    let mut types = Vec::new();
    for (name, _) in contents {
        let name = name.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let found = match name.as_str() {
            "application/x-www-form-urlencoded" | "*/*" => "form",
            "multipart/form-data" => "multipart",
            other if other.ends_with("json") => "json",
            _ => continue,
        };
        if !types.contains(&found) {
            types.push(found);
        }
    }
    types
}

struct Reader<'r> {
    parameters: Vec<DraftParameter>,
    lifetime: Option<Told<(i64, i64)>>,
    remarks: &'r mut Vec<String>,
}

impl Reader<'_> {
    fn field(&mut self, field: &Field<'_>, place: &'static str) {
        let Some(role) = role_of(field.name) else {
            if field.required {
                self.remarks.push(format!("the {place} parameter {:?} is required there and not read here", field.name));
            }
            return;
        };
        if place == "query" && matches!(role, "client_secret" | "client_assertion") {
            let remark = "it takes the secret from the query, where it stands in the log of every proxy; that is never read";
            self.remarks.push(remark.to_owned());
            return;
        }
        if let Some(known) = self.parameters.iter_mut().find(|known| known.role == role) {
            if known.name == field.name {
                known.from.push(place);
            } else {
                self.remarks
                    .push(format!("the {place} parameter {:?} is like {:?}, and only that is read", field.name, known.name));
            }
            return;
        }
        if role == "expires_in" {
            self.lifetime = lifetime_of(&field.schema);
        }
        let parameter = DraftParameter {
            role,
            name: field.name.to_owned(),
            from: vec![place],
            required: field.required,
            max: longest(role, &field.schema),
            values: if role == "grant_type" { grants(field) } else { Vec::new() },
        };
        self.parameters.push(parameter);
    }

    fn placed<'t>(&mut self, document: Document<'t>, parameter: &'t Tree) {
        let Some(name) = parameter.text_of("name") else { return };
        let place = match parameter.text_of("in") {
            Some("query") => "query",
            Some("header") => "header",
            _ => return,
        };
        if place == "header" && ["authorization", "content-type", "accept"].contains(&name.to_ascii_lowercase().as_str()) {
            return;
        }
        let schema = document.schema(parameter.get("schema").unwrap_or(&Tree::Null));
        self.field(&Field { name, schema, required: parameter.is_set("required") }, place);
    }

    /// What RFC 6749 has, for a document without the operation.
    fn usual(&mut self) {
        for role in ["grant_type", "client_id", "client_secret", "scope"] {
            self.add(role, "the document has no operation");
        }
    }

    fn add(&mut self, role: &'static str, why: &str) {
        if self.parameters.iter().any(|known| known.role == role) {
            return;
        }
        let max = ROLES.iter().find(|(known, _)| *known == role).map_or(128, |(_, max)| *max);
        let values = if role == "grant_type" { vec![CLIENT_GRANT.to_owned()] } else { Vec::new() };
        let parameter = DraftParameter {
            role,
            name: role.to_owned(),
            from: vec!["body"],
            required: role == "grant_type",
            max: Told::open(max, why),
            values,
        };
        self.parameters.push(parameter);
    }

    fn auth(&mut self, (is_basic, is_mutual): (bool, bool), has_operation: bool) -> Told<Vec<String>> {
        let has = |reader: &Self, role| reader.parameters.iter().any(|parameter| parameter.role == role);
        let entry = |method: &str| format!("{{ method = \"{method}\" }}");
        let mut entries = Vec::new();
        let basic = "{ method = \"client_secret_basic\", decode = \"form\" }".to_owned();
        let assertion = has(self, "client_assertion");
        if is_basic || !has_operation {
            entries.push(basic.clone());
        }
        if has(self, "client_secret") {
            self.add("client_id", "where the client's name stands");
            entries.push(entry("client_secret_post"));
        }
        if assertion {
            self.add("client_assertion_type", "this one, which RFC 7521 has");
            entries.push(entry("private_key_jwt"));
        } else {
            self.parameters.retain(|parameter| parameter.role != "client_assertion_type");
        }
        if is_mutual {
            self.add("client_id", "where the client's name stands");
            entries.push(entry("tls_client_auth"));
        }
        match (entries.is_empty(), is_basic, has_operation) {
            (true, ..) => Told::open(vec![basic], "how a client proves itself"),
            (_, _, false) => Told::open(entries, "how a client proves itself"),
            (_, true, _) => {
                Told::noted(entries, "not told: whether both halves are form-encoded, decode = \"form\", or not, \"raw\"")
            }
            _ => Told::surely(entries),
        }
    }
}

fn grants(field: &Field<'_>) -> Vec<String> {
    let own: Vec<String> = field.values().into_iter().filter(|value| is_client_grant(value)).map(str::to_owned).collect();
    if own.is_empty() { vec![CLIENT_GRANT.to_owned()] } else { own }
}

fn longest(role: &str, schema: &Schema<'_>) -> Told<i64> {
    match schema.get("maxLength").and_then(Tree::integer) {
        Some(max) if (1..=LONGEST).contains(&max) => Told::surely(max),
        Some(max) => Told::noted(LONGEST, format!("the document allows {max}")),
        None => {
            let max = ROLES.iter().find(|(known, _)| *known == role).map_or(128, |(_, max)| *max);
            Told::open(max, "its longest value")
        }
    }
}

fn lifetime_of(schema: &Schema<'_>) -> Option<Told<(i64, i64)>> {
    let integer = |key| schema.get(key).and_then(Tree::integer).filter(|value| *value > 0);
    let exclusive = integer("exclusiveMaximum").map(|max| max - 1);
    let (default, max) = (integer("default"), integer("maximum").or(exclusive));
    let capped = max.unwrap_or(LONGEST_LIFE).clamp(1, LONGEST_LIFE);
    let default = default.or(max.map(|_| 3600.min(capped)))?.min(capped);
    let value = (default, capped);
    Some(match max {
        Some(max) if max <= LONGEST_LIFE => Told::surely(value),
        Some(max) => Told::noted(value, format!("the document allows {max}; no token lives longer than a day")),
        None => Told::open(value, "the longest; no token lives longer than a day"),
    })
}
