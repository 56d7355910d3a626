use serde_json::to_string;

use super::*;

/// As the issuer writes them: compactly, in the order of the fields.
const WRITTEN: &str = concat!(
    r#"{"iss":"https://auth.example","sub":"client-1","aud":"https://api.example","exp":1800000300,"iat":1800000000,"#,
    r#""jti":"token-1","client_id":"client-1","scope":"business:read business:write","tenant_id":"tenant-1","#,
    r#""business_id":"business-1","credential_id":"secret-1","pos":7}"#
);

const NAMES: [&str; 12] =
    ["iss", "sub", "aud", "exp", "iat", "jti", "client_id", "scope", "tenant_id", "business_id", "credential_id", "pos"];

fn read(text: &str) -> Option<Claims> {
    serde_json::from_str(text).ok()
}

#[test]
fn claims_are_read_and_written_alike() {
    let claims = read(WRITTEN);
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
        pos: Some(7),
        cnf: None,
        extra: Map::new(),
    };
    assert_eq!(claims.as_ref(), Some(&expected));
    assert_eq!(to_string(&expected).ok().as_deref(), Some(WRITTEN));
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
    for name in ["nbf", "scope", "tenant_id", "business_id", "credential_id", "pos", "cnf"] {
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
    let extra = WRITTEN.replace('}', r#","plan":"gold","seats":3,"roles":["a"]}"#);
    let several = WRITTEN.replace(r#""https://api.example""#, r#"["a","b"]"#);
    for text in [WRITTEN, &extra, &several] {
        let (plain, by_serde) = both_ways(text);
        assert!(plain.is_some());
        assert_eq!(plain, by_serde);
    }
}

#[test]
fn claims_that_need_serde_are_left_to_it() {
    for (what, by) in [
        (r#""exp":1800000300"#, r#""exp":-1"#),
        (r#""pos":7"#, r#""pos":18446744073709551615"#),
        (r#""pos":7"#, r#""pos":7,"cnf":{"jkt":"x"}"#),
        (r#""client-1""#, r#""client-\u0031""#),
        (r#""client-1""#, r#""clïent-1""#),
        (r#""pos""#, r#" "pos""#),
    ] {
        let (plain, by_serde) = both_ways(&WRITTEN.replace(what, by));
        assert_eq!(plain, None, "{by}");
        assert!(by_serde.is_some(), "{by}");
    }
}

#[test]
fn what_serde_refuses_is_not_read_without_it() {
    for name in NAMES {
        let twice = WRITTEN.replace('}', &format!(r#","{name}":"x"}}"#));
        assert_eq!(both_ways(&twice), (None, None), "{name}");
        let twice = WRITTEN.replace('}', &format!(r#","{name}":1}}"#));
        assert_eq!(both_ways(&twice), (None, None), "{name}");
        for value in ["true", "null", "[1]", "{}"] {
            let other = WRITTEN.replacen(&format!(r#""{name}":"#), &format!(r#""{name}":{value},"x":"#), 1);
            assert_eq!(both_ways(&other), (None, None), "{other}");
        }
    }
    for name in ["iss", "sub", "aud", "exp", "iat", "jti", "client_id"] {
        let without = WRITTEN.replace(&format!(r#""{name}":"#), &format!(r#""x-{name}":"#));
        assert_eq!(both_ways(&without), (None, None), "{name}");
    }
    let twice = WRITTEN.replace('}', r#","plan":1,"plan":1}"#);
    assert_eq!(both_ways(&twice), (None, None));
}
