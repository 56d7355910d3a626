//! HTTPS with a private authority: who is trusted, and who is not.

use std::sync::Arc;

use mintmark_verify::fetch::{FetchError, HttpsTransport, Issuer};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::{ClientConfig, RootCertStore, ServerConfig, crypto::aws_lc_rs, pki_types::PrivateKeyDer};
use serde_json::json;
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_rustls::TlsAcceptor;

use super::server::{Reply, answer};

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority() -> Authority {
    let mut params = CertificateParams::new([]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// An issuer whose certificate is for this name; its port.
async fn serve(authority: &Authority, name: &str) -> (u16, JoinHandle<()>) {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new([name.to_owned()]).unwrap().signed_by(&key, authority).unwrap();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let task = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(stream) = acceptor.accept(stream).await else { continue };
            let url = format!("https://localhost:{port}");
            answer(stream, async |request| match request.path.as_str() {
                "/jwks" => Reply::ok(
                    r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"1","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#,
                ),
                _ => Reply::ok(json!({"issuer": url, "jwks_uri": format!("{url}/jwks")}).to_string()),
            })
            .await;
        }
    });
    (port, task)
}

fn trusting(authority: &Authority) -> HttpsTransport {
    let mut roots = RootCertStore::empty();
    roots.add(authority.der().clone()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    HttpsTransport::with_tls(config)
}

async fn follow(port: u16, transport: HttpsTransport) -> Result<Issuer, FetchError> {
    Issuer::builder(format!("https://localhost:{port}")).transport(transport).follow().await
}

#[tokio::test]
async fn a_trusted_issuer_of_the_right_name_is_followed() {
    let authority = authority();
    let (port, _task) = serve(&authority, "localhost").await;
    let followed = follow(port, trusting(&authority)).await.unwrap();
    assert_eq!(followed.status().keys, 1);
}

#[tokio::test]
async fn another_authority_or_another_name_is_not() {
    let trusted = authority();
    let (other_name, _task) = serve(&trusted, "other.example").await;
    assert!(matches!(follow(other_name, trusting(&trusted)).await, Err(FetchError::Transport(_))));
    let (other_authority, _task) = serve(&authority(), "localhost").await;
    for transport in [trusting(&trusted), HttpsTransport::new().unwrap()] {
        assert!(matches!(follow(other_authority, transport).await, Err(FetchError::Transport(_))));
    }
}
