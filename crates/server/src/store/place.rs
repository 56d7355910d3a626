//! Where a store is.

use std::fmt;
use std::path::{Path, PathBuf};

use super::engine::postgres::PostgresPlace;

/// Where a store is: in a file of this machine, or in a PostgreSQL database.
#[derive(Clone, Debug)]
pub struct StorePlace(pub(super) Place);

#[derive(Clone, Debug)]
pub(super) enum Place {
    File(PathBuf),
    Postgres(Box<PostgresPlace>),
}

/// How a PostgreSQL database is used.
#[derive(Clone, Debug)]
pub struct PostgresOptions {
    /// The password, where the URL has none.
    pub password: Option<zeroize::Zeroizing<String>>,
    /// How many connections are made at most.
    pub connections: u32,
    /// Whether statements are kept prepared, which a pooler that gives each transaction another connection forbids.
    pub keep_prepared: bool,
}

impl Default for PostgresOptions {
    fn default() -> Self {
        Self { password: None, connections: 8, keep_prepared: true }
    }
}

impl StorePlace {
    /// An SQLite file.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self(Place::File(path.into()))
    }

    /// The database of a URL such as `postgres://mintmark@db.example.com/mintmark?sslmode=verify-full`. The error says what is
    /// wrong with it, without repeating it: it may hold a password.
    pub fn postgres(url: &str, options: &PostgresOptions) -> Result<Self, String> {
        let password = options.password.as_deref().map(String::as_str);
        let place = PostgresPlace::parse(url, password).map_err(|error| error.0)?;
        Ok(Self(Place::Postgres(Box::new(place.with(options.connections, options.keep_prepared)))))
    }

    /// The file, if it is one.
    pub fn path(&self) -> Option<&Path> {
        match &self.0 {
            Place::File(path) => Some(path),
            Place::Postgres(_) => None,
        }
    }
}

impl fmt::Display for StorePlace {
    /// The path, or the URL without a password.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Place::File(path) => path.display().fmt(out),
            Place::Postgres(place) => place.fmt(out),
        }
    }
}
