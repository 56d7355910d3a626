//! Clients of other servers, imported and then used as their programs use them, on both engines.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mintmark::import::{Assumed, Format, Read, Source, read};
use mintmark_core::crypto::HashScheme;
use mintmark_core::model::{Credential, EnvironmentName, Position, TenantId};
use mintmark_core::registry::{ImportPlace, ImportVerdict, ImportedClient};
use mintmark_core::store::{Page, Store};

use crate::fixture::{Answer, TestServer, form};

/// What each hash is of. They were made by Django 5.2, with little work.
const SECRET: &str = "django-secret-0123456789";
const HASHES: [(&str, &str); 6] = [
    ("pbkdf2-sha256", "pbkdf2_sha256$1000$U0cM7eIr1x1rkytr5QiOI5$bmhiGYAmE0IDAzGYFwROTuWfHDbSRPnFsEuoKs5DzW0="),
    ("pbkdf2-sha1", "pbkdf2_sha1$1000$8LqBs6LquzB6Pk4VmUFxme$RmXGDj7E2eEQYhRD+CFRqvaXjsU="),
    (
        "argon2id",
        "argon2$argon2id$v=19$m=64,t=1,p=2$eVRJR3A4SlN1SUFXSFVCRzZsdnphSg$46S6fyIQBV+fR/XTiuwaKlia/vXkxtKBk+4c9T0r2aE",
    ),
    ("bcrypt-sha256", "bcrypt_sha256$$2b$04$sSZQKvCJTWx0NiCpC/ObJu1GCvfIIE76AKFdjLBIIZ48hBcfF37b2"),
    ("bcrypt", "bcrypt$$2b$04$8F0xEDeHs3AlPU9NKPKRze4.ts3PjR3gUfXbdPjEM409Y7ceNbGa."),
    (
        "scrypt",
        "scrypt$16$YW1QrJ3uESrfAeRgBKTHKF$8$2$GqQr1QDlv93LW6aJ2TOYLeA8cbQGamsySHVgelmzhLLo+wD18WrVqo/ID3ULQCUgonne8T7TT9g6yrBYFa/imw==",
    ),
];

fn sandbox() -> EnvironmentName {
    "sandbox".parse().unwrap()
}

/// The table of a django-oauth-toolkit server with a client for each hasher, named after its scheme, and one in clear.
fn table() -> String {
    let header = "client_id,client_type,authorization_grant_type,client_secret,name,hash_client_secret";
    let row =
        |id: &str, secret: &str, is_hashed: &str| format!("{id},confidential,client-credentials,{secret},{id},{is_hashed}");
    let mut rows: Vec<String> = HASHES.iter().map(|(id, hash)| row(id, &format!("\"{hash}\""), "t")).collect();
    rows.push(row("clear", SECRET, "f"));
    format!("{header}\n{}\n", rows.join("\n"))
}

async fn import(server: &TestServer, text: &str) -> Vec<ImportedClient> {
    let registry = server.other_registry().await;
    let tenant = registry.store.tenants(Page { after: None::<&TenantId>, limit: 1 }).await.unwrap().remove(0);
    let dialects = vec!["standard".parse().unwrap(), "standard-metrics".parse().unwrap()];
    let place =
        ImportPlace { environment: sandbox(), tenant_id: tenant.id, from: "django-oauth-toolkit", resource: None, dialects };
    let items = read(Format::DjangoOauthToolkit, &Source::of_text(text.to_owned()), &Assumed::default()).unwrap();
    let clients = items.into_iter().map(|item| match item.client {
        Read::Client(client) => *client,
        other => panic!("{other:?}"),
    });
    let import = registry.import(place).await.unwrap();
    let answers = import.run(clients.collect(), false).await.unwrap();
    drop(import);
    registry.store.close().await;
    server.poll().await;
    answers
}

/// As most programs ask: the name and the secret in HTTP Basic.
async fn basic(server: &TestServer, id: &str, secret: &str) -> Answer {
    let credentials = STANDARD.encode(format!("{id}:{secret}"));
    let body = "grant_type=client_credentials";
    let request = format!(
        "POST /oauth/token HTTP/1.1\r\nHost: sandbox.mintmark.example\r\nConnection: close\r\nAuthorization: Basic {credentials}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    server.send(request).await
}

/// As programs of django-oauth-toolkit ask.
async fn django(server: &TestServer, id: &str, secret: &str) -> Answer {
    let body = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}");
    server.send(form("/o/token/", &body)).await
}

async fn credential(server: &TestServer, id: &str) -> Credential {
    server.registry.store.credentials(&sandbox(), &id.parse().unwrap()).await.unwrap().remove(0)
}

fn is_hashed(credential: &Credential) -> bool {
    credential.proof.secret().is_some_and(|secret| HashScheme::of_number(secret.scheme).is_some())
}

async fn clients_keep_their_names_and_secrets_and_hashes_go_with_the_first_token(server: TestServer) {
    let answers = import(&server, &table()).await;
    assert!(answers.iter().all(|answer| answer.verdict == ImportVerdict::Made), "{answers:?}");
    let tokens = server.node.endpoint.directory.clone();
    for (at, id) in HASHES.iter().map(|(id, _)| *id).chain(["clear"]).enumerate() {
        let before = credential(&server, id).await;
        assert_eq!(is_hashed(&before), id != "clear", "{id}");
        assert_eq!(before.imported.as_ref().unwrap().scheme, id);
        assert_eq!(django(&server, id, "other-secret").await.status, 401, "{id}");
        // In either dialect: the hash does not care how the secret came.
        let first = if at % 2 == 0 { django(&server, id, SECRET).await } else { basic(&server, id, SECRET).await };
        assert_eq!(first.status, 200, "{id}: {first:?}");
        tokens.flush_uses().await.unwrap();
        server.poll().await;
        let after = credential(&server, id).await;
        assert!(!is_hashed(&after) && after.imported == before.imported, "{id}: {after:?}");
        assert_eq!(basic(&server, id, SECRET).await.status, 200, "{id}, by the pepper");
        assert_eq!(basic(&server, id, "other").await.status, 401, "{id}, by the pepper");
    }
}

async fn a_second_import_changes_nothing_before_and_after_the_first_tokens(server: TestServer) {
    import(&server, &table()).await;
    let head = || async { server.registry.store.feed(Position(0), 1).await.unwrap().head };
    let before = head().await;
    let again = import(&server, &table()).await;
    assert!(again.iter().all(|answer| answer.verdict == ImportVerdict::Unchanged), "{again:?}");
    assert_eq!(head().await, before);
    assert_eq!(django(&server, "scrypt", SECRET).await.status, 200);
    server.node.endpoint.directory.flush_uses().await.unwrap();
    server.poll().await;
    let after = head().await;
    let again = import(&server, &table()).await;
    assert!(again.iter().all(|answer| answer.verdict == ImportVerdict::Unchanged), "{again:?}");
    assert_eq!((head().await, is_hashed(&credential(&server, "scrypt").await)), (after, false));
    let changed = table().replace(&format!(",{SECRET},"), ",another,");
    let answers = import(&server, &changed).await;
    assert!(matches!(answers[6].verdict, ImportVerdict::Differs(_)), "{answers:?}");
    assert_eq!(head().await, after);
}

macro_rules! on_both_engines {
    ($($case:ident),+ $(,)?) => {
        mod on_sqlite {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    super::$case(crate::fixture::TestServer::start().await).await;
                }
            )+
        }

        mod on_postgres {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    let Some(database) = crate::fixture::PostgresDatabase::make().await else { return };
                    super::$case(crate::fixture::TestServer::setup().on(&database).start().await).await;
                    database.remove().await;
                }
            )+
        }
    };
}

on_both_engines! {
    clients_keep_their_names_and_secrets_and_hashes_go_with_the_first_token,
    a_second_import_changes_nothing_before_and_after_the_first_tokens,
}
