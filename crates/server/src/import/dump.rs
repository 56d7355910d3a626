//! SQL dumps: the `COPY` of `pg_dump`, and the `INSERT`s of `pg_dump --inserts`, `mysqldump` and SQLite's `.dump`.
//!
//! A dump is read from its beginning, statement by statement, with its strings and comments, so that no value of a row can pass for a
//! statement.

use super::ImportError;
use super::statement::{Statement, TableName, Words};
use super::table::{Row, check_names, columns, copied_field};

/// Whether backslashes escape in a dump's strings: in those of `MySQL` and its kind they do, however names are quoted in them; in those of
/// PostgreSQL and SQLite they do not, unless a string says so. None where nothing tells who wrote it.
fn escapes_of(text: &str) -> Option<bool> {
    let text = text.trim_start();
    let is_mysql =
        ["-- MySQL dump", "-- MariaDB dump", "-- phpMyAdmin", "/*!", "/*M!"].iter().any(|begin| text.starts_with(begin));
    let is_other = text.starts_with("PRAGMA ") || text.lines().take(4).any(|line| line.starts_with("-- PostgreSQL database"));
    let has_backticks = text.split('\'').next().unwrap_or_default().contains('`');
    if is_other { Some(false) } else { (is_mysql || has_backticks).then_some(true) }
}

/// The rows of the first of the tables that the text has; none where it has none of them, or is no dump. Rows of a table in one schema and
/// of its namesake in another are never put together: which of the two holds the clients is not ours to guess.
pub(super) fn rows(text: &str, tables: &[&str], wanted: &[&str]) -> Result<Option<Vec<Row>>, ImportError> {
    let mut dump = Dump { text, at: 0, line: 1, counted: 0, escapes: escapes_of(text) };
    let is_one_of = |name: &TableName| tables.contains(&name.table.as_str());
    let mut schema = None;
    let mut created: Vec<(TableName, Vec<String>)> = Vec::new();
    let mut found = Found::default();
    while let Some((line, statement)) = dump.next_statement()? {
        let within = |table: TableName| TableName { schema: table.schema.or_else(|| schema.clone()), table: table.table };
        if let Some((table, names)) = copy_of(statement) {
            let table = within(table);
            let rows = if is_one_of(&table) { found.rows_of(&table) } else { None };
            if rows.is_some() {
                check_names(&names, wanted, &format!("line {line}"))?;
            }
            dump.copied(&names, rows)?;
            found.check(line)?;
            continue;
        }
        let mut words = Words::of(statement, dump.escapes == Some(true));
        match words.statement() {
            Statement::Use(name) => schema = Some(name),
            Statement::Create(table) if is_one_of(&table) => created.push((within(table), words.defined_columns())),
            Statement::Insert(table) if is_one_of(&table) => {
                let table = within(table);
                let names = match words.named_columns() {
                    Some(names) => names,
                    None => names_of(&created, &table, line)?,
                };
                check_names(&names, wanted, &format!("line {line}"))?;
                if let Some(rows) = found.rows_of(&table) {
                    inserted(&mut words, &names, line, rows);
                    found.check(line)?;
                }
            }
            _ => {}
        }
    }
    Ok(found.rows())
}

/// The rows of one table, by the schema that it is in.
#[derive(Default)]
struct Found(Vec<(TableName, Vec<Row>)>);

impl Found {
    /// Where the rows of a table go, if it is of the name that came first.
    fn rows_of(&mut self, table: &TableName) -> Option<&mut Vec<Row>> {
        if self.0.first().is_some_and(|(first, _)| first.table != table.table) {
            return None;
        }
        if !self.0.iter().any(|(known, _)| known == table) {
            self.0.push((table.clone(), Vec::new()));
        }
        self.0.iter_mut().find(|(known, _)| known == table).map(|(_, rows)| rows)
    }

    /// That rows are in one schema alone. One where the table is empty does not matter.
    fn check(&self, line: usize) -> Result<(), ImportError> {
        let mut with_rows = self.0.iter().filter(|(_, rows)| !rows.is_empty()).map(|(table, _)| table);
        let (Some(first), Some(other)) = (with_rows.next(), with_rows.next()) else { return Ok(()) };
        let called = |table: &TableName| table.schema.clone().map_or("no schema".to_owned(), |schema| format!("{schema:?}"));
        let help = "export the one that the clients are in alone (pg_dump --schema, mysqldump with one database)";
        Err(ImportError(format!(
            "line {line}: the table {} has rows in two schemas, {} and {}; {help}",
            first.table,
            called(first),
            called(other)
        )))
    }

    fn rows(mut self) -> Option<Vec<Row>> {
        let at = self.0.iter().position(|(_, rows)| !rows.is_empty()).unwrap_or(0);
        (at < self.0.len()).then(|| self.0.swap_remove(at).1)
    }
}

fn names_of(created: &[(TableName, Vec<String>)], table: &TableName, line: usize) -> Result<Vec<String>, ImportError> {
    created.iter().find(|(known, _)| known == table).map(|(_, names)| names.clone()).ok_or_else(|| {
        let (help, table) = ("export with the names of columns, or with the table's definition", &table.table);
        ImportError(format!("line {line}: the INSERT names no columns, and no CREATE TABLE {table} stands before it; {help}"))
    })
}

/// Reads `(…), (…)` behind `VALUES`.
fn inserted(words: &mut Words<'_>, names: &[String], line: usize, rows: &mut Vec<Row>) {
    while let Some((lines_down, fields)) = words.row() {
        let row = fields.and_then(|fields| {
            if fields.len() == names.len() {
                columns(names, fields.into_iter())
            } else {
                Err(format!("expected {} values, there are {}", names.len(), fields.len()))
            }
        });
        rows.push((format!("line {}", line + lines_down), row));
    }
}

/// Table and columns of `COPY table (columns) FROM stdin`.
fn copy_of(statement: &str) -> Option<(TableName, Vec<String>)> {
    let rest = statement.strip_prefix("COPY ")?;
    let (name, rest) = rest.split_once(" (")?;
    let (schema, table) = name.rsplit_once('.').map_or((None, name), |(schema, table)| (Some(schema), table));
    let named = |text: &str| text.trim_matches('"').to_owned();
    let name = TableName { schema: schema.map(named), table: named(table) };
    let columns = rest.strip_suffix(") FROM stdin")?;
    Some((name, columns.split(", ").map(|name| name.trim_matches('"').to_ascii_lowercase()).collect()))
}

/// A walk over a dump's statements.
struct Dump<'a> {
    text: &'a str,
    at: usize,
    /// The line on which the byte at `counted` is.
    line: usize,
    counted: usize,
    /// Whether backslashes escape in strings, if that is known.
    escapes: Option<bool>,
}

impl<'a> Dump<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    /// The line of a place at or behind the last one that was asked for.
    fn line_at(&mut self, at: usize) -> usize {
        self.line += memchr::memchr_iter(b'\n', self.text.get(self.counted..at).unwrap_or_default().as_bytes()).count();
        self.counted = at;
        self.line
    }

    /// The next statement without its `;`, and the line that it begins on.
    fn next_statement(&mut self) -> Result<Option<(usize, &'a str)>, ImportError> {
        self.skip_to_statement();
        if self.rest().is_empty() {
            return Ok(None);
        }
        let begin = self.at;
        let line = self.line_at(begin);
        let Some((length, is_odd)) = super::statement::length(self.rest(), self.escapes == Some(true)) else {
            return Err(ImportError(format!("line {line}: the statement that begins here breaks off: expected a ; behind it")));
        };
        if is_odd && self.escapes.is_none() {
            let help = "whether \\ escapes cannot be told; export with the comments at the beginning that name the database, or as CSV";
            return Err(ImportError(format!("line {line}: a string ends in \\: {help}")));
        }
        self.at += length + 1;
        Ok(Some((line, &self.text[begin..begin + length])))
    }

    /// White space, comments, and lines that are for `psql`.
    fn skip_to_statement(&mut self) {
        loop {
            let rest = self.rest();
            let trimmed = rest.trim_start_matches(|character: char| character.is_whitespace() || character == ';');
            self.at += rest.len() - trimmed.len();
            let skipped = if trimmed.starts_with("--") || trimmed.starts_with(['#', '\\']) {
                trimmed.find('\n').unwrap_or(trimmed.len())
            } else if let Some(comment) = trimmed.strip_prefix("/*") {
                comment.find("*/").map_or(trimmed.len(), |end| end + 4)
            } else {
                return;
            };
            self.at += skipped;
        }
    }

    /// Reads the lines behind a `COPY`, to the one that is `\.`, into `rows` where they are wanted.
    fn copied(&mut self, names: &[String], mut rows: Option<&mut Vec<Row>>) -> Result<(), ImportError> {
        // What is left of the line of the COPY itself.
        self.at += self.rest().find('\n').map_or(self.rest().len(), |end| end + 1);
        loop {
            let rest = self.rest();
            if rest.is_empty() {
                return Err(ImportError("the table breaks off: expected a line with \\. behind its rows".to_owned()));
            }
            let begin = self.at;
            let end = rest.find('\n').unwrap_or(rest.len());
            self.at += (end + 1).min(rest.len());
            let line = rest[..end].strip_suffix('\r').unwrap_or(&rest[..end]);
            if line == "\\." {
                return Ok(());
            }
            if let Some(rows) = &mut rows {
                let fields: Vec<Option<String>> = line.split('\t').map(copied_field).collect();
                let row = if fields.len() == names.len() {
                    columns(names, fields.into_iter())
                } else {
                    Err(format!("expected {} fields, there are {}", names.len(), fields.len()))
                };
                rows.push((format!("line {}", self.line_at(begin)), row));
            }
        }
    }
}
