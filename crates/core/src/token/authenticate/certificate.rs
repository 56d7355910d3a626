//! The certificate of the connection (RFC 8705 section 2). Whoever has one holds its key: the handshake has shown that, to this server
//! or to a proxy that it trusts.

use super::{Matched, check_method};
use crate::clock::Timestamp;
use crate::dialect::AuthMethod;
use crate::directory::{KnownClient, KnownCredential};
use crate::model::{CertificateName, ClientId, Proof};
use crate::store::Store;
use crate::token::{Caller, ClientCertificate, Denial, TokenEndpoint};

impl<S: Store> TokenEndpoint<S> {
    pub(super) async fn by_certificate(&self, caller: &Caller<'_>, client_id: Option<&ClientId>) -> Result<Matched, Denial> {
        let Some(certificate) = caller.certificate else { return Err(Denial::CredentialsAbsent) };
        let known = self.named_client(caller, client_id).await?;
        let (at, method) = find((caller, &known), certificate, self.clock.now()).ok_or(Denial::CertificateRefused)?;
        check_method(caller, &known, method)?;
        Ok(Matched { known, at })
    }
}

/// The credential that a certificate meets: of several one that may be used, so that an old one does not hide its successor.
fn find(
    (caller, client): (&Caller<'_>, &KnownClient),
    certificate: &ClientCertificate,
    now: Timestamp,
) -> Option<(usize, AuthMethod)> {
    // Once more, since a connection may outlive its certificate.
    let is_valid = (certificate.not_before..=certificate.not_after).contains(&now.0);
    let meets = |credential: &KnownCredential| match &credential.other()?.proof {
        Proof::Certificate(own) if is_valid && own.sha256 == certificate.sha256 => Some(AuthMethod::SelfSignedTlsClientAuth),
        // A name means nothing where nobody who is trusted has vouched for it.
        Proof::CertificateName(name) if certificate.is_trusted && is_valid && has_name(certificate, name) => {
            Some(AuthMethod::TlsClientAuth)
        }
        _ => None,
    };
    let mut met = client.credentials().iter().enumerate().filter_map(|(at, one)| meets(one).map(|method| (at, one, method)));
    let first = met.next()?;
    let is_usable = |(_, credential, method): &(usize, &KnownCredential, AuthMethod)| {
        credential.is_usable(now, caller.source) && check_method(caller, client, *method).is_ok()
    };
    let (at, _, method) = std::iter::once(first).chain(met).find(is_usable).unwrap_or(first);
    Some((at, method))
}

/// Names are compared as they are written (RFC 8705 section 2.1.2), DNS names without regard to case.
fn has_name(certificate: &ClientCertificate, name: &CertificateName) -> bool {
    match name {
        CertificateName::Subject(subject) => !subject.is_empty() && certificate.subject == *subject,
        CertificateName::Dns(wanted) => certificate.dns_names.iter().any(|known| known.eq_ignore_ascii_case(wanted)),
        CertificateName::Uri(wanted) => certificate.uris.contains(wanted),
        CertificateName::Ip(wanted) => certificate.ip_addresses.contains(wanted),
        CertificateName::Email(wanted) => certificate.emails.contains(wanted),
    }
}
