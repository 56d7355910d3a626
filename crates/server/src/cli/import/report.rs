//! What an import did, or would do.

use std::collections::BTreeMap;

use mintmark_core::registry::LeftOut;
use serde_json::{Value, json};

use crate::cli::output::{Output, plain};

/// How many lines a table for people has at most; `--json` has all.
const LINES_SHOWN: usize = 200;

/// A client of the file, as it is told.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) place: String,
    pub(super) id: Option<String>,
    pub(super) left_out: Vec<LeftOut>,
}

/// What became of the clients of a file.
#[derive(Debug)]
pub(super) struct Report {
    is_dry: bool,
    made: usize,
    unchanged: usize,
    skipped: Vec<(Line, String)>,
    differing: Vec<(Line, String)>,
    refused: Vec<(Line, String)>,
    left_out: Vec<Line>,
}

impl Report {
    pub(super) fn new(is_dry: bool) -> Self {
        let (skipped, differing, refused, left_out) = Default::default();
        Self { is_dry, made: 0, unchanged: 0, skipped, differing, refused, left_out }
    }

    pub(super) fn made(&mut self, line: Line) {
        self.made += 1;
        if !line.left_out.is_empty() {
            self.left_out.push(line);
        }
    }

    pub(super) fn unchanged(&mut self, _: Line) {
        self.unchanged += 1;
    }

    pub(super) fn skipped(&mut self, line: Line, why: String) {
        self.skipped.push((line, why));
    }

    pub(super) fn differs(&mut self, line: Line, why: String) {
        self.differing.push((line, why));
    }

    pub(super) fn refused(&mut self, line: Line, why: String) {
        self.refused.push((line, why));
    }

    /// One line.
    pub(super) fn summary(&self) -> String {
        let made = if self.is_dry { "would be imported" } else { "imported" };
        format!(
            "{} {made}, {} unchanged, {} differ, {} skipped, {} refused",
            self.made,
            self.unchanged,
            self.differing.len(),
            self.skipped.len(),
            self.refused.len()
        )
    }

    /// Text for people, or JSON. It failed if a client was refused.
    pub(super) fn into_output(self) -> Output {
        let mut parts = vec![self.summary()];
        parts.extend(table("Refused", &self.refused));
        parts.extend(table("Differ from what was imported before", &self.differing));
        parts.extend(grouped("Skipped", self.skipped.iter().map(|(line, why)| (line, "the client", why.as_str()))));
        let left = |line| Line::left(line);
        parts.extend(grouped("Cannot be carried over", self.left_out.iter().flat_map(left)));
        if self.made > 0 && !self.is_dry {
            parts.push(
                "Whoever had access to the old server knows these secrets, or what to guess against: let the clients rotate them, \
                 see `mintmark secret rotate`."
                    .to_owned(),
            );
        }
        let output = Output::text(parts.join("\n\n"), self.to_json());
        if self.refused.is_empty() { output } else { output.failed() }
    }

    fn to_json(&self) -> Value {
        let told = |list: &[(Line, String)]| list.iter().map(|(line, why)| line.to_json(Some(why))).collect::<Vec<_>>();
        json!({
            "dry_run": self.is_dry,
            "imported": self.made,
            "unchanged": self.unchanged,
            "differ": told(&self.differing),
            "skipped": told(&self.skipped),
            "refused": told(&self.refused),
            "not_carried_over": self.left_out.iter().map(|line| line.to_json(None)).collect::<Vec<_>>(),
        })
    }
}

impl Line {
    fn client(&self) -> String {
        self.id.as_deref().map_or_else(|| "-".to_owned(), |id| plain(&id.chars().take(128).collect::<String>()))
    }

    fn left(&self) -> impl Iterator<Item = (&Line, &str, &str)> {
        self.left_out.iter().map(move |left| (self, left.what.as_str(), left.why.as_str()))
    }

    fn to_json(&self, why: Option<&str>) -> Value {
        match why {
            Some(why) => json!({ "place": self.place, "client_id": self.id, "why": why }),
            None => json!({ "place": self.place, "client_id": self.id, "left_out": self.left_out }),
        }
    }
}

/// A line for each.
fn table(title: &str, lines: &[(Line, String)]) -> Option<String> {
    let shown = lines.iter().take(LINES_SHOWN);
    let rows: Vec<Vec<String>> = shown.map(|(line, why)| vec![line.place.clone(), line.client(), plain(why)]).collect();
    titled(title, &["WHERE", "CLIENT", "WHY"], rows, lines.len())
}

/// A line for each reason, with how many there are and one of them.
fn grouped<'a>(title: &str, lines: impl Iterator<Item = (&'a Line, &'a str, &'a str)>) -> Option<String> {
    let mut groups: BTreeMap<(&str, &str), (usize, &Line)> = BTreeMap::new();
    for (line, what, why) in lines {
        groups.entry((what, why)).or_insert((0, line)).0 += 1;
    }
    let all = groups.len();
    let row = |((what, why), (count, line)): (&(&str, &str), &(usize, &Line))| {
        vec![count.to_string(), plain(what), plain(why), format!("{}, {}", line.client(), line.place)]
    };
    let rows = groups.iter().take(LINES_SHOWN).map(row).collect();
    titled(title, &["CLIENTS", "WHAT", "WHY", "SUCH AS"], rows, all)
}

fn titled(title: &str, headers: &[&'static str], rows: Vec<Vec<String>>, all: usize) -> Option<String> {
    if rows.is_empty() {
        return None;
    }
    let more = if all > rows.len() { format!("\n… and {} more, see --json", all - rows.len()) } else { String::new() };
    Some(format!("{title}:\n{}{more}", Output::table(headers, rows, Value::Null).rendered()))
}
