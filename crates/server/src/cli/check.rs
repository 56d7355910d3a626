//! `mintmark check`

use clap::Args;
use serde_json::json;

use super::output::Output;
use super::place::{Files, mistakes_of};
use super::{Done, Failure, Shared};
use crate::config::reference;
use crate::dialect_files::load_dialects;

#[derive(Args, Debug)]
pub(super) struct CheckArgs {
    /// Print the reference of all settings instead.
    #[arg(long)]
    reference: bool,
}

pub(super) async fn run(shared: &Shared, args: &CheckArgs) -> Done {
    if args.reference {
        return Ok(Output::text(reference().trim_end(), json!({ "reference": reference() })));
    }
    // The configuration stops everything else; of the rest, each part is looked at whatever the others are.
    let files = Files::find(shared)?;
    let dialects = load_dialects(Some(&files.dialects)).map_err(|mistakes| mistakes_of(&mistakes));
    let parts = [
        ("dialects", dialects.map(|set| format!("{} known", set.iter().count()))),
        ("root keys", files.read_root_keys().map(|_| "readable".to_owned())),
        ("database", check_store(&files).await),
    ];
    let failed = parts.iter().any(|(_, result)| result.is_err());
    let lines = parts.iter().map(|(part, result)| match result {
        Ok(found) => format!("ok      {part}: {found}"),
        Err(Failure(message)) => format!("failed  {part}: {message}"),
    });
    let json: serde_json::Map<String, serde_json::Value> = parts
        .iter()
        .map(|(part, result)| {
            let value = match result {
                Ok(found) => json!({ "ok": true, "found": found }),
                Err(Failure(message)) => json!({ "ok": false, "error": message }),
            };
            ((*part).to_owned(), value)
        })
        .collect();
    let output = Output::text(lines.collect::<Vec<_>>().join("\n"), json.into());
    Ok(if failed { output.failed() } else { output })
}

async fn check_store(files: &Files) -> Result<String, Failure> {
    use mintmark_core::store::Store;
    let keys = files.read_root_keys()?;
    let store = files.open_store(false).await?;
    let checked = async {
        files.check_root_keys(&store, &keys).await?;
        let environments = store.environments().await?.value;
        let mut unusable = Vec::new();
        for record in &environments {
            let ring = mintmark_core::keys::KeyRing::build(&record.environment.name, &record.keys, &keys.sealer);
            unusable.extend(ring.unusable.into_iter().map(|(kid, reason)| format!("signing key {kid}: {reason}")));
        }
        if unusable.is_empty() {
            Ok(format!("environments: {}; all signing keys open", environments.len()))
        } else {
            Err(Failure(unusable.join("; ")))
        }
    };
    let checked = checked.await;
    store.close().await;
    checked
}
