//! The two forms of a line: text for people, JSON for programs. Nothing in a field's value can end its line or pass for another
//! field. The message, which comes before the fields, is the program's own words and cannot end its line either.

use std::cell::RefCell;
use std::fmt::{Debug, Write as _};
use std::time::{SystemTime, UNIX_EPOCH};

use mintmark_core::json;
use tracing::field::{Field, Visit};
use tracing::{Event, Level};

/// What a line looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// `time LEVEL message field=value ..`
    Text,
    /// The same, for a terminal.
    Coloured,
    /// One object a line, all fields in it.
    Json,
}

impl Format {
    /// Appends the line of an event.
    pub(super) fn write(self, event: &Event<'_>, now: SystemTime, line: &mut Vec<u8>) {
        match self {
            Format::Text | Format::Coloured => {
                let (dim, level, end) = match (self, *event.metadata().level()) {
                    (Format::Text, _) => ("", "", ""),
                    (_, Level::ERROR) => ("\x1b[2m", "\x1b[31m", "\x1b[0m"),
                    (_, Level::WARN) => ("\x1b[2m", "\x1b[33m", "\x1b[0m"),
                    (_, Level::INFO) => ("\x1b[2m", "\x1b[32m", "\x1b[0m"),
                    (_, _) => ("\x1b[2m", "\x1b[34m", "\x1b[0m"),
                };
                line.extend_from_slice(dim.as_bytes());
                push_time(line, now);
                line.extend_from_slice(end.as_bytes());
                line.push(b' ');
                line.extend_from_slice(level.as_bytes());
                line.extend_from_slice(level_name(*event.metadata().level(), 5).as_bytes());
                line.extend_from_slice(end.as_bytes());
                event.record(&mut Message { line, form: Format::Text });
                event.record(&mut Fields { line, form: self });
            }
            Format::Json => {
                line.extend_from_slice(b"{\"timestamp\":\"");
                push_time(line, now);
                line.extend_from_slice(b"\",\"level\":\"");
                line.extend_from_slice(level_name(*event.metadata().level(), 0).as_bytes());
                line.push(b'"');
                event.record(&mut Message { line, form: Format::Json });
                event.record(&mut Fields { line, form: Format::Json });
                line.push(b'}');
            }
        }
        line.push(b'\n');
    }
}

fn level_name(level: Level, width: usize) -> &'static str {
    match (level, width) {
        (Level::ERROR, _) => "ERROR",
        (Level::WARN, 5) => " WARN",
        (Level::WARN, _) => "WARN",
        (Level::INFO, 5) => " INFO",
        (Level::INFO, _) => "INFO",
        (Level::DEBUG, _) => "DEBUG",
        (Level::TRACE, _) => "TRACE",
    }
}

/// Writes what the event says in words, which comes first.
struct Message<'a> {
    line: &'a mut Vec<u8>,
    form: Format,
}

impl Visit for Message<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() != "message" {
            return;
        }
        with_text(value, |text| {
            if self.form == Format::Json {
                self.line.extend_from_slice(b",\"message\":");
                json::push_text(self.line, text);
            } else {
                self.line.push(b' ');
                push_escaped(self.line, text, false);
            }
        });
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.record_debug(field, &format_args!("{value}"));
    }
}

/// Writes everything else.
struct Fields<'a> {
    line: &'a mut Vec<u8>,
    form: Format,
}

impl Fields<'_> {
    fn name(&mut self, field: &Field) {
        match self.form {
            Format::Json => {
                self.line.push(b',');
                json::push_text(self.line, field.name());
                self.line.push(b':');
            }
            Format::Coloured => {
                self.line.extend_from_slice(b" \x1b[2m");
                self.line.extend_from_slice(field.name().as_bytes());
                self.line.extend_from_slice(b"=\x1b[0m");
            }
            Format::Text => {
                self.line.push(b' ');
                self.line.extend_from_slice(field.name().as_bytes());
                self.line.push(b'=');
            }
        }
    }

    fn text(&mut self, field: &Field, text: &str) {
        self.name(field);
        if self.form == Format::Json {
            json::push_text(self.line, text);
        } else if is_word(text) {
            self.line.extend_from_slice(text.as_bytes());
        } else {
            self.line.push(b'"');
            push_escaped(self.line, text, true);
            self.line.push(b'"');
        }
    }

    fn number(&mut self, field: &Field, number: impl itoa::Integer) {
        self.name(field);
        self.line.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
    }
}

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() != "message" {
            with_text(value, |text| self.text(field, text));
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() != "message" {
            self.text(field, value);
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.number(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.number(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.name(field);
        self.line.extend_from_slice(if value { b"true" } else { b"false" });
    }
}

thread_local! {
    static SCRATCH: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Gives the text of a value that only knows how to print itself.
fn with_text(value: &dyn Debug, then: impl FnOnce(&str)) {
    SCRATCH.with(|scratch| {
        // A value that logs while it prints itself finds the text in use, and gets one of its own.
        let mut own = String::new();
        let mut scratch = scratch.try_borrow_mut();
        let text = scratch.as_deref_mut().unwrap_or(&mut own);
        text.clear();
        let _ = write!(text, "{value:?}");
        then(text);
    });
}

/// Whether a text needs no quotes: it can neither end the value nor look like another.
fn is_word(text: &str) -> bool {
    // `-./` stand before the digits and `:` behind them, `@` before the capitals.
    let is_plain = |byte: u8| matches!(byte, b'-'..=b':' | b'@'..=b'Z' | b'a'..=b'z' | b'_' | b'+');
    // Without an early end, so that many bytes are looked at together.
    !text.is_empty() && text.bytes().fold(true, |all, byte| all & is_plain(byte))
}

/// Appends a text without what would end the line or command a terminal.
fn push_escaped(line: &mut Vec<u8>, text: &str, quoted: bool) {
    // Also what a terminal takes for the end of a line, or what turns the order of what follows.
    let is_command = |one: char| one.is_control() || matches!(one, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let needs_escape = |one: char| is_command(one) || (quoted && matches!(one, '"' | '\\'));
    let mut rest = text;
    while let Some(at) = rest.find(needs_escape) {
        let (plain, after) = rest.split_at(at);
        line.extend_from_slice(plain.as_bytes());
        let mut after = after.chars();
        if let Some(one) = after.next() {
            line.extend_from_slice(one.escape_default().to_string().as_bytes());
        }
        rest = after.as_str();
    }
    line.extend_from_slice(rest.as_bytes());
}

thread_local! {
    /// The last second that was written, and how: most lines are of the same second as the line before.
    static SECOND: RefCell<(u64, String)> = const { RefCell::new((u64::MAX, String::new())) };
}

/// Appends a time by RFC 3339, in UTC, with microseconds.
fn push_time(line: &mut Vec<u8>, now: SystemTime) {
    let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    SECOND.with_borrow_mut(|(second, text)| {
        if *second != since.as_secs() {
            *second = since.as_secs();
            let time = i64::try_from(since.as_secs()).ok().and_then(|second| jiff::Timestamp::from_second(second).ok());
            *text = time.unwrap_or_default().strftime("%Y-%m-%dT%H:%M:%S").to_string();
        }
        line.extend_from_slice(text.as_bytes());
    });
    let mut rest = since.subsec_micros();
    let mut digits = *b".000000Z";
    for digit in digits.iter_mut().skip(1).take(6).rev() {
        *digit = b'0' + u8::try_from(rest % 10).unwrap_or(0);
        rest /= 10;
    }
    line.extend_from_slice(&digits);
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};
    use std::time::Duration;

    use tracing::Subscriber;
    use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

    use super::*;

    struct Kept(Format, Arc<Mutex<Vec<u8>>>);

    impl<S: Subscriber> Layer<S> for Kept {
        fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
            let now = UNIX_EPOCH + Duration::from_micros(1_777_653_568_000_042);
            self.0.write(event, now, &mut self.1.lock().unwrap());
        }
    }

    fn logged(format: Format, log: impl FnOnce()) -> String {
        let lines = Arc::default();
        let subscriber = tracing_subscriber::registry().with(Kept(format, Arc::clone(&lines)));
        tracing::subscriber::with_default(subscriber, log);
        let lines = lines.lock().unwrap();
        String::from_utf8(lines.clone()).unwrap()
    }

    #[test]
    fn a_line_has_time_level_message_and_fields_in_their_order() {
        let log = || {
            tracing::info!(id = "a-1", count = 3, small = -1, yes = true, error = %"no such file", none = None::<&str>, "hello there");
        };
        assert_eq!(
            logged(Format::Text, log),
            "2026-05-01T16:39:28.000042Z  INFO hello there id=a-1 count=3 small=-1 yes=true error=\"no such file\"\n"
        );
        assert_eq!(
            logged(Format::Json, log),
            "{\"timestamp\":\"2026-05-01T16:39:28.000042Z\",\"level\":\"INFO\",\"message\":\"hello there\",\"id\":\"a-1\",\
             \"count\":3,\"small\":-1,\"yes\":true,\"error\":\"no such file\"}\n"
        );
        assert!(logged(Format::Coloured, log).contains("\x1b[32m INFO\x1b[0m hello there \x1b[2mid=\x1b[0ma-1 "));
    }

    #[test]
    fn no_value_can_end_its_line_or_pass_for_another_field() {
        let bad = "x\" y=1\n2026 ERROR \x1b[31m\u{202e}forged\\";
        let log = || tracing::error!(name = bad, shown = %bad, "{bad}");
        let text = logged(Format::Text, log);
        assert_eq!(text.matches('\n').count(), 1, "{text}");
        assert!(!text.contains('\x1b'), "{text}");
        assert!(text.contains(r#" name="x\" y=1\n2026 ERROR \u{1b}[31m\u{202e}forged\\" shown="x\" y=1\n"#), "{text}");
        let json: serde_json::Value = serde_json::from_str(&logged(Format::Json, log)).unwrap();
        assert_eq!(
            (json["message"].as_str(), json["name"].as_str(), json["shown"].as_str()),
            (Some(bad), Some(bad), Some(bad))
        );
    }
}
