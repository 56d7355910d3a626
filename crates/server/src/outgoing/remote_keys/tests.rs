use super::entry::{FAILURE_LASTS, STALE_MAX, UNKNOWN_EVERY};
use super::*;
use mintmark_core::random::SeededRandom;
use serde_json::json;

fn set(kids: &[&str]) -> Arc<RemoteKeySet> {
    let x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
    let keys: Vec<_> = kids.iter().map(|kid| json!({ "kty": "OKP", "crv": "Ed25519", "kid": kid, "x": x })).collect();
    Arc::new(RemoteKeySet::new(serde_json::from_value(json!({ "keys": keys })).unwrap()).unwrap())
}

fn unavailable() -> RemoteKeysError {
    RemoteKeysError::Unavailable("dead".to_owned())
}

/// What was decided, and whether it begins a fetch. What is begun is over at once.
fn decide(entry: &mut Entry, kid: Option<&str>, now: u64) -> (&'static str, bool) {
    let (decision, begun) = entry.decide(kid, now);
    let decision = match decision {
        Decision::Held(_) => "held",
        Decision::Failed(_) => "failed",
        Decision::Wait(_) => "wait",
    };
    (decision, begun.is_some())
}

#[test]
fn the_first_fetch_is_waited_for_by_all_and_made_once() {
    let mut entry = Entry::default();
    let (decision, begun) = entry.decide(Some("a"), 0);
    assert!(matches!(decision, Decision::Wait(_)) && begun.is_some());
    for now in [0, 1, 100_000] {
        assert_eq!(decide(&mut entry, Some("a"), now), ("wait", false));
    }
    entry.hold(set(&["a"]), 1, 10, 300_000);
    drop(begun);
    assert_eq!(decide(&mut entry, Some("a"), 20), ("held", false));
    assert_eq!(decide(&mut entry, None, 20), ("held", false));
}

#[test]
fn a_set_that_is_due_is_used_while_it_is_fetched_again() {
    let mut entry = Entry::default();
    entry.hold(set(&["a"]), 1, 0, 300_000);
    assert_eq!(decide(&mut entry, Some("a"), 299_999), ("held", false));
    assert_eq!(decide(&mut entry, Some("a"), 300_000), ("held", true));
    entry.fail(unavailable(), 300_000);
    assert_eq!(decide(&mut entry, Some("a"), 300_000 + FAILURE_LASTS - 1), ("held", false));
    assert_eq!(decide(&mut entry, Some("a"), 300_000 + FAILURE_LASTS), ("held", true));
}

#[test]
fn a_set_that_cannot_be_fetched_again_is_used_for_a_day_and_no_longer() {
    let mut entry = Entry::default();
    entry.hold(set(&["a"]), 1, 0, 300_000);
    entry.fail(unavailable(), STALE_MAX);
    assert_eq!(decide(&mut entry, Some("a"), STALE_MAX), ("held", false));
    assert!(entry.outcome(STALE_MAX).is_ok());
    assert_eq!(decide(&mut entry, Some("a"), STALE_MAX + 1), ("failed", false));
    assert_eq!(entry.outcome(STALE_MAX + 1).unwrap_err(), unavailable());
    assert_eq!(decide(&mut entry, Some("a"), STALE_MAX + FAILURE_LASTS), ("wait", true));
}

#[test]
fn a_failure_is_told_until_it_is_tried_again() {
    let mut entry = Entry::default();
    assert_eq!(decide(&mut entry, None, 0), ("wait", true));
    entry.fail(unavailable(), 0);
    assert_eq!(decide(&mut entry, None, FAILURE_LASTS - 1), ("failed", false));
    assert_eq!(decide(&mut entry, None, FAILURE_LASTS), ("wait", true));
}

#[test]
fn unknown_keys_are_looked_for_twice_a_minute() {
    let mut entry = Entry::default();
    entry.hold(set(&["a"]), 1, 0, 3_600_000);
    // At once, since the set may have changed just now; then not, whatever is asked for.
    assert_eq!(decide(&mut entry, Some("b"), 0), ("wait", true));
    for now in [0, 1, UNKNOWN_EVERY - 1] {
        assert_eq!(decide(&mut entry, Some("c"), now), ("held", false));
    }
    assert_eq!(decide(&mut entry, Some("d"), UNKNOWN_EVERY), ("wait", true));
    // A failure then takes nothing away.
    entry.fail(unavailable(), UNKNOWN_EVERY);
    assert_eq!(decide(&mut entry, Some("a"), UNKNOWN_EVERY), ("held", false));
}

#[test]
fn the_time_until_the_next_fetch_is_bounded_and_differs() {
    let random = SeededRandom::new(1);
    let mut seen = std::collections::BTreeSet::new();
    for (age, expected) in [(None, 300), (Some(0), 60), (Some(600), 600), (Some(u64::MAX), 3600)] {
        for _ in 0..100 {
            let after = refresh_after(age.map(Duration::from_secs), &random);
            assert!((expected * 900..=expected * 1000).contains(&after), "{age:?} {after}");
            seen.insert(after);
        }
    }
    assert!(seen.len() > 300);
}

#[test]
fn what_is_held_is_bounded_by_number_and_by_bytes() {
    let source = |at: u64| Source::Jwks(format!("https://{at}.example/"));
    let mut entries = HashMap::new();
    for at in 0..MAX_SOURCES as u64 {
        let mut entry = Entry::default();
        entry.decide(None, at);
        entry.hold(set(&[]), 1, at, 1000);
        entries.insert(source(at), entry);
    }
    make_room(&mut entries).unwrap();
    assert!(entries.len() == MAX_SOURCES - 1 && !entries.contains_key(&source(0)), "the one that was not used the longest");
    entries.get_mut(&source(1)).unwrap().hold(set(&[]), MAX_BYTES - 10, 0, 1000);
    drop_the_oldest(&mut entries, &source(1));
    let bytes: usize = entries.values().map(Entry::bytes).sum();
    assert!(bytes <= MAX_BYTES && entries.contains_key(&source(1)));
    assert!(!entries.contains_key(&source(2)) && entries.contains_key(&source(1023)));

    let mut busy: HashMap<Source, Entry> = HashMap::new();
    let begun: Vec<_> =
        (0..MAX_SOURCES as u64).map(|at| busy.entry(source(at)).or_default().decide(None, at).1.unwrap()).collect();
    assert!(make_room(&mut busy).is_err(), "a fetch under way is not forgotten");
    drop(begun);
    assert!(make_room(&mut busy).is_ok());
}
