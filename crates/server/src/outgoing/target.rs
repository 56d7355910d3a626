//! Which URLs are fetched from. The grammar here is a part of RFC 3986 that leaves nothing to be read in two ways.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use http::uri::{PathAndQuery, Uri};

use super::address::{Reach, reach};
use super::client::FetchError;
use crate::config::OutgoingSettings;
use crate::tls::TlsError;

/// The longest URL, in bytes.
const MAX_URL: usize = 2048;
const HTTPS: u16 = 443;

/// What may be fetched from.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// Hosts with their ports, as they stand in URLs, that may be at any address.
    pub allow: Vec<String>,
    /// Ports besides 443.
    pub ports: Vec<u16>,
    /// Whether private networks may be fetched from.
    pub private: bool,
}

impl Rules {
    /// Those of the configuration.
    pub fn new(settings: &OutgoingSettings) -> Result<Self, TlsError> {
        let mut rules = Self { private: !settings.refuse_private, ..Self::default() };
        for entry in &settings.allow {
            let parts = split_authority(entry).filter(|(host, _)| host.len() < entry.len());
            let host = parts.and_then(|(host, port)| Some(Host::parse(&host.to_ascii_lowercase())?.with_port(port)));
            let wrong =
                || TlsError(format!("outgoing.allow: {entry:?}: expected a host with its port, such as keys.internal:8443"));
            rules.allow.push(host.ok_or_else(wrong)?);
        }
        for port in &settings.ports {
            let wrong = || TlsError(format!("outgoing.ports: {port:?}: expected a port, such as \"8443\""));
            rules.ports.push(port.parse().ok().filter(|port| *port != 0).ok_or_else(wrong)?);
        }
        Ok(rules)
    }
}

/// A URL that may be fetched from, if its addresses are good too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The host.
    pub(super) host: Host,
    pub(super) port: u16,
    /// The value of `Host`.
    pub(super) authority: String,
    pub(super) path: PathAndQuery,
    /// Whether the operator vouches for it, whatever its addresses are.
    is_allowed: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Host {
    /// In lower case.
    Name(String),
    Address(IpAddr),
}

impl Target {
    /// Takes a URL apart.
    pub fn parse(url: &str, rules: &Rules) -> Result<Self, FetchError> {
        let refused = |cause: &'static str| FetchError::Refused(cause);
        // What RFC 3986 has no place for is read in one way by one library and in another by the next.
        let is_plain = |byte: u8| {
            byte.is_ascii_graphic() && !matches!(byte, b'\\' | b'#' | b'"' | b'<' | b'>' | b'^' | b'`' | b'{' | b'|' | b'}')
        };
        if url.len() > MAX_URL || !url.bytes().all(is_plain) {
            return Err(refused("it is longer than 2048 characters, or has some that no URL has"));
        }
        let uri: Uri = url.parse().map_err(|_| refused("it is no URL"))?;
        if uri.scheme_str() != Some("https") {
            return Err(refused("it does not begin with https://"));
        }
        let written = uri.authority().map(http::uri::Authority::as_str).ok_or_else(|| refused("it has no host"))?;
        let (host, port) = split_authority(written).ok_or_else(|| refused("its host or port has not the usual form"))?;
        let host =
            Host::parse(&host.to_ascii_lowercase()).ok_or_else(|| refused("its host is no name and no usual address"))?;
        let is_allowed = rules.allow.iter().any(|allowed| allowed.eq_ignore_ascii_case(&host.with_port(port)));
        if !is_allowed && port != HTTPS && !rules.ports.contains(&port) {
            return Err(refused("its port is not 443, nor one of outgoing.ports"));
        }
        let authority = if port == HTTPS { host.to_text() } else { host.with_port(port) };
        let path = uri.path_and_query().cloned().unwrap_or_else(|| PathAndQuery::from_static("/"));
        let target = Self { host, port, authority, path, is_allowed };
        if let Host::Address(address) = target.host {
            target.check(&[address], rules)?;
        }
        Ok(target)
    }

    /// The URL whole, as a receiver puts it together from what it is sent.
    pub(super) fn uri(&self) -> String {
        format!("https://{}{}", self.authority, self.path)
    }

    /// The addresses to connect to, from those that the host stands for. One that is not good spoils all of them: no honest host has
    /// both kinds.
    pub(super) fn check(&self, addresses: &[IpAddr], rules: &Rules) -> Result<Vec<SocketAddr>, FetchError> {
        let is_good = |address: &IpAddr| match reach(*address) {
            Reach::Public => true,
            Reach::Private => rules.private,
            Reach::Special => false,
        };
        if !self.is_allowed && !addresses.iter().all(is_good) {
            return Err(FetchError::Refused("its address is on no public network, and its host not in outgoing.allow"));
        }
        Ok(addresses.iter().map(|address| SocketAddr::new(*address, self.port)).collect())
    }
}

impl Host {
    fn parse(text: &str) -> Option<Self> {
        if let Some(inner) = text.strip_prefix('[') {
            let address = inner.strip_suffix(']')?.parse::<Ipv6Addr>().ok()?;
            return Some(Host::Address(address.into()));
        }
        if let Ok(address) = text.parse::<Ipv4Addr>() {
            return Some(Host::Address(address.into()));
        }
        is_name(text).then(|| Host::Name(text.to_owned()))
    }

    fn to_text(&self) -> String {
        match self {
            Host::Name(name) => name.clone(),
            Host::Address(IpAddr::V4(address)) => address.to_string(),
            Host::Address(IpAddr::V6(address)) => format!("[{address}]"),
        }
    }

    fn with_port(&self, port: u16) -> String {
        format!("{}:{port}", self.to_text())
    }
}

/// Host and port; nothing where there is a user, or a port that is none.
fn split_authority(written: &str) -> Option<(&str, u16)> {
    if written.contains('@') {
        return None;
    }
    let behind_address = written.rfind(']').map_or(0, |at| at + 1);
    match written.get(behind_address..)?.rfind(':') {
        None => Some((written, HTTPS)),
        Some(at) => {
            let (host, port) = written.split_at_checked(behind_address + at)?;
            let port =
                port.strip_prefix(':').filter(|port| !port.is_empty() && port.bytes().all(|digit| digit.is_ascii_digit()))?;
            Some((host, port.parse().ok().filter(|port| *port != 0)?))
        }
    }
}

/// Letters, digits and hyphens in labels (RFC 1123 section 2.1). The last label of a name begins with a letter: `127.1`, `0x7f.1`,
/// `0177.0.0.1` and `2130706433` are addresses to those who resolve names.
fn is_name(text: &str) -> bool {
    let is_label = |label: &str| {
        let is_fine = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        (1..=63).contains(&label.len()) && label.bytes().all(is_fine) && !label.starts_with('-') && !label.ends_with('-')
    };
    let last_begins_with_letter =
        text.rsplit('.').next().and_then(|label| label.bytes().next()).is_some_and(|byte| byte.is_ascii_alphabetic());
    text.len() <= 253 && text.split('.').all(is_label) && last_begins_with_letter
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(url: &str) -> Result<Target, FetchError> {
        Target::parse(url, &Rules { allow: vec!["Keys.internal:8443".to_owned(), "[::1]:9".to_owned()], ..Rules::default() })
    }

    #[test]
    fn takes_ordinary_urls() {
        for (url, host, port, authority, path) in [
            (
                "https://keys.example/jwks?tenant=1",
                Host::Name("keys.example".to_owned()),
                443,
                "keys.example",
                "/jwks?tenant=1",
            ),
            ("https://KEYS.example:443", Host::Name("keys.example".to_owned()), 443, "keys.example", "/"),
            (
                "https://xn--bcher-kva.example/",
                Host::Name("xn--bcher-kva.example".to_owned()),
                443,
                "xn--bcher-kva.example",
                "/",
            ),
            ("https://keys.internal:8443/a%20b", Host::Name("keys.internal".to_owned()), 8443, "keys.internal:8443", "/a%20b"),
            ("https://8.8.8.8/", Host::Address("8.8.8.8".parse().unwrap()), 443, "8.8.8.8", "/"),
            ("https://[2606:4700::1111]/", Host::Address("2606:4700::1111".parse().unwrap()), 443, "[2606:4700::1111]", "/"),
            ("https://[0:0:0:0:0:0:0:1]:9/", Host::Address("::1".parse().unwrap()), 9, "[::1]:9", "/"),
        ] {
            let target = parse(url).unwrap();
            assert_eq!(
                (&target.host, target.port, target.authority.as_str(), target.path.as_str()),
                (&host, port, authority, path)
            );
        }
    }

    #[test]
    fn s21_the_allow_list_is_exact() {
        for url in
            ["https://keys.internal/", "https://keys.internal:8444/", "https://a.keys.internal:8443/", "https://[::2]:9/"]
        {
            let checked = parse(url).and_then(|target| target.check(&["127.0.0.1".parse().unwrap()], &Rules::default()));
            assert!(matches!(checked, Err(FetchError::Refused(_))), "{url}");
        }
    }

    #[test]
    fn s21_one_bad_address_spoils_all() {
        let (good, bad, private) = ("8.8.8.8".parse().unwrap(), "127.0.0.1".parse().unwrap(), "10.0.0.1".parse().unwrap());
        let target = parse("https://keys.example/").unwrap();
        let rules = Rules::default();
        assert_eq!(target.check(&[good], &rules).unwrap(), ["8.8.8.8:443".parse().unwrap()]);
        for addresses in [&[good, bad][..], &[bad], &[good, private]] {
            assert!(target.check(addresses, &rules).is_err(), "{addresses:?}");
        }
        let private_too = Rules { private: true, ..rules };
        assert!(target.check(&[good, private], &private_too).is_ok());
        assert!(target.check(&[private, bad], &private_too).is_err());
    }

    #[test]
    fn the_configuration_names_hosts_with_their_ports() {
        let settings = |allow: &str, port: &str| OutgoingSettings {
            allow: vec![allow.to_owned()],
            ports: vec![port.to_owned()],
            ca_file: String::new(),
            refuse_private: true,
        };
        let rules = Rules::new(&settings("Keys.internal:443", "8443")).unwrap();
        assert_eq!((rules.allow, rules.ports, rules.private), (vec!["keys.internal:443".to_owned()], vec![8443], false));
        for bad in
            ["", "keys.internal", "https://keys.internal:443", "*.internal:443", "keys.internal:0", "keys.internal:", "::1:9"]
        {
            assert!(Rules::new(&settings(bad, "1")).unwrap_err().to_string().contains("outgoing.allow"), "{bad}");
        }
        for bad in ["", "0", "65536", "1-2"] {
            assert!(Rules::new(&settings("[::1]:9", bad)).unwrap_err().to_string().contains("outgoing.ports"), "{bad}");
        }
    }
}
