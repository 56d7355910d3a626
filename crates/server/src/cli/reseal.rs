//! `mintmark reseal`: what rests sealed in the database, under the master key that stands first.

use std::collections::BTreeMap;

use clap::Args;
use mintmark_core::crypto::SealedPlace;
use mintmark_core::registry::RegistryError;
use mintmark_core::store::StoreError;
use serde_json::json;

use super::Done;
use super::output::Output;
use super::place::Place;

/// So many that cannot be opened are named.
const NAMED: usize = 20;

#[derive(Args, Debug)]
pub(super) struct ResealArgs {
    /// Only count what is sealed under other master keys. The exit code is 3 where there is something.
    #[arg(long)]
    check: bool,
}

pub(super) async fn run(place: &Place, args: &ResealArgs) -> Done {
    let registry = &place.registry;
    let sealer = &registry.root_keys.sealer;
    let found = place.store.sealed(|sealed| !sealer.is_current(sealed)).await?;
    let mut counts: BTreeMap<(&'static str, String), u64> = BTreeMap::new();
    let mut left = found.damaged;
    for row in found.rows {
        if !args.check {
            match registry.reseal(&row.place).await {
                Ok(Ok(true)) => {}
                // Somebody else has sealed it anew meanwhile.
                Ok(Ok(false)) => continue,
                Ok(Err(error)) => {
                    left.push(format!("{}: {error}", row.place));
                    continue;
                }
                Err(RegistryError::Store(StoreError::Corrupt(row))) => {
                    left.push(row);
                    continue;
                }
                Err(error) => return Err(error.into()),
            }
        }
        let under = row.master_key.unwrap_or_else(|| "(none)".to_owned());
        *counts.entry((kind(&row.place), under)).or_default() += 1;
    }
    let cells = counts.iter().map(|((what, under), count)| vec![(*what).to_owned(), under.clone(), count.to_string()]);
    let rows: Vec<_> =
        counts.iter().map(|((what, under), count)| json!({ "what": what, "master_key": under, "count": count })).collect();
    let json = json!({ if args.check { "to_do" } else { "sealed_anew" }: rows, "left": left });
    if !left.is_empty() {
        left.truncate(NAMED);
        let help = "load the master keys that they need, or restore or replace these rows, and run it again";
        return Ok(Output::text(format!("left as they are:\n{}\n{help}", left.join("\n")), json).failed());
    }
    if counts.is_empty() {
        return Ok(Output::text("everything is sealed under the master key that stands first", json));
    }
    let table = Output::table(&["WHAT", "MASTER KEY BEFORE", "COUNT"], cells.collect(), json);
    Ok(if args.check { table.pending() } else { table })
}

fn kind(place: &SealedPlace) -> &'static str {
    match place {
        SealedPlace::SigningKey { .. } => "signing keys",
        SealedPlace::SharedKey { .. } => "shared keys of clients",
        SealedPlace::Password(_) => "passwords of members",
        SealedPlace::TotpSecret(_) => "authenticators of members",
    }
}
