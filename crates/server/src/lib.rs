//! The server around the core: sockets, SQL, the command line.

pub mod store;
