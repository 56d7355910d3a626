//! `mintmark backup` and `mintmark restore`

use std::fs::{self, File};
use std::io::{BufReader, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use clap::Args;
use mintmark_core::clock::Timestamp;
use mintmark_core::random::SystemRandom;
use serde_json::json;

use super::output::Output;
use super::place::{Files, Place};
use super::progress::RowsBar;
use super::{Done, Failure, Shared, time};
use crate::store::{Backup, restore, verify_backup, write_backup};

#[derive(Args, Debug)]
pub(super) struct BackupArgs {
    /// The file to write, which must not exist.
    file: PathBuf,
    /// Read a backup from beginning to end instead, and check all of it.
    #[arg(long)]
    verify: bool,
}

#[derive(Args, Debug)]
pub(super) struct RestoreArgs {
    /// The backup to read into the store of the configuration, which must be empty.
    #[arg(required_unless_present_any = ["confirm", "in_place"])]
    file: Option<PathBuf>,
    /// The database itself was restored to an earlier state, or a replica promoted that did not have all changes: treat it as a
    /// restored backup.
    #[arg(long, conflicts_with_all = ["file", "confirm"])]
    in_place: bool,
    /// Say that what was revoked after the backup was made is revoked again: from then on tokens are given out.
    #[arg(long, conflicts_with = "file")]
    confirm: bool,
}

pub(super) async fn run_backup(shared: &Shared, args: &BackupArgs) -> Done {
    let files = Files::find(shared)?;
    let keys = files.read_root_keys()?;
    if args.verify {
        let backup = verify_backup(&keys.sealer, &mut BufReader::new(open(&args.file)?)).map_err(Failure::from)?;
        return Ok(show(&args.file, &backup, "every part of it is good"));
    }
    if args.file.exists() {
        return Err(Failure(format!("{} exists already; nothing was changed", args.file.display())));
    }
    let store = files.open_store(false).await?;
    files.check_root_keys(&store, &keys).await?;
    let bar = RowsBar::new(shared.json);
    let mut temporary = args.file.clone().into_os_string();
    temporary.push(".unfinished");
    let temporary = PathBuf::from(temporary);
    let _ = fs::remove_file(&temporary);
    let created = File::options().write(true).create_new(true).mode(0o600).open(&temporary);
    let mut out = BufWriter::new(created.map_err(|error| Failure(format!("{}: {error}", temporary.display())))?);
    let written = write_backup(&store, (&keys.sealer, &SystemRandom), &mut out, &bar).await;
    bar.finish();
    store.close().await;
    let backup = written?;
    out.flush()?;
    out.get_ref().sync_all()?;
    publish(&temporary, &args.file).map_err(|error| Failure(format!("{}: {error}", args.file.display())))?;
    let folder = args.file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    File::open(folder)?.sync_all()?;
    Ok(show(
        &args.file,
        &backup,
        "sealed under the master key; without the root keys it cannot be read, and they are not in it",
    ))
}

/// Gives a file its name. A link, unlike a renaming, does not take the place of a file that somebody made meanwhile; not every file
/// system has links.
fn publish(temporary: &Path, name: &Path) -> std::io::Result<()> {
    match fs::hard_link(temporary, name) {
        Ok(()) => fs::remove_file(temporary),
        Err(error) if name.exists() => Err(error),
        Err(_) => fs::rename(temporary, name),
    }
}

pub(super) async fn run_restore(shared: &Shared, args: &RestoreArgs) -> Done {
    let Some(file) = &args.file else {
        return if args.in_place { begin_history(shared).await } else { confirm(shared).await };
    };
    let files = Files::find(shared)?;
    let keys = files.read_root_keys()?;
    let bar = RowsBar::new(shared.json);
    let mut input = BufReader::new(open(file)?);
    let options = files.open_options(true);
    let restored = restore(&files.store, options, (&keys.sealer, &SystemRandom), &mut input, &bar).await;
    bar.finish();
    let next = "nobody gets a token yet: disable again what was disabled since, then `mintmark restore --confirm`";
    Ok(show(file, &restored?, next))
}

async fn begin_history(shared: &Shared) -> Done {
    let place = Place::open(shared).await?;
    let begun = place.store.begin_history().await;
    place.close().await;
    begun?;
    let text = "nobody gets a token from now on: disable again what was disabled since the state that was restored, then \
                `mintmark restore --confirm`";
    Ok(Output::text(text, json!({ "begun": true })))
}

async fn confirm(shared: &Shared) -> Done {
    let place = Place::open(shared).await?;
    let confirmed = place.registry.confirm_restore().await;
    place.close().await;
    let is_new = confirmed?;
    let text = if is_new { "confirmed: tokens are given out from now on" } else { "there was nothing to confirm" };
    Ok(Output::text(text, json!({ "confirmed": is_new })))
}

fn open(file: &Path) -> Result<File, Failure> {
    File::open(file).map_err(|error| Failure(format!("{}: {error}", file.display())))
}

fn show(file: &Path, backup: &Backup, note: &str) -> Output {
    let rows: u64 = backup.tables.iter().map(|table| table.rows).sum();
    let mut fields = vec![
        ("backup", file.display().to_string()),
        ("made", time::show(Timestamp(backup.made_at))),
        ("position", backup.position.to_string()),
        ("rows", rows.to_string()),
    ];
    fields
        .extend(backup.tables.iter().filter(|table| table.table == "client").map(|table| ("clients", table.rows.to_string())));
    fields.push(("note", note.to_owned()));
    Output::object(&fields, json!({ "file": file, "backup": backup, "note": note }))
}
