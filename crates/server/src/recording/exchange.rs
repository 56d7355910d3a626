//! The form of a recording: one JSON object a line.

use std::path::Path;

use serde::{Deserialize, Serialize};

/// The version of the form.
pub(super) const FORMAT: u32 = 1;
/// The file's name in a recording's folder.
pub const EXCHANGES: &str = "exchanges.jsonl";
/// A recording is at most this large, in bytes.
const MAX_FILE: u64 = 64 * 1024 * 1024;
/// It has at most so many exchanges.
const MAX_EXCHANGES: usize = 20_000;

/// One exchange.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exchange {
    /// The version of this form.
    pub format: u32,
    /// What was asked.
    pub request: RecordedRequest,
    /// What was answered.
    pub answer: RecordedAnswer,
}

/// What is kept of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordedRequest {
    /// The method.
    pub method: String,
    /// The path.
    pub path: String,
    /// The query, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub query: Option<String>,
    /// The headers.
    pub headers: Vec<(String, String)>,
    /// The body.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub body: String,
}

/// What is kept of an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordedAnswer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: Vec<(String, String)>,
    /// The body.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub body: String,
    /// The shape of the token in it, if it is a JWT.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<TokenShape>,
}

/// What is kept of a token: names and kinds, no values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenShape {
    /// Header parameters; the values of `alg` and `typ`, of the others the kind.
    pub header: Vec<(String, String)>,
    /// Claims with their kinds.
    pub claims: Vec<(String, String)>,
    /// `exp` less `iat`, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lifetime: Option<i64>,
}

impl RecordedRequest {
    /// The first value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }
}

impl RecordedAnswer {
    /// The first value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }
}

fn header<'h>(headers: &'h [(String, String)], name: &str) -> Option<&'h str> {
    headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

/// Reads a recording: the folder that was recorded into, or its file.
pub fn read_exchanges(place: &Path) -> Result<Vec<Exchange>, String> {
    let file = if place.is_dir() { place.join(EXCHANGES) } else { place.to_owned() };
    let named = |message: String| format!("{}: {message}", file.display());
    let size = std::fs::metadata(&file).map_err(|error| named(error.to_string()))?.len();
    if size > MAX_FILE {
        return Err(named(format!("expected at most {MAX_FILE} bytes, found {size}")));
    }
    let text = std::fs::read_to_string(&file).map_err(|error| named(error.to_string()))?;
    let mut exchanges = Vec::new();
    for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let exchange: Exchange =
            serde_json::from_str(line).map_err(|error| named(format!("line {}: this is no exchange: {error}", at + 1)))?;
        if exchange.format != FORMAT {
            return Err(named(format!("line {}: expected format {FORMAT}, found {}", at + 1, exchange.format)));
        }
        if exchanges.len() == MAX_EXCHANGES {
            return Err(named(format!("expected at most {MAX_EXCHANGES} exchanges")));
        }
        exchanges.push(exchange);
    }
    Ok(exchanges)
}
