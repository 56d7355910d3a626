//! The file: its limit, its text, which lines its parts are on.

use std::io::Read;
use std::path::Path;

use memchr::memchr_iter;
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use super::ImportError;

/// The longest file, in bytes.
pub const LONGEST_FILE: u64 = 512 * 1024 * 1024;

/// The text of a file. It holds secrets, so it is wiped.
pub struct Source {
    text: Zeroizing<String>,
    /// Where lines begin, but for the first.
    lines: Vec<usize>,
}

impl std::fmt::Debug for Source {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Source({} bytes)", self.text.len())
    }
}

impl Source {
    /// Reads a file, or standard input where it is `-`.
    pub fn read(path: &Path) -> Result<Self, ImportError> {
        let failed = |error: std::io::Error| ImportError(format!("{}: {error}", path.display()));
        let mut bytes = Zeroizing::new(Vec::new());
        if path.as_os_str() == "-" {
            std::io::stdin().lock().take(LONGEST_FILE + 1).read_to_end(&mut bytes).map_err(failed)?;
        } else {
            let file = std::fs::File::open(path).map_err(failed)?;
            file.take(LONGEST_FILE + 1).read_to_end(&mut bytes).map_err(failed)?;
        }
        if bytes.len() as u64 > LONGEST_FILE {
            return Err(ImportError(format!("{}: longer than {LONGEST_FILE} bytes; split it", path.display())));
        }
        let text = String::from_utf8(std::mem::take(&mut bytes)).map_err(|error| {
            ImportError(format!("{}: not UTF-8 at byte {}", path.display(), error.utf8_error().valid_up_to()))
        })?;
        Ok(Self::of_text(text))
    }

    /// A text.
    pub fn of_text(mut text: String) -> Self {
        // What spreadsheets write before everything.
        if text.starts_with('\u{feff}') {
            text.drain(..'\u{feff}'.len_utf8());
        }
        let lines = memchr_iter(b'\n', text.as_bytes()).map(|at| at + 1).collect();
        Self { text: Zeroizing::new(text), lines }
    }

    /// The text.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Whether it is JSON rather than a table.
    pub(super) fn is_json(&self) -> bool {
        self.text.trim_start().starts_with(['[', '{'])
    }

    /// Which line a part of the text begins on.
    fn line_of(&self, part: &str) -> usize {
        let at = (part.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize);
        self.lines.partition_point(|begin| *begin <= at) + 1
    }

    /// The place of the member of a list, for people.
    pub(super) fn place(&self, path: &str, part: &RawValue) -> String {
        format!("line {} ({path})", self.line_of(part.get()))
    }

    /// The text as JSON of a form.
    pub(super) fn json<'a, T: serde::Deserialize<'a>>(&'a self, expected: &str) -> Result<T, ImportError> {
        serde_json::from_str(&self.text).map_err(|error| ImportError(format!("expected {expected}: {}", told(&error))))
    }
}

/// An error of JSON without a piece of the document, which may be a secret.
pub(super) fn told(error: &serde_json::Error) -> String {
    // The names of members are no secrets, values are.
    let text = error.to_string();
    if ["unknown field", "missing field", "duplicate field"].iter().any(|begin| text.starts_with(begin)) {
        return super::shown(&text);
    }
    let kind = match error.classify() {
        serde_json::error::Category::Io => "it cannot be read",
        serde_json::error::Category::Syntax => "it is no JSON",
        serde_json::error::Category::Data => "a value is of another type than it should be",
        serde_json::error::Category::Eof => "it breaks off",
    };
    format!("{kind}, at line {} column {}", error.line(), error.column())
}
