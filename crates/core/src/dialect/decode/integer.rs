//! The grammars of integers.

use crate::dialect::rules::IntegerGrammar;

/// Reads an integer; one too large or too small for 64 bits saturates, since a later limit decides anyway.
pub(super) fn read(text: &str, grammar: IntegerGrammar) -> Option<i64> {
    match grammar {
        IntegerGrammar::Plain => digits(text, false),
        IntegerGrammar::Lenient => {
            let text = text.trim_matches(|blank: char| blank.is_ascii_whitespace());
            let (negative, text) = match text.strip_prefix('-') {
                Some(rest) => (true, rest),
                None => (false, text.strip_prefix('+').unwrap_or(text)),
            };
            let whole = match text.split_once('.') {
                Some((whole, fraction)) if !fraction.is_empty() && fraction.bytes().all(|digit| digit == b'0') => whole,
                Some(_) => return None,
                None => text,
            };
            let value = digits(whole, true)?;
            Some(if negative { value.saturating_neg() } else { value })
        }
    }
}

fn digits(text: &str, underscores: bool) -> Option<i64> {
    let mut value: i64 = 0;
    let mut previous_is_digit = false;
    for byte in text.bytes() {
        if byte.is_ascii_digit() {
            value = value.saturating_mul(10).saturating_add(i64::from(byte - b'0'));
        } else if !(underscores && byte == b'_' && previous_is_digit) {
            return None;
        }
        previous_is_digit = byte.is_ascii_digit();
    }
    // An empty text has no last digit either, and `1_` ends in none.
    previous_is_digit.then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lenient_grammar_reads_what_the_provider_does() {
        for (text, value) in [
            ("3600", 3600),
            ("3600.0", 3600),
            (" 60 ", 60),
            ("+60", 60),
            ("0060", 60),
            ("3_600", 3600),
            ("007.000", 7),
            ("-5", -5),
            ("0", 0),
            ("99999999999999999999", i64::MAX),
            ("-99999999999999999999", -i64::MAX),
        ] {
            assert_eq!(read(text, IntegerGrammar::Lenient), Some(value), "{text:?}");
        }
        for text in ["", "abc", "1.5", "1e3", "٣", "3600.", ".0", "1__0", "_1", "1_", "+ 1", "--1", "0x10", "1 0", "\u{a0}1"] {
            assert_eq!(read(text, IntegerGrammar::Lenient), None, "{text:?}");
        }
    }

    #[test]
    fn the_plain_grammar_reads_digits_alone() {
        assert_eq!(read("0060", IntegerGrammar::Plain), Some(60));
        for text in ["", "+1", "-1", " 1", "1.0", "1_0"] {
            assert_eq!(read(text, IntegerGrammar::Plain), None, "{text:?}");
        }
    }
}
