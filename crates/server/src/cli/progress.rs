//! How far a long command has come.

use indicatif::{ProgressBar, ProgressStyle};

use crate::store::Progress;

/// A line on standard error that counts rows; nothing where that is no terminal, or with `--json`.
pub(super) struct RowsBar(ProgressBar);

impl RowsBar {
    pub(super) fn new(json: bool) -> Self {
        let bar = if json { ProgressBar::hidden() } else { ProgressBar::new_spinner() };
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg:12} {human_pos} rows, {per_sec}") {
            bar.set_style(style);
        }
        Self(bar)
    }

    pub(super) fn finish(&self) {
        self.0.finish_and_clear();
    }
}

impl Progress for RowsBar {
    fn rows(&self, table: &str, count: u64) {
        self.0.set_message(table.to_owned());
        self.0.inc(count);
    }
}
