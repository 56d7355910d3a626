//! A backup: one file, sealed part by part under the master key, which is not in it.
//!
//! It begins with a line that says what it is and the backup's own name, which each part is bound to with its number: parts cannot
//! be left out, exchanged or taken from another backup. The last part says how many rows of which hash each table has.

use std::io::{BufRead, Read, Seek, Write};

use mintmark_core::clock::Timestamp;
use mintmark_core::crypto::{Purpose, SealContext, Sealer};
use mintmark_core::random::Random;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::super::engine::Value;
use super::super::migrate::USABLE_FROM;
use super::super::open::{connect, new_incarnation};
use super::super::statements::INVITATIONS_END_ALL;
use super::super::writes::random_mark;
use super::super::{OpenOptions, SqlStore, StorePlace};
use super::copy::{empty, insert_columns, insert_page, prepare_target};
use super::rows::{self, Hash, PAGE};
use super::tables::{STORE_TABLE, TABLES, Table};
use super::{Progress, TableContent, TransferError, contents, difference};

const MAGIC: &str = "Mintmark backup 1 ";
/// A part is a page of rows: a few megabytes at most. A length beyond this is no part's.
const PART_MAX: u32 = 256 * 1024 * 1024;
/// By how much positions of a restored store lie above those of the backup at least: more changes than were made since.
const POSITIONS_APART: i64 = 1_000_000_000;
/// And above so many for each second since 1970, so that a second restore of one backup lies above the first, with all changes that
/// were made to it.
const POSITIONS_A_SECOND: i64 = 1000;

/// What a backup holds.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Backup {
    /// When it was made, in seconds since 1970.
    pub made_at: i64,
    /// The position of the last change in it.
    pub position: i64,
    /// The tables, with rows and hashes.
    pub tables: Vec<TableContent>,
}

#[derive(Serialize, Deserialize)]
enum Part {
    /// The columns that rows of a table have from here on.
    Columns { table: String, columns: Vec<String> },
    /// Rows of a table.
    Rows { table: String, rows: Vec<Json> },
    /// The end.
    End(Backup),
}

/// Writes a backup of the store as it is now, while it is served.
pub async fn write_backup(
    store: &SqlStore,
    sealing: (&Sealer, &dyn Random),
    file: &mut (impl Write + Send),
    progress: &dyn Progress,
) -> Result<Backup, TransferError> {
    write_tables(store, sealing, file, (TABLES, progress)).await
}

async fn write_tables(
    store: &SqlStore,
    (sealer, random): (&Sealer, &dyn Random),
    file: &mut (impl Write + Send),
    (those, progress): (&[Table], &dyn Progress),
) -> Result<Backup, TransferError> {
    let mut out = Sealing::begin(sealer, random, file)?;
    let mut source = store.engine.begin_long_read().await?;
    let mut tables = Vec::new();
    let mut position = 0;
    for table in std::iter::once(STORE_TABLE).chain(those) {
        let columns = table.columns.iter().map(|(name, _)| (*name).to_owned()).collect();
        out.write(&Part::Columns { table: table.name.to_owned(), columns })?;
        let mut hash = Hash::new();
        let mut after: Option<rows::Values> = None;
        loop {
            let page = rows::page(&mut source, table, after.as_deref()).await?;
            for row in &page {
                hash.add(row);
            }
            let rows = page.iter().map(|row| rows::to_json(row)).collect();
            out.write(&Part::Rows { table: table.name.to_owned(), rows })?;
            progress.rows(table.name, page.len() as u64);
            let last = page.last();
            if let (Some(row), true) = (last, table.name == STORE_TABLE.name) {
                position = integer(STORE_TABLE, row, "position");
            }
            match last {
                Some(last) if page.len() == PAGE => after = Some(rows::key(table, last).to_vec()),
                _ => break,
            }
        }
        if table.name != STORE_TABLE.name {
            tables.push(TableContent { table: table.name.to_owned(), rows: hash.rows, sha256: hash.value() });
        }
    }
    source.commit().await?;
    let backup = Backup { made_at: store.options.clock.now().0, position, tables };
    out.write(&Part::End(backup.clone()))?;
    Ok(backup)
}

/// Reads a backup from beginning to end, and checks all of it.
pub fn verify_backup(sealer: &Sealer, file: &mut impl BufRead) -> Result<Backup, TransferError> {
    let mut parts = Opening::begin(sealer, file)?;
    let mut current: Option<(&Table, Vec<usize>, Hash)> = None;
    let mut found = Vec::new();
    let mut has_own_row = false;
    loop {
        match parts.read()? {
            Part::Columns { table, columns } => {
                found.extend(current.take().and_then(|(table, _, hash)| content_of(table, &hash)));
                let (known, columns) = columns_of(&table, &columns)?;
                current = Some((known, columns, Hash::new()));
            }
            Part::Rows { table, rows } => {
                let current = current.as_mut().filter(|(known, ..)| known.name == table);
                let (known, columns, hash) = current.ok_or_else(|| bad("rows come before their columns"))?;
                has_own_row |= known.name == STORE_TABLE.name && rows.len() == 1;
                for row in &rows {
                    let row = rows::from_json(known, columns, row);
                    hash.add(&row.ok_or_else(|| bad("a row is not of its table's form"))?);
                }
            }
            Part::End(backup) => {
                found.extend(current.take().and_then(|(table, _, hash)| content_of(table, &hash)));
                return match difference(&backup.tables, &found) {
                    None if has_own_row && found.len() == backup.tables.len() => Ok(backup),
                    None => Err(bad("a table is missing")),
                    Some(table) => Err(bad(&format!("the table {table} is damaged"))),
                };
            }
        }
    }
}

/// What was read of a table; the store's own row is not counted.
fn content_of(table: &Table, hash: &Hash) -> Option<TableContent> {
    let is_counted = table.name != STORE_TABLE.name;
    is_counted.then(|| TableContent { table: table.name.to_owned(), rows: hash.rows, sha256: hash.value() })
}

/// Reads a backup into a place where there is no store yet; nothing is made unless the whole of it is good. What comes of it is
/// another history: tokens from before are refused, and none are given out until somebody has confirmed what was revoked since
/// the backup was made (rule S15).
pub async fn restore(
    to: &StorePlace,
    options: OpenOptions,
    (sealer, random): (&Sealer, &dyn Random),
    file: &mut (impl BufRead + Seek + Send),
    progress: &dyn Progress,
) -> Result<Backup, TransferError> {
    verify_backup(sealer, file)?;
    file.rewind()?;
    let mut parts = Opening::begin(sealer, file)?;
    let target = connect(to, OpenOptions { create: true, ..options }).await.map_err(TransferError::Open)?;
    let restored = read_into(&target, &mut parts, random, progress).await;
    target.close().await;
    restored
}

async fn read_into(
    target: &SqlStore,
    parts: &mut Opening<'_, impl BufRead + Send>,
    random: &dyn Random,
    progress: &dyn Progress,
) -> Result<Backup, TransferError> {
    prepare_target(target).await?;
    empty(&target.engine).await?;
    let mut own_row = None;
    let mut is_whole = true;
    let mut current: Option<(&Table, Vec<usize>)> = None;
    let backup = loop {
        match parts.read()? {
            Part::Columns { table, columns } => {
                let (known, columns) = columns_of(&table, &columns)?;
                is_whole &= columns.len() == known.columns.len();
                current = Some((known, columns));
            }
            Part::Rows { table, rows } => {
                let current = current.as_ref().filter(|(known, _)| known.name == table);
                let (known, columns) = current.ok_or_else(|| bad("rows come before their columns"))?;
                let rows: Option<Vec<_>> = rows.iter().map(|row| rows::from_json(known, columns, row)).collect();
                let rows = rows.ok_or_else(|| bad("a row is not of its table's form"))?;
                progress.rows(&table, rows.len() as u64);
                if known.name == STORE_TABLE.name {
                    own_row = rows.into_iter().next();
                } else {
                    insert_columns(&target.engine, known, columns, &rows).await?;
                }
            }
            Part::End(backup) => break backup,
        }
    };
    let written = contents(&target.engine).await?;
    if let Some(different) = written.iter().find(|written| !is_as_read(written, &backup, is_whole)) {
        return Err(TransferError::Different { table: different.table.clone() });
    }
    let own_row = own_row.ok_or_else(|| bad("the store's own row is missing"))?;
    end_invitations(target).await?;
    insert_page(&target.engine, STORE_TABLE, &[another_history(own_row, random, target.options.clock.now())]).await?;
    Ok(backup)
}

/// Ends the invitations that were open when the backup was made: one that was cancelled or used since must not come back.
async fn end_invitations(target: &SqlStore) -> Result<(), TransferError> {
    let end = async || {
        let mut transaction = target.engine.begin_write().await?;
        INVITATIONS_END_ALL.query().bind(target.options.clock.now().0).execute(&mut transaction).await?;
        transaction.commit().await
    };
    Ok(target.engine.write(INVITATIONS_END_ALL.name, end).await?)
}

/// Whether a table holds what the backup says of it: nothing, if the backup is of a version before the table.
fn is_as_read(written: &TableContent, backup: &Backup, is_whole: bool) -> bool {
    match backup.tables.iter().find(|read| read.table == written.table) {
        // A column that came since the backup was made has its default in every row, and the hash is another.
        Some(read) => read == written || !is_whole && read.rows == written.rows,
        None => written.rows == 0,
    }
}

/// The store's row as the beginning of another history.
fn another_history(mut row: rows::Values, random: &dyn Random, now: Timestamp) -> rows::Values {
    let incarnation = new_incarnation(random);
    let position = first_position(integer(STORE_TABLE, &row, "position"), now);
    let usable_from = integer(STORE_TABLE, &row, "usable_from").max(USABLE_FROM);
    for ((name, _), value) in STORE_TABLE.columns.iter().zip(&mut row) {
        match *name {
            "incarnation" => *value = Value::Text(Some(incarnation.clone())),
            "position" | "first_position" => *value = Value::Integer(Some(position)),
            "unconfirmed" => *value = Value::Integer(Some(1)),
            "usable_from" => *value = Value::Integer(Some(usable_from)),
            "mark" => *value = Value::Integer(Some(random_mark(random))),
            _ => {}
        }
    }
    row
}

/// Where a history begins that is another one than that of a position.
pub(in crate::store) fn first_position(last: i64, now: Timestamp) -> i64 {
    last.saturating_add(POSITIONS_APART).max(now.0.saturating_mul(POSITIONS_A_SECOND))
}

fn integer(table: &Table, row: &[Value], column: &str) -> i64 {
    let at = table.columns.iter().position(|(name, _)| *name == column);
    match at.and_then(|at| row.get(at)) {
        Some(Value::Integer(Some(number))) => *number,
        _ => 0,
    }
}

/// The table, and where its columns stand. A backup of an older version has fewer.
fn columns_of(table: &str, columns: &[String]) -> Result<(&'static Table, Vec<usize>), TransferError> {
    let known = std::iter::once(STORE_TABLE).chain(TABLES).find(|known| known.name == table);
    let known = known.ok_or_else(|| bad(&format!("it has a table {table:?} that this version does not know")))?;
    let place = |column: &String| known.columns.iter().position(|(name, _)| name == column);
    let places: Option<Vec<usize>> = columns.iter().map(place).collect();
    let places = places.ok_or_else(|| bad(&format!("its table {table} has columns that this version does not know")))?;
    if known.name == STORE_TABLE.name && places.len() != known.columns.len() {
        return Err(bad("it is of a version before backups"));
    }
    Ok((known, places))
}

fn bad(what: &str) -> TransferError {
    TransferError::BadBackup(what.to_owned())
}

struct Sealing<'a, W> {
    sealer: &'a Sealer,
    random: &'a dyn Random,
    file: &'a mut W,
    name: String,
    number: u64,
}

impl<'a, W: Write> Sealing<'a, W> {
    fn begin(sealer: &'a Sealer, random: &'a dyn Random, file: &'a mut W) -> Result<Self, TransferError> {
        let mut name = [0; 16];
        random.fill(&mut name);
        let name = format!("{:032x}", u128::from_be_bytes(name));
        file.write_all(format!("{MAGIC}{name}\n").as_bytes())?;
        Ok(Self { sealer, random, file, name, number: 0 })
    }

    fn write(&mut self, part: &Part) -> Result<(), TransferError> {
        let text = serde_json::to_vec(part).map_err(std::io::Error::other)?;
        let id = part_id(&self.name, self.number);
        let sealed = self.sealer.seal(context(&id), &text, self.random);
        let sealed = sealed.ok_or_else(|| std::io::Error::other("no master key is loaded"))?;
        let length = u32::try_from(sealed.len()).ok().filter(|length| *length <= PART_MAX);
        let length = length.ok_or_else(|| std::io::Error::other("a page of rows is too large"))?;
        self.file.write_all(&length.to_be_bytes())?;
        self.file.write_all(&sealed)?;
        self.number += 1;
        Ok(())
    }
}

struct Opening<'a, R> {
    sealer: &'a Sealer,
    file: &'a mut R,
    name: String,
    number: u64,
}

impl<'a, R: BufRead> Opening<'a, R> {
    fn begin(sealer: &'a Sealer, file: &'a mut R) -> Result<Self, TransferError> {
        let mut line = Vec::new();
        file.take(100).read_until(b'\n', &mut line)?;
        let name = std::str::from_utf8(&line).ok().and_then(|line| line.strip_prefix(MAGIC)?.strip_suffix('\n'));
        let name = name.ok_or_else(|| bad("it does not begin as one"))?.to_owned();
        Ok(Self { sealer, file, name, number: 0 })
    }

    fn read(&mut self) -> Result<Part, TransferError> {
        let mut length = [0; 4];
        self.file.read_exact(&mut length).map_err(|_| bad("it ends too early"))?;
        let length = u32::from_be_bytes(length);
        if length > PART_MAX {
            return Err(bad("it is damaged"));
        }
        let mut sealed = Vec::new();
        self.file.take(length.into()).read_to_end(&mut sealed)?;
        let id = part_id(&self.name, self.number);
        let text = self.sealer.unseal(context(&id), &sealed).map_err(|error| bad(&format!("part {}: {error}", self.number)))?;
        self.number += 1;
        serde_json::from_slice(&text).map_err(|_| bad("it was made by another version"))
    }
}

fn part_id(name: &str, number: u64) -> String {
    format!("{name} {number}")
}

fn context(id: &str) -> SealContext<'_> {
    SealContext { purpose: Purpose::Backup, environment: "", id, algorithm: "" }
}

#[cfg(test)]
mod tests;
