//! Client certificates in the handshake. Two questions that are often one: does whoever shows the certificate have its key, and does
//! anybody vouch for what it says?
//!
//! The handshake asks the first alone, so that a self-signed certificate proves the client that registered it (RFC 8705 section
//! 2.2). The second is answered from the configured client authorities and no others: the authorities that the system trusts vouch
//! for web servers, and any of those could otherwise pass for a client.

use std::sync::Arc;

use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{DigitallySignedStruct, DistinguishedName, Error, RootCertStore, SignatureScheme};

/// Asks for a certificate, does with none, and takes any whose key the client has.
#[derive(Debug)]
pub(super) struct AnyClientCertificate {
    provider: Arc<CryptoProvider>,
}

impl AnyClientCertificate {
    pub(super) fn new(provider: Arc<CryptoProvider>) -> Self {
        Self { provider }
    }
}

impl ClientCertVerifier for AnyClientCertificate {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    /// None, or clients with certificates of their own making would not send them.
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    /// Nothing is said here of what is in the certificate: [`ClientAuthorities`] and the client's registration do that.
    fn verify_client_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// The authorities that vouch for clients.
#[derive(Debug, Default)]
pub(super) struct ClientAuthorities {
    /// Nothing where none is configured: then nobody is trusted.
    verifier: Option<Arc<dyn ClientCertVerifier>>,
}

impl ClientAuthorities {
    /// These and no others. The error is the library's word on one that cannot be used.
    pub(super) fn new(authorities: Vec<CertificateDer<'static>>, provider: &Arc<CryptoProvider>) -> Result<Self, String> {
        if authorities.is_empty() {
            return Ok(Self::default());
        }
        let mut roots = RootCertStore::empty();
        for authority in authorities {
            roots.add(authority).map_err(|error| error.to_string())?;
        }
        let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider));
        Ok(Self { verifier: Some(builder.build().map_err(|error| error.to_string())?) })
    }

    /// Whether one of them vouches for the first certificate of a chain, as a client's, at `now`.
    pub(super) fn trust(&self, chain: &[CertificateDer<'_>], now: UnixTime) -> bool {
        let (Some(verifier), Some((leaf, intermediates))) = (&self.verifier, chain.split_first()) else { return false };
        verifier.verify_client_cert(leaf, intermediates, now).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, date_time_ymd};
    use std::time::Duration;

    fn provider() -> Arc<CryptoProvider> {
        Arc::new(rustls::crypto::aws_lc_rs::default_provider())
    }

    fn authority() -> (CertificateDer<'static>, Issuer<'static, KeyPair>) {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let der = params.self_signed(&key).unwrap().der().clone();
        (der, Issuer::new(params, key))
    }

    fn leaf(issuer: &Issuer<'_, KeyPair>, change: impl FnOnce(&mut CertificateParams)) -> CertificateDer<'static> {
        let mut params = CertificateParams::new(["client.example".to_owned()]).unwrap();
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        (params.not_before, params.not_after) = (date_time_ymd(2026, 1, 1), date_time_ymd(2027, 1, 1));
        change(&mut params);
        params.signed_by(&KeyPair::generate().unwrap(), issuer).unwrap().der().clone()
    }

    /// 2026-06-01 and so many days.
    fn day(days: i64) -> UnixTime {
        UnixTime::since_unix_epoch(Duration::from_secs(u64::try_from(1_780_272_000 + days * 86_400).unwrap()))
    }

    #[test]
    fn trusts_what_a_configured_authority_signed_for_clients_within_its_time() {
        let (root, issuer) = authority();
        let authorities = ClientAuthorities::new(vec![root], &provider()).unwrap();
        let good = leaf(&issuer, |_| ());
        assert!(authorities.trust(std::slice::from_ref(&good), day(0)));
        assert!(!authorities.trust(std::slice::from_ref(&good), day(-365)), "too early");
        assert!(!authorities.trust(&[good], day(365)), "too late");
        let for_servers = leaf(&issuer, |params| params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth]);
        assert!(!authorities.trust(&[for_servers], day(0)));
        let (_, stranger) = authority();
        assert!(!authorities.trust(&[leaf(&stranger, |_| ())], day(0)));
        assert!(!authorities.trust(&[], day(0)));
    }

    #[test]
    fn trusts_nobody_without_a_configured_authority() {
        let (_, issuer) = authority();
        assert!(!ClientAuthorities::new(Vec::new(), &provider()).unwrap().trust(&[leaf(&issuer, |_| ())], day(0)));
    }

    #[test]
    fn an_intermediate_authority_counts_only_below_a_configured_one() {
        let (root, issuer) = authority();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(rcgen::DnType::CommonName, "between");
        let key = KeyPair::generate().unwrap();
        let between = params.signed_by(&key, &issuer).unwrap().der().clone();
        let client = leaf(&Issuer::new(params, key), |_| ());
        let authorities = ClientAuthorities::new(vec![root], &provider()).unwrap();
        assert!(authorities.trust(&[client.clone(), between], day(0)));
        assert!(!authorities.trust(&[client], day(0)));
    }
}
