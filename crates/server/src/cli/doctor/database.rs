//! The database: whether it answers, what schema it has, its clock, and the signing keys in it.

use mintmark_core::clock::Clock;
use mintmark_core::crypto::{RootKeys, Sealer};
use mintmark_core::dialect::DialectSet;
use mintmark_core::keys::{KeyRing, algorithms_of, overdue};
use mintmark_core::model::{KeyState, Position};
use mintmark_core::store::{EnvironmentRecord, Store};

use super::Finding;
use crate::cli::Failure;
use crate::cli::place::Files;
use crate::clock::SystemClock;
use crate::config::Config;
use crate::store::{Sealed, SqlStore};

const WHAT: &str = "database";
/// Clocks that differ by so many seconds are to be seen to, and by so many others' verifiers refuse new tokens.
const CLOCK_WARN: i64 = 2;
const CLOCK_FAIL: i64 = 60;

/// Looks at the database, as far as it can be reached and is of this program's schema.
pub(super) async fn examine(
    files: &Files,
    config: Option<&Config>,
    dialects: Option<&DialectSet>,
    findings: &mut Vec<Finding>,
) {
    if let Some(missing) = files.store.path().filter(|file| !file.exists()) {
        let found = format!("there is no {}", missing.display());
        return findings.push(Finding::fail(WHAT, found, "say where it is with --config or --data-dir, or restore a backup"));
    }
    let store = match SqlStore::connect(&files.store, files.open_options(false)).await {
        Ok(store) => store,
        Err(error) => return findings.push(unreachable(files, &error.to_string())),
    };
    if is_current(files, &store, findings).await {
        let examined = examine_store(files, config, dialects, &store, findings).await;
        findings.extend(examined.err().map(|Failure(message)| unreachable(files, &message)));
    }
    store.close().await;
}

fn unreachable(files: &Files, message: &str) -> Finding {
    let advice = "see that it runs and that the configuration names it; tokens are given out without it only for a while";
    Finding::fail(WHAT, format!("{}: {message}", files.store), advice)
}

/// Whether its schema is this program's; it is not touched where it is older.
async fn is_current(files: &Files, store: &SqlStore, findings: &mut Vec<Finding>) -> bool {
    match store.plan().await {
        Ok(versions) if versions.is_empty() => true,
        Ok(versions) => {
            let found = format!("{}: its schema lacks {} versions of this program's", files.store, versions.len());
            findings.push(Finding::warn(
                WHAT,
                found,
                "mintmark migrate (a server that starts does so too); the rest was not looked at",
            ));
            false
        }
        Err(error) => {
            findings.push(unreachable(files, &error.to_string()));
            false
        }
    }
}

async fn examine_store(
    files: &Files,
    config: Option<&Config>,
    dialects: Option<&DialectSet>,
    store: &SqlStore,
    findings: &mut Vec<Finding>,
) -> Result<(), Failure> {
    let environments = store.environments().await?.value;
    findings.push(Finding::ok(WHAT, format!("{} answers, its schema is up to date", files.store)));
    findings.push(clock(store.clock_offset().await?));
    if store.feed(Position(u64::MAX), 1).await?.is_unconfirmed {
        let found = "a backup was restored, and nobody has said yet what was revoked since; no tokens are given out";
        findings.push(Finding::fail(
            "restore",
            found,
            "disable again what was disabled since, then: mintmark restore --confirm",
        ));
    }
    findings.extend(missing_environments(config, &environments));
    let Ok(root_keys) = files.read_root_keys() else { return Ok(()) };
    if let Err(Failure(message)) = files.check_root_keys(store, &root_keys).await {
        findings.push(Finding::fail("root keys", message, "put back the file that belongs to this database"));
        return Ok(());
    }
    for record in &environments {
        findings.push(signing_keys(files, record, dialects, &root_keys));
    }
    findings.extend(older_master_keys(store, &root_keys.sealer).await?);
    Ok(())
}

/// What still needs the master keys that do not seal any more.
async fn older_master_keys(store: &SqlStore, sealer: &Sealer) -> Result<Vec<Finding>, Failure> {
    let mut found = Vec::new();
    if sealer.ids().nth(1).is_none() {
        return Ok(found);
    }
    let Sealed { rows, damaged } = store.sealed(|sealed| !sealer.is_current(sealed)).await?;
    if let Some(row) = damaged.first() {
        let advice = "restore a backup, or remove and make anew what the row is of";
        found.push(Finding::fail("sealed values", format!("{row} (of {} such rows)", damaged.len()), advice));
    }
    for id in sealer.ids().skip(1) {
        let what = format!("master key {id}");
        let count = rows.iter().filter(|row| row.master_key.as_deref() == Some(id)).count();
        let is_retired = sealer.retired().any(|retired| retired == id);
        found.push(match (count, is_retired) {
            (0, true) => Finding::ok(what, "retired; audit rows and backups of its time need it, and nothing else"),
            (0, false) => {
                let advice = "if it is the new one, put it first; if it is the old one, set retired = true on it";
                Finding::warn(what, "it seals nothing, and vouches for tokens", advice)
            }
            (count, _) => {
                let advice = "mintmark reseal, once all nodes have the new master key first";
                Finding::warn(what, format!("{count} values in the database are sealed under it"), advice)
            }
        });
    }
    Ok(found)
}

fn clock(offset: i64) -> Finding {
    let what = "clock";
    let found = match offset {
        0 => "it agrees with the database's".to_owned(),
        seconds => format!("it is {} s {} the database's", seconds.abs(), if seconds > 0 { "ahead of" } else { "behind" }),
    };
    let advice = "set the clocks by NTP: tokens, assertions and keys are good by the second";
    match offset.abs() {
        ..CLOCK_WARN => Finding::ok(what, found),
        CLOCK_WARN..CLOCK_FAIL => Finding::warn(what, found, advice),
        CLOCK_FAIL.. => Finding::fail(what, found, advice),
    }
}

fn missing_environments(config: Option<&Config>, environments: &[EnvironmentRecord]) -> Vec<Finding> {
    let is_missing = |name: &str| !environments.iter().any(|record| record.environment.name.as_str() == name);
    let served = config.iter().flat_map(|config| &config.environments).filter(|one| is_missing(one.name.as_str()));
    let finding = |name: &str| {
        Finding::fail(
            format!("environment {name}"),
            "it is configured and not in the database",
            format!("mintmark environment create {name} --issuer https://…"),
        )
    };
    served.map(|one| finding(one.name.as_str())).collect()
}

/// Whether all keys open, each algorithm that is needed has one, and none is used for longer than it should be.
fn signing_keys(files: &Files, record: &EnvironmentRecord, dialects: Option<&DialectSet>, root_keys: &RootKeys) -> Finding {
    let (name, now) = (&record.environment.name, SystemClock.now());
    let what = format!("signing keys of {name}");
    let ring = KeyRing::build(name, &record.keys, &root_keys.sealer);
    if !ring.unusable.is_empty() {
        let found: Vec<String> = ring.unusable.iter().map(|(kid, reason)| format!("{kid}: {reason}")).collect();
        return Finding::fail(
            what,
            found.join("; "),
            "the rows were damaged or planted: restore them from a backup, or rotate the keys",
        );
    }
    let wanted = dialects.map_or_else(|| vec![record.environment.algorithm], |dialects| algorithms_of(record, dialects));
    let is_active = |algorithm| record.keys.iter().any(|key| key.state == KeyState::Active && key.algorithm == algorithm);
    if let Some(missing) = wanted.iter().find(|algorithm| !is_active(**algorithm)) {
        let found = format!("none is active for {missing}");
        return Finding::fail(what, found, format!("mintmark key create --environment {name} --algorithm {missing}"));
    }
    let late = overdue(&record.keys, &wanted, files.rotate_after, now);
    if let Some(key) = late.first() {
        let days = now.0.saturating_sub(key.active_since().0) / 86_400;
        let found = format!("the {} key {} signs since {days} days and is not replaced", key.algorithm, key.kid);
        return Finding::warn(what, found, "see that a server runs: rotation is its work");
    }
    let count = |state| record.keys.iter().filter(|key| key.state == state).count();
    let oldest = record.keys.iter().filter(|key| key.state == KeyState::Active).map(|key| key.active_since().0).min();
    let days = oldest.map_or(0, |since| now.0.saturating_sub(since) / 86_400);
    let (active, next, retired) = (count(KeyState::Active), count(KeyState::Next), count(KeyState::Retired));
    Finding::ok(what, format!("{active} active, the oldest since {days} days; {next} next, {retired} retired; all open"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::doctor::Standing;

    #[test]
    fn clocks_that_differ_are_told_by_how_much() {
        for (offset, standing, found) in [
            (0, Standing::Ok, "agrees"),
            (1, Standing::Ok, "1 s ahead of"),
            (-2, Standing::Warn, "2 s behind"),
            (59, Standing::Warn, "59 s ahead of"),
            (-60, Standing::Fail, "60 s behind"),
        ] {
            let told = clock(offset);
            assert!(told.standing == standing && told.found.contains(found), "{told:?}");
        }
    }
}
