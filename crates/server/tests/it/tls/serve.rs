//! The real program, with clients that we did not write.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use rustix::process::Signal;
use serde_json::Value;
use tempfile::TempDir;

use super::NAME;
use crate::fixture::pki::{Authority, Identity, write_private};
use crate::fixture::{Finished, Program, eventually, mintmark, missing};

/// curl's exit code when there is no version or cipher suite that both sides know.
const NO_HANDSHAKE: i32 = 35;

/// A deployment whose one environment has TLS.
struct Secured {
    folder: TempDir,
    config: String,
    authority: Authority,
    clients: Authority,
    client_id: String,
    secret: String,
}

impl Secured {
    /// `more` goes behind the section of TLS.
    fn new(more: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (authority, clients) = (Authority::new(), Authority::new());
        authority.server(&[NAME]).write(folder.path(), "server");
        std::fs::write(folder.path().join("authority.pem"), &authority.pem).unwrap();
        std::fs::write(folder.path().join("clients.pem"), &clients.pem).unwrap();
        let path = folder.path().join("made");
        let issuer = format!("sandbox=https://{NAME}");
        let made = Finished::good(&["init", path.to_str().unwrap(), "--environment", &issuer, "--json"]).json();
        let config = made["configuration"].as_str().unwrap().to_owned();
        let text = std::fs::read_to_string(&config).unwrap().replace("127.0.0.1:8080", "127.0.0.1:0");
        let tls = "[environments.sandbox.tls]\ncertificate = \"../server.pem\"\nkey = \"../server.key\"\n\
                   client_certificates = true\nclient_ca = \"../clients.pem\"\n";
        std::fs::write(&config, format!("{text}{tls}{more}")).unwrap();
        let deployment = Self { folder, config, authority, clients, client_id: String::new(), secret: String::new() };
        deployment.run(&["tenant", "create", "Acme"]);
        deployment.run(&["resource", "update", "--environment", "sandbox", "--add-scope", "edit"]);
        let create = ["client", "create", "Exporter", "--environment", "sandbox", "--scope", "edit", "--dialect", "standard"];
        let created = deployment.run(&create);
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        Self { client_id: text(&created["client"]["id"]), secret: text(&created["client_secret"]), ..deployment }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn run(&self, arguments: &[&str]) -> Value {
        Finished::good(&[arguments, &["--config", &self.config, "--json"]].concat()).json()
    }

    async fn serve(&self) -> (Program, SocketAddr) {
        let mut command = mintmark(&["serve", "--config", &self.config, "--json"]);
        let mut program = Program::start(&mut command, self.path("log"));
        let line = program.line().await.unwrap_or_else(|| panic!("{}", program.log()));
        let ready: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(ready["environments"][0]["tls"], true);
        let address = ready["environments"][0]["listen"].as_str().unwrap().parse().unwrap();
        (program, address)
    }

    /// The whole log of a program, once it has ended.
    async fn end(&self, program: Program) -> String {
        program.signal(Signal::TERM);
        assert_eq!(program.end().await.0.code(), Some(0));
        std::fs::read_to_string(self.path("log")).unwrap()
    }

    /// curl's answer to a token request: the version of HTTP and the status, or how it failed.
    fn curl(&self, address: SocketAddr, arguments: &[&str]) -> Result<String, i32> {
        let mut command = Command::new("curl");
        let port = address.port();
        command.args(["--silent", "--output", "/dev/null", "--write-out", "%{http_version} %{http_code}", "--cacert"]);
        command.arg(self.path("authority.pem"));
        command.args(["--resolve", &format!("{NAME}:{port}:127.0.0.1"), "--data", "grant_type=client_credentials"]);
        command.args(["--user", &format!("{}:{}", self.client_id, self.secret)]).args(arguments);
        let output = command.arg(format!("https://{NAME}:{port}/oauth/token")).env("NO_PROXY", "*").output().unwrap();
        if output.status.success() { Ok(String::from_utf8(output.stdout).unwrap()) } else { Err(output.status.code().unwrap()) }
    }

    fn client(&self, identity: Option<&Identity>, address: SocketAddr) -> reqwest::Client {
        let mut builder = reqwest::Client::builder().no_proxy().resolve(NAME, address);
        builder = builder.tls_certs_only([reqwest::Certificate::from_pem(self.authority.pem.as_bytes()).unwrap()]);
        if let Some(identity) = identity {
            let pem = format!("{}{}", identity.certificate_pem, identity.key_pem);
            builder = builder.identity(reqwest::Identity::from_pem(pem.as_bytes()).unwrap());
        }
        builder.build().unwrap()
    }

    fn ask(&self, client: &reqwest::Client, address: SocketAddr) -> reqwest::RequestBuilder {
        let basic = STANDARD.encode(format!("{}:{}", self.client_id, self.secret));
        client
            .post(format!("https://{NAME}:{}/oauth/token", address.port()))
            .header("authorization", format!("Basic {basic}"))
            .header("content-type", "application/x-www-form-urlencoded")
            .body("grant_type=client_credentials")
    }
}

fn has_curl() -> bool {
    let has = Command::new("curl").arg("--version").output().is_ok_and(|output| output.status.success());
    has || missing::skip::<()>(&missing::test_name(), "there is no curl").is_some()
}

fn thumbprint(identity: &Identity) -> String {
    URL_SAFE_NO_PAD.encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &identity.der))
}

/// The lines of a log that say something.
fn lines<'a>(log: &'a str, text: &str) -> Vec<&'a str> {
    log.lines().filter(|line| line.contains(text)).collect()
}

#[tokio::test]
async fn curl_gets_tokens_by_either_version_of_http() {
    if !has_curl() {
        return;
    }
    let deployment = Secured::new("");
    let (program, address) = deployment.serve().await;
    let identity = deployment.clients.client("export.acme.example");
    let (certificate, key) = identity.write(deployment.folder.path(), "client");
    let (certificate, key) = (certificate.to_str().unwrap(), key.to_str().unwrap());
    assert_eq!(deployment.curl(address, &[]).unwrap(), "2 200");
    assert_eq!(deployment.curl(address, &["--http1.1"]).unwrap(), "1.1 200");
    assert_eq!(deployment.curl(address, &["--tls-max", "1.2"]).unwrap(), "2 200");
    assert_eq!(deployment.curl(address, &["--cert", certificate, "--key", key]).unwrap(), "2 200");
    for old in [
        &["--tls-max", "1.1", "--ciphers", "DEFAULT@SECLEVEL=0"][..],
        &["--tls-max", "1.2", "--ciphers", "AES128-SHA:AES256-GCM-SHA384"],
    ] {
        assert_eq!(deployment.curl(address, old), Err(NO_HANDSHAKE), "{old:?}");
    }
    assert_eq!(deployment.curl(address, &["--header", "Host: evil.example"]).unwrap(), "2 421");
    let log = deployment.end(program).await;
    assert_eq!(lines(&log, &thumbprint(&identity)).len(), 1, "{log}");
}

#[tokio::test]
async fn a_request_carries_the_certificate_of_its_connection() {
    let deployment = Secured::new("");
    let (program, address) = deployment.serve().await;
    let (vouched, own) = (deployment.clients.client("export.acme.example"), Identity::self_signed("export.acme.example"));
    for identity in [&vouched, &own] {
        let client = deployment.client(Some(identity), address);
        // The second one is of the same connection.
        for _ in 0..2 {
            let answer = deployment.ask(&client, address).send().await.unwrap();
            assert_eq!((answer.status().as_u16(), answer.version()), (200, reqwest::Version::HTTP_11));
            answer.bytes().await.unwrap();
        }
    }
    let none = deployment.client(None, address);
    assert_eq!(deployment.ask(&none, address).send().await.unwrap().status(), 200);
    let log = deployment.end(program).await;
    for identity in [&vouched, &own] {
        assert_eq!(lines(&log, &format!("certificate={}", thumbprint(identity))).len(), 2, "{log}");
    }
    assert_eq!((lines(&log, "token issued").len(), lines(&log, "certificate=").len()), (5, 4), "{log}");
}

/// Hazard 35.
#[tokio::test]
async fn s19_a_certificate_in_a_header_counts_from_a_proxy_that_proves_itself_alone() {
    const PROXY_SECRET: &str = "0123456789abcdef0123456789abcdef";
    let more = "[environments.sandbox.proxy]\naddresses = [\"127.0.0.1\"]\nsecret_file = \"../proxy-secret\"\n\
                certificate_header = \"X-Client-Certificate\"\n";
    let deployment = Secured::new(more);
    write_private(&deployment.path("proxy-secret"), PROXY_SECRET);
    let (program, address) = deployment.serve().await;
    let identity = Identity::self_signed("export.acme.example");
    let header = format!(":{}:", STANDARD.encode(&identity.der));
    let client = deployment.client(None, address);
    for wrong in ["", "0123456789abcdef0123456789abcdeF"] {
        let spoofed =
            deployment.ask(&client, address).header("x-client-certificate", &header).header("mintmark-proxy-secret", wrong);
        assert_eq!(spoofed.send().await.unwrap().status(), 200, "by its secret, as ever");
    }
    let proxied = deployment.ask(&client, address).header("x-client-certificate", &header);
    let proxied = proxied.header("mintmark-proxy-secret", PROXY_SECRET).header("x-forwarded-for", "203.0.113.9");
    assert_eq!(proxied.send().await.unwrap().status(), 200);
    let log = deployment.end(program).await;
    let told = lines(&log, "certificate=");
    assert!(told.len() == 1 && told[0].contains("source=203.0.113.9") && told[0].contains(&thumbprint(&identity)), "{log}");
    assert_eq!(lines(&log, "ignored: its sender is no configured proxy").len(), 1, "once a minute: {log}");
    assert!(!log.contains(PROXY_SECRET));
}

#[tokio::test]
async fn sighup_brings_the_new_certificate_into_force_and_keeps_the_old_where_it_is_broken() {
    let deployment = Secured::new("");
    let (program, address) = deployment.serve().await;
    let ask =
        async || deployment.ask(&deployment.client(None, address), address).send().await.map(|answer| answer.status().as_u16());
    assert_eq!(ask().await.unwrap(), 200);

    std::fs::write(deployment.path("server.pem"), "nonsense").unwrap();
    program.signal(Signal::HUP);
    let is_told = async || program.log().contains("what was read before stays in force").then_some(());
    eventually("the mistake is told", is_told).await;
    assert_eq!(ask().await.unwrap(), 200, "with the old one");

    // Another authority's: the client that trusts the first one alone refuses it.
    Authority::new().server(&[NAME]).write(deployment.folder.path(), "server");
    program.signal(Signal::HUP);
    eventually("the new certificate", async || ask().await.err()).await;
}

#[test]
fn check_reads_the_files_of_listeners() {
    let deployment = Secured::new("");
    let check = || Finished::of(&mut mintmark(&["check", "--config", &deployment.config, "--json"]));
    let good = check();
    assert_eq!(good.code, Some(0), "{good:?}");
    assert_eq!(good.json()["TLS of sandbox"]["ok"], true, "{good:?}");

    Authority::new().server_until(&[NAME], 2025).write(deployment.folder.path(), "server");
    let expired = check();
    assert_eq!(expired.code, Some(1), "{expired:?}");
    assert!(expired.json()["TLS of sandbox"]["error"].as_str().unwrap().contains("expired"), "{expired:?}");

    Identity::self_signed("other.example").write(deployment.folder.path(), "other");
    std::fs::rename(deployment.path("other.key"), deployment.path("server.key")).unwrap();
    let mismatched = check().json()["TLS of sandbox"]["error"].as_str().unwrap().to_owned();
    assert!(mismatched.contains("is not the key of"), "{mismatched}");
    let refused = Finished::refused(&["serve", "--config", &deployment.config]);
    assert!(refused.contains("is not the key of"), "{refused}");
}

#[test]
fn a_proxy_without_proof_is_refused() {
    let config = |proxy: &str| {
        let folder = tempfile::tempdir().unwrap();
        let path: &Path = &folder.path().join("mintmark.toml");
        let text = format!("[environments.sandbox]\nlisten = \"127.0.0.1:0\"\n[environments.sandbox.proxy]\n{proxy}");
        std::fs::write(path, text).unwrap();
        Finished::refused(&["check", "--config", path.to_str().unwrap()])
    };
    let said = config("addresses = [\"10.0.0.0/8\"]\n");
    assert!(said.contains("mintmark.toml:3") && said.contains("give the proxies a secret_file"), "{said}");
    let said = config("addresses = [\"10.0.0.1/8\", \"x\"]\nsecret_file = \"s\"\n");
    assert_eq!(said.matches("expected an address or a network").count(), 2, "{said}");
    let said = config("certificate_header = \"Client-Cert\"\n");
    assert!(said.contains("expected the addresses of the proxies"), "{said}");
    for here in ["127.0.0.1", "::1"] {
        let said = config(&format!("addresses = [\"{here}\"]\ncertificate_header = \"Client-Cert\"\n"));
        assert!(said.contains("certificate_header") && said.contains("every process on this machine"), "{said}");
        assert!(said.contains("secret_file") && said.contains("certificates_without_proof = true"), "{said}");
    }
    let fingerprint = "ab".repeat(32);
    let said = config(&format!("addresses = [\"10.0.0.1\"]\ncertificate_sha256 = [\"{fingerprint}\"]\n"));
    assert!(said.contains("tls.client_certificates = true is missing"), "{said}");
}
