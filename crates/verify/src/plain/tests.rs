use serde_json::Value;

use super::*;
use crate::json;

/// What is read plainly, as serde would have it.
fn plainly(text: &str) -> Option<Value> {
    let mut members = serde_json::Map::new();
    read(text.as_bytes(), |name, value| members.insert(name.to_owned(), value.into()).is_none().then_some(()))?;
    Some(Value::Object(members))
}

#[test]
fn the_form_that_issuers_write_is_plain() {
    let text = r#"{"alg":"ES256","":"","n":0,"pos":123456789012345678,"aud":["a","b c"],"on":true,"off":false,"x":"{[:,]}'"}"#;
    assert_eq!(plainly(text), serde_json::from_str(text).ok());
    assert!(plainly(text).is_some());
}

#[test]
fn every_other_form_is_left_to_serde() {
    for text in [
        "",
        "{",
        "}",
        "{}",
        "[]",
        "null",
        r#""a""#,
        r#"{"a"}"#,
        r#"{"a":}"#,
        r#"{"a":1,}"#,
        r#"{,"a":1}"#,
        r#"{"a":1"#,
        r#"{"a":1}}"#,
        r#"{"a":1} "#,
        r#" {"a":1}"#,
        r#"{"a": 1}"#,
        r#"{"a" :1}"#,
        r#"{"a":1 }"#,
        r#"{"a":1, "b":2}"#,
        "{a:1}",
        "{'a':1}",
        "{1:1}",
        r#"{"a":"b}"#,
        r#"{"a":b"}"#,
        r#"{"a":"b""c"}"#,
        r#"{"a":1"b":2}"#,
        r#"{"a":"\n"}"#,
        r#"{"\u0061":1}"#,
        r#"{"a":"\""}"#,
        "{\"a\":\"\n\"}",
        "{\"a\":\"\x7f\"}",
        r#"{"a":"é"}"#,
        r#"{"a":-1}"#,
        r#"{"a":+1}"#,
        r#"{"a":01}"#,
        r#"{"a":1.0}"#,
        r#"{"a":1e3}"#,
        r#"{"a":.1}"#,
        r#"{"a":1234567890123456789}"#,
        r#"{"a":null}"#,
        r#"{"a":True}"#,
        r#"{"a":tru}"#,
        r#"{"a":truefalse}"#,
        r#"{"a":[]}"#,
        r#"{"a":[1]}"#,
        r#"{"a":["b",]}"#,
        r#"{"a":["b"}"#,
        r#"{"a":["b""c"]}"#,
        r#"{"a":[["b"]]}"#,
        r#"{"a":{"b":1}}"#,
        r#"{"a":{}}"#,
    ] {
        assert_eq!(plainly(text), None, "{text}");
    }
    assert_eq!(read(b"{\"a\":\"\xff\"}", |_, _| Some(())), None);
}

#[test]
fn a_member_twice_is_told_twice() {
    let mut names = Vec::new();
    let read = read(br#"{"a":1,"b":"x","a":2}"#, |name, value| {
        names.push((name.to_owned(), value.number::<u8>()));
        Some(())
    });
    assert_eq!(read, Some(()));
    assert_eq!(names, [("a".into(), Some(1)), ("b".into(), None), ("a".into(), Some(2))]);
    let (mut slot, mut other) = (None, Some(1));
    assert_eq!((fill(&mut slot, 2), fill(&mut other, 2)), (Some(()), None));
}

#[test]
fn numbers_that_do_not_fit_are_none() {
    assert_eq!(Plain::Number(255).number::<u8>(), Some(255));
    assert_eq!(Plain::Number(256).number::<u8>(), None);
    assert_eq!(Plain::Text("1").number::<u8>(), None);
    assert_eq!(Plain::Number(1).text(), None);
}

/// Every text that is one or two changes away from a plain one: whatever is still read plainly, strict JSON reads alike.
#[test]
fn nothing_is_read_that_strict_json_would_read_otherwise() {
    let text = r#"{"ab":"c","d":10,"e":["f","g"],"h":true}"#;
    let bytes = b"{}[]\":,0129-+.eatruflsn\\ \x00\n\x7f\x80/u";
    let check = |changed: &[u8]| {
        let Some(changed) = str::from_utf8(changed).ok() else { return };
        if let Some(value) = plainly(changed) {
            assert_eq!(json::from_slice(changed.as_bytes()), Ok(value), "{changed}");
        }
    };
    for first in 0..text.len() {
        for &byte in bytes {
            let mut replaced = text.as_bytes().to_vec();
            replaced[first] = byte;
            check(&replaced);
            let mut inserted = text.as_bytes().to_vec();
            inserted.insert(first, byte);
            check(&inserted);
            for second in 0..text.len() {
                for other in *b"}\",:0\\ \x80" {
                    let mut both = replaced.clone();
                    both[second] = other;
                    check(&both);
                }
                let mut removed = replaced.clone();
                removed.remove(second);
                check(&removed);
            }
        }
    }
}
