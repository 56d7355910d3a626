use crate::clock::Timestamp;

/// For how long the old secret of a rotation is in force beside the new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grace {
    /// Not at all: the old one leaked.
    Now,
    /// An hour.
    OneHour,
    /// A day.
    OneDay,
    /// A week.
    SevenDays,
    /// A month.
    ThirtyDays,
}

impl Grace {
    /// All of them, the shortest first.
    pub const ALL: [Self; 5] = [Self::Now, Self::OneHour, Self::OneDay, Self::SevenDays, Self::ThirtyDays];

    /// The word that people use.
    pub fn as_str(self) -> &'static str {
        match self {
            Grace::Now => "now",
            Grace::OneHour => "1h",
            Grace::OneDay => "24h",
            Grace::SevenDays => "7d",
            Grace::ThirtyDays => "30d",
        }
    }

    /// The grace that a word names.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|grace| grace.as_str() == word)
    }

    /// How long it is, in seconds.
    pub fn seconds(self) -> u32 {
        match self {
            Grace::Now => 0,
            Grace::OneHour => 3600,
            Grace::OneDay => 86_400,
            Grace::SevenDays => 7 * 86_400,
            Grace::ThirtyDays => 30 * 86_400,
        }
    }

    /// When it is over if it begins now, though never after the secret's own expiry: a rotation prolongs nothing.
    pub(super) fn deadline(self, now: Timestamp, own_expiry: Option<Timestamp>) -> Timestamp {
        let end = now.plus(self.seconds());
        own_expiry.map_or(end, |own| own.min(end))
    }
}
