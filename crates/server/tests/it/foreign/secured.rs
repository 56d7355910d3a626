//! A server of its own for a judge's program: TLS, certificates of all kinds, and the command line to make clients with.

use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::process::Signal;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::tools;
use crate::fixture::pki::{Authority, Identity};
use crate::fixture::{Finished, Program, mintmark};

/// The name of the server, of certificates and in DNS.
const NAME: &str = "localhost";
/// Of a certificate that the clients' authority vouches for.
const CLIENT_NAME: &str = "export.acme.example";

/// A running `mintmark serve`, whose one environment has TLS and asks clients for certificates.
pub(super) struct SecuredServer {
    folder: TempDir,
    program: Program,
}

impl SecuredServer {
    pub(super) async fn start() -> Self {
        // Between the search for a free port and the server's bind another process can take it.
        for _ in 0..5 {
            if let Some(server) = Self::try_start().await {
                return server;
            }
        }
        panic!("no free port");
    }

    /// `None` when the port was in use after all.
    async fn try_start() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let issuer = format!("https://{NAME}:{}", free_port());
        let config = configured(folder.path(), &issuer);
        let certificates = write_certificates(folder.path());
        prepare(&config);
        let document = json!({
            "issuer": issuer,
            "program": env!("CARGO_BIN_EXE_mintmark"),
            "config": config,
            "folder": folder.path(),
            "client_name": CLIENT_NAME,
            "certificates": certificates,
        });
        std::fs::write(folder.path().join("judge.json"), document.to_string()).unwrap();
        let mut command = mintmark(&["serve", "--config", &config, "--json"]);
        // A judge is refused more often than any client would be.
        command.env("MINTMARK_LIMITS_REFUSED_PER_CLIENT", "10000").env("MINTMARK_LIMITS_REFUSED_PER_SOURCE", "10000");
        let mut program = Program::start(&mut command, folder.path().join("log"));
        if program.line().await.is_some() {
            return Some(Self { folder, program });
        }
        let log = program.log();
        assert!(log.contains("in use"), "{log}");
        None
    }

    /// Runs a judge's program to its end, which must be a good one. It trusts the server's authority.
    pub(super) fn judge(&self, command: &mut Command) -> String {
        let authority = self.folder.path().join("authority.pem");
        command.arg(self.folder.path().join("judge.json"));
        tools::run(command.env("NODE_EXTRA_CA_CERTS", &authority).env("REQUESTS_CA_BUNDLE", &authority))
    }

    /// Ends it as an operator does.
    pub(super) async fn terminate(self) {
        self.program.signal(Signal::TERM);
        assert_eq!(self.program.end().await.0.code(), Some(0));
    }
}

/// Makes a configuration whose listener speaks TLS, and returns its path.
fn configured(folder: &Path, issuer: &str) -> String {
    let path = folder.join("made");
    let port = issuer.rsplit(':').next().unwrap();
    let environment = format!("sandbox={issuer}");
    let made =
        Finished::good(&["init", path.to_str().unwrap(), "--environment", &environment, "--port", port, "--json"]).json();
    let config = made["configuration"].as_str().unwrap().to_owned();
    let tls = "[environments.sandbox.tls]\ncertificate = \"../server.pem\"\nkey = \"../server.key\"\n\
               client_certificates = true\nclient_ca = \"../clients.pem\"\n";
    std::fs::write(&config, std::fs::read_to_string(&config).unwrap() + tls).unwrap();
    config
}

/// The server's own, and a client's of each kind: vouched for, vouched for under another name, vouched for by nobody.
fn write_certificates(folder: &Path) -> Value {
    let (authority, clients) = (Authority::new(), Authority::new());
    std::fs::write(folder.join("authority.pem"), &authority.pem).unwrap();
    std::fs::write(folder.join("clients.pem"), &clients.pem).unwrap();
    let files = |(certificate, key): (PathBuf, PathBuf)| json!({ "certificate": certificate, "key": key });
    json!({
        "server": files(authority.server(&[NAME]).write(folder, "server")),
        "clients_authority": folder.join("clients.pem"),
        "trusted": files(clients.client(CLIENT_NAME).write(folder, "trusted")),
        "trusted_other": files(clients.client("other.acme.example").write(folder, "trusted-other")),
        "self_signed": files(Identity::self_signed(CLIENT_NAME).write(folder, "self-signed")),
        "self_signed_other": files(Identity::self_signed(CLIENT_NAME).write(folder, "self-signed-other")),
    })
}

/// A tenant, and resources with tokens of either form.
fn prepare(config: &str) {
    let own = ["resource", "update", "--environment", "sandbox", "--add-scope", "edit read"];
    let opaque = [
        "resource",
        "create",
        "https://opaque.example",
        "--environment",
        "sandbox",
        "--scope",
        "edit",
        "--token-format",
        "opaque",
    ];
    let jwt = ["resource", "create", "https://api.example", "--environment", "sandbox", "--scope", "edit"];
    for arguments in [&["tenant", "create", "Acme"][..], &own, &opaque, &jwt] {
        Finished::good(&[arguments, &["--config", config, "--json"]].concat());
    }
}

fn free_port() -> u16 {
    let any = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    any.local_addr().unwrap().port()
}
