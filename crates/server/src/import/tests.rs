mod foreign;

use mintmark_core::registry::ProofToImport;

use super::*;

/// Made by Django 5.2 of the secret `django-secret-0123456789`, with little work where it lets one choose.
const DJANGO: [(&str, &str, &str); 6] = [
    (
        "pbkdf2_sha256",
        "pbkdf2_sha256$1000$U0cM7eIr1x1rkytr5QiOI5$bmhiGYAmE0IDAzGYFwROTuWfHDbSRPnFsEuoKs5DzW0=",
        "pbkdf2-sha256",
    ),
    ("pbkdf2_sha1", "pbkdf2_sha1$1000$8LqBs6LquzB6Pk4VmUFxme$RmXGDj7E2eEQYhRD+CFRqvaXjsU=", "pbkdf2-sha1"),
    (
        "argon2",
        "argon2$argon2id$v=19$m=64,t=1,p=2$eVRJR3A4SlN1SUFXSFVCRzZsdnphSg$46S6fyIQBV+fR/XTiuwaKlia/vXkxtKBk+4c9T0r2aE",
        "argon2id",
    ),
    ("bcrypt_sha256", "bcrypt_sha256$$2b$04$sSZQKvCJTWx0NiCpC/ObJu1GCvfIIE76AKFdjLBIIZ48hBcfF37b2", "bcrypt-sha256"),
    ("bcrypt", "bcrypt$$2b$04$8F0xEDeHs3AlPU9NKPKRze4.ts3PjR3gUfXbdPjEM409Y7ceNbGa.", "bcrypt"),
    (
        "scrypt",
        "scrypt$16$YW1QrJ3uESrfAeRgBKTHKF$8$2$GqQr1QDlv93LW6aJ2TOYLeA8cbQGamsySHVgelmzhLLo+wD18WrVqo/ID3ULQCUgonne8T7TT9g6yrBYFa/imw==",
        "scrypt",
    ),
];

pub(super) fn read_text(format: Format, text: &str) -> Vec<Item> {
    read(format, &Source::of_text(text.to_owned()), &Assumed::default()).unwrap()
}

pub(super) fn refused(format: Format, text: &str) -> String {
    read(format, &Source::of_text(text.to_owned()), &Assumed::default()).unwrap_err().0
}

pub(super) fn client(item: &Item) -> &ClientToImport {
    match &item.client {
        Read::Client(client) => client,
        other => panic!("{}: {other:?}", item.place),
    }
}

pub(super) fn bad(item: &Item) -> &str {
    match &item.client {
        Read::Bad(why) => why,
        other => panic!("{}: {other:?}", item.place),
    }
}

/// What proves a client, in words.
pub(super) fn proofs(client: &ClientToImport) -> Vec<String> {
    let word = |proof: &ProofToImport| match proof {
        ProofToImport::Secret(secret) => format!("clear {}", secret.expose()),
        ProofToImport::Hash(hash) => hash.scheme().name().to_owned(),
        ProofToImport::Other(proof) => proof.kind().as_str().to_owned(),
    };
    client.credentials.iter().map(|credential| word(&credential.proof)).collect()
}

pub(super) fn left_out(item: &Item) -> Vec<&str> {
    item.left_out.iter().map(|left| left.what.as_str()).collect()
}

fn application(id: &str, secret: &str, more: &str) -> String {
    format!(
        r#"{{"model": "oauth2_provider.application", "pk": 1, "fields": {{"client_id": "{id}", "client_secret": "{secret}",
        "client_type": "confidential", "authorization_grant_type": "client-credentials", "name": "Export",
        "redirect_uris": "", "skip_authorization": false, "created": "2026-01-01T00:00:00Z", "algorithm": ""{more}}}}}"#
    )
}

#[test]
fn djangos_hashers_are_read_from_dumpdata() {
    let objects: Vec<String> = DJANGO.iter().map(|(id, hash, _)| application(id, hash, "")).collect();
    let items = read_text(Format::DjangoOauthToolkit, &format!("[{}]", objects.join(",\n")));
    let secret = mintmark_core::crypto::SecretText::new("django-secret-0123456789".to_owned());
    for (item, (id, _, scheme)) in items.iter().zip(DJANGO) {
        let client = client(item);
        assert_eq!((client.id.as_str(), proofs(client)), (id, vec![scheme.to_owned()]));
        let ProofToImport::Hash(hash) = &client.credentials[0].proof else { panic!("{id}") };
        assert!(hash.is_of(&secret), "{id}");
    }
}

#[test]
fn what_django_kept_in_clear_or_cannot_be_verified_is_told_apart() {
    let clear = r#", "hash_client_secret": false"#;
    let text = [
        application("old", "in-clear$with-dollars", ""),
        application("told", DJANGO[0].1, clear),
        application("md5", "md5$salt$7fe175a4fbb5e03b60db482480a4bade", ""),
        application("costly", "pbkdf2_sha256$9000000$salt$bmhiGYAmE0IDAzGYFwROTuWfHDbSRPnFsEuoKs5DzW0=", ""),
        application("broken", "pbkdf2_sha256$1000$salt", ""),
        application("none", "", ""),
        application("foreign", "own_hasher$1$c2FsdA==$aGFzaA==", r#", "hash_client_secret": true"#),
    ];
    let items = read_text(Format::DjangoOauthToolkit, &format!("[{}]", text.join(",")));
    assert_eq!(proofs(client(&items[0])), ["clear in-clear$with-dollars"]);
    assert_eq!(proofs(client(&items[1])), [format!("clear {}", DJANGO[0].1)], "the server was told not to hash");
    assert!(bad(&items[2]).contains("a scheme that cannot be verified"), "{}", bad(&items[2]));
    assert!(bad(&items[3]).contains("9000000 iterations"), "{}", bad(&items[3]));
    assert!(bad(&items[4]).contains("ITERATIONS$SALT$HASH"), "{}", bad(&items[4]));
    assert!(bad(&items[5]).contains("there is none"), "{}", bad(&items[5]));
    assert!(bad(&items[6]).contains("a hash of a kind that is not known"), "{}", bad(&items[6]));
}

#[test]
fn other_objects_grants_and_public_clients_of_django_are_skipped() {
    let user = r#"{"model": "auth.user", "pk": 1, "fields": {"username": "ann"}}"#;
    let code = application("code", "s", "").replace("client-credentials", "authorization-code");
    let public = application("public", "s", "").replace("confidential", "public");
    let redirects = application("both", "s", "").replace(r#""redirect_uris": """#, r#""redirect_uris": "https://a.example""#);
    let items = read_text(Format::DjangoOauthToolkit, &format!("[{user},\n{code},\n{public},\n{redirects}]"));
    assert_eq!(items.len(), 3, "users are no clients");
    assert!(items[..2].iter().all(|item| matches!(item.client, Read::Skipped(_))));
    assert_eq!(left_out(&items[2]), ["redirect_uris"]);
}

#[test]
fn djangos_table_is_read_as_csv_and_as_pg_dump_writes_it() {
    let csv = "id,client_id,client_type,authorization_grant_type,client_secret,name,hash_client_secret\n\
               1,one,confidential,client-credentials,\"se\"\"cret\",Bob,f\n\
               2,two,confidential,client-credentials,short\n\
               3,three,confidential,client-credentials,x,\"A, B\",maybe\n";
    let items = read_text(Format::DjangoOauthToolkit, csv);
    assert_eq!(proofs(client(&items[0])), ["clear se\"cret"]);
    assert_eq!((items[1].place.as_str(), bad(&items[1])), ("line 3", "expected 7 fields, there are 5"));
    assert_eq!((items[2].place.as_str(), bad(&items[2])), ("line 4", "hash_client_secret: expected true or false"));

    let dump = "--\n-- PostgreSQL database dump\n--\nSET client_encoding = 'UTF8';\n\n\
        COPY public.other (id) FROM stdin;\n1\n\\.\n\n\
        COPY public.oauth2_provider_application (id, client_id, redirect_uris, client_type, authorization_grant_type, \
        client_secret, name, user_id, hash_client_secret) FROM stdin;\n\
        1\tone\t\tconfidential\tclient-credentials\tse\\tc\\\\ret\tBob\t\\N\tf\n\
        2\ttwo\t\\N\tconfidential\n\
        \\.\n\nSELECT 1;\n";
    let items = read_text(Format::DjangoOauthToolkit, dump);
    assert_eq!((proofs(client(&items[0])), items.len()), (vec!["clear se\tc\\ret".to_owned()], 2));
    assert_eq!((items[1].place.as_str(), bad(&items[1])), ("line 12", "expected 9 fields, there are 4"));
    let cut = dump.split("\\.\n\nSELECT").next().unwrap();
    assert!(refused(Format::DjangoOauthToolkit, cut).contains("breaks off"));
}

const OF_SQLITE: &str = r#"PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE IF NOT EXISTS "other" ("id" integer, "text" varchar(9) CHECK ("text" IN ('a;', ')')));
INSERT INTO other VALUES(1,'it''s; INSERT INTO oauth2_provider_application VALUES(9,''nine'');
INSERT INTO oauth2_provider_application VALUES(8);');
CREATE TABLE IF NOT EXISTS "oauth2_provider_application" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "client_id" varchar(100)
  NOT NULL UNIQUE, "redirect_uris" text NOT NULL, "client_type" varchar(32) DEFAULT ('a,b'), "authorization_grant_type" varchar(32),
  "client_secret" varchar(255), "hash_client_secret" bool NOT NULL, UNIQUE ("client_id"));
INSERT INTO oauth2_provider_application VALUES(1,'one','','confidential','client-credentials','it''s \one',0);
INSERT INTO oauth2_provider_application VALUES(2,'two',replace('https://a.example\nhttps://b.example','\n',char(10)),
  'confidential','client-credentials',unistr('\u00e9\000a\\'),0);
INSERT INTO oauth2_provider_application VALUES(3,'three',lower('X'),'confidential','client-credentials','x',0);
INSERT INTO oauth2_provider_application VALUES(4,'four');
CREATE UNIQUE INDEX "i" ON "oauth2_provider_application" ("client_id");
COMMIT;
"#;

const OF_MYSQL: &str = r"-- MySQL dump 10.13
/*!40101 SET NAMES utf8mb4 */;
DROP TABLE IF EXISTS `oauth2_provider_application`;
CREATE TABLE `oauth2_provider_application` (
  `id` bigint NOT NULL AUTO_INCREMENT,
  `client_id` varchar(100) NOT NULL,
  `key` varchar(9) DEFAULT NULL COMMENT 'a, b) c',
  `client_type` varchar(32) NOT NULL,
  `authorization_grant_type` varchar(32) NOT NULL,
  `client_secret` varchar(255) NOT NULL,
  `hash_client_secret` tinyint(1) NOT NULL,
  PRIMARY KEY (`id`),
  KEY `user` (`client_id`)
) ENGINE=InnoDB;
LOCK TABLES `oauth2_provider_application` WRITE;
INSERT INTO `oauth2_provider_application` VALUES
(1,'one',NULL,'confidential','client-credentials','a\'b\\\n;',0),
(2,'two','x','confidential','client-credentials',_utf8mb4 'two),(3',0);
UNLOCK TABLES;
";

#[test]
fn the_inserts_of_a_dump_of_sqlite_are_read_and_no_value_passes_for_a_statement() {
    let items = read_text(Format::DjangoOauthToolkit, OF_SQLITE);
    assert_eq!(items.len(), 4);
    assert_eq!(proofs(client(&items[0])), ["clear it's \\one"]);
    assert_eq!((proofs(client(&items[1])), left_out(&items[1])), (vec!["clear é\n\\".to_owned()], vec!["redirect_uris"]));
    assert_eq!((items[2].place.as_str(), bad(&items[2])), ("line 12", "value 3: expected a literal"));
    assert_eq!(bad(&items[3]), "expected 7 values, there are 2");
}

#[test]
fn the_inserts_of_a_dump_of_mysql_are_read_with_its_escapes() {
    let items = read_text(Format::DjangoOauthToolkit, OF_MYSQL);
    assert_eq!(items.len(), 2);
    assert_eq!(proofs(client(&items[0])), ["clear a'b\\\n;"]);
    assert_eq!((items[1].place.as_str(), proofs(client(&items[1]))), ("line 18", vec!["clear two),(3".to_owned()]));
}

#[test]
fn escapes_of_mysql_are_read_without_backticks_and_refused_where_they_cannot_be_told() {
    let columns = "(client_id, client_type, authorization_grant_type, client_secret, name, hash_client_secret)";
    let insert = |name: &str| {
        let insert = format!("INSERT INTO oauth2_provider_application {columns} VALUES ");
        let planted = format!("{insert}(''planted'',''confidential'',''client-credentials'',''x'','''',0);");
        format!("{insert}('one','confidential','client-credentials','s','{name}{planted}--',0);\n")
    };
    let of_mysql = format!("-- MySQL dump 10.13\n{}", insert("x\\');"));
    let items = read_text(Format::DjangoOauthToolkit, &of_mysql.replace("''planted''", "\\'planted\\'"));
    assert!(items.len() <= 1, "{}", items.len());
    assert!(refused(Format::DjangoOauthToolkit, &insert("x\\');")).contains("a string ends in \\"));
    let half = insert("").replace("'s'", "0x6d79").replace("--", "");
    assert_eq!(bad(&read_text(Format::DjangoOauthToolkit, &half)[0]), "value 4: expected a literal");
    let deep = format!("{}'a'{}", "replace(".repeat(100_000), ",'b',char(1))".repeat(100_000));
    let deep = format!("INSERT INTO oauth2_provider_application {columns} VALUES ({deep});");
    assert_eq!(read_text(Format::DjangoOauthToolkit, &deep).len(), 1);
}

#[test]
fn inserts_of_pg_dump_are_read_with_names_and_refused_without() {
    let named = "\\restrict abc\nSET x = 1;\nCREATE FUNCTION f() AS $x$ it's; $x$;\n\
                 INSERT INTO public.oauth2_provider_application (client_id, client_type, authorization_grant_type, client_secret, \
                 hash_client_secret) OVERRIDING SYSTEM VALUE VALUES ('one', 'confidential', 'client-credentials', E'a\\tb', false);\n";
    assert_eq!(proofs(client(&read_text(Format::DjangoOauthToolkit, named)[0])), ["clear a\tb"]);
    let unnamed = "INSERT INTO public.oauth2_provider_application VALUES (1, 'one');\n";
    assert!(refused(Format::DjangoOauthToolkit, unnamed).contains("no CREATE TABLE oauth2_provider_application"));
    let cut = &named[..named.len() - 12];
    assert!(refused(Format::DjangoOauthToolkit, cut).contains("breaks off"));
    assert!(refused(Format::DjangoOauthToolkit, "SET x = 1;\n").contains("no rows of oauth2_provider_application"));
}

#[test]
fn a_table_that_has_rows_in_two_schemas_is_refused_and_both_are_named() {
    const COLUMNS: &str = "(client_id, client_type, authorization_grant_type, client_secret, hash_client_secret)";
    let insert = |table: &str, id: &str| {
        format!("INSERT INTO {table} {COLUMNS} VALUES ('{id}', 'confidential', 'client-credentials', 's', false);\n")
    };
    let copy = |table: &str, ids: &[&str]| {
        let rows: String = ids.iter().map(|id| [*id, "\tconfidential\tclient-credentials\ts\tf\n"].concat()).collect();
        format!("COPY {table} {COLUMNS} FROM stdin;\n{rows}\\.\n")
    };
    let table = "oauth2_provider_application";
    let qualified = |schema: &str| format!("{schema}.{table}");
    let head = "-- PostgreSQL database dump\n";
    for (text, first, second) in [
        (insert(&qualified("acme"), "one") + &insert(&qualified("globex"), "two"), "acme", "globex"),
        (copy(&qualified("acme"), &["one"]) + &copy(&qualified("\"Globex\""), &["two"]), "acme", "Globex"),
        (copy(&qualified("acme"), &["one"]) + &insert(&qualified("globex"), "two"), "acme", "globex"),
        (format!("USE `acme`;\n{}USE `globex`;\n{}", insert(table, "one"), insert(table, "two")), "acme", "globex"),
        (
            format!("SET search_path = acme, pg_catalog;\n{}", copy(table, &["one"]))
                + &format!("SET search_path TO globex;\n{}", copy(table, &["two"])),
            "acme",
            "globex",
        ),
    ] {
        let said = refused(Format::DjangoOauthToolkit, &format!("{head}{text}"));
        assert!(said.contains(&format!("rows in two schemas, {first:?} and {second:?}")) && said.contains("line "), "{said}");
    }
    // Of one schema alone, however often it is named; an empty namesake does not matter.
    let again = insert(&qualified("acme"), "one") + &insert(&qualified("acme"), "two");
    let empty = copy(&qualified("public"), &[]) + &copy(&qualified("acme"), &["one", "two"]) + &copy(&qualified("z"), &[]);
    for text in [again, empty] {
        assert_eq!(read_text(Format::DjangoOauthToolkit, &format!("{head}{text}")).len(), 2, "{text}");
    }
}

#[test]
fn mintmarks_own_columns_are_read_and_bad_rows_told_by_line() {
    let hash = "$2a$04$UD.L9ilsV8K.fc8/UVG4luXjjAHmSos2cBMR8sGh.LtQBypIYh1z.";
    let csv = format!(
        "client_id,client_secret,secret_hash,name,scopes,lifetime,status,jwks_uri,certificate_subject\n\
         one,secret,,First,read  write,600,,,\n\
         two,,{hash},,,,disabled,,\n\
         three,,,,,,,https://three.example/jwks,\n\
         four,,,,,,,,\"CN=four,O=x\"\n\
         five,,$1$abc$def,,,,,,\n\
         six,s,,,,soon,,,\n\
         seven,s,,,,,sleeping,,\n\
         one,secret,,,,,,,\n\
         ,secret,,,,,,,\n"
    );
    let items = read_text(Format::Csv, &csv);
    let first = client(&items[0]);
    assert_eq!((first.name.as_deref(), first.lifetime_max, first.scopes.len()), (Some("First"), Some(600), 2));
    assert_eq!((proofs(client(&items[1])), client(&items[1]).status.as_str()), (vec!["bcrypt".to_owned()], "disabled"));
    assert_eq!(proofs(client(&items[2])), ["key_set"]);
    assert_eq!(proofs(client(&items[3])), ["certificate_name"]);
    assert!(bad(&items[4]).starts_with("secret_hash: the hash is of a scheme"), "{}", bad(&items[4]));
    assert_eq!((items[5].place.as_str(), bad(&items[5])), ("line 7", "lifetime: expected a whole number"));
    assert_eq!(bad(&items[6]), "status: expected active or disabled");
    assert_eq!(bad(&items[7]), "the client_id is there already, at line 2");
    assert_eq!(bad(&items[8]), "client_id: expected 1 to 128 printable ASCII characters");
    let why = refused(Format::Csv, "client_id,sekret\none,two\n");
    assert!(why.contains("no column \"sekret\"") && why.contains("client_secret"), "{why}");
    assert!(refused(Format::Csv, "one,two\n").contains("client_id among them"));
}

#[test]
fn mintmarks_own_json_is_read_and_mistakes_told_by_line_and_place() {
    let text = r#"[
  {"client_id": "one", "client_secret": "secret", "scopes": ["read", "wri te"], "lifetime": 60},
  {"client_id": "two", "scopes": "read write", "jwks": {"keys": [
     {"kty": "OKP", "crv": "Ed25519", "kid": "k1", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},
     {"kty": "OKP", "crv": "Ed25519", "kid": "k2", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "d": "AAAA"},
     {"kty": "oct", "kid": "k3", "k": "AAAA"}]}},
  {"client_id": "three", "client_secret": 7},
  {"client_id": "four", "secret": "x"},
  "five"
]"#;
    let items = read_text(Format::Json, text);
    assert_eq!((client(&items[0]).scopes.len(), left_out(&items[0])), (1, vec!["scope"]));
    assert_eq!((proofs(client(&items[1])), left_out(&items[1])), (vec!["public_key".to_owned()], vec!["key k2", "key k3"]));
    let places: Vec<&str> = items.iter().map(|item| item.place.as_str()).collect();
    assert_eq!(places, ["line 2 ([0])", "line 3 ([1])", "line 7 ([2])", "line 8 ([3])", "line 9 ([4])"]);
    assert!(bad(&items[2]).contains("another type") && !bad(&items[2]).contains('7'), "{}", bad(&items[2]));
    assert!(bad(&items[3]).contains("unknown field `secret`"), "{}", bad(&items[3]));
    assert!(bad(&items[4]).contains("another type"), "{}", bad(&items[4]));
    assert!(refused(Format::Json, "{}").contains("expected a list of clients"));
    assert!(refused(Format::Json, "[{").contains("breaks off"));
}

#[test]
fn what_is_said_of_a_bad_row_holds_nothing_secret() {
    let json =
        r#"[{"client_id": {"hunter2": 1}}, {"client_id": "a", "lifetime": "hunter2"}, {"client_id": "a", "jwks": "hunter2"}]"#;
    let csv = "client_id,client_secret,lifetime,jwks\na,hunter2,hunter2,\nb,hunter2,,hunter2\nc,hunter2\n";
    for (format, text) in [(Format::Json, json), (Format::Csv, csv)] {
        for item in read_text(format, text) {
            assert!(!bad(&item).contains("hunter2"), "{}", bad(&item));
        }
    }
}

#[test]
fn scopes_are_assumed_where_a_file_says_nothing_of_them() {
    let assumed = Assumed { scopes: Some(ScopeSet::parse("read write").unwrap()), audience: None };
    let source = Source::of_text(r#"[{"client_id": "one"}, {"client_id": "two", "scopes": []}]"#.to_owned());
    let items = read(Format::Json, &source, &assumed).unwrap();
    assert_eq!((client(&items[0]).scopes.len(), client(&items[1]).scopes.len()), (2, 0));
}

#[test]
fn a_name_that_is_too_long_is_cut_and_it_is_told() {
    let text = format!(r#"[{{"client_id": "one", "name": "{}"}}]"#, "é".repeat(255));
    let items = read_text(Format::Json, &text);
    assert_eq!(client(&items[0]).name.as_ref().unwrap().chars().count(), 200);
    assert_eq!(left_out(&items[0]), ["a part of the name"]);
}
