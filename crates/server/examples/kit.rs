//! Serves the dashboard alone, on an empty store that is thrown away, for who works on how it looks: `cargo run -p mintmark --example
//! kit`, then open the addresses that it prints.

use std::error::Error;
use std::sync::Arc;

use mintmark::clock::SystemClock;
use mintmark::dashboard::{AdminApp, routes};
use mintmark::store::{OpenOptions, SqlStore, StoreKind, StorePlace};
use mintmark_core::crypto::RootKeys;
use mintmark_core::dialect::DialectSet;
use mintmark_core::management::{Management, Origin};
use mintmark_core::random::SystemRandom;
use mintmark_core::registry::{Actor, Registry};

/// Where it listens, unless the first argument says otherwise.
const PORT: &str = "8099";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let port = std::env::args().nth(1).unwrap_or_else(|| PORT.to_owned());
    let listener = tokio::net::TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    let origin = format!("http://localhost:{}", listener.local_addr()?.port());
    let folder = tempfile::tempdir()?;
    let (clock, random) = (Arc::new(SystemClock), Arc::new(SystemRandom));
    let options = OpenOptions { create: true, kind: Some(StoreKind::Dev), clock: clock.clone(), random: random.clone() };
    let store = Arc::new(SqlStore::open(&StorePlace::file(folder.path().join("mintmark.db")), options).await?);
    let root_keys = Arc::new(RootKeys::parse(&RootKeys::generate(&*random))?);
    let dialects = DialectSet::load(&[]).map_err(|_| "a built-in dialect is faulty")?;
    let registry = Registry { store, clock, random, root_keys, dialects, actor: Actor::local("kit") };
    let management = Management::new(registry, Origin::parse(&origin)?);
    if let Some(code) = management.setup_code().await? {
        println!("{origin}/invitation/{}", code.expose());
    }
    println!("{origin}/_kit");
    let app = AdminApp::new(Arc::new(management), true);
    axum::serve(listener, routes(&app).with_state(app)).await?;
    Ok(())
}
