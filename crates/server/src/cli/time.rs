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

/// A moment: as RFC 3339 writes it, a date, which is its first moment in UTC, or a duration such as `7d`, which is so long ago.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moment {
    /// That one.
    At(Timestamp),
    /// So many seconds ago.
    Ago(u32),
}

impl Moment {
    /// Which one that is now.
    pub(super) fn when(self, now: Timestamp) -> Timestamp {
        match self {
            Moment::At(moment) => moment,
            Moment::Ago(seconds) => Timestamp(now.0.saturating_sub(i64::from(seconds))),
        }
    }
}

/// Reads a [`Moment`].
pub(super) fn parse_moment(text: &str) -> Result<Moment, String> {
    if let Ok(seconds) = parse_duration(text) {
        return Ok(Moment::Ago(seconds));
    }
    // A time without its offset would be read as a date, and the time be lost.
    let is_date = text.len() == "2027-01-15".len();
    let date = || {
        let date = text.parse::<jiff::civil::Date>().ok().filter(|_| is_date)?;
        date.to_zoned(jiff::tz::TimeZone::UTC).ok()
    };
    let moment = text.parse::<jiff::Timestamp>().ok().or_else(|| date().map(|date| date.timestamp()));
    let moment = moment.map(|moment| Moment::At(Timestamp(moment.as_second())));
    moment.ok_or_else(|| {
        "expected a moment such as 2027-01-15T09:30:00Z, a date such as 2027-01-15, or how long ago, such as 7d".to_owned()
    })
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

    #[test]
    fn moments_are_read_as_times_dates_and_how_long_ago() {
        let now = Timestamp(1_800_000_000);
        let cases = [
            ("2027-01-15T08:00:00Z", 1_800_000_000),
            ("2027-01-15T09:00:00+01:00", 1_800_000_000),
            ("2027-01-15", 1_799_971_200),
            ("1h", 1_799_996_400),
        ];
        for (text, moment) in cases {
            assert_eq!(parse_moment(text).map(|moment| moment.when(now)), Ok(Timestamp(moment)), "{text}");
        }
        for text in ["", "yesterday", "2027-13-01", "2027-01-15T08:00:00"] {
            assert!(parse_moment(text).is_err(), "{text}");
        }
    }
}
