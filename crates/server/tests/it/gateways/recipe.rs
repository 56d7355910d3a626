//! The pages of `docs/`, and the files printed in them.

use std::fs;

use crate::foreign::tools::repository;

/// A file as a page prints it: the fenced block whose info string is `LANGUAGE NAME`.
pub(super) struct Recipe {
    origin: String,
    text: String,
}

impl Recipe {
    pub(super) fn of(page: &str, name: &str) -> Self {
        let text = fs::read_to_string(repository().join("docs").join(page)).unwrap();
        let mut lines = text.lines();
        let opens =
            |line: &str| line.strip_prefix("```").and_then(|info| info.split_once(' ')).is_some_and(|(_, it)| it == name);
        lines.find(|line| opens(line)).unwrap_or_else(|| panic!("{page} prints no {name}"));
        let text = lines.take_while(|line| *line != "```").fold(String::new(), |text, line| text + line + "\n");
        Self { origin: format!("{page}: {name}"), text }
    }

    /// Puts a place's own name where the page has an example's. What the page does not have cannot be replaced.
    #[must_use]
    pub(super) fn with(self, example: &str, own: &str) -> Self {
        assert!(self.text.contains(example), "{} has no {example:?}", self.origin);
        Self { text: self.text.replace(example, own), ..self }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }
}
