//! The report of a run: `results.json` with every figure, `results.md` with the tables, and plots.

mod bars;
mod curves;
mod judge;
mod svg;
mod table;

use std::path::Path;

use serde::Serialize;

use crate::failure::{Context, Done};
use crate::records::Records;
use judge::Verdict;

#[derive(Serialize)]
struct Document<'a> {
    #[serde(flatten)]
    records: &'a Records,
    targets: &'a [Verdict],
}

/// Writes everything into a folder.
pub(crate) fn write(records: &Records, folder: &Path) -> Done<()> {
    let verdicts = judge::judge(records);
    let document = serde_json::to_string_pretty(&Document { records, targets: &verdicts })?;
    let mut files = vec![("results.json", document), ("results.md", table::page(records, &verdicts))];
    files.push(("throughput.svg", bars::throughput(records)));
    if records.peers.iter().any(|peer| peer.skipped.is_none()) {
        files.push(("peers.svg", bars::peers(records)));
    }
    if let Some(curves) = curves::latency(records) {
        files.push(("latency.svg", curves));
    }
    for (name, text) in files {
        let path = folder.join(name);
        std::fs::write(&path, text).context(|| path.display().to_string())?;
    }
    Ok(())
}

/// The targets and the failures, for the terminal.
pub(crate) fn summary(records: &Records) -> String {
    let verdicts = if records.brief { Vec::new() } else { judge::judge(records) };
    table::summary(records, &verdicts)
}
