//! Which addresses are on no public network: the IANA special-purpose registries (RFC 6890) and what is like them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// From where an address is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// From anywhere.
    Public,
    /// Within a private network (RFC 1918, RFC 4193). What is there may be fetched from, if the operator says so.
    Private,
    /// From this machine or its link alone, by several at once, by nobody, or by a way around: never.
    Special,
}

/// IPv4 networks that are not public: address, prefix.
const SPECIAL_V4: [(Ipv4Addr, u32); 16] = [
    (Ipv4Addr::UNSPECIFIED, 8),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    // Azure's fabric, which has a public address and answers each machine of it.
    (Ipv4Addr::new(168, 63, 129, 16), 32),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(192, 31, 196, 0), 24),
    (Ipv4Addr::new(192, 52, 193, 0), 24),
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    (Ipv4Addr::new(192, 175, 48, 0), 24),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    (Ipv4Addr::new(224, 0, 0, 0), 4),
    (Ipv4Addr::new(240, 0, 0, 0), 4),
];
/// Private ones.
const PRIVATE_V4: [(Ipv4Addr, u32); 3] =
    [(Ipv4Addr::new(10, 0, 0, 0), 8), (Ipv4Addr::new(172, 16, 0, 0), 12), (Ipv4Addr::new(192, 168, 0, 0), 16)];

/// What is handed out to public networks (RFC 4291 section 2.4). All else is special: the addresses that hold an IPv4 one
/// (`::ffff:0:0/96`, `64:ff9b::/96`), the link's (`fe80::/10`), the site's (`fec0::/10`), those of groups (`ff00::/8`) and what is
/// not yet for anything.
const GLOBAL_V6: (Ipv6Addr, u32) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);
/// Networks within it that are not public.
const SPECIAL_V6: [(Ipv6Addr, u32); 5] = [
    // Teredo, benchmarks, overlays and other protocols' own.
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32),
    // 6to4, which holds an IPv4 address.
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16),
    (Ipv6Addr::new(0x2620, 0x4f, 0x8000, 0, 0, 0, 0, 0), 48),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
];
const PRIVATE_V6: (Ipv6Addr, u32) = (Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7);
/// Amazon's services for each machine, in the midst of the private ones.
const METADATA_V6: (Ipv6Addr, u32) = (Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0), 32);

/// From where an address is reached.
pub fn reach(address: IpAddr) -> Reach {
    match address {
        IpAddr::V4(address) => {
            let is_in =
                |(network, prefix): &(Ipv4Addr, u32)| (network.to_bits() ^ address.to_bits()).leading_zeros() >= *prefix;
            match (SPECIAL_V4.iter().any(is_in), PRIVATE_V4.iter().any(is_in)) {
                (true, _) => Reach::Special,
                (_, true) => Reach::Private,
                _ => Reach::Public,
            }
        }
        IpAddr::V6(address) => {
            let is_in =
                |(network, prefix): &(Ipv6Addr, u32)| (network.to_bits() ^ address.to_bits()).leading_zeros() >= *prefix;
            match (is_in(&GLOBAL_V6), is_in(&PRIVATE_V6)) {
                (true, _) if !SPECIAL_V6.iter().any(is_in) => Reach::Public,
                (_, true) if !is_in(&METADATA_V6) => Reach::Private,
                _ => Reach::Special,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s21_tells_public_private_and_special_addresses_apart() {
        let special = "0.0.0.0 0.255.255.255 100.64.0.1 100.100.100.200 100.127.255.255 127.0.0.1 127.255.255.254 168.63.129.16 \
                       169.254.169.254 192.0.0.1 192.0.0.192 192.0.2.1 192.88.99.1 198.18.0.1 198.19.255.255 198.51.100.1 \
                       203.0.113.1 224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255 :: ::1 ::7f00:1 ::ffff:127.0.0.1 \
                       ::ffff:8.8.8.8 64:ff9b::7f00:1 64:ff9b::808:808 64:ff9b:1::1 100::1 2001::1 2001:0:7f00:1:: 2001:2::1 \
                       2001:10::1 2001:1ff:ffff::1 2001:db8::1 2002:7f00:1::1 2002:a00:1:: 2620:4f:8000::1 3fff::1 \
                       3fff:fff:ffff::1 4000::1 5f00::1 fd00:ec2::254 fe80::1 febf::1 fec0::1 feff::1 ff02::1 \
                       ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff";
        let private = "10.0.0.1 10.255.255.255 172.16.0.1 172.31.255.255 192.168.0.1 192.168.255.255 fc00::1 fd00::1 fdff::1";
        let public = "1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.0 168.63.129.17 \
                      169.253.255.255 172.15.255.255 172.32.0.0 192.0.1.0 192.0.3.0 192.167.255.255 192.169.0.0 198.17.255.255 \
                      198.20.0.0 223.255.255.255 2000::1 2001:200::1 2001:4860:4860::8888 2001:db7::1 2001:db9::1 2003::1 \
                      2606:4700::1111 3ffe::1";
        for (list, expected) in [(special, Reach::Special), (private, Reach::Private), (public, Reach::Public)] {
            for text in list.split_whitespace() {
                assert_eq!(reach(text.parse().unwrap()), expected, "{text}");
            }
        }
    }
}
