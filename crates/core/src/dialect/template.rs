//! Answers as literal text with slots, compiled once to segments. Encoding copies segments and fills slots.
//!
//! `<name>` outside a JSON string is a whole JSON value; inside one it is escaped text without quotes. `<<` is a `<`.

use std::fmt;

use crate::json::{push_inner_text, push_integer, push_text};

/// What a slot is filled with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Slot {
    AccessToken,
    TokenType,
    ExpiresIn,
    ExpiresAt,
    IssuedAt,
    ClientId,
    Scope,
    Issuer,
    RequestId,
    Path,
    Problems,
    Parameter,
    In,
    RateLimit,
    RateRemaining,
    RateReset,
}

impl Slot {
    const WORDS: &'static [(&'static str, Slot)] = &[
        ("access_token", Slot::AccessToken),
        ("token_type", Slot::TokenType),
        ("expires_in", Slot::ExpiresIn),
        ("expires_at", Slot::ExpiresAt),
        ("issued_at", Slot::IssuedAt),
        ("client_id", Slot::ClientId),
        ("scope", Slot::Scope),
        ("issuer", Slot::Issuer),
        ("request_id", Slot::RequestId),
        ("path", Slot::Path),
        ("problems", Slot::Problems),
        ("parameter", Slot::Parameter),
        ("in", Slot::In),
        ("rate.limit", Slot::RateLimit),
        ("rate.remaining", Slot::RateRemaining),
        ("rate.reset", Slot::RateReset),
    ];

    /// The word for it in a template.
    pub fn as_str(self) -> &'static str {
        Self::WORDS.iter().find(|(_, slot)| *slot == self).map_or("", |(word, _)| word)
    }
}

/// What fills a slot of one answer.
#[derive(Clone, Copy, Debug)]
pub enum Fill<'a> {
    /// A text, to be escaped.
    Text(&'a str),
    /// A number.
    Number(i64),
    /// JSON that is ready, such as the list of problems.
    Json(&'a [u8]),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Segment {
    Literal(String),
    Slot { slot: Slot, in_string: bool },
}

/// A compiled template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    segments: Vec<Segment>,
}

/// Whether a template is JSON or the value of a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// JSON text, or nothing at all.
    Json,
    /// Visible ASCII.
    Header,
}

/// A fixed value that the file itself gives to a slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fixed {
    /// A text.
    Text(String),
    /// A number, such as the status.
    Number(i64),
}

/// What is wrong with a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TemplateError {
    /// `<` without `>`; the text after it.
    Unclosed(String),
    /// A slot that nothing fills here, and what would be filled.
    UnknownSlot { name: String, known: Vec<String> },
    /// With its slots filled it is no JSON; what the parser said.
    NotJson(String),
    /// A header value that holds something else than visible ASCII and spaces.
    NotVisibleAscii,
}

impl fmt::Display for TemplateError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TemplateError::Unclosed(rest) => {
                write!(out, "the slot that starts at `<{rest}` has no `>`; write `<<` for a plain `<`")
            }
            TemplateError::UnknownSlot { name, known } => {
                write!(out, "nothing fills the slot `<{name}>`; here are: {}", known.join(", "))
            }
            TemplateError::NotJson(cause) => write!(out, "with its slots filled this is not JSON: {cause}"),
            TemplateError::NotVisibleAscii => out.write_str("expected visible ASCII characters and spaces"),
        }
    }
}

impl Template {
    /// Compiles `text`. Slots named in `fixed` become literal text; the others must be among `open`.
    pub fn compile(text: &str, form: Form, fixed: &[(String, Fixed)], open: &[Slot]) -> Result<Self, TemplateError> {
        let mut compiler = Compiler { form, fixed, open, segments: Vec::new(), in_string: false };
        compiler.run(text)?;
        let template = Self { segments: compiler.segments };
        template.check(form)?;
        Ok(template)
    }

    /// The names of the slots that `text` uses.
    pub fn slots_of(text: &str) -> Vec<&str> {
        let mut names = Vec::new();
        let mut rest = text;
        while let Some(at) = rest.find('<') {
            rest = rest.get(at + 1..).unwrap_or_default();
            if let Some(after) = rest.strip_prefix('<') {
                rest = after;
            } else if let Some((name, after)) = rest.split_once('>') {
                names.push(name);
                rest = after;
            }
        }
        names
    }

    /// Writes the answer.
    pub fn render<'f>(&self, out: &mut Vec<u8>, fill: impl Fn(Slot) -> Fill<'f>) {
        for segment in &self.segments {
            match segment {
                Segment::Literal(text) => out.extend_from_slice(text.as_bytes()),
                Segment::Slot { slot, in_string } => write_fill(out, fill(*slot), *in_string),
            }
        }
    }

    /// Whether the answer is always empty.
    pub fn is_empty(&self) -> bool {
        self.segments.is_empty()
    }

    fn check(&self, form: Form) -> Result<(), TemplateError> {
        let mut sample = Vec::new();
        let probe = |slot| match slot {
            Slot::ExpiresIn | Slot::ExpiresAt | Slot::IssuedAt | Slot::RateLimit | Slot::RateRemaining | Slot::RateReset => {
                Fill::Number(1)
            }
            // With a quote in it, so that a list inside a JSON string is no JSON here either.
            Slot::Problems => Fill::Json(b"[\"x\"]"),
            _ => Fill::Text("x"),
        };
        self.render(&mut sample, probe);
        match form {
            Form::Json if sample.is_empty() => Ok(()),
            Form::Json => serde_json::from_slice::<serde::de::IgnoredAny>(&sample)
                .map(|_| ())
                .map_err(|error| TemplateError::NotJson(error.to_string())),
            Form::Header if sample.iter().all(|byte| (0x20..=0x7e).contains(byte)) => Ok(()),
            Form::Header => Err(TemplateError::NotVisibleAscii),
        }
    }
}

fn write_fill(out: &mut Vec<u8>, fill: Fill<'_>, in_string: bool) {
    match fill {
        Fill::Number(number) => push_integer(out, number),
        Fill::Json(json) => out.extend_from_slice(json),
        Fill::Text(text) if in_string => push_inner_text(out, text),
        Fill::Text(text) => push_text(out, text),
    }
}

struct Compiler<'a> {
    form: Form,
    fixed: &'a [(String, Fixed)],
    open: &'a [Slot],
    segments: Vec<Segment>,
    in_string: bool,
}

impl Compiler<'_> {
    fn run(&mut self, text: &str) -> Result<(), TemplateError> {
        let mut rest = text;
        while let Some(at) = rest.find('<') {
            let (literal, after) = rest.split_at(at);
            self.literal(literal);
            rest = after.get(1..).unwrap_or_default();
            if let Some(after) = rest.strip_prefix('<') {
                self.literal("<");
                rest = after;
            } else {
                let (name, after) =
                    rest.split_once('>').ok_or_else(|| TemplateError::Unclosed(rest.chars().take(20).collect()))?;
                self.slot(name)?;
                rest = after;
            }
        }
        self.literal(rest);
        Ok(())
    }

    fn literal(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        if self.form == Form::Json {
            self.follow_quotes(text);
        }
        self.push_literal(text);
    }

    fn push_literal(&mut self, text: &str) {
        if let Some(Segment::Literal(last)) = self.segments.last_mut() {
            last.push_str(text);
        } else {
            self.segments.push(Segment::Literal(text.to_owned()));
        }
    }

    /// Keeps track of whether the next slot stands inside a JSON string.
    fn follow_quotes(&mut self, text: &str) {
        let mut escaped = false;
        for character in text.chars() {
            match character {
                _ if escaped => escaped = false,
                '\\' if self.in_string => escaped = true,
                '"' => self.in_string = !self.in_string,
                _ => {}
            }
        }
    }

    fn slot(&mut self, name: &str) -> Result<(), TemplateError> {
        let in_string = self.in_string || self.form == Form::Header;
        if let Some((_, value)) = self.fixed.iter().find(|(known, _)| known == name) {
            let mut text = Vec::new();
            let fill = match value {
                Fixed::Text(text) => Fill::Text(text),
                Fixed::Number(number) => Fill::Number(*number),
            };
            write_fill(&mut text, fill, in_string);
            self.push_literal(&String::from_utf8_lossy(&text));
            return Ok(());
        }
        let Some(slot) = self.open.iter().find(|slot| slot.as_str() == name) else {
            let mut known: Vec<String> = self.fixed.iter().map(|(name, _)| format!("<{name}>")).collect();
            known.extend(self.open.iter().map(|slot| format!("<{}>", slot.as_str())));
            return Err(TemplateError::UnknownSlot { name: name.to_owned(), known });
        };
        self.segments.push(Segment::Slot { slot: *slot, in_string });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn render(text: &str, value: &str) -> String {
        let template = Template::compile(text, Form::Json, &[], &[Slot::Path]).unwrap();
        let mut out = Vec::new();
        template.render(&mut out, |_| Fill::Text(value));
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_bare_slot_is_a_value_and_a_quoted_one_is_text() {
        assert_eq!(render(r#"{"a": <path>, "b":"x <path>"}"#, "q\"\\\n"), r#"{"a": "q\"\\\n", "b":"x q\"\\\n"}"#);
        assert_eq!(render(r#"["\"<path>", <path>, "<<"]"#, "v"), r#"["\"v", "v", "<"]"#);
    }

    #[test]
    fn fixed_slots_become_literal_text() {
        let fixed = [("code".to_owned(), Fixed::Text("a\"b".to_owned())), ("status".to_owned(), Fixed::Number(401))];
        let template = Template::compile(r#"[<code>,"<code>",<status>]"#, Form::Json, &fixed, &[]).unwrap();
        assert_eq!(template.segments, [Segment::Literal(r#"["a\"b","a\"b",401]"#.to_owned())]);
    }

    #[test]
    fn refuses_what_would_not_be_json_or_not_a_header() {
        let compile = |text, form| Template::compile(text, form, &[], &[Slot::Path]).unwrap_err();
        assert!(matches!(compile("{<path>}", Form::Json), TemplateError::NotJson(_)));
        assert!(matches!(compile("[<paht>]", Form::Json), TemplateError::UnknownSlot { .. }));
        assert!(matches!(compile("[<path", Form::Json), TemplateError::Unclosed(_)));
        assert_eq!(compile("a\r\nb", Form::Header), TemplateError::NotVisibleAscii);
    }
}
