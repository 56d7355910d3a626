//! How often both answered alike, by client.

use std::collections::BTreeMap;

use mintmark_core::model::ClientId;
use serde_json::{Value, json};

use crate::recording::Difference;

/// So many clients are counted apart; further ones together.
const MAX_CLIENTS: usize = 100_000;
/// So many kinds of differences of one client.
const MAX_KINDS: usize = 50;
const NOT_IMPORTED: &str = "(unknown)";
const NOBODY: &str = "(no name)";
const OTHERS: &str = "(others)";

pub(super) const HEADERS: &[&str] =
    &["CLIENT", "ALIKE", "DIFFERENT", "NOT COMPARED", "BY MINTMARK", "REFUSED", "UNAVAILABLE", "NOT IMPORTED", "DIFFERENCES"];

/// Whose request is counted.
#[derive(Clone, Copy)]
pub(super) enum Who<'a> {
    /// A client's that Mintmark has.
    Client(&'a ClientId),
    /// That of one that Mintmark does not have.
    NotImported,
    /// Nobody's that is known: the request names no client, or Mintmark could not look it up.
    Nobody,
}

/// What became of one client's requests.
#[derive(Clone, Debug, Default)]
pub(super) struct Count {
    alike: u64,
    different: u64,
    /// Answered by the existing endpoint, and not compared: it gave no answer, or too many were compared already.
    pub(super) not_compared: u64,
    /// Answered by Mintmark, since the client is moved.
    pub(super) moved: u64,
    /// Refused, since it is turned off in Mintmark, or nobody can tell that it is not.
    pub(super) refused: u64,
    /// Answered with 503, since Mintmark could not look it up.
    pub(super) unavailable: u64,
    /// Answered by the existing endpoint alone, since Mintmark does not have the client.
    pub(super) not_imported: u64,
    kinds: BTreeMap<String, (u64, Difference)>,
}

impl Count {
    /// Both were asked.
    pub(super) fn compared(&mut self, differing: &[Difference]) {
        if differing.is_empty() {
            self.alike += 1;
            return;
        }
        self.different += 1;
        for one in differing {
            // Where in a body it begins depends on how long a token is.
            let kind = one.what.split(" at byte").next().unwrap_or(&one.what).to_owned();
            if self.kinds.len() < MAX_KINDS || self.kinds.contains_key(&kind) {
                self.kinds.entry(kind).or_insert_with(|| (0, one.clone())).0 += 1;
            }
        }
    }
}

/// All counts.
#[derive(Clone, Debug, Default)]
pub(super) struct Counts {
    clients: BTreeMap<String, Count>,
    notes: u64,
}

impl Counts {
    /// A client's; of those that Mintmark does not have, one for all.
    pub(super) fn of(&mut self, who: Who<'_>) -> &mut Count {
        self.notes += 1;
        let name = match who {
            Who::Client(client) => client.as_str(),
            Who::NotImported => NOT_IMPORTED,
            Who::Nobody => NOBODY,
        };
        let is_room = self.clients.len() < MAX_CLIENTS || self.clients.contains_key(name);
        self.clients.entry(if is_room { name } else { OTHERS }.to_owned()).or_default()
    }

    /// How often something was counted.
    pub(super) fn notes(&self) -> u64 {
        self.notes
    }

    pub(super) fn rows(&self) -> Vec<Vec<String>> {
        let row = |(name, count): (&String, &Count)| {
            let kinds: Vec<String> = count.kinds.iter().map(|(kind, (number, _))| format!("{kind} ({number})")).collect();
            let kinds = if kinds.is_empty() { "-".to_owned() } else { kinds.join(", ") };
            let Count { alike, different, not_compared, moved, refused, unavailable, not_imported, .. } = count;
            let numbers = [alike, different, not_compared, moved, refused, unavailable, not_imported];
            [vec![name.clone()], numbers.map(ToString::to_string).to_vec(), vec![kinds]].concat()
        };
        self.clients.iter().map(row).collect()
    }

    pub(super) fn to_json(&self) -> Value {
        let one = |(name, count): (&String, &Count)| {
            let kinds: Vec<Value> = count
                .kinds
                .iter()
                .map(|(kind, (number, first))| {
                    json!({ "what": kind, "count": number, "recorded": first.recorded, "mintmark": first.mintmark })
                })
                .collect();
            json!({
                "client_id": name, "alike": count.alike, "different": count.different, "not_compared": count.not_compared,
                "by_mintmark": count.moved, "refused": count.refused, "unavailable": count.unavailable,
                "not_imported": count.not_imported, "differences": kinds,
            })
        };
        json!({ "clients": self.clients.iter().map(one).collect::<Vec<_>>() })
    }
}
