//! The `cnf` claim (RFC 7800): what the holder of a token has to prove possession of.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The key or certificate that a token is bound to.
///
/// Methods of confirmation that this crate does not know are left out, as RFC 7800 section 3.1 demands. A token that
/// has no other is bound all the same: whoever cannot check its proof refuses it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Map<String, Value>")]
pub struct Confirmation {
    /// The SHA-256 thumbprint of the key that signs the `DPoP` proofs, in base64url (RFC 9449 section 6.1).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jkt: Option<String>,
    /// The SHA-256 of the client certificate's DER, in base64url (RFC 8705 section 3.1).
    #[serde(rename = "x5t#S256", skip_serializing_if = "Option::is_none")]
    pub x5t_s256: Option<String>,
}

impl TryFrom<Map<String, Value>> for Confirmation {
    type Error = &'static str;

    /// From a map, since serde's derived code would take an array for the two members.
    fn try_from(mut members: Map<String, Value>) -> Result<Self, &'static str> {
        let mut text = |name| match members.remove(name) {
            None => Ok(None),
            Some(Value::String(text)) if !text.is_empty() => Ok(Some(text)),
            Some(_) => Err("a method of confirmation is no text"),
        };
        Ok(Self { jkt: text("jkt")?, x5t_s256: text("x5t#S256")? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<Confirmation> {
        serde_json::from_str(text).ok()
    }

    #[test]
    fn both_methods_are_read_and_written_under_their_own_names() {
        let text = r#"{"jkt":"key","x5t#S256":"certificate"}"#;
        let both = Confirmation { jkt: Some("key".into()), x5t_s256: Some("certificate".into()) };
        assert_eq!(read(text), Some(both.clone()));
        assert_eq!(serde_json::to_string(&both).ok().as_deref(), Some(text));
    }

    #[test]
    fn unknown_methods_are_ignored_and_leave_the_token_bound() {
        assert_eq!(read(r#"{"kid":"x","jwk":{}}"#), Some(Confirmation::default()));
        assert_eq!(read("{}"), Some(Confirmation::default()));
    }

    #[test]
    fn what_is_no_object_of_texts_is_refused() {
        for text in ["null", "\"x\"", "1", "[]", r#"["key","certificate"]"#, r#"{"jkt":1}"#, r#"{"jkt":null}"#, r#"{"jkt":""}"#]
        {
            assert_eq!(read(text), None, "{text}");
        }
        assert_eq!(read(r#"{"x5t#S256":["certificate"]}"#), None);
    }
}
