//! Bodies and query strings as fields: names and values, in order, repeats kept.

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::stream;
use percent_encoding::percent_decode;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};

use super::MAX_FIELDS;
use crate::dialect::rules::BodyType;
use crate::token::ProblemPlace;

/// Room for the fields of nearly every request.
const USUAL_FIELDS: usize = 8;

/// One field.
#[derive(Debug)]
pub(super) struct Field<'a> {
    /// Where it was.
    pub(super) place: ProblemPlace,
    pub(super) name: Cow<'a, str>,
    pub(super) value: Cow<'a, str>,
    /// It held a malformed percent sign, or bytes that are not UTF-8.
    pub(super) malformed: bool,
}

/// The fields cannot be read, or are too many.
#[derive(Debug)]
pub(super) struct FieldsError;

/// The body type that a `Content-Type` names, in any case and with any parameters.
pub(super) fn body_type(content_type: &str) -> Option<BodyType> {
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    let known = [
        ("application/x-www-form-urlencoded", BodyType::Form),
        ("multipart/form-data", BodyType::Multipart),
        ("application/json", BodyType::Json),
    ];
    known.into_iter().find(|(name, _)| essence.eq_ignore_ascii_case(name)).map(|(_, body_type)| body_type)
}

/// Reads `application/x-www-form-urlencoded`, of a body or a query string.
pub(super) fn read_form(bytes: &[u8], place: ProblemPlace) -> Result<Vec<Field<'_>>, FieldsError> {
    let mut fields = Vec::with_capacity(USUAL_FIELDS);
    for pair in bytes.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
        if fields.len() == MAX_FIELDS {
            return Err(FieldsError);
        }
        let mut halves = pair.splitn(2, |byte| *byte == b'=');
        let (name, name_malformed) = decode_component(halves.next().unwrap_or_default());
        let (value, value_malformed) = decode_component(halves.next().unwrap_or_default());
        fields.push(Field { place, name, value, malformed: name_malformed || value_malformed });
    }
    Ok(fields)
}

/// Decodes one name or value: `+` is a space, `%XX` a byte. A malformed percent sign is kept as it is, bytes that are not
/// UTF-8 become U+FFFD; either is told.
pub(super) fn decode_component(bytes: &[u8]) -> (Cow<'_, str>, bool) {
    // Most names and values are as they are. Without an early end, so that many bytes are looked at together.
    let marks = bytes.iter().map(|byte| u8::from(*byte == b'%') | u8::from(*byte == b'+'));
    let is_plain = marks.fold(0, |all, mark| all | mark) == 0;
    match std::str::from_utf8(bytes) {
        Ok(text) if is_plain => (Cow::Borrowed(text), false),
        _ => {
            let (text, malformed) = decode_escaped(bytes);
            (Cow::Owned(text), malformed)
        }
    }
}

fn decode_escaped(bytes: &[u8]) -> (String, bool) {
    let spaced: Vec<u8> = bytes.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
    let is_hex = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_hexdigit);
    let bad_percent = spaced
        .iter()
        .enumerate()
        .any(|(at, byte)| *byte == b'%' && !(is_hex(spaced.get(at + 1)) && is_hex(spaced.get(at + 2))));
    let decoded: Vec<u8> = percent_decode(&spaced).collect();
    match String::from_utf8(decoded) {
        Ok(text) => (text, bad_percent),
        Err(error) => (String::from_utf8_lossy(error.as_bytes()).into_owned(), true),
    }
}

/// Reads `multipart/form-data` (RFC 7578). A part without a name is no field.
pub(super) fn read_multipart(content_type: &str, body: &[u8]) -> Result<Vec<Field<'static>>, FieldsError> {
    let boundary = multer::parse_boundary(content_type).map_err(|_| FieldsError)?;
    let whole = stream::iter([Ok::<_, std::convert::Infallible>(Bytes::copy_from_slice(body))]);
    let mut parts = multer::Multipart::new(whole, boundary);
    let read = async {
        let mut fields = Vec::new();
        while let Some(part) = parts.next_field().await.map_err(|_| FieldsError)? {
            if fields.len() == MAX_FIELDS {
                return Err(FieldsError);
            }
            let Some(name) = part.name().map(str::to_owned) else { continue };
            let bytes = part.bytes().await.map_err(|_| FieldsError)?;
            let value = String::from_utf8_lossy(&bytes);
            let malformed = matches!(value, Cow::Owned(_));
            fields.push(Field { place: ProblemPlace::Body, name: name.into(), value: value.into_owned().into(), malformed });
        }
        Ok(fields)
    };
    // The whole body is here, so nothing is ever waited for.
    read.now_or_never().unwrap_or(Err(FieldsError))
}

/// Reads a JSON object of texts, numbers and lists of texts. A member that is there twice is two fields, `null` is none.
pub(super) fn read_json(body: &[u8]) -> Result<Vec<Field<'static>>, FieldsError> {
    let mut reader = serde_json::Deserializer::from_slice(body);
    let fields = reader.deserialize_map(JsonObject).map_err(|_| FieldsError)?;
    reader.end().map_err(|_| FieldsError)?;
    Ok(fields)
}

struct JsonObject;

impl<'de> Visitor<'de> for JsonObject {
    type Value = Vec<Field<'static>>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Vec<Field<'static>>, A::Error> {
        let mut fields = Vec::new();
        while let Some((name, JsonValues(values))) = members.next_entry::<String, JsonValues>()? {
            for value in values {
                if fields.len() == MAX_FIELDS {
                    return Err(serde::de::Error::custom("too many members"));
                }
                let place = ProblemPlace::Body;
                fields.push(Field { place, name: name.clone().into(), value: value.into(), malformed: false });
            }
        }
        Ok(fields)
    }
}

/// The values of one member.
struct JsonValues(Vec<String>);

impl<'de> serde::Deserialize<'de> for JsonValues {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(JsonMember).map(JsonValues)
    }
}

struct JsonMember;

impl<'de> Visitor<'de> for JsonMember {
    type Value = Vec<String>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a text, a number or a list of texts")
    }

    fn visit_str<E>(self, text: &str) -> Result<Vec<String>, E> {
        Ok(vec![text.to_owned()])
    }

    fn visit_i64<E>(self, number: i64) -> Result<Vec<String>, E> {
        Ok(vec![number.to_string()])
    }

    fn visit_u64<E>(self, number: u64) -> Result<Vec<String>, E> {
        Ok(vec![number.to_string()])
    }

    fn visit_f64<E>(self, number: f64) -> Result<Vec<String>, E> {
        Ok(vec![number.to_string()])
    }

    fn visit_unit<E>(self) -> Result<Vec<String>, E> {
        Ok(Vec::new())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Vec<String>, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = items.next_element::<String>()? {
            if values.len() == MAX_FIELDS {
                return Err(serde::de::Error::custom("too many values"));
            }
            values.push(value);
        }
        Ok(values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(fields: Vec<Field<'_>>) -> Vec<(String, String, bool)> {
        fields.into_iter().map(|field| (field.name.into_owned(), field.value.into_owned(), field.malformed)).collect()
    }

    fn owned(expected: &[(&str, &str, bool)]) -> Vec<(String, String, bool)> {
        expected.iter().map(|(name, value, malformed)| ((*name).to_owned(), (*value).to_owned(), *malformed)).collect()
    }

    #[test]
    fn a_form_keeps_order_repeats_and_oddities() {
        let fields = read_form(b"&a=1&a=2&b&c=x%20y+z&d=%zz&e=%&f=%ff&g=%00&h=i=j;k&", ProblemPlace::Body).unwrap();
        let expected = [
            ("a", "1", false),
            ("a", "2", false),
            ("b", "", false),
            ("c", "x y z", false),
            ("d", "%zz", true),
            ("e", "%", true),
            ("f", "\u{fffd}", true),
            ("g", "\0", false),
            ("h", "i=j;k", false),
        ];
        assert_eq!(pairs(fields), owned(&expected));
    }

    #[test]
    fn one_field_too_many_is_refused() {
        assert_eq!(read_form("a=1&".repeat(1000).as_bytes(), ProblemPlace::Body).unwrap().len(), 1000);
        assert!(read_form("a=1&".repeat(1001).as_bytes(), ProblemPlace::Body).is_err());
    }

    #[test]
    fn json_members_become_fields() {
        let fields = read_json(br#"{"a":"x","b":3600,"c":["1","2"],"d":null,"a":"y"}"#).unwrap();
        let expected = [("a", "x", false), ("b", "3600", false), ("c", "1", false), ("c", "2", false), ("a", "y", false)];
        assert_eq!(pairs(fields), owned(&expected));
        for bad in ["", "[]", "{", "{} x", r#"{"a":{"b":1}}"#, r#"{"a":true}"#, r#"{"a":[["x"]]}"#, "\"a\"", "\u{feff}{}"] {
            assert!(read_json(bad.as_bytes()).is_err(), "{bad}");
        }
        let deep = format!("{}{}", "[".repeat(30_000), "]".repeat(30_000));
        assert!(read_json(format!("{{\"a\":{deep}}}").as_bytes()).is_err());
    }

    #[test]
    fn multipart_parts_become_fields() {
        let body = b"--X\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--X\r\nContent-Disposition: form-data; name=\"b\"\r\n\r\n\r\n--X--\r\n";
        let fields = read_multipart("multipart/form-data; boundary=X", body).unwrap();
        assert_eq!(pairs(fields), owned(&[("a", "1", false), ("b", "", false)]));
        assert!(read_multipart("multipart/form-data", body).is_err(), "no boundary");
        assert!(read_multipart("multipart/form-data; boundary=X", &body[..40]).is_err(), "cut off");
    }

    #[test]
    fn media_types_match_in_any_case_with_parameters() {
        assert_eq!(body_type("Application/X-WWW-Form-Urlencoded; charset=utf-8"), Some(BodyType::Form));
        assert_eq!(body_type("application/json"), Some(BodyType::Json));
        assert_eq!(body_type("text/plain"), None);
        assert_eq!(body_type(""), None);
    }
}
