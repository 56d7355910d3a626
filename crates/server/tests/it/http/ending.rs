//! Revocation, introspection, gateways and the signed list, on the wire.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use mintmark_core::model::{ResourceUri, Status};
use mintmark_core::registry::{ClientEdit, TokenToRevoke};
use mintmark_verify::{JwkSet, KeySet, KeySource};
use serde_json::{Value, json};

use crate::fixture::{Answer, Connection, KnownClient, PostgresDatabase, TestServer, form, get};

const LEDGER: &str = "https://ledger.mintmark.example";
const LIST: &str = "/.well-known/mintmark-revocations";

impl TestServer {
    async fn about(&self, path: &str, client: &KnownClient, more: &str) -> Answer {
        let body = format!("client_id={}&client_secret={}{more}", client.id, client.secret);
        self.send(form(path, &body)).await
    }

    async fn introspect(&self, client: &KnownClient, token: &str) -> Value {
        let answer = self.about("/oauth/introspect", client, &format!("&token={token}")).await;
        assert_eq!((answer.status, answer.header("cache-control")), (200, Some("no-store")), "{answer:?}");
        answer.json()
    }

    async fn serve(&self, client: &KnownClient, uri: &str) -> String {
        let uri: ResourceUri = uri.parse().unwrap();
        let edit = ClientEdit { serve: vec![uri], ..ClientEdit::default() };
        let id = client.id.parse().unwrap();
        let client = self.registry.edit_client(&"sandbox".parse().unwrap(), &id, &edit).await.unwrap();
        self.poll().await;
        client.serves.last().unwrap().to_string()
    }

    /// The list, with its signature verified as a service does, and its tag.
    async fn list(&self, headers: &str) -> (Value, String) {
        let answer = self.get(LIST, headers).await;
        assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/jwt")), "{answer:?}");
        let tag = answer.header("etag").unwrap().to_owned();
        (self.open(answer.text()).await, tag)
    }

    async fn open(&self, list: &str) -> Value {
        let parts: Vec<&str> = list.split('.').collect();
        let [header, claims, signature] = parts[..] else { panic!("{list}") };
        let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).unwrap();
        let header: Value = serde_json::from_slice(&decode(header)).unwrap();
        assert_eq!(header["typ"], "mintmark-revocations+jwt");
        let published: JwkSet = serde_json::from_slice(&self.get("/.well-known/jwks.json", "").await.body).unwrap();
        let key = KeySet::from(&published).key(header["kid"].as_str().unwrap()).unwrap();
        assert_eq!(header["alg"], key.algorithm().as_str());
        let signed = list.rsplit_once('.').unwrap().0;
        key.verify(signed.as_bytes(), &decode(signature)).unwrap();
        serde_json::from_slice(&decode(claims)).unwrap()
    }
}

#[tokio::test]
async fn a_revoked_token_is_refused_by_introspection_and_by_the_business_api() {
    let server = TestServer::start().await;
    let client = server.world.client("sandbox", "asset");
    let (token, other) = (server.asset_token("sandbox", "asset", "").await, server.asset_token("sandbox", "asset", "").await);
    assert_eq!(server.introspect(client, &token).await["active"], true);
    let businesses = async |token: &str| server.get("/v0/business", &format!("Authorization: Bearer {token}\r\n")).await;
    assert_eq!(businesses(&token).await.status, 200);

    let answer = server.about("/oauth/revoke", client, &format!("&token={token}&token_type_hint=access_token")).await;
    assert_eq!((answer.status, answer.text(), answer.header("cache-control")), (200, "", Some("no-store")));
    server.poll().await;
    assert_eq!(server.introspect(client, &token).await, json!({ "active": false }));
    let refused = businesses(&token).await;
    assert_eq!((refused.status, refused.header("www-authenticate")), (401, Some("Bearer error=\"invalid_token\"")));
    assert_eq!(businesses(&other).await.status, 200);
    assert_eq!(server.introspect(client, &other).await["active"], true);
}

#[tokio::test]
async fn a_revocation_that_changes_nothing_is_answered_like_one_that_does() {
    let server = TestServer::start().await;
    let (client, other) = (server.world.client("sandbox", "asset"), server.world.client("sandbox", "other"));
    let token = server.asset_token("sandbox", "asset", "").await;
    let mut answers = Vec::new();
    for (caller, text) in [(other, &*token), (other, "nonsense"), (client, "a.b.c"), (client, &token), (client, &token)] {
        let was_active = server.introspect(client, &token).await["active"] == true;
        let mut answer = server.about("/oauth/revoke", caller, &format!("&token={text}")).await;
        answer.headers.retain(|(name, _)| !matches!(name.as_str(), "x-request-id" | "date"));
        answers.push((answer.status, answer.headers, answer.body));
        server.poll().await;
        let is_active = server.introspect(client, &token).await["active"] == true;
        assert_eq!(is_active, was_active && (caller.id != client.id || text != token), "{text}");
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
}

#[tokio::test]
async fn errors_have_the_form_of_rfc_6749() {
    let server = TestServer::start().await;
    let client = server.world.client("sandbox", "asset");
    for path in ["/oauth/revoke", "/oauth/introspect"] {
        let error = async |answer: Answer| {
            assert_eq!(answer.header("cache-control"), Some("no-store"), "{answer:?}");
            (answer.status, answer.json()["error"].as_str().unwrap().to_owned())
        };
        let told = |status, code: &str| (status, code.to_owned());
        assert_eq!(error(server.about(path, client, "").await).await, told(400, "invalid_request"));
        assert_eq!(error(server.about(path, client, "&token=a&token=a").await).await, told(400, "invalid_request"));
        assert_eq!(server.about(path, client, "&token=a&other=b&other=c").await.status, 200, "what is unknown is ignored");
        let wrong = server.send(form(path, &format!("client_id={}&client_secret=wrong&token=a", client.id))).await;
        assert!(wrong.header("www-authenticate").unwrap().starts_with("Basic"));
        assert_eq!(error(wrong).await, told(401, "invalid_client"));
        assert_eq!(error(server.send(form(path, "token=a")).await).await, told(401, "invalid_client"));
        let refused = server.get(path, "").await;
        assert_eq!(refused.header("allow"), Some("POST"));
        assert_eq!(error(refused).await, told(405, "invalid_request"));
        let large = server.about(path, client, &format!("&token={}", "a".repeat(70_000))).await;
        assert_eq!(error(large).await, told(400, "invalid_request"));
        // In the URL tokens would be in logs: what is there is not read.
        let body = format!("client_id={}&client_secret={}", client.id, client.secret);
        assert_eq!(error(server.send(form(&format!("{path}?token=a"), &body)).await).await, told(400, "invalid_request"));
        let basic = STANDARD.encode(format!("{}:{}", client.id, client.secret));
        let request = form(path, "token=a").replacen("\r\n", &format!("\r\nAuthorization: Basic {basic}\r\n"), 1);
        assert_eq!(server.send(request).await.status, 200);
    }
}

/// CVE-2020-15223: each call of the store that fails in turn, never a success.
#[tokio::test]
async fn while_the_database_is_away_nothing_is_revoked_and_that_is_told() {
    let Some(database) = PostgresDatabase::make().await else { return };
    let server = TestServer::setup().on(&database).start().await;
    let client = server.world.client("sandbox", "asset");
    let token = server.asset_token("sandbox", "asset", "").await;
    database.go_away().await;
    let answer = server.about("/oauth/revoke", client, &format!("&token={token}")).await;
    assert_eq!((answer.status, answer.header("retry-after")), (503, Some("5")), "{answer:?}");
    assert_eq!(answer.json()["error"], "temporarily_unavailable");
    database.come_back().await;
    server.poll().await;
    assert_eq!(server.introspect(client, &token).await["active"], true);
    let answer = server.about("/oauth/revoke", client, &format!("&token={token}")).await;
    assert_eq!(answer.status, 200);
    server.poll().await;
    assert_eq!(server.introspect(client, &token).await["active"], false);
    server.registry.store.close().await;
    database.remove().await;
}

#[tokio::test]
async fn a_client_turned_off_elsewhere_takes_its_tokens_with_it_after_one_poll() {
    let server = TestServer::start().await;
    let (owner, gateway) = (server.world.client("sandbox", "standard"), server.world.client("sandbox", "other"));
    let token = ledger_token(&server).await;
    assert_eq!(server.introspect(gateway, &token).await, json!({ "active": false }), "it serves nothing yet");
    server.serve(gateway, LEDGER).await;
    let seen = server.introspect(gateway, &token).await;
    assert_eq!((&seen["active"], &seen["aud"], &seen["client_id"]), (&json!(true), &json!(LEDGER), &json!(owner.id)));
    let edit = ClientEdit { status: Some(Status::Disabled), ..ClientEdit::default() };
    let elsewhere = server.other_registry().await;
    elsewhere.edit_client(&"sandbox".parse().unwrap(), &owner.id.parse().unwrap(), &edit).await.unwrap();
    server.poll().await;
    assert_eq!(server.introspect(gateway, &token).await, json!({ "active": false }));
}

#[tokio::test]
async fn the_metadata_names_the_endpoints() {
    let server = TestServer::start().await;
    let metadata = server.get("/.well-known/oauth-authorization-server", "").await.json();
    let issuer = "https://sandbox.mintmark.example";
    assert_eq!(metadata["revocation_endpoint"], format!("{issuer}/oauth/revoke"));
    assert_eq!(metadata["introspection_endpoint"], format!("{issuer}/oauth/introspect"));
    assert_eq!(metadata["mintmark_revocations_uri"], format!("{issuer}{LIST}"));
    for endpoint in ["revocation", "introspection"] {
        let methods = &metadata[format!("{endpoint}_endpoint_auth_methods_supported")];
        assert_eq!(*methods, metadata["token_endpoint_auth_methods_supported"]);
    }
}

async fn ledger_token(server: &TestServer) -> String {
    let client = server.world.client("sandbox", "standard");
    let body =
        format!("grant_type=client_credentials&client_id={}&client_secret={}&resource={LEDGER}", client.id, client.secret);
    let answer = server.send(form("/oauth/token", &body)).await;
    answer.json()["access_token"].as_str().unwrap_or_else(|| panic!("{answer:?}")).to_owned()
}

#[tokio::test]
async fn s5_a_gateway_is_told_whose_request_may_pass_and_what_to_answer_to_others() {
    let server = TestServer::start().await;
    let (gateway, owner) = (server.world.client("sandbox", "other"), server.world.client("sandbox", "standard"));
    let resource = server.serve(gateway, LEDGER).await;
    let token = ledger_token(&server).await;
    let own = format!("Mintmark-Gateway: Basic {}\r\n", STANDARD.encode(format!("{}:{}", gateway.id, gateway.secret)));
    let ask = async |method: &str, target: &str, authorization: &str| {
        let target = format!("/verify/{resource}{target}");
        let request = format!(
            "{method} {target} HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n{own}{authorization}Content-Length: 0\r\n\r\n"
        );
        server.send(request).await
    };
    let bearer = format!("Authorization: Bearer {token}\r\n");
    for (method, target) in [
        ("GET", "?scope=ledger:read+ledger:create"),
        ("DELETE", ""),
        ("POST", "/orders/1?scope=nonsense"),
        ("GET", "/"),
        ("POST", "/?scope=nonsense"),
    ] {
        let answer = ask(method, target, &bearer).await;
        assert_eq!((answer.status, answer.text()), (200, ""), "{method} {target}");
        assert_eq!(answer.header("mintmark-client-id"), Some(owner.id.as_str()));
        assert_eq!(answer.header("mintmark-scope"), Some("ledger:read ledger:create"));
        assert_eq!(answer.header("mintmark-credential-id"), Some(owner.credential_id.as_str()));
        assert_eq!(answer.header("mintmark-tenant-id"), Some(server.world.tenant("Acme").to_string().as_str()));
        assert_eq!(answer.header("mintmark-business-id"), None);
        assert_eq!(answer.header("mintmark-expires-at").unwrap().parse(), Ok(crate::fixture::NOW + 3600));
        assert_eq!(answer.header("mintmark-token-id").unwrap().len(), 22);
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
    let cases = [
        ("", "", 401, Some("Bearer")),
        (
            "",
            "Authorization: Bearer x\r\n",
            401,
            Some("Bearer error=\"invalid_token\", error_description=\"the token is not good here\""),
        ),
        ("?scope=all", bearer.as_str(), 403, Some("Bearer error=\"insufficient_scope\", scope=\"all\"")),
        ("?scope=a&scope=b", &bearer, 400, None),
        ("x", &bearer, 403, None),
    ];
    for (target, authorization, status, challenge) in cases {
        let answer = ask("GET", target, authorization).await;
        assert_eq!((answer.status, answer.header("www-authenticate")), (status, challenge), "{target} {authorization}");
        assert!(!answer.headers.iter().any(|(name, _)| name.starts_with("mintmark-")), "{answer:?}");
    }
    let stranger = server.get(&format!("/verify/{resource}"), &bearer).await;
    assert_eq!((stranger.status, stranger.header("www-authenticate")), (403, None));

    server.clock.advance(241);
    let undecided = ask("GET", "", &bearer).await;
    assert_eq!((undecided.status, undecided.header("retry-after")), (503, Some("5")));
}

async fn revoke(server: &TestServer, jti: &str) {
    let name = "sandbox".parse().unwrap();
    let token = TokenToRevoke { environment: &name, id: jti, client_id: None, expires_at: None };
    server.registry.revoke_token(token).await.unwrap();
}

fn tokens(list: &Value) -> usize {
    list["tokens"].as_object().unwrap().len()
}

#[tokio::test]
async fn s17_the_list_is_signed_complete_and_short_lived_and_continues_where_the_last_one_ended() {
    let server = TestServer::start().await;
    let (empty, tag) = server.list("").await;
    let now = crate::fixture::NOW;
    assert_eq!(
        (&empty["iss"], &empty["iat"], &empty["exp"]),
        (&json!("https://sandbox.mintmark.example"), &json!(now), &json!(now + 60))
    );
    assert_eq!((empty.get("since"), &empty["keys"]), (None, &json!([])));
    let marks = empty["marks"].as_object().unwrap().len();
    assert!(marks > 0, "of what was furnished turned off");
    assert_eq!(tag, format!("\"{}.{}\"", empty["inc"].as_str().unwrap(), empty["seq"]));

    revoke(&server, "one").await;
    server.poll().await;
    server.clock.advance(1);
    let held = format!("If-None-Match: {tag}\r\nPrefer: wait=25\r\n");
    let (delta, next) = server.list(&held).await;
    assert_eq!((&delta["since"], tokens(&delta), &delta["marks"]), (&empty["seq"], 1, &json!({})));
    assert!(delta["seq"].as_u64() > empty["seq"].as_u64());
    let (whole, same) = server.list("").await;
    assert_eq!((tokens(&whole), whole["marks"].as_object().unwrap().len(), &same), (1, marks, &next));
    let (nothing, _) = server.list(&format!("If-None-Match: {next}\r\n")).await;
    assert_eq!((&nothing["since"], tokens(&nothing)), (&whole["seq"], 0), "newly signed all the same");
    let (other, _) = server.list("If-None-Match: \"another.1\"\r\nPrefer: wait=25\r\n").await;
    assert_eq!((other.get("since"), tokens(&other)), (None, 1), "another history's holder gets everything at once");
    let production = server.send_to("production", get(LIST, "")).await;
    assert_ne!(production.header("etag"), None);
}

/// What is signed with the same key for another purpose is no access token.
#[tokio::test]
async fn the_list_itself_is_good_for_nothing_else() {
    let server = TestServer::start().await;
    let client = server.world.client("sandbox", "other");
    let resource = server.serve(client, "https://sandbox.mintmark.example").await;
    let list = server.get(LIST, "").await.text().to_owned();
    assert_eq!(server.introspect(client, &list).await, json!({ "active": false }));
    let bearer = format!("Authorization: Bearer {list}\r\n");
    assert_eq!(server.get("/v0/business", &bearer).await.status, 401);
    let own = format!("Mintmark-Gateway: Basic {}\r\n", STANDARD.encode(format!("{}:{}", client.id, client.secret)));
    assert_eq!(server.get(&format!("/verify/{resource}"), &format!("{own}{bearer}")).await.status, 401);
}

#[tokio::test]
async fn one_who_waits_is_told_when_there_is_something() {
    let server = TestServer::start().await;
    let (_, tag) = server.list("").await;
    let mut waiting = Connection::open(server.address("sandbox")).await;
    let request = format!("GET {LIST} HTTP/1.1\r\nHost: a.example\r\nIf-None-Match: {tag}\r\nPrefer: wait=25\r\n\r\n");
    waiting.write(&request).await;
    crate::fixture::eventually("somebody waits", async || (server.node.revocations.waiting() == 1).then_some(())).await;
    // A change that ends nothing wakes nobody for long.
    server.registry.create_tenant("Newcomer").await.unwrap();
    server.poll().await;
    revoke(&server, "one").await;
    server.clock.advance(1);
    server.poll().await;
    let answer = waiting.answer().await.unwrap();
    assert_eq!(tokens(&server.open(answer.text()).await), 1);
    assert_eq!(server.node.revocations.waiting(), 0);
    assert_eq!(
        server.node.endpoint.directory.revocations().position().0.to_string(),
        answer.header("etag").unwrap().trim_matches('"').rsplit_once('.').unwrap().1
    );
}

#[tokio::test]
async fn a_node_that_is_behind_another_one_catches_up_before_it_answers() {
    let server = TestServer::start().await;
    let (first, _) = server.list("").await;
    revoke(&server, "one").await;
    // As the tag of a node that has applied the change.
    let (history, next) = (first["inc"].as_str().unwrap(), first["seq"].as_u64().unwrap() + 1);
    let request = format!("GET {LIST} HTTP/1.1\r\nHost: a.example\r\nIf-None-Match: \"{history}.{next}\"\r\n\r\n");
    let mut waiting = Connection::open(server.address("sandbox")).await;
    waiting.write(&request).await;
    crate::fixture::eventually("it waits", async || (server.node.revocations.waiting() == 1).then_some(())).await;
    // Another change, so that there is something to tell.
    revoke(&server, "two").await;
    server.clock.advance(1);
    server.poll().await;
    let list = server.open(waiting.answer().await.unwrap().text()).await;
    assert_eq!((&list["since"], tokens(&list)), (&first["seq"], 2), "from what this node told last");
}

#[tokio::test]
async fn who_is_behind_all_that_was_told_lately_gets_everything_and_nobody_chooses_lists() {
    let server = TestServer::start().await;
    let (first, _) = server.list("").await;
    let history = first["inc"].as_str().unwrap();
    let mut told = vec![first["seq"].as_u64().unwrap()];
    for number in 0..20 {
        revoke(&server, &format!("{number}-1")).await;
        revoke(&server, &format!("{number}-2")).await;
        server.poll().await;
        server.clock.advance(1);
        told.push(server.list("").await.0["seq"].as_u64().unwrap());
    }
    let since = async |held: u64| {
        let (list, _) = server.list(&format!("If-None-Match: \"{history}.{held}\"\r\n")).await;
        (list["since"].as_u64(), tokens(&list))
    };
    let [.., before, last] = told[..] else { panic!() };
    assert_eq!(since(last).await, (Some(last), 0));
    assert_eq!(since(before).await, (Some(before), 2));
    assert_eq!(since(last - 1).await, (Some(before), 2), "a position that this node never told");
    assert_eq!(since(told[5]).await, (Some(told[5]), 30), "the oldest that is remembered");
    assert_eq!(since(told[5] - 1).await, (None, 40));
    assert_eq!(since(0).await, (None, 40));
}

#[tokio::test]
async fn those_who_wait_are_let_go_when_the_server_stops() {
    let mut server = TestServer::start().await;
    let (_, tag) = server.list("").await;
    let mut waiting = Connection::open(server.address("sandbox")).await;
    let request = format!("GET {LIST} HTTP/1.1\r\nHost: a.example\r\nIf-None-Match: {tag}\r\nPrefer: wait=25\r\n\r\n");
    waiting.write(&request).await;
    crate::fixture::eventually("somebody waits", async || (server.node.revocations.waiting() == 1).then_some(())).await;
    server.node.announce_stop();
    assert_eq!(waiting.answer().await.unwrap().status, 200);
    server.stop().await;
}

#[tokio::test]
async fn s17_a_node_that_cannot_say_that_nothing_is_missing_says_nothing() {
    let server = TestServer::start().await;
    server.list("").await;
    server.clock.advance(59);
    let (last, _) = server.list("").await;
    assert_eq!(last["exp"], crate::fixture::NOW + 60, "as old as what it knows");
    server.clock.advance(1);
    assert_eq!(server.get(LIST, "").await.status, 503);
    server.poll().await;
    assert_eq!(server.list("").await.0["iat"], crate::fixture::NOW + 60);
}

#[tokio::test]
async fn s17_a_node_that_went_back_tells_nothing_below_what_it_told() {
    let server = TestServer::start().await;
    revoke(&server, "one").await;
    server.poll().await;
    let (before, _) = server.list("").await;
    // As a replica does that was promoted without the last change.
    let path = server.place.path().unwrap();
    let mut back = sqlx::ConnectOptions::connect(&sqlx::sqlite::SqliteConnectOptions::new().filename(path)).await.unwrap();
    let rewind = "DELETE FROM revocation WHERE position = (SELECT position FROM store); \
                  DELETE FROM feed WHERE position = (SELECT position FROM store); \
                  DELETE FROM audit WHERE position = (SELECT position FROM store); \
                  UPDATE store SET position = position - 1, mark = (SELECT mark FROM feed ORDER BY position DESC LIMIT 1)";
    sqlx::raw_sql(rewind).execute(&mut back).await.unwrap();
    server.poll().await;
    server.clock.advance(1);
    assert_eq!(server.get(LIST, "").await.status, 503);
    // Two changes later the position is above it again; whoever holds the old document asks for everything if it can tell.
    for name in ["One", "Two"] {
        server.registry.create_tenant(name).await.unwrap();
    }
    server.poll().await;
    server.clock.advance(1);
    let (after, _) = server.list("").await;
    assert!(after["seq"].as_u64() > before["seq"].as_u64());
    assert_eq!(tokens(&after), 0);
}

/// What is damaged of a mark refuses more, not less.
#[tokio::test]
async fn s11_a_mark_with_damaged_numbers_ends_all_that_is_its() {
    let server = TestServer::start().await;
    let (client, other) = (server.world.client("sandbox", "asset"), server.world.client("sandbox", "rotated"));
    server.registry.revoke_client(&"sandbox".parse().unwrap(), &client.id.parse().unwrap()).await.unwrap();
    server.poll().await;
    let (token, bystander) =
        (server.asset_token("sandbox", "asset", "").await, server.asset_token("sandbox", "rotated", "").await);
    let path = server.place.path().unwrap();
    let mut back = sqlx::ConnectOptions::connect(&sqlx::sqlite::SqliteConnectOptions::new().filename(path)).await.unwrap();
    for column in ["position", "expires_at"] {
        for value in ["-1", "-9223372036854775808"] {
            assert_eq!(server.introspect(client, &token).await["active"], true, "from after the mark");
            let damage = format!(
                "PRAGMA ignore_check_constraints = ON; CREATE TEMP TABLE saved AS SELECT * FROM revocation; \
                 UPDATE revocation SET {column} = {value} WHERE id = '{}'",
                client.id
            );
            sqlx::raw_sql(sqlx::AssertSqlSafe(damage)).execute(&mut back).await.unwrap();
            server.node.endpoint.directory.reread_revocations().await.unwrap();
            let is_ended = server.introspect(client, &token).await["active"] == false;
            assert_eq!(is_ended, column == "position", "{column} = {value}");
            assert_eq!(server.introspect(other, &bystander).await["active"], true, "{column} = {value}");
            let (list, _) = server.list("").await;
            assert!(list["marks"].as_object().unwrap().values().all(|mark| mark[1].as_i64() > Some(crate::fixture::NOW)));
            let mend = "DELETE FROM revocation; INSERT INTO revocation SELECT * FROM saved; DROP TABLE saved";
            sqlx::raw_sql(mend).execute(&mut back).await.unwrap();
            server.node.endpoint.directory.reread_revocations().await.unwrap();
        }
    }
}
