//! People and programs that manage a server, made and ended on the command line.

use std::path::Path;
use std::sync::Arc;

use mintmark::clock::SystemClock;
use mintmark::store::{OpenOptions, SqlStore, StoreKind, StorePlace};
use mintmark_core::clock::Clock;
use mintmark_core::crypto::{RootKeys, SecretText};
use mintmark_core::dialect::DialectSet;
use mintmark_core::management::{Acceptance, AcceptanceMeans, Management, NewSession, Origin, Visitor};
use mintmark_core::random::SystemRandom;
use mintmark_core::registry::{Actor, Registry};
use serde_json::Value;

use crate::fixture::{Finished, code, mintmark};

const PASSWORD: &str = "correct horse battery";
const ADMIN: &str = "https://admin.example";

/// A server that was made and does not run.
struct Deployment {
    folder: tempfile::TempDir,
}

impl Deployment {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("server");
        Finished::good(&["init", place.to_str().unwrap(), "--environment", "production=https://auth.example"]);
        Self { folder }
    }

    fn path(&self) -> std::path::PathBuf {
        self.folder.path().join("server")
    }

    fn json(&self, words: &[&str]) -> Value {
        let config = self.path().join("mintmark.toml");
        Finished::good(&[words, &["--json", "--config", config.to_str().unwrap()]].concat()).json()
    }

    fn fails(&self, words: &[&str]) -> String {
        let config = self.path().join("mintmark.toml");
        let finished = Finished::of(&mut mintmark(&[words, &["--config", config.to_str().unwrap()]].concat()));
        assert_eq!(finished.code, Some(1), "{words:?}");
        finished.stderr
    }

    async fn management(&self) -> Management<SqlStore> {
        management_of(&self.path()).await
    }
}

async fn management_of(folder: &Path) -> Management<SqlStore> {
    let (clock, random) = (Arc::new(SystemClock), Arc::new(SystemRandom));
    let place = StorePlace::file(folder.join("mintmark.db"));
    let options = OpenOptions { create: false, kind: Some(StoreKind::Serve), clock: clock.clone(), random: random.clone() };
    let store = Arc::new(SqlStore::open(&place, options).await.unwrap());
    let root_keys = RootKeys::parse(&std::fs::read_to_string(folder.join("root-keys.toml")).unwrap()).unwrap();
    store.link_audit_with(root_keys.audit_keys());
    let dialects = DialectSet::load(&[]).unwrap();
    let actor = Actor::local("a test");
    let registry = Registry { store, clock, random, root_keys: Arc::new(root_keys), dialects, actor };
    Management::new(registry, Origin::parse(ADMIN).unwrap())
}

/// Accepts an invitation; gives the session and the secret for codes.
async fn accept(management: &Management<SqlStore>, token: &str) -> (NewSession, String) {
    let token = SecretText::new(token.to_owned());
    let view = management.view_invitation(&token, Visitor::default()).await.unwrap();
    let secret = view.totp.secret.expose().to_owned();
    let password = SecretText::new(PASSWORD.to_owned());
    let code = code(&secret, SystemClock.now());
    let means = AcceptanceMeans::Password { password: &password, handle: &view.totp.handle, code: &code };
    let acceptance = Acceptance { name: "Ann", email: None, means };
    (management.accept_invitation(&token, &acceptance, Visitor::default()).await.unwrap(), secret)
}

#[tokio::test]
async fn somebody_is_invited_signs_in_and_is_put_out_on_the_command_line() {
    let deployment = Deployment::new();
    deployment.json(&["tenant", "create", "Acme"]);
    let invited =
        deployment.json(&["member", "add", "Ann@example.org", "--role", "owner", "--tenant", "Acme", "--origin", ADMIN]);
    let token = invited["token"].as_str().unwrap();
    assert_eq!(invited["link"], format!("{ADMIN}/invitation/{token}"));
    assert!(invited["invitation"].get("digest").is_none());
    assert_eq!(deployment.json(&["member", "list"]), serde_json::json!([]));
    let management = deployment.management().await;
    let (session, secret) = accept(&management, token).await;
    let is_in = async || management.session(&session.token, SystemClock.now()).await.unwrap().is_some();
    assert!(is_in().await);

    let listed = deployment.json(&["member", "list", "--tenant", "Acme"]);
    assert_eq!((&listed[0]["email"], &listed[0]["role"]), (&"ann@example.org".into(), &"owner".into()));
    assert!(deployment.fails(&["member", "add", "ann@example.org", "--role", "admin"]).contains("already a member"));
    assert_eq!(deployment.json(&["member", "role", "ann@example.org", "viewer"])["role"], "viewer");
    assert!(!is_in().await, "signed out by the change of the role");
    assert!(deployment.fails(&["member", "role", "ann@example.org", "admin"]).contains("role"));

    // The code of now was used to accept; the next one is within the drift that is allowed.
    let password = SecretText::new(PASSWORD.to_owned());
    let next = code(&secret, SystemClock.now().plus(30));
    let sign_in = management.sign_in_with_password("ann@example.org", &password, &next, Visitor::default());
    let again = sign_in.await.unwrap();
    deployment.json(&["member", "disable", "ann@example.org"]);
    assert!(management.session(&again.token, SystemClock.now()).await.unwrap().is_none());
    let id = listed[0]["id"].as_str().unwrap();
    assert_eq!(deployment.json(&["member", "enable", id])["status"], "active");
    let back = deployment.json(&["member", "reset", "ann@example.org"]);
    assert_eq!(back["link"], Value::Null);
    let (back, _) = accept(&management, back["token"].as_str().unwrap()).await;
    assert_eq!(back.member.id.to_string(), id);
    management.registry.store.close().await;
    assert!(deployment.fails(&["member", "remove", id]).contains("disable it first"));
    deployment.json(&["member", "disable", id]);
    assert_eq!(deployment.json(&["member", "remove", id])["email"], "ann@example.org");
    assert_eq!(deployment.json(&["member", "list"]), serde_json::json!([]));
}

#[tokio::test]
async fn an_admin_is_made_and_comes_back_by_the_machine() {
    let deployment = Deployment::new();
    let code = deployment.json(&["member", "break-glass", "root@example.org"]);
    let management = deployment.management().await;
    let (first, _) = accept(&management, code["code"].as_str().unwrap()).await;
    assert_eq!(deployment.json(&["member", "list"])[0]["role"], "admin");
    let code = deployment.json(&["member", "break-glass", "root@example.org"]);
    let (second, _) = accept(&management, code["code"].as_str().unwrap()).await;
    assert_eq!(second.member.id, first.member.id);
    assert!(management.session(&first.token, SystemClock.now()).await.unwrap().is_none());
    assert!(management.session(&second.token, SystemClock.now()).await.unwrap().is_some());
    assert!(deployment.fails(&["member", "disable", "root@example.org"]).contains("last admin"));
    management.registry.store.close().await;
}

#[tokio::test]
async fn a_program_is_let_in_and_put_out_on_the_command_line() {
    let deployment = Deployment::new();
    let management = deployment.management().await;
    let created = deployment.json(&["management-client", "create", "Terraform", "--role", "auditor"]);
    let (id, secret) = (created["client"]["id"].as_str().unwrap(), created["secret"].as_str().unwrap());
    assert!(created["client"].get("secret").is_none());
    let issue = async |secret: &str| management.issue_token(id, &SecretText::new(secret.to_owned()), None).await;
    let token = issue(secret).await.unwrap().token;
    let is_in = async || management.token_authority(&token).await.unwrap().is_some();
    assert!(is_in().await);
    assert_eq!(deployment.json(&["management-client", "disable", id])["status"], "disabled");
    assert!(!is_in().await);
    assert_eq!(deployment.json(&["management-client", "enable", id])["status"], "active");
    assert!(!is_in().await, "a token that was ended stays so");
    let token = issue(secret).await.unwrap().token;
    let is_in = async || management.token_authority(&token).await.unwrap().is_some();
    assert!(is_in().await);
    let rotated = deployment.json(&["management-client", "rotate", id]);
    assert!(!is_in().await);
    assert!(issue(secret).await.is_err());
    assert!(issue(rotated["secret"].as_str().unwrap()).await.is_ok());
    assert_eq!(deployment.json(&["management-client", "list"])[0]["name"], "Terraform");
    assert!(
        deployment.fails(&["management-client", "create", "x", "--role", "admin", "--tenant", "Acme"]).contains("operator")
    );
    management.registry.store.close().await;
}
