//! What was metered, for whoever writes bills: a JSON object in each line, or a table, period by period. Of a period that is closed
//! every export is the same to the byte.

use std::io;
use std::sync::Arc;

use mintmark_core::clock::Timestamp;
use mintmark_core::store::{Read, Store};
use mintmark_core::usage::{CLOSED_AFTER, MeteredPlace, MeteredQuery, MeteredRow, is_closed};
use serde_json::json;

use crate::audit_lines::{Format, harmless, io_error, time_of};

/// How many rows are read at a time.
const PAGE: u32 = 1000;
/// The columns of the table.
const COLUMNS: [&str; 11] = [
    "start",
    "end",
    "closed",
    "environment",
    "tenant_id",
    "client_id",
    "business_id",
    "dialect",
    "tokens",
    "refused_by_quota",
    "step",
];

/// Why nothing is exported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotExported {
    /// The times are not in order, or counts do not reach back so far.
    Range(String),
    /// The last period is not closed: until then.
    Open(Timestamp),
}

impl std::fmt::Display for NotExported {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            NotExported::Range(expected) => write!(out, "expected {expected}"),
            NotExported::Open(until) => write!(
                out,
                "an end that is closed: until {} nodes may still write counts of the last period; end earlier, or ask for open periods too",
                time_of(*until)
            ),
        }
    }
}

/// An export on its way.
pub struct MeteredExport<S> {
    store: Arc<S>,
    query: MeteredQuery,
    format: Format,
    now: Timestamp,
    period: i64,
    end: i64,
    after: Option<MeteredPlace>,
    is_begun: bool,
    /// How many rows were written.
    pub rows: u64,
}

impl<S: Store> MeteredExport<S> {
    /// An export of the whole periods that two moments lie in. With `open`, also of periods that are not closed: their rows say so.
    pub fn new(
        (store, now): (&Arc<S>, Timestamp),
        query: MeteredQuery,
        (from, to): (Timestamp, Timestamp),
        (format, open): (Format, bool),
    ) -> Result<Self, NotExported> {
        let step = query.step;
        let kept_from = Timestamp(now.0.saturating_sub(step.kept_seconds()).max(0));
        if from >= to || to > now.plus(step.seconds().unsigned_abs().try_into().unwrap_or(u32::MAX)) {
            return Err(NotExported::Range(format!(
                "a beginning before the end, and an end that is not after {}",
                time_of(now)
            )));
        }
        if from < kept_from {
            let what =
                format!("a beginning at {} or later: counts by {} are kept no longer", time_of(kept_from), step.as_str());
            return Err(NotExported::Range(what));
        }
        let (period, end) = (step.period(from), step.period(Timestamp(to.0.saturating_add(step.seconds() - 1))));
        let last = step.start(end);
        if !open && !is_closed(last, now) {
            return Err(NotExported::Open(Timestamp(last.0.saturating_add(CLOSED_AFTER))));
        }
        Ok(Self { store: Arc::clone(store), query, format, now, period, end, after: None, is_begun: false, rows: 0 })
    }

    /// The next bytes; none after the last.
    pub async fn next(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut written = if self.is_begun { Vec::new() } else { self.begin()? };
        self.is_begun = true;
        while written.is_empty() {
            if self.period >= self.end {
                return Ok(None);
            }
            let rows = self.read().await.map_err(io::Error::other)?;
            written = self.write(&rows)?;
            self.rows += rows.len() as u64;
            match rows.last() {
                Some(last) if rows.len() == PAGE as usize => self.after = Some(last.into()),
                _ => (self.period, self.after) = (self.period + 1, None),
            }
        }
        Ok(Some(written))
    }

    async fn read(&self) -> Read<Vec<MeteredRow>> {
        self.store.metered(&self.query, self.period, self.after.as_ref(), PAGE).await
    }

    fn begin(&self) -> io::Result<Vec<u8>> {
        match self.format {
            Format::Jsonl => Ok(Vec::new()),
            Format::Csv => table(|table| table.write_record(COLUMNS)),
        }
    }

    fn write(&self, rows: &[MeteredRow]) -> io::Result<Vec<u8>> {
        let step = self.query.step;
        let (start, end) = (step.start(self.period), step.start(self.period + 1));
        let closed = is_closed(end, self.now);
        let environment = self.query.environment.as_str();
        match self.format {
            Format::Jsonl => {
                let mut out = Vec::new();
                for row in rows {
                    let MeteredRow { tenant_id, client_id, business_id, dialect, tokens, refused } = row;
                    let line = json!({
                        "start": time_of(start), "end": time_of(end), "closed": closed, "environment": environment,
                        "tenant_id": tenant_id, "client_id": client_id, "business_id": business_id, "dialect": dialect,
                        "tokens": tokens, "refused_by_quota": refused, "step": step.as_str(),
                    });
                    serde_json::to_writer(&mut out, &line)?;
                    out.push(b'\n');
                }
                Ok(out)
            }
            Format::Csv => table(|table| {
                rows.iter().try_for_each(|row| {
                    let MeteredPlace([tenant, client, business, dialect]) = row.into();
                    table.write_record([
                        time_of(start),
                        time_of(end),
                        closed.to_string(),
                        environment.to_owned(),
                        harmless(&tenant),
                        harmless(&client),
                        harmless(&business),
                        harmless(&dialect),
                        row.tokens.to_string(),
                        row.refused.to_string(),
                        step.as_str().to_owned(),
                    ])
                })
            }),
        }
    }
}

/// Rows of a table (RFC 4180).
fn table(write: impl FnOnce(&mut csv::Writer<&mut Vec<u8>>) -> csv::Result<()>) -> io::Result<Vec<u8>> {
    let mut out = Vec::new();
    {
        let mut builder = csv::WriterBuilder::new();
        let mut table = builder.terminator(csv::Terminator::CRLF).from_writer(&mut out);
        write(&mut table).map_err(io_error)?;
        table.flush()?;
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use mintmark_core::model::{ClientId, TenantId};
    use mintmark_core::random::SeededRandom;
    use mintmark_core::store::memory::MemoryStore;
    use mintmark_core::usage::{OutcomeClass, UsageBatch, UsageCount, UsageStep, WriterId};

    use super::*;

    /// The first second of a day.
    const MIDNIGHT: i64 = 1_800_057_600;

    fn count(client: &str, at: i64, code: &'static str, requests: u64) -> UsageCount {
        UsageCount {
            environment: "sandbox".parse().unwrap(),
            tenant_id: Some(TenantId::generate(&SeededRandom::new(1))),
            client_id: Some(client.parse::<ClientId>().unwrap()),
            credential_id: None,
            business_id: None,
            outcome: if code.is_empty() { OutcomeClass::Issued } else { OutcomeClass::Limited },
            code,
            dialect: "asset".parse().unwrap(),
            minute: at.div_euclid(60),
            requests,
        }
    }

    async fn store(counts: Vec<UsageCount>) -> Arc<MemoryStore> {
        let store = Arc::new(MemoryStore::new());
        let batch =
            UsageBatch { writer: WriterId([1; 16]), sequence: 1, at: Timestamp(MIDNIGHT), counts, refusals: Vec::new() };
        store.record_usage(&batch).await.unwrap();
        store
    }

    fn export(
        store: &Arc<MemoryStore>,
        now: i64,
        (from, to): (i64, i64),
        (format, open): (Format, bool),
    ) -> Result<MeteredExport<MemoryStore>, NotExported> {
        let query = MeteredQuery { environment: "sandbox".parse().unwrap(), tenant: None, step: UsageStep::Day };
        MeteredExport::new((store, Timestamp(now)), query, (Timestamp(from), Timestamp(to)), (format, open))
    }

    async fn text(mut export: MeteredExport<MemoryStore>) -> String {
        let mut all = Vec::new();
        while let Some(part) = export.next().await.unwrap() {
            all.extend(part);
        }
        String::from_utf8(all).unwrap()
    }

    #[tokio::test]
    async fn a_table_of_a_closed_day_is_the_same_whenever_it_is_asked_for() {
        let counts = vec![
            count("ledger", MIDNIGHT + 5, "", 7),
            count("ledger", MIDNIGHT + 86_399, "client_quota_exceeded", 2),
            count("ledger", MIDNIGHT + 7, "client_limited", 9),
            count("ledger", MIDNIGHT + 86_400, "", 1),
        ];
        let store = store(counts).await;
        let day = (MIDNIGHT, MIDNIGHT + 86_400);
        let at = |now| text(export(&store, now, day, (Format::Csv, false)).unwrap());
        let first = at(MIDNIGHT + 86_400 + CLOSED_AFTER).await;
        let tenant = TenantId::generate(&SeededRandom::new(1));
        assert_eq!(
            first,
            format!(
                "start,end,closed,environment,tenant_id,client_id,business_id,dialect,tokens,refused_by_quota,step\r\n\
                 2027-01-16T00:00:00Z,2027-01-17T00:00:00Z,true,sandbox,{tenant},ledger,,asset,7,2,day\r\n"
            )
        );
        assert_eq!(at(MIDNIGHT + 30 * 86_400).await, first);
    }

    #[tokio::test]
    async fn a_day_that_is_not_closed_is_exported_only_to_who_asks_for_it_and_its_rows_say_so() {
        let store = store(vec![count("ledger", MIDNIGHT + 5, "", 7)]).await;
        let (now, day) = (MIDNIGHT + 86_400 + CLOSED_AFTER - 1, (MIDNIGHT, MIDNIGHT + 86_400));
        let refused = export(&store, now, day, (Format::Jsonl, false)).err();
        assert_eq!(refused, Some(NotExported::Open(Timestamp(now + 1))));
        let line = text(export(&store, now, day, (Format::Jsonl, true)).unwrap()).await;
        let row: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!((&row["closed"], &row["tokens"], &row["business_id"]), (&json!(false), &json!(7), &json!(null)));
        for range in [(MIDNIGHT, MIDNIGHT), (MIDNIGHT, MIDNIGHT + 5 * 86_400), (0, MIDNIGHT)] {
            assert!(matches!(export(&store, now, range, (Format::Jsonl, true)).err(), Some(NotExported::Range(_))));
        }
    }

    #[tokio::test]
    async fn no_cell_is_a_formula_and_more_rows_than_a_page_come_in_order() {
        let many = (0..2500).map(|number| count(&format!("client-{number:05}"), MIDNIGHT, "", 1));
        let store = store(many.chain([count("=1+1", MIDNIGHT, "", 1)]).collect()).await;
        let day = (MIDNIGHT, MIDNIGHT + 86_400);
        let table = text(export(&store, MIDNIGHT + 10 * 86_400, day, (Format::Csv, false)).unwrap()).await;
        let rows: Vec<_> = csv::Reader::from_reader(table.as_bytes()).records().map(Result::unwrap).collect();
        assert_eq!((rows.len(), &rows[0][5], &rows[1][5], &rows[2500][5]), (2501, "'=1+1", "client-00000", "client-02499"));
    }
}
