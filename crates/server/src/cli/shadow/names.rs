//! Every name by which a request, or an answer, may mean a client.
//!
//! A dialect reads a request in one way. Another server reads the same bytes in its own: it takes the first of two parameters, or the last,
//! the header or the body, a body of another type, a parameter of another name. So all that could be a client's name is collected here,
//! wherever it stands, and what no two servers would read alike is told as such.

use std::collections::HashSet;

use base64::Engine;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use http::{HeaderMap, HeaderName, header};
use mintmark_core::model::ClientId;
use percent_encoding::percent_decode_str;

use crate::cli::local_proxy::Whole;
use crate::drafting::{Tree, json_of, leaves, role_of};

/// So many different names of one request are looked up; no token request comes near.
const MAX_NAMES: usize = 64;
/// How often a value is decoded.
const ROUNDS: usize = 3;
/// Headers that say nothing of a client.
const HARMLESS: &[&str] = &[
    "accept",
    "accept-charset",
    "accept-encoding",
    "accept-language",
    "access-control-request-headers",
    "access-control-request-method",
    "cache-control",
    "connection",
    "content-length",
    "content-type",
    "date",
    "expect",
    "forwarded",
    "host",
    "origin",
    "pragma",
    "referer",
    "te",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "via",
    "dpop",
    "traceparent",
    "tracestate",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-port",
    "x-forwarded-proto",
    "x-real-ip",
    "x-request-id",
];
/// Claims that say whose a token or an assertion is.
const CLAIMS: &[&str] = &["client_id", "clientId", "azp", "appid", "cid", "sub", "iss"];
/// The same of a token alone: who issued it is no client.
const TOKEN_CLAIMS: &[&str] = &["client_id", "clientId", "azp", "appid", "cid", "sub"];

/// The names in a request.
#[derive(Debug)]
pub(super) struct Names {
    pub(super) all: Vec<ClientId>,
    /// Why there may be more of them, that another server would find.
    pub(super) unreadable: Option<&'static str>,
    /// Whether one is named that Mintmark cannot have.
    pub(super) is_foreign: bool,
}

/// The names in a request.
pub(super) fn of_request(request: &Whole) -> Names {
    let mut found = Collector::default();
    let Whole { head, body, .. } = request;
    for (name, value) in &head.headers {
        if !HARMLESS.contains(&name.as_str()) {
            found.header(name, &String::from_utf8_lossy(value.as_bytes()));
        }
    }
    if let Some(query) = head.uri.query() {
        found.form(query);
    }
    if !body.is_empty() {
        found.body(&head.headers, body);
    }
    found.finish()
}

/// The names of those whom an answer's token is for, as far as it says so.
pub(super) fn of_answer(body: &[u8]) -> Names {
    let mut found = Collector::default();
    if let Ok(text) = std::str::from_utf8(body)
        && let Ok(values) = leaves(text)
    {
        for leaf in values {
            match &leaf.value {
                Tree::Text(text) if role_of(leaf.key()) == Some("client_id") => found.name(text),
                Tree::Text(text) => {
                    found.token(text, TOKEN_CLAIMS);
                }
                _ => {}
            }
        }
    }
    found.finish()
}

#[derive(Default)]
struct Collector {
    all: Vec<ClientId>,
    seen: HashSet<ClientId>,
    unreadable: Option<&'static str>,
    is_foreign: bool,
}

impl Collector {
    fn finish(self) -> Names {
        Names { all: self.all, unreadable: self.unreadable, is_foreign: self.is_foreign }
    }

    fn note(&mut self, why: &'static str) {
        self.unreadable.get_or_insert(why);
    }

    /// A value that is called a client's name. Many a database finds a name by one that differs in accents, or in characters that are not
    /// to be seen, so others than those that a name here has are refused.
    fn client(&mut self, text: &str) {
        let decoded = percent_decode_str(text).decode_utf8_lossy();
        for one in [text.trim(), decoded.trim()] {
            if !one.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
                self.note("the name of its client has other characters than printable ASCII");
            } else if !one.is_empty() && one.parse::<ClientId>().is_err() {
                self.is_foreign = true;
            }
        }
        self.name(text);
    }

    /// A value that may be a name: as it is, without the spaces around it, and decoded again as some servers do.
    fn name(&mut self, text: &str) {
        let mut text = text.to_owned();
        for _ in 0..ROUNDS {
            self.exactly(&text);
            self.exactly(text.trim());
            let decoded = percent_decode_str(&text).decode_utf8_lossy().into_owned();
            if decoded == text {
                return;
            }
            text = decoded;
        }
    }

    fn exactly(&mut self, text: &str) {
        let Ok(id) = text.parse::<ClientId>() else { return };
        if self.all.len() == MAX_NAMES {
            self.note("it has too many values");
        } else if self.seen.insert(id.clone()) {
            self.all.push(id);
        }
    }

    fn header(&mut self, name: &HeaderName, value: &str) {
        let scheme_and_rest = value.trim().split_once([' ', '\t']);
        if *name == header::COOKIE {
            for pair in value.split(';') {
                let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                if role_of(name) == Some("client_id") {
                    self.name(value);
                }
            }
        } else if let Some((scheme, rest)) = scheme_and_rest
            && scheme.eq_ignore_ascii_case("basic")
        {
            self.basic(rest.trim());
        } else {
            self.parameter(name.as_str(), value);
            // `Bearer`, or another scheme, and something behind it.
            if let Some((_, rest)) = scheme_and_rest {
                self.parameter(name.as_str(), rest.trim());
            }
        }
    }

    /// A name and a secret, in any of the ways in which servers read them.
    fn basic(&mut self, encoded: &str) {
        let compact: String = encoded.chars().filter(|one| !one.is_whitespace()).collect();
        let config = GeneralPurposeConfig::new()
            .with_decode_allow_trailing_bits(true)
            .with_decode_padding_mode(DecodePaddingMode::Indifferent);
        let mut decoded =
            [STANDARD, URL_SAFE].iter().filter_map(|alphabet| GeneralPurpose::new(alphabet, config).decode(&compact).ok());
        let Some(pair) = decoded.next() else { return self.note("its Basic credentials cannot be read") };
        // Latin 1 where it is not UTF-8; the names of clients are ASCII.
        let pair = String::from_utf8_lossy(&pair);
        self.name(&pair);
        self.client(pair.split_once(':').map_or(&*pair, |(name, _)| name));
        for (at, _) in pair.match_indices(':') {
            let name = pair.get(..at).unwrap_or_default();
            self.name(name);
            self.name(&name.replace('+', " "));
        }
    }

    fn parameter(&mut self, name: &str, value: &str) {
        match role_of(name) {
            Some("client_id") => self.client(value),
            Some("client_assertion") if !value.is_empty() => {
                if !self.token(value, CLAIMS) {
                    self.note("its assertion cannot be read");
                }
                return;
            }
            // What it is called says that it is something else; only a signed one names somebody within.
            Some(_) => {}
            None if name.eq_ignore_ascii_case("password") => {}
            // It is in a character set of its own.
            None if name == "_charset_" => self.note("it names a character set"),
            None => self.name(value),
        }
        self.token(value, CLAIMS);
    }

    /// Whom a token or an assertion says it is of. Nobody has verified it.
    /// Gives whether it could be read. Of a claim that stands there twice, both count.
    fn token(&mut self, text: &str, claims: &[&str]) -> bool {
        let mut parts = text.split('.');
        let (Some(_), Some(payload), Some(_)) = (parts.next(), parts.next(), parts.next()) else { return false };
        let config = GeneralPurposeConfig::new()
            .with_decode_allow_trailing_bits(true)
            .with_decode_padding_mode(DecodePaddingMode::Indifferent);
        let Ok(payload) = GeneralPurpose::new(&URL_SAFE, config).decode(payload) else { return false };
        let Some(members) = std::str::from_utf8(&payload).ok().and_then(|text| leaves(text).ok()) else { return false };
        for leaf in members.iter().filter(|leaf| claims.contains(&leaf.key())) {
            if let Tree::Text(text) = &leaf.value {
                self.name(text);
            }
        }
        true
    }

    /// A form, with either of the separators that servers know.
    fn form(&mut self, text: &str) {
        for piece in text.split('&') {
            self.pair(piece);
            if piece.contains(';') {
                piece.split(';').for_each(|piece| self.pair(piece));
            }
        }
    }

    fn pair(&mut self, pair: &str) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let decode = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        let name = decode(&name.replace('+', " "));
        self.parameter(name.trim(), &decode(&value.replace('+', " ")));
        if value.contains('+') {
            self.parameter(name.trim(), &decode(value));
        }
    }

    fn body(&mut self, headers: &HeaderMap, body: &[u8]) {
        let Some(content_type) = content_type(headers) else { return self.note("its body is in an encoding of its own") };
        let Ok(text) = std::str::from_utf8(body) else { return self.note("its body is no text") };
        if text.contains('\0') {
            return self.note("its body is no text");
        }
        let is_json = content_type == "text/json" || content_type == "application/json" || content_type.ends_with("+json");
        if is_json || text.trim_start().starts_with(['{', '[']) {
            match leaves(text) {
                Ok(found) => {
                    for leaf in found {
                        let value = leaf.value.text().map_or_else(|| json_of(&leaf.value), str::to_owned);
                        self.parameter(leaf.key(), &value);
                    }
                }
                Err(_) => self.note("its body is no JSON that servers read alike"),
            }
        }
        match content_type.as_str() {
            "multipart/form-data" => self.multipart(text),
            "" | "text/plain" | "application/x-www-form-urlencoded" => self.form(text),
            _ if is_json => {}
            _ => self.note("its body is of a type that token endpoints do not take"),
        }
    }

    /// Every line of a multipart body that is no header, since servers differ in where a part begins.
    fn multipart(&mut self, text: &str) {
        for line in text.split(['\r', '\n']).filter(|line| !line.is_empty() && !line.starts_with("--")) {
            let lower = line.to_ascii_lowercase();
            let is_plain = ["7bit", "8bit", "binary"].iter().any(|plain| lower.ends_with(plain));
            if (lower.starts_with("content-transfer-encoding") && !is_plain) || !has_plain_charset(&lower) {
                self.note("a part of its body is in an encoding of its own");
            }
            if !lower.starts_with("content-") {
                self.name(line);
                self.token(line, CLAIMS);
            }
        }
        if text.contains("_charset_") {
            self.note("it names a character set");
        }
    }
}

/// The media type of a body that is as it stands there: one, in lower case, of a character set that agrees with ASCII. Nothing otherwise.
fn content_type(headers: &HeaderMap) -> Option<String> {
    let mut types = headers.get_all(header::CONTENT_TYPE).iter();
    let (first, more) = (types.next(), types.next());
    let text = first.map_or(Ok(""), |value| value.to_str()).ok()?.to_ascii_lowercase();
    let is_whole = |name: HeaderName, plain: &str| {
        headers.get_all(name).iter().all(|value| value.as_bytes().trim_ascii().eq_ignore_ascii_case(plain.as_bytes()))
    };
    let is_plain = more.is_none()
        && !text.contains(',')
        && has_plain_charset(&text)
        && is_whole(header::CONTENT_ENCODING, "identity")
        && is_whole(header::TRANSFER_ENCODING, "chunked");
    is_plain.then(|| text.split(';').next().unwrap_or_default().trim().to_owned())
}

/// Whether every character set that is named agrees with ASCII.
fn has_plain_charset(lower: &str) -> bool {
    lower.split("charset").skip(1).all(|rest| {
        let value = rest.trim_start_matches(['*', ' ', '\t']).strip_prefix('=').unwrap_or("?");
        let value = value.split([';', ',']).next().unwrap_or_default().trim().trim_matches('"');
        ["utf-8", "utf8", "us-ascii", "ascii", "iso-8859-1", "latin1", "windows-1252"].contains(&value)
    })
}

#[cfg(test)]
mod tests;
