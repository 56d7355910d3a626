//! How results are printed: coloured tables on a terminal, plain columns when piped, JSON with `--json`.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use comfy_table::{Attribute, Cell, Table, presets};
use serde_json::Value;

use crate::config::Variables;

/// The exit code of a command that was asked what there is to do, and found something.
const PENDING: u8 = 3;

/// The result of a command.
#[derive(Debug, Default)]
pub(super) struct Output {
    json: Value,
    headers: Vec<&'static str>,
    rows: Vec<Vec<String>>,
    text: Option<String>,
    failed: bool,
    pending: bool,
}

impl Output {
    /// Nothing to tell.
    pub(super) fn nothing() -> Self {
        Self::default()
    }

    /// A table.
    pub(super) fn table(headers: &[&'static str], rows: Vec<Vec<String>>, json: Value) -> Self {
        Self { json, headers: headers.to_vec(), rows, ..Self::default() }
    }

    /// One object, told line by line.
    pub(super) fn object(fields: &[(&'static str, String)], json: Value) -> Self {
        let width = fields.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
        let lines: Vec<String> = fields.iter().map(|(name, value)| format!("{name:width$}  {value}")).collect();
        Self { json, text: Some(lines.join("\n")), ..Self::default() }
    }

    /// A text.
    pub(super) fn text(text: impl Into<String>, json: Value) -> Self {
        Self { json, text: Some(text.into()), ..Self::default() }
    }

    /// The same, but the exit code says that what was asked did not hold.
    pub(super) fn failed(self) -> Self {
        Self { failed: true, ..self }
    }

    /// The same, but the exit code says that there is something to do.
    pub(super) fn pending(self) -> Self {
        Self { pending: true, ..self }
    }

    /// Prints it.
    pub(super) fn print(self, json: bool) -> ExitCode {
        let code = match (self.failed, self.pending) {
            (true, _) => ExitCode::FAILURE,
            (false, true) => ExitCode::from(PENDING),
            (false, false) => ExitCode::SUCCESS,
        };
        let text = if json { self.to_json() } else { self.to_text() };
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            // A reader that went away, as in `mintmark client list | head`, is no failure.
            let _ = writeln!(std::io::stdout(), "{text}");
        }
        code
    }

    fn to_json(&self) -> Option<String> {
        if self.json.is_null() { None } else { serde_json::to_string(&self.json).ok() }
    }

    fn to_text(&self) -> Option<String> {
        self.text.clone().or_else(|| (!self.headers.is_empty()).then(|| self.to_table()))
    }

    fn to_table(&self) -> String {
        let coloured = std::io::stdout().is_terminal() && !Variables::no_color();
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        if !coloured {
            table.force_no_tty();
        }
        let header = self.headers.iter().map(|name| {
            let cell = Cell::new(name);
            if coloured { cell.add_attribute(Attribute::Bold).fg(comfy_table::Color::Cyan) } else { cell }
        });
        table.set_header(header);
        for row in &self.rows {
            table.add_row(row);
        }
        table.column_iter_mut().for_each(|column| {
            column.set_padding((0, 2));
        });
        // Never wrapped: identifiers are copied, and a line is a row for other programs too.
        table.lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>().join("\n")
    }
}

/// A list of words, or a dash.
pub(super) fn words<T: std::fmt::Display>(items: impl IntoIterator<Item = T>) -> String {
    let text = items.into_iter().map(|item| item.to_string()).collect::<Vec<_>>().join(" ");
    if text.is_empty() { "-".to_owned() } else { text }
}

/// Text that nobody here wrote, without what would move the cursor of a terminal.
pub(super) fn plain(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { '\u{fffd}' } else { character }).collect()
}
