use askama::Template;
use mintmark_core::clock::Timestamp;

use crate::dashboard::words;

/// What times are counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    Minute,
    Hour,
    Day,
}

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
/// An end this near is marked, in seconds.
const SOON: i64 = 14 * DAY;
/// An end this near is marked strongly, in seconds.
const VERY_SOON: i64 = 3 * DAY;

/// A moment as people say it, with the exact one, in UTC, for who asks. Scripts add the reader's own zone to it.
#[derive(Clone, Debug, Template)]
#[template(path = "components/time.html")]
pub(crate) struct When {
    /// As machines read it; nothing if it is never.
    machine: Option<String>,
    /// In UTC, for people.
    exact: String,
    said: String,
    urgency: &'static str,
}

impl When {
    /// How long ago or ahead, seen from `now`.
    pub(crate) fn relative(at: Option<Timestamp>, now: Timestamp) -> Self {
        let Some(at) = at else { return Self::never() };
        Self { said: distance(at.0.saturating_sub(now.0)), ..Self::exact(at) }
    }

    /// When something ends; amber in the last fourteen days, red in the last three.
    pub(crate) fn end(at: Option<Timestamp>, now: Timestamp) -> Self {
        let urgency = match at.map(|at| at.0.saturating_sub(now.0)) {
            Some(left) if left <= VERY_SOON => "now",
            Some(left) if left <= SOON => "soon",
            _ => "",
        };
        Self { urgency, ..Self::relative(at, now) }
    }

    /// What it says, for sentences.
    pub(crate) fn said(&self) -> &str {
        &self.said
    }

    /// Whether it is an end that is very near, or was.
    pub(crate) fn is_urgent(&self) -> bool {
        self.urgency == "now"
    }

    /// Whether it is an end that is near, or was.
    pub(crate) fn is_near(&self) -> bool {
        !self.urgency.is_empty()
    }

    /// The moment itself, to the minute.
    pub(crate) fn exact(at: Timestamp) -> Self {
        let format =
            |format: &str| jiff::Timestamp::from_second(at.0).map(|at| at.strftime(format).to_string()).unwrap_or_default();
        let said = format("%Y-%m-%d %H:%M UTC");
        Self { machine: Some(format("%Y-%m-%dT%H:%M:%SZ")), exact: format("%Y-%m-%d %H:%M:%S UTC"), said, urgency: "" }
    }

    fn never() -> Self {
        Self { machine: None, exact: String::new(), said: words::time::NEVER.to_owned(), urgency: "" }
    }
}

fn distance(seconds: i64) -> String {
    let (count, unit) = match seconds.abs() {
        distance if distance < MINUTE => return words::time::NOW.to_owned(),
        distance if distance < HOUR => (distance / MINUTE, Unit::Minute),
        distance if distance < 2 * DAY => (distance / HOUR, Unit::Hour),
        distance => (distance / DAY, Unit::Day),
    };
    let unit = words::time::unit(unit, count);
    if seconds < 0 { words::time::ago(count, unit) } else { words::time::ahead(count, unit) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_800_000_000);

    fn said(seconds: i64) -> String {
        When::relative(Some(Timestamp(NOW.0 + seconds)), NOW).said
    }

    #[test]
    fn times_are_said_as_people_say_them() {
        assert_eq!(said(-5), "just now");
        assert_eq!(said(-180), "3 min ago");
        assert_eq!(said(-47 * HOUR), "47 h ago");
        assert_eq!(said(12 * DAY + 5), "in 12 days");
        assert_eq!(When::relative(None, NOW).said, "never");
        assert_eq!(When::exact(NOW).said, "2027-01-15 08:00 UTC");
        assert_eq!(When::exact(Timestamp(i64::MAX)).said, "");
    }

    #[test]
    fn an_end_is_amber_at_fourteen_days_and_red_at_three() {
        let urgency = |days: i64| When::end(Some(Timestamp(NOW.0 + days * DAY)), NOW).urgency;
        assert_eq!([urgency(15), urgency(14), urgency(3), urgency(-1)], ["", "soon", "now", "now"]);
        assert_eq!(When::end(None, NOW).urgency, "");
    }
}
