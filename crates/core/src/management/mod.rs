//! Who may manage what. People and programs that manage the server have an [`Authority`], read from the store at each call and
//! never taken from a claim (rule S1).

mod authority;

pub use authority::{Authority, Permission, Principal, Reach, Role};
