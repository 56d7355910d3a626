//! `mintmark migrate` and `mintmark migrate-store`

use clap::Args;
use serde_json::json;

use super::output::Output;
use super::place::Files;
use super::progress::RowsBar;
use super::{Done, Failure, Shared};
use crate::store::{OpenOptions, PostgresOptions, SqlStore, StorePlace, copy_store};

#[derive(Args, Debug)]
pub(super) struct MigrateArgs {
    /// Show what would run, and change nothing.
    #[arg(long)]
    plan: bool,
}

#[derive(Args, Debug)]
pub(super) struct MigrateStoreArgs {
    /// The store to copy: `sqlite://FILE` or `postgres://…`.
    #[arg(long, value_name = "URL")]
    from: String,
    /// Where to: an empty database, or a file that does not exist.
    #[arg(long, value_name = "URL")]
    to: String,
}

pub(super) async fn run(shared: &Shared, args: &MigrateArgs) -> Done {
    let files = Files::find(shared)?;
    let store = SqlStore::connect(&files.store, files.open_options(false)).await?;
    let planned = store.plan().await;
    let prepared = if args.plan || planned.is_err() { Ok(()) } else { store.prepare().await };
    store.close().await;
    let planned = planned?;
    prepared?;
    let json = json!(
        planned
            .iter()
            .map(|version| json!({ "version": version.number, "name": version.name, "sql": version.sql }))
            .collect::<Vec<_>>()
    );
    if planned.is_empty() {
        return Ok(Output::text("the schema is up to date", json));
    }
    let text = planned.iter().map(|version| {
        if args.plan {
            format!("-- version {}: {}\n{}", version.number, version.name, version.sql.trim_end())
        } else {
            format!("done: version {}, {}", version.number, version.name)
        }
    });
    Ok(Output::text(text.collect::<Vec<_>>().join("\n\n"), json))
}

pub(super) async fn run_store(shared: &Shared, args: &MigrateStoreArgs) -> Done {
    let (from, to) = (place(&args.from, "--from")?, place(&args.to, "--to")?);
    let options = Files::options_of_any_kind();
    let source = SqlStore::open(&from, OpenOptions { create: false, ..options.clone() }).await?;
    let bar = RowsBar::new(shared.json);
    let copied = copy_store(&source, &to, options, &bar).await;
    bar.finish();
    source.close().await;
    let copied = copied?;
    let rows: u64 = copied.iter().map(|table| table.rows).sum();
    let fields = [
        ("from", from.to_string()),
        ("to", to.to_string()),
        ("rows", format!("{rows}, the same by count and hash in both")),
        ("next", "set store.url (or store.path) to the new place, and do not serve the old one again".to_owned()),
    ];
    let json = json!({ "from": from.to_string(), "to": to.to_string(), "tables": copied });
    Ok(Output::object(&fields, json))
}

/// The store that a URL names.
fn place(url: &str, option: &str) -> Result<StorePlace, Failure> {
    if let Some(path) = url.strip_prefix("sqlite://") {
        return Ok(StorePlace::file(path));
    }
    if url.starts_with("postgres://") || url.starts_with("postgresql://") {
        return StorePlace::postgres(url, &PostgresOptions::default()).map_err(|cause| Failure(format!("{option}: {cause}")));
    }
    Err(Failure(format!("{option}: expected sqlite://FILE or postgres://USER@HOST/DATABASE")))
}
