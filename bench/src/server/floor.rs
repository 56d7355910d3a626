//! The floor: reads a request and answers 900 bytes, always the same.

use bytes::Bytes;
use http::request::Parts;

use super::http::Answers;

/// About what an answer with a token has.
const LENGTH: usize = 900;
const BEFORE: &[u8] = br#"{"access_token":""#;
const AFTER: &[u8] = br#"","token_type":"Bearer","expires_in":3600}"#;

static BODY: [u8; LENGTH] = body();

const fn body() -> [u8; LENGTH] {
    let mut body = [b'x'; LENGTH];
    let (start, _) = body.split_at_mut(BEFORE.len());
    start.copy_from_slice(BEFORE);
    let (_, end) = body.split_at_mut(LENGTH - AFTER.len());
    end.copy_from_slice(AFTER);
    body
}

pub(super) struct Floor;

impl Answers for Floor {
    fn answer(&self, _head: &Parts, _body: &[u8]) -> Result<Bytes, &'static str> {
        Ok(Bytes::from_static(&BODY))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_body_is_json_with_a_token() {
        let body: serde_json::Value = serde_json::from_slice(&BODY).unwrap();
        assert!(body["access_token"].as_str().unwrap().len() > 800);
    }
}
