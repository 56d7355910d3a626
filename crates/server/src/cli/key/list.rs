//! Signing keys as a table.

use std::collections::BTreeMap;

use mintmark_core::clock::Timestamp;
use mintmark_core::keys::KeyRing;
use mintmark_core::model::{KeyState, SigningKey};
use serde_json::{Value, json};

use super::super::output::Output;
use super::super::place::Place;
use super::time;

pub(super) fn show(place: &Place, keys: &[SigningKey]) -> Output {
    let now = place.registry.clock.now();
    let described: Vec<(&SigningKey, Option<String>)> = keys.iter().map(|key| (key, problem(place, key))).collect();
    let rows = described.iter().map(|(key, problem)| {
        let since = since(key);
        vec![
            key.environment.to_string(),
            key.algorithm.to_string(),
            key.state.as_str().to_owned(),
            key.kid.clone(),
            time::show(since),
            age(now.0.saturating_sub(since.0)),
            problem.as_ref().map_or_else(|| remark(key), |problem| format!("CANNOT BE USED: {problem}")),
        ]
    });
    let json = described.iter().map(|(key, problem)| to_json(key, problem.as_deref(), now));
    let headers = ["ENVIRONMENT", "ALGORITHM", "STATE", "KID", "SINCE", "AGE", "REMARK"];
    Output::table(&headers, rows.collect(), json.collect())
}

/// Why a key that is to be published cannot be used.
fn problem(place: &Place, key: &SigningKey) -> Option<String> {
    let ring = KeyRing::build(&key.environment, std::slice::from_ref(key), &place.registry.root_keys.sealer);
    ring.unusable.into_iter().next().map(|(_, reason)| reason)
}

/// Since when the key is in its state.
fn since(key: &SigningKey) -> Timestamp {
    let noted = match key.state {
        KeyState::Next => None,
        KeyState::Active => key.activated_at,
        KeyState::Retired => key.retired_at,
        KeyState::Removed | KeyState::Revoked => key.withdrawn_at,
    };
    noted.unwrap_or(key.created_at)
}

fn remark(key: &SigningKey) -> String {
    match key.state {
        KeyState::Next => format!("may sign from {}", time::show(key.usable_at())),
        KeyState::Active => "signs".to_owned(),
        KeyState::Retired => key.removable_at().map_or_else(
            || "retired at a time that is not noted yet".to_owned(),
            |at| format!("can be removed from {}", time::show(at)),
        ),
        KeyState::Removed => format!("can be restored until {}", time::show_or_never(key.restorable_until())),
        KeyState::Revoked => "every token of it is refused".to_owned(),
    }
}

/// A key with its safe times.
fn to_json(key: &SigningKey, problem: Option<&str>, now: Timestamp) -> Value {
    let mut object = json!(key);
    let more = BTreeMap::from([
        ("age_seconds", json!(now.0.saturating_sub(since(key).0))),
        ("usable_at", json!((key.state == KeyState::Next).then(|| key.usable_at()))),
        ("removable_at", json!(key.removable_at())),
        ("restorable_until", json!(key.restorable_until())),
        ("problem", json!(problem)),
    ]);
    if let Some(object) = object.as_object_mut() {
        object.extend(more.into_iter().map(|(name, value)| (name.to_owned(), value)));
    }
    object
}

/// An age, by its two largest units.
fn age(seconds: i64) -> String {
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds}s"),
        (0, 0, _) => format!("{minutes}m {}s", seconds % 60),
        (0, _, _) => format!("{hours}h {minutes}m"),
        _ => format!("{days}d {hours}h"),
    }
}

#[cfg(test)]
mod tests {
    use super::age;

    #[test]
    fn ages_are_told_by_their_two_largest_units() {
        for (seconds, text) in [(0, "0s"), (59, "59s"), (61, "1m 1s"), (7260, "2h 1m"), (86_399, "23h 59m"), (180_000, "2d 2h")]
        {
            assert_eq!(age(seconds), text);
        }
    }
}
