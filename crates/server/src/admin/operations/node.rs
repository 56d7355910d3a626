//! The node that answers.

use mintmark_core::management::Permission;
use serde::Serialize;
use utoipa::ToSchema;

use crate::admin::{Desk, Refusal};

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
