//! Proxies whose word on clients counts (rule S19): which they are, how they prove it, and what they say.
//!
//! | File | Owns |
//! |---|---|
//! | `certificate` | a client's certificate in a header |
//! | `address` | a client's address in a header |
//!
//! What everybody else says about clients in these headers is taken out of the request, and told to the log once a minute. No such
//! header shapes an issuer, a URL or an `htu`.

mod address;
mod certificate;

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use http::header::HeaderName;
use http::{HeaderMap, HeaderValue};
use mintmark_core::clock::{Clock, Timestamp};
use mintmark_core::token::ClientCertificate;

use super::peer::Peer;
use super::secret_file::SecretFile;
use crate::config::{AddressFormat, ProxySettings};

/// What a proxy proves itself with.
const SECRET: HeaderName = HeaderName::from_static("mintmark-proxy-secret");
/// Usual names of headers with a client's certificate. From whoever is no configured proxy they are a mistake or an attack.
const USUAL: [HeaderName; 4] = [
    HeaderName::from_static("client-cert"),
    HeaderName::from_static("x-client-cert"),
    HeaderName::from_static("x-forwarded-client-cert"),
    HeaderName::from_static("x-ssl-client-cert"),
];
const WARN_EVERY: i64 = 60;

/// The proxies before a listener; by default there are none.
#[derive(Debug, Default)]
pub struct Proxies {
    configured: Option<Configured>,
    /// When somebody else's headers were last told of, in unix seconds.
    warned: AtomicI64,
}

#[derive(Debug)]
struct Configured {
    settings: ProxySettings,
    secrets: Option<Arc<SecretFile>>,
}

impl Proxies {
    /// Those of the configuration. Where it names a file of secrets, these are they.
    pub fn new(settings: ProxySettings, secrets: Option<Arc<SecretFile>>) -> Self {
        Self { configured: Some(Configured { settings, secrets }), warned: AtomicI64::new(0) }
    }

    /// Whether they tell of clients' certificates.
    pub fn tell_certificates(&self) -> bool {
        self.configured.as_ref().is_some_and(|configured| configured.settings.certificate_header.is_some())
    }

    /// Whom a request is from, where the other end of the connection is a proxy: the client that it speaks for. Nothing otherwise.
    /// Headers that only a proxy may send are taken out in any case.
    pub(super) fn client_of(&self, peer: &Peer, headers: &mut HeaderMap, clock: &dyn Clock) -> Option<Peer> {
        let Some(configured) = &self.configured else {
            self.take_out(peer, headers, &USUAL, clock);
            return None;
        };
        let secret = headers.remove(SECRET);
        if !configured.recognises(peer, secret.as_ref()) {
            self.take_out(peer, headers, &USUAL, clock);
            self.take_out(peer, headers, configured.settings.certificate_header.as_slice(), clock);
            return None;
        }
        Some(configured.client(peer, headers, clock.now()))
    }

    /// Takes headers out that nobody may send here, and tells it once a minute.
    fn take_out(&self, peer: &Peer, headers: &mut HeaderMap, names: &[HeaderName], clock: &dyn Clock) {
        for name in names {
            if headers.remove(name).is_none() {
                continue;
            }
            let (now, warned) = (clock.now(), self.warned.load(Ordering::Relaxed));
            let is_due = now.0 < warned || now.0 - warned >= WARN_EVERY;
            if is_due && self.warned.compare_exchange(warned, now.0, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
                let (source, header) = (peer.text.as_str(), name.as_str());
                tracing::warn!(source, header, "a client's certificate in a header ignored: its sender is no configured proxy");
            }
        }
    }
}

impl Configured {
    /// Whether it is one of the proxies: at one of their addresses, and with proof of it.
    fn recognises(&self, peer: &Peer, secret: Option<&HeaderValue>) -> bool {
        let ProxySettings { addresses, certificates, .. } = &self.settings;
        if !addresses.iter().any(|network| network.contains(peer.address)) {
            return false;
        }
        let shown = peer.certificate.as_ref().is_some_and(|shown| certificates.contains(&shown.sha256));
        let told = match (&self.secrets, secret) {
            (Some(secrets), Some(secret)) => secrets.has(secret.as_bytes()),
            _ => false,
        };
        // The configuration has seen to it that only addresses of this machine are listed then, and that they tell of certificates only
        // where the operator says so.
        let needs_none = self.secrets.is_none() && certificates.is_empty() && peer.address.to_canonical().is_loopback();
        shown || told || needs_none
    }

    /// Whom a proxy speaks for. Its own certificate is never its client's.
    fn client(&self, proxy: &Peer, headers: &mut HeaderMap, now: Timestamp) -> Peer {
        let certificate = self.certificate(headers, now);
        let client = Peer::new(self.address(headers).unwrap_or(proxy.address), certificate);
        Peer { tells_traces: self.settings.traceparent, ..client }
    }

    fn certificate(&self, headers: &mut HeaderMap, now: Timestamp) -> Option<ClientCertificate> {
        let name = self.settings.certificate_header.as_ref()?;
        let is_verified = self.settings.verified_header.as_ref().is_some_and(|name| {
            let mut values = headers.get_all(name).iter();
            let value = values.next().filter(|value| value.as_bytes() == self.settings.verified_value.as_bytes());
            value.is_some() && values.next().is_none()
        });
        let mut values = headers.get_all(name).iter().filter(|value| !value.is_empty());
        let value = values.next()?;
        // Two of them: a proxy adds to what it got instead of replacing it, so nothing here is its own word.
        let read = match values.next() {
            None => certificate::read(self.settings.certificate_format, value.as_bytes(), is_verified),
            Some(_) => Err(certificate::HeaderError::Repeated),
        };
        headers.remove(name);
        match read {
            Ok(certificate) => {
                let is_valid = (certificate.not_before..=certificate.not_after).contains(&now.0);
                Some(ClientCertificate { is_trusted: certificate.is_trusted && is_valid, ..certificate })
            }
            Err(error) => {
                tracing::warn!(header = name.as_str(), %error, "a proxy's word on a client's certificate cannot be used");
                None
            }
        }
    }

    fn address(&self, headers: &HeaderMap) -> Option<IpAddr> {
        let (name, format) = self.settings.address_header.as_ref()?;
        client_address((name, *format), headers, |hop| self.settings.addresses.iter().any(|network| network.contains(hop)))
    }
}

/// The client's address, where a proxy that is believed tells it in a header: the last one that is no proxy's.
pub(crate) fn client_address(
    (name, format): (&HeaderName, AddressFormat),
    headers: &HeaderMap,
    is_proxy: impl Fn(IpAddr) -> bool,
) -> Option<IpAddr> {
    let values = headers.get_all(name).iter().map(HeaderValue::as_bytes);
    address::last_but_proxies(address::read(format, values), is_proxy)
}

#[cfg(test)]
mod tests;
