use std::collections::BTreeSet;

use super::read::STATUS;
use super::*;
use crate::document::{Diagnostic, Source, edit};
use crate::random::SeededRandom;

/// A file that uses every key there is, as it is written.
const WHOLE: &str = r#"# A configuration of Mintmark: `mintmark apply` brings an instance to it.
format = 1

[environment]
name = "sandbox"
algorithm = "ES256"
lifetime_max = 86400

[[dialect]]
name = "acme"
file = "acme.toml"
sha256 = "00ff"

[[resource]]
uri = "issuer"
name = "Sandbox \"API\""
scopes = [
    { name = "ledger:read", description = "Read \\ ledgers" },
    { name = "ledger:create" },
]

[[resource]]
uri = "https://reports.example"
name = "Reports"
algorithm = "PS256"
token_format = "opaque"
scopes = []

[[tenant]]
id = "ten_1111111111111111111111"
name = "Bäckerei"
status = "disabled"

[tenant.attributes]
"region.code" = "eu"
size = 7

[tenant.entitlement]
dialects = ["asset"]
lifetime_max = 3600

[tenant.entitlement.grants]
issuer = ["ledger:read"]

[tenant.quota]
per_minute = 600
per_hour = 6000
per_day = 4294967295
mode = "observe"
headers = true

[[business]]
id = "biz_1111111111111111111111"
tenant = "ten_1111111111111111111111"
name = "Shop"
external_id = "7"
status = "disabled"

[business.quota]
per_hour = 1

[[client]]
id = "exporter"
tenant = "ten_1111111111111111111111"
name = "Exporter"
status = "disabled"
dialects = ["standard", "acme"]
businesses = ["biz_1111111111111111111111"]
lifetime_max = 600
token_binding = "dpop"
assertion_audience = "legacy"
profile = "fapi2"
serves = ["issuer", "https://reports.example"]

[client.attributes]
live = true

[client.grants]
issuer = ["ledger:read", "ledger:create"]
"https://reports.example" = []

[client.quota]
per_day = 100
headers = true

[[client.credential]]
id = "crd_1111111111111111111111"
kind = "secret"
expires_at = "2027-01-15T08:00:00Z"
networks = ["10.0.0.0/8", "2001:db8::/32"]
not_before = "2027-01-14T08:00:00Z"
scopes = ["ledger:read"]
businesses = ["biz_1111111111111111111111"]

[[client.credential]]
id = "crd_1111111111111111111112"
kind = "shared_key"

[[client.credential]]
id = "crd_1111111111111111111113"
kind = "public_key"

[client.credential.jwk]
alg = "EdDSA"
crv = "Ed25519"
kid = "a"
kty = "OKP"
use = "sig"
x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"

[[client.credential]]
id = "crd_1111111111111111111114"
kind = "key_set"
uri = "https://client.example/jwks"

[[client.credential]]
id = "crd_1111111111111111111115"
kind = "certificate_name"
subject = "CN=a,O=b"

[[client.credential]]
id = "crd_1111111111111111111116"
kind = "certificate"
sha256 = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE"

[[client.credential]]
id = "crd_1111111111111111111117"
kind = "federated"
issuer = "https://issuer.example"
jwks_uri = "https://issuer.example/keys"
single_use = true

[client.credential.conditions]
"/a~1b/0" = 7
sub = "a"
"#;

fn read(text: &str) -> Result<ConfigurationFile, Vec<Diagnostic>> {
    let source = Source { name: "sandbox.toml".to_owned(), text: text.to_owned() };
    ConfigurationFile::read(source, &SeededRandom::new(1))
}

fn mistakes(text: &str) -> Vec<String> {
    read(text).map_or_else(|found| found.iter().map(ToString::to_string).collect(), |_| Vec::new())
}

#[test]
fn a_file_is_written_as_it_was_read() {
    let file = read(WHOLE).unwrap_or_else(|found| panic!("{found:#?}"));
    assert_eq!(file.configuration.to_toml(), WHOLE);
    let again = read(&file.configuration.to_toml()).unwrap();
    assert_eq!(again.configuration, file.configuration);
}

#[test]
fn texts_of_all_kinds_come_back() {
    let mut configuration = read(WHOLE).unwrap().configuration;
    for text in ["", "a\"b\\c", "\u{7f}\u{1}\n\t", "ü 𝄞 \u{2028}", "'''", "${x} # no comment", "]\n[client]"] {
        text.clone_into(&mut configuration.resources[0].name);
        configuration.resources[0].scopes[0].description = text.to_owned();
        let again = read(&configuration.to_toml()).unwrap_or_else(|found| panic!("{text:?}: {found:?}"));
        assert_eq!(again.configuration, configuration, "{text:?}");
    }
}

/// Keys that may be left out, and then have their defaults.
const OPTIONAL: [&str; 43] = [
    "environment.algorithm",
    "environment.lifetime_max",
    "dialect",
    "dialect.*.file",
    "dialect.*.sha256",
    "resource",
    "resource.*.algorithm",
    "resource.*.token_format",
    "resource.*.scopes.*.description",
    "tenant",
    "tenant.*.status",
    "tenant.*.attributes",
    "tenant.*.attributes.*",
    "tenant.*.entitlement",
    "tenant.*.entitlement.*",
    "tenant.*.entitlement.grants.*",
    "tenant.*.quota",
    "tenant.*.quota.*",
    "business",
    "business.*.external_id",
    "business.*.status",
    "business.*.quota",
    "business.*.quota.*",
    "client",
    "client.*.status",
    "client.*.lifetime_max",
    "client.*.token_binding",
    "client.*.assertion_audience",
    "client.*.profile",
    "client.*.serves",
    "client.*.attributes",
    "client.*.attributes.*",
    "client.*.grants",
    "client.*.grants.*",
    "client.*.quota",
    "client.*.quota.*",
    "client.*.credential",
    "client.*.credential.*.expires_at",
    "client.*.credential.*.networks",
    "client.*.credential.*.not_before",
    "client.*.credential.*.scopes",
    "client.*.credential.*.businesses",
    "client.*.credential.*.jwks_uri",
];
/// The same of what a credential of one kind has, and of members that a public key may lack.
const OF_KINDS: [&str; 5] = [
    "client.*.credential.*.single_use",
    "client.*.credential.*.jwk.alg",
    "client.*.credential.*.jwk.kid",
    "client.*.credential.*.jwk.use",
    "client.*.credential.*.conditions.*",
];
/// Tables whose keys are names of the writer's choice.
const OWN_NAMES: [&str; 7] = [
    "tenant.*.attributes.*",
    "tenant.*.entitlement.grants.*",
    "client.*.attributes.*",
    "client.*.grants.*",
    "client.*.credential.*.jwk.*",
    "client.*.credential.*.conditions.*",
    "format",
];

#[test]
fn every_key_that_is_left_out_misspelt_or_of_another_kind_is_told_with_its_line() {
    let source = std::sync::Arc::new(Source { name: "sandbox.toml".to_owned(), text: WHOLE.to_owned() });
    let document = crate::document::Document::parse(&source, &crate::document::Diagnostics::default()).unwrap();
    let told = |document: &crate::document::Document| {
        let diagnostics = crate::document::Diagnostics::default();
        let _ = super::read::read(document, &SeededRandom::new(1), &diagnostics);
        diagnostics.into_sorted()
    };
    assert_eq!(told(&document), []);
    let keys = edit::keys(&document);
    assert!(keys.len() > 90, "{}", keys.len());
    for key in &keys {
        let deleted = told(&edit::delete(&document, key));
        let is_optional = OPTIONAL.iter().chain(&OF_KINDS).any(|pattern| key.is_like(pattern));
        assert_eq!(deleted.is_empty(), is_optional, "{key} deleted: {deleted:?}");
        if !OWN_NAMES.iter().any(|pattern| key.is_like(pattern)) {
            let misspelt = told(&edit::misspell(&document, key));
            assert!(
                misspelt.iter().any(|one| one.line == key.line && one.message.contains("not known here")),
                "{key}: {misspelt:?}"
            );
        }
        let is_of_any_kind = ["tenant.*.attributes.*", "client.*.attributes.*", "client.*.credential.*.conditions.*"];
        if !is_of_any_kind.iter().any(|pattern| key.is_like(pattern)) {
            let retyped = told(&edit::retype(&document, key));
            assert!(!retyped.is_empty(), "{key} may be of another kind");
        }
    }
}

#[test]
fn all_mistakes_are_told_in_one_run_with_what_was_expected() {
    let text = r#"format = 1
[environment]
name = "Sand box"
[[resource]]
uri = "reports"
name = "Reports"
scopes = [{ name = "a b" }]
[[tenant]]
name = "Acme"
[[client]]
id = "a"
tenant = "ten_1111111111111111111111"
name = "A"
dialects = []
grant = {}
token_binding = "dpopp"
[client.grants]
issuers = ["x"]
[[client.credential]]
id = "crd_1111111111111111111111"
kind = "secret"
expires_at = 2027-01-15T08:00:00Z
not_before = "2027-01-15"
"#;
    let found = mistakes(text);
    let expected = [
        "sandbox.toml:3:8: `environment.name`: expected 1 to 31 lower-case letters",
        "sandbox.toml:5:7: `resource.uri`: expected an absolute URI",
        "sandbox.toml:7:20: `resource.scopes.name`: expected 1 to 128 characters",
        "sandbox.toml:8:1: `tenant.id` is missing; for a new one take: id = \"ten_",
        "sandbox.toml:10:1: `client.businesses` is missing: expected \"all\" or a list of businesses",
        "sandbox.toml:15:1: `client.grant` is not known here; did you mean `grants`?",
        "sandbox.toml:16:17: `client.token_binding`: expected \"optional\" or \"dpop\"",
        "sandbox.toml:18:1: `client.grants.issuers`: expected an absolute URI",
        "sandbox.toml:22:14: `client.credential.expires_at`: expected a text, found a date",
        "sandbox.toml:23:14: `client.credential.not_before`: expected a moment such as",
    ];
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for (found, expected) in found.iter().zip(expected) {
        assert!(found.starts_with(expected), "{found}\nis not\n{expected}");
    }
}

#[test]
fn what_is_not_toml_or_of_another_form_is_told() {
    assert!(mistakes("format = ")[0].starts_with("sandbox.toml:1:"));
    assert!(mistakes("format = 2\n[environment]\nname = \"a\"")[0].contains("expected a whole number from 1 to 1, found 2"));
}

#[test]
fn mistakes_without_end_come_to_an_end() {
    let text = format!("format = 1\n[environment]\nname = \"a\"\n{}", "[[tenant]]\n".repeat(10_000));
    let count = mistakes(&text).len();
    assert!((100..110).contains(&count), "{count}");
}

#[test]
fn a_private_key_is_neither_taken_nor_told() {
    let text = WHOLE.replace("kid = \"a\"", "d = \"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A\"");
    let found = mistakes(&text);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with("sandbox.toml:99:1: `client.credential.kind`") && !found[0].contains("nWGxne"), "{found:?}");
}

#[test]
fn differences_name_what_came_and_went_in_lists() {
    let before = read(WHOLE).unwrap().configuration.clients.remove(0);
    let mut after = before.clone();
    after.grants.insert(ResourceName::Own, vec!["ledger:create".parse().unwrap(), "edit".parse().unwrap()]);
    after.lifetime_max = None;
    after.dialects.reverse();
    let found = differences(Some(&before.block()), Some(&after.block()));
    let found: Vec<_> = found.iter().map(|one| (one.field.as_str(), one.before.as_deref(), one.after.as_deref())).collect();
    let expected = [
        ("dialects", Some(r#"["standard", "acme"]"#), Some(r#"["acme", "standard"]"#)),
        ("grants.issuer", Some(r#""ledger:read""#), None),
        ("grants.issuer", None, Some(r#""edit""#)),
        ("lifetime_max", Some("600"), None),
    ];
    assert_eq!(found, expected);
}

#[test]
fn words_are_those_of_the_model() {
    let known: BTreeSet<_> = STATUS.iter().map(|(word, status)| (*word, status.as_str())).collect();
    assert!(known.iter().all(|(word, other)| word == other));
}
