//! From one store to another.

use super::super::engine::{Engine, Query, Value, WriteError};
use super::super::open::{connect, has_store, prepare_schema};
use super::super::{OpenOptions, SqlStore, StorePlace};
use super::rows::{self, PAGE};
use super::tables::{STORE_TABLE, TABLES, Table};
use super::{Progress, TableContent, TransferError, all_columns, content, contents, difference};

/// How many rows are removed together.
const EMPTY_AT_ONCE: usize = 5000;

/// Copies everything to a place where there is no store yet, or the beginning of such a copy. The copy is the same store, with the
/// same history; the two must not be served side by side.
pub async fn copy_store(
    from: &SqlStore,
    to: &StorePlace,
    options: OpenOptions,
    progress: &dyn Progress,
) -> Result<Vec<TableContent>, TransferError> {
    let target = connect(to, OpenOptions { create: true, ..options }).await.map_err(TransferError::Open)?;
    let copied = copy(from, &target, progress).await;
    target.close().await;
    copied
}

async fn copy(from: &SqlStore, target: &SqlStore, progress: &dyn Progress) -> Result<Vec<TableContent>, TransferError> {
    prepare_target(target).await?;
    let before = store_row(&from.engine).await?;
    if !is_beginning(from, target).await? {
        empty(&target.engine).await?;
    }
    for table in TABLES {
        copy_table(from, target, table, progress).await?;
    }
    let (of_source, of_copy) = (contents(&from.engine).await?, contents(&target.engine).await?);
    let after = store_row(&from.engine).await?;
    if before != after {
        return Err(TransferError::Changed);
    }
    if let Some(table) = difference(&of_source, &of_copy) {
        return Err(TransferError::Different { table });
    }
    // Last of all: with it the copy is a store.
    insert_page(&target.engine, STORE_TABLE, &Vec::from_iter(after)).await?;
    Ok(of_copy)
}

/// Sees that there is no store where one is to be written, before anything there is changed, and makes the tables.
pub(super) async fn prepare_target(target: &SqlStore) -> Result<(), TransferError> {
    if has_store(target).await.map_err(TransferError::Open)? {
        return Err(TransferError::NotEmpty(target.place.clone()));
    }
    prepare_schema(target).await.map_err(TransferError::Open)
}

async fn store_row(engine: &Engine) -> Result<Option<rows::Values>, WriteError> {
    let mut transaction = engine.begin_long_read().await?;
    let row = rows::page(&mut transaction, STORE_TABLE, None).await?.pop();
    transaction.commit().await?;
    Ok(row)
}

/// Whether the target holds a beginning of each of the source's tables, and nothing else.
async fn is_beginning(from: &SqlStore, target: &SqlStore) -> Result<bool, WriteError> {
    let mut source = from.engine.begin_long_read().await?;
    let mut copy = target.engine.begin_long_read().await?;
    for table in TABLES {
        let there = content(&mut copy, table, None).await?;
        let last = last_key(&mut copy, table).await?;
        let is_same = match &last {
            None => true,
            Some(key) => content(&mut source, table, Some(key)).await? == there,
        };
        if !is_same {
            return Ok(false);
        }
    }
    source.commit().await?;
    copy.commit().await?;
    Ok(true)
}

async fn last_key(
    transaction: &mut super::super::engine::Transaction,
    table: &Table,
) -> Result<Option<Vec<Value>>, WriteError> {
    let mut after: Option<Vec<Value>> = None;
    loop {
        let page = rows::page(transaction, table, after.as_deref()).await?;
        let Some(last) = page.last() else { return Ok(after) };
        after = Some(rows::key(table, last).to_vec());
        if page.len() < PAGE {
            return Ok(after);
        }
    }
}

/// Removes what an earlier try wrote, in parts: without the store's own row it is nothing that anybody uses.
pub(super) async fn empty(engine: &Engine) -> Result<(), WriteError> {
    for table in TABLES.iter().rev() {
        let delete = async || {
            let mut transaction = engine.begin_write().await?;
            let removed = Query::of_text("transfer.empty", table.delete_some(EMPTY_AT_ONCE)).execute(&mut transaction).await?;
            transaction.commit().await?;
            Ok(removed)
        };
        while engine.write("transfer.empty", delete).await? > 0 {}
    }
    Ok(())
}

/// Copies what the target does not have yet, page by page.
async fn copy_table(from: &SqlStore, target: &SqlStore, table: &Table, progress: &dyn Progress) -> Result<(), TransferError> {
    let mut copy = target.engine.begin_long_read().await?;
    let mut after = last_key(&mut copy, table).await?;
    copy.commit().await?;
    let mut source = from.engine.begin_long_read().await?;
    loop {
        let page = rows::page(&mut source, table, after.as_deref()).await?;
        insert_page(&target.engine, table, &page).await?;
        progress.rows(table.name, page.len() as u64);
        match page.last() {
            Some(last) if page.len() == PAGE => after = Some(rows::key(table, last).to_vec()),
            _ => break,
        }
    }
    Ok(source.commit().await?)
}

/// Inserts rows of all columns in one transaction.
pub(super) async fn insert_page(engine: &Engine, table: &Table, page: &[rows::Values]) -> Result<(), WriteError> {
    let columns = all_columns(table);
    insert_columns(engine, table, &columns, page).await
}

/// Inserts rows of some columns in one transaction.
pub(super) async fn insert_columns(
    engine: &Engine,
    table: &Table,
    columns: &[usize],
    page: &[rows::Values],
) -> Result<(), WriteError> {
    if page.is_empty() {
        return Ok(());
    }
    let insert = async || {
        let mut transaction = engine.begin_write().await?;
        rows::insert(&mut transaction, table, columns, page).await?;
        transaction.commit().await
    };
    engine.write("transfer.write", insert).await
}
