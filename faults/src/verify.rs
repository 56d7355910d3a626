//! What was acknowledged against what is there.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use clap::Args;
use mintmark::store::SqlStore;
use mintmark_bench::failure::{Context, Done, fail};
use mintmark_core::model::{BusinessId, EnvironmentName, Position, TenantId};
use mintmark_core::store::{Page, Store, Subject};
use serde_json::json;

use crate::Figures;
use crate::place::{PlaceArgs, environment};

const PAGE: u32 = 1000;

#[derive(Args, Debug)]
pub(crate) struct VerifyArgs {
    #[command(flatten)]
    place: PlaceArgs,
    /// What `write` wrote.
    #[arg(long, value_name = "FILE")]
    report: PathBuf,
}

pub(crate) async fn run(args: &VerifyArgs) -> Done<Figures> {
    let registry = args.place.open().await?;
    let report = Report::read(&args.report)?;
    let there = businesses(&registry.store, &environment()?, report.tenant).await?;
    let audit = positions(&registry.store, report.started).await?;
    let acknowledged: Vec<&Change> = report.of(Said::Acknowledged).collect();
    let is_there = |change: &&&Change| there.get(&change.name).is_some_and(|ids| ids.len() == 1 && ids.iter().eq(&change.id));
    let is_named = |change: &&&Change| there.contains_key(&change.name);
    let lost = acknowledged.len() - acknowledged.iter().filter(is_there).count();
    let refused: Vec<&Change> = report.of(Said::Refused).collect();
    let unknown: Vec<&Change> = report.of(Said::Unknown).collect();
    let refused_there = refused.iter().filter(is_named).count();
    let twice = there.values().filter(|ids| ids.len() > 1).count();
    let mut placed = Vec::new();
    let mut without_position = 0;
    for change in &acknowledged {
        match change.id.and_then(|id| audit.of.get(&id)).map(Vec::as_slice) {
            Some([position]) => placed.push((change.begun, change.ended, *position)),
            _ => without_position += 1,
        }
    }
    let out_of_order = count_out_of_order(placed);
    let good = lost + refused_there + twice + without_position + audit.repeated + out_of_order == 0;
    let json = json!({
        "acknowledged": acknowledged.len(),
        "lost": lost,
        "refused": refused.len(),
        "refused_and_yet_there": refused_there,
        "unknown": unknown.len(),
        "unknown_and_there": unknown.iter().filter(is_named).count(),
        "there_twice": twice,
        "without_one_position": without_position,
        "positions_repeated": audit.repeated,
        "positions_out_of_order": out_of_order,
    });
    Ok(Figures { json, good })
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Said {
    Acknowledged,
    Refused,
    Unknown,
}

/// A line of the report.
#[derive(Debug)]
struct Change {
    said: Said,
    begun: u64,
    ended: u64,
    name: String,
    /// What was made, where that was acknowledged.
    id: Option<BusinessId>,
}

struct Report {
    tenant: TenantId,
    started: i64,
    changes: Vec<Change>,
}

impl Report {
    fn read(path: &Path) -> Done<Self> {
        let text = std::fs::read_to_string(path).context(|| path.display().to_string())?;
        Self::parse(&text).context(|| path.display().to_string())
    }

    fn parse(text: &str) -> Done<Self> {
        let mut lines = text.lines();
        let first: Vec<&str> = lines.next().unwrap_or_default().split(' ').collect();
        let &["tenant", tenant, started] = first.as_slice() else { return fail!("it names no tenant") };
        let changes = lines.map(parse_line).collect::<Done<Vec<_>>>()?;
        Ok(Self { tenant: tenant.parse()?, started: started.parse()?, changes })
    }

    fn of(&self, said: Said) -> impl Iterator<Item = &Change> {
        self.changes.iter().filter(move |change| change.said == said)
    }
}

fn parse_line(line: &str) -> Done<Change> {
    let words: Vec<&str> = line.splitn(6, ' ').collect();
    let &[said, _, begun, ended, name, what] = words.as_slice() else { return fail!("a line is not whole: {line:?}") };
    let said = match said {
        "acknowledged" => Said::Acknowledged,
        "refused" => Said::Refused,
        "unknown" => Said::Unknown,
        _ => return fail!("a line begins with {said:?}"),
    };
    let id = if said == Said::Acknowledged { Some(what.parse()?) } else { None };
    Ok(Change { said, begun: begun.parse()?, ended: ended.parse()?, name: name.to_owned(), id })
}

/// The businesses of a tenant, by their names.
async fn businesses(
    store: &SqlStore,
    environment: &EnvironmentName,
    tenant: TenantId,
) -> Done<BTreeMap<String, BTreeSet<BusinessId>>> {
    let mut found: BTreeMap<String, BTreeSet<BusinessId>> = BTreeMap::new();
    let mut after = None;
    loop {
        let page = store.businesses(environment, tenant, Page { after: after.as_ref(), limit: PAGE }).await?;
        let Some(last) = page.last() else { return Ok(found) };
        after = Some(last.id);
        for business in page {
            found.entry(business.name).or_default().insert(business.id);
        }
    }
}

/// Where the audit says that businesses were made.
#[derive(Default)]
struct Audit {
    of: BTreeMap<BusinessId, Vec<Position>>,
    /// How many positions stood in it more than once.
    repeated: usize,
}

/// The audit back to a moment.
async fn positions(store: &SqlStore, started: i64) -> Done<Audit> {
    let mut audit = Audit::default();
    let mut seen = BTreeSet::new();
    let mut before = None;
    loop {
        let page = store.audit(&mintmark_core::store::AuditFilter::default(), before, PAGE).await?;
        let Some(last) = page.last() else { return Ok(audit) };
        before = Some(last.position);
        let is_over = last.at.0 < started;
        for record in page {
            audit.repeated += usize::from(!seen.insert(record.position));
            if let (Subject::Business { id, .. }, "business.create") = (&record.subject, record.action.as_str()) {
                audit.of.entry(*id).or_default().push(record.position);
            }
        }
        if is_over {
            return Ok(audit);
        }
    }
}

/// How many changes stand before another that had ended when they were begun.
fn count_out_of_order(changes: Vec<(u64, u64, Position)>) -> usize {
    let mut by_end = changes.clone();
    by_end.sort_by_key(|(_, ended, _)| *ended);
    let mut by_begin = changes;
    by_begin.sort_by_key(|(begun, _, _)| *begun);
    let mut ended = by_end.into_iter().peekable();
    let (mut highest, mut count) = (Position(0), 0);
    for (begun, _, position) in by_begin {
        while let Some((_, _, earlier)) = ended.next_if(|(_, end, _)| *end < begun) {
            highest = highest.max(earlier);
        }
        count += usize::from(position < highest);
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_was_said_of_each_change() {
        let id = BusinessId::none();
        let tenant = TenantId::none();
        let text = format!("tenant {tenant} 100\nacknowledged 0 1 2 w0-1 {id}\nunknown 1 2 9 w1-1 cut off at the end\n");
        let report = Report::parse(&text).unwrap();
        assert_eq!((report.started, report.changes.len()), (100, 2));
        assert_eq!(report.of(Said::Acknowledged).next().unwrap().id, Some(id));
        assert_eq!(report.of(Said::Unknown).next().unwrap().name, "w1-1");
        assert!(Report::parse("acknowledged").is_err());
    }

    #[test]
    fn only_changes_that_did_not_overlap_have_an_order() {
        let place = |begun, ended, position| (begun, ended, Position(position));
        assert_eq!(count_out_of_order(vec![place(0, 5, 2), place(1, 4, 1), place(6, 7, 3)]), 0);
        assert_eq!(count_out_of_order(vec![place(0, 5, 2), place(6, 7, 1)]), 1);
    }
}
