use super::*;
use crate::dialect::DialectSet;
use crate::token::ProblemPlace;

const HOSTILE: &str = "\"}],\\ \n\r\t\0<x></script>\u{2028}é\u{7f}{{'";

fn context() -> AnswerContext<'static> {
    AnswerContext {
        issuer: "https://auth.example",
        request_id: "req_1",
        path: "/path",
        rate: None,
        retry_after: None,
        dpop_nonce: None,
        echo: &[],
    }
}

fn granted(scope: &str) -> Granted<'_> {
    Granted {
        access_token: "a.b.c",
        token_type: "Bearer",
        expires_at: Timestamp(1_700_003_600),
        now: Timestamp(1_700_000_000),
        scope,
        client_id: "cli_1",
    }
}

fn text(encoded: &Encoded) -> &str {
    std::str::from_utf8(&encoded.body).unwrap()
}

fn json(encoded: &Encoded) -> serde_json::Value {
    serde_json::from_slice(&encoded.body).unwrap_or_else(|error| panic!("{error}: {}", text(encoded)))
}

fn header<'e>(encoded: &'e Encoded, name: &str) -> Option<&'e str> {
    encoded.headers.get(name).map(|value| value.to_str().unwrap())
}

fn with_dialect<T>(name: &str, check: impl FnOnce(&Dialect) -> T) -> T {
    check(DialectSet::load(&[]).unwrap().get(name).unwrap())
}

#[test]
fn a_token_is_answered_byte_for_byte_as_the_providers_do() {
    let answer =
        |name: &str| with_dialect(name, |dialect| text(&dialect.encode_token(granted("read write"), context())).to_owned());
    assert_eq!(answer("standard"), r#"{"access_token":"a.b.c","token_type":"Bearer","expires_in":3600,"scope":"read write"}"#);
    assert_eq!(answer("asset"), r#"{"access_token":"a.b.c","token_type":"Bearer","expires_in":1700003600}"#);
    assert_eq!(
        answer("standard-metrics"),
        r#"{"access_token": "a.b.c", "expires_in": 3600, "token_type": "Bearer", "scope": "read write"}"#
    );
    assert_eq!(answer("firstvision"), r#"{"access_token":"a.b.c","expires_in":1700003600,"token_type":"Bearer"}"#);
}

#[test]
fn an_answer_can_tell_moments_and_whose_the_token_is() {
    let text = "format = 1\nname = \"other\"\nextends = \"standard\"\nroute.path = \"/other\"\n\
        answer.body = '{\"t\":<access_token>,\"e\":<expires_in>,\"at\":\"<expires_at>000\",\"iat\":<issued_at>,\"who\":<client_id>}'\n";
    let source = crate::document::Source { name: "other.toml".to_owned(), text: text.to_owned() };
    let set = DialectSet::load(&[std::sync::Arc::new(source)]).unwrap();
    let answer = set.get("other").unwrap().encode_token(granted("read"), context());
    let expected = "{\"t\":\"a.b.c\",\"e\":3600,\"at\":\"1700003600000\",\"iat\":1700000000,\"who\":\"cli_1\"}";
    assert_eq!(std::str::from_utf8(&answer.body).unwrap(), expected);
}

#[test]
fn a_fault_is_answered_byte_for_byte_as_the_providers_do() {
    let answer = |name: &str, fault| {
        with_dialect(name, |dialect| {
            let encoded = dialect.encode_fault(fault, &[], context());
            (encoded.status.as_u16(), text(&encoded).to_owned())
        })
    };
    assert_eq!(answer("standard-metrics", Fault::ClientRefused), (401, r#"{"error": "invalid_client"}"#.to_owned()));
    assert_eq!(answer("standard-metrics", Fault::MethodRefused), (405, String::new()));
    assert_eq!(
        answer("standard-metrics", Fault::QueryRefused),
        (400, r#"{"error": "invalid_request", "error_description": "URL query parameters are not allowed"}"#.to_owned())
    );
    assert_eq!(
        answer("asset", Fault::ClientRefused),
        (401, r#"{"error":"Invalid client credentials","data":null}"#.to_owned())
    );
    assert_eq!(
        answer("asset", Fault::PayloadRefused).1,
        r#"{"error":"Invalid request","data":[{"loc":["body"],"msg":"Body cannot be read or is too large","type":"value_error"}]}"#
    );
    assert_eq!(
        answer("firstvision", Fault::ClientRefused),
        (401, r#"[{"detail":"Please refer to invalid-params for error details","errorCode":"240101","instance":"/path","invalid-params":["Invalid client credentials or scope"],"source":"AGT","status":401,"title":"Unauthorized"}]"#.to_owned())
    );
}

#[test]
fn problems_are_listed_each_in_its_own_words() {
    let problem = |fault, parameter: &str| Problem { fault, parameter: parameter.to_owned(), place: ProblemPlace::Body };
    let problems = [problem(Fault::ParameterMissing, "client_id"), problem(Fault::LifetimeTooSmall, "expires_in")];
    let asset =
        with_dialect("asset", |dialect| text(&dialect.encode_fault(Fault::ParameterMissing, &problems, context())).to_owned());
    assert_eq!(
        asset,
        r#"{"error":"Invalid request","data":[{"loc":["body","client_id"],"msg":"Field required","type":"missing"},{"loc":["body","expires_in"],"msg":"Input should be greater than 0","type":"greater_than"}]}"#
    );
    let first = [Problem { place: ProblemPlace::Query, ..problem(Fault::ParameterMissing, "scope") }];
    let firstvision =
        with_dialect("firstvision", |dialect| json(&dialect.encode_fault(Fault::ParameterMissing, &first, context())));
    assert_eq!(firstvision[0]["invalid-params"], serde_json::json!(["scope: This field should not be empty"]));
    assert_eq!(firstvision[0]["errorCode"], "240009");
}

#[test]
fn s3_hostile_text_stays_text_in_every_answer() {
    for dialect in DialectSet::load(&[]).unwrap().iter() {
        let hostile = AnswerContext { path: HOSTILE, request_id: HOSTILE, ..context() };
        let token = dialect.encode_token(Granted { access_token: HOSTILE, ..granted(HOSTILE) }, hostile);
        assert_eq!(json(&token)["access_token"], HOSTILE, "{}", dialect.name);
        let scope = json(&token)["scope"].clone();
        assert!(scope.is_null() || scope == HOSTILE);
        for fault in Fault::ALL {
            for count in 0..3 {
                let problem = Problem { fault: *fault, parameter: HOSTILE.to_owned(), place: ProblemPlace::Header };
                let encoded = dialect.encode_fault(*fault, &vec![problem; count], hostile);
                assert!(encoded.status.as_u16() >= 400);
                if !encoded.body.is_empty() {
                    json(&encoded);
                }
            }
        }
    }
}

#[test]
fn every_answer_forbids_caching_and_every_401_challenges() {
    for dialect in DialectSet::load(&[]).unwrap().iter() {
        let mut answers = vec![dialect.encode_token(granted("a"), context()), dialect.encode_redirect(None, context())];
        for fault in Fault::ALL.iter().filter(|fault| **fault != Fault::TokenRefused) {
            answers.push(dialect.encode_fault(*fault, &[], context()));
        }
        for answer in answers {
            assert_eq!(header(&answer, "cache-control"), Some("no-store"));
            assert_eq!(header(&answer, "pragma"), Some("no-cache"));
            assert_eq!(header(&answer, "content-type").is_some(), !answer.body.is_empty());
            assert_eq!(header(&answer, "www-authenticate").is_some(), answer.status == 401, "{}", dialect.name);
        }
        let refused = dialect.encode_fault(Fault::MethodRefused, &[], context());
        assert_eq!((refused.status.as_u16(), header(&refused, "allow")), (405, Some("POST")));
    }
}

#[test]
fn challenges_name_the_issuer() {
    for (name, expected) in [
        ("standard", r#"Basic realm="https://auth.example""#),
        ("asset", r#"Bearer realm="https://auth.example""#),
        ("standard-metrics", r#"Basic realm="https://auth.example", Bearer error="invalid_client""#),
        ("firstvision", r#"Basic realm="https://auth.example""#),
    ] {
        let found = with_dialect(name, |dialect| dialect.encode_fault(Fault::ClientRefused, &[], context()));
        assert_eq!(header(&found, "www-authenticate"), Some(expected));
    }
}

#[test]
fn s3_an_issuer_that_fits_no_header_breaks_none() {
    let odd = AnswerContext { issuer: "https://a\r\nx: y", ..context() };
    let encoded = with_dialect("standard", |dialect| dialect.encode_fault(Fault::ClientRefused, &[], odd));
    let challenge = header(&encoded, "www-authenticate").unwrap_or_default();
    assert!(challenge.bytes().all(|byte| (0x20..=0x7e).contains(&byte)));
    assert!(encoded.headers.get("x").is_none());
}

#[test]
fn rate_headers_are_for_authenticated_clients_alone() {
    let rate = Some(RateStatus { limit: 300, remaining: 7, reset: Timestamp(1_700_000_040) });
    let (with, without) = with_dialect("asset", |dialect| {
        let refused =
            |rate| dialect.encode_fault(Fault::RateLimited, &[], AnswerContext { rate, retry_after: Some(9), ..context() });
        (refused(rate), refused(None))
    });
    let named = |encoded: &Encoded, name: &str| header(encoded, name).map(str::to_owned);
    assert_eq!(named(&with, "x-ratelimit-limit").as_deref(), Some("300"));
    assert_eq!(named(&with, "x-ratelimit-remaining").as_deref(), Some("7"));
    assert_eq!(named(&with, "x-ratelimit-reset").as_deref(), Some("1700000040"));
    assert_eq!(named(&with, "retry-after").as_deref(), Some("9"));
    assert!(without.headers.keys().all(|name| !name.as_str().starts_with("x-ratelimit")));
}

#[test]
fn echoed_headers_come_back_on_tokens_and_faults() {
    let echo = [(HeaderName::from_static("correlationid"), HeaderValue::from_static("abc"))];
    with_dialect("firstvision", |dialect| {
        let context = AnswerContext { echo: &echo, ..context() };
        for encoded in [dialect.encode_token(granted("a"), context), dialect.encode_fault(Fault::Internal, &[], context)] {
            assert_eq!(header(&encoded, "correlationid"), Some("abc"));
        }
    });
}

#[test]
fn a_redirect_repeats_no_query_that_the_dialect_does_not_read() {
    with_dialect("asset", |dialect| {
        let to = |query| header(&dialect.encode_redirect(query, context()), "location").map(str::to_owned);
        assert_eq!(to(None).as_deref(), Some("/v0/auth/token"));
        assert_eq!(to(Some("client_secret=mms_x")).as_deref(), Some("/v0/auth/token"));
        assert_eq!(dialect.encode_redirect(None, context()).status, 308);
    });
}

#[test]
fn a_fault_that_the_dialect_cannot_reach_is_an_internal_one() {
    let encoded = with_dialect("standard", |dialect| dialect.encode_fault(Fault::QueryRefused, &[], context()));
    assert_eq!((encoded.status.as_u16(), json(&encoded)["error"].as_str()), (500, Some("server_error")));
}

/// RFC 6749 section 5.2 and RFC 6750 section 3: the characters of `error`, `error_description` and challenges.
#[test]
fn errors_are_written_in_the_characters_that_rfc_6749_allows() {
    let allowed = |byte: u8| matches!(byte, 0x20 | 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
    for fault in Fault::ALL {
        let encoded = with_dialect("standard", |dialect| dialect.encode_fault(*fault, &[], context()));
        let body = json(&encoded);
        for name in ["error", "error_description"] {
            let text = body[name].as_str().unwrap_or_else(|| panic!("{fault:?} has no {name}"));
            assert!(!text.is_empty() && text.bytes().all(allowed), "{fault:?}: {text}");
        }
        let challenge = header(&encoded, "www-authenticate").unwrap_or_default();
        assert!(challenge.bytes().all(|byte| (0x20..=0x7e).contains(&byte)), "{fault:?}: {challenge}");
    }
}
