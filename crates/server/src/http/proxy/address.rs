//! A client's address in a header, as proxies that proved themselves send it: `X-Forwarded-For`, or `Forwarded` (RFC 7239).

use std::net::{IpAddr, SocketAddr};

use crate::config::AddressFormat;

/// How many addresses are looked at, from the last one.
const MAX_HOPS: usize = 32;

/// The addresses that the values of a header tell, the last one first. Nothing stands for a hop that is not known.
pub(super) fn read<'a>(
    format: AddressFormat,
    values: impl DoubleEndedIterator<Item = &'a [u8]>,
) -> impl Iterator<Item = Option<IpAddr>> {
    let elements = values.rev().flat_map(|value| value.rsplit(|byte| *byte == b','));
    elements.map(match format {
        AddressFormat::List => parse,
        AddressFormat::Forwarded => parse_element,
    })
}

/// An element of `Forwarded`: an address only if it is there once.
fn parse_element(element: &[u8]) -> Option<IpAddr> {
    let mut nodes = element.split(|byte| *byte == b';').filter_map(|pair| {
        let (name, value) = pair.trim_ascii().split_at_checked(4)?;
        name.eq_ignore_ascii_case(b"for=").then_some(value)
    });
    let node = nodes.next()?;
    let unquoted = node.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\"")).unwrap_or(node);
    if nodes.next().is_some() { None } else { parse(unquoted) }
}

/// The last address that is no proxy's: what is before it is what somebody wrote whom nobody here knows. Nothing where a hop is not
/// known, since nobody can tell then who wrote what is before it.
pub(super) fn last_but_proxies(
    hops: impl Iterator<Item = Option<IpAddr>>,
    is_proxy: impl Fn(IpAddr) -> bool,
) -> Option<IpAddr> {
    let mut last = None;
    for hop in hops.take(MAX_HOPS) {
        let Some(hop) = hop else { return last };
        last = Some(hop);
        if !is_proxy(hop) {
            break;
        }
    }
    last
}

/// An address, perhaps with a port, IPv6 perhaps in brackets.
fn parse(text: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(text.trim_ascii()).ok()?;
    let bracketed = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let with_port = || text.parse::<SocketAddr>().map(|address| address.ip());
    bracketed.unwrap_or(text).parse::<IpAddr>().or_else(|_| with_port()).ok().map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_proxy(address: IpAddr) -> bool {
        address.to_string().starts_with("10.")
    }

    fn list(values: &[&str]) -> Option<String> {
        let hops = read(AddressFormat::List, values.iter().map(|value| value.as_bytes()));
        last_but_proxies(hops, is_proxy).map(|address| address.to_string())
    }

    fn forwarded(values: &[&str]) -> Option<String> {
        let hops = read(AddressFormat::Forwarded, values.iter().map(|value| value.as_bytes()));
        last_but_proxies(hops, is_proxy).map(|address| address.to_string())
    }

    #[test]
    fn s19_the_last_address_that_is_no_proxys_counts() {
        assert_eq!(list(&["203.0.113.9"]).as_deref(), Some("203.0.113.9"));
        assert_eq!(list(&["198.51.100.1, 203.0.113.9"]).as_deref(), Some("203.0.113.9"), "the first is the client's own word");
        assert_eq!(list(&["198.51.100.1, 203.0.113.9, 10.0.0.1", "10.0.0.2"]).as_deref(), Some("203.0.113.9"));
        assert_eq!(list(&["10.0.0.3, 10.0.0.1"]).as_deref(), Some("10.0.0.3"), "proxies alone");
        assert_eq!(list(&["198.51.100.1, unknown, 10.0.0.1"]).as_deref(), Some("10.0.0.1"), "nothing behind a gap");
        assert_eq!(list(&["[2001:db8::1]:443"]).as_deref(), Some("2001:db8::1"));
        assert_eq!(list(&["::ffff:203.0.113.9"]).as_deref(), Some("203.0.113.9"));
        assert_eq!(list(&["203.0.113.9:55"]).as_deref(), Some("203.0.113.9"));
        for nothing in ["", "unknown", "localhost", "1", "203.0.113.9 203.0.113.8", "0x7f.0.0.1"] {
            assert_eq!(list(&[nothing]), None, "{nothing}");
        }
        assert_eq!(list(&[]), None);
    }

    #[test]
    fn s19_forwarded_is_read_in_the_same_way() {
        assert_eq!(
            forwarded(&["for=198.51.100.1, For=\"203.0.113.9:80\";proto=https;by=10.0.0.1"]).as_deref(),
            Some("203.0.113.9")
        );
        assert_eq!(forwarded(&["for=203.0.113.9", "for=\"[2001:db8::1]\""]).as_deref(), Some("2001:db8::1"));
        assert_eq!(forwarded(&["for=203.0.113.9, for=10.0.0.9"]).as_deref(), Some("203.0.113.9"));
        for nothing in ["for=_hidden", "for=unknown", "proto=https", "", "for=203.0.113.9;for=203.0.113.8"] {
            assert_eq!(forwarded(&[nothing]), None, "{nothing}");
        }
    }

    #[test]
    fn a_long_chain_is_not_followed_to_its_end() {
        let chain = vec!["10.0.0.1"; MAX_HOPS].join(",");
        assert_eq!(list(&[&format!("203.0.113.9,{chain}")]).as_deref(), Some("10.0.0.1"));
    }
}
