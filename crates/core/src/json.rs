//! Writing JSON straight into a buffer, without formatting machinery: for what is written at every token request.

/// Appends a text with its quotes.
pub fn push_text(out: &mut Vec<u8>, text: &str) {
    if is_plain(text) {
        out.push(b'"');
        out.extend_from_slice(text.as_bytes());
        out.push(b'"');
    } else {
        // Writing to a `Vec` cannot fail.
        let _ = serde_json::to_writer(out, text);
    }
}

/// Appends what stands between the quotes of a text.
pub fn push_inner_text(out: &mut Vec<u8>, text: &str) {
    if is_plain(text) {
        out.extend_from_slice(text.as_bytes());
        return;
    }
    let start = out.len();
    push_text(out, text);
    out.pop();
    out.remove(start);
}

/// Appends a whole number.
pub fn push_integer(out: &mut Vec<u8>, number: impl itoa::Integer) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

/// Whether a text is in JSON as it is (RFC 8259 section 7).
fn is_plain(text: &str) -> bool {
    // Without an early end, so that many bytes are looked at together.
    let marks = text.bytes().map(|byte| u8::from(byte < 0x20) | u8::from(byte == b'"') | u8::from(byte == b'\\'));
    marks.fold(0, |all, mark| all | mark) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_written_as_serde_json_writes_them() {
        let all: String = (0..=0x2ff).filter_map(char::from_u32).collect();
        for text in ["", "plain", "with space", "\"", "\\", "\n", "é\u{7f}\u{10ffff}", "\u{2028}", "a\u{0}b", all.as_str()] {
            let mut out = b"x".to_vec();
            push_text(&mut out, text);
            let expected = serde_json::to_string(text).unwrap();
            assert_eq!(out, format!("x{expected}").into_bytes());
            let mut out = b"x".to_vec();
            push_inner_text(&mut out, text);
            assert_eq!(out, format!("x{}", &expected[1..expected.len() - 1]).into_bytes());
        }
    }

    #[test]
    fn numbers_are_written_in_full() {
        let mut out = Vec::new();
        push_integer(&mut out, u64::MAX);
        push_integer(&mut out, i64::MIN);
        assert_eq!(out, b"18446744073709551615-9223372036854775808");
    }
}
