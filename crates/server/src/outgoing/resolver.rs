//! Names to addresses.

use std::io;
use std::net::IpAddr;
use std::pin::Pin;

/// The most addresses of a name that are looked at.
const MAX_ADDRESSES: usize = 16;

/// What [`Resolve`] gives, some time later.
pub type Resolved<'a> = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send + 'a>>;

/// Where the addresses of a name are had from.
pub trait Resolve: Send + Sync {
    /// All of them. It is asked once for each request.
    fn resolve<'a>(&'a self, name: &'a str) -> Resolved<'a>;
}

/// The system's.
#[derive(Debug, Default)]
pub struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve<'a>(&'a self, name: &'a str) -> Resolved<'a> {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name, 0)).await?;
            Ok(found.take(MAX_ADDRESSES).map(|address| address.ip()).collect())
        })
    }
}
