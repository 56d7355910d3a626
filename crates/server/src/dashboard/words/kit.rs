//! What the page of all pieces says. Developers of the dashboard alone see it.

pub(crate) const TITLE: &str = "Kit";
pub(crate) const LEAD: &str = "Every piece in every state. Whole pages with sample data are below.";
pub(crate) const PAGES: &str = "Pages";
pub(crate) const BUTTONS: &str = "Buttons";
pub(crate) const STATUS: &str = "Status words and times";
pub(crate) const FIELDS: &str = "Fields";
pub(crate) const CHOICES: &str = "Choices";
pub(crate) const NOTICES: &str = "Banners and flashes";
pub(crate) const TABLES: &str = "Tables";
pub(crate) const EMPTY: &str = "Empty states";
pub(crate) const SECRETS: &str = "Secrets and code";
pub(crate) const CHARTS: &str = "Charts";
pub(crate) const TIMELINES: &str = "Timeline and description list";
pub(crate) const DIALOGS: &str = "Dialogs and danger";
pub(crate) const NAUGHTY: &str = "Strings that attack";
pub(crate) const ICONS: &str = "Icons";
