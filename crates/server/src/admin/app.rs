use std::sync::Arc;

use mintmark_core::clock::Timestamp;
use mintmark_core::management::{Management, Origin};
use mintmark_core::random::Random;

use crate::http::HostRule;
use crate::node::Node;
use crate::store::SqlStore;

/// What every handler of the management side gets, of the API and of the dashboard.
#[derive(Clone)]
pub struct AdminApp {
    /// The node.
    pub node: Arc<Node>,
    /// Who manages, and how they prove who they are.
    pub management: Arc<Management<SqlStore>>,
    /// Whether the dashboard also shows what is for its developers. For data of `mintmark dev` alone.
    pub development: bool,
}

impl AdminApp {
    /// The management side of a node, at an origin.
    pub fn new(node: Arc<Node>, origin: Origin) -> Self {
        let management = Arc::new(Management::new(node.registry(), origin));
        Self { node, management, development: false }
    }

    /// The origin that browsers see (RFC 6454 section 6.2), without a slash at the end.
    pub fn origin(&self) -> &str {
        self.management.origin.as_str()
    }

    /// Whether it is reached by TLS, as the origin says.
    pub fn is_secure(&self) -> bool {
        self.origin().starts_with("https://")
    }

    /// The host and port that requests must name: the origin's.
    pub fn host_rule(&self) -> HostRule {
        let host = self.origin().split_once("://").map_or("", |(_, host)| host).to_owned();
        HostRule::Origin { host, default_port: if self.is_secure() { 443 } else { 80 } }
    }

    /// Lets this node hear of a change that was made here, so that it is in force when it is answered. Others hear of it as usual.
    pub async fn follow(&self) {
        if let Err(error) = self.node.endpoint.directory.poll().await {
            tracing::warn!(%error, "a change was made that this node has not heard of yet");
        }
    }

    /// Where randomness comes from.
    pub fn random(&self) -> &dyn Random {
        &*self.management.registry.random
    }

    /// The time, as the registry's rules go by.
    pub fn now(&self) -> Timestamp {
        self.management.registry.clock.now()
    }
}
