use std::borrow::Cow;

use mintmark_core::clock::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::ToSchema;

/// A moment as the API writes it: RFC 3339 in UTC, whole seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ToSchema)]
#[schema(value_type = String, format = DateTime, examples("2030-01-31T12:00:00Z"))]
pub struct Moment(pub Timestamp);

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let moment = jiff::Timestamp::from_second(self.0.writable().0).map_err(serde::ser::Error::custom)?;
        serializer.collect_str(&moment)
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        let expected = || serde::de::Error::custom("expected a moment by RFC 3339, such as 2030-01-31T12:00:00Z");
        // Jiff reads more than RFC 3339 has.
        let has_a_shape = text.len() <= 40 && text.as_bytes().get(10).is_some_and(|byte| matches!(byte, b'T' | b't'));
        let moment: jiff::Timestamp = text.parse().map_err(|_| expected())?;
        if has_a_shape { Ok(Self(Timestamp(moment.as_second()))) } else { Err(expected()) }
    }
}

impl From<Timestamp> for Moment {
    fn from(at: Timestamp) -> Self {
        Self(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_written_and_read_by_rfc_3339() {
        let moment = Moment(Timestamp(1_893_499_200));
        assert_eq!(serde_json::to_value(moment).unwrap(), "2030-01-01T12:00:00Z");
        for text in ["2030-01-01T12:00:00Z", "2030-01-01T13:00:00+01:00", "2030-01-01T12:00:00.9Z"] {
            assert_eq!(serde_json::from_value::<Moment>(text.into()).unwrap(), moment, "{text}");
        }
        // No list of secrets may fail for one whose expiry was once given in milliseconds.
        assert_eq!(serde_json::to_value(Moment(Timestamp(1_893_499_200_000))).unwrap(), "9999-12-30T22:00:00Z");
        for text in ["", "2030-01-01", "2030-01-01 12:00:00Z", "2030-01-01T12:00:00", "1893499200"] {
            assert!(serde_json::from_value::<Moment>(text.into()).is_err(), "{text}");
        }
    }
}
