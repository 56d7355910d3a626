use std::sync::Arc;

use super::Gate;
use crate::node::Node;

/// What every handler of the management side gets.
#[derive(Clone)]
pub struct AdminApp {
    /// The node.
    pub node: Arc<Node>,
    /// The origin that browsers see (RFC 6454 section 6.2), without a slash at the end.
    pub origin: Arc<str>,
    /// Who says whose a request is.
    pub gate: Arc<dyn Gate>,
}

impl AdminApp {
    /// Whether it is reached by TLS, as the origin says.
    pub fn is_secure(&self) -> bool {
        self.origin.starts_with("https://")
    }

    /// The host that requests must name, with the port where it is not the scheme's own.
    pub fn host(&self) -> &str {
        self.origin.split_once("://").map_or("", |(_, host)| host)
    }
}
