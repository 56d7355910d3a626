//! Which URLs are fetched from. The grammar here is a part of RFC 3986 that leaves nothing to be read in two ways.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use http::uri::{PathAndQuery, Uri};
use mintmark_core::model::TenantId;

use super::address::{Reach, reach};
use super::client::FetchError;
use crate::config::OutgoingSettings;
use crate::tls::TlsError;

/// The longest URL, in bytes.
const MAX_URL: usize = 2048;
const HTTPS: u16 = 443;

/// Whose choice a URL is. A tenant's never reaches what the operator opened for its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChosenBy {
    /// The operator's.
    Operator,
    /// A tenant's.
    Tenant,
}

impl ChosenBy {
    /// Of the endpoint of a tenant, or of the operator's own.
    pub fn owner(tenant: Option<TenantId>) -> Self {
        tenant.map_or(Self::Operator, |_| Self::Tenant)
    }
}

/// What may be asked.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// Hosts with their ports, as they stand in URLs, that may be at any address.
    pub allow: Vec<String>,
    /// The same for the URLs that tenants choose.
    pub allow_tenants: Vec<String>,
    /// Ports besides 443.
    pub ports: Vec<u16>,
    /// Whether private networks may be asked, where it is not a tenant's choice.
    pub private: bool,
}

impl Rules {
    /// Those of the configuration.
    pub fn new(settings: &OutgoingSettings) -> Result<Self, TlsError> {
        let mut rules = Self {
            private: !settings.refuse_private,
            allow: hosts("allow", &settings.allow)?,
            allow_tenants: hosts("allow_tenant_webhooks", &settings.allow_tenant_webhooks)?,
            ports: Vec::new(),
        };
        for port in &settings.ports {
            let wrong = || TlsError(format!("outgoing.ports: {port:?}: expected a port, such as \"8443\""));
            rules.ports.push(port.parse().ok().filter(|port| *port != 0).ok_or_else(wrong)?);
        }
        Ok(rules)
    }

    fn allow(&self, chosen_by: ChosenBy) -> &[String] {
        match chosen_by {
            ChosenBy::Operator => &self.allow,
            ChosenBy::Tenant => &self.allow_tenants,
        }
    }
}

/// Hosts with their ports, as URLs are compared with them.
fn hosts(key: &str, entries: &[String]) -> Result<Vec<String>, TlsError> {
    let parse = |entry: &String| {
        let parts = split_authority(entry).filter(|(host, _)| host.len() < entry.len());
        let host = parts.and_then(|(host, port)| Some(Host::parse(&host.to_ascii_lowercase())?.with_port(port)));
        let wrong =
            || TlsError(format!("outgoing.{key}: {entry:?}: expected a host with its port, such as keys.internal:8443"));
        host.ok_or_else(wrong)
    };
    entries.iter().map(parse).collect()
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
    chosen_by: ChosenBy,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Host {
    /// In lower case.
    Name(String),
    Address(IpAddr),
}

impl Target {
    /// Takes a URL apart.
    pub fn parse(url: &str, rules: &Rules, chosen_by: ChosenBy) -> Result<Self, FetchError> {
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
        let is_allowed = rules.allow(chosen_by).iter().any(|allowed| allowed.eq_ignore_ascii_case(&host.with_port(port)));
        if !is_allowed && port != HTTPS && !rules.ports.contains(&port) {
            return Err(refused("its port is not 443, nor one of outgoing.ports"));
        }
        let authority = if port == HTTPS { host.to_text() } else { host.with_port(port) };
        let path = uri.path_and_query().cloned().unwrap_or_else(|| PathAndQuery::from_static("/"));
        let target = Self { host, port, authority, path, is_allowed, chosen_by };
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
            Reach::Private => rules.private && self.chosen_by == ChosenBy::Operator,
            Reach::Special => false,
        };
        if !self.is_allowed && !addresses.iter().all(is_good) {
            return Err(FetchError::Refused(match self.chosen_by {
                ChosenBy::Operator => "its address is on no public network, and its host not in outgoing.allow",
                ChosenBy::Tenant => "its address is on no public network, and its host not in outgoing.allow_tenant_webhooks",
            }));
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
        let allow = vec!["Keys.internal:8443".to_owned(), "[::1]:9".to_owned()];
        Target::parse(url, &Rules { allow, ..Rules::default() }, ChosenBy::Operator)
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
    fn s21_what_the_operator_opened_for_its_own_is_closed_to_tenants() {
        let rules = Rules {
            allow: vec!["keys.internal:8443".to_owned(), "10.0.0.1:443".to_owned(), "127.0.0.1:443".to_owned()],
            allow_tenants: vec!["partner.internal:8443".to_owned()],
            private: true,
            ..Rules::default()
        };
        let reach = |url: &str, chosen_by, address: &str| {
            let target = Target::parse(url, &rules, chosen_by)?;
            target.check(&[address.parse().unwrap()], &rules)
        };
        for (url, address) in [
            ("https://keys.internal:8443/", "10.0.0.1"),
            ("https://10.0.0.1/", "10.0.0.1"),
            ("https://127.0.0.1/", "127.0.0.1"),
            ("https://elsewhere.example/", "192.168.0.1"),
        ] {
            assert!(reach(url, ChosenBy::Operator, address).is_ok(), "{url}");
            assert!(matches!(reach(url, ChosenBy::Tenant, address), Err(FetchError::Refused(_))), "{url}");
        }
        assert!(reach("https://partner.internal:8443/", ChosenBy::Tenant, "10.0.0.2").is_ok());
        assert!(reach("https://partner.internal:8443/", ChosenBy::Operator, "10.0.0.2").is_err(), "its port is not opened");
        assert!(reach("https://hooks.example/", ChosenBy::Tenant, "8.8.8.8").is_ok());
    }

    #[test]
    fn the_configuration_names_hosts_with_their_ports() {
        let settings = |allow: &str, port: &str| OutgoingSettings {
            allow: vec![allow.to_owned()],
            allow_tenant_webhooks: vec!["Hooks.internal:443".to_owned()],
            ports: vec![port.to_owned()],
            ca_file: String::new(),
            refuse_private: true,
        };
        let rules = Rules::new(&settings("Keys.internal:443", "8443")).unwrap();
        assert_eq!((rules.allow, rules.ports, rules.private), (vec!["keys.internal:443".to_owned()], vec![8443], false));
        assert_eq!(rules.allow_tenants, ["hooks.internal:443"]);
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
