//! `[environments.NAME.proxy]`: the proxies before one listener whose word counts (rule S19).

use std::path::PathBuf;

use http::HeaderName;
use mintmark_core::document::TableReader;
use mintmark_core::model::IpNetwork;

use super::Variables;
use super::section::{Setting, read_boolean, read_choice, read_list, read_text, variable_name};

/// How a proxy writes a client's certificate into a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CertificateFormat {
    /// DER in base64 between colons (RFC 9440).
    Rfc9440,
    /// PEM with percent-encoding: `$ssl_client_escaped_cert` of nginx.
    Nginx,
    /// `x-forwarded-client-cert` of Envoy, of which the last element with its `Cert` counts.
    Envoy,
}

/// In which form a proxy tells the client's address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressFormat {
    /// Addresses separated by commas: `X-Forwarded-For`.
    List,
    /// RFC 7239: `Forwarded`.
    Forwarded,
}

/// The proxies before one listener.
#[derive(Clone, Debug)]
pub struct ProxySettings {
    /// Where they are.
    pub addresses: Vec<IpNetwork>,
    /// The file with the secrets that they prove themselves with, one a line.
    pub secret_file: Option<PathBuf>,
    /// SHA-256 of the certificates that they prove themselves with instead.
    pub certificates: Vec<[u8; 32]>,
    /// The header with a client's certificate.
    pub certificate_header: Option<HeaderName>,
    /// Its form.
    pub certificate_format: CertificateFormat,
    /// The header that says whether the proxy verified the certificate's chain.
    pub verified_header: Option<HeaderName>,
    /// What it says then.
    pub verified_value: String,
    /// The header with the client's address, and its form.
    pub address_header: Option<(HeaderName, AddressFormat)>,
    /// Whether their word on whose trace a request belongs to counts.
    pub traceparent: bool,
}

const FORMATS: [&str; 3] = ["rfc9440", "nginx", "envoy"];
const ADDRESS_HEADERS: [&str; 3] = ["X-Forwarded-For", "Forwarded", "none"];

/// The lines of the reference.
pub(super) fn settings() -> Vec<Setting> {
    let setting =
        |key, default: &str, doc| Setting { section: "environments.NAME.proxy", key, default: default.to_owned(), doc };
    vec![
        setting(
            "addresses",
            "[]",
            "Addresses and networks of the proxies before this listener. Their word on clients counts once they prove that they are \
             the proxies; everybody else's headers on clients are ignored. The variable takes them separated by commas.",
        ),
        setting(
            "secret_file",
            "\"\"",
            "A file, readable by the server alone, with a secret of at least 32 characters that the proxies send as \
             `Mintmark-Proxy-Secret`; several, one a line, while it is replaced. SIGHUP reads it again, and so does a change of it \
             within a minute.",
        ),
        setting(
            "certificate_sha256",
            "[]",
            "SHA-256 fingerprints of the TLS client certificates that the proxies prove themselves with instead, in hexadecimal. \
             Proxies on this machine alone (loopback) need neither, as long as they tell of no certificates.",
        ),
        setting(
            "certificate_header",
            "\"\"",
            "The header with the client's certificate, such as `Client-Cert`; none where it is empty. It needs proxies that prove \
             themselves, by `secret_file` or `certificate_sha256`.",
        ),
        setting(
            "certificates_without_proof",
            "false",
            "Whether certificates count also from proxies on this machine that prove nothing. Then every process here can be any client \
             that proves itself by a certificate: set it only where Mintmark and its proxy are alone, as in a container or pod of their \
             own.",
        ),
        setting(
            "certificate_format",
            "\"rfc9440\"",
            "`rfc9440` (base64 between colons), `nginx` (`$ssl_client_escaped_cert`) or `envoy` (`x-forwarded-client-cert` with \
             `Cert`).",
        ),
        setting(
            "verified_header",
            "\"\"",
            "The header that says whether the proxy verified the certificate's chain, such as `X-Client-Verify` with \
             `$ssl_client_verify`. Without it no certificate counts for `tls_client_auth`.",
        ),
        setting("verified_value", "\"SUCCESS\"", "What that header says of a verified chain."),
        setting(
            "address_header",
            "\"X-Forwarded-For\"",
            "The header with the client's address for limits and logs: `X-Forwarded-For`, `Forwarded` or `none`. Of its addresses \
             the last one that is no proxy's counts.",
        ),
        setting(
            "traceparent",
            "false",
            "Whether the header `traceparent` counts that comes from the proxies. Set it only where they make it themselves or take away \
             what clients sent: most hand on whatever they got, and then a stranger says whose trace a request belongs to and that it \
             is traced. See [observability.md](observability.md).",
        ),
    ]
}

/// Nothing where no proxy is configured.
pub(super) fn read(
    entry: &TableReader<'_>,
    variables: &Variables,
    section: &str,
    folder: &std::path::Path,
) -> Option<ProxySettings> {
    let reader = Reader { table: entry.table("proxy"), variables, section: format!("{section}.proxy") };
    let settings = ProxySettings {
        addresses: reader.list("addresses", |text| text.parse::<IpNetwork>().map_err(|error| error.to_string())),
        secret_file: Some(reader.text("secret_file", "")).filter(|path| !path.is_empty()).map(|path| folder.join(path)),
        certificates: reader.list("certificate_sha256", parse_fingerprint),
        certificate_header: reader.header("certificate_header"),
        certificate_format: match reader.choice("certificate_format", "rfc9440", &FORMATS).as_str() {
            "nginx" => CertificateFormat::Nginx,
            "envoy" => CertificateFormat::Envoy,
            _ => CertificateFormat::Rfc9440,
        },
        verified_header: reader.header("verified_header"),
        verified_value: reader.text("verified_value", "SUCCESS"),
        address_header: match reader.choice("address_header", "X-Forwarded-For", &ADDRESS_HEADERS).as_str() {
            "none" => None,
            "Forwarded" => Some((http::header::FORWARDED, AddressFormat::Forwarded)),
            _ => Some((HeaderName::from_static("x-forwarded-for"), AddressFormat::List)),
        },
        traceparent: reader.boolean("traceparent"),
    };
    reader.check(&settings, reader.boolean("certificates_without_proof"));
    if let Some(table) = reader.table {
        table.finish();
    }
    (!settings.addresses.is_empty()).then_some(settings)
}

struct Reader<'a> {
    table: Option<TableReader<'a>>,
    variables: &'a Variables,
    section: String,
}

impl Reader<'_> {
    fn text(&self, key: &'static str, default: &str) -> String {
        read_text(self.table.as_ref(), self.variables, (&self.section, key), default)
    }

    fn boolean(&self, key: &'static str) -> bool {
        read_boolean(self.table.as_ref(), self.variables, (&self.section, key), false)
    }

    fn choice(&self, key: &'static str, default: &str, words: &[&'static str]) -> String {
        read_choice(self.table.as_ref(), self.variables, (&self.section, key), default, words)
    }

    fn list<T>(&self, key: &'static str, parse: impl Fn(&str) -> Result<T, String>) -> Vec<T> {
        let texts = read_list(self.table.as_ref(), self.variables, (&self.section, key));
        let parsed =
            texts.iter().filter_map(|text| parse(text).map_err(|cause| self.report(key, &format!("{text:?}: {cause}"))).ok());
        parsed.collect()
    }

    fn header(&self, key: &'static str) -> Option<HeaderName> {
        let text = Some(self.text(key, "")).filter(|text| !text.is_empty())?;
        HeaderName::try_from(&text).map_err(|_| self.report(key, "expected the name of a header")).ok()
    }

    fn report(&self, key: &'static str, message: &str) {
        match &self.table {
            Some(table) => table.report(format!("`{}.{key}`: {message}", self.section)),
            None => self.variables.report(&variable_name(&self.section, key), message),
        }
    }

    fn check(&self, settings: &ProxySettings, certificates_without_proof: bool) {
        let proves_nothing = settings.secret_file.is_none() && settings.certificates.is_empty();
        if proves_nothing && !settings.addresses.iter().all(IpNetwork::is_loopback) {
            let message = "an address alone can be forged or shared: give the proxies a secret_file, or name their certificates in \
                           certificate_sha256";
            self.report("addresses", message);
        } else if proves_nothing
            && !settings.addresses.is_empty()
            && settings.certificate_header.is_some()
            && !certificates_without_proof
        {
            let message = "every process on this machine could be any client by it: give the proxies a secret_file, or name their \
                           certificates in certificate_sha256; where nothing else runs here, set certificates_without_proof = true";
            self.report("certificate_header", message);
        }
        let has_more = settings.certificate_header.is_some()
            || settings.verified_header.is_some()
            || settings.traceparent
            || !proves_nothing;
        if settings.addresses.is_empty() && has_more {
            self.report(
                "addresses",
                "expected the addresses of the proxies, which the other settings of this section are about",
            );
        }
        if settings.verified_header.is_some() && settings.certificate_header.is_none() {
            self.report("verified_header", "it tells of a certificate: name the certificate_header too");
        }
    }
}

/// 64 hexadecimal digits; colons between the bytes, as openssl prints them, may be there.
fn parse_fingerprint(text: &str) -> Result<[u8; 32], String> {
    let digits: String = text.chars().filter(|character| *character != ':').collect();
    let mut bytes = [0; 32];
    let is_whole = digits.len() == 64 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    for (at, byte) in bytes.iter_mut().enumerate() {
        let pair = digits.get(at * 2..at * 2 + 2).filter(|_| is_whole);
        let parsed = pair.and_then(|pair| u8::from_str_radix(pair, 16).ok());
        *byte = parsed.ok_or("expected a SHA-256 fingerprint, 64 hexadecimal digits")?;
    }
    Ok(bytes)
}
