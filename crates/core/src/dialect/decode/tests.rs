use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use proptest::prelude::*;

use super::*;
use crate::dialect::DialectSet;
use crate::document::Source;
use crate::model::ClientId;

const FORM: &str = "application/x-www-form-urlencoded";

/// A request in the making.
#[derive(Clone, Debug, Default)]
struct Sent {
    query: Option<String>,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Sent {
    fn form(body: impl AsRef<[u8]>) -> Self {
        Self::default().body(FORM, body)
    }

    fn body(mut self, content_type: &str, body: impl AsRef<[u8]>) -> Self {
        self.headers.insert(CONTENT_TYPE, content_type.parse().unwrap());
        self.body = body.as_ref().to_vec();
        self
    }

    fn query(mut self, query: &str) -> Self {
        self.query = Some(query.to_owned());
        self
    }

    fn header(mut self, name: &'static str, value: &[u8]) -> Self {
        self.headers.append(HeaderName::from_static(name), HeaderValue::from_bytes(value).unwrap());
        self
    }

    fn authorization(self, value: &str) -> Self {
        self.header(AUTHORIZATION.as_str(), value.as_bytes())
    }

    fn basic(self, pair: impl AsRef<[u8]>) -> Self {
        let value = format!("Basic {}", STANDARD.encode(pair));
        self.authorization(&value)
    }

    fn to(&self, dialect: &str) -> TokenRequest {
        self.to_one_of(&DialectSet::load(&[]).unwrap(), dialect)
    }

    fn to_one_of(&self, set: &DialectSet, dialect: &str) -> TokenRequest {
        let raw = RawRequest { query: self.query.as_deref(), headers: &self.headers, body: RawBody::Whole(&self.body) };
        set.get(dialect).unwrap().decode(&raw)
    }
}

/// A good form for `standard` and `standard-metrics`, with more behind it.
fn with_grant(more: &str) -> String {
    format!("grant_type=client_credentials&{more}")
}

/// The faults, as `fault parameter@step`.
fn faults(request: &TokenRequest) -> Vec<String> {
    let name = |found: &Found| found.problem.as_ref().map_or(String::new(), |problem| format!(" {}", problem.parameter));
    request.faults.iter().map(|found| format!("{}{}@{}", found.fault, name(found), found.step)).collect()
}

fn secret(request: &TokenRequest) -> Option<(&str, &str)> {
    match &request.presented {
        Presented::Secret { client_id, secret } => Some((client_id.as_ref().map_or("", ClientId::as_str), secret.expose())),
        _ => None,
    }
}

fn scope(request: &TokenRequest) -> Option<&str> {
    request.scope.as_ref().map(ScopeSet::as_str)
}

fn resources(request: &TokenRequest) -> Vec<&str> {
    request.resources.iter().map(ResourceUri::as_str).collect()
}

/// A set with a dialect `mine` that extends `standard` and says more.
fn variant(more: &str) -> DialectSet {
    let text = format!("format = 1\nname = \"mine\"\nextends = \"standard\"\nroute.path = \"/mine\"\n{more}");
    DialectSet::load(&[Arc::new(Source { name: "mine.toml".to_owned(), text })]).unwrap()
}

#[test]
fn a_good_request_has_no_fault_in_any_dialect() {
    let standard =
        Sent::form(with_grant("scope=a+b&resource=https%3A%2F%2Fx.example&expires_in=60")).basic("me:s").to("standard");
    assert_eq!(faults(&standard), [""; 0]);
    assert_eq!((secret(&standard), scope(&standard), standard.lifetime), (Some(("me", "s")), Some("a b"), Some(60)));
    let asset = Sent::form("client_id=me&client_secret=s&expires_in=+60.0").to("asset");
    assert_eq!((faults(&asset).len(), secret(&asset), asset.lifetime), (0, Some(("me", "s")), Some(60)));
    let metrics = Sent::form(with_grant("")).basic("me:s").to("standard-metrics");
    assert_eq!((faults(&metrics).len(), secret(&metrics)), (0, Some(("me", "s"))));
    let firstvision = Sent::default().query("scope=edit").basic("me:s").to("firstvision");
    assert_eq!((faults(&firstvision).len(), secret(&firstvision), scope(&firstvision)), (0, Some(("me", "s")), Some("edit")));
}

#[test]
fn an_empty_value_is_none_unless_the_dialect_keeps_it() {
    let asset = Sent::form("client_id=me&client_secret=&grant_type=&expires_in=&scope=&business_id=&resource=").to("asset");
    assert_eq!(faults(&asset), ["resource_malformed resource@parameters"], "asset keeps an empty resource");
    assert!(matches!(asset.presented, Presented::Absent));
    assert!(asset.scope.is_none() && asset.lifetime.is_none() && asset.business.is_none());
    let missing = Sent::form("client_id=&client_secret=s").to("asset");
    assert_eq!(faults(&missing), ["parameter_missing client_id@parameters"]);
    let metrics = Sent::form(with_grant("scope=&resource=")).basic("me:s").to("standard-metrics");
    assert_eq!(faults(&metrics), ["scope_malformed scope@scope", "resource_malformed resource@resource"]);
    let standard = Sent::form("grant_type=&scope=&resource=").basic("me:s").to("standard");
    assert_eq!(faults(&standard), ["parameter_missing grant_type@parameters"]);
}

#[test]
fn the_last_of_repeated_values_counts_or_none_does() {
    let asset = Sent::form("client_id=me&client_secret=s&scope=a&scope=b&expires_in=1&expires_in=2").to("asset");
    assert_eq!((faults(&asset).len(), scope(&asset), asset.lifetime), (0, Some("b"), Some(2)));
    for name in ["scope", "expires_in", "business_id", "grant_type"] {
        let (first, second) = if name == "grant_type" { ("client_credentials", "client_credentials") } else { ("1", "1") };
        let body = format!(
            "{name}={first}&{name}={second}{}",
            if name == "grant_type" { "" } else { "&grant_type=client_credentials" }
        );
        let standard = Sent::form(body).basic("me:s").to("standard");
        assert_eq!(faults(&standard), [format!("parameter_repeated {name}@parameters")]);
    }
    let firstvision =
        Sent::form("grant_type=client_credentials").query("scope=edit&grant_type=client_credentials").basic("me:s");
    assert_eq!(faults(&firstvision.to("firstvision")), ["parameter_repeated grant_type@parameters"], "also in two places");
}

#[test]
fn a_value_over_its_limit_is_refused_also_where_another_one_counts() {
    let long = "x".repeat(257);
    let asset = Sent::form(format!("client_id=me&client_secret={long}&client_secret={long}")).to("asset");
    assert_eq!(faults(&asset), ["parameter_too_long client_secret@parameters"]);
    let asset = Sent::form(format!("client_id=me&client_secret=s&expires_in={long}&expires_in=1")).to("asset");
    assert_eq!(faults(&asset), ["parameter_too_long expires_in@parameters"]);
}

#[test]
fn s20_repeated_credentials_that_differ_are_refused_also_where_the_last_one_counts() {
    for dialect in ["asset", "standard-metrics"] {
        for body in ["client_id=a&client_id=b&client_secret=s", "client_id=a&client_secret=s&client_secret=t"] {
            let request = Sent::form(with_grant(body)).to(dialect);
            assert!(matches!(request.presented, Presented::Repeated), "{dialect} {body}");
        }
        let same = Sent::form(with_grant("client_id=a&client_id=a&client_secret=s&client_secret=s")).to(dialect);
        assert_eq!(secret(&same), Some(("a", "s")), "{dialect}");
    }
    let standard = Sent::form(with_grant("client_id=a&client_id=b&client_secret=s")).to("standard");
    assert_eq!(faults(&standard), ["parameter_repeated client_id@parameters"]);
}

#[test]
fn basic_is_form_decoded_or_raw_as_the_dialect_says() {
    let pair = "a%20b:s+t%2Bu:v";
    let form = Sent::form(with_grant("")).basic(pair).to("standard");
    assert_eq!(secret(&form), Some(("a b", "s t+u:v")));
    let raw = Sent::default().query("scope=edit").basic(pair).to("firstvision");
    assert_eq!(secret(&raw), Some(("a%20b", "s+t%2Bu:v")));
}

#[test]
fn a_malformed_percent_sign_in_basic_is_kept_or_refused() {
    let kept = Sent::form(with_grant("")).basic("me:%zz").to("standard-metrics");
    assert_eq!(secret(&kept), Some(("me", "%zz")));
    for pair in ["me:%zz", "%:s", "me:%ff"] {
        let refused = Sent::form(with_grant("")).basic(pair).to("standard");
        assert!(matches!(refused.presented, Presented::Malformed), "{pair}");
    }
}

#[test]
fn the_scheme_word_is_read_in_any_case() {
    for word in ["Basic", "basic", "BASIC", "bAsIc"] {
        let request = Sent::form(with_grant("")).authorization(&format!("{word} {}", STANDARD.encode("me:s"))).to("standard");
        assert_eq!(secret(&request), Some(("me", "s")), "{word}");
    }
}

#[test]
fn an_authorization_header_that_is_no_pair_is_malformed() {
    let encoded = STANDARD.encode("me:s");
    for value in [
        "Basic",
        "Basic ",
        "Basic !",
        "Basic bWU",
        &format!("Bearer {encoded}"),
        &format!("Basic{encoded}"),
        &encoded,
        "",
        &format!("Basic {}", STANDARD.encode("no colon")),
    ] {
        for dialect in ["standard", "standard-metrics"] {
            let request = Sent::form(with_grant("")).authorization(value).to(dialect);
            assert!(matches!(request.presented, Presented::Malformed), "{dialect} {value:?}");
        }
    }
    let request = Sent::form(with_grant("")).basic(b"me:\xff").to("standard");
    assert!(matches!(request.presented, Presented::Malformed), "not UTF-8");
    let request = Sent::form(with_grant("")).header("authorization", b"Basic \xff").to("standard");
    assert!(matches!(request.presented, Presented::Malformed), "not ASCII");
}

#[test]
fn a_secret_in_basic_has_the_limit_that_one_in_the_body_has() {
    for dialect in ["standard", "standard-metrics"] {
        let fits = Sent::form(with_grant("")).basic(format!("me:{}", "s".repeat(256))).to(dialect);
        assert!(secret(&fits).is_some());
        let long = Sent::form(with_grant("")).basic(format!("me:{}", "s".repeat(257))).to(dialect);
        assert!(matches!(long.presented, Presented::Malformed), "{dialect}");
    }
}

#[test]
fn a_client_id_that_can_be_none_names_no_client() {
    for id in ["a".repeat(129), "é".to_owned(), "a\0".to_owned(), String::new()] {
        let request = Sent::form(with_grant("")).basic(format!("{id}:s")).to("standard-metrics");
        assert_eq!(secret(&request), Some(("", "s")), "{id:?}");
    }
}

#[test]
fn two_credentials_are_refused_whatever_they_hold() {
    let both = Sent::form(with_grant("client_id=me&client_secret=s")).basic("me:s");
    let two_headers = Sent::form(with_grant("")).basic("me:s").basic("me:s");
    let malformed_and_body = Sent::form(with_grant("client_id=me&client_secret=s")).authorization("Bearer x");
    for dialect in ["standard", "standard-metrics"] {
        for sent in [&both, &two_headers, &malformed_and_body] {
            assert!(matches!(sent.to(dialect).presented, Presented::Repeated), "{dialect} {sent:?}");
        }
    }
    assert!(matches!(two_headers.query("scope=edit").to("firstvision").presented, Presented::Repeated));
}

#[test]
fn a_client_id_in_the_body_may_repeat_the_one_in_basic_and_not_differ() {
    for dialect in ["standard", "standard-metrics"] {
        let same = Sent::form(with_grant("client_id=me")).basic("me:s").to(dialect);
        assert_eq!((faults(&same).len(), secret(&same)), (0, Some(("me", "s"))), "{dialect}");
        let other = Sent::form(with_grant("client_id=you")).basic("me:s").to(dialect);
        assert!(matches!(other.presented, Presented::Repeated), "{dialect}");
    }
}

#[test]
fn half_a_credential_is_none() {
    for body in ["client_secret=s", ""] {
        assert!(matches!(Sent::form(with_grant(body)).to("standard").presented, Presented::Absent), "{body}");
    }
    let name = Sent::form(with_grant("client_id=me")).to("standard").presented;
    assert!(matches!(&name, Presented::Named { .. }) && name.is_nothing(None), "a name waits for a certificate");
    assert!(matches!(Sent::form("client_id=me").to("asset").presented, Presented::Absent), "asset takes no certificate");
    let ignored = Sent::form("client_id=me").basic("me:s").to("asset");
    assert!(matches!(ignored.presented, Presented::Absent), "asset does not read the header");
    let without_secret = Sent::form(with_grant("")).basic("me:").to("standard");
    assert_eq!(secret(&without_secret), Some(("me", "")), "an empty secret is a wrong one");
}

#[test]
fn unknown_fields_are_ignored_or_refused() {
    for dialect in ["standard", "standard-metrics"] {
        assert_eq!(faults(&Sent::form(with_grant("Scope=a&x=1")).basic("me:s").to(dialect)), [""; 0]);
    }
    let good = Sent::form("grant_type=client_credentials").query("scope=edit").basic("me:s");
    assert_eq!(faults(&good.to("firstvision")), [""; 0]);
    for body in ["scope=edit", "x=1", "grant_type=client_credentials&x"] {
        let request = Sent::form(body).query("scope=edit").basic("me:s").to("firstvision");
        assert_eq!(faults(&request), ["payload_refused@payload"], "{body}");
    }
}

#[test]
fn a_body_of_another_type_is_empty_or_refused() {
    for content_type in ["application/json", "text/plain", ""] {
        let sent = Sent::default().body(content_type, "client_id=me&client_secret=s");
        assert_eq!(faults(&sent.to("asset")), ["parameter_missing client_id@parameters"], "{content_type}");
        assert_eq!(faults(&sent.to("standard-metrics")), ["parameter_missing grant_type@parameters"], "{content_type}");
        assert_eq!(faults(&sent.to("standard"))[0], "payload_refused@payload", "{content_type}");
        assert_eq!(faults(&sent.clone().query("scope=edit").to("firstvision"))[0], "payload_refused@payload", "{content_type}");
    }
    let mut untyped = Sent::form("client_id=me&client_secret=s");
    untyped.headers.append(CONTENT_TYPE, HeaderValue::from_static(FORM));
    assert_eq!(faults(&untyped.to("asset")), ["parameter_missing client_id@parameters"], "two types are none");
    let charset = Sent::default().body("APPLICATION/x-www-form-urlencoded; charset=utf-8", "client_id=me&client_secret=s");
    assert_eq!(faults(&charset.to("asset")), [""; 0]);
}

#[test]
fn multipart_is_read_where_the_dialect_lists_it() {
    let body = "--X\r\nContent-Disposition: form-data; name=\"client_id\"\r\n\r\nme\r\n--X\r\nContent-Disposition: form-data; name=\"client_secret\"\r\n\r\ns\r\n--X--\r\n";
    let sent = Sent::default().body("multipart/form-data; boundary=X", body);
    assert_eq!(secret(&sent.to("asset")), Some(("me", "s")));
    assert_eq!(faults(&sent.to("standard"))[0], "payload_refused@payload");
    let no_boundary = Sent::default().body("multipart/form-data", body);
    assert_eq!(faults(&no_boundary.to("asset"))[0], "payload_refused@payload");
}

#[test]
fn a_user_dialect_reads_json() {
    let set = variant("request.body = [\"json\"]");
    let read = |body: &str| Sent::default().body("application/json", body).basic("me:s").to_one_of(&set, "mine");
    let good = read(
        r#"{"grant_type":"client_credentials","scope":"a b","expires_in":60,"resource":["https://a.example","https://b.example"],"x":null}"#,
    );
    assert_eq!(faults(&good), [""; 0]);
    assert_eq!((scope(&good), good.lifetime), (Some("a b"), Some(60)));
    assert_eq!(resources(&good), ["https://a.example", "https://b.example"]);
    assert_eq!(
        faults(&read(r#"{"grant_type":"client_credentials","scope":"a","scope":"b"}"#)),
        ["parameter_repeated scope@parameters"]
    );
    for bad in ["[]", "{", r#"{"scope":{}}"#, r#"{"scope":true}"#, "grant_type=client_credentials"] {
        assert_eq!(faults(&read(bad))[0], "payload_refused@payload", "{bad}");
    }
    let form = Sent::form(with_grant("")).basic("me:s").to_one_of(&set, "mine");
    assert_eq!(faults(&form)[0], "payload_refused@payload", "a form is another type here");
}

#[test]
fn a_user_dialect_reads_parameters_from_a_header() {
    let set = variant("parameters.business_id = { name = \"x-business\", from = [\"header\"] }");
    let id = "biz_GA6EG2qFxA97NZHtxeLPUy";
    let request = Sent::form(with_grant("")).basic("me:s").header("x-business", id.as_bytes()).to_one_of(&set, "mine");
    assert_eq!(request.business, Some(AskedBusiness::Named(id.parse().unwrap())));
    let twice = Sent::form(with_grant("")).basic("me:s").header("x-business", b"a").header("x-business", b"b");
    assert_eq!(faults(&twice.to_one_of(&set, "mine")), ["parameter_repeated x-business@parameters"]);
}

#[test]
fn a_malformed_percent_sign_nul_and_other_bytes_are_kept_or_refused() {
    for value in [&b"%zz"[..], b"%", b"%ff", b"\xff", b"%e2%82"] {
        let body = [with_grant("x=").as_bytes(), value].concat();
        let refused = Sent::form(&body).basic("me:s").to("standard");
        assert_eq!(faults(&refused), ["encoding_malformed@payload"], "{value:?}");
        let kept = Sent::form(&body).basic("me:s").to("standard-metrics");
        assert_eq!(faults(&kept), [""; 0], "{value:?}");
    }
    let kept = Sent::form("client_id=%zz&client_secret=a%00b").to("asset");
    assert_eq!(secret(&kept), Some(("%zz", "a\0b")));
    let nul = Sent::form("client_id=a%00&client_secret=s&scope=%00&business_id=%00").to("asset");
    assert_eq!(secret(&nul), Some(("", "s")), "no client has such a name");
    assert_eq!(faults(&nul), ["scope_malformed scope@parameters"]);
    assert_eq!(nul.business, Some(AskedBusiness::Malformed));
}

#[test]
fn a_thousand_fields_are_read_and_one_more_is_refused() {
    let fields = |count: usize| with_grant(&"x=1&".repeat(count - 1));
    for dialect in ["standard", "standard-metrics"] {
        assert_eq!(faults(&Sent::form(fields(1000)).basic("me:s").to(dialect)), [""; 0], "{dialect}");
        assert_eq!(faults(&Sent::form(fields(1001)).basic("me:s").to(dialect))[0], "payload_refused@payload", "{dialect}");
    }
    let query = |count: usize| format!("scope=edit{}", "&x=1".repeat(count - 1));
    assert_eq!(faults(&Sent::default().query(&query(1000)).basic("me:s").to("firstvision")), [""; 0]);
    assert_eq!(faults(&Sent::default().query(&query(1001)).basic("me:s").to("firstvision"))[0], "payload_refused@payload");
}

#[test]
fn a_body_that_is_too_large_is_refused_in_every_dialect() {
    for dialect in DialectSet::load(&[]).unwrap().iter() {
        let raw = RawRequest { query: None, headers: &HeaderMap::new(), body: RawBody::TooLarge };
        assert_eq!(faults(&dialect.decode(&raw))[0], "payload_refused@payload");
    }
    let query = format!("scope=edit&x={}", "x".repeat(MAX_BODY));
    assert_eq!(faults(&Sent::default().query(&query).basic("me:s").to("firstvision"))[0], "payload_refused@payload");
}

#[test]
fn each_parameter_is_read_up_to_its_limit_and_not_beyond() {
    for dialect in DialectSet::load(&[]).unwrap().iter() {
        for parameter in &dialect.request.parameters {
            let faults_of = |length: usize| {
                let field = format!("{}={}", parameter.name, "1".repeat(length));
                let sent = match parameter.from.first() {
                    Some(Origin::Query) => Sent::default().query(&field),
                    _ => Sent::form(field),
                };
                faults(&sent.to(dialect.name.as_str()))
            };
            let too_long = format!("parameter_too_long {}@parameters", parameter.name);
            assert!(!faults_of(parameter.max).contains(&too_long), "{} {}", dialect.name, parameter.name);
            assert!(faults_of(parameter.max + 1).contains(&too_long), "{} {}", dialect.name, parameter.name);
        }
    }
}

#[test]
fn a_query_is_ignored_refused_or_read() {
    let sent = Sent::form(with_grant("scope=a")).basic("me:s").query("scope=b&client_secret=x");
    assert_eq!((faults(&sent.to("standard")).len(), scope(&sent.to("standard"))), (0, Some("a")));
    assert_eq!(faults(&sent.to("standard-metrics")), ["query_refused@query"]);
    assert_eq!(faults(&sent.clone().query("").to("standard-metrics")), [""; 0], "a bare question mark is fine");
    let asset = Sent::form("client_id=me&client_secret=s").query("scope=b").to("asset");
    assert_eq!((faults(&asset).len(), scope(&asset)), (0, None));
}

#[test]
fn echoed_headers_come_back_as_sent_within_their_limit() {
    let sent = Sent::default().query("scope=edit").basic("me:s");
    let request = sent
        .clone()
        .header("correlationid", b"abc")
        .header("x-client-trace-id", &[b'x'; 256])
        .header("x-other", b"1")
        .to("firstvision");
    assert_eq!(faults(&request), [""; 0]);
    let names: Vec<&str> = request.echo.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["correlationid", "x-client-trace-id"]);
    let long = sent.clone().header("correlationid", &[b'x'; 41]).to("firstvision");
    assert_eq!(faults(&long), ["parameter_too_long correlationid@parameters"]);
    assert!(long.echo.is_empty());
    let twice = sent.header("correlationid", b"a").header("correlationid", b"b").to("firstvision");
    assert!(twice.echo.is_empty(), "nobody knows which one to send back");
    assert!(Sent::form("client_id=a").header("correlationid", b"abc").to("asset").echo.is_empty());
}

#[test]
fn resources_keep_their_order_and_are_named_once() {
    let asked = "resource=https://b.example&resource=https://a.example&resource=https://b.example";
    for dialect in ["standard", "standard-metrics"] {
        let request = Sent::form(with_grant(asked)).basic("me:s").to(dialect);
        assert_eq!(resources(&request), ["https://b.example", "https://a.example"], "{dialect}");
    }
    let many = |count: usize| (0..count).map(|at| format!("&resource=https://{at}.example")).collect::<Vec<_>>().concat();
    assert_eq!(Sent::form(with_grant(&many(16))).basic("me:s").to("standard").resources.len(), 16);
    assert_eq!(
        faults(&Sent::form(with_grant(&many(17))).basic("me:s").to("standard")),
        ["parameter_too_long resource@parameters"]
    );
    for bad in ["foo", "/mcp", "https://a.example#x", "x,y"] {
        let body = format!("client_id=me&client_secret=s&resource=https://a.example&resource={}", bad.replace('#', "%23"));
        let request = Sent::form(body).to("asset");
        assert_eq!(faults(&request), ["resource_malformed resource@parameters"], "{bad}");
        assert!(request.resources.is_empty());
    }
}

#[test]
fn all_bad_parameters_are_found_in_their_order() {
    let body = "scope=a++b&expires_in=0&grant_type=password&resource=&client_secret=s";
    assert_eq!(
        faults(&Sent::form(body).to("asset")),
        [
            "parameter_missing client_id@parameters",
            "grant_unsupported grant_type@parameters",
            "lifetime_too_small expires_in@parameters",
            "scope_malformed scope@parameters",
            "resource_malformed resource@parameters",
        ]
    );
}

#[test]
fn a_lifetime_is_a_whole_number_of_at_least_one() {
    let lifetime = |value: &str| Sent::form(format!("client_id=a&client_secret=s&expires_in={value}")).to("asset");
    assert_eq!(lifetime("99999999999999999999").lifetime, Some(u32::MAX));
    for (value, fault) in [("0", "too_small"), ("-5", "too_small"), ("abc", "malformed"), ("1e3", "malformed")] {
        assert_eq!(faults(&lifetime(value)), [format!("lifetime_{fault} expires_in@parameters")]);
    }
    assert_eq!(
        faults(&Sent::form(with_grant("expires_in=%2B1")).basic("a:s").to("standard")),
        ["lifetime_malformed expires_in@parameters"]
    );
}

/// What requests are made of.
const WORDS: &[&str] = &[
    "grant_type",
    "client_credentials",
    "scope",
    "client_id",
    "client_secret",
    "resource",
    "business_id",
    "expires_in",
    "=",
    "&",
    "+",
    "%",
    "%20",
    "%00",
    "https://a.example",
    "biz_GA6EG2qFxA97NZHtxeLPUy",
    "a",
    "60",
    ":",
    "--X\r\n",
    "Content-Disposition: form-data; name=\"scope\"\r\n\r\n",
    "{\"",
    "\":\"",
    "\",\"",
    "\"}",
];

/// Pieces of requests, so that random ones get past the first checks.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => prop::sample::select(WORDS).prop_map(|word| word.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..40),
        1 => (any::<u8>(), 0..600_usize).prop_map(|(byte, count)| vec![byte; count]),
    ]
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(piece(), 0..40).prop_map(|pieces| pieces.concat())
}

fn sent() -> impl Strategy<Value = Sent> {
    let types = prop::sample::select(
        &[FORM, "multipart/form-data; boundary=X", "multipart/form-data", "application/json", "text/plain"][..],
    );
    let visible = |bytes: Vec<u8>| bytes.into_iter().filter(|byte| *byte >= 0x20 && *byte != 0x7f).collect::<Vec<u8>>();
    let authorization = prop_oneof![
        bytes().prop_map(|pair| format!("Basic {}", STANDARD.encode(pair)).into_bytes()),
        bytes().prop_map(visible),
    ];
    let more = (prop::option::of(authorization), prop::collection::vec(bytes().prop_map(visible), 0..2));
    (prop::option::of(bytes()), types, bytes(), more).prop_map(|(query, content_type, body, (authorization, echoed))| {
        let mut sent = Sent::default().body(content_type, body);
        sent.query = query.map(|query| String::from_utf8_lossy(&query).into_owned());
        if let Some(value) = authorization {
            sent = sent.header("authorization", &value);
        }
        for value in echoed {
            sent = sent.header("correlationid", &value);
        }
        sent
    })
}

fn check_limits(dialect: &Dialect, request: &TokenRequest) {
    let max = |role: Role| {
        dialect.request.parameters.iter().find(|parameter| parameter.role == role).map_or(0, |parameter| parameter.max)
    };
    if let Presented::Secret { client_id, secret } = &request.presented {
        assert!(client_id.as_ref().is_none_or(|id| id.as_str().len() <= 128));
        assert!(secret.expose().len() <= 256);
    }
    if let Some(scope) = &request.scope {
        assert!(scope.as_str().len() <= max(Role::Scope) && scope.iter().count() <= ScopeSet::MAX_SCOPES && !scope.is_empty());
    }
    assert!(request.resources.len() <= MAX_RESOURCES);
    assert!(request.resources.iter().all(|resource| resource.as_str().len() <= max(Role::Resource)));
    assert!(request.lifetime.is_none_or(|lifetime| lifetime >= 1));
    assert!(request.business.is_none() || max(Role::BusinessId) > 0);
    for (name, value) in &request.echo {
        assert!(dialect.request.echo.iter().any(|(known, max)| known == name && value.len() <= *max));
    }
}

proptest! {
    #[test]
    fn no_bytes_make_a_slot_outside_its_limits(sent in sent()) {
        static SET: std::sync::LazyLock<DialectSet> = std::sync::LazyLock::new(|| DialectSet::load(&[]).unwrap());
        for dialect in SET.iter() {
            let raw = RawRequest { query: sent.query.as_deref(), headers: &sent.headers, body: RawBody::Whole(&sent.body) };
            check_limits(dialect, &dialect.decode(&raw));
        }
    }
}
