//! The servers that Mintmark is compared with: the floor, which only speaks HTTP, and the bound, which does what no token endpoint
//! can do without.

mod bound;
mod floor;
mod http;

use clap::Args;
use mintmark_verify::Algorithm;

use crate::failure::Done;

/// Where a server listens.
#[derive(Args, Debug)]
pub(crate) struct ServerArgs {
    /// The port; 0 takes a free one, which the first line of the output tells.
    #[arg(long, default_value_t = 0)]
    port: u16,
}

#[derive(Args, Debug)]
pub(crate) struct BoundArgs {
    #[command(flatten)]
    server: ServerArgs,
    /// What to sign with.
    #[arg(long, default_value = "ES256")]
    algorithm: Algorithm,
}

/// Runs the floor until its standard input ends.
pub(crate) fn floor(args: &ServerArgs) -> Done<()> {
    http::serve(args.port, floor::Floor)
}

/// Runs the bound until its standard input ends.
pub(crate) fn bound(args: &BoundArgs) -> Done<()> {
    http::serve(args.server.port, bound::Bound::new(args.algorithm)?)
}
