//! `[environments.NAME.previous]`: the issuer whose place the environment takes, for as long as its tokens are in use (rule S27).

use std::path::{Path, PathBuf};

use jiff::civil::Date;
use mintmark_core::document::TableReader;

use super::Variables;
use super::section::{Setting, read_text, variable_name};

/// The keys of the issuer before, and until when they are published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreviousSettings {
    /// Its public keys, a JWKS.
    pub jwks: PathBuf,
    /// The day at whose beginning, in UTC, they are no longer published.
    pub until: Date,
}

/// The lines of the reference.
pub(super) fn settings() -> Vec<Setting> {
    let setting = |key, doc| Setting { section: "environments.NAME.previous", key, default: "\"\"".to_owned(), doc };
    vec![
        setting(
            "jwks",
            "A file with the public keys (RFC 7517) of the issuer whose place this environment takes. They are published at \
             `/.well-known/jwks/previous-DATE.json`, apart from the environment's own: see \
             [moving-in.md](moving-in.md#tokens-of-the-issuer-before). SIGHUP reads it again, and so does a change of it within a minute.",
        ),
        setting("until", "The day, such as `2027-01-31`, at whose beginning (UTC) that ends. It is the DATE of the URL."),
    ]
}

/// Nothing where there is none.
pub(super) fn read(entry: &TableReader<'_>, variables: &Variables, section: &str, folder: &Path) -> Option<PreviousSettings> {
    let table = entry.table("previous");
    let section = format!("{section}.previous");
    let text = |key| read_text(table.as_ref(), variables, (&section, key), "");
    let (jwks, until) = (text("jwks"), text("until"));
    let report = |key, message: &str| match &table {
        Some(table) => table.report(format!("`{section}.{key}`: {message}")),
        None => variables.report(&variable_name(&section, key), message),
    };
    let date = parse_date(&until);
    if jwks.is_empty() != until.is_empty() {
        report("until", "keys of another issuer are published until a day: give `jwks` and `until`, or neither");
    } else if !until.is_empty() && date.is_none() {
        report("until", "expected a day, such as \"2027-01-31\"");
    }
    if let Some(table) = table {
        table.finish();
    }
    date.filter(|_| !jwks.is_empty()).map(|until| PreviousSettings { jwks: folder.join(jwks), until })
}

/// In this one form alone, since it stands in a URL.
fn parse_date(text: &str) -> Option<Date> {
    text.parse::<Date>().ok().filter(|date| date.to_string() == text)
}
