//! Which clients are served by Mintmark already.

use std::collections::BTreeSet;

use clap::Args;
use mintmark_core::model::{ClientId, TenantId};

use crate::cli::Failure;
use crate::cli::place::Place;

#[derive(Args, Debug)]
#[command(next_help_heading = "What is served by Mintmark")]
#[expect(clippy::struct_field_names, reason = "each is the name of its option, which would say too little without the word")]
pub(super) struct PlanArgs {
    /// This client; may be repeated.
    #[arg(long, value_name = "ID")]
    move_client: Vec<ClientId>,
    /// All clients of this tenant, by identifier or name; may be repeated.
    #[arg(long, value_name = "TENANT")]
    move_tenant: Vec<String>,
    /// So many of a hundred clients, always the same ones.
    #[arg(long, value_name = "PERCENT", default_value_t = 0, value_parser = clap::value_parser!(u8).range(0..=100))]
    move_percent: u8,
}

/// The same, with tenants looked up.
#[derive(Debug, Default)]
pub(super) struct Plan {
    clients: BTreeSet<ClientId>,
    tenants: BTreeSet<TenantId>,
    percent: u8,
}

impl PlanArgs {
    pub(super) fn moves_any(&self) -> bool {
        !self.move_client.is_empty() || !self.move_tenant.is_empty() || self.move_percent > 0
    }

    pub(super) async fn plan(&self, place: &Place) -> Result<Plan, Failure> {
        let mut tenants = BTreeSet::new();
        for named in &self.move_tenant {
            tenants.insert(place.tenant(Some(named)).await?.id);
        }
        Ok(Plan { clients: self.move_client.iter().cloned().collect(), tenants, percent: self.move_percent })
    }
}

impl Plan {
    /// These clients and no others.
    #[cfg(test)]
    pub(super) fn of(clients: impl Iterator<Item = ClientId>) -> Self {
        Self { clients: clients.collect(), ..Self::default() }
    }

    /// Whether a client is moved by its name.
    pub(super) fn names(&self, client: &ClientId) -> bool {
        self.clients.contains(client)
    }

    /// Whether a client that Mintmark has is served by it.
    pub(super) fn moves(&self, client: &ClientId, tenant: TenantId) -> bool {
        self.clients.contains(client) || self.tenants.contains(&tenant) || bucket(client) < self.percent
    }
}

/// A number below 100 that a client keeps, also over restarts and on other machines.
fn bucket(client: &ClientId) -> u8 {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, client.as_str().as_bytes());
    let number = digest.as_ref().iter().take(4).fold(0_u32, |number, byte| (number << 8) | u32::from(*byte));
    u8::try_from(number % 100).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentage_moves_about_so_many_and_keeps_those_that_it_moved() {
        let clients: Vec<ClientId> = (0..1000).map(|number| format!("client-{number}").parse().unwrap()).collect();
        let tenant = TenantId::generate(&mintmark_core::random::SystemRandom);
        let moved = |percent| {
            let plan = Plan { percent, ..Plan::default() };
            clients.iter().filter(|client| plan.moves(client, tenant)).collect::<BTreeSet<_>>()
        };
        assert!(moved(0).is_empty());
        assert_eq!(moved(100).len(), 1000);
        assert!((200..400).contains(&moved(30).len()), "{}", moved(30).len());
        assert!(moved(10).is_subset(&moved(30)));
    }
}
