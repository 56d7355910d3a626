//! Declares sections of settings.

use std::ops::RangeInclusive;

use mintmark_core::document::TableReader;
use zeroize::Zeroizing;

use super::Variables;

/// One setting, for the reference.
#[derive(Debug, Clone)]
pub struct Setting {
    /// Its section.
    pub section: &'static str,
    /// Its key.
    pub key: &'static str,
    /// Its default, as it is written in the file.
    pub default: String,
    /// What it means.
    pub doc: &'static str,
}

impl Setting {
    /// Its environment variable.
    pub fn variable(&self) -> String {
        variable_name(self.section, self.key)
    }
}

/// A text that may hold a password, and so is not shown.
#[derive(Clone)]
pub struct SecretText(Zeroizing<String>);

impl SecretText {
    pub(super) fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The text.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for SecretText {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("SecretText")
    }
}

pub(super) fn variable_name(section: &str, key: &str) -> String {
    format!("MINTMARK_{section}_{key}").to_uppercase().replace(['.', '-'], "_")
}

pub(super) fn read_text(
    table: Option<&TableReader<'_>>,
    variables: &Variables,
    path: (&str, &'static str),
    default: &str,
) -> String {
    let from_file = table.and_then(|table| table.text(path.1)).map(str::to_owned);
    variables.take(&variable_name(path.0, path.1)).or(from_file).unwrap_or_else(|| default.to_owned())
}

pub(super) fn read_choice(
    table: Option<&TableReader<'_>>,
    variables: &Variables,
    path: (&str, &'static str),
    default: &str,
    words: &[&'static str],
) -> String {
    let name = variable_name(path.0, path.1);
    let pairs: Vec<(&'static str, &'static str)> = words.iter().map(|word| (*word, *word)).collect();
    let from_file = table.and_then(|table| table.choice(path.1, &pairs)).map(str::to_owned);
    let from_variable = variables.take(&name).filter(|text| {
        let known = words.contains(&text.as_str());
        if !known {
            variables.report(&name, &format!("expected one of {}", words.join(", ")));
        }
        known
    });
    from_variable.or(from_file).unwrap_or_else(|| default.to_owned())
}

pub(super) fn read_integer(
    table: Option<&TableReader<'_>>,
    variables: &Variables,
    path: (&str, &'static str),
    default: i64,
    bounds: RangeInclusive<i64>,
) -> u64 {
    let name = variable_name(path.0, path.1);
    let from_file = table.and_then(|table| table.integer(path.1, bounds.clone()));
    let from_variable = variables.take(&name).and_then(|text| {
        let number = text.parse().ok().filter(|number| bounds.contains(number));
        if number.is_none() {
            variables.report(&name, &format!("expected a whole number from {} to {}", bounds.start(), bounds.end()));
        }
        number
    });
    u64::try_from(from_variable.or(from_file).unwrap_or(default)).unwrap_or(0)
}

pub(super) fn read_boolean(
    table: Option<&TableReader<'_>>,
    variables: &Variables,
    path: (&str, &'static str),
    default: bool,
) -> bool {
    let name = variable_name(path.0, path.1);
    let from_file = table.and_then(|table| table.boolean(path.1));
    let from_variable = variables.take(&name).and_then(|text| {
        let value = text.parse().ok();
        if value.is_none() {
            variables.report(&name, "expected true or false");
        }
        value
    });
    from_variable.or(from_file).unwrap_or(default)
}

/// A list of texts. A variable has them separated by commas; an empty one is an empty list.
pub(super) fn read_list(table: Option<&TableReader<'_>>, variables: &Variables, path: (&str, &'static str)) -> Vec<String> {
    let from_file = table.and_then(|table| table.texts(path.1));
    match variables.take(&variable_name(path.0, path.1)) {
        Some(list) => list.split(',').map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()).collect(),
        None => from_file.unwrap_or_default().into_iter().map(|(text, _)| text.to_owned()).collect(),
    }
}

/// Declares a section: a struct, how it is read, and its lines of the reference.
macro_rules! settings {
    ($(#[doc = $section_doc:literal])+ $name:ident in $section:literal {
        $($(#[doc = $doc:literal])+ $key:ident: $kind:ident = $default:literal $(, $limit:tt)?;)+
    }) => {
        $(#[doc = $section_doc])+
        #[derive(Clone, Debug)]
        pub struct $name {
            $($(#[doc = $doc])+ pub $key: settings!(@type $kind),)+
        }

        impl $name {
            /// The settings of this section.
            pub fn settings() -> Vec<$crate::config::Setting> {
                vec![$($crate::config::Setting {
                    section: $section,
                    key: stringify!($key),
                    default: settings!(@show $kind $default),
                    doc: concat!($($doc),+),
                }),+]
            }

            pub(super) fn read(
                top: &mintmark_core::document::TableReader<'_>,
                variables: &$crate::config::Variables,
            ) -> Self {
                let table = top.table($section);
                let section = Self {
                    $($key: settings!(@read $kind, table.as_ref(), variables, ($section, stringify!($key)), $default $(, $limit)?),)+
                };
                if let Some(table) = table {
                    table.finish();
                }
                section
            }
        }
    };
    (@type text) => { String };
    (@type secret) => { $crate::config::SecretText };
    (@type choice) => { String };
    (@type integer) => { u64 };
    (@type boolean) => { bool };
    (@type list) => { Vec<String> };
    (@show text $default:literal) => { format!("{:?}", $default) };
    (@show secret $default:literal) => { format!("{:?}", $default) };
    (@show choice $default:literal) => { format!("{:?}", $default) };
    (@show integer $default:literal) => { $default.to_string() };
    (@show boolean $default:literal) => { $default.to_string() };
    (@show list $default:literal) => { $default.to_owned() };
    (@read text, $table:expr, $variables:expr, $path:expr, $default:literal) => {
        $crate::config::section::read_text($table, $variables, $path, $default)
    };
    (@read secret, $table:expr, $variables:expr, $path:expr, $default:literal) => {
        $crate::config::SecretText::new($crate::config::section::read_text($table, $variables, $path, $default))
    };
    (@read boolean, $table:expr, $variables:expr, $path:expr, $default:literal) => {
        $crate::config::section::read_boolean($table, $variables, $path, $default)
    };
    (@read list, $table:expr, $variables:expr, $path:expr, $default:literal) => {
        $crate::config::section::read_list($table, $variables, $path)
    };
    (@read choice, $table:expr, $variables:expr, $path:expr, $default:literal, $words:expr) => {
        $crate::config::section::read_choice($table, $variables, $path, $default, &$words)
    };
    (@read integer, $table:expr, $variables:expr, $path:expr, $default:literal, $bounds:expr) => {
        $crate::config::section::read_integer($table, $variables, $path, $default, $bounds)
    };
}
pub(super) use settings;
