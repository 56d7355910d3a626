//! The pieces that pages are put together from. Each is a type with a small template of its own, so that a page says
//! `{{ Field::text("name", words::NAME) }}` and the compiler checks it. What a piece is given is escaped in its own template; the
//! piece itself is then markup, which [`HtmlSafe`] says.

mod button;
mod chart;
mod code;
mod confirm;
mod field;
mod notice;
mod passkey;
mod qr_code;
mod record;
mod scopes;
mod time;

use std::fmt;

use askama::filters::HtmlSafe;

use super::assets;

pub(crate) use button::{Button, Tab, Tabs};
pub(crate) use chart::{Chart, Column, thousands};
pub(crate) use code::{Code, Secret};
pub(crate) use confirm::Confirm;
pub(crate) use field::{Choice, Choices, Field};
pub(crate) use notice::{Banner, Empty};
pub(crate) use passkey::PasskeyButton;
pub(crate) use qr_code::QrCode;
pub(crate) use record::{Event, Pager, Status, Timeline};
pub(crate) use scopes::{ResourceChoice, Scopes, Ticked};
pub(crate) use time::{Unit, When};

/// A picture beside words: never alone, so it is hidden from who hears the page.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Icon(&'static str);

/// The icon of a name in `assets/icons.svg`.
pub(crate) fn icon(name: &'static str) -> Icon {
    Icon(name)
}

impl fmt::Display for Icon {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sprite = assets::path("icons");
        write!(out, "<svg class=\"icon\" aria-hidden=\"true\"><use href=\"{sprite}#{}\"/></svg>", self.0)
    }
}

macro_rules! markup {
    ($($piece:ty),+ $(,)?) => { $(impl HtmlSafe for $piece {})+ };
}

// Each is rendered by a template that escapes what it is given, or from our own constants.
markup!(
    Icon,
    Button,
    Tabs,
    Chart,
    Code,
    Secret,
    Confirm,
    Field,
    Choices,
    Banner,
    Empty,
    Pager,
    PasskeyButton,
    QrCode,
    Scopes,
    Status,
    Timeline,
    When
);

#[cfg(test)]
mod tests;
