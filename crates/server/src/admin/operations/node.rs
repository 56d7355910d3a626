//! The node that answers.

use std::sync::Arc;

use mintmark_core::management::Permission;
use mintmark_core::model::Position;
use mintmark_core::store::Store;
use serde::Serialize;
use utoipa::ToSchema;

use crate::admin::{Desk, Refusal};
use crate::node::Reload;

/// How the node is that answers. Others tell of themselves.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Node)]
pub struct NodeView {
    /// The program's version.
    pub version: &'static str,
    /// Whether it should get requests.
    pub ready: bool,
    /// Why not.
    #[schema(required)]
    pub reason: Option<String>,
    /// Up to which change of the feed it follows; nothing if it last heard of changes too long ago.
    #[schema(required)]
    pub position: Option<u64>,
    /// How many clients it holds in memory.
    pub clients_held: u64,
    /// How many businesses it holds in memory.
    pub businesses_held: u64,
}

/// How the node and its database are, as its page shows it.
#[derive(Clone, Debug)]
pub struct NodeState {
    /// What the API tells of the node.
    pub node: NodeView,
    /// The database's kind, without its address.
    pub database: &'static str,
    /// Up to which change the database has got; none if it does not answer now.
    pub head: Option<u64>,
    /// How many seconds ago the change feed was last read.
    pub age_seconds: u64,
    /// How many seconds this machine's clock is ahead of the database's, as it was last seen.
    pub clock_offset: i64,
    /// The memory of the clients and businesses that are held, in bytes.
    pub held_bytes: u64,
    /// How many names of clients are known; none before they are read.
    pub names: Option<u64>,
    /// How many revocations are held.
    pub revocations: usize,
    /// How many dialects are mounted.
    pub dialects: usize,
    /// What came of the last reading of the dialects.
    pub last_reload: Option<Arc<Reload>>,
}

/// How the node that answers and its database are.
pub async fn look(desk: &Desk) -> Result<NodeState, Refusal> {
    let node = read(desk)?;
    let directory = &desk.node.endpoint.directory;
    let statistics = directory.statistics();
    // One that does not answer is what somebody may have come to see.
    let head = desk.store().feed(Position(0), 0).await.ok().map(|page| page.head.0);
    Ok(NodeState {
        node,
        database: if desk.store().place().path().is_some() { "SQLite" } else { "PostgreSQL" },
        head,
        age_seconds: directory.age_seconds(),
        clock_offset: desk.node.clock_offset(),
        held_bytes: statistics.clients.bytes.saturating_add(statistics.businesses.bytes),
        names: statistics.names,
        revocations: directory.revocations().len(),
        dialects: desk.node.dialects.load().iter().count(),
        last_reload: desk.node.last_reload(),
    })
}

/// The node that answers.
pub fn read(desk: &Desk) -> Result<NodeView, Refusal> {
    desk.require(Permission::ReadOperator)?;
    let readiness = desk.node.readiness();
    let directory = &desk.node.endpoint.directory;
    let statistics = directory.statistics();
    Ok(NodeView {
        version: env!("CARGO_PKG_VERSION"),
        ready: readiness.is_ok(),
        reason: readiness.err().map(|reason| reason.to_string()),
        position: directory.fresh_position().ok().map(|position| position.0),
        clients_held: statistics.clients.held,
        businesses_held: statistics.businesses.held,
    })
}
