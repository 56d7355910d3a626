//! `mintmark dialect verify`

use std::path::PathBuf;

use clap::Args;
use mintmark_core::dialect::DialectSet;
use serde_json::json;

use super::super::output::{Output, plain};
use super::super::{Done, Failure, Shared};
use super::neighbours;
use crate::dialect_files::read_dialect;
use crate::recording::{Difference, Exchange, Replay, differences, read_exchanges};

/// So many exchanges are shown; the rest are counted.
const MAX_SHOWN: usize = 20;

#[derive(Args, Debug)]
pub(in crate::cli) struct VerifyArgs {
    /// The dialect file.
    file: PathBuf,
    /// The folder of `mintmark dialect record`, or its file.
    recordings: PathBuf,
}

pub(in crate::cli) async fn run(shared: &Shared, args: &VerifyArgs) -> Done {
    let exchanges = read_exchanges(&args.recordings).map_err(Failure)?;
    let source = read_dialect(&args.file).map_err(|message| Failure(format!("{}: {message}", args.file.display())))?;
    let mut sources = neighbours(shared, &args.file);
    sources.push(source);
    let dialects = DialectSet::load(&sources).map_err(|mistakes| super::super::place::mistakes_of(&mistakes))?;
    let name = dialects.iter().last().map(|dialect| dialect.name.to_string()).unwrap_or_default();
    let replay = Replay::new(dialects, &name, &exchanges).await.map_err(Failure)?;
    let (mut same, mut skipped, mut differing) = (0, 0, Vec::new());
    for (at, exchange) in exchanges.iter().enumerate() {
        let Some(answer) = replay.answer(exchange).await else {
            skipped += 1;
            continue;
        };
        match differences(&exchange.answer, &answer) {
            found if found.is_empty() => same += 1,
            found => differing.push((at + 1, exchange, found)),
        }
    }
    Ok(report(&exchanges, (same, skipped), &differing))
}

fn report(
    exchanges: &[Exchange],
    (same, skipped): (usize, usize),
    differing: &[(usize, &Exchange, Vec<Difference>)],
) -> Output {
    let mut lines = vec![format!(
        "{} exchanges: {same} answered alike, {} differ, {skipped} not asked again (another path, a body that was not kept, an assertion, or a client beyond the first 2000)",
        exchanges.len(),
        differing.len()
    )];
    for (line, exchange, found) in differing.iter().take(MAX_SHOWN) {
        lines.push(format!("\nline {line}: {} {}", exchange.request.method, plain(&exchange.request.path)));
        for one in found {
            lines.push(format!(
                "  {}\n    recorded  {}\n    mintmark  {}",
                one.what,
                plain(&one.recorded),
                plain(&one.mintmark)
            ));
        }
    }
    if differing.len() > MAX_SHOWN {
        lines.push(format!("\nand {} more", differing.len() - MAX_SHOWN));
    }
    let list: Vec<_> = differing.iter().map(|(line, _, found)| json!({ "line": line, "differences": found })).collect();
    let json = json!({ "exchanges": exchanges.len(), "alike": same, "skipped": skipped, "differing": list });
    let output = Output::text(lines.join("\n"), json);
    if differing.is_empty() && same > 0 { output } else { output.failed() }
}
