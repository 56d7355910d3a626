use super::*;
use crate::config::{AddressFormat, CertificateFormat};
use base64::Engine;
use mintmark_core::clock::FakeClock;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;

const GOOD: &str = "0123456789abcdef0123456789abcdef";
const NEXT: &str = "next-one-next-one-next-one-next-one";
const NOW: i64 = 1_777_653_568;

fn clock() -> FakeClock {
    FakeClock::at(NOW)
}

fn secrets() -> Arc<SecretFile> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    write!(file, "{GOOD}\n\n{NEXT}\n").unwrap();
    Arc::new(SecretFile::open(file.path(), "the proxies' secrets").unwrap())
}

fn settings(addresses: &[&str]) -> ProxySettings {
    ProxySettings {
        addresses: addresses.iter().map(|text| text.parse().unwrap()).collect(),
        secret_file: None,
        certificates: Vec::new(),
        certificate_header: Some(HeaderName::from_static("client-cert")),
        certificate_format: CertificateFormat::Rfc9440,
        verified_header: Some(HeaderName::from_static("x-verify")),
        verified_value: "SUCCESS".to_owned(),
        address_header: Some((HeaderName::from_static("x-forwarded-for"), AddressFormat::List)),
        traceparent: false,
    }
}

fn der() -> Vec<u8> {
    let mut params = rcgen::CertificateParams::new(["client.example".to_owned()]).unwrap();
    params.not_before = rcgen::date_time_ymd(2026, 1, 1);
    params.not_after = rcgen::date_time_ymd(2027, 1, 1);
    params.self_signed(&rcgen::KeyPair::generate().unwrap()).unwrap().der().to_vec()
}

fn told(der: &[u8], more: &[(&'static str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let value = format!(":{}:", base64::engine::general_purpose::STANDARD.encode(der));
    headers.append("client-cert", value.parse().unwrap());
    headers.append("x-verify", "SUCCESS".parse().unwrap());
    headers.append("x-forwarded-for", "198.51.100.1, 203.0.113.9".parse().unwrap());
    for (name, value) in more {
        headers.append(*name, value.parse().unwrap());
    }
    headers
}

fn peer(address: &str) -> Peer {
    Peer::new(address.parse().unwrap(), None)
}

#[test]
fn s19_a_proxy_with_the_secret_speaks_for_its_clients() {
    let proxies = Proxies::new(settings(&["10.0.0.0/8"]), Some(secrets()));
    let der = der();
    for secret in [GOOD, NEXT] {
        let mut headers = told(&der, &[("mintmark-proxy-secret", secret)]);
        let client = proxies.client_of(&peer("10.1.2.3"), &mut headers, &clock()).unwrap();
        assert_eq!(client.text, "203.0.113.9");
        assert!(client.certificate.unwrap().is_trusted);
        assert!(!headers.contains_key("mintmark-proxy-secret"), "nobody behind this sees it");
        assert!(!headers.contains_key("client-cert"));
    }
}

#[test]
fn s19_nobody_else_speaks_for_anybody() {
    let proxies = Proxies::new(settings(&["10.0.0.0/8"]), Some(secrets()));
    let der = der();
    let almost = format!("{GOOD}x");
    for (address, secret) in [
        ("192.0.2.1", Some(GOOD)),
        ("10.1.2.3", None),
        ("10.1.2.3", Some("")),
        ("10.1.2.3", Some(&almost)),
        ("127.0.0.1", None),
    ] {
        let more: Vec<_> = secret.map(|secret| ("mintmark-proxy-secret", secret)).into_iter().collect();
        let mut headers = told(&der, &more);
        assert_eq!(proxies.client_of(&peer(address), &mut headers, &clock()), None, "{address} {secret:?}");
        assert!(!headers.contains_key("client-cert") && !headers.contains_key("mintmark-proxy-secret"));
    }
}

#[test]
fn s19_a_proxy_can_prove_itself_with_its_certificate_which_is_never_its_clients() {
    let (own, client) = (der(), der());
    let own = crate::tls::read_client_certificate(&own, false).unwrap();
    let proxies = Proxies::new(ProxySettings { certificates: vec![own.sha256], ..settings(&["10.0.0.0/8"]) }, None);
    let proxy = Peer::new("10.1.2.3".parse().unwrap(), Some(own));
    let told_of = proxies.client_of(&proxy, &mut told(&client, &[]), &clock()).unwrap();
    assert_eq!(told_of.certificate.unwrap(), crate::tls::read_client_certificate(&client, true).unwrap());
    let told_of = proxies.client_of(&proxy, &mut HeaderMap::new(), &clock()).unwrap();
    assert_eq!((told_of.certificate, told_of.text.as_str()), (None, "10.1.2.3"));
    assert_eq!(proxies.client_of(&peer("10.1.2.3"), &mut told(&client, &[]), &clock()), None);
    let elsewhere = Peer { address: "192.0.2.1".parse().unwrap(), ..proxy };
    assert_eq!(proxies.client_of(&elsewhere, &mut told(&client, &[]), &clock()), None);
}

#[test]
fn s19_a_proxys_word_on_traces_counts_only_where_the_operator_says_so() {
    for traceparent in [false, true] {
        let proxies = Proxies::new(ProxySettings { traceparent, ..settings(&["10.0.0.0/8"]) }, Some(secrets()));
        let mut headers = told(&der(), &[("mintmark-proxy-secret", GOOD)]);
        let client = proxies.client_of(&peer("10.1.2.3"), &mut headers, &clock()).unwrap();
        assert_eq!(client.tells_traces, traceparent);
    }
    assert!(!peer("10.1.2.3").tells_traces);
}

#[test]
fn s19_loopback_needs_no_proof() {
    let proxies = Proxies::new(settings(&["127.0.0.1"]), None);
    for (address, expected) in [("127.0.0.1", true), ("::ffff:127.0.0.1", true), ("127.0.0.2", false), ("192.0.2.1", false)] {
        assert_eq!(proxies.client_of(&peer(address), &mut told(&der(), &[]), &clock()).is_some(), expected, "{address}");
    }
}

#[test]
fn a_chain_is_trusted_only_when_the_proxy_says_so_once_and_within_the_certificates_time() {
    let proxies = Proxies::new(settings(&["127.0.0.1"]), None);
    let der = der();
    let trusted = |headers: &mut HeaderMap, clock: &FakeClock| {
        let client = proxies.client_of(&peer("127.0.0.1"), headers, clock).unwrap();
        client.certificate.map(|certificate| certificate.is_trusted)
    };
    assert_eq!(trusted(&mut told(&der, &[]), &clock()), Some(true));
    assert_eq!(trusted(&mut told(&der, &[("x-verify", "SUCCESS")]), &clock()), Some(false), "told twice");
    let mut failed = told(&der, &[]);
    failed.insert("x-verify", "FAILED:self signed".parse().unwrap());
    assert_eq!(trusted(&mut failed, &clock()), Some(false));
    assert_eq!(trusted(&mut told(&der, &[]), &FakeClock::at(NOW + 366 * 86_400)), Some(false), "expired");
    assert_eq!(trusted(&mut told(&der, &[("client-cert", ":AAAA:")]), &clock()), None, "two certificates");
    let mut none = told(&der, &[]);
    none.insert("client-cert", "".parse().unwrap());
    assert_eq!(trusted(&mut none, &clock()), None, "an empty header is none");
}

#[test]
fn s19_the_headers_go_nowhere_where_no_proxy_is_configured() {
    for name in ["client-cert", "x-client-cert", "x-forwarded-client-cert", "x-ssl-client-cert"] {
        let mut headers = HeaderMap::new();
        headers.insert(name, "whatever".parse().unwrap());
        assert_eq!(Proxies::default().client_of(&peer("127.0.0.1"), &mut headers, &clock()), None);
        assert!(headers.is_empty(), "{name}");
    }
}

#[test]
fn secrets_that_are_short_or_that_others_can_read_are_refused() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    write!(file, "{GOOD}\nshort\n").unwrap();
    let said = SecretFile::open(file.path(), "the proxies' secrets").unwrap_err().to_string();
    assert!(said.contains("32 to 1024") && !said.contains("short\n") && !said.contains(GOOD), "{said}");
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), GOOD).unwrap();
    std::fs::set_permissions(file.path(), std::fs::Permissions::from_mode(0o640)).unwrap();
    let said = SecretFile::open(file.path(), "the proxies' secrets").unwrap_err().to_string();
    assert!(said.contains("chmod 600"), "{said}");
}
