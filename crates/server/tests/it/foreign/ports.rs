//! Free ports for `mintmark dev --port-base`.

use std::net::{Ipv4Addr, TcpListener};

/// What `mintmark dev` adds to its base: sandbox, production, dashboard.
const OFFSETS: [u16; 3] = [0, 1, 10];

/// A base whose ports were free a moment ago. Somebody else can take one before the server does, so callers retry.
pub(super) fn free_base() -> u16 {
    (0..100).find_map(|_| try_free_base()).unwrap()
}

fn try_free_base() -> Option<u16> {
    let any = bind(0)?;
    let base = any.local_addr().ok()?.port();
    drop(any);
    let all = OFFSETS.map(|offset| base.checked_add(offset).and_then(bind));
    all.iter().all(Option::is_some).then_some(base)
}

fn bind(port: u16) -> Option<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).ok()
}
