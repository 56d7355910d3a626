use askama::Template;

use crate::dashboard::components::{Banner, Button, Field, When, icon, thousands};
use crate::dashboard::frame::{Frame, Tone};
use crate::dashboard::words;

/// One window of a quota.
pub(crate) struct QuotaLine {
    pub(crate) window: &'static str,
    pub(crate) used: u64,
    pub(crate) limit: u64,
}

impl QuotaLine {
    fn said(&self) -> String {
        words::quotas::of(&thousands(self.used), &thousands(self.limit))
    }

    fn percent(&self) -> String {
        let percent = self.used.saturating_mul(100).checked_div(self.limit).unwrap_or(0);
        format!("{percent} %")
    }
}

/// What the usage page says of a quota.
#[derive(Template)]
#[template(path = "pages/quota_card.html")]
pub(crate) struct QuotaCard {
    pub(crate) title: &'static str,
    pub(crate) lines: Vec<QuotaLine>,
    pub(crate) observes: bool,
    pub(crate) href: String,
}

impl askama::filters::HtmlSafe for QuotaCard {}

/// A quota, with what of it is used, and its form.
#[derive(Template)]
#[template(path = "pages/quota.html")]
pub(crate) struct QuotaPage {
    pub(crate) frame: Frame,
    pub(crate) title: &'static str,
    /// What people call the client or the tenant.
    pub(crate) name: String,
    pub(crate) id: String,
    pub(crate) action: String,
    /// The version that is shown.
    pub(crate) version: u64,
    pub(crate) changed: Option<When>,
    pub(crate) lines: Vec<QuotaLine>,
    pub(crate) observes: bool,
    /// What the form has, by window.
    pub(crate) limits: [String; 3],
    pub(crate) mode: &'static str,
    pub(crate) headers: bool,
    pub(crate) error: Option<String>,
    pub(crate) may_edit: bool,
}

impl QuotaPage {
    fn fields(&self) -> [Field; 3] {
        let [minute, hour, day] = &self.limits;
        let field = |name, label, value: &str| Field::text(name, label).value(value).max(10).optional().unremembered();
        [
            field("per_minute", words::quotas::PER_MINUTE, minute),
            field("per_hour", words::quotas::PER_HOUR, hour),
            field("per_day", words::quotas::PER_DAY, day).hint(words::quotas::LIMITS_HINT),
        ]
    }

    fn mode_field(&self) -> Field {
        let options = vec![
            ("enforce".to_owned(), words::quotas::ENFORCE.to_owned()),
            ("observe".to_owned(), words::quotas::OBSERVE.to_owned()),
        ];
        Field::select("mode", words::quotas::MODE, options).value(self.mode)
    }

    fn headers_field(&self) -> Field {
        Field::check("headers", words::quotas::HEADERS, self.headers)
    }

    fn submit() -> Button {
        Button::primary(words::quotas::SAVE)
    }

    fn none() -> Banner {
        Banner::new(Tone::Note, words::quotas::NONE, words::quotas::NONE_MEANS)
    }

    fn wrong(error: &str) -> Banner {
        Banner::new(Tone::Bad, error, "")
    }
}
