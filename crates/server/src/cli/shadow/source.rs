//! Whom a request is from. Whoever hands requests on to the proxy is on this machine; the client is where that one says, if it is asked.

use std::fmt::Write;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use http::header::FORWARDED;
use http::{HeaderMap, HeaderName, HeaderValue};
use mintmark_core::dialect::{Dialect, Origin};
use mintmark_core::model::IpNetwork;

use crate::cli::Failure;
use crate::cli::local_proxy::Whole;
use crate::config::AddressFormat;
use crate::http::client_address;
use crate::tls::read_private;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const PROXY_SECRET: HeaderName = HeaderName::from_static("mintmark-proxy-secret");
/// What a token request consists of, besides what a dialect's parameters are read from.
const TOLD: [&str; 5] = ["accept", "authorization", "content-type", "user-agent", "dpop"];

#[derive(Args, Debug)]
#[command(next_help_heading = "Where clients are")]
pub(super) struct SourceArgs {
    /// The header in which whoever hands requests on tells the client's address. Without it nobody's address is known.
    #[arg(long, value_name = "HEADER", value_enum)]
    address_header: Option<AddressHeader>,
    /// An address or network of further proxies, which are in that header behind the client's; may be repeated.
    #[arg(long, value_name = "NETWORK", requires = "address_header")]
    proxy: Vec<IpNetwork>,
    /// A file with the secret that proves this proxy to Mintmark, where the environment's `proxy.secret_file` asks for one.
    #[arg(long, value_name = "FILE", requires = "mintmark")]
    proxy_secret_file: Option<PathBuf>,
}

/// A header with addresses.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum AddressHeader {
    #[value(name = "X-Forwarded-For", alias = "x-forwarded-for")]
    List,
    #[value(name = "Forwarded", alias = "forwarded")]
    Forwarded,
}

impl AddressHeader {
    fn name(self) -> HeaderName {
        match self {
            AddressHeader::List => X_FORWARDED_FOR,
            AddressHeader::Forwarded => FORWARDED,
        }
    }
}

/// How clients' addresses are known.
#[derive(Default)]
pub(super) struct Sources {
    header: Option<AddressHeader>,
    proxies: Vec<IpNetwork>,
    secret: Option<HeaderValue>,
}

impl SourceArgs {
    pub(super) fn sources(&self) -> Result<Sources, Failure> {
        Ok(Sources {
            header: self.address_header,
            proxies: self.proxy.clone(),
            secret: self.proxy_secret_file.as_deref().map(read_secret).transpose()?,
        })
    }
}

fn read_secret(path: &Path) -> Result<HeaderValue, Failure> {
    let named = |message: &str| Failure(format!("{}: {message}", path.display()));
    let text = read_private(path, "the secret").map_err(|error| Failure(error.to_string()))?;
    let text = std::str::from_utf8(&text).map_err(|_| named("expected a secret of visible characters"))?;
    let first = text.lines().map(str::trim).find(|line| !line.is_empty()).ok_or_else(|| named("there is no secret in it"))?;
    let mut secret = HeaderValue::from_str(first).map_err(|_| named("expected a secret of visible characters"))?;
    secret.set_sensitive(true);
    Ok(secret)
}

impl Sources {
    /// Whether clients' addresses are known.
    pub(super) fn are_known(&self) -> bool {
        self.header.is_some()
    }

    /// Where a request comes from. What stands before the last address that is no proxy's is the client's own word.
    pub(super) fn of(&self, request: &Whole) -> IpAddr {
        let peer = request.peer.ip().to_canonical();
        let Some(header) = self.header else { return peer };
        let format = match header {
            AddressHeader::List => AddressFormat::List,
            AddressHeader::Forwarded => AddressFormat::Forwarded,
        };
        let is_proxy = |address: IpAddr| address.is_loopback() || self.proxies.iter().any(|network| network.contains(address));
        client_address((&header.name(), format), &request.head.headers, is_proxy).unwrap_or(peer)
    }

    /// A request as Mintmark is asked it: with what the dialect reads, and the client's address as this proxy's word. No other header, since
    /// what Mintmark believes of a proxy it would believe of what its client wrote.
    pub(super) fn for_mintmark(&self, dialect: &Dialect, request: &Whole) -> Whole {
        let mut request = request.clone();
        let source = self.of(&request);
        let told = std::mem::take(&mut request.head.headers);
        let rules = &dialect.request;
        let from_header = rules.parameters.iter().flat_map(|parameter| &parameter.from).filter_map(|origin| match origin {
            Origin::Header(name) => Some(name),
            Origin::Body | Origin::Query => None,
        });
        let mut headers = HeaderMap::new();
        let read: Vec<&HeaderName> = from_header.chain(rules.echo.iter().map(|(name, _)| name)).collect();
        let about_clients = [&X_FORWARDED_FOR, &FORWARDED, &PROXY_SECRET];
        for (name, value) in &told {
            if (read.contains(&name) || TOLD.contains(&name.as_str())) && !about_clients.contains(&name) {
                headers.append(name, value.clone());
            }
        }
        if let Some(header) = self.header
            && let Ok(value) = HeaderValue::from_str(&written(header, source))
        {
            headers.insert(header.name(), value);
        }
        if let Some(secret) = &self.secret {
            headers.insert(PROXY_SECRET, secret.clone());
        }
        request.head.headers = headers;
        request
    }
}

fn written(header: AddressHeader, address: IpAddr) -> String {
    let mut text = String::new();
    // Writing to a `String` cannot fail.
    let _ = match (header, address) {
        (AddressHeader::List, address) => write!(text, "{address}"),
        (AddressHeader::Forwarded, IpAddr::V4(address)) => write!(text, "for={address}"),
        (AddressHeader::Forwarded, IpAddr::V6(address)) => write!(text, "for=\"[{address}]\""),
    };
    text
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::Request;
    use mintmark_core::dialect::DialectSet;

    use super::*;

    fn request(headers: &[(&str, &str)]) -> Whole {
        let mut built = Request::post("/oauth/token");
        for (name, value) in headers {
            built = built.header(*name, *value);
        }
        let (head, ()) = built.body(()).unwrap().into_parts();
        Whole { peer: "127.0.0.1:5".parse().unwrap(), head, body: Bytes::new() }
    }

    fn by(header: AddressHeader) -> Sources {
        Sources { header: Some(header), proxies: vec!["10.0.0.0/8".parse().unwrap()], secret: None }
    }

    #[test]
    fn s19_the_address_is_the_last_that_is_no_proxys_and_nobodys_word_where_none_is_asked() {
        let told = request(&[("x-forwarded-for", "198.51.100.1, 203.0.113.9, 10.0.0.1")]);
        assert_eq!(by(AddressHeader::List).of(&told).to_string(), "203.0.113.9");
        assert_eq!(Sources::default().of(&told).to_string(), "127.0.0.1");
        assert_eq!(by(AddressHeader::Forwarded).of(&told).to_string(), "127.0.0.1");
        let told = request(&[("forwarded", "for=\"[2001:db8::1]\";proto=https")]);
        assert_eq!(by(AddressHeader::Forwarded).of(&told).to_string(), "2001:db8::1");
    }

    #[test]
    fn s19_mintmark_is_told_no_header_that_it_would_believe_of_a_proxy() {
        let set = DialectSet::load(&[]).unwrap();
        let headers = [
            ("authorization", "Basic eDp5"),
            ("client-cert", ":AAAA:"),
            ("x-forwarded-client-cert", "x"),
            ("mintmark-proxy-secret", "guess"),
            ("x-forwarded-for", "203.0.113.9"),
            ("forwarded", "for=198.51.100.1"),
            ("traceparent", "00-x"),
        ];
        let dialect = set.get("standard").unwrap();
        let sources = Sources { secret: Some(HeaderValue::from_static("own")), ..by(AddressHeader::List) };
        let asked = sources.for_mintmark(dialect, &request(&headers)).head.headers;
        let mut told: Vec<(&str, &str)> = asked.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
        told.sort_unstable();
        let expected = [("authorization", "Basic eDp5"), ("mintmark-proxy-secret", "own"), ("x-forwarded-for", "203.0.113.9")];
        assert_eq!(told, expected);
        let unknown = Sources::default().for_mintmark(dialect, &request(&headers)).head.headers;
        assert_eq!(unknown.len(), 1, "{unknown:?}");
        assert_eq!(written(AddressHeader::Forwarded, "2001:db8::1".parse().unwrap()), "for=\"[2001:db8::1]\"");
    }
}
