use askama::Template;

use super::{When, icon};
use crate::dashboard::frame::Tone;
use crate::dashboard::words;

/// The state of something in a word, with a shape and a colour of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Template)]
#[template(path = "components/status.html")]
pub(crate) enum Status {
    Active,
    Disabled,
    Expired,
    Expiring,
    Revoked,
    Retiring,
    Next,
    Invited,
    Quarantined,
}

impl Status {
    pub(crate) const ALL: [Status; 9] = [
        Status::Active,
        Status::Disabled,
        Status::Expired,
        Status::Expiring,
        Status::Revoked,
        Status::Retiring,
        Status::Next,
        Status::Invited,
        Status::Quarantined,
    ];

    fn word(self) -> &'static str {
        match self {
            Status::Active => words::status::ACTIVE,
            Status::Disabled => words::status::DISABLED,
            Status::Expired => words::status::EXPIRED,
            Status::Expiring => words::status::EXPIRING,
            Status::Revoked => words::status::REVOKED,
            Status::Retiring => words::status::RETIRING,
            Status::Next => words::status::NEXT,
            Status::Invited => words::status::INVITED,
            Status::Quarantined => words::status::QUARANTINED,
        }
    }

    /// The name in style sheets, and the shape among the icons.
    fn look(self) -> (&'static str, &'static str) {
        match self {
            Status::Active => ("good", "state-active"),
            Status::Disabled => ("off", "state-off"),
            Status::Expired | Status::Revoked | Status::Quarantined => ("bad", "state-ended"),
            Status::Expiring | Status::Retiring => ("warning", "state-ending"),
            Status::Next | Status::Invited => ("note", "state-coming"),
        }
    }

    fn tone(self) -> &'static str {
        self.look().0
    }

    fn shape(self) -> &'static str {
        self.look().1
    }
}

/// Where one is in a list that is read a page at a time. Positions are keys, so there are no page numbers.
#[derive(Template)]
#[template(path = "components/pager.html")]
pub(crate) struct Pager {
    /// What is shown, in words.
    pub(crate) showing: String,
    /// The first page, where this is another.
    pub(crate) first: Option<String>,
    /// The next page, where there is one.
    pub(crate) next: Option<String>,
}

/// One thing that happened or will.
pub(crate) struct Event {
    pub(crate) tone: Tone,
    pub(crate) title: String,
    pub(crate) text: String,
    pub(crate) when: When,
    /// Whether it is the one in force.
    pub(crate) current: bool,
}

/// Things in the order of time.
#[derive(Template)]
#[template(path = "components/timeline.html")]
pub(crate) struct Timeline {
    pub(crate) label: &'static str,
    pub(crate) events: Vec<Event>,
}
