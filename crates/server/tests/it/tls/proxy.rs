use http::HeaderName;
use mintmark::config::{AddressFormat, CertificateFormat, ProxySettings};

use mintmark_core::model::CredentialLimits;

use crate::fixture::{KnownClient, TestServer, get};

fn proxy(address: &str) -> ProxySettings {
    ProxySettings {
        addresses: vec![address.parse().unwrap()],
        secret_file: None,
        certificates: Vec::new(),
        certificate_header: Some(HeaderName::from_static("client-cert")),
        certificate_format: CertificateFormat::Rfc9440,
        verified_header: None,
        verified_value: "SUCCESS".to_owned(),
        address_header: Some((HeaderName::from_static("x-forwarded-for"), AddressFormat::List)),
        traceparent: false,
    }
}

/// The status of a refused try that says it is from an address.
async fn refused_from(server: &TestServer, address: &str) -> u16 {
    let body = "grant_type=client_credentials&client_id=nobody&client_secret=wrong";
    let head = format!(
        "POST /oauth/token HTTP/1.1\r\nHost: sandbox.mintmark.example\r\nConnection: close\r\nX-Forwarded-For: {address}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    server.send(format!("{head}{body}")).await.status
}

#[tokio::test]
async fn s19_limits_count_the_clients_of_a_proxy_apart() {
    let server =
        TestServer::setup().with_limits(|limits| limits.refused_per_source = 1).behind(proxy("127.0.0.1")).start().await;
    for address in ["203.0.113.1", "203.0.113.2"] {
        assert_eq!(refused_from(&server, address).await, 401, "{address}");
        assert_eq!(refused_from(&server, address).await, 429, "{address}");
        assert_eq!(refused_from(&server, &format!("198.51.100.7, {address}")).await, 429, "what is before it is its own word");
    }
}

/// The status of a request with the right secret that says it is from an address.
async fn asked_from(server: &TestServer, client: &KnownClient, address: &str) -> u16 {
    let request = crate::fixture::token_request("asset", &client.id, &client.secret);
    server.send(request.replacen("\r\n", &format!("\r\nX-Forwarded-For: {address}\r\n"), 1)).await.status
}

/// The networks of a secret, too, are those that a trusted proxy tells of and nobody else.
#[tokio::test]
async fn s19_a_secret_with_networks_is_good_where_the_trusted_proxy_says_the_client_is() {
    for (trusted, network, statuses) in [
        ("127.0.0.1", "203.0.113.0/24", [200, 401, 401]),
        ("192.0.2.1", "203.0.113.0/24", [401, 401, 401]),
        ("192.0.2.1", "127.0.0.1", [200, 200, 200]),
    ] {
        let server = TestServer::setup().behind(proxy(trusted)).start().await;
        let client = server.world.client("sandbox", "asset");
        let limits = CredentialLimits { networks: vec![network.parse().unwrap()], ..CredentialLimits::default() };
        let (environment, id) = ("sandbox".parse().unwrap(), client.id.parse().unwrap());
        server.registry.set_limits(&environment, &id, client.credential_id.parse().unwrap(), &limits, None).await.unwrap();
        server.poll().await;
        for (address, status) in ["203.0.113.9", "198.51.100.7", "203.0.113.9, 198.51.100.7"].into_iter().zip(statuses) {
            assert_eq!(asked_from(&server, client, address).await, status, "{trusted} {network} {address}");
        }
    }
}

#[tokio::test]
async fn s19_nobody_else_chooses_the_address_that_is_counted() {
    let server =
        TestServer::setup().with_limits(|limits| limits.refused_per_source = 1).behind(proxy("192.0.2.1")).start().await;
    assert_eq!(refused_from(&server, "203.0.113.1").await, 401);
    assert_eq!(refused_from(&server, "203.0.113.2").await, 429);
}

/// Hazard 34: neither a stranger's headers nor a proxy's shape what the server says about itself.
/// CVE-2026-33495.
#[tokio::test]
async fn s19_forwarded_headers_shape_no_url() {
    let forged = "X-Forwarded-Host: evil.example\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Port: 1\r\nX-Forwarded-Prefix: /evil\r\n\
                  Forwarded: for=1.2.3.4;host=evil.example;proto=http\r\nX-Original-URL: /evil\r\nX-Forwarded-For: 1.2.3.4\r\n";
    for server in [TestServer::start().await, TestServer::setup().behind(proxy("127.0.0.1")).start().await] {
        for path in [
            "/.well-known/oauth-authorization-server",
            "/.well-known/openid-configuration",
            "/.well-known/oauth-protected-resource",
        ] {
            let plain = server.send(get(path, "")).await;
            let told = server.send(get(path, forged)).await;
            let other_host = server.send(get(path, forged).replacen("Host: ", "Host: evil.", 1)).await;
            assert_eq!(plain.status, 200);
            assert_eq!((&plain.body, &plain.body), (&told.body, &other_host.body), "{path}");
        }
    }
}

/// RFC 8705 sections 2.1.1, 2.2.1 and 3.3: methods that cannot arrive are not named.
#[tokio::test]
async fn the_metadata_names_certificates_where_they_can_arrive() {
    for (server, arrives) in
        [(TestServer::start().await, false), (TestServer::setup().behind(proxy("127.0.0.1")).start().await, true)]
    {
        let metadata = server.get("/.well-known/oauth-authorization-server", "").await.json();
        for endpoint in ["token_endpoint", "introspection_endpoint", "revocation_endpoint"] {
            let methods = metadata[format!("{endpoint}_auth_methods_supported")].as_array().unwrap();
            for method in ["tls_client_auth", "self_signed_tls_client_auth"] {
                assert_eq!(methods.iter().any(|named| named == method), arrives, "{method} at the {endpoint}");
            }
        }
        assert_eq!(metadata["tls_client_certificate_bound_access_tokens"], arrives);
    }
}
