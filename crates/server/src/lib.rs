//! The server around the core: sockets, SQL, the command line.

pub mod admin;
pub mod audit_lines;
pub mod cli;
pub mod clock;
pub mod config;
pub mod dashboard;
pub mod dialect_example;
pub mod dialect_files;
mod dialect_page;
pub mod drafting;
pub mod http;
pub mod import;
pub mod leaks;
pub mod logging;
pub mod metered_lines;
pub mod metrics;
pub mod node;
pub mod outgoing;
pub mod recording;
pub mod serving;
pub mod snapshot;
pub mod store;
pub mod tls;
pub mod traces;
pub mod webhooks;
