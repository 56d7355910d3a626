//! What a certificate says (RFC 5280), as far as clients are recognised by it. Nothing here decides whether it is true.

use std::fmt;
use std::net::IpAddr;

use aws_lc_rs::digest::{SHA256, digest};
use mintmark_core::token::ClientCertificate;
use x509_cert::Certificate;
use x509_cert::der::Decode;
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;

/// The largest certificate that is read, in bytes of DER.
const MAX_DER: usize = 16 * 1024;
/// The largest number of names.
const MAX_NAMES: usize = 100;
/// The longest of them, and the longest subject, in bytes.
const MAX_NAME: usize = 1024;

/// Why nothing is known of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CertificateError {
    /// It is larger than 16 KiB, or has more than 100 names or a name of more than 1024 bytes.
    TooLarge,
    /// It is not what RFC 5280 asks for.
    Malformed,
}

impl fmt::Display for CertificateError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::TooLarge => "the certificate is too large, or names too much",
            Self::Malformed => "the certificate cannot be read",
        })
    }
}

impl std::error::Error for CertificateError {}

/// What a client's certificate says. Whether it is trusted is not in it: `is_trusted` is the caller's word.
pub fn read_client_certificate(der: &[u8], is_trusted: bool) -> Result<ClientCertificate, CertificateError> {
    let parsed = parse(der)?;
    let (not_before, not_after) = validity(&parsed);
    let subject = parsed.tbs_certificate().subject().to_string();
    if subject.len() > MAX_NAME {
        return Err(CertificateError::TooLarge);
    }
    let mut certificate = ClientCertificate {
        sha256: sha256(der),
        is_trusted,
        subject,
        dns_names: Vec::new(),
        uris: Vec::new(),
        ip_addresses: Vec::new(),
        emails: Vec::new(),
        not_before,
        not_after,
    };
    read_alternative_names(&parsed, &mut certificate)?;
    Ok(certificate)
}

/// The last moment of a certificate's validity, in unix seconds.
pub(super) fn not_after(der: &[u8]) -> Result<i64, CertificateError> {
    Ok(validity(&parse(der)?).1)
}

/// SHA-256 of a certificate.
pub(super) fn sha256(der: &[u8]) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest(&SHA256, der).as_ref());
    bytes
}

fn parse(der: &[u8]) -> Result<Certificate, CertificateError> {
    if der.len() > MAX_DER {
        return Err(CertificateError::TooLarge);
    }
    Certificate::from_der(der).map_err(|_| CertificateError::Malformed)
}

fn validity(parsed: &Certificate) -> (i64, i64) {
    let seconds = |time: x509_cert::time::Time| i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX);
    let validity = parsed.tbs_certificate().validity();
    (seconds(validity.not_before), seconds(validity.not_after))
}

/// RFC 5280 section 4.2.1.6. Kinds of names that no client is recognised by are passed over.
fn read_alternative_names(parsed: &Certificate, certificate: &mut ClientCertificate) -> Result<(), CertificateError> {
    let found = parsed.tbs_certificate().get_extension::<SubjectAltName>().map_err(|_| CertificateError::Malformed)?;
    let Some((_, SubjectAltName(names))) = found else { return Ok(()) };
    if names.len() > MAX_NAMES {
        return Err(CertificateError::TooLarge);
    }
    for name in &names {
        match name {
            GeneralName::DnsName(name) => certificate.dns_names.push(text(name.as_str())?),
            GeneralName::UniformResourceIdentifier(uri) => certificate.uris.push(text(uri.as_str())?),
            GeneralName::Rfc822Name(email) => certificate.emails.push(text(email.as_str())?),
            GeneralName::IpAddress(address) => certificate.ip_addresses.push(ip_address(address.as_bytes())?),
            _ => {}
        }
    }
    Ok(())
}

fn text(name: &str) -> Result<String, CertificateError> {
    if name.len() > MAX_NAME {
        return Err(CertificateError::TooLarge);
    }
    Ok(name.to_owned())
}

fn ip_address(octets: &[u8]) -> Result<IpAddr, CertificateError> {
    if let Ok(four) = <[u8; 4]>::try_from(octets) {
        return Ok(IpAddr::from(four));
    }
    <[u8; 16]>::try_from(octets).map(IpAddr::from).map_err(|_| CertificateError::Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertificateParams, DnType, DnValue, KeyPair, SanType};

    fn self_signed(change: impl FnOnce(&mut CertificateParams)) -> Vec<u8> {
        let mut params = CertificateParams::default();
        params.distinguished_name = rcgen::DistinguishedName::new();
        change(&mut params);
        params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().to_vec()
    }

    #[test]
    fn reads_every_kind_of_name() {
        let der = self_signed(|params| {
            params.distinguished_name.push(DnType::CountryName, "DE");
            params.distinguished_name.push(DnType::OrganizationName, "Acme, \"Ltd\"");
            params.distinguished_name.push(DnType::CommonName, "#1 export + import ");
            params.subject_alt_names = vec![
                SanType::DnsName("export.acme.example".try_into().unwrap()),
                SanType::URI("spiffe://acme.example/export".try_into().unwrap()),
                SanType::IpAddress("192.0.2.7".parse().unwrap()),
                SanType::IpAddress("2001:db8::7".parse().unwrap()),
                SanType::Rfc822Name("ops@acme.example".try_into().unwrap()),
            ];
        });
        let read = read_client_certificate(&der, true).unwrap();
        assert_eq!(
            read.subject, r#"CN=\#1 export \+ import\ ,O=Acme\, \"Ltd\",C=DE"#,
            "RFC 4514 section 2: the last part first"
        );
        assert_eq!(read.dns_names, ["export.acme.example"]);
        assert_eq!(read.uris, ["spiffe://acme.example/export"]);
        assert_eq!(read.ip_addresses, ["192.0.2.7".parse::<IpAddr>().unwrap(), "2001:db8::7".parse().unwrap()]);
        assert_eq!(read.emails, ["ops@acme.example"]);
        assert_eq!(read.sha256.as_slice(), digest(&SHA256, &der).as_ref());
        assert!(read.is_trusted && read.not_before < read.not_after);
    }

    #[test]
    fn a_name_of_an_unusual_type_does_not_look_like_another() {
        let der = self_signed(|params| {
            params.distinguished_name.push(DnType::CustomDnType(vec![1, 2, 3, 4]), "CN=admin");
            params.distinguished_name.push(DnType::CommonName, DnValue::BmpString("admin".try_into().unwrap()));
        });
        let subject = read_client_certificate(&der, false).unwrap().subject;
        assert!(!subject.contains("CN=admin"), "{subject}");
        assert!(subject.contains("1.2.3.4=#") && subject.contains("2.5.4.3=#"), "{subject}");
    }

    #[test]
    fn what_is_too_large_or_no_certificate_is_refused() {
        let many = self_signed(|params| {
            params.subject_alt_names =
                (0..=MAX_NAMES).map(|at| SanType::DnsName(format!("{at}.example").try_into().unwrap())).collect();
        });
        assert_eq!(read_client_certificate(&many, false), Err(CertificateError::TooLarge));
        let long = self_signed(|params| {
            params.subject_alt_names = vec![SanType::DnsName("a".repeat(MAX_NAME + 1).try_into().unwrap())];
        });
        assert_eq!(read_client_certificate(&long, false), Err(CertificateError::TooLarge));
        assert_eq!(read_client_certificate(&vec![0x30; MAX_DER + 1], false), Err(CertificateError::TooLarge));
        let good = self_signed(|_| ());
        for cut in 0..good.len() {
            assert_eq!(read_client_certificate(&good[..cut], false), Err(CertificateError::Malformed), "{cut}");
        }
        assert_eq!(read_client_certificate(&[&good[..], b"more"].concat(), false), Err(CertificateError::Malformed));
    }
}
