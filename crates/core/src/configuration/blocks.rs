//! Tables of TOML as lines: written one below the other they are the file, and compared line by line they are the difference.

use crate::registry::Difference;

/// A list longer than this has a line for each item.
const LONGEST_LINE: usize = 100;

/// A value as TOML writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Text {
    One(String),
    List(Vec<String>),
    /// A list with a line for each item, however short.
    Tall(Vec<String>),
}

/// A table.
#[derive(Clone, Debug)]
pub(crate) struct Block {
    /// Its whole name, such as `client.grants`.
    path: String,
    /// Whether it is one of several of that name.
    is_item: bool,
    lines: Vec<(String, Text)>,
    below: Vec<Block>,
}

impl Block {
    /// A table that is there once.
    pub(crate) fn table(path: impl Into<String>) -> Self {
        Self { path: path.into(), is_item: false, lines: Vec::new(), below: Vec::new() }
    }

    /// One of several.
    pub(crate) fn item(path: &str) -> Self {
        Self { is_item: true, ..Self::table(path) }
    }

    /// With one more line.
    pub(crate) fn with(mut self, key: &str, value: Text) -> Self {
        self.lines.push((key_text(key), value));
        self
    }

    /// With a line that holds a text.
    pub(crate) fn text(self, key: &str, value: &str) -> Self {
        self.with(key, Text::One(quoted(value)))
    }

    /// With a line that holds what is written without quotes, if it is there.
    pub(crate) fn bare<T: ToString>(self, key: &str, value: Option<T>) -> Self {
        match value {
            Some(value) => self.with(key, Text::One(value.to_string())),
            None => self,
        }
    }

    /// With a line that holds a text, if it is there.
    pub(crate) fn maybe(self, key: &str, value: Option<impl AsRef<str>>) -> Self {
        match value {
            Some(value) => self.text(key, value.as_ref()),
            None => self,
        }
    }

    /// With a line that holds a list of texts.
    pub(crate) fn texts<T: ToString>(self, key: &str, items: &[T]) -> Self {
        self.with(key, Text::List(items.iter().map(|item| quoted(&item.to_string())).collect()))
    }

    /// The same, unless there is none.
    pub(crate) fn some_texts<T: ToString>(self, key: &str, items: &[T]) -> Self {
        if items.is_empty() { self } else { self.texts(key, items) }
    }

    /// With a table below it, unless there is nothing in that.
    pub(crate) fn below(mut self, block: Block) -> Self {
        if block.is_item || !block.lines.is_empty() || !block.below.is_empty() {
            self.below.push(block);
        }
        self
    }

    /// Appends it to a file.
    pub(crate) fn render(&self, out: &mut String) {
        if self.is_item || !self.lines.is_empty() {
            let (open, close) = if self.is_item { ("[[", "]]") } else { ("[", "]") };
            out.extend(["\n", open, &self.path, close, "\n"]);
        }
        for (key, value) in &self.lines {
            out.extend([key, " = ", &value.rendered(key.len()), "\n"]);
        }
        self.below.iter().for_each(|block| block.render(out));
    }

    /// All lines with their way from here. Items below are objects of their own and have no part in it.
    fn flattened(&self) -> Vec<(String, &Text)> {
        let mut lines = Vec::new();
        self.flatten("", &mut lines);
        lines
    }

    fn flatten<'a>(&'a self, way: &str, lines: &mut Vec<(String, &'a Text)>) {
        lines.extend(self.lines.iter().map(|(key, value)| (format!("{way}{key}"), value)));
        for block in self.below.iter().filter(|block| !block.is_item) {
            let name = block.path.strip_prefix(&self.path).unwrap_or_default().trim_start_matches('.');
            block.flatten(&format!("{way}{name}."), lines);
        }
    }
}

impl Text {
    fn rendered(&self, key: usize) -> String {
        let (items, is_tall) = match self {
            Text::One(value) => return value.clone(),
            Text::List(items) => (items, false),
            Text::Tall(items) => (items, true),
        };
        let short = format!("[{}]", items.join(", "));
        if items.is_empty() || (!is_tall && key + short.len() <= LONGEST_LINE) {
            return short;
        }
        let lines: Vec<String> = items.iter().map(|item| format!("    {item},\n")).collect();
        format!("[\n{}]", lines.concat())
    }

    fn whole(&self) -> String {
        match self {
            Text::One(value) => value.clone(),
            Text::List(items) | Text::Tall(items) => format!("[{}]", items.join(", ")),
        }
    }
}

/// What differs between two tables; one that is not there has no lines.
pub(crate) fn differences(before: Option<&Block>, after: Option<&Block>) -> Vec<Difference> {
    let mut old = before.map(Block::flattened).unwrap_or_default();
    let new = after.map(Block::flattened).unwrap_or_default();
    let mut found = Vec::new();
    for (field, value) in new {
        match old.iter().position(|(known, _)| *known == field) {
            Some(at) => between(&field, old.remove(at).1, value, &mut found),
            None => found.push(Difference { field, before: None, after: Some(value.whole()) }),
        }
    }
    found.extend(old.into_iter().map(|(field, value)| Difference { field, before: Some(value.whole()), after: None }));
    found
}

fn between(field: &str, old: &Text, new: &Text, found: &mut Vec<Difference>) {
    if old == new {
        return;
    }
    let one = |before: Option<String>, after: Option<String>| Difference { field: field.to_owned(), before, after };
    if let (Text::List(old) | Text::Tall(old), Text::List(new) | Text::Tall(new)) = (old, new) {
        let gone = old.iter().filter(|item| !new.contains(item)).map(|item| one(Some(item.clone()), None));
        let come = new.iter().filter(|item| !old.contains(item)).map(|item| one(None, Some(item.clone())));
        let items: Vec<Difference> = gone.chain(come).collect();
        if !items.is_empty() {
            return found.extend(items);
        }
    }
    // The same items in another order, too.
    found.push(one(Some(old.whole()), Some(new.whole())));
}

/// A text as a basic string on one line. JSON's escapes are among TOML's; TOML alone wants one for U+007F too.
pub(crate) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string().replace('\u{7f}', "\\u007f")
}

fn key_text(key: &str) -> String {
    let is_bare = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
    if is_bare { key.to_owned() } else { quoted(key) }
}
