//! `tls_client_auth` and `self_signed_tls_client_auth`, and tokens bound to certificates (RFC 8705).

use super::super::{ClientCertificate, Denial, ProofRefusal};
use super::key_holder::send;
use crate::fixture::{Answer, Ask, ISSUER, NOW, World, sandbox};
use crate::model::{CertificateFingerprint, CertificateName, Client, CredentialLimits, Profile, Proof, TokenBinding};
use crate::registry::NewCredential;

fn certificate() -> ClientCertificate {
    ClientCertificate {
        sha256: [7; 32],
        is_trusted: true,
        subject: "CN=exporter,O=Acme".to_owned(),
        dns_names: vec!["exporter.acme.example".to_owned()],
        uris: vec!["spiffe://acme.example/exporter".to_owned()],
        ip_addresses: vec!["192.0.2.7".parse().unwrap()],
        emails: vec!["ops@acme.example".to_owned()],
        not_before: 0,
        not_after: i64::MAX,
    }
}

async fn client_with(world: &World, proof: Proof) -> Client {
    let new = NewCredential { proof, expires_at: None };
    let (client, _) = world.registry.create_client_with(world.new_client(|_| ()), new).await.unwrap();
    world.poll().await;
    client
}

fn show(world: &World, certificate: Option<ClientCertificate>) {
    *world.certificate.lock().unwrap() = certificate;
}

async fn ask(world: &World, client: &Client) -> Answer {
    send(world, &[("client_id", client.id.as_str())]).await
}

#[tokio::test]
async fn a_client_proves_itself_with_its_own_certificate_whoever_made_it() {
    let world = World::new().await;
    let client = client_with(&world, Proof::Certificate(CertificateFingerprint { sha256: vec![7; 32] })).await;
    assert_eq!(ask(&world, &client).await.denial(), &Denial::CredentialsAbsent, "a name alone proves nothing");
    show(&world, Some(ClientCertificate { is_trusted: false, ..certificate() }));
    assert_eq!(ask(&world, &client).await.status, 200);
    show(&world, Some(ClientCertificate { sha256: [8; 32], ..certificate() }));
    assert_eq!(ask(&world, &client).await.denial(), &Denial::CertificateRefused);
}

#[tokio::test]
async fn a_name_in_a_certificate_counts_where_somebody_trusted_vouches_for_it() {
    let good = [
        CertificateName::Subject("CN=exporter,O=Acme".to_owned()),
        CertificateName::Dns("Exporter.ACME.example".to_owned()),
        CertificateName::Uri("spiffe://acme.example/exporter".to_owned()),
        CertificateName::Ip("192.0.2.7".parse().unwrap()),
        CertificateName::Email("ops@acme.example".to_owned()),
    ];
    let bad = [
        CertificateName::Subject("CN=exporter".to_owned()),
        CertificateName::Dns("acme.example".to_owned()),
        CertificateName::Uri("spiffe://acme.example/exporter/".to_owned()),
        CertificateName::Ip("192.0.2.8".parse().unwrap()),
        CertificateName::Email("OPS@acme.example".to_owned()),
    ];
    let world = World::new().await;
    for name in good {
        let client = client_with(&world, Proof::CertificateName(name.clone())).await;
        show(&world, Some(certificate()));
        assert_eq!(ask(&world, &client).await.status, 200, "{name:?}");
        show(&world, Some(ClientCertificate { is_trusted: false, ..certificate() }));
        assert_eq!(ask(&world, &client).await.denial(), &Denial::CertificateRefused, "{name:?} by nobody");
        for (not_before, not_after) in [(0, NOW - 1), (NOW + 1, i64::MAX)] {
            show(&world, Some(ClientCertificate { not_before, not_after, ..certificate() }));
            assert_eq!(ask(&world, &client).await.denial(), &Denial::CertificateRefused, "{name:?} at another time");
        }
    }
    show(&world, Some(certificate()));
    for name in bad {
        let client = client_with(&world, Proof::CertificateName(name.clone())).await;
        assert_eq!(ask(&world, &client).await.denial(), &Denial::CertificateRefused, "{name:?}");
    }
}

#[tokio::test]
async fn a_certificate_of_one_client_proves_no_other() {
    let world = World::new().await;
    client_with(&world, Proof::Certificate(CertificateFingerprint { sha256: vec![7; 32] })).await;
    let other = world.client(|_| ()).await;
    show(&world, Some(certificate()));
    assert_eq!(ask(&world, &other.client).await.denial(), &Denial::CertificateRefused);
    let unknown = send(&world, &[("client_id", "not-there")]).await;
    let known = ask(&world, &other.client).await;
    assert_eq!(unknown.wire(), known.wire(), "nobody learns whether a client exists");
}

#[tokio::test]
async fn a_disabled_certificate_does_not_hide_its_successor() {
    let world = World::new().await;
    let proof = || Proof::Certificate(CertificateFingerprint { sha256: vec![7; 32] });
    let client = client_with(&world, proof()).await;
    show(&world, Some(certificate()));
    let first = world.stored(&client.id).await.credentials.remove(0).id;
    world.registry.disable_secret(&sandbox(), &client.id, first).await.unwrap();
    world.poll().await;
    assert_eq!(ask(&world, &client).await.denial(), &Denial::SecretDisabled);
    let new = NewCredential { proof: proof(), expires_at: None };
    world.registry.add_credential(&sandbox(), &client.id, &new).await.unwrap();
    world.poll().await;
    assert_eq!(ask(&world, &client).await.status, 200);
}

#[tokio::test]
async fn a_certificate_that_may_not_be_used_from_here_hides_none_that_may() {
    let world = World::new().await;
    let proof = || Proof::Certificate(CertificateFingerprint { sha256: vec![7; 32] });
    let client = client_with(&world, proof()).await;
    show(&world, Some(certificate()));
    let first = world.stored(&client.id).await.credentials.remove(0).id;
    let elsewhere = CredentialLimits { networks: vec!["203.0.113.0/24".parse().unwrap()], ..CredentialLimits::default() };
    world.registry.set_limits(&sandbox(), &client.id, first, &elsewhere, None).await.unwrap();
    world.poll().await;
    assert!(matches!(ask(&world, &client).await.denial(), Denial::SourceNotAllowed(_)));
    let new = NewCredential { proof: proof(), expires_at: None };
    world.registry.add_credential(&sandbox(), &client.id, &new).await.unwrap();
    world.poll().await;
    assert_eq!(ask(&world, &client).await.status, 200);
}

#[tokio::test]
async fn a_token_is_bound_to_the_certificate_where_the_client_asks_for_it() {
    let world = World::new().await;
    show(&world, Some(certificate()));
    let plain = world.client(|_| ()).await;
    let answer = world.ask(&Ask::of("standard", &plain)).await;
    assert_eq!(world.verify_bound(&answer, ISSUER).cnf, None, "not for others");

    for binding in [TokenBinding::Certificate, TokenBinding::Either] {
        let client = world.client(|new| new.security.token_binding = binding).await;
        // Dialects without a word for it bind as well.
        for dialect in ["standard", "asset"] {
            let answer = world.ask(&Ask::of(dialect, &client)).await;
            let cnf = world.verify_bound(&answer, ISSUER).cnf.unwrap();
            assert_eq!(cnf.x5t_s256.as_deref(), Some("BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc"), "{binding:?} {dialect}");
            assert_eq!(answer.json()["token_type"], "Bearer");
        }
        show(&world, None);
        let refused = world.ask(&Ask::of("standard", &client)).await;
        let expected = match binding {
            TokenBinding::Either => Denial::ProofRefused(ProofRefusal::Missing),
            _ => Denial::BindingMissing(binding),
        };
        assert_eq!(refused.denial(), &expected);
        assert_eq!(refused.status, 400);
        show(&world, Some(certificate()));
    }
}

#[tokio::test]
async fn the_profile_fapi2_takes_a_certificate_and_binds_to_it() {
    let world = World::new().await;
    let proof = Proof::CertificateName(CertificateName::Dns("exporter.acme.example".to_owned()));
    let new = world.new_client(|new| new.security.profile = Some(Profile::Fapi2));
    let (client, _) = world.registry.create_client_with(new, NewCredential { proof, expires_at: None }).await.unwrap();
    world.poll().await;
    show(&world, Some(certificate()));
    let answer = ask(&world, &client).await;
    assert!(world.verify_bound(&answer, ISSUER).cnf.is_some());
}
