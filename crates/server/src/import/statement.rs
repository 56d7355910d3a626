//! One statement of an SQL dump: how far it reaches, which table it is about, and the literal values in it.

/// Within how many bytes a string's quote comes, behind what says of which kind it is.
const LONGEST_PREFIX: usize = 12;
/// How deep SQLite's `replace` may stand in itself: it writes two.
const MOST_REPLACED: usize = 8;

/// A row's values; NULL is none.
pub(super) type Fields = Vec<Option<String>>;

/// A table's name, and before it that of its schema or database, which may be left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TableName {
    pub(super) schema: Option<String>,
    pub(super) table: String,
}

/// How a statement begins, with the table's name.
pub(super) enum Statement {
    Create(TableName),
    /// What follows is the columns' names, or `VALUES`.
    Insert(TableName),
    /// From here on names without a schema are of this one.
    Use(String),
    Other,
}

/// A value of a row.
#[derive(PartialEq, Eq)]
enum Value {
    Null,
    Text(String),
    /// A function's call and the like.
    Other,
}

impl Value {
    fn text(self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text),
            Self::Null | Self::Other => None,
        }
    }
}

/// How many bytes it is to the `;` that ends the statement at the beginning of a text, and whether a string in it ends in a backslash that
/// escapes nothing. None where there is no end.
pub(super) fn length(text: &str, backslashes: bool) -> Option<(usize, bool)> {
    let bytes = text.as_bytes();
    let (mut at, mut is_odd, mut dollars) = (0, false, true);
    while let Some(byte) = bytes.get(at) {
        at += match byte {
            b';' => return Some((at, is_odd)),
            b'\'' => {
                let escapes = backslashes || is_escape_string(bytes, at);
                let string = quoted(&text[at..], escapes)?;
                is_odd |= !escapes && text[at..at + string].ends_with("\\'");
                string
            }
            b'"' => quoted(&text[at..], backslashes)?,
            b'`' => quoted(&text[at..], false)?,
            b'-' if text[at..].starts_with("--") => text[at..].find('\n')?,
            b'/' if text[at..].starts_with("/*") => text[at + 2..].find("*/")? + 4,
            // One that has no end is none, and is not looked for twice.
            b'$' if dollars => dollar_quoted(&text[at..]).unwrap_or_else(|| {
                dollars = false;
                1
            }),
            _ => 1,
        };
    }
    None
}

/// Whether the string at a place is PostgreSQL's `E'…'`.
fn is_escape_string(bytes: &[u8], at: usize) -> bool {
    let before = |back: usize| at.checked_sub(back).and_then(|at| bytes.get(at));
    before(1).is_some_and(|byte| byte.eq_ignore_ascii_case(&b'E'))
        && before(2).is_none_or(|byte| !byte.is_ascii_alphanumeric() && *byte != b'_')
}

/// The length of what is between two quotes, with them. A doubled quote stands for one, and a backslash, where that means something,
/// keeps what is behind it from ending the string.
fn quoted(text: &str, backslashes: bool) -> Option<usize> {
    let bytes = text.as_bytes();
    let quote = bytes.first()?;
    let mut at = 1;
    while let Some(byte) = bytes.get(at) {
        if backslashes && *byte == b'\\' {
            at += 2;
        } else if byte != quote {
            at += 1;
        } else if bytes.get(at + 1) == Some(quote) {
            at += 2;
        } else {
            return Some(at + 1);
        }
    }
    None
}

/// The length of PostgreSQL's `$tag$ … $tag$`.
fn dollar_quoted(text: &str) -> Option<usize> {
    let tag = 2 + text[1..].find(|character: char| !character.is_ascii_alphanumeric() && character != '_')?;
    let mark = text.get(..tag).filter(|mark| mark.ends_with('$'))?;
    text[tag..].find(mark).map(|end| end + 2 * tag)
}

/// What a statement consists of, read from left to right.
pub(super) struct Words<'a> {
    whole: &'a str,
    at: usize,
    /// Whether backslashes escape in strings, as they do in `MySQL`.
    backslashes: bool,
    /// The lines before `counted`.
    lines: usize,
    counted: usize,
}

impl<'a> Words<'a> {
    pub(super) fn of(whole: &'a str, backslashes: bool) -> Self {
        Self { whole, at: 0, backslashes, lines: 0, counted: 0 }
    }

    fn rest(&self) -> &'a str {
        &self.whole[self.at..]
    }

    fn skip_space(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
    }

    /// Takes a word of SQL, whatever its case.
    fn take_word(&mut self, word: &str) -> bool {
        self.skip_space();
        let rest = self.rest();
        let is_there = rest.get(..word.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(word))
            && !rest[word.len()..].starts_with(|next: char| next.is_alphanumeric() || next == '_');
        if is_there {
            self.at += word.len();
        }
        is_there
    }

    fn take(&mut self, sign: char) -> bool {
        self.skip_space();
        let is_there = self.rest().starts_with(sign);
        if is_there {
            self.at += sign.len_utf8();
        }
        is_there
    }

    /// A name, and whether it stood in quotes.
    fn name(&mut self) -> Option<(String, bool)> {
        self.skip_space();
        let rest = self.rest();
        if let Some(quote) = rest.chars().next().filter(|sign| ['"', '`'].contains(sign)) {
            let length = quoted(rest, false)?;
            self.at += length;
            let name = rest[1..length - 1].replace(&format!("{quote}{quote}"), &quote.to_string());
            return Some((name, true));
        }
        let length = rest.find(|sign: char| !sign.is_alphanumeric() && sign != '_').unwrap_or(rest.len());
        self.at += length;
        (length > 0).then(|| (rest[..length].to_owned(), false))
    }

    fn table(&mut self) -> Option<TableName> {
        let mut name = TableName { schema: None, table: self.name()?.0 };
        while self.rest().starts_with('.') {
            self.at += 1;
            let table = self.name()?.0;
            name = TableName { schema: Some(name.table), table };
        }
        Some(name)
    }

    /// The schema that `USE name` and `SET search_path = name, …` choose.
    fn schema(&mut self) -> Option<String> {
        if self.take_word("USE") {
            return Some(self.name()?.0);
        }
        let is_path = self.take_word("SET") && self.take_word("search_path") && (self.take('=') || self.take_word("TO"));
        if is_path { Some(self.name()?.0) } else { None }
    }

    /// How it begins.
    pub(super) fn statement(&mut self) -> Statement {
        if self.take_word("CREATE") {
            let is_table = self.take_word("TABLE");
            for word in ["IF", "NOT", "EXISTS"] {
                self.take_word(word);
            }
            return self.table().filter(|_| is_table).map_or(Statement::Other, Statement::Create);
        }
        if !self.take_word("INSERT") && !self.take_word("REPLACE") {
            return self.schema().map_or(Statement::Other, Statement::Use);
        }
        self.take_word("IGNORE");
        let table = if self.take_word("INTO") { self.table() } else { None };
        table.map_or(Statement::Other, Statement::Insert)
    }

    /// The columns that a `CREATE TABLE` defines, in their order.
    pub(super) fn defined_columns(&mut self) -> Vec<String> {
        const NO_COLUMNS: [&str; 11] =
            ["primary", "unique", "constraint", "key", "check", "foreign", "index", "fulltext", "spatial", "exclude", "like"];
        let mut names = Vec::new();
        if !self.take('(') {
            return names;
        }
        while let Some((name, in_quotes)) = self.name() {
            let name = name.to_ascii_lowercase();
            if in_quotes || !NO_COLUMNS.contains(&name.as_str()) {
                names.push(name);
            }
            self.skip_value();
            if !self.take(',') {
                break;
            }
        }
        names
    }

    /// The columns that an `INSERT` names; none where it names none. Behind them it goes on with its rows.
    pub(super) fn named_columns(&mut self) -> Option<Vec<String>> {
        let mut names = None;
        if self.take('(') {
            let list: &mut Vec<String> = names.get_or_insert_default();
            while let Some((name, _)) = self.name() {
                list.push(name.to_ascii_lowercase());
                if !self.take(',') {
                    break;
                }
            }
            self.take(')');
        }
        for word in ["OVERRIDING", "SYSTEM", "USER", "VALUE"] {
            self.take_word(word);
        }
        if !self.take_word("VALUES") {
            self.at = self.whole.len();
        }
        names
    }

    /// The next row's values, or why it cannot be read, and how many lines below the statement's first it begins.
    pub(super) fn row(&mut self) -> Option<(usize, Result<Fields, String>)> {
        self.take(',');
        if !self.take('(') {
            return None;
        }
        self.lines += memchr::memchr_iter(b'\n', self.whole.get(self.counted..self.at).unwrap_or_default().as_bytes()).count();
        self.counted = self.at;
        let mut values = Vec::new();
        let mut failed = None;
        loop {
            let begin = self.at;
            let mut value = self.value();
            self.skip_space();
            // Half of an expression is no value.
            if !self.rest().starts_with([',', ')']) {
                value = Value::Other;
            }
            if value == Value::Other {
                self.at = begin;
                failed.get_or_insert_with(|| format!("value {}: expected a literal", values.len() + 1));
            }
            values.push(value.text());
            self.skip_value();
            if !self.take(',') {
                break;
            }
        }
        self.take(')');
        Some((self.lines, failed.map_or(Ok(values), Err)))
    }

    /// Goes on to the `,` or `)` that ends a value or definition.
    fn skip_value(&mut self) {
        let bytes = self.whole.as_bytes();
        let mut depth = 0_usize;
        while let Some(byte) = bytes.get(self.at) {
            self.at += match byte {
                b',' | b')' if depth == 0 => return,
                b'(' => {
                    depth += 1;
                    1
                }
                b')' => {
                    depth -= 1;
                    1
                }
                b'\'' => quoted(self.rest(), self.backslashes || is_escape_string(bytes, self.at)).unwrap_or(bytes.len()),
                b'"' | b'`' => quoted(self.rest(), false).unwrap_or(bytes.len()),
                _ => 1,
            };
        }
        self.at = bytes.len();
    }

    fn value(&mut self) -> Value {
        if self.take_word("NULL") {
            return Value::Null;
        }
        for word in ["true", "false"] {
            if self.take_word(word) {
                return Value::Text(word.to_owned());
            }
        }
        self.literal().map_or(Value::Other, Value::Text)
    }

    /// The text of a string or a number.
    fn literal(&mut self) -> Option<String> {
        // SQLite's `.dump` writes control characters of a text so.
        if self.take_word("replace") {
            return self.replaced(MOST_REPLACED);
        }
        if self.take_word("unistr") {
            let text = if self.take('(') { self.string() } else { None };
            return text.and_then(|text| from_unistr(&text)).filter(|_| self.take(')'));
        }
        let rest = self.rest();
        if rest.starts_with(['\'', 'E', 'e', '_']) {
            return self.string();
        }
        let length =
            rest.find(|sign: char| !sign.is_ascii_digit() && !['-', '+', '.', 'e'].contains(&sign)).unwrap_or(rest.len());
        self.at += length;
        (length > 0).then(|| rest[..length].to_owned())
    }

    /// `(text, 'from', char(N))` of SQLite's `replace`.
    fn replaced(&mut self, depth: usize) -> Option<String> {
        if depth == 0 || !self.take('(') {
            return None;
        }
        let text = if self.take_word("replace") { self.replaced(depth - 1)? } else { self.string()? };
        let from = self.take(',').then(|| self.string()).flatten().filter(|from| !from.is_empty())?;
        if !(self.take(',') && self.take_word("char") && self.take('(')) {
            return None;
        }
        let (number, _) = self.name()?;
        let to = char::from_u32(number.parse().ok()?)?;
        (self.take(')') && self.take(')')).then(|| text.replace(&from, &to.to_string()))
    }

    /// A string with its quotes taken off, and the prefix of PostgreSQL's `E'…'` and `MySQL`'s `_utf8mb4 '…'`. Bytes are no text.
    fn string(&mut self) -> Option<String> {
        self.skip_space();
        let rest = self.rest();
        let prefix = rest.bytes().take(LONGEST_PREFIX).position(|byte| byte == b'\'')?;
        let is_escaped = rest[..prefix].eq_ignore_ascii_case("E");
        let is_of_a_character_set =
            rest.starts_with("_utf8") && rest[..prefix].ends_with([' ', '3', '4', '8']) && !rest[..prefix].ends_with(" x");
        if prefix > 0 && !is_escaped && !is_of_a_character_set {
            return None;
        }
        let escapes = self.backslashes || is_escaped;
        let length = quoted(&rest[prefix..], escapes)?;
        self.at += prefix + length;
        let inner = &rest[prefix + 1..prefix + length - 1];
        if !escapes || !inner.contains('\\') {
            return Some(inner.replace("''", "'"));
        }
        let mut text = String::with_capacity(inner.len());
        let mut signs = inner.chars().peekable();
        while let Some(sign) = signs.next() {
            match sign {
                '\'' => {
                    signs.next();
                    text.push('\'');
                }
                '\\' => text.push(match signs.next()? {
                    'b' => '\u{8}',
                    'n' => '\n',
                    'r' => '\r',
                    't' => '\t',
                    'Z' => '\u{1a}',
                    '0' => '\0',
                    other => other,
                }),
                other => text.push(other),
            }
        }
        Some(text)
    }
}

/// A text of SQLite's `unistr`: `\XXXX`, `\uXXXX`, `\+XXXXXX`, `\UXXXXXXXX` and `\\`.
fn from_unistr(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let (skipped, digits) = match rest.chars().next()? {
            '\\' => {
                out.push('\\');
                rest = &rest[1..];
                continue;
            }
            'u' => (1, 4),
            'U' => (1, 8),
            '+' => (1, 6),
            _ => (0, 4),
        };
        let code = u32::from_str_radix(rest.get(skipped..skipped + digits)?, 16).ok()?;
        out.push(char::from_u32(code)?);
        rest = &rest[skipped + digits..];
    }
    out.push_str(rest);
    Some(out)
}
