use std::sync::Arc;

use hyper_util::rt::{TokioExecutor, TokioIo};
use mintmark::tls::{Reloadable, Secured, ServerTls, Watched};
use mintmark_core::clock::{Clock, FakeClock};
use mintmark_core::token::ClientCertificate;
use rustls::HandshakeKind;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::{NAME, Secure, connect};
use crate::fixture::pki::{Authority, Identity};
use crate::fixture::{Connection, NOW, TestServer, in_time};

fn open(files: &Secure) -> Arc<ServerTls> {
    let clock: Arc<dyn Clock> = Arc::new(FakeClock::at(NOW));
    Arc::new(ServerTls::open("sandbox", files.files.clone(), clock).unwrap())
}

/// What the server knows of a client after a handshake.
async fn shake(tls: &ServerTls, files: &Secure, identity: Option<&Identity>) -> Secured<tokio::io::DuplexStream> {
    let (near, far) = tokio::io::duplex(64 * 1024);
    let connector = TlsConnector::from(Arc::new(files.client(identity, &["h2"])));
    let name = ServerName::try_from("AUTH.mintmark.example").unwrap();
    let (client, server) = in_time("a handshake", async { tokio::join!(connector.connect(name, near), tls.accept(far)) }).await;
    // In TLS 1.3 the client is done before the server has seen its certificate: what the server says is read with the first answer.
    drop(client.unwrap());
    server.unwrap()
}

async fn certificate(tls: &ServerTls, files: &Secure, identity: &Identity) -> Option<ClientCertificate> {
    shake(tls, files, Some(identity)).await.certificate
}

#[tokio::test]
async fn a_client_shows_what_its_authority_vouches_for() {
    let clients = Authority::new();
    let files = Secure::new().asking(Some(&clients));
    let tls = open(&files);
    let shown = shake(&tls, &files, Some(&clients.client("export.acme.example"))).await;
    assert!(shown.is_http2);
    assert_eq!(shown.server_name.as_deref(), Some(NAME), "in lower case");
    let certificate = shown.certificate.unwrap();
    assert!(certificate.is_trusted);
    assert_eq!(
        (certificate.subject.as_str(), certificate.dns_names),
        ("CN=export.acme.example", vec!["export.acme.example".to_owned()])
    );
}

#[tokio::test]
async fn a_certificate_of_its_own_making_is_seen_and_not_trusted() {
    let clients = Authority::new();
    for authority in [Some(&clients), None] {
        let files = Secure::new().asking(authority);
        let tls = open(&files);
        for identity in [Identity::self_signed("export.acme.example"), Authority::new().client("export.acme.example")] {
            let seen = certificate(&tls, &files, &identity).await.unwrap();
            assert!(!seen.is_trusted);
            assert_eq!(seen.sha256.as_slice(), aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &identity.der).as_ref());
        }
    }
    // The server's own authority is none for clients, even where the client's file is signed by it.
    let files = Secure::new().asking(Some(&clients));
    let same = files.authority.client("export.acme.example");
    assert!(!certificate(&open(&files), &files, &same).await.unwrap().is_trusted);
}

/// A resumed session has no handshake of certificates: it shows that of its first one, and whether it is trusted is asked anew.
#[tokio::test]
async fn a_resumed_session_shows_its_certificate_and_is_judged_anew() {
    let clients = Authority::new();
    let secure = Secure::new().asking(Some(&clients));
    let tls = open(&secure);
    let connector = TlsConnector::from(Arc::new(secure.client(Some(&clients.client("export.acme.example")), &[])));
    let connect = async || {
        let (near, far) = tokio::io::duplex(64 * 1024);
        let name = ServerName::try_from(NAME).unwrap();
        let both = async { tokio::join!(connector.connect(name, near), tls.accept(far)) };
        let (client, server) = in_time("a handshake", both).await;
        let (mut client, mut server) = (client.unwrap(), server.unwrap());
        // The ticket for the next session comes with what the server says first.
        server.stream.write_all(b"!").await.unwrap();
        server.stream.flush().await.unwrap();
        client.read_exact(&mut [0]).await.unwrap();
        (client.get_ref().1.handshake_kind().unwrap(), server.certificate.unwrap())
    };
    let (first, shown) = connect().await;
    assert!(first == HandshakeKind::Full && shown.is_trusted);
    let (second, shown_again) = connect().await;
    assert!(second == HandshakeKind::Resumed && shown_again == shown);
    // The client's authority is one no more.
    std::fs::write(secure.files.client_ca.as_ref().unwrap(), Authority::new().pem).unwrap();
    tls.reload().unwrap();
    let (_, later) = connect().await;
    assert_eq!((later.sha256, later.is_trusted), (shown.sha256, false));
}

/// Trust is asked for when a connection begins, so it lasts no longer than the files that it was asked of.
#[tokio::test]
async fn connections_that_showed_a_certificate_end_when_the_files_are_read_again() {
    let clients = Authority::new();
    let files = Secure::new().asking(Some(&clients));
    let server = files.setup().start().await;
    let identity = clients.client("export.acme.example");
    let open =
        async |identity, alpn: &[&str]| connect(server.address("sandbox"), NAME, files.client(identity, alpn)).await.unwrap();
    let ask = async |stream: &mut TlsStream<TcpStream>| {
        let request = format!("GET /livez HTTP/1.1\r\nHost: {NAME}\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut start = [0; 12];
        in_time("an answer", stream.read_exact(&mut start)).await.unwrap();
        assert_eq!(&start, b"HTTP/1.1 200");
    };
    let (mut shown, mut nothing) = (open(Some(&identity), &["http/1.1"]).await, open(None, &["http/1.1"]).await);
    ask(&mut shown).await;
    ask(&mut nothing).await;
    let second = open(Some(&identity), &["h2"]).await;
    let (mut sender, second) = hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(second)).await.unwrap();
    let second = tokio::spawn(second);
    let request =
        http::Request::get(format!("https://{NAME}/livez")).body(http_body_util::Empty::<bytes::Bytes>::new()).unwrap();
    assert_eq!(in_time("an answer", sender.send_request(request)).await.unwrap().status(), 200);

    server.tls["sandbox"].reload().unwrap();
    in_time("the end", shown.read_to_end(&mut Vec::new())).await.unwrap();
    in_time("the end by HTTP/2", second).await.unwrap().unwrap();
    let mut rest = vec![0; 16 * 1024];
    assert!(in_time("the answer's rest", nothing.read(&mut rest)).await.unwrap() > 0);
    ask(&mut nothing).await;
}

#[tokio::test]
async fn a_client_without_a_certificate_is_served_all_the_same() {
    let files = Secure::new().asking(None);
    assert_eq!(shake(&open(&files), &files, None).await.certificate, None);
}

#[tokio::test]
async fn nobody_is_asked_unless_the_configuration_says_so() {
    let files = Secure::new();
    let identity = Identity::self_signed("export.acme.example");
    assert_eq!(certificate(&open(&files), &files, &identity).await, None);
}

/// A certificate is public: showing it proves nothing.
#[tokio::test]
async fn somebody_elses_certificate_proves_nothing() {
    let clients = Authority::new();
    let files = Secure::new().asking(Some(&clients));
    let (victim, own) = (clients.client("export.acme.example"), clients.client("other.example"));
    let stolen = Identity { key: own.key.clone_key(), ..victim };
    // The library of the client notices itself that this is not its key; a resolver that does not look is what an attacker has.
    let key = rustls::crypto::aws_lc_rs::sign::any_supported_type(&stolen.key).unwrap();
    let resolver = Arc::new(Stolen(Arc::new(rustls::sign::CertifiedKey::new(vec![stolen.der.clone()], key))));
    for version in [&rustls::version::TLS13, &rustls::version::TLS12] {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = rustls::ClientConfig::builder_with_provider(provider).with_protocol_versions(&[version]).unwrap();
        let config = builder.with_root_certificates(files.authority.roots()).with_client_cert_resolver(resolver.clone());
        let (near, far) = tokio::io::duplex(64 * 1024);
        let connector = TlsConnector::from(Arc::new(config));
        let tls = open(&files);
        let name = ServerName::try_from(NAME).unwrap();
        let (_client, server) =
            in_time("a handshake", async { tokio::join!(connector.connect(name, near), tls.accept(far)) }).await;
        assert!(server.is_err(), "{version:?}");
    }
}

#[derive(Debug)]
struct Stolen(Arc<rustls::sign::CertifiedKey>);

impl rustls::client::ResolvesClientCert for Stolen {
    fn resolve(&self, _: &[&[u8]], _: &[rustls::SignatureScheme]) -> Option<Arc<rustls::sign::CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }

    fn has_certs(&self) -> bool {
        true
    }
}

#[tokio::test]
async fn changed_files_are_read_and_broken_ones_leave_the_old_in_force() {
    let files = Secure::new();
    let tls = open(&files);
    let watched = Watched::new(tls.clone());
    let days = tls.days_left();
    let next = files.authority.server_until(&[NAME], 2027);

    // The certificate is there before its key is: for a moment they do not fit.
    std::fs::write(&files.files.certificate, &next.certificate_pem).unwrap();
    assert!(tls.reload().unwrap_err().to_string().contains("is not the key of"));
    watched.reload_if_changed();
    assert_eq!(tls.days_left(), days, "the old one stays");
    shake(&tls, &files, None).await;

    crate::fixture::pki::write_private(&files.files.key, &next.key_pem);
    watched.reload_if_changed();
    assert!(tls.days_left() < days);
    shake(&tls, &files, None).await;

    std::fs::write(&files.files.certificate, "nonsense").unwrap();
    watched.reload();
    shake(&tls, &files, None).await;
}

#[test]
fn files_that_cannot_be_used_are_named() {
    use std::os::unix::fs::PermissionsExt;
    let clock: Arc<dyn Clock> = Arc::new(FakeClock::at(NOW));
    let refused = |change: fn(&Secure)| {
        let files = Secure::new().asking(Some(&Authority::new()));
        change(&files);
        ServerTls::open("sandbox", files.files.clone(), Arc::clone(&clock)).unwrap_err().to_string()
    };
    let said = refused(|files| std::fs::set_permissions(&files.files.key, std::fs::Permissions::from_mode(0o644)).unwrap());
    assert!(said.contains("server.key: others can read the private key; write: chmod 600"), "{said}");
    let said = refused(|files| std::fs::write(&files.files.key, "-----BEGIN SECRET-----").unwrap());
    assert!(said.contains("server.key: expected a private key in PEM") && !said.contains("SECRET"), "{said}");
    let said = refused(|files| std::fs::write(&files.files.certificate, "").unwrap());
    assert!(said.contains("server.pem: expected a certificate in PEM, found none"), "{said}");
    let said = refused(|files| std::fs::remove_file(files.files.client_ca.as_ref().unwrap()).unwrap());
    assert!(said.contains("clients.pem: "), "{said}");
    let said = refused(|files| std::fs::write(&files.files.key, Identity::self_signed("x.example").key_pem).unwrap());
    assert!(said.contains("is not the key of"), "{said}");
}

/// As slow-loris does: a connection that is opened and left.
#[tokio::test]
async fn a_handshake_that_takes_too_long_ends_the_connection() {
    let files = Secure::new();
    let server = files.setup().with_limits(|limits| limits.header_timeout = 1).start().await;
    for begin in [&b""[..], b"\x16\x03\x01\x02\x00\x01"] {
        let mut connection = Connection::open(server.address("sandbox")).await;
        connection.write(begin).await;
        assert!(connection.rest().await.is_empty());
    }
}

#[tokio::test]
async fn a_client_that_speaks_no_tls_gets_no_answer_of_http() {
    let files = Secure::new();
    let server = files.setup().start().await;
    let mut connection = Connection::open(server.address("sandbox")).await;
    connection.write("GET /livez HTTP/1.1\r\nHost: auth.mintmark.example\r\n\r\n").await;
    assert!(!connection.rest().await.starts_with(b"HTTP"));
}

#[tokio::test]
async fn s19_the_host_of_the_handshake_must_be_that_of_the_request() {
    let files = Secure::new();
    let server = files.setup().start().await;
    for (name, host, status) in [
        (NAME, NAME, 200),
        (NAME, "auth.mintmark.example:8443", 200),
        (NAME, "production.mintmark.example", 421),
        (NAME, "127.0.0.1", 421),
        // An address has no name in the handshake.
        ("127.0.0.1", "127.0.0.1", 200),
    ] {
        let mut stream = files.connect(server.address("sandbox"), name, &["http/1.1"]).await.unwrap();
        let request = format!("GET /.well-known/jwks.json HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        in_time("an answer", stream.read_to_end(&mut answer)).await.unwrap();
        assert!(
            answer.starts_with(format!("HTTP/1.1 {status} ").as_bytes()),
            "{name} {host}: {}",
            String::from_utf8_lossy(&answer)
        );
    }
}

#[tokio::test]
async fn a_connection_in_its_handshake_does_not_hold_up_the_end() {
    let files = Secure::new();
    let mut server: TestServer = files.setup().start().await;
    let mut connection = Connection::open(server.address("sandbox")).await;
    connection.write(b"\x16\x03\x01").await;
    // An answered request on a later connection shows that the first one was accepted.
    files.connect(server.address("sandbox"), NAME, &["h2"]).await.unwrap();
    in_time("the listeners end", server.stop()).await;
    assert!(connection.rest().await.is_empty());
}
