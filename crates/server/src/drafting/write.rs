//! A draft as a dialect file: every value on its line, with a comment where the source did not tell it.

use std::fmt::Write as _;

use super::draft::{Draft, DraftFault, DraftParameter, SlotValue, Told};

/// Comments begin in this column where the line is shorter.
const COMMENT_COLUMN: usize = 32;
const WIDTH: usize = 120;

impl Draft {
    /// The file.
    pub fn to_toml(&self) -> String {
        let mut out = String::new();
        self.write_head(&mut out);
        self.write_request(&mut out);
        self.write_parameters(&mut out);
        self.write_token(&mut out);
        self.write_answer(&mut out);
        self.write_faults(&mut out);
        self.write_example(&mut out);
        out
    }

    fn write_head(&self, out: &mut String) {
        for line in &self.origin {
            comment(out, line);
        }
        comment(
            out,
            "Lines marked \"not told\" are a choice, since the source says nothing: compare them with what the endpoint does.",
        );
        for remark in &self.remarks {
            comment(out, &format!("Note: {remark}"));
        }
        line(out, "format = 1", None);
        line(out, &format!("name = {}", quote(&self.name)), None);
        if let Some(replaced) = &self.replaces {
            let note = "the built-in dialect at this path gives it up; take the line out if you choose another path";
            line(out, &format!("replaces = {}", quote(replaced)), Some(note));
        }
        out.push_str("\n[route]\n");
        told(out, "method", &self.method, |value| quote(value));
        told(out, "path", &self.path, |value| quote(value));
        told(out, "slash", &self.slash, |value| quote(value));
    }

    fn write_request(&self, out: &mut String) {
        out.push_str("\n[request]\n");
        told(out, "auth", &self.auth, |entries| format!("[{}]", entries.join(", ")));
        told(out, "body", &self.body, |types| list(types));
        told(out, "other_body", &self.other_body, |value| quote(value));
        told(out, "unknown_fields", &self.unknown_fields, |value| quote(value));
        told(out, "query", &self.query, |value| quote(value));
        told(out, "repeated", &self.repeated, |value| quote(value));
        told(out, "encoding", &self.encoding, |value| quote(value));
        let order = ["query", "payload", "parameters", "credentials", "client", "permission", "scope", "resource", "business"];
        told(out, "order", &Told::open(order.to_vec(), "which mistake is told first where there are several"), |order| {
            list(order)
        });
        told(out, "report", &Told::open("first", "whether all mistakes are told at once"), |value| quote(value));
        if !self.echo.is_empty() {
            out.push_str("\n[request.echo]                  # header = longest value\n");
            for (name, max) in &self.echo {
                line(out, &format!("{} = {max}", key(name)), None);
            }
        }
    }

    fn write_parameters(&self, out: &mut String) {
        out.push_str("\n[parameters]\n");
        for parameter in &self.parameters {
            line(out, &format!("{} = {{ {} }}", parameter.role, parameter.entries()), parameter.max.note.as_deref());
        }
    }

    fn write_token(&self, out: &mut String) {
        out.push_str("\n[token]\n");
        told(out, "lifetime", &self.lifetime, |(default, max)| format!("{{ default = {default}, max = {max} }}"));
        if !self.headers.is_empty() {
            out.push_str(
                "\n[headers]                       # on answers to an authenticated client that is limited; add [limits]\n",
            );
            for (name, value) in &self.headers {
                line(out, &format!("{} = {}", key(name), quote(value)), None);
            }
        }
    }

    fn write_answer(&self, out: &mut String) {
        out.push_str("\n[answer]\n");
        told(out, "expires_in", &self.expires_in, |value| quote(value));
        told(out, "body", &self.answer, |value| quote(value));
    }

    fn write_faults(&self, out: &mut String) {
        let shared = self.commonest_body();
        out.push_str("\n[error]\n");
        line(out, &format!("body = {}", quote(shared)), None);
        out.push_str("\n[faults]\n");
        if let Some(note) = &self.faults_note {
            comment(out, note);
        }
        let mut written: Vec<&DraftFault> = Vec::new();
        for fault in &self.faults {
            if let Some(same) = written.iter().find(|other| other.answers_like(fault)) {
                line(out, &format!("{} = {}", fault.fault, quote(same.fault.as_str())), fault.note.as_deref());
            } else {
                line(out, &format!("{} = {{ {} }}", fault.fault, fault.entries(shared)), fault.note.as_deref());
                written.push(fault);
            }
        }
    }

    /// The template that most answers have. It has a slot, since one without is an answer of its own.
    fn commonest_body(&self) -> &str {
        let count = |body: &str| self.faults.iter().filter(|fault| fault.body == body).count();
        let bodies = self.faults.iter().map(|fault| fault.body.as_str());
        // The first of the commonest, so that the file does not depend on chance.
        bodies.rev().max_by_key(|body| count(body)).unwrap_or("{}")
    }

    fn write_example(&self, out: &mut String) {
        out.push_str("\n[example]                       # for `dialect show`; granted is what the demo client may have\n");
        line(out, "client_id = \"cli_5V2yKJmHc3nXw8qRzT4bDf\"", None);
        line(out, "client_secret = \"mms_sandbox_EXAMPLE\"", None);
        let scopes = self.scopes.join(" ");
        if self.reads("scope") && !self.scopes.is_empty() {
            line(out, &format!("scope = {}", quote(self.scopes.first().map_or("", String::as_str))), None);
        }
        let (scopes, note) = match scopes.as_str() {
            "" => ("read", Some("not told: which scopes there are")),
            scopes => (scopes, None),
        };
        line(out, &format!("granted = {}", quote(scopes)), note);
    }
}

impl DraftParameter {
    fn entries(&self) -> String {
        let mut entries = Vec::new();
        if self.name != self.role {
            entries.push(format!("name = {}", quote(&self.name)));
        }
        if self.from != ["body"] {
            entries.push(format!("from = {}", list(&self.from)));
        }
        if self.role == "grant_type" {
            let values: Vec<&str> = self.values.iter().map(String::as_str).collect();
            entries.push(format!("values = {}", list(&values)));
        }
        if self.role == "expires_in" {
            entries.push("grammar = \"plain\"".to_owned());
        }
        if self.required {
            entries.push("required = true".to_owned());
        }
        entries.push(format!("max = {}", self.max.value));
        entries.join(", ")
    }
}

impl DraftFault {
    fn answers_like(&self, other: &Self) -> bool {
        (self.status, &self.challenge, &self.body, &self.slots) == (other.status, &other.challenge, &other.body, &other.slots)
    }

    fn entries(&self, shared: &str) -> String {
        let mut entries = vec![format!("status = {}", self.status)];
        entries.extend(self.slots.iter().map(|(name, value)| format!("{} = {}", key(name), value.to_toml())));
        entries.extend(self.challenge.iter().map(|value| format!("challenge = {}", quote(value))));
        entries.extend((self.body != shared).then(|| format!("body = {}", quote(&self.body))));
        entries.join(", ")
    }
}

impl SlotValue {
    fn to_toml(&self) -> String {
        match self {
            SlotValue::Text(text) => quote(text),
            SlotValue::Number(number) => number.to_string(),
        }
    }
}

fn told<T>(out: &mut String, name: &str, value: &Told<T>, write: impl Fn(&T) -> String) {
    line(out, &format!("{name} = {}", write(&value.value)), value.note.as_deref());
}

/// One line, its comment behind it where there is room and above it otherwise.
fn line(out: &mut String, text: &str, note: Option<&str>) {
    let Some(note) = note.map(one_line) else {
        out.push_str(text);
        out.push('\n');
        return;
    };
    if text.len().max(COMMENT_COLUMN) + note.len() + 2 <= WIDTH {
        // Writing to a `String` cannot fail.
        let _ = writeln!(out, "{text:width$}# {note}", width = COMMENT_COLUMN.max(text.len() + 2));
    } else {
        let _ = writeln!(out, "# {note}\n{text}");
    }
}

fn comment(out: &mut String, text: &str) {
    let _ = writeln!(out, "# {}", one_line(text));
}

/// The source wrote parts of a comment, and a line feed would end it.
fn one_line(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { ' ' } else { character }).collect()
}

fn list(texts: &[&str]) -> String {
    format!("[{}]", texts.iter().map(|text| quote(text)).collect::<Vec<_>>().join(", "))
}

/// A text of TOML: as it is between single quotes where that is possible and spares escapes.
fn quote(text: &str) -> String {
    let is_plain = !text.contains(['\'', '\n', '\r']) && !text.chars().any(char::is_control);
    if is_plain && text.contains(['"', '\\']) { format!("'{text}'") } else { escape(text) }
}

fn escape(text: &str) -> String {
    let mut out = String::from('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            character if character.is_control() => {
                let _ = write!(out, "\\u{:04X}", u32::from(character));
            }
            character => out.push(character),
        }
    }
    out.push('"');
    out
}

fn key(name: &str) -> String {
    let is_bare = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    if is_bare { name.to_owned() } else { escape(name) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_any_kind_come_back_from_toml() {
        for text in ["", "a", "it's", "say \"x\"", "both ' and \"", "line\nfeed\ttab\u{1}\u{7f}", "back\\slash", "é€"] {
            let table: toml::Table = format!("k = {}", quote(text)).parse().unwrap();
            assert_eq!(table["k"].as_str(), Some(text));
        }
    }

    #[test]
    fn a_comment_stays_a_comment() {
        let mut out = String::new();
        line(&mut out, "a = 1", Some("x\nb = 2"));
        assert_eq!(out.parse::<toml::Table>().unwrap().len(), 1);
    }
}
