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

proptest! {
    #[test]
    fn a_secret_is_never_kept_wherever_it_stands(secret in "[A-Za-z0-9]{8}[A-Z][0-9][a-z][A-Za-z0-9_-]{12,40}", place in 0_usize..8) {
        let mut placeholders = Placeholders::default();
        let body = match place {
            0 => format!("client_secret={secret}"),
            1 => format!("grant_type={secret}"),
            2 => format!("scope={secret}"),
            3 => secret.clone(),
            4 => format!("expires_in={secret}"),
            _ => "grant_type=client_credentials".to_owned(),
        };
        let answered = match place {
            5 => format!(r#"{{"error":"{secret}"}}"#),
            6 => format!(r#"{{"{secret}":1}}"#),
            _ => format!(r#"{{"error_description":"no {secret} here"}}"#),
        };
        let kept = record(&mut placeholders, &ask(&body, &secret), (400, &[JSON, ("x-other", &secret)], &answered));
        let text = serde_json::to_string(&kept).unwrap();
        prop_assert!(!text.contains(&secret), "{}", text);
    }
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
