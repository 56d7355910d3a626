//! Clients whose names another server may take for one another: many a database compares without regard to capitals or to spaces at the end.

use std::collections::HashMap;
use std::sync::Arc;

use mintmark_core::model::{ClientId, EnvironmentName, Position};
use mintmark_core::store::{Page, Read, Store};

/// So many names are read at once.
const PAGE: u32 = 500;
/// With more clients than these they take too much memory, and names are compared exactly.
const MAX_NAMES: usize = 1_000_000;

/// The names of an environment's clients, by what they are without capitals and spaces around them.
#[derive(Debug, Default)]
pub(super) struct Alike {
    by_folded: HashMap<Box<str>, Vec<ClientId>>,
    /// What the registry was when they were read.
    pub(super) position: Position,
    pub(super) are_too_many: bool,
}

impl Alike {
    pub(super) async fn read<S: Store>(store: &Arc<S>, environment: &EnvironmentName, position: Position) -> Read<Self> {
        let mut alike = Self { position, ..Self::default() };
        let mut after: Option<(EnvironmentName, ClientId)> = None;
        let mut count = 0;
        loop {
            let page = store.client_names(Page { after: after.as_ref(), limit: PAGE }).await?.value;
            let is_last = page.len() < PAGE as usize;
            after = page.last().cloned();
            for (_, id) in page.into_iter().filter(|(of, _)| of == environment) {
                alike.by_folded.entry(folded(id.as_str()).into()).or_default().push(id);
                count += 1;
            }
            if count > MAX_NAMES {
                return Ok(Self { position, are_too_many: true, ..Self::default() });
            }
            if is_last {
                return Ok(alike);
            }
        }
    }

    /// The clients whose names are like this one, but for itself.
    pub(super) fn of(&self, name: &ClientId) -> Vec<ClientId> {
        let alike = self.by_folded.get(folded(name.as_str()).as_str());
        alike.into_iter().flatten().filter(|id| *id != name).cloned().collect()
    }
}

fn folded(name: &str) -> String {
    name.trim().to_ascii_lowercase()
}
