//! Reading the clients of other servers, as these export them. What becomes of them is the registry's to say.
//!
//! | File | Owns |
//! |---|---|
//! | `source` | the file: its limit, its text, which lines its parts are on |
//! | `found` | a client as it was found, and what it needs to be one here |
//! | `keys` | public keys |
//! | `table` | tables: CSV, and SQL dumps |
//! | `dump`, `statement` | SQL dumps: their statements; one statement and the literals in it |
//! | `plain` | Mintmark's own columns, as CSV and JSON |
//! | `django` | django-oauth-toolkit |
//! | `hydra` | Ory Hydra |
//! | `keycloak` | Keycloak |
//! | `auth0`, `okta` | Auth0 and Okta |

mod auth0;
mod django;
mod dump;
mod found;
mod hydra;
mod keycloak;
mod keys;
mod okta;
mod plain;
mod source;
mod statement;
mod table;

use std::collections::HashMap;
use std::fmt;

use mintmark_core::model::ScopeSet;
use mintmark_core::registry::{ClientToImport, LeftOut};

use found::Found;
pub use source::{LONGEST_FILE, Source};

/// The most clients that one file may hold.
pub const MOST_CLIENTS: usize = 1_000_000;

/// What wrote a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Ory Hydra: its table `hydra_client` by `pg_dump` or as CSV, or `hydra list clients --format json`.
    Hydra,
    /// Keycloak: the export of a realm.
    Keycloak,
    /// django-oauth-toolkit: `manage.py dumpdata oauth2_provider.application`, or its table as CSV or by `pg_dump`.
    DjangoOauthToolkit,
    /// Auth0: the clients of its management API, with or without its client grants.
    Auth0,
    /// Okta: the apps of its management API.
    Okta,
    /// A table with Mintmark's own columns.
    Csv,
    /// A list with Mintmark's own members.
    Json,
}

impl Format {
    /// The word for it, which credentials that came from it keep.
    pub fn as_str(self) -> &'static str {
        match self {
            Format::Hydra => "hydra",
            Format::Keycloak => "keycloak",
            Format::DjangoOauthToolkit => "django-oauth-toolkit",
            Format::Auth0 => "auth0",
            Format::Okta => "okta",
            Format::Csv => "csv",
            Format::Json => "json",
        }
    }
}

/// Why redirect URIs are left out.
const NO_REDIRECTS: &str = "there is no grant here that redirects";
/// Why browsers' origins are left out.
const NO_BROWSERS: &str = "token endpoints are for programs, not for pages in browsers";

/// Somebody else's text, for people: short and without control characters.
fn shown(text: &str) -> String {
    text.chars().filter(|character| !character.is_control()).take(200).collect()
}

/// What is assumed where a file says nothing.
#[derive(Clone, Debug, Default)]
pub struct Assumed {
    /// The scopes of clients of which the file names none.
    pub scopes: Option<ScopeSet>,
    /// Of grants for several APIs those for this one are meant.
    pub audience: Option<String>,
}

/// A client of a file.
#[derive(Debug)]
pub struct Item {
    /// Where it is: a line, and in JSON its path.
    pub place: String,
    /// What it is called there, as far as it could be read. It is somebody else's text.
    pub id: Option<String>,
    /// The client.
    pub client: Read,
    /// What is left of it there.
    pub left_out: Vec<LeftOut>,
}

/// What reading a client gave.
#[derive(Debug)]
pub enum Read {
    /// A client.
    Client(Box<ClientToImport>),
    /// A client of a kind that there is no place for, and why.
    Skipped(String),
    /// Nothing, and why.
    Bad(String),
}

/// Why a file as a whole cannot be read.
#[derive(Debug)]
pub struct ImportError(pub(crate) String);

impl fmt::Display for ImportError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl std::error::Error for ImportError {}

/// What the reader of a format gives for one client, with its place.
type Placed = (String, Result<Found, Unread>);

/// Why a client was not read.
#[derive(Debug)]
struct Unread {
    id: Option<String>,
    read: Read,
}

impl Unread {
    fn bad(id: Option<&str>, why: impl Into<String>) -> Self {
        Self { id: id.map(str::to_owned), read: Read::Bad(why.into()) }
    }

    fn skipped(id: &str, why: impl Into<String>) -> Self {
        Self { id: Some(id.to_owned()), read: Read::Skipped(why.into()) }
    }
}

/// Reads all clients of a file.
pub fn read(format: Format, source: &Source, assumed: &Assumed) -> Result<Vec<Item>, ImportError> {
    let placed = match format {
        Format::Hydra => hydra::read(source)?,
        Format::Keycloak => keycloak::read(source)?,
        Format::DjangoOauthToolkit => django::read(source)?,
        Format::Auth0 => auth0::read(source, assumed.audience.as_deref())?,
        Format::Okta => okta::read(source)?,
        Format::Csv => plain::read_csv(source)?,
        Format::Json => plain::read_json(source)?,
    };
    if placed.len() > MOST_CLIENTS {
        return Err(ImportError(format!("the file holds {} clients, and at most {MOST_CLIENTS} are read", placed.len())));
    }
    let mut seen: HashMap<String, String> = HashMap::new();
    Ok(placed.into_iter().map(|placed| item(placed, assumed, &mut seen)).collect())
}

fn item((place, found): Placed, assumed: &Assumed, seen: &mut HashMap<String, String>) -> Item {
    let found = match found {
        Ok(found) => found,
        Err(Unread { id, read }) => return Item { place, id, client: read, left_out: Vec::new() },
    };
    let id = found.id.clone();
    // The first of two is taken, which a second run finds again.
    if let Some(first) = seen.get(&id) {
        let why = format!("the client_id is there already, at {first}");
        return Item { place, id: Some(id), client: Read::Bad(why), left_out: Vec::new() };
    }
    seen.insert(id.clone(), place.clone());
    let (client, left_out) = found.into_client(assumed);
    let client = client.map_or_else(Read::Bad, |client| Read::Client(Box::new(client)));
    Item { place, id: Some(id), client, left_out }
}

#[cfg(test)]
mod tests;
