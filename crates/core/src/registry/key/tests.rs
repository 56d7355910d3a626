//! The plans, on rows that no store holds.

mod property;

use mintmark_verify::Algorithm;

use super::super::{Outcome, RegistryError};
use super::plan::{KeyPlan, KeyRow, KeyStep, Situation};
use super::{Rotation, RotationRequest, removal, revocation, rotation};
use crate::clock::Timestamp;
use crate::keys::{Due, MAX_PUBLISHED, PUBLISHED_BEFORE_USE, REMOVED_KEPT, UNREACHABLE_ALLOWANCE, due, overdue};
use crate::model::{EnvironmentName, KeyState, SealedBytes, SigningKey};

const ES256: Algorithm = Algorithm::Es256;
const START: i64 = 1_800_000_000;
const DAY: i64 = 86_400;

fn sandbox() -> EnvironmentName {
    "sandbox".parse().unwrap()
}

fn key(kid: &str, state: KeyState, at: i64) -> SigningKey {
    let at = Timestamp(at);
    let key = SigningKey {
        kid: kid.to_owned(),
        environment: sandbox(),
        algorithm: ES256,
        state: KeyState::Next,
        sealed: SealedBytes(vec![1]),
        created_at: at,
        activated_at: None,
        retired_at: None,
        withdrawn_at: None,
        version: 1,
    };
    let (lived, since) = (state != KeyState::Next, |is: bool| is.then_some(at));
    let is_over = matches!(state, KeyState::Retired | KeyState::Removed);
    SigningKey {
        state,
        activated_at: since(lived),
        retired_at: since(is_over),
        withdrawn_at: since(state == KeyState::Removed),
        ..key
    }
}

/// Asks for a plan at a moment; keys whose id begins with `bad` cannot be used.
fn plan_at<T>(keys: &[SigningKey], now: i64, plan: impl FnOnce(&Situation<'_>) -> Outcome<KeyPlan<T>>) -> Outcome<KeyPlan<T>> {
    let check = |key: &SigningKey| if key.kid.starts_with("bad") { Err("it does not open".to_owned()) } else { Ok(()) };
    plan(&Situation { environment: &sandbox(), keys, now: Timestamp(now), check: &check })
}

/// Writes a plan's rows as a store does: all of them or, if one was changed meanwhile, none.
fn apply<T>(keys: &mut Vec<SigningKey>, plan: KeyPlan<T>) -> Result<T, ()> {
    let mut after = keys.clone();
    for row in plan.change.into_iter().flat_map(|change| change.rows) {
        let of_version = |wanted: &SigningKey, version| {
            after.iter().position(|stored| stored.kid == wanted.kid && stored.version == version).ok_or(())
        };
        match row {
            KeyRow::New(key) => after.push(key),
            KeyRow::Changed { key, .. } => {
                let at = of_version(&key, key.version - 1)?;
                after[at] = key;
            }
            KeyRow::Deleted(key) => {
                let at = of_version(&key, key.version)?;
                after.remove(at);
            }
        }
        let active = after.iter().filter(|key| key.state == KeyState::Active).count();
        assert!(active <= 1, "at no moment are there two: {after:?}");
    }
    *keys = after;
    Ok(plan.outcome)
}

fn request<'a>(environment: &'a EnvironmentName, active_kid: &'a str, at_once: bool) -> RotationRequest<'a> {
    RotationRequest { environment, algorithm: ES256, active_kid, at_once }
}

fn states(keys: &[SigningKey]) -> Vec<(&str, KeyState)> {
    keys.iter().map(|key| (key.kid.as_str(), key.state)).collect()
}

/// Hazard 2, every second of it: a day of a token's life, a day of a node without the store, ten minutes of clocks.
#[test]
fn a_retired_key_is_removed_at_no_second_of_the_window_in_which_a_token_of_it_may_live() {
    let keys = [key("old", KeyState::Retired, START)];
    let removable_at = keys[0].removable_at().unwrap().0;
    assert_eq!(removable_at - START, 2 * DAY + 600);
    let removal = |now, confirmed| plan_at(&keys, now, |situation| removal::plan_removal(situation, "old", confirmed));
    for now in START - 10..removable_at {
        let refused = removal(now, None).err();
        assert!(
            matches!(refused, Some(RegistryError::KeyNeeded { until, .. }) if until == Some(Timestamp(removable_at))),
            "{now}"
        );
        assert!(due(&keys, &[], 1, Timestamp(now)).is_empty(), "{now}");
    }
    assert!(removal(removable_at - 1, Some("another")).is_err());
    assert!(removal(removable_at - 1, Some("old")).unwrap().change.is_some(), "somebody typed its id");
    assert!(removal(removable_at, None).unwrap().change.is_some());
    assert_eq!(due(&keys, &[], 0, Timestamp(removable_at)), [Due::Remove("old".to_owned())]);
}

#[test]
fn an_active_key_is_never_removed_and_a_next_one_always_may_be() {
    let keys = [key("active", KeyState::Active, START), key("next", KeyState::Next, START)];
    let remove = |kid: &'static str| plan_at(&keys, START, move |situation| removal::plan_removal(situation, kid, Some(kid)));
    assert!(matches!(remove("active").err(), Some(RegistryError::NotAllowed(why)) if why.contains("key rotate")));
    assert!(matches!(remove("nobody").err(), Some(RegistryError::NotFound(_))));
    let steps = remove("next").unwrap().outcome;
    let removed = KeyStep { kid: "next".to_owned(), algorithm: ES256, from: Some(KeyState::Next), to: Some(KeyState::Removed) };
    assert_eq!(steps, [removed]);
}

#[test]
fn what_was_put_back_is_not_removed_again_before_a_whole_window_is_over() {
    let mut keys = vec![key("old", KeyState::Removed, START)];
    let later = START + 20 * DAY;
    assert!(due(&keys, &[], 0, Timestamp(later)).is_empty());
    let plan = plan_at(&keys, later, |situation| removal::plan_restoration(situation, "old")).unwrap();
    apply(&mut keys, plan).unwrap();
    assert_eq!(states(&keys), [("old", KeyState::Retired)]);
    assert!(due(&keys, &[], 0, Timestamp(later + 2 * DAY + 599)).is_empty());
    assert_eq!(due(&keys, &[], 0, Timestamp(later + 2 * DAY + 600)), [Due::Remove("old".to_owned())]);
}

#[test]
fn a_removed_key_is_kept_for_thirty_days_and_then_deleted() {
    let mut keys = vec![key("old", KeyState::Removed, START)];
    let delete = |keys: &[SigningKey], now| plan_at(keys, now, |situation| removal::plan_deletion(situation, "old")).unwrap();
    assert!(delete(&keys, START + REMOVED_KEPT - 1).change.is_none());
    assert_eq!(due(&keys, &[], 0, Timestamp(START + REMOVED_KEPT)), [Due::Delete("old".to_owned())]);
    let plan = delete(&keys, START + REMOVED_KEPT);
    assert_eq!(apply(&mut keys, plan).unwrap()[0].to, None);
    assert!(keys.is_empty());
}

#[test]
fn a_retirement_that_nobody_noted_counts_from_when_it_is_noted() {
    let mut keys = vec![SigningKey { retired_at: None, ..key("old", KeyState::Retired, START) }];
    let later = START + 100 * DAY;
    assert_eq!(due(&keys, &[], 0, Timestamp(later)), [Due::NoteRetirement("old".to_owned())]);
    assert!(plan_at(&keys, later, |situation| removal::plan_removal(situation, "old", None)).is_err());
    let plan = plan_at(&keys, later, |situation| removal::plan_note(situation, "old")).unwrap();
    apply(&mut keys, plan).unwrap();
    assert_eq!(keys[0].removable_at(), Some(Timestamp(later + 2 * DAY + 600)));
}

#[test]
fn a_revoked_active_key_is_replaced_in_the_same_transaction_whatever_the_next_one_is() {
    let new = [key("n1", KeyState::Next, START), key("n2", KeyState::Next, START)];
    let cases = [
        (vec![key("next", KeyState::Next, START)], vec![("next", KeyState::Active), ("n1", KeyState::Next)]),
        (vec![], vec![("n1", KeyState::Active), ("n2", KeyState::Next)]),
        (
            vec![key("bad-next", KeyState::Next, START)],
            vec![("bad-next", KeyState::Removed), ("n1", KeyState::Active), ("n2", KeyState::Next)],
        ),
    ];
    for (more, expected) in cases {
        for active in ["active", "bad-active"] {
            let mut keys = [vec![key(active, KeyState::Active, START)], more.clone()].concat();
            let plan = plan_at(&keys, START, |situation| revocation::plan(situation, active, &new)).unwrap();
            let after = plan.change.as_ref().unwrap().after.clone().unwrap();
            assert_eq!((&after["state"], after["replaced_by"].as_str().is_some()), (&"revoked".into(), true), "{after}");
            apply(&mut keys, plan).unwrap();
            assert_eq!(states(&keys)[0], (active, KeyState::Revoked));
            assert_eq!(states(&keys)[1..], expected);
            assert!(keys[0].sealed.0.is_empty(), "its private part is destroyed");
            assert_eq!(keys.iter().find(|key| key.state == KeyState::Active).unwrap().activated_at, Some(Timestamp(START)));
        }
    }
}

#[test]
fn every_key_can_be_revoked_once_and_nothing_takes_that_back() {
    let new = [key("n1", KeyState::Next, START), key("n2", KeyState::Next, START)];
    for (state, more) in [(KeyState::Next, 1), (KeyState::Retired, 0), (KeyState::Removed, 0)] {
        let mut keys = vec![key("it", state, START)];
        let revoke = |keys: &[SigningKey]| plan_at(keys, START, |situation| revocation::plan(situation, "it", &new)).unwrap();
        let plan = revoke(&keys);
        apply(&mut keys, plan).unwrap();
        assert_eq!((keys[0].state, keys.len()), (KeyState::Revoked, 1 + more), "{state:?}");
        assert!(revoke(&keys).change.is_none());
        assert!(plan_at(&keys, START, |situation| removal::plan_restoration(situation, "it")).is_err());
        assert!(plan_at(&keys, START, |situation| removal::plan_removal(situation, "it", Some("it"))).is_err());
        assert!(due(&keys, &[], 1, Timestamp(START + 1000 * DAY)).is_empty(), "its row stays");
    }
}

#[test]
fn a_rotation_that_cannot_wait_makes_both_keys_where_there_is_no_next_one() {
    let mut keys = vec![key("bad-active", KeyState::Active, START)];
    let new = [key("n1", KeyState::Next, START), key("n2", KeyState::Next, START)];
    let name = sandbox();
    let plan = plan_at(&keys, START, |situation| rotation::plan(situation, &request(&name, "bad-active", true), &new)).unwrap();
    assert!(matches!(apply(&mut keys, plan).unwrap(), Rotation::Rotated { active } if active.kid == "n1"));
    let expected = [("bad-active", KeyState::Retired), ("n1", KeyState::Active), ("n2", KeyState::Next)];
    assert_eq!(states(&keys), expected);
}

#[test]
fn the_schedule_publishes_ahead_and_rotates_when_the_time_has_come() {
    let month = 30 * 86_400;
    let due_at = |keys: &[SigningKey], rotate_after, age| due(keys, &[ES256], rotate_after, Timestamp(START + age));
    assert_eq!(due_at(&[], month, 0), [Due::Create(ES256)]);
    let active = key("active", KeyState::Active, START);
    let prepare = Due::Prepare { algorithm: ES256, active_kid: "active".to_owned() };
    let rotate = Due::Rotate { algorithm: ES256, active_kid: "active".to_owned() };
    for rotate_after in [0, month] {
        assert_eq!(due_at(std::slice::from_ref(&active), rotate_after, 1), std::slice::from_ref(&prepare));
    }
    let both = [active.clone(), key("next", KeyState::Next, START)];
    assert!(due_at(&both, month, 30 * DAY - 1).is_empty());
    assert_eq!(due_at(&both, month, 30 * DAY), std::slice::from_ref(&rotate));
    assert!(due_at(&both, 0, 1000 * DAY).is_empty(), "0: people alone rotate");
    assert!(due(&both, &[], month, Timestamp(START + 60 * DAY)).is_empty(), "nothing signs with it any more");
    // A next key that came late is published for two days first, or for as long as a key is to live where that is less.
    let late = [active, key("next", KeyState::Next, START + 30 * DAY)];
    let lead = PUBLISHED_BEFORE_USE + UNREACHABLE_ALLOWANCE;
    assert!(due_at(&late, month, 30 * DAY + lead - 1).is_empty());
    assert_eq!(due_at(&late, month, 30 * DAY + lead), std::slice::from_ref(&rotate));
    assert_eq!(due_at(&late, 3600, 30 * DAY + 3600), std::slice::from_ref(&rotate));
    assert!(due_at(&late, 60, 30 * DAY + PUBLISHED_BEFORE_USE - 1).is_empty());
    assert_eq!(due_at(&late, 60, 30 * DAY + PUBLISHED_BEFORE_USE), [rotate]);
}

#[test]
fn people_are_told_of_a_rotation_that_nobody_prepares_or_does() {
    let month = 30 * 86_400;
    let active = key("active", KeyState::Active, START);
    let is_told =
        |keys: &[SigningKey], rotate_after, age| !overdue(keys, &[ES256], rotate_after, Timestamp(START + age)).is_empty();
    let both = [active.clone(), key("next", KeyState::Next, START)];
    assert_eq!((is_told(&both, month, 31 * DAY), is_told(&both, month, 31 * DAY + 1)), (false, true));
    let alone = [active];
    assert_eq!((is_told(&alone, month, 28 * DAY), is_told(&alone, month, 29 * DAY)), (false, true));
    assert!(!is_told(&alone, 0, 1000 * DAY));
    assert!(overdue(&alone, &[Algorithm::EdDsa], month, Timestamp(START + 99 * DAY)).is_empty(), "nothing signs with it");
}

#[test]
fn who_rotates_all_the_time_is_stopped_before_the_jwks_is_too_long_but_may_revoke() {
    let mut keys = vec![key("active", KeyState::Active, START), key("next", KeyState::Next, START)];
    let name = sandbox();
    let new = [key("n1", KeyState::Next, START), key("n2", KeyState::Next, START)];
    let rotate = |keys: &[SigningKey]| {
        plan_at(keys, START, |situation| rotation::plan(situation, &request(&name, "active", true), &new))
            .map(|plan| plan.outcome)
    };
    keys.extend((2..MAX_PUBLISHED - 1).map(|number| key(&format!("k{number}"), KeyState::Retired, START)));
    assert!(matches!(rotate(&keys), Ok(Rotation::Rotated { .. })));
    keys.push(key("one more", KeyState::Retired, START));
    assert!(matches!(rotate(&keys), Err(RegistryError::NotAllowed(why)) if why.contains("rotate less often")));
    assert!(plan_at(&keys, START, |situation| revocation::plan(situation, "active", &new)).is_ok());
}
