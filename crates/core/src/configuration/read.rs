//! A file as parts. All mistakes of a file are found in one run, as far as there are not too many.

mod client;
mod lists;
mod quota;

use std::sync::Arc;

use mintmark_verify::Algorithm;

use lists::{attributes, grants, parsed_list};
use quota::quota;

use super::write::FORMAT;
use super::{
    BusinessPart, Configuration, DialectPart, EntitlementPart, EnvironmentPart, ResourceName, ResourcePart, TenantPart,
};
use crate::document::{Diagnostic, Diagnostics, Document, Place, Source, TableReader, Value};
use crate::model::{BusinessId, CredentialId, Environment, ScopeDefinition, Status, TenantId, TokenFormat};
use crate::random::Random;

/// A file is at most so large, in bytes: some hundred thousand clients.
pub const MAX_CONFIGURATION_FILE: u64 = 256 * 1024 * 1024;
/// So many mistakes are enough for one run.
pub(crate) const MAX_MISTAKES: usize = 100;

pub(super) const STATUS: [(&str, Status); 2] = [("active", Status::Active), ("disabled", Status::Disabled)];
const TOKEN_FORMAT: [(&str, TokenFormat); 2] = [("jwt", TokenFormat::Jwt), ("opaque", TokenFormat::Opaque)];
pub(super) const LIFETIME: std::ops::RangeInclusive<i64> = 1..=Environment::LIFETIME_LIMIT as i64;

/// A file with the places of all that it says.
#[derive(Debug)]
pub struct ConfigurationFile {
    document: Document,
    /// What it says.
    pub configuration: Configuration,
}

/// A step from the top of the file to one of its values.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Step<'a> {
    Key(&'a str),
    Item(usize),
}

impl ConfigurationFile {
    /// Reads a file. `random` makes the identifiers that are proposed where one is missing.
    pub fn read(source: Source, random: &dyn Random) -> Result<Self, Vec<Diagnostic>> {
        let diagnostics = Diagnostics::default();
        let document = Document::parse(&Arc::new(source), &diagnostics);
        let configuration = document.as_ref().and_then(|document| read(document, random, &diagnostics));
        match (document, configuration) {
            (Some(document), Some(configuration)) if diagnostics.is_empty() => Ok(Self { document, configuration }),
            _ => Err(diagnostics.into_sorted()),
        }
    }

    /// Where something stands, or what is nearest above it in the file.
    pub(crate) fn place(&self, way: &[Step<'_>]) -> &Place {
        let mut node = &self.document.root;
        for step in way {
            let next = match (step, &node.value) {
                (Step::Key(key), Value::Table(table)) => table.get(key).map(|(_, node)| node),
                (Step::Item(at), Value::Array(items)) => items.get(*at),
                _ => None,
            };
            match next {
                Some(next) => node = next,
                None => break,
            }
        }
        &node.place
    }
}

pub(super) fn read(document: &Document, random: &dyn Random, diagnostics: &Diagnostics) -> Option<Configuration> {
    let root = TableReader::root(document, diagnostics)?;
    root.required_integer("format", FORMAT..=FORMAT);
    let environment = root.required_table("environment").and_then(environment);
    let dialects = items(&root, "dialect", dialect);
    let resources = items(&root, "resource", resource);
    let tenants = items(&root, "tenant", |table| tenant(table, random));
    let businesses = items(&root, "business", |table| business(table, random));
    let clients = items(&root, "client", |table| client::client(table, random));
    root.finish();
    Some(Configuration { environment: environment?, dialects, resources, tenants, businesses, clients })
}

/// All tables of a name, until there are too many mistakes. Where one cannot be read there is a mistake, and nothing comes of the file.
fn items<T>(root: &TableReader<'_>, key: &'static str, read: impl Fn(&TableReader<'_>) -> Option<T>) -> Vec<T> {
    let mut found = Vec::new();
    for table in root.tables(key).unwrap_or_default() {
        if root.diagnostics().len() >= MAX_MISTAKES {
            break;
        }
        found.extend(read(&table));
        table.finish();
    }
    found
}

/// An identifier. One that was forgotten is proposed, since it is not to be made up by hand.
pub(super) fn identifier<T: std::str::FromStr<Err: std::fmt::Display>>(
    table: &TableReader<'_>,
    proposed: impl Fn() -> String,
) -> Option<T> {
    if table.node("id").is_none() {
        table.report(format!("`{}` is missing; for a new one take: id = \"{}\"", table.path_of("id"), proposed()));
    }
    table.parsed("id")
}

fn environment(table: TableReader<'_>) -> Option<EnvironmentPart> {
    let name = table.required_parsed("name");
    let algorithm = table.parsed("algorithm").unwrap_or(Algorithm::Es256);
    let lifetime_max = lifetime(&table).unwrap_or(Environment::DEFAULT_LIFETIME_MAX);
    table.finish();
    Some(EnvironmentPart { name: name?, algorithm, lifetime_max })
}

pub(super) fn lifetime(table: &TableReader<'_>) -> Option<u32> {
    table.integer("lifetime_max", LIFETIME).and_then(|seconds| u32::try_from(seconds).ok())
}

fn dialect(table: &TableReader<'_>) -> Option<DialectPart> {
    let name = table.required_parsed("name");
    let (file, sha256) = (table.text("file").unwrap_or_default().to_owned(), table.text("sha256").map(str::to_owned));
    Some(DialectPart { name: name?, file, sha256 })
}

fn resource(table: &TableReader<'_>) -> Option<ResourcePart> {
    let (uri, name) = (table.required_parsed::<ResourceName>("uri"), table.required_text("name"));
    let (algorithm, token_format) = (table.parsed("algorithm"), table.choice("token_format", &TOKEN_FORMAT));
    let mut scopes = Vec::new();
    for scope in table.required_tables("scopes").unwrap_or_default() {
        let description = scope.text("description").unwrap_or_default().to_owned();
        scopes.extend(scope.required_parsed("name").map(|name| ScopeDefinition { name, description }));
        scope.finish();
    }
    Some(ResourcePart { uri: uri?, name: name?.to_owned(), algorithm, token_format, scopes })
}

fn tenant(table: &TableReader<'_>, random: &dyn Random) -> Option<TenantPart> {
    let (id, name) = (identifier(table, || TenantId::generate(random).to_string()), table.required_text("name"));
    let status = table.choice("status", &STATUS).unwrap_or(Status::Active);
    let attributes = attributes(table);
    let entitlement = table.table("entitlement").map(|table| {
        let dialects = parsed_list(&table, "dialects").unwrap_or_default();
        let part = EntitlementPart { dialects, lifetime_max: lifetime(&table), grants: grants(&table) };
        table.finish();
        part
    });
    let (entitlement, quota) = (entitlement.unwrap_or_default(), quota(table));
    Some(TenantPart { id: id?, name: name?.to_owned(), status, attributes, entitlement, quota })
}

fn business(table: &TableReader<'_>, random: &dyn Random) -> Option<BusinessPart> {
    let id = identifier(table, || BusinessId::generate(random).to_string());
    let (tenant, name) = (table.required_parsed("tenant"), table.required_text("name"));
    let external_id = table.text("external_id").map(str::to_owned);
    let status = table.choice("status", &STATUS).unwrap_or(Status::Active);
    let quota = quota(table);
    Some(BusinessPart { id: id?, tenant: tenant?, name: name?.to_owned(), external_id, status, quota })
}

pub(super) fn proposed_credential(random: &dyn Random) -> String {
    CredentialId::generate(random).to_string()
}
