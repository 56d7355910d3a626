//! Strict JSON: no object has two members of one name, at any depth.
//!
//! RFC 7515 section 4 and RFC 7519 section 4 let a parser keep the last of two members. A second parser that keeps the
//! first would then see another `alg`, `aud` or `exp` than this one.

use std::{collections::HashSet, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, Error as _, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Value};

use crate::{Part, TokenError};

/// Why a text is not strict JSON of the wanted shape. Without serde's message, which quotes the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    Malformed,
    DuplicateMember,
}

impl Fault {
    /// The error that this fault is in a part of a token.
    pub(crate) const fn of(self, part: Part) -> TokenError {
        match self {
            Self::Malformed => TokenError::Malformed(part),
            Self::DuplicateMember => TokenError::DuplicateMember(part),
        }
    }
}

/// Deepest nesting of what [`object`] reads, the object itself included.
const MAX_DEPTH: usize = 16;

/// Reads an object of which nothing is known in advance, nested no deeper than 16 levels.
pub(crate) fn object(bytes: &[u8]) -> Result<Map<String, Value>, Fault> {
    let members: Map<String, Value> = from_slice(bytes)?;
    if members.values().all(|value| fits(value, MAX_DEPTH - 1)) { Ok(members) } else { Err(Fault::Malformed) }
}

/// Whether there are at most `levels` levels of objects and arrays. The parser's own limit bounds the recursion.
fn fits(value: &Value, levels: usize) -> bool {
    match value {
        Value::Array(elements) => levels > 0 && elements.iter().all(|element| fits(element, levels - 1)),
        Value::Object(members) => levels > 0 && members.values().all(|member| fits(member, levels - 1)),
        _ => true,
    }
}

/// Reads JSON (RFC 8259) of the shape `T`.
pub(crate) fn from_slice<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Fault> {
    // The walk takes data of any shape, so that its own complaint is the only one of this category.
    serde_json::from_slice::<UniqueMembers>(bytes)
        .map_err(|error| if error.is_data() { Fault::DuplicateMember } else { Fault::Malformed })?;
    serde_json::from_slice(bytes).map_err(|_| Fault::Malformed)
}

/// Any JSON value without duplicate members. Names are compared after their escapes are resolved.
struct UniqueMembers;

impl<'de> Deserialize<'de> for UniqueMembers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Walk)
    }
}

struct Walk;

impl<'de> Visitor<'de> for Walk {
    type Value = UniqueMembers;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON without duplicate members")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<UniqueMembers, A::Error> {
        let mut names = HashSet::new();
        while let Some(name) = members.next_key::<String>()? {
            if !names.insert(name) {
                return Err(A::Error::custom("duplicate member"));
            }
            members.next_value::<UniqueMembers>()?;
        }
        Ok(UniqueMembers)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<UniqueMembers, A::Error> {
        while elements.next_element::<UniqueMembers>()?.is_some() {}
        Ok(UniqueMembers)
    }

    fn visit_bool<E>(self, _: bool) -> Result<UniqueMembers, E> {
        Ok(UniqueMembers)
    }

    fn visit_i64<E>(self, _: i64) -> Result<UniqueMembers, E> {
        Ok(UniqueMembers)
    }

    fn visit_u64<E>(self, _: u64) -> Result<UniqueMembers, E> {
        Ok(UniqueMembers)
    }

    fn visit_f64<E>(self, _: f64) -> Result<UniqueMembers, E> {
        Ok(UniqueMembers)
    }

    fn visit_str<E>(self, _: &str) -> Result<UniqueMembers, E> {
        Ok(UniqueMembers)
    }

    fn visit_unit<E>(self) -> Result<UniqueMembers, E> {
        Ok(UniqueMembers)
    }
}

/// For optional members: a member that is there has its type, and `null` is not a way to leave it out.
///
/// Use with `#[serde(default, deserialize_with = "json::present")]`.
pub(crate) fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn duplicate_members_are_found_at_every_depth_and_behind_escapes() {
        for text in [r#"{"a":1,"a":1}"#, r#"{"a":1,"b":2,"\u0061":3}"#, r#"{"a":{"b":1,"b":2}}"#, r#"[[{"b":null,"b":2}]]"#] {
            let read = from_slice::<Value>(text.as_bytes());
            assert_eq!(read, Err(Fault::DuplicateMember), "{text}");
        }
    }

    #[test]
    fn the_same_name_in_two_objects_is_no_duplicate() {
        let text = r#"{"a":{"a":[{"a":true},{"a":-1.5}]},"b":"c"}"#;
        assert_eq!(from_slice(text.as_bytes()), Ok(serde_json::json!({"a":{"a":[{"a":true},{"a":-1.5}]},"b":"c"})));
    }

    #[test]
    fn an_object_is_nested_sixteen_levels_deep_at_most() {
        for (open, close) in [("[", "]"), (r#"{"a":"#, "}")] {
            let nested = |levels: usize| format!(r#"{{"a":{}1{}}}"#, open.repeat(levels), close.repeat(levels));
            assert!(object(nested(15).as_bytes()).is_ok());
            assert_eq!(object(nested(16).as_bytes()), Err(Fault::Malformed));
        }
        assert_eq!(object(b"[]"), Err(Fault::Malformed));
    }

    #[test]
    fn text_around_the_value_and_nesting_without_end_are_malformed() {
        let deep = "[".repeat(4000);
        for text in [r#"{"a":1}x"#, r#"{"a":1}{"a":1}"#, "", "{", "\u{feff}{}", deep.as_str()] {
            let read = from_slice::<Value>(text.as_bytes());
            assert_eq!(read, Err(Fault::Malformed));
        }
        assert_eq!(from_slice::<Value>(b"\"\xff\""), Err(Fault::Malformed));
    }
}
