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
const OTHERS: &str = "(others)";

pub(super) const HEADERS: &[&str] = &["CLIENT", "ALIKE", "DIFFERENT", "BY MINTMARK", "REFUSED", "NOT IMPORTED", "DIFFERENCES"];

/// What became of one client's requests.
#[derive(Debug, Default)]
pub(super) struct Count {
    alike: u64,
    different: u64,
    /// Answered by Mintmark, since the client is moved.
    pub(super) moved: u64,
    /// Refused, since it is turned off in Mintmark.
    pub(super) refused: u64,
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
#[derive(Debug, Default)]
pub(super) struct Counts {
    clients: BTreeMap<String, Count>,
}

impl Counts {
    /// A client's; of those that Mintmark does not have, one for all.
    pub(super) fn of(&mut self, client: Option<&ClientId>) -> &mut Count {
        let name = client.map_or(NOT_IMPORTED, ClientId::as_str);
        let is_room = self.clients.len() < MAX_CLIENTS || self.clients.contains_key(name);
        self.clients.entry(if is_room { name } else { OTHERS }.to_owned()).or_default()
    }

    pub(super) fn rows(&self) -> Vec<Vec<String>> {
        let row = |(name, count): (&String, &Count)| {
            let kinds: Vec<String> = count.kinds.iter().map(|(kind, (number, _))| format!("{kind} ({number})")).collect();
            let kinds = if kinds.is_empty() { "-".to_owned() } else { kinds.join(", ") };
            let numbers = [count.alike, count.different, count.moved, count.refused, count.not_imported].map(|number| number.to_string());
            [vec![name.clone()], numbers.to_vec(), vec![kinds]].concat()
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
                "client_id": name, "alike": count.alike, "different": count.different, "by_mintmark": count.moved,
                "refused": count.refused, "not_imported": count.not_imported, "differences": kinds,
            })
        };
        json!({ "clients": self.clients.iter().map(one).collect::<Vec<_>>() })
    }
}
