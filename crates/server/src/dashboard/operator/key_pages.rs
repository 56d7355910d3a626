//! Signing keys, as they are and as they will be.

use axum::extract::{Path, Query};
use mintmark_core::clock::Timestamp;
use mintmark_core::management::Permission;
use mintmark_core::model::{EnvironmentName, KeyState};
use mintmark_verify::Algorithm;

use super::key_dialogs::{changes, early, revocation, rotation, too_early};
use super::tenants::DialogQuery;
use crate::admin::operations::environments::PageFilter;
use crate::admin::operations::keys::{self, KeyView};
use crate::admin::{Moment, Refusal};
use crate::dashboard::components::{Event, Status, Timeline, When};
use crate::dashboard::frame::Tone;
use crate::dashboard::navigation::Section;
use crate::dashboard::seat::{Answer, Seat, Stop, crumbs};
use crate::dashboard::views::{KeyGroup, KeyListPage, KeyPage, KeyRow, KeyStatus};
use crate::dashboard::{problem, words};

/// As many keys as a page of the operation holds: more than are published at once.
const KEYS_SHOWN: u32 = 200;
/// How many characters of a key's id people read, and type to confirm.
const SHORT: usize = 8;

/// What people tell a key by.
pub(super) fn short(kid: &str) -> String {
    kid.chars().take(SHORT).collect()
}

/// `GET /keys`.
pub(super) async fn show(seat: Seat, asked: Query<DialogQuery>) -> Answer {
    if let Some(environment) = seat.first_environment().map(ToString::to_string) {
        return show_in(seat, Path(environment), asked).await;
    }
    if !seat.may(Permission::ReadOperator) {
        return Err(seat.stop(Refusal::Forbidden(Permission::ReadOperator)));
    }
    Ok(problem::page(&KeyListPage {
        frame: seat.frame(words::keys::TITLE, Some(Section::Keys)),
        here: "/keys".to_owned(),
        environments: Vec::new(),
        groups: Vec::new(),
        rows: Vec::new(),
    }))
}

/// `GET /keys/{environment}`.
pub(super) async fn show_in(seat: Seat, Path(environment): Path<String>, Query(asked): Query<DialogQuery>) -> Answer {
    let name = seat.environment(&environment)?.environment.name.clone();
    let keys = keys_of(&seat, &name).await?;
    let here = format!("/keys/{name}");
    let algorithms = Algorithm::ALL.into_iter().filter(|algorithm| keys.iter().any(|key| key.algorithm == *algorithm));
    let groups = algorithms.map(|algorithm| group(&seat, &keys, algorithm, &asked.dialog)).collect();
    let tab = |other: &EnvironmentName| (other.to_string(), format!("/keys/{other}"), *other == name);
    let mut rows: Vec<&KeyView> = keys.iter().collect();
    rows.sort_by_key(|key| (order(key.state), key.algorithm.as_str()));
    Ok(problem::page(&KeyListPage {
        frame: seat.frame(words::keys::TITLE, Some(Section::Keys)),
        environments: seat.environments().iter().map(|record| tab(&record.environment.name)).collect(),
        groups,
        rows: rows.into_iter().map(|key| row(&seat, key)).collect(),
        here,
    }))
}

/// The keys of an environment, those that are published first asked for.
async fn keys_of(seat: &Seat, environment: &EnvironmentName) -> Result<Vec<KeyView>, Stop> {
    let filter = PageFilter { limit: Some(KEYS_SHOWN), cursor: None };
    let page = keys::list(&seat.desk, environment, &filter).await.map_err(|refusal| seat.stop(refusal))?;
    Ok(page.items)
}

/// What comes first for people: what signs.
fn order(state: KeyState) -> u8 {
    match state {
        KeyState::Active => 0,
        KeyState::Next => 1,
        KeyState::Retired => 2,
        KeyState::Removed => 3,
        KeyState::Revoked => 4,
    }
}

fn status(state: KeyState) -> KeyStatus {
    match state {
        KeyState::Next => KeyStatus::Shown(Status::Next),
        KeyState::Active => KeyStatus::Shown(Status::Active),
        KeyState::Retired => KeyStatus::Shown(Status::Retiring),
        KeyState::Revoked => KeyStatus::Shown(Status::Revoked),
        KeyState::Removed => KeyStatus::Removed,
    }
}

pub(super) fn href(key: &KeyView) -> String {
    format!("/keys/{}/{}", key.environment, key.kid)
}

fn row(seat: &Seat, key: &KeyView) -> KeyRow {
    let now = seat.app.now();
    let when = |at: &Moment| When::relative(Some(at.0), now);
    let usable = key.usable_at.as_ref().map(|at| (words::keys::USABLE, when(at)));
    let removable = key.removable_at.as_ref().map(|at| (words::keys::REMOVABLE, when(at)));
    KeyRow {
        kid: key.kid.clone(),
        href: href(key),
        algorithm: key.algorithm.as_str(),
        status: status(key.state),
        safe: usable.or(removable),
    }
}

/// The keys of an algorithm in the order of time: what was, what signs, what comes.
fn group(seat: &Seat, keys: &[KeyView], algorithm: Algorithm, dialog: &str) -> KeyGroup {
    let mut ours: Vec<&KeyView> = keys.iter().filter(|key| key.algorithm == algorithm).collect();
    ours.sort_by_key(|key| (key.activated_at.is_none() && key.state == KeyState::Next, key.created_at.0));
    let of_state = |state| ours.iter().find(|key| key.state == state).copied();
    let (active, next) = (of_state(KeyState::Active), of_state(KeyState::Next));
    let may = seat.may(Permission::EditOperator);
    let too_early = too_early(seat, next);
    let rotation = active.filter(|_| may && too_early.is_none()).map(|active| rotation(active, next, dialog));
    KeyGroup {
        algorithm: algorithm.as_str(),
        timeline: Timeline { label: words::keys::TITLE, events: ours.iter().map(|key| event(seat, key)).collect() },
        rotation,
        note: too_early.map(early),
    }
}

/// A moment within a sentence.
pub(super) fn exactly(at: Timestamp) -> String {
    jiff::Timestamp::from_second(at.0).map(|at| at.strftime("%Y-%m-%d %H:%M UTC").to_string()).unwrap_or_default()
}

/// One key among those of its algorithm.
fn event(seat: &Seat, key: &KeyView) -> Event {
    let now = seat.app.now();
    let said = |at: Option<Moment>| at.map(|at| exactly(at.0)).unwrap_or_default();
    let (tone, title, since, text) = match key.state {
        KeyState::Next => (Tone::Note, words::keys::NEXT, Some(key.created_at), words::keys::usable_at(&said(key.usable_at))),
        KeyState::Active => {
            let since = key.activated_at.unwrap_or(key.created_at);
            (Tone::Good, words::keys::ACTIVE, Some(since), words::keys::signs_since(&exactly(since.0)))
        }
        KeyState::Retired => {
            (Tone::Warning, words::keys::RETIRING, key.retired_at, words::keys::removable_at(&said(key.removable_at)))
        }
        KeyState::Removed => (Tone::Note, words::keys::REMOVED, key.withdrawn_at, words::keys::WITHDRAWN_MEANS.to_owned()),
        KeyState::Revoked => (Tone::Bad, words::keys::REVOKED, key.withdrawn_at, words::keys::ENDED_MEANS.to_owned()),
    };
    Event {
        tone,
        title: title.to_owned(),
        text: words::keys::kid(&short(&key.kid), &text),
        when: When::relative(since.map(|at| at.0), now),
        current: key.state == KeyState::Active,
    }
}

/// `GET /keys/{environment}/{kid}`.
pub(super) async fn one(
    seat: Seat,
    Path((environment, kid)): Path<(String, String)>,
    Query(asked): Query<DialogQuery>,
) -> Answer {
    Ok(problem::page(&page_of(&seat, &environment, &kid, &asked.dialog).await?))
}

/// The page of a key, with one of its dialogs open if that is asked for.
pub(super) async fn page_of(seat: &Seat, environment: &str, kid: &str, dialog: &str) -> Result<KeyPage, Stop> {
    let name = seat.environment(environment)?.environment.name.clone();
    let keys = keys_of(seat, &name).await?;
    let key = keys.iter().find(|key| key.kid == kid).ok_or_else(|| seat.stop(Refusal::NotFound))?;
    let next = keys.iter().find(|other| other.algorithm == key.algorithm && other.state == KeyState::Next);
    let mut frame = seat.frame(short(kid), Some(Section::Keys));
    frame.breadcrumbs =
        crumbs([(words::keys::TITLE.to_owned(), "/keys".to_owned()), (name.to_string(), format!("/keys/{name}"))]);
    let may = seat.may(Permission::EditOperator);
    Ok(KeyPage {
        frame,
        here: href(key),
        kid: key.kid.clone(),
        algorithm: key.algorithm.as_str(),
        environment: name.to_string(),
        status: status(key.state),
        timeline: Timeline { label: words::keys::LIFE, events: life(seat, key) },
        changes: if may { changes(seat, key, next, dialog) } else { Vec::new() },
        revocation: (may && key.state != KeyState::Revoked).then(|| revocation(key, dialog)),
        error: None,
    })
}

/// What happened to a key and what will, in the order of time.
fn life(seat: &Seat, key: &KeyView) -> Vec<Event> {
    let now = seat.app.now();
    let is_revoked = key.state == KeyState::Revoked;
    let withdrawn = if is_revoked {
        (words::keys::ENDED, words::keys::ENDED_MEANS, Tone::Bad)
    } else {
        (words::keys::WITHDRAWN, words::keys::WITHDRAWN_MEANS, Tone::Note)
    };
    let steps = [
        (Some(key.created_at), (words::keys::PUBLISHED, words::keys::PUBLISHED_MEANS, Tone::Good)),
        (key.usable_at, (words::keys::USABLE, words::keys::USABLE_MEANS, Tone::Note)),
        (key.activated_at, (words::keys::SIGNS, words::keys::SIGNS_MEANS, Tone::Good)),
        (key.retired_at, (words::keys::RETIRED, words::keys::RETIRED_MEANS, Tone::Warning)),
        (key.removable_at, (words::keys::REMOVABLE, words::keys::REMOVABLE_MEANS, Tone::Note)),
        (key.withdrawn_at, withdrawn),
    ];
    let event = |(at, (title, text, tone)): (Option<Moment>, (&str, &str, Tone))| {
        at.map(|at| Event {
            tone,
            title: title.to_owned(),
            text: text.to_owned(),
            when: When::relative(Some(at.0), now),
            current: key.state == KeyState::Active && title == words::keys::SIGNS,
        })
    };
    steps.into_iter().filter_map(event).collect()
}
