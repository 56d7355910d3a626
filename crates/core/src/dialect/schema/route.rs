use http::Method;

use crate::dialect::rules::{Route, Slash};
use crate::document::TableReader;

/// The path of the business API.
pub const BUSINESS_ROUTE: &str = "/v0/business";

/// Paths that no dialect can claim: these, and everything below those that end in a slash.
pub const BUILT_IN_ROUTES: &[&str] = &[
    "/.well-known/",
    BUSINESS_ROUTE,
    "/v0/business/",
    "/oauth/revoke",
    "/oauth/introspect",
    "/verify/",
    "/livez",
    "/readyz",
    "/readyz/environment",
    "/startupz",
];

const METHODS: &[(&str, Method)] = &[("POST", Method::POST), ("PUT", Method::PUT)];

pub(super) fn read(table: TableReader<'_>) -> Option<Route> {
    let methods: Vec<(&'static str, &Method)> = METHODS.iter().map(|(word, method)| (*word, method)).collect();
    let method = table.required_choice("method", &methods).cloned();
    let path = table.required_text("path").filter(|path| check_path(&table, "path", path)).map(str::to_owned);
    let slash =
        table.required_choice("slash", &[("accept", Slash::Accept), ("redirect", Slash::Redirect), ("refuse", Slash::Refuse)]);
    let owns = table.text("owns").filter(|prefix| check_path(&table, "owns", prefix) && check_prefix(&table, prefix));
    let owns = owns.map(str::to_owned);
    if let Some(path) = &path {
        check_not_built_in(&table, path);
        if slash.is_some_and(|slash| slash != Slash::Refuse) && path == "/" {
            table.report("`route.slash`: the path `/` has no form without its slash; write slash = \"refuse\"");
        }
    }
    table.finish();
    Some(Route { method: method?, path: path?, slash: slash?, owns })
}

fn check_path(table: &TableReader<'_>, key: &'static str, path: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~!$&'()*+,;=:@".contains(&byte);
    let has_dots = path.split('/').any(|segment| matches!(segment, "." | ".."));
    let good = path.starts_with('/') && path.len() <= 200 && path.bytes().all(is_plain) && !path.contains("//") && !has_dots;
    if !good && let Some(node) = table.node(key) {
        let message =
            format!("`route.{key}`: expected a path such as \"/oauth/token\": unreserved characters, no empty segment");
        table.diagnostics().report(&node.place, message);
    }
    good
}

fn check_prefix(table: &TableReader<'_>, prefix: &str) -> bool {
    let good = prefix.ends_with('/');
    if !good && let Some(node) = table.node("owns") {
        table.diagnostics().report(&node.place, "`route.owns`: expected a prefix that ends in a slash, such as \"/v0/\"");
    }
    good
}

fn check_not_built_in(table: &TableReader<'_>, path: &str) {
    // Also by the slash at its end, since the endpoint may answer there too.
    let with_slash = format!("{path}/");
    let is_taken = |path: &str, route: &str| path == route || (route.ends_with('/') && path.starts_with(route));
    let taken = BUILT_IN_ROUTES.iter().find(|route| is_taken(path, route) || is_taken(&with_slash, route));
    if let (Some(route), Some(node)) = (taken, table.node("path")) {
        let message = format!("`route.path`: {route} is a route of Mintmark's own; choose another path");
        table.diagnostics().report(&node.place, message);
    }
}
