use serde_json::{json, to_string};

use super::*;

const TO_SIGN: ClaimsToSign<'_> = ClaimsToSign {
    iss: "https://auth.example",
    sub: "client-1",
    aud: &["https://api.example"],
    exp: 1_800_000_300,
    iat: 1_800_000_000,
    jti: "token-1",
    client_id: "client-1",
    scope: Some("business:read business:write"),
    tenant_id: "tenant-1",
    business_id: Some("business-1"),
    credential_id: "secret-1",
    pos: u64::MAX,
    extra: &[],
};

fn read(text: &str) -> Option<Claims> {
    serde_json::from_str(text).ok()
}

#[test]
fn what_the_issuer_writes_the_verifier_reads() {
    let extra = [("plan".to_owned(), json!({"name": "gold", "seats": 3}))];
    let written = to_string(&ClaimsToSign { extra: &extra, ..TO_SIGN });
    let claims = written.ok().as_deref().and_then(read);
    let expected = Claims {
        iss: "https://auth.example".into(),
        sub: "client-1".into(),
        aud: Audience::One("https://api.example".into()),
        exp: 1_800_000_300,
        nbf: None,
        iat: 1_800_000_000,
        jti: "token-1".into(),
        client_id: "client-1".into(),
        scope: Some("business:read business:write".into()),
        tenant_id: Some("tenant-1".into()),
        business_id: Some("business-1".into()),
        credential_id: Some("secret-1".into()),
        pos: Some(u64::MAX),
        extra: Map::from_iter(extra),
    };
    assert_eq!(claims, Some(expected));
}

#[test]
fn claims_are_written_compactly_in_the_order_of_the_fields() {
    let extra = [("zone".to_owned(), json!("eu")), ("area".to_owned(), json!(null))];
    let written =
        to_string(&ClaimsToSign { aud: &["a", "b"], scope: None, business_id: None, pos: 7, extra: &extra, ..TO_SIGN });
    let expected = concat!(
        r#"{"iss":"https://auth.example","sub":"client-1","aud":["a","b"],"exp":1800000300,"iat":1800000000,"#,
        r#""jti":"token-1","client_id":"client-1","tenant_id":"tenant-1","credential_id":"secret-1","pos":7,"#,
        r#""zone":"eu","area":null}"#
    );
    assert_eq!(written.ok().as_deref(), Some(expected));
}

#[test]
fn s2_a_claim_is_never_written_twice() {
    for name in WRITTEN {
        let extra = [(name.to_owned(), json!("x"))];
        assert!(to_string(&ClaimsToSign { extra: &extra, ..TO_SIGN }).is_err(), "{name}");
    }
    let extra = [("plan".to_owned(), json!("gold")), ("plan".to_owned(), json!("gold"))];
    assert!(to_string(&ClaimsToSign { extra: &extra, ..TO_SIGN }).is_err());
}

#[test]
fn s2_every_claim_that_the_issuer_writes_is_reserved() {
    assert!(WRITTEN.iter().all(|name| RESERVED_CLAIMS.contains(name)));
}

#[test]
fn a_token_without_audience_is_not_written() {
    assert!(to_string(&ClaimsToSign { aud: &[], ..TO_SIGN }).is_err());
}

#[test]
fn a_single_audience_in_an_array_is_an_audience() {
    let aud: Option<Audience> = serde_json::from_str(r#"["a","b"]"#).ok();
    assert!(aud.as_ref().is_some_and(|aud| aud.contains("b") && !aud.contains("ab")));
    for text in ["null", "1", "{}", r#"["a",1]"#, r#"[["a"]]"#] {
        assert!(serde_json::from_str::<Audience>(text).is_err(), "{text}");
    }
}

fn with(member: &str) -> Option<Claims> {
    read(&format!(r#"{{"iss":"i","sub":"s","aud":"a","exp":1,"iat":1,"jti":"j","client_id":"c"{member}}}"#))
}

#[test]
fn scopes_are_compared_exactly() {
    let claims = with(r#","scope":"read:all  write""#);
    assert!(claims.as_ref().is_some_and(|claims| claims.scopes().eq(["read:all", "write"])));
    for (scope, held) in [("write", true), ("read:all", true), ("read", false), ("WRITE", false), ("", false)] {
        assert_eq!(claims.as_ref().map(|claims| claims.has_scope(scope)), Some(held), "{scope}");
    }
    assert_eq!(with("").map(|claims| claims.has_scope("")), Some(false));
}

#[test]
fn null_is_not_a_way_to_leave_a_claim_out() {
    for name in ["nbf", "scope", "tenant_id", "business_id", "credential_id", "pos"] {
        assert_eq!(with(&format!(r#","{name}":null"#)), None, "{name}");
    }
}

#[test]
fn times_are_whole_numbers_that_fit() {
    for nbf in ["1.5", "1e3", "\"1\"", "9223372036854775808", "true", "[1]"] {
        assert_eq!(with(&format!(r#","nbf":{nbf}"#)), None, "{nbf}");
    }
    assert!(with(r#","nbf":-9223372036854775808,"pos":18446744073709551615"#).is_some());
}

/// Read with and without serde.
fn both_ways(text: &str) -> (Option<Claims>, Option<Claims>) {
    (Claims::read_plain(text.as_bytes()), crate::json::from_slice(text.as_bytes()).ok())
}

#[test]
fn claims_as_the_issuer_writes_them_need_no_serde() {
    let extra = [("plan".to_owned(), json!("gold")), ("seats".to_owned(), json!(3)), ("roles".to_owned(), json!(["a"]))];
    for to_sign in [
        ClaimsToSign { pos: 7, ..TO_SIGN },
        ClaimsToSign { pos: 7, aud: &["a", "b"], scope: None, business_id: None, ..TO_SIGN },
        ClaimsToSign { pos: 7, extra: &extra, ..TO_SIGN },
    ] {
        let (plain, by_serde) = both_ways(&to_string(&to_sign).unwrap_or_default());
        assert!(plain.is_some());
        assert_eq!(plain, by_serde);
    }
}

#[test]
fn claims_that_need_serde_are_left_to_it() {
    let good = to_string(&ClaimsToSign { pos: 7, ..TO_SIGN }).unwrap_or_default();
    for (what, by) in [
        (r#""exp":1800000300"#, r#""exp":-1"#),
        (r#""pos":7"#, r#""pos":18446744073709551615"#),
        (r#""pos":7"#, r#""pos":7,"cnf":{"jkt":"x"}"#),
        (r#""client-1""#, r#""client-\u0031""#),
        (r#""client-1""#, r#""clïent-1""#),
        (r#""pos""#, r#" "pos""#),
    ] {
        let (plain, by_serde) = both_ways(&good.replace(what, by));
        assert_eq!(plain, None, "{by}");
        assert!(by_serde.is_some(), "{by}");
    }
}

#[test]
fn what_serde_refuses_is_not_read_without_it() {
    let good = to_string(&ClaimsToSign { pos: 7, ..TO_SIGN }).unwrap_or_default();
    for name in WRITTEN {
        let twice = good.replace('}', &format!(r#","{name}":"x"}}"#));
        assert_eq!(both_ways(&twice), (None, None), "{name}");
        let twice = good.replace('}', &format!(r#","{name}":1}}"#));
        assert_eq!(both_ways(&twice), (None, None), "{name}");
        for value in ["true", "null", "[1]", "{}"] {
            let other = good.replacen(&format!(r#""{name}":"#), &format!(r#""{name}":{value},"x":"#), 1);
            assert_eq!(both_ways(&other), (None, None), "{other}");
        }
    }
    for name in ["iss", "sub", "aud", "exp", "iat", "jti", "client_id"] {
        let without = good.replace(&format!(r#""{name}":"#), &format!(r#""x-{name}":"#));
        assert_eq!(both_ways(&without), (None, None), "{name}");
    }
    let twice = good.replace('}', r#","plan":1,"plan":1}"#);
    assert_eq!(both_ways(&twice), (None, None));
}
