//! The database and the rules for changing it, as Mintmark's own commands use them.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use mintmark::clock::SystemClock;
use mintmark::dialect_files::load_dialects;
use mintmark::store::{OpenOptions, PostgresOptions, SqlStore, StoreKind, StorePlace};
use mintmark_bench::failure::{Context, Done, Failure};
use mintmark_core::clock::Clock;
use mintmark_core::crypto::RootKeys;
use mintmark_core::model::EnvironmentName;
use mintmark_core::random::{Random, SystemRandom};
use mintmark_core::registry::{Actor, Registry};

/// The environment that everything happens in.
const ENVIRONMENT: &str = "sandbox";

#[derive(Args, Debug)]
pub(crate) struct StoreArgs {
    /// The PostgreSQL database; the variable PGPASSWORD can hold its password.
    #[arg(long, value_name = "URL")]
    store: String,
}

#[derive(Args, Debug)]
pub(crate) struct PlaceArgs {
    #[command(flatten)]
    store: StoreArgs,
    /// The cluster's root keys.
    #[arg(long, value_name = "FILE")]
    root_keys: PathBuf,
}

impl StoreArgs {
    /// Opens it.
    pub(crate) async fn open(&self) -> Done<SqlStore> {
        let place = StorePlace::postgres(&self.store, &PostgresOptions { connections: 16, ..PostgresOptions::default() });
        let place = place.map_err(|cause| Failure(format!("--store: {cause}")))?;
        let (clock, random) = (Arc::new(SystemClock), Arc::new(SystemRandom));
        Ok(SqlStore::open(&place, OpenOptions { create: false, kind: Some(StoreKind::Serve), clock, random }).await?)
    }
}

impl PlaceArgs {
    /// Opens it.
    pub(crate) async fn open(&self) -> Done<Registry<SqlStore>> {
        let text = std::fs::read_to_string(&self.root_keys).context(|| self.root_keys.display().to_string())?;
        let root_keys = Arc::new(RootKeys::parse(&text)?);
        let dialects = load_dialects(None).map_err(|_| Failure("the built-in dialects have mistakes".to_owned()))?;
        let (clock, random): (Arc<dyn Clock>, Arc<dyn Random>) = (Arc::new(SystemClock), Arc::new(SystemRandom));
        let (store, actor) = (Arc::new(self.store.open().await?), Actor::local("fault tests"));
        store.link_audit_with(root_keys.audit_keys());
        Ok(Registry { store, clock, random, root_keys, dialects, actor })
    }
}

/// The environment that everything happens in.
pub(crate) fn environment() -> Done<EnvironmentName> {
    Ok(ENVIRONMENT.parse()?)
}
