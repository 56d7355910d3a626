//! Changes of signing keys, made or only told.

use mintmark_core::model::{EnvironmentName, KeyState, SigningKey};
use mintmark_core::registry::{KeyStep, RegistryError, Rotation, RotationRequest, Run};
use mintmark_core::store::{EnvironmentRecord, Store};
use mintmark_verify::Algorithm;
use serde_json::json;

use super::super::environment::make_key;
use super::super::output::Output;
use super::super::place::Place;
use super::super::{Done, Failure};
use super::{KeyArgs, time};
use crate::node::CLOCK_OFFSET_MAX;

/// What is to be done with one key.
#[derive(Debug)]
pub(super) enum Change {
    Remove { confirmed: Option<String> },
    Restore,
    Revoke { yes: bool },
}

pub(super) async fn change(place: &Place, args: &KeyArgs, change: Change) -> Done {
    let key = find(place, args).await?;
    let (name, kid) = (&key.environment, args.kid.as_str());
    let is_confirmed = !matches!(change, Change::Revoke { yes: false });
    let run = if args.plan || !is_confirmed { Run::Plan } else { Run::Commit };
    if run == Run::Commit || matches!(change, Change::Remove { confirmed: None }) {
        match (&change, check_clock(place).await) {
            (_, Ok(())) => {}
            // A key in wrong hands cannot wait for a clock.
            (Change::Revoke { .. }, Err(Failure(reason))) => {
                eprintln!("mintmark: warning: {reason}; the key is revoked all the same");
            }
            (_, Err(Failure(reason))) => return Err(Failure(format!("{reason}; nothing was changed"))),
        }
    }
    let steps = match &change {
        Change::Remove { confirmed } => place.registry.remove_signing_key(name, kid, confirmed.as_deref(), run).await,
        Change::Restore => place.registry.restore_signing_key(name, kid, run).await,
        Change::Revoke { .. } => {
            let new = [next_key(place, name, key.algorithm).await?, next_key(place, name, key.algorithm).await?];
            place.registry.revoke_signing_key(name, kid, &new, run).await
        }
    };
    let steps = steps.map_err(explain)?;
    if run == Run::Plan && !is_confirmed && !args.plan && !steps.is_empty() {
        eprintln!("mintmark: nothing was changed; a revocation cannot be undone: add --yes");
        return Ok(show(&steps, run).failed());
    }
    Ok(show(&steps, run))
}

/// By a clock that is ahead, a key that is needed would seem not to be; and every node goes by the times that a change notes.
async fn check_clock(place: &Place) -> Result<(), Failure> {
    let offset = place.store.clock_offset().await?;
    if offset.abs() <= CLOCK_OFFSET_MAX {
        return Ok(());
    }
    Err(Failure(format!("this machine's clock is {offset} s ahead of the database's")))
}

/// For a change that can wait for a clock.
pub(super) async fn require_clock(place: &Place) -> Result<(), Failure> {
    check_clock(place).await.map_err(|Failure(reason)| Failure(format!("{reason}; nothing was changed")))
}

/// A key by its id, in the environment that has it.
async fn find(place: &Place, args: &KeyArgs) -> Result<SigningKey, Failure> {
    let all = place.store.environments().await?.value;
    let is_asked = |key: &SigningKey| {
        key.kid == args.kid && args.environment.as_ref().is_none_or(|environment| *environment == key.environment)
    };
    let mut found = all.into_iter().flat_map(|record| record.keys).filter(is_asked);
    match (found.next(), found.next()) {
        (Some(key), None) => Ok(key),
        (Some(_), Some(_)) => {
            Err(Failure(format!("more than one environment has a key {}; name one: --environment", args.kid)))
        }
        (None, _) => Err(Failure(format!("there is no signing key {}; there are: mintmark key list", args.kid))),
    }
}

async fn next_key(place: &Place, name: &EnvironmentName, algorithm: Algorithm) -> Result<SigningKey, Failure> {
    make_key(place, name, algorithm, KeyState::Next).await
}

/// With times as people write them, and what to do.
fn explain(error: RegistryError) -> Failure {
    let RegistryError::KeyNeeded { kid, until } = error else { return error.into() };
    let until = until.map_or_else(|| "for some days".to_owned(), |until| format!("until {}", time::show(until)));
    Failure(format!(
        "tokens that {kid} signed may be valid {until}, and without the key all of them are refused; if that is what you want, \
         type its id again: --force {kid}"
    ))
}

fn show(steps: &[KeyStep], run: Run) -> Output {
    let result = match (steps, run) {
        ([], _) => "unchanged",
        (_, Run::Commit) => "changed",
        (_, Run::Plan) => "planned",
    };
    let json = json!({ "result": result, "keys": steps });
    if steps.is_empty() {
        return Output::text("nothing to do: it is so already", json);
    }
    let state = |state: Option<KeyState>| state.map_or("-", KeyState::as_str).to_owned();
    let rows = steps.iter().map(|step| {
        // What was made for the plan alone will not be the key of the change.
        let kid = if step.from.is_none() && run == Run::Plan { "(a new key)".to_owned() } else { step.kid.clone() };
        vec![kid, step.algorithm.to_string(), state(step.from), state(step.to)]
    });
    let becomes = if run == Run::Plan { "WOULD BECOME" } else { "IS NOW" };
    Output::table(&["KID", "ALGORITHM", "WAS", becomes], rows.collect(), json)
}

pub(super) async fn rotate(
    place: &Place,
    record: &EnvironmentRecord,
    (algorithm, from, at_once): (Algorithm, Option<String>, bool),
    plan: bool,
) -> Done {
    let name = &record.environment.name;
    if !plan {
        require_clock(place).await?;
    }
    let of_state = |state| record.keys.iter().find(move |key| key.algorithm == algorithm && key.state == state);
    let missing = || Failure(format!("there is no active {algorithm} key in {name}; make one: mintmark key create"));
    let active = of_state(KeyState::Active).ok_or_else(missing)?;
    let active_kid = from.as_ref().unwrap_or(&active.kid);
    let mut new = vec![next_key(place, name, algorithm).await?];
    if at_once && of_state(KeyState::Next).is_none() {
        // What is wanted now needs a next key for afterwards too.
        new.push(next_key(place, name, algorithm).await?);
    }
    let request = RotationRequest { environment: name, algorithm, active_kid, at_once };
    let run = if plan { Run::Plan } else { Run::Commit };
    Ok(show_rotation(&place.registry.rotate_signing_key(request, &new, run).await?, run))
}

fn show_rotation(rotation: &Rotation, run: Run) -> Output {
    let (word, what, kid, at) = match rotation {
        Rotation::Rotated { active } => ("rotated", "rotated: it signs from now on", Some(&active.kid), None),
        Rotation::Done { active } => ("done", "nothing to do: another key is active already", Some(&active.kid), None),
        Rotation::Prepared { usable_at } => {
            ("prepared", "a next key is published; rotate again when it may sign", None, Some(*usable_at))
        }
        Rotation::TooEarly { usable_at } => {
            ("too_early", "the next key is not known to all verifiers yet; rotate again", None, Some(*usable_at))
        }
    };
    let what = if run == Run::Plan { format!("planned only: {what}") } else { what.to_owned() };
    let mut fields = vec![("result", what)];
    fields.extend(kid.map(|kid| ("active", kid.clone())));
    fields.extend(at.map(|at| ("from", time::show(at))));
    Output::object(&fields, json!({ "result": word, "planned": run == Run::Plan, "active": kid, "usable_at": at }))
}
