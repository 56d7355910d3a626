//! A client's certificate in a header, as a proxy that proved itself sends it.

use std::borrow::Cow;
use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mintmark_core::token::ClientCertificate;
use percent_encoding::percent_decode;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use crate::config::CertificateFormat;
use crate::tls::{CertificateError, read_client_certificate};

/// The longest value that is read, in bytes; the whole header of a request is at most as large.
const MAX_VALUE: usize = 32 * 1024;

/// Why a header tells of no certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HeaderError {
    /// It is there twice.
    Repeated,
    /// It has not the configured form.
    Malformed,
    /// What is in it is no certificate that can be used.
    Certificate(CertificateError),
}

impl fmt::Display for HeaderError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Repeated => out.write_str("the header is there twice: the proxy must replace what it gets from clients"),
            Self::Malformed => out.write_str("the header has not the form that certificate_format says"),
            Self::Certificate(error) => error.fmt(out),
        }
    }
}

/// Reads the value of the header.
pub(super) fn read(format: CertificateFormat, value: &[u8], is_trusted: bool) -> Result<ClientCertificate, HeaderError> {
    if value.len() > MAX_VALUE {
        return Err(HeaderError::Malformed);
    }
    let der = match format {
        CertificateFormat::Rfc9440 => from_byte_sequence(value),
        CertificateFormat::Nginx => from_escaped_pem(value),
        CertificateFormat::Envoy => from_envoy(value),
    };
    read_client_certificate(&der.ok_or(HeaderError::Malformed)?, is_trusted).map_err(HeaderError::Certificate)
}

/// RFC 9440 section 2.2, a byte sequence of RFC 8941 section 3.3.5.
fn from_byte_sequence(value: &[u8]) -> Option<Vec<u8>> {
    let encoded = value.trim_ascii().strip_prefix(b":")?.strip_suffix(b":")?;
    STANDARD.decode(encoded).ok()
}

/// PEM with percent-encoding. A plus sign is one, since PEM is full of them.
fn from_escaped_pem(value: &[u8]) -> Option<Vec<u8>> {
    let pem: Cow<'_, [u8]> = percent_decode(value).into();
    let mut certificates = CertificateDer::pem_slice_iter(&pem);
    let der = certificates.next()?.ok()?;
    certificates.next().is_none().then(|| der.to_vec())
}

/// The one element that the proxy wrote. It must be the only one and strictly of its form: with one before it that a client wrote, or a
/// name in the certificate that is not quoted, nobody could say any more which `Cert` is the proxy's.
fn from_envoy(value: &[u8]) -> Option<Vec<u8>> {
    let (mut rest, mut certificate) = (value.trim_ascii(), None);
    loop {
        let (name, after) = rest.split_at_checked(rest.iter().position(|byte| *byte == b'=')?)?;
        let (value, end) = take_envoy_value(after.get(1..)?)?;
        if name.is_empty() || !name.iter().all(u8::is_ascii_alphanumeric) {
            return None;
        }
        if name.eq_ignore_ascii_case(b"cert") && certificate.replace(value).is_some() {
            return None;
        }
        match end {
            [] => return from_escaped_pem(certificate?),
            [b';', more @ ..] => rest = more,
            _ => return None,
        }
    }
}

/// A value, and what follows it. In quotes a backslash takes the meaning of the next byte away; without there is no quote and no comma.
fn take_envoy_value(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let Some(quoted) = text.strip_prefix(b"\"") else {
        let end = text.iter().position(|byte| *byte == b';').unwrap_or(text.len());
        return text.split_at_checked(end).filter(|(value, _)| !value.iter().any(|byte| b"\",".contains(byte)));
    };
    let mut is_escaped = false;
    let end = quoted.iter().position(|byte| {
        let is_plain = !std::mem::take(&mut is_escaped);
        is_escaped = is_plain && *byte == b'\\';
        is_plain && *byte == b'"'
    })?;
    let (value, end) = quoted.split_at_checked(end)?;
    Some((value, end.get(1..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn certificate() -> rcgen::Certificate {
        let key = rcgen::KeyPair::generate().unwrap();
        rcgen::CertificateParams::new(["client.example".to_owned()]).unwrap().self_signed(&key).unwrap()
    }

    fn escaped(pem: &str) -> String {
        percent_encoding::utf8_percent_encode(pem, percent_encoding::NON_ALPHANUMERIC).to_string()
    }

    #[test]
    fn reads_each_form() {
        let certificate = certificate();
        let expected = read_client_certificate(certificate.der(), false).unwrap();
        let pem = escaped(&certificate.pem());
        for (format, value) in [
            (CertificateFormat::Rfc9440, format!(":{}:", STANDARD.encode(certificate.der()))),
            (CertificateFormat::Nginx, pem.clone()),
            (CertificateFormat::Nginx, certificate.pem().replace('\n', "%0A").replace(' ', "%20")),
            (CertificateFormat::Envoy, format!("Hash=00;Cert=\"{pem}\";Subject=\"CN=a;b,c\\\"d\";DNS=client.example")),
            (CertificateFormat::Envoy, format!("By=x;Hash=1;cert={pem}")),
            (CertificateFormat::Envoy, format!("Subject=\"\\\",Cert=\";Cert=\"{pem}\"")),
        ] {
            assert_eq!(read(format, value.as_bytes(), false), Ok(expected.clone()), "{format:?} {value}");
        }
    }

    #[test]
    fn refuses_other_forms() {
        let certificate = certificate();
        let (pem, base64) = (escaped(&certificate.pem()), STANDARD.encode(certificate.der()));
        for (format, value) in [
            (CertificateFormat::Rfc9440, base64.clone()),
            (CertificateFormat::Rfc9440, format!(":{base64}:, :{base64}:")),
            (CertificateFormat::Rfc9440, ":".to_owned()),
            (CertificateFormat::Nginx, format!(":{base64}:")),
            (CertificateFormat::Nginx, format!("{pem}{pem}")),
            (CertificateFormat::Nginx, "(null)".to_owned()),
            (CertificateFormat::Envoy, pem.clone()),
            (CertificateFormat::Envoy, format!("Cert=\"{pem}\",Hash=00")),
            (CertificateFormat::Envoy, format!("Cert=\"{pem}\";Cert=\"{pem}\"")),
            (CertificateFormat::Envoy, format!("Subject=\";Cert={pem}\"")),
            (CertificateFormat::Envoy, format!("Hash=00;Cert=\"{pem}\";")),
            (CertificateFormat::Envoy, "Hash=00;Subject=\"CN=a\"".to_owned()),
        ] {
            assert_eq!(read(format, value.as_bytes(), true), Err(HeaderError::Malformed), "{format:?} {value}");
        }
        let truncated = STANDARD.encode(&certificate.der()[..100]);
        let read = read(CertificateFormat::Rfc9440, format!(":{truncated}:").as_bytes(), true);
        assert_eq!(read, Err(HeaderError::Certificate(CertificateError::Malformed)));
    }

    #[test]
    fn s19_what_a_client_writes_beside_the_proxys_element_names_no_certificate() {
        let (own, other) = (escaped(&certificate().pem()), escaped(&certificate().pem()));
        let proxys = format!("By=x;Hash=00;Cert=\"{own}\"");
        for value in [
            format!("Cert={other};X=\",{proxys}"),
            format!("{proxys};URI=spiffe://x,Cert={other};DNS=a"),
            format!("{proxys};URI=spiffe://x;Cert={other};DNS=a"),
            format!("Hash=00;Cert={other},{proxys}"),
            format!("Hash=00;Cert=\"{other}\",{proxys}"),
            format!("X=\\\";Cert={other};Y=\",{proxys}"),
            format!("{proxys};Subject=\"CN=a\\\\\"\\;Cert={other}\""),
            format!("{proxys};DNS=a\";Cert={other};Z=\""),
        ] {
            let read = read(CertificateFormat::Envoy, value.as_bytes(), true);
            assert_eq!(read, Err(HeaderError::Malformed), "{value}");
        }
    }
}
