//! What a page's examples name, and what it is in the page's own place.

use std::path::Path;

use serde_json::Value;

use crate::fixture::{Dev, Finished, PostgresDatabase, mintmark};

/// Each example with its own, in the order in which they are put in.
pub(super) struct Given {
    replaced: Vec<(&'static str, String)>,
    /// Variables that a page's shell has: a management client of the operator as `ID` and `SECRET`, and an `ACCESS_TOKEN`.
    pub(super) variables: Vec<(&'static str, String)>,
}

impl Given {
    /// Makes what the examples name: a tenant with a client, resources, and programs and refusals to look at.
    pub(super) async fn make(dev: &Dev, server: u16, databases: &[PostgresDatabase], folder: &Path) -> Self {
        let port = |offset: u16| format!("127.0.0.1:{}", dev.port_base + offset);
        let replaced = vec![
            ("sqlite:///etc/mintmark/", format!("sqlite://{}/etc/in-a-file/", folder.display())),
            ("/etc/mintmark", format!("{}/etc/mintmark", folder.display())),
            ("/var/backups", format!("{}/var/backups", folder.display())),
            ("https://auth.example.com/readyz", format!("http://127.0.0.1:{server}/readyz")),
            ("127.0.0.1:8080", port(0)),
            ("127.0.0.1:8081", port(1)),
            ("127.0.0.1:8090", port(10)),
            ("https://admin.example.com", format!("http://localhost:{}", dev.port_base + 10)),
            ("target/release/mintmark", "mintmark".to_owned()),
            ("client_id=cli_PJkdUihrMqXGWaLkEuxy6j", format!("client_id={}", dev.client("sandbox", "asset", "client_id"))),
            ("mms_sandbox_…", dev.client("sandbox", "asset", "client_secret")),
        ];
        let mut given = Self { replaced, variables: Vec::new() };
        if let [one, other] = databases {
            let named = "--to 'postgres://mintmark@db.example.com/mintmark?sslmode=verify-full'";
            given.replaced.push((named, format!("--to '{}'", other.url())));
            given.replaced.push(("postgres://mintmark@db.example.com/mintmark?sslmode=verify-full", one.url()));
        }
        given.furnish(folder);
        given.refuse(dev, folder).await;
        given
    }

    pub(super) fn put_into(&self, text: &str) -> String {
        self.replaced.iter().fold(text.to_owned(), |text, (example, own)| text.replace(example, own))
    }

    fn furnish(&mut self, folder: &Path) {
        let in_a_file = folder.join("etc/in-a-file");
        run(folder, &["init", in_a_file.to_str().unwrap(), "--environment", "production=https://auth.example.com"]);
        for resource in ["https://api.example.com", "https://ledger.example.com"] {
            for environment in ["sandbox", "production"] {
                let scopes = "ledger:read ledger:write invoice:read";
                run(folder, &["resource", "create", resource, "--scope", scopes, "--environment", environment]);
            }
        }
        let tenant = run(folder, &["tenant", "create", "Acme Ltd"]);
        let grants = ["--dialect", "standard", "--resource", "https://api.example.com", "--scope", "ledger:read invoice:read"];
        let client = run(folder, &[&["client", "create", "example", "--tenant", "Acme Ltd"], &grants[..]].concat());
        let (client, credential) = (text(&client, "/client/id"), text(&client, "/credential/id"));
        let digest = format!("{client} --plan --json | sed -n 's/.*\"digest\": *\"\\([^\"]*\\)\".*/\\1/p'");
        self.replaced.extend([
            ("DIGEST", format!("\"$(mintmark client promote {digest})\"")),
            ("cli_…", client.clone()),
            (" CLIENT", format!(" {client}")),
            ("crd_…", credential.clone()),
            (" CREDENTIAL", format!(" {credential}")),
            (" OLD", format!(" {credential}")),
            ("ten_…", text(&tenant, "/id")),
        ]);
        let program = run(folder, &["management-client", "create", "example", "--role", "admin"]);
        self.variables = vec![("ID", text(&program, "/client/id")), ("SECRET", text(&program, "/secret"))];
        let answer = run(folder, &["token", "--url", &self.put_into("http://127.0.0.1:8080")]);
        self.variables.push(("ACCESS_TOKEN", text(&answer, "/body/access_token")));
        let keys = run(folder, &["key", "list", "--environment", "sandbox"]);
        let active = keys.as_array().unwrap().iter().find(|key| key["state"] == "active").unwrap();
        self.replaced.push(("KID", text(active, "/kid")));
    }

    /// A request that is refused, for pages that look at one.
    async fn refuse(&mut self, dev: &Dev, folder: &Path) {
        let client = self.put_into("cli_…");
        let request = crate::fixture::token_request("standard", &client, "a wrong secret");
        let answer = crate::fixture::send(dev.address("sandbox"), request.as_bytes()).await;
        let request_id = answer.header("x-request-id").unwrap().to_owned();
        crate::fixture::eventually("the refusal is written", async || {
            let finished = Finished::of(mintmark(&["refusals", &request_id]).current_dir(folder));
            (finished.code == Some(0)).then_some(())
        })
        .await;
        self.replaced.extend([("41fa0c…", request_id.clone()), ("4f1c…", request_id)]);
    }
}

fn run(folder: &Path, arguments: &[&str]) -> Value {
    let finished = Finished::of(mintmark(arguments).arg("--json").current_dir(folder));
    assert_eq!(finished.code, Some(0), "{arguments:?}: {finished:?}");
    finished.json()
}

fn text(document: &Value, pointer: &str) -> String {
    document.pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("no {pointer} in {document}")).to_owned()
}
