//! Every way to tamper with a chain that somebody has who can write to the database and has no master key.

use std::sync::LazyLock;

use proptest::prelude::*;

use super::*;
use crate::crypto::{ChainLink, RootKeys};
use crate::random::SeededRandom;

fn keys(seed: u64) -> AuditKeys {
    RootKeys::parse(&RootKeys::generate(&SeededRandom::new(seed))).unwrap().audit_keys()
}

/// The server's, made once.
static OWN: LazyLock<AuditKeys> = LazyLock::new(|| keys(1));

/// A chain of so many rows, as the server writes it.
fn chain(keys: &AuditKeys, name: &str, rows: i64) -> Vec<StoredRow> {
    let mut chain: Vec<StoredRow> = Vec::new();
    for sequence in 1..=rows {
        let previous = chain.last().map(|row| row.link.mac.clone()).unwrap_or_default();
        let mut row = StoredRow {
            chain: name.to_owned(),
            sequence,
            position: sequence * 3,
            at: 1_800_000_000 + sequence,
            actor: "cli uid 0".to_owned(),
            source: (sequence % 2 == 0).then(|| "192.0.2.1".to_owned()),
            request_id: None,
            action: "tenant.edit".to_owned(),
            subject_kind: "tenant".to_owned(),
            subject_environment: None,
            subject_id: format!("ten_{sequence}"),
            before: Some("{}".to_owned()),
            after: None,
            link: ChainLink { key_id: String::new(), mac: Vec::new() },
        };
        row.link = keys.link(&previous, &row.content()).unwrap();
        chain.push(row);
    }
    chain
}

fn verify(keys: &AuditKeys, rows: &[StoredRow], head: Option<&ChainHead>, exported: Option<ChainHead>) -> ChainReport {
    let mut sorted: Vec<_> = rows.to_vec();
    sorted.sort_by_key(|row| (row.sequence, row.position));
    let mut verifier = ChainVerifier::new(keys, "operator", exported);
    for row in &sorted {
        verifier.feed(row);
    }
    verifier.finish(head)
}

fn fault_of(rows: &[StoredRow], head: Option<&ChainHead>) -> Option<(i64, &'static str)> {
    let fault = verify(&OWN, rows, head, None).fault?;
    Some((fault.sequence, fault.kind.as_str()))
}

fn operators() -> (Vec<StoredRow>, ChainHead) {
    let rows = chain(&OWN, "operator", 8);
    let head = rows.last().unwrap().head();
    (rows, head)
}

#[test]
fn s25_a_chain_that_nobody_touched_is_intact() {
    let (rows, head) = operators();
    let report = verify(&OWN, &rows, Some(&head), Some(rows[4].head()));
    assert_eq!((report.intact, report.fault), (8, None));
    assert_eq!(report.keys.into_iter().collect::<Vec<_>>(), [("m1".to_owned(), 8)]);
    assert_eq!(verify(&OWN, &[], None, None).fault, None, "a chain that has not begun");
}

type Edit = fn(&mut StoredRow);

#[test]
fn s25_each_field_of_each_row_is_covered() {
    let (rows, head) = operators();
    let edits: &[(&str, Edit)] = &[
        ("position", |row| row.position += 1),
        ("at", |row| row.at -= 1),
        ("actor", |row| row.actor.push('x')),
        ("source", |row| row.source = Some("198.51.100.7".to_owned())),
        ("request id", |row| row.request_id = Some("req_1".to_owned())),
        ("action", |row| row.action = "tenant.rename".to_owned()),
        ("subject kind", |row| row.subject_kind = "client".to_owned()),
        ("subject environment", |row| row.subject_environment = Some("sandbox".to_owned())),
        ("subject id", |row| row.subject_id = "ten_x".to_owned()),
        ("before", |row| row.before = None),
        ("after", |row| row.after = Some("null".to_owned())),
        ("chain", |row| row.chain = "ten_1".to_owned()),
        ("mac", |row| row.link.mac[31] ^= 1),
        ("shorter mac", |row| row.link.mac.truncate(16)),
    ];
    for (name, edit) in edits {
        for at in 0..rows.len() {
            let mut tampered = rows.clone();
            edit(&mut tampered[at]);
            assert_eq!(fault_of(&tampered, Some(&head)), Some((rows[at].sequence, "altered")), "{name} of row {at}");
        }
    }
    let mut unknown = rows.clone();
    unknown[2].link.key_id = "m2".to_owned();
    assert_eq!(fault_of(&unknown, Some(&head)), Some((3, "key_unknown")));
}

#[test]
fn s25_a_row_that_is_removed_or_taken_out_of_the_chain_is_missed() {
    let (rows, head) = operators();
    for at in 0..rows.len() {
        let mut tampered = rows.clone();
        let removed = tampered.remove(at);
        let expected = if at + 1 == rows.len() { "cut_off" } else { "missing" };
        assert_eq!(fault_of(&tampered, Some(&head)), Some((removed.sequence, expected)));
        // And with the numbers of the later ones moved up, and the head as well.
        tampered.iter_mut().skip(at).for_each(|row| row.sequence -= 1);
        let expected = if at + 1 == rows.len() { "head_altered" } else { "altered" };
        let moved = ChainHead { rows: 7, ..head.clone() };
        let at = removed.sequence.min(7);
        assert_eq!(fault_of(&tampered, Some(&moved)), Some((at, expected)));
    }
}

#[test]
fn s25_rows_that_are_swapped_repeated_or_put_in_between_are_found() {
    let (rows, head) = operators();
    for at in 1..rows.len() {
        let mut swapped = rows.clone();
        (swapped[at - 1].sequence, swapped[at].sequence) = (rows[at].sequence, rows[at - 1].sequence);
        assert_eq!(fault_of(&swapped, Some(&head)), Some((rows[at - 1].sequence, "altered")));
        let mut repeated = rows.clone();
        repeated.push(StoredRow { position: 1000, ..rows[at].clone() });
        assert_eq!(fault_of(&repeated, Some(&head)), Some((rows[at].sequence, "repeated")));
        let mut inserted = rows.clone();
        inserted.iter_mut().skip(at).for_each(|row| row.sequence += 1);
        inserted.push(StoredRow { actor: "nobody".to_owned(), ..rows[at].clone() });
        assert_eq!(fault_of(&inserted, Some(&head)), Some((rows[at].sequence, "altered")));
    }
    let mut before = rows.clone();
    before.push(StoredRow { sequence: 0, ..rows[0].clone() });
    assert_eq!(fault_of(&before, Some(&head)), Some((0, "repeated")));
    let mut forged = rows.clone();
    let mut row = StoredRow { sequence: 9, position: 27, ..rows[7].clone() };
    row.link = keys(2).link(&rows[7].link.mac, &row.content()).unwrap();
    forged.push(row);
    assert_eq!(fault_of(&forged, Some(&forged[8].head())), Some((9, "altered")), "made with another key");
}

#[test]
fn s25_an_end_that_is_cut_off_is_missed_by_the_head_or_by_an_exported_one() {
    let (rows, head) = operators();
    for end in 0..rows.len() {
        let kept = &rows[..end];
        let next = i64::try_from(end).unwrap() + 1;
        assert_eq!(fault_of(kept, Some(&head)), Some((next, "cut_off")));
        // With the head taken back as well nothing in the database tells.
        let taken_back = kept.last().map(StoredRow::head);
        assert_eq!(fault_of(kept, taken_back.as_ref()), None);
        let fault = verify(&OWN, kept, taken_back.as_ref(), Some(head.clone())).fault.unwrap();
        assert_eq!((fault.sequence, fault.kind), (next, FaultKind::CutOffSinceExport(8)));
        if end > 0 {
            assert_eq!(fault_of(&rows, taken_back.as_ref()), Some((next, "beyond_head")), "the head alone taken back");
        }
    }
    assert_eq!(fault_of(&rows, None), Some((8, "head_gone")));
    for wrong in [ChainHead { position: 1, ..head.clone() }, ChainHead { mac: vec![0; 32], ..head }] {
        assert_eq!(fault_of(&rows, Some(&wrong)), Some((8, "head_altered")));
    }
}

#[test]
fn s25_a_chain_that_went_another_way_since_the_export_is_found() {
    let (rows, head) = operators();
    // As after a backup was restored: rows 6 to 8 are others, made by the server itself.
    let mut other = rows[..5].to_vec();
    for sequence in 6..=8 {
        let mut row = StoredRow { sequence, actor: "somebody else".to_owned(), ..rows[5].clone() };
        row.link = OWN.link(&other.last().unwrap().link.mac, &row.content()).unwrap();
        other.push(row);
    }
    let end = other.last().unwrap().head();
    assert_eq!(fault_of(&other, Some(&end)), None);
    let fault = verify(&OWN, &other, Some(&end), Some(head)).fault.unwrap();
    assert_eq!((fault.sequence, fault.kind), (8, FaultKind::NotAsExported));
}

#[test]
fn s25_rows_of_another_chain_are_worth_nothing_in_this_one() {
    let tenants = chain(&OWN, "ten_1", 8);
    let moved: Vec<_> = tenants.iter().map(|row| StoredRow { chain: "operator".to_owned(), ..row.clone() }).collect();
    let head = moved.last().unwrap().head();
    assert_eq!(fault_of(&moved, Some(&head)), Some((1, "altered")));
    assert_eq!(fault_of(&tenants, Some(&head)), Some((1, "altered")), "fed by mistake");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, ..ProptestConfig::default() })]

    /// Whatever is removed, repeated, moved or given another byte: if the rows are not what they were, that is found.
    #[test]
    fn s25_no_mixture_of_changes_passes(changes in prop::collection::vec((0_usize..8, 0_usize..8, 0_u8..5), 1..6)) {
        let (rows, head) = operators();
        let mut tampered = rows.clone();
        for (one, other, what) in changes {
            if tampered.is_empty() {
                break;
            }
            let (one, other) = (one % tampered.len(), other % tampered.len());
            match what {
                0 => { tampered.remove(one); }
                1 => { let copy = tampered[one].clone(); tampered.insert(other, copy); }
                2 => { let number = tampered[one].sequence; tampered[one].sequence = tampered[other].sequence; tampered[other].sequence = number; }
                3 => { let link = tampered[one].link.clone(); tampered[one].link = tampered[other].link.clone(); tampered[other].link = link; }
                _ => tampered[one].subject_id.push('x'),
            }
        }
        tampered.sort_by_key(|row| (row.sequence, row.position));
        let is_found = verify(&OWN, &tampered, Some(&head), None).fault.is_some();
        prop_assert_eq!(is_found, tampered != rows);
    }
}
