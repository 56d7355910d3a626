use http::HeaderName;

use crate::dialect::rules::{AnswerRules, ExpiresIn};
use crate::dialect::template::{Form, Slot, Template};
use crate::document::{Key, TableReader};

/// What an answer with a token can be filled with.
const ANSWER_SLOTS: &[Slot] = &[
    Slot::AccessToken,
    Slot::TokenType,
    Slot::ExpiresIn,
    Slot::ExpiresAt,
    Slot::IssuedAt,
    Slot::ClientId,
    Slot::Scope,
    Slot::Issuer,
    Slot::RequestId,
];

const HEADER_SLOTS: &[Slot] = &[Slot::RateLimit, Slot::RateRemaining, Slot::RateReset];

/// Headers that frame the message, carry state or rights, or are the server's own (rule S3).
const REFUSED_HEADERS: &[&str] = &[
    "age",
    "allow",
    "alt-svc",
    "authorization",
    "clear-site-data",
    "connection",
    "cookie",
    "date",
    "dpop",
    "dpop-nonce",
    "expect",
    "expires",
    "forwarded",
    "host",
    "keep-alive",
    "link",
    "location",
    "nel",
    "origin",
    "pragma",
    "refresh",
    "report-to",
    "retry-after",
    "server",
    "set-cookie",
    "strict-transport-security",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "vary",
    "via",
    "warning",
    "www-authenticate",
    "x-request-id",
    "x-sendfile",
];

/// Families of headers that steer browsers, caches and proxies.
const REFUSED_PREFIXES: &[&str] =
    &["access-control-", "content-", "cross-origin-", "if-", "proxy-", "sec-", "surrogate-", "x-accel-", "x-forwarded-"];

pub(super) fn read(table: TableReader<'_>) -> Option<AnswerRules> {
    let expires_in =
        table.required_choice("expires_in", &[("absolute", ExpiresIn::Absolute), ("relative", ExpiresIn::Relative)]);
    let body = table.required_text("body").and_then(|text| compile(&table, text));
    table.finish();
    Some(AnswerRules { body: body?, expires_in: expires_in? })
}

fn compile(table: &TableReader<'_>, text: &str) -> Option<Template> {
    let node = table.node("body")?;
    let compiled = Template::compile(text, Form::Json, &[], ANSWER_SLOTS)
        .map_err(|error| table.diagnostics().report(&node.place, format!("`answer.body`: {error}")))
        .ok()?;
    for slot in ["access_token", "expires_in"] {
        if !Template::slots_of(text).contains(&slot) {
            let message = format!("`answer.body`: a client cannot use the answer without <{slot}>");
            table.diagnostics().report(&node.place, message);
        }
    }
    Some(compiled)
}

pub(super) fn read_headers(table: &TableReader<'_>, echo: &[(HeaderName, usize)]) -> Vec<(HeaderName, Template)> {
    let mut headers = Vec::new();
    for (key, node) in table.all() {
        let path = table.path_of(&key.name);
        let name = check_header_name(table, key, &path);
        if name.as_ref().is_some_and(|name| echo.iter().any(|(echoed, _)| echoed == name)) {
            // Whoever sends the request would write the answer's header.
            table.diagnostics().report(&key.place, format!("`{path}`: this header comes back as sent, by request.echo"));
        }
        let crate::document::Value::Text(text) = &node.value else {
            table.diagnostics().report(&node.place, format!("`{path}`: expected a text, found {}", node.value.kind()));
            continue;
        };
        match Template::compile(text, Form::Header, &[], HEADER_SLOTS) {
            Ok(template) => headers.extend(name.map(|name| (name, template))),
            Err(error) => table.diagnostics().report(&node.place, format!("`{path}`: {error}")),
        }
    }
    headers
}

/// The header that a key names, if a dialect may set it.
pub(super) fn check_header_name(table: &TableReader<'_>, key: &Key, path: &str) -> Option<HeaderName> {
    let refused = |name: &HeaderName| {
        let name = name.as_str();
        REFUSED_HEADERS.contains(&name)
            || REFUSED_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
            || name.ends_with("-control")
    };
    match HeaderName::try_from(key.name.as_str()) {
        Ok(name) if !refused(&name) => Some(name),
        Ok(_) => {
            table.diagnostics().report(&key.place, format!("`{path}`: a dialect cannot set this header"));
            None
        }
        Err(_) => {
            table.diagnostics().report(&key.place, format!("`{path}`: this is no header name"));
            None
        }
    }
}
