//! The claims of a token as they are written (RFC 9068 section 2.2). To add one that every token carries, add it here, fill it in
//! `mint`, and name it in `Claims` and `RESERVED_CLAIMS` of `mintmark-verify`.

use serde_json::Value;

use super::authorize::BoundTo;
use crate::base64url;
use crate::json::{push_integer, push_text};

/// The claims of a token that is about to be signed.
#[derive(Clone, Copy, Debug)]
pub(super) struct ClaimsToSign<'a> {
    pub(super) iss: &'a str,
    pub(super) sub: &'a str,
    /// At least one. One is written as a string, several as an array.
    pub(super) aud: &'a [&'a str],
    pub(super) exp: i64,
    pub(super) iat: i64,
    pub(super) jti: &'a str,
    pub(super) client_id: &'a str,
    pub(super) scope: Option<&'a str>,
    pub(super) tenant_id: &'a str,
    pub(super) business_id: Option<&'a str>,
    pub(super) credential_id: &'a str,
    pub(super) pos: u64,
    pub(super) cnf: BoundTo<'a>,
    /// Further claims, written last. The loader of dialects refuses the names above and names that are there twice.
    pub(super) extra: &'a [(String, Value)],
}

/// Why claims cannot be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ClaimsError {
    /// A token needs an audience.
    NoAudience,
    /// A claim would be in the token twice.
    WrittenTwice,
}

/// What [`ClaimsToSign`] writes from its own fields.
const WRITTEN: [&str; 13] =
    ["cnf", "iss", "sub", "aud", "exp", "iat", "jti", "client_id", "scope", "tenant_id", "business_id", "credential_id", "pos"];

impl ClaimsToSign<'_> {
    /// Appends them as a JSON object, compactly and in the order of the fields.
    pub(super) fn write(&self, out: &mut Vec<u8>) -> Result<(), ClaimsError> {
        text(out, "{\"iss\":", self.iss);
        text(out, ",\"sub\":", self.sub);
        self.write_audience(out)?;
        out.extend_from_slice(b",\"exp\":");
        push_integer(out, self.exp);
        out.extend_from_slice(b",\"iat\":");
        push_integer(out, self.iat);
        text(out, ",\"jti\":", self.jti);
        text(out, ",\"client_id\":", self.client_id);
        if let Some(scope) = self.scope {
            text(out, ",\"scope\":", scope);
        }
        text(out, ",\"tenant_id\":", self.tenant_id);
        if let Some(business_id) = self.business_id {
            text(out, ",\"business_id\":", business_id);
        }
        text(out, ",\"credential_id\":", self.credential_id);
        out.extend_from_slice(b",\"pos\":");
        push_integer(out, self.pos);
        self.write_confirmation(out);
        self.write_extra(out)?;
        out.push(b'}');
        Ok(())
    }

    fn write_audience(&self, out: &mut Vec<u8>) -> Result<(), ClaimsError> {
        match self.aud {
            [] => Err(ClaimsError::NoAudience),
            [one] => {
                text(out, ",\"aud\":", one);
                Ok(())
            }
            [first, rest @ ..] => {
                text(out, ",\"aud\":[", first);
                for one in rest {
                    text(out, ",", one);
                }
                out.push(b']');
                Ok(())
            }
        }
    }

    fn write_confirmation(&self, out: &mut Vec<u8>) {
        let BoundTo { key, certificate } = self.cnf;
        let mut before = ",\"cnf\":{\"";
        if let Some(key) = key {
            out.extend_from_slice(before.as_bytes());
            text(out, "jkt\":", key);
            before = ",\"";
        }
        if let Some(certificate) = certificate {
            let mut thumbprint = String::with_capacity(base64url::length(certificate.len()));
            base64url::push(&mut thumbprint, certificate);
            out.extend_from_slice(before.as_bytes());
            text(out, "x5t#S256\":", &thumbprint);
        }
        if self.cnf != BoundTo::default() {
            out.push(b'}');
        }
    }

    fn write_extra(&self, out: &mut Vec<u8>) -> Result<(), ClaimsError> {
        for (index, (name, value)) in self.extra.iter().enumerate() {
            let repeated = self.extra.iter().take(index).any(|(earlier, _)| earlier == name);
            if repeated || WRITTEN.contains(&name.as_str()) {
                return Err(ClaimsError::WrittenTwice);
            }
            text(out, ",", name);
            out.push(b':');
            // Writing to a `Vec` cannot fail.
            let _ = serde_json::to_writer(&mut *out, value);
        }
        Ok(())
    }
}

fn text(out: &mut Vec<u8>, before: &str, text: &str) {
    out.extend_from_slice(before.as_bytes());
    push_text(out, text);
}

#[cfg(test)]
mod tests {
    use mintmark_verify::{Audience, Claims, RESERVED_CLAIMS};
    use serde_json::{Map, json};

    use super::*;

    const TO_SIGN: ClaimsToSign<'_> = ClaimsToSign {
        iss: "https://auth.example",
        sub: "client \"1\"",
        aud: &["https://api.example"],
        exp: 1_800_000_300,
        iat: 1_800_000_000,
        jti: "token-1",
        client_id: "client \"1\"",
        scope: Some("business:read business:write"),
        tenant_id: "tenant-1",
        business_id: Some("business-1"),
        credential_id: "secret-1",
        pos: u64::MAX,
        cnf: BoundTo { key: None, certificate: None },
        extra: &[],
    };

    fn written(claims: ClaimsToSign<'_>) -> Result<String, ClaimsError> {
        let mut out = Vec::new();
        claims.write(&mut out).map(|()| String::from_utf8(out).unwrap())
    }

    #[test]
    fn what_is_written_the_verifier_reads() {
        let extra = [("plan".to_owned(), json!({"name": "gold", "seats": 3}))];
        let claims: Claims = serde_json::from_str(&written(ClaimsToSign { extra: &extra, ..TO_SIGN }).unwrap()).unwrap();
        let expected = Claims {
            iss: "https://auth.example".into(),
            sub: "client \"1\"".into(),
            aud: Audience::One("https://api.example".into()),
            exp: 1_800_000_300,
            nbf: None,
            iat: 1_800_000_000,
            jti: "token-1".into(),
            client_id: "client \"1\"".into(),
            scope: Some("business:read business:write".into()),
            tenant_id: Some("tenant-1".into()),
            business_id: Some("business-1".into()),
            credential_id: Some("secret-1".into()),
            pos: Some(u64::MAX),
            cnf: None,
            extra: Map::from_iter(extra),
        };
        assert_eq!(claims, expected);
    }

    #[test]
    fn claims_are_written_compactly_in_the_order_of_the_fields() {
        let extra = [("zone".to_owned(), json!("eu")), ("area".to_owned(), json!(null))];
        let claims = ClaimsToSign { aud: &["a", "b", "c"], scope: None, business_id: None, pos: 7, extra: &extra, ..TO_SIGN };
        let expected = concat!(
            r#"{"iss":"https://auth.example","sub":"client \"1\"","aud":["a","b","c"],"exp":1800000300,"iat":1800000000,"#,
            r#""jti":"token-1","client_id":"client \"1\"","tenant_id":"tenant-1","credential_id":"secret-1","pos":7,"#,
            r#""zone":"eu","area":null}"#
        );
        assert_eq!(written(claims).as_deref(), Ok(expected));
    }

    #[test]
    fn s2_a_claim_is_never_written_twice() {
        for name in WRITTEN {
            let extra = [(name.to_owned(), json!("x"))];
            assert_eq!(written(ClaimsToSign { extra: &extra, ..TO_SIGN }), Err(ClaimsError::WrittenTwice), "{name}");
        }
        let extra = [("plan".to_owned(), json!("gold")), ("plan".to_owned(), json!("gold"))];
        assert_eq!(written(ClaimsToSign { extra: &extra, ..TO_SIGN }), Err(ClaimsError::WrittenTwice));
    }

    #[test]
    fn s2_every_claim_that_the_issuer_writes_is_reserved() {
        assert!(WRITTEN.iter().all(|name| RESERVED_CLAIMS.contains(name)));
    }

    #[test]
    fn a_token_without_audience_is_not_written() {
        assert_eq!(written(ClaimsToSign { aud: &[], ..TO_SIGN }), Err(ClaimsError::NoAudience));
    }
}
