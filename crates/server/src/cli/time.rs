//! Times on the command line.

use jiff::{SpanRelativeTo, Unit};
use mintmark_core::clock::Timestamp;

/// A duration such as `90d`, `12h` or `30m`, in seconds.
pub(super) fn parse_duration(text: &str) -> Result<u32, String> {
    let expected = "expected a duration such as 90d, 12h or 30m";
    let span: jiff::Span = text.parse().map_err(|_| expected.to_owned())?;
    let seconds = span.total((Unit::Second, SpanRelativeTo::days_are_24_hours())).map_err(|_| expected.to_owned())?;
    let longest = f64::from(u32::MAX);
    if !(1.0..=longest).contains(&seconds) {
        return Err(format!("{expected}, of a second or more"));
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it was just found to lie within the bounds")]
    Ok(seconds as u32)
}

/// A moment, for people.
pub(super) fn show(moment: Timestamp) -> String {
    jiff::Timestamp::from_second(moment.0).map_or_else(|_| moment.0.to_string(), |moment| moment.to_string())
}

/// A moment that may not be, for people.
pub(super) fn show_or_never(moment: Option<Timestamp>) -> String {
    moment.map_or_else(|| "never".to_owned(), show)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_people_write_them() {
        for (text, seconds) in [("90d", 7_776_000), ("12h", 43_200), ("30m", 1800), ("1s", 1), ("1h 30m", 5400)] {
            assert_eq!(parse_duration(text), Ok(seconds), "{text}");
        }
        for text in ["", "x", "-1d", "0s", "1000000y", "90"] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
    }
}
