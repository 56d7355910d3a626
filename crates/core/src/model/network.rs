//! Networks, as addresses with a prefix (RFC 4632, RFC 4291 section 2.3).

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A network: the addresses that begin alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IpNetwork {
    address: IpAddr,
    prefix: u8,
}

impl IpNetwork {
    /// Whether an address is one of it. An IPv4 address in the form of an IPv6 one, as listeners for both see it, is what it was.
    pub fn contains(&self, address: IpAddr) -> bool {
        let differing = match (self.address, address.to_canonical()) {
            (IpAddr::V4(own), IpAddr::V4(other)) => u128::from(own.to_bits() ^ other.to_bits()) << 96,
            (IpAddr::V6(own), IpAddr::V6(other)) => own.to_bits() ^ other.to_bits(),
            _ => return false,
        };
        differing.leading_zeros() >= u32::from(self.prefix)
    }

    /// Whether nothing but this machine is in it.
    pub fn is_loopback(&self) -> bool {
        self.address.is_loopback() && (self.address.is_ipv6() || self.prefix >= 8)
    }
}

/// Why a text is no network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotANetwork;

impl fmt::Display for NotANetwork {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("expected an address or a network, such as 10.1.2.3 or 10.0.0.0/8, with no bit set behind the prefix")
    }
}

impl std::error::Error for NotANetwork {}

impl FromStr for IpNetwork {
    type Err = NotANetwork;

    fn from_str(text: &str) -> Result<Self, NotANetwork> {
        let (address, prefix) = text.split_once('/').map_or((text, None), |(address, prefix)| (address, Some(prefix)));
        let address: IpAddr = address.parse().map_err(|_| NotANetwork)?;
        let bits = if address.is_ipv4() { 32 } else { 128 };
        let is_plain = |prefix: &&str| !prefix.is_empty() && prefix.bytes().all(|digit| digit.is_ascii_digit());
        let prefix = match prefix {
            Some(prefix) => Some(prefix).filter(is_plain).and_then(|prefix| prefix.parse().ok()).ok_or(NotANetwork)?,
            None => bits,
        };
        let value = match address {
            IpAddr::V4(address) => u128::from(address.to_bits()) << 96,
            IpAddr::V6(address) => address.to_bits(),
        };
        let behind = value.checked_shl(u32::from(prefix)).unwrap_or(0);
        // An IPv4 network in the form of an IPv6 one would never contain anything.
        if prefix > bits || behind != 0 || address.to_canonical() != address {
            return Err(NotANetwork);
        }
        Ok(Self { address, prefix })
    }
}

impl fmt::Display for IpNetwork {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}/{}", self.address, self.prefix)
    }
}

impl Serialize for IpNetwork {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for IpNetwork {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contains_what_begins_alike() {
        for (network, address, expected) in [
            ("10.0.0.0/8", "10.255.0.1", true),
            ("10.0.0.0/8", "11.0.0.0", false),
            ("10.0.0.0/8", "::ffff:10.0.0.1", true),
            ("10.1.2.3", "10.1.2.3", true),
            ("10.1.2.3", "10.1.2.2", false),
            ("0.0.0.0/0", "203.0.113.1", true),
            ("0.0.0.0/0", "2001:db8::1", false),
            ("2001:db8::/32", "2001:db8:1::1", true),
            ("2001:db8::/32", "2001:db9::1", false),
            ("::1", "::1", true),
            ("::/0", "::ffff:10.0.0.1", false),
        ] {
            let contains = network.parse::<IpNetwork>().unwrap().contains(address.parse().unwrap());
            assert_eq!(contains, expected, "{network} {address}");
        }
    }

    #[test]
    fn refuses_what_is_no_network() {
        for bad in
            ["", "10", "10.0.0.1/8", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0.0/", "::1/64", "::ffff:10.0.0.0/104"]
        {
            assert_eq!(bad.parse::<IpNetwork>(), Err(NotANetwork), "{bad}");
        }
    }

    #[test]
    fn knows_what_is_this_machine_alone() {
        for (network, expected) in
            [("127.0.0.1", true), ("127.0.0.0/8", true), ("126.0.0.0/7", false), ("::1", true), ("::/0", false)]
        {
            assert_eq!(network.parse::<IpNetwork>().unwrap().is_loopback(), expected, "{network}");
        }
    }
    #[test]
    fn is_written_with_its_prefix_and_read_again() {
        for (text, written) in [("10.0.0.0/8", "10.0.0.0/8"), ("10.1.2.3", "10.1.2.3/32"), ("2001:db8::/32", "2001:db8::/32")] {
            let network: IpNetwork = text.parse().unwrap();
            assert_eq!(network.to_string(), written);
            let json = serde_json::to_string(&network).unwrap();
            assert_eq!(serde_json::from_str::<IpNetwork>(&json).unwrap(), network);
        }
        assert!(serde_json::from_str::<IpNetwork>("\"10.0.0.1/8\"").is_err());
    }
}
