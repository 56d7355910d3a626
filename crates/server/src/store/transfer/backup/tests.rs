use std::io::Cursor;
use std::sync::Arc;

use mintmark_core::clock::{Clock, FakeClock};
use mintmark_core::crypto::RootKeys;
use mintmark_core::random::{SeededRandom, SystemRandom};
use mintmark_core::store::{Store, UseDigest};

use super::*;

struct Silent;

impl Progress for Silent {
    fn rows(&self, _table: &str, _count: u64) {}
}

#[tokio::test]
async fn a_backup_from_before_a_table_was_there_is_restored() {
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str| StorePlace::file(folder.path().join(name));
    let clock = FakeClock::at(1_800_000_000);
    let now = clock.now();
    let options = OpenOptions { create: true, kind: None, clock: Arc::new(clock), random: Arc::new(SystemRandom) };
    let keys = RootKeys::parse(&RootKeys::generate(&SeededRandom::new(1))).unwrap();
    let store = SqlStore::open(&place("old.db"), options.clone()).await.unwrap();
    assert!(store.use_once(&UseDigest([1; 32]), now.plus(60)).await.unwrap());
    let old: Vec<Table> = TABLES.iter().filter(|table| table.name != "revocation").copied().collect();
    let mut file = Vec::new();
    let sealing: (&Sealer, &dyn Random) = (&keys.sealer, &SystemRandom);
    let backup = write_tables(&store, sealing, &mut file, (&old, &Silent)).await.unwrap();
    store.close().await;
    let read = restore(&place("new.db"), options.clone(), sealing, &mut Cursor::new(&file), &Silent).await.unwrap();
    assert_eq!(read.tables, backup.tables);
    let restored = SqlStore::open(&place("new.db"), OpenOptions { create: false, ..options }).await.unwrap();
    assert!(!restored.use_once(&UseDigest([1; 32]), now.plus(60)).await.unwrap(), "its rows are there");
    restored.close().await;
}

#[test]
fn a_restored_table_holds_what_the_backup_says_and_nothing_where_it_says_nothing() {
    let content = |table: &str, rows, sha256: &str| TableContent { table: table.to_owned(), rows, sha256: sha256.to_owned() };
    let backup = Backup { made_at: 0, position: 0, tables: vec![content("b", 2, "x"), content("a", 1, "y")] };
    assert!(is_as_read(&content("a", 1, "y"), &backup, true));
    assert!(is_as_read(&content("new", 0, "z"), &backup, true));
    assert!(!is_as_read(&content("new", 1, "z"), &backup, true));
    assert!(!is_as_read(&content("b", 2, "y"), &backup, true));
    assert!(is_as_read(&content("b", 2, "y"), &backup, false), "a column was added");
    assert!(!is_as_read(&content("b", 1, "x"), &backup, false));
}
