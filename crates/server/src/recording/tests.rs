//! What is kept of exchanges, and what is not (rule S26).

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::{HeaderMap, Method, StatusCode, Uri};
use mintmark_core::dialect::DialectSet;
use mintmark_core::document::Source;
use proptest::prelude::*;

use super::*;
use crate::drafting::draft_from_recordings;

const SECRET: &str = "S3cr3t-of-acme-0123456789";
const CLIENT: &str = "acme-production";

fn map(headers: &[(&str, &str)]) -> HeaderMap {
    headers.iter().map(|(name, value)| (name.parse::<http::HeaderName>().unwrap(), value.parse().unwrap())).collect()
}

fn token() -> String {
    let part = |json: &str| URL_SAFE_NO_PAD.encode(json);
    let claims = r#"{"sub":"acme","iat":1777653568,"exp":1777657168,"aud":["x"],"tenant":{"n":1}}"#;
    format!("{}.{}.c2lnbmF0dXJl", part(r#"{"alg":"RS256","kid":"k-2026","typ":"JWT"}"#), part(claims))
}

/// A request to an endpoint that takes Basic and a form.
fn ask(body: &str, secret: &str) -> (Method, Uri, HeaderMap, String) {
    let basic = format!("Basic {}", STANDARD.encode(format!("{CLIENT}:{secret}")));
    let headers = map(&[
        ("authorization", &basic),
        ("content-type", "application/x-www-form-urlencoded"),
        ("x-correlation-id", "c0rrelation-77"),
        ("user-agent", "acme/1.0"),
    ]);
    (Method::POST, Uri::from_static("/o/tokens/"), headers, body.to_owned())
}

fn record(
    placeholders: &mut Placeholders,
    (method, uri, headers, body): &(Method, Uri, HeaderMap, String),
    (status, answered, text): (u16, &[(&str, &str)], &str),
) -> Exchange {
    let request = SeenRequest { method, uri, headers, body: body.as_bytes() };
    let (status, answered) = (StatusCode::from_u16(status).unwrap(), map(answered));
    keep(placeholders, request, SeenAnswer { status, headers: &answered, body: text.as_bytes() })
}

const JSON: (&str, &str) = ("content-type", "application/json");

/// What a real endpoint answered to five requests.
fn exchanges() -> Vec<Exchange> {
    let mut placeholders = Placeholders::default();
    let good = format!(
        "{{\"access_token\": \"{}\", \"expires_in\": 900, \"token_type\": \"Bearer\", \"scope\": \"all read\", \"app\": \"Acme Ltd\"}}",
        token()
    );
    let echo = ("x-correlation-id", "c0rrelation-77");
    let refused = format!("{{\"error\": \"invalid_client\", \"message\": \"{CLIENT} with {SECRET}-2 is wrong\"}}");
    vec![
        record(&mut placeholders, &ask("grant_type=client_credentials&scope=all+read", SECRET), (200, &[JSON, echo], &good)),
        record(
            &mut placeholders,
            &ask("grant_type=client_credentials", &format!("{SECRET}-2")),
            (401, &[JSON, ("www-authenticate", "Basic realm=\"metrics\"")], &refused),
        ),
        record(
            &mut placeholders,
            &ask("grant_type=password", SECRET),
            (400, &[JSON], "{\"error\": \"unsupported_grant_type\"}"),
        ),
        record(
            &mut placeholders,
            &ask("grant_type=client_credentials&scope=nothing", SECRET),
            (400, &[JSON], "{\"error\": \"invalid_scope\"}"),
        ),
        record(&mut placeholders, &ask("", SECRET), (400, &[JSON], "{\"error\": \"unsupported_grant_type\"}")),
    ]
}

#[test]
fn nothing_secret_is_kept_and_equality_is() {
    let exchanges = exchanges();
    let text: String = exchanges.iter().map(|exchange| serde_json::to_string(exchange).unwrap()).collect();
    for secret in [SECRET, CLIENT, "eyJ", "c2lnbmF0dXJl", "k-2026", "Acme", "c0rrelation", "acme/1.0"] {
        assert!(!text.contains(secret), "{secret}: {text}");
    }
    let first = &exchanges[0];
    assert_eq!(first.request.header("authorization"), Some("Basic {{client_id:1}}:{{client_secret:1}}"));
    assert_eq!(first.request.body, "grant_type=client_credentials&scope=all+read");
    assert_eq!(first.request.header("x-correlation-id"), first.answer.header("x-correlation-id"), "the answer repeats it");
    assert_eq!(
        first.answer.body,
        r#"{"access_token": "{{token:1}}", "expires_in": 900, "token_type": "Bearer", "scope": "all read", "app": "{{value:2}}"}"#
    );
    let shape = first.answer.token.as_ref().unwrap();
    assert_eq!(shape.header, [("alg", "RS256"), ("kid", "text"), ("typ", "JWT")].map(|(a, b)| (a.to_owned(), b.to_owned())));
    assert_eq!(shape.lifetime, Some(3600));
    assert!(shape.claims.contains(&("tenant".to_owned(), "object".to_owned())));
    let second = &exchanges[1];
    assert_eq!(
        second.answer.body,
        r#"{"error": "invalid_client", "message": "{{client_id:1}} with {{client_secret:2}} is wrong"}"#
    );
    assert_eq!(second.answer.header("www-authenticate"), Some("Basic realm=\"metrics\""));
}

#[test]
fn what_stands_in_an_unexpected_place_is_not_kept() {
    let mut placeholders = Placeholders::default();
    let mut odd = ask(&format!("grant_type={SECRET}&scope={SECRET}&{SECRET}=1&client_secret={SECRET}"), SECRET);
    odd.1 = format!("/t/{}/x?api_key={SECRET}", token()).parse().unwrap();
    odd.2.append("x-api-key", SECRET.parse().unwrap());
    let html = format!("<html>{SECRET}</html>");
    let kept = record(&mut placeholders, &odd, (500, &[("content-type", "text/html"), ("set-cookie", SECRET)], &html));
    let text = serde_json::to_string(&kept).unwrap();
    assert!(!text.contains(SECRET) && !text.contains("eyJ"), "{text}");
    assert_eq!(kept.answer.body, "{{body}}");
    odd.2.insert("content-type", "application/json".parse().unwrap());
    odd.3 = format!(r#"{{"clientId":"{CLIENT}","clientSecret":"{SECRET}","grant_type":"client_credentials","n":12345678}}"#);
    let kept = record(&mut placeholders, &odd, (200, &[JSON], r#"{"error":null}"#));
    let body = &kept.request.body;
    assert!(
        body.contains(r#""grant_type":"client_credentials""#) && !body.contains("12345678") && !body.contains(CLIENT),
        "{body}"
    );
}

/// Texts that say a secret: as it is, and in the encodings that programs write.
fn encodings(secret: &str) -> Vec<String> {
    use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
    let percent = utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string();
    vec![
        secret.to_owned(),
        in_small_hexadecimal(&percent),
        percent,
        serde_json::Value::from(secret).to_string().trim_matches('"').to_owned(),
        STANDARD.encode(secret).trim_end_matches('=').to_owned(),
        URL_SAFE_NO_PAD.encode(secret),
    ]
}

/// A percent-encoded text whose escapes have small letters.
fn in_small_hexadecimal(percent: &str) -> String {
    let mut parts = percent.split('%');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + "%" + &part[..2].to_lowercase() + &part[2..])
}

/// What of a secret was written.
fn leaked(exchange: &Exchange, secret: &str) -> Option<String> {
    let written = serde_json::to_string(exchange).unwrap();
    let is_there = |form: &String| {
        // A recording is JSON, in which a quotation mark is escaped once more.
        let escaped = serde_json::Value::from(form.as_str()).to_string();
        written.contains(form) || written.contains(escaped.trim_matches('"'))
    };
    encodings(secret).into_iter().find(is_there).map(|form| format!("{form}: {written}"))
}

fn assert_silent(exchange: &Exchange, secret: &str) {
    assert_eq!(leaked(exchange, secret), None);
}

/// An exchange with texts in every place that one has.
#[derive(Default)]
struct Odd {
    method: Option<String>,
    target: Option<String>,
    headers: Vec<(String, String)>,
    body: Option<(String, String)>,
    status: Option<u16>,
    answered: Vec<(String, String)>,
    answer: Option<String>,
}

impl Odd {
    /// Nothing where it is no HTTP.
    fn recorded(self, basic: Option<&str>) -> Option<Exchange> {
        let method: Method = self.method.unwrap_or_else(|| "POST".to_owned()).parse().ok()?;
        let uri: Uri = self.target.unwrap_or_else(|| "/o/tokens/".to_owned()).parse().ok()?;
        let mut headers = HeaderMap::new();
        for (name, value) in self.headers {
            headers.append(name.parse::<http::HeaderName>().ok()?, value.parse().ok()?);
        }
        if let Some(basic) = basic {
            headers.append("authorization", format!("Basic {}", STANDARD.encode(basic)).parse().ok()?);
        }
        let (content_type, body) = self.body.unwrap_or_default();
        if !content_type.is_empty() {
            headers.append("content-type", content_type.parse().ok()?);
        }
        let mut answered = map(&[JSON]);
        for (name, value) in self.answered {
            let name = name.parse::<http::HeaderName>().ok()?;
            answered.insert(name, value.parse().ok()?);
        }
        let answer = self.answer.unwrap_or_else(|| r#"{"error":"invalid_client"}"#.to_owned());
        let request = SeenRequest { method: &method, uri: &uri, headers: &headers, body: body.as_bytes() };
        let status = StatusCode::from_u16(self.status.unwrap_or(400)).ok()?;
        let seen = SeenAnswer { status, headers: &answered, body: answer.as_bytes() };
        Some(keep(&mut Placeholders::default(), request, seen))
    }
}

const FORM: &str = "application/x-www-form-urlencoded";

/// A text in each place, one after the other.
fn everywhere(text: &str) -> Vec<(&'static str, Odd)> {
    let odd = Odd::default;
    let quoted = serde_json::Value::from(text).to_string();
    let header = |name: &str| Odd { headers: vec![(name.to_owned(), text.to_owned())], ..odd() };
    let answered = |name: &str| Odd { answered: vec![(name.to_owned(), text.to_owned())], ..odd() };
    let body = |kind: &str, body: String| Odd { body: Some((kind.to_owned(), body)), ..odd() };
    let told = |status: u16, answer: String| Odd { status: Some(status), answer: Some(answer), ..odd() };
    let claims = URL_SAFE_NO_PAD.encode(format!(r#"{{"sub":{quoted},{quoted}:1}}"#));
    let head = URL_SAFE_NO_PAD.encode(format!(r#"{{"alg":{quoted},"typ":{quoted},"kid":{quoted}}}"#));
    let mut all = vec![
        ("method", Odd { method: Some(text.to_owned()), ..odd() }),
        ("path", Odd { target: Some(format!("/o/{text}/token")), ..odd() }),
        ("query value", Odd { target: Some(format!("/o?a={text}")), ..odd() }),
        ("query scope", Odd { target: Some(format!("/o?scope={text}")), ..odd() }),
        ("query name", Odd { target: Some(format!("/o?{text}=1")), ..odd() }),
        ("bare query", Odd { target: Some(format!("/o?{text}")), ..odd() }),
        ("header name", Odd { headers: vec![(text.to_owned(), "1".to_owned())], ..odd() }),
        ("form name", body(FORM, format!("{text}=1"))),
        ("bare form", body(FORM, text.to_owned())),
        ("rest of a form value", body(FORM, format!("client_secret=a&{text}"))),
        ("JSON key", body("application/json", format!("{{{quoted}:1}}"))),
        ("JSON value", body("application/json", format!(r#"{{"a":{{"b":[{quoted}]}}}}"#))),
        ("JSON scope", body("application/json", format!(r#"{{"scope":{quoted}}}"#))),
        ("JSON text", body("application/json", quoted.clone())),
        ("other body", body("text/plain", text.to_owned())),
        ("boundary", body(&format!("multipart/form-data; boundary={text}"), "x".to_owned())),
        ("charset", body(&format!("{FORM}; charset={text}"), "a=b".to_owned())),
        ("media type", body(text, "a=b".to_owned())),
        ("media subtype", body(&format!("application/{text}"), "a=b".to_owned())),
        ("answered header name", Odd { answered: vec![(text.to_owned(), "1".to_owned())], ..odd() }),
        ("answered JSON key", told(400, format!("{{{quoted}:1}}"))),
        ("answered text", told(400, text.to_owned())),
        ("error's list", told(400, format!(r#"{{"errors":[{{"detail":[{quoted}]}}]}}"#))),
        ("token's claims", told(200, format!(r#"{{"access_token":"{head}.{claims}.c2ln"}}"#))),
        ("error's path", Odd { target: Some(format!("/o/{text}")), ..told(404, format!(r#"{{"path":"/o/{text}"}}"#)) }),
    ];
    for name in
        ["grant_type", "scope", "client_id", "client_secret", "expires_in", "client_assertion_type", "resource", "tenant", "x"]
    {
        all.push((name, body(FORM, format!("{name}={text}"))));
    }
    for name in ["accept", "authorization", "cookie", "scope", "x-api-key", "user-agent", "x-other", "expires-in"] {
        all.push((name, header(name)));
    }
    for scheme in ["Basic", "Bearer", "Digest"] {
        all.push(("scheme", Odd { headers: vec![("authorization".to_owned(), format!("{scheme} {text}"))], ..odd() }));
    }
    for name in [
        "content-type",
        "cache-control",
        "allow",
        "vary",
        "pragma",
        "retry-after",
        "location",
        "set-cookie",
        "x-ratelimit-limit",
        "x-content-type-options",
        "content-language",
    ] {
        all.push((name, answered(name)));
    }
    for key in
        ["error", "error_description", "message", "code", "status", "type", "timestamp", "request_id", "path", "title", "other"]
    {
        all.push((key, told(400, format!(r#"{{"{key}":{quoted}}}"#))));
    }
    for key in ["access_token", "token_type", "expires_in", "scope", "refresh_token", "iss", "client_id", "created_at", "other"]
    {
        all.push((key, told(200, format!(r#"{{"{key}":{quoted}}}"#))));
    }
    all
}

/// Secrets as people and programs make them: random ones, and such with signs that other places read as something else.
fn secret() -> impl Strategy<Value = String> {
    prop_oneof![
        "[A-Za-z0-9]{8}[A-Z][0-9][a-z][A-Za-z0-9_-]{12,40}",
        "[A-Za-z]{4}[0-9]{3}[!&=+%/:; \"]{1,3}[A-Za-z]{3}[0-9]{3}[A-Za-z]{5,12}",
        "[0-9a-f]{32}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// Nothing of a secret that the request carries where it belongs is written, wherever else it stands, and in whatever encoding.
    #[test]
    fn s26_a_known_secret_is_never_written_wherever_else_it_stands(secret in secret()) {
        for text in encodings(&secret) {
            for (place, odd) in everywhere(&text) {
                let Some(exchange) = odd.recorded(Some(&format!("{CLIENT}:{secret}"))) else { continue };
                prop_assert_eq!(leaked(&exchange, &secret), None, "{}", place);
            }
            let told = format!(r#"{{"error_description":{}}}"#, serde_json::Value::from(format!("no {text} here")));
            let exchange = Odd { answer: Some(told), ..Odd::default() }.recorded(Some(&format!("{CLIENT}:{secret}"))).unwrap();
            assert_silent(&exchange, &secret);
        }
    }

    /// One that stands in one place alone, where nothing says what it is, is not written either.
    #[test]
    fn s26_a_secret_in_the_wrong_place_is_never_written(secret in "[A-Za-z0-9]{8}[A-Z][0-9][a-z][A-Za-z0-9_-]{12,40}") {
        for (place, odd) in everywhere(&secret) {
            let Some(exchange) = odd.recorded(None) else { continue };
            prop_assert_eq!(leaked(&exchange, &secret), None, "{}", place);
        }
    }
}

/// Words that look like any other: where only names of a list are kept, they are not.
#[test]
fn s26_a_secret_that_is_a_word_is_written_in_no_place_with_a_vocabulary() {
    let word = "swordfish";
    // Names of scopes and errors, of paths, headers and keys, are harmless by their form alone.
    let by_form = [
        "path",
        "query scope",
        "header name",
        "JSON key",
        "JSON scope",
        "answered header name",
        "answered JSON key",
        "error's list",
        "error's path",
        "token's claims",
        "scope",
        "error",
        "error_description",
        "message",
        "code",
        "status",
        "type",
        "title",
    ];
    for (_, odd) in everywhere(word).into_iter().filter(|(place, _)| !by_form.contains(place)) {
        assert_silent(&odd.recorded(None).unwrap(), word);
    }
    for (_, odd) in everywhere(word) {
        assert_silent(&odd.recorded(Some(&format!("{CLIENT}:{word}"))).unwrap(), word);
    }
    let short = Odd { answer: Some(r#"{"error_description":"no xyz1 here"}"#.to_owned()), ..Odd::default() };
    assert_silent(&short.recorded(Some("acme:xyz1")).unwrap(), "xyz1");
}

#[test]
fn s26_a_token_that_the_answer_repeats_before_it_gives_it_out_is_not_written() {
    let odd = Odd {
        status: Some(200),
        answer: Some(r#"{"scope":"swordfish","access_token":"swordfish"}"#.to_owned()),
        ..Odd::default()
    };
    assert_silent(&odd.recorded(None).unwrap(), "swordfish");
}

#[test]
fn what_a_sentence_says_of_somebody_in_particular_is_not_written() {
    let said = "Client 4711888 of bob@acme.example is locked since build a1b2c3d4e5, see RFC 6749";
    let odd = Odd { answer: Some(serde_json::json!({ "error_description": said }).to_string()), ..Odd::default() };
    let body = odd.recorded(None).unwrap().answer.body;
    assert_eq!(body, r#"{"error_description":"Client {{value}} of {{value}} is locked since build {{value}}, see RFC 6749"}"#);
}

/// Work that a hostile request makes is bounded: what has too many parts is not looked into.
#[test]
fn s26_a_body_of_many_small_values_is_not_kept_and_costs_little() {
    for (kind, body) in [
        (FORM, (0..10_000).map(|number| format!("a=v{number}")).collect::<Vec<_>>().join("&")),
        (FORM, "a&".repeat(32_000)),
        (
            "application/json",
            serde_json::to_string(&(0..1_500).map(|number| format!("value-{number}")).collect::<Vec<_>>()).unwrap(),
        ),
    ] {
        let odd = Odd { body: Some((kind.to_owned(), body)), ..Odd::default() };
        assert_eq!(odd.recorded(Some("acme:secret")).unwrap().request.body, "{{body}}");
    }
    let path = Odd { target: Some("/a".repeat(20_000)), ..Odd::default() };
    assert_eq!(path.recorded(None).unwrap().request.path, "/{{path}}");
}

fn drafted(exchanges: &[Exchange]) -> (DialectSet, String) {
    let toml = draft_from_recordings(exchanges, "recording", Some("recorded"), None).unwrap().to_toml();
    let source = std::sync::Arc::new(Source { name: "draft".to_owned(), text: toml.clone() });
    (DialectSet::load(&[source]).unwrap_or_else(|mistakes| panic!("{mistakes:?}\n{toml}")), toml)
}

#[tokio::test]
async fn a_dialect_drafted_from_a_recording_answers_as_it_was_recorded() {
    let exchanges = exchanges();
    let (set, toml) = drafted(&exchanges);
    let replay = Replay::new(set, "recorded", &exchanges).await.unwrap();
    for (at, exchange) in exchanges.iter().enumerate() {
        let answer = replay.answer(exchange).await.unwrap();
        let found: Vec<Difference> = differences(&exchange.answer, &answer);
        // A name that is not kept, and a text that repeats what was asked, cannot come back.
        let found: Vec<_> = found.into_iter().filter(|one| at != 1 || !one.what.starts_with("body")).collect();
        assert!(found.is_empty(), "{at}: {found:?}\n{toml}");
    }
    assert!(toml.contains("x-correlation-id = 64"), "{toml}");
    assert!(toml.contains("lifetime = { default = 900, max = 900 }"), "{toml}");
}

#[tokio::test]
async fn a_difference_is_told_with_its_byte() {
    let exchanges = exchanges();
    let (_, toml) = drafted(&exchanges);
    let changed = toml
        .replace("\"expires_in\": <expires_in>", "\"expires_in\":<expires_in>")
        .replace("error = \"invalid_scope\"", "error = \"bad_scope\"");
    let source = std::sync::Arc::new(Source { name: "changed".to_owned(), text: changed });
    let set = DialectSet::load(&[source]).unwrap();
    let replay = Replay::new(set, "recorded", &exchanges).await.unwrap();
    let of = async |at: usize| differences(&exchanges[at].answer, &replay.answer(&exchanges[at]).await.unwrap());
    let spacing = of(0).await;
    assert_eq!(spacing.len(), 1, "{spacing:?}");
    assert!(spacing[0].what.starts_with("body at byte ") && spacing[0].mintmark.contains("{{token}}"), "{spacing:?}");
    assert!(of(3).await[0].mintmark.contains("bad_scope"));
    assert!(of(2).await.is_empty());
}

/// An endpoint that is asked for scopes one by one, then twice, in a query, and by JSON; and what it answers to these three.
fn probed(twice: (u16, &str), query: (u16, &str), json: (u16, &str)) -> Vec<Exchange> {
    let mut placeholders = Placeholders::default();
    let named = ("content-type", "application/json");
    let mut one = |asked: &(Method, Uri, HeaderMap, String), (status, text): (u16, &str)| {
        let good = format!(r#"{{"access_token":"{}","expires_in":600,"token_type":"Bearer","scope":"{text}"}}"#, token());
        record(&mut placeholders, asked, (status, &[named], if status == 200 { &good } else { text }))
    };
    let form = |scopes: &str| ask(&format!("grant_type=client_credentials{scopes}"), SECRET);
    let mut with_query = form("");
    with_query.1 = Uri::from_static("/o/tokens/?scope=read");
    let mut of_json = ask(r#"{"grant_type":"client_credentials"}"#, SECRET);
    of_json.2.insert("content-type", "application/json".parse().unwrap());
    vec![
        one(&form("&scope=read"), (200, "read")),
        one(&form("&scope=write"), (200, "write")),
        one(&form(""), (200, "read write")),
        one(&ask("scope=read", SECRET), (400, r#"{"error":"unsupported_grant_type"}"#)),
        one(&form("&scope=read&scope=write"), twice),
        one(&with_query, query),
        one(&of_json, json),
    ]
}

#[test]
fn what_probes_show_is_concluded_and_what_they_leave_open_is_not() {
    let refused = |what: &str| format!(r#"{{"error":"invalid_request","error_description":"{what}"}}"#);
    let (twice, query, json) = (refused("twice"), refused("no query"), refused("no JSON"));
    let lines = |twice, query, json| {
        let (_, toml) = drafted(&probed(twice, query, json));
        ["repeated = ", "query = ", "other_body = ", "scope = "].map(|key| {
            let line = toml.lines().find(|line| line.starts_with(key)).unwrap_or_else(|| panic!("{key} in {toml}"));
            let above = toml.lines().take_while(|other| *other != line).last().unwrap_or_default();
            format!("{line} {above}")
        })
    };
    let [repeated, queried, other, _] = lines((200, "write"), (400, query.as_str()), (400, json.as_str()));
    assert!(repeated.contains(r#"repeated = "last""#) && repeated.contains("recorded: "), "{repeated}");
    assert!(queried.contains(r#"query = "refuse""#) && queried.contains("recorded: "), "{queried}");
    assert!(other.contains(r#"other_body = "refuse""#) && other.contains("recorded: "), "{other}");
    let empty = r#"{"error":"unsupported_grant_type"}"#;
    let [repeated, queried, other, scope] = lines((400, twice.as_str()), (200, "read write"), (400, empty));
    assert!(repeated.contains(r#"repeated = "refuse""#) && repeated.contains("recorded: "), "{repeated}");
    assert!(queried.contains(r#"query = "ignore""#) && queried.contains("recorded: "), "{queried}");
    assert!(!scope.contains("query"), "the scope in it was passed over: {scope}");
    assert!(other.contains(r#"other_body = "ignore""#) && other.contains("recorded: "), "{other}");
    // Both scopes count, the client is at fault, the hour is.
    let [repeated, queried, other, _] = lines((200, "read write"), (401, query.as_str()), (503, json.as_str()));
    for open in [repeated, queried, other] {
        assert!(open.contains("not told"), "{open}");
    }
}

#[test]
fn faults_that_probes_show_have_the_recorded_words() {
    let refused = |what: &str| format!(r#"{{"error":"invalid_request","error_description":"{what}"}}"#);
    let (_, toml) = drafted(&probed((400, &refused("twice")), (400, &refused("no query")), (415, &refused("no JSON"))));
    let faults = toml.split_once("[faults]").unwrap().1;
    for (fault, words) in [("parameter_repeated", "twice"), ("query_refused", "no query"), ("payload_refused", "no JSON")] {
        let line_of = |name: &str| faults.lines().find(|line| line.starts_with(&format!("{name} = "))).unwrap();
        // Faults that are answered alike share one answer.
        let mut line = line_of(fault);
        while !line.contains('{') {
            line = line_of(line.split('"').nth(1).unwrap());
        }
        assert!(line.contains(words), "{fault}: {line}");
    }
}

/// As an endpoint answers that leaves out of the answer, without a word, what was not asked for or is not granted.
fn taciturn() -> Vec<Exchange> {
    let mut placeholders = Placeholders::default();
    let named = ("content-type", "application/json; charset=utf-8");
    let good = |scope: &str| format!(r#"{{"access_token":"{}","expires_in":600,{scope}"token_type":"Bearer"}}"#, token());
    vec![
        record(
            &mut placeholders,
            &ask("grant_type=client_credentials&scope=read", SECRET),
            (200, &[named], &good(r#""scope":"read","#)),
        ),
        record(&mut placeholders, &ask("grant_type=client_credentials&scope=admin", SECRET), (200, &[named], &good(""))),
        record(&mut placeholders, &ask("grant_type=client_credentials", SECRET), (200, &[named], &good(""))),
    ]
}

#[tokio::test]
async fn the_fullest_answer_is_drafted_and_only_scopes_that_were_given_are_granted() {
    let exchanges = taciturn();
    let (set, toml) = drafted(&exchanges);
    assert!(toml.contains(r#""scope":<scope>,"token_type":"Bearer"}'"#), "{toml}");
    assert!(toml.contains("granted = \"read\"\n"), "{toml}");
    let replay = Replay::new(set, "recorded", &exchanges).await.unwrap();
    let of = async |at: usize| differences(&exchanges[at].answer, &replay.answer(&exchanges[at]).await.unwrap());
    assert!(of(0).await.is_empty(), "JSON is UTF-8, whether its media type says so or not: {:?}", of(0).await);
    assert!(of(1).await.iter().any(|one| one.what == "status" && one.mintmark == "400"), "{:?}", of(1).await);
}

#[tokio::test]
async fn clients_beyond_those_that_are_made_are_not_asked_again() {
    let mut placeholders = Placeholders::default();
    let good = format!(r#"{{"access_token":"{}","expires_in":600,"token_type":"Bearer","scope":"read"}}"#, token());
    let one = |placeholders: &mut Placeholders, at: usize| {
        let mut asked = ask("grant_type=client_credentials", SECRET);
        let pair = STANDARD.encode(format!("client-{at:06}:{SECRET}-{at:06}"));
        asked.2.insert("authorization", format!("Basic {pair}").parse().unwrap());
        record(placeholders, &asked, (200, &[JSON], &good))
    };
    let exchanges: Vec<Exchange> = (0..=replay::MAX_CLIENTS).map(|at| one(&mut placeholders, at)).collect();
    let (set, _) = drafted(&exchanges);
    let replay = Replay::new(set, "recorded", &exchanges).await.unwrap();
    let last = exchanges.len() - 1;
    let answer = replay.answer(&exchanges[last - 1]).await.unwrap();
    assert!(differences(&exchanges[last - 1].answer, &answer).is_empty());
    assert!(replay.answer(&exchanges[last]).await.is_none(), "it is not taken for an unknown one");
}

#[test]
fn a_file_that_is_no_recording_is_told_by_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let line = serde_json::to_string(&exchanges()[0]).unwrap();
    std::fs::write(folder.path().join(EXCHANGES), format!("{line}\n\n{{}}\n")).unwrap();
    assert!(read_exchanges(folder.path()).unwrap_err().contains("line 3"));
    std::fs::write(folder.path().join(EXCHANGES), format!("{line}\n")).unwrap();
    assert_eq!(read_exchanges(folder.path()).unwrap().len(), 1);
}
