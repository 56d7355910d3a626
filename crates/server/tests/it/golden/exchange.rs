//! One golden file: read, played, compared.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use mintmark_core::store::{AuditEntry, Change, Store, Subject, Write};
use serde_json::Value;

use super::template::Values;
use crate::fixture::{Answer, TestServer, issuer};

const SEPARATOR: &str = "--------";
/// Headers that no file tells: they frame the message, or differ each time.
const NOT_TOLD: [&str; 4] = ["date", "connection", "content-length", "x-request-id"];

/// A file.
#[derive(Debug)]
pub(super) struct Exchange {
    dialect: String,
    /// What happens before.
    before: Before,
    /// Request line and headers.
    head: String,
    request_body: String,
    answer: AnswerHead,
    body: String,
    /// Header and claims of the token.
    token: Option<(Value, Value)>,
}

/// Status and headers of the answer.
#[derive(Debug)]
struct AnswerHead {
    status: u16,
    headers: Vec<(String, String)>,
    /// Headers that the file says are not there.
    absent: Vec<String>,
}

#[derive(Debug, Default)]
struct Before {
    times: u32,
    seconds: u32,
    own_resource_lost: bool,
    token: Option<(String, String)>,
}

impl Exchange {
    pub(super) fn parse(dialect: &str, text: &str) -> Result<Self, String> {
        let row = text.lines().next().unwrap_or_default();
        let section = row.strip_prefix("# D.").and_then(|rest| rest.chars().next());
        if !matches!(section, Some('0'..='4')) {
            return Err(format!("expected a first line such as `# D.1 success`, found {row:?}"));
        }
        let comments: Vec<&str> = text.lines().skip(1).take_while(|line| line.starts_with("# ")).collect();
        let before = parse_before(&comments)?;
        let rest: Vec<&str> = text.lines().skip(1 + comments.len()).collect();
        let parts: Vec<String> = rest.split(|line| *line == SEPARATOR).map(|lines| lines.join("\n")).collect();
        let (request, answer, token) = match parts.as_slice() {
            [request, answer] => (request, answer, None),
            [request, answer, token] => (request, answer, Some(parse_token(token)?)),
            _ => return Err(format!("expected a request, an answer and perhaps a token, found {} parts", parts.len())),
        };
        let (head, request_body) = split_head(request)?;
        let (answer_head, body) = split_head(answer)?;
        let answer = AnswerHead::parse(answer_head)?;
        if token.is_some() && !body.contains("{access_token}") {
            return Err("a token is told, but the body has no {access_token}".to_owned());
        }
        Ok(Self {
            dialect: dialect.to_owned(),
            before,
            head: head.to_owned(),
            request_body: request_body.to_owned(),
            answer,
            body: body.to_owned(),
            token,
        })
    }

    /// Sends the request to a server of its own and compares. `Err` tells the differences.
    pub(super) async fn play(&self) -> Result<(), String> {
        let server = TestServer::start().await;
        let mut values = Values { world: server.world, dialect: &self.dialect, played: Vec::new() };
        self.prepare(&server, &mut values).await;
        let request = self.request(&values)?;
        for _ in 0..self.before.times {
            server.send(&request).await;
        }
        let answer = server.send(&request).await;
        let token = self.compare(&answer, &values)?;
        match token {
            Some(token) => self.compare_token(&server, &token, &mut values).await,
            None => Ok(()),
        }
    }

    async fn prepare(&self, server: &TestServer, values: &mut Values<'_>) {
        if let Some((client, more)) = &self.before.token {
            let more = values.fill_text(more).unwrap();
            values.played.push(("token".to_owned(), server.asset_token("sandbox", client, &more).await));
        }
        server.clock.advance(self.before.seconds);
        // A token may expire while the server is kept up to date; without one, it is the server that gets old.
        if self.before.token.is_some() {
            server.poll().await;
        }
        if self.before.own_resource_lost {
            lose_own_resource(server).await;
        }
    }

    fn request(&self, values: &Values<'_>) -> Result<Vec<u8>, String> {
        let body = values.fill(&self.request_body)?;
        let mut head = values.fill(&self.head.replace('\n', "\r\n"))?;
        let has_length = self.head.to_ascii_lowercase().contains("\ncontent-length:");
        if !has_length && (!body.is_empty() || self.head.starts_with("POST ")) {
            head.extend(format!("\r\nContent-Length: {}", body.len()).bytes());
        }
        head.extend(b"\r\nConnection: close\r\n\r\n");
        head.extend(body);
        Ok(head)
    }

    /// Compares all but the token, which it gives back.
    fn compare(&self, answer: &Answer, values: &Values<'_>) -> Result<Option<String>, String> {
        let mut differences = Vec::new();
        if answer.status != self.answer.status {
            differences.push(format!("status: expected {}, found {}", self.answer.status, answer.status));
        }
        let mut expected = Vec::new();
        for (name, value) in &self.answer.headers {
            expected.push((name.clone(), values.fill_text(value)?));
        }
        let told = |(name, _): &&(String, String)| !NOT_TOLD.contains(&name.as_str());
        let mut found: Vec<_> = answer.headers.iter().filter(told).cloned().collect();
        expected.sort();
        found.sort();
        if found != expected {
            differences.push(format!("headers:\n  expected {expected:?}\n  found    {found:?}"));
        }
        if let Some(name) = self.answer.absent.iter().find(|name| answer.all(name).next().is_some()) {
            differences.push(format!("the header {name} is there"));
        }
        if answer.header("x-request-id").is_none_or(|id| id.len() < 16) {
            differences.push("no request id".to_owned());
        }
        let expected = values.fill(&self.body)?;
        let token = match_body(&expected, &answer.body);
        if token.is_err() {
            let (expected, found) = (String::from_utf8_lossy(&expected), String::from_utf8_lossy(&answer.body));
            differences.push(format!("body:\n  expected {expected}\n  found    {found}"));
        }
        if differences.is_empty() { Ok(token.unwrap_or_default()) } else { Err(differences.join("\n")) }
    }

    async fn compare_token(&self, server: &TestServer, token: &str, values: &mut Values<'_>) -> Result<(), String> {
        let parts: Vec<&str> = token.split('.').collect();
        let [header, claims, _] = parts.as_slice() else { return Err(format!("no JWT: {token}")) };
        let decode = |part: &str| -> Value {
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap_or_else(|error| panic!("{error}: {token}"))
        };
        let (header, claims) = (decode(header), decode(claims));
        let audience = claims["aud"].as_str().or(claims["aud"][0].as_str()).unwrap_or_default().to_owned();
        server.verify("sandbox", token, &audience).await;
        let Some((expected_header, expected_claims)) = &self.token else { return Ok(()) };
        let jti = claims["jti"].as_str().unwrap_or_default();
        // 128 bits that nobody can guess (RFC 7519 section 4.1.7).
        if URL_SAFE_NO_PAD.decode(jti).map(|bytes| bytes.len()) != Ok(16) {
            return Err(format!("jti: {jti:?}"));
        }
        values.played.push(("jti".to_owned(), jti.to_owned()));
        let view = server.node.endpoint.directory.view(&"sandbox".parse().unwrap()).unwrap();
        for algorithm in view.ring.algorithms() {
            let kid = view.ring.active(algorithm).unwrap().kid.clone();
            values.played.push((format!("kid:{algorithm}"), kid));
        }
        let position = server.node.endpoint.directory.fresh_position().unwrap();
        values.played.push(("pos".to_owned(), position.0.to_string()));
        let expected = (fill_json(expected_header, values)?, fill_json(expected_claims, values)?);
        if expected == (header.clone(), claims.clone()) {
            return Ok(());
        }
        let (expected_header, expected_claims) = expected;
        Err(format!("token:\n  expected {expected_header} {expected_claims}\n  found    {header} {claims}"))
    }
}

/// The body is another one than expected.
struct Different;

/// The token in a body that is as expected, if one is expected there.
fn match_body(expected: &[u8], found: &[u8]) -> Result<Option<String>, Different> {
    let slot = b"{access_token}";
    let Some(at) = expected.windows(slot.len()).position(|window| window == slot) else {
        return if expected == found { Ok(None) } else { Err(Different) };
    };
    let (before, after) = (&expected[..at], &expected[at + slot.len()..]);
    let token = found.strip_prefix(before).and_then(|rest| rest.strip_suffix(after)).ok_or(Different)?;
    String::from_utf8(token.to_vec()).map(Some).map_err(|_| Different)
}

/// Fills the texts of a document; `"{pos}"` alone is a number.
fn fill_json(document: &Value, values: &Values<'_>) -> Result<Value, String> {
    Ok(match document {
        Value::String(text) if text == "{pos}" => values.fill_text(text)?.parse::<u64>().unwrap().into(),
        Value::String(text) => values.fill_text(text)?.into(),
        Value::Array(items) => items.iter().map(|item| fill_json(item, values)).collect::<Result<Vec<_>, _>>()?.into(),
        Value::Object(members) => {
            let filled = members.iter().map(|(name, value)| Ok((name.clone(), fill_json(value, values)?)));
            Value::Object(filled.collect::<Result<_, String>>()?)
        }
        other => other.clone(),
    })
}

fn parse_before(comments: &[&str]) -> Result<Before, String> {
    let mut before = Before::default();
    for comment in comments {
        let (word, rest) =
            comment.trim_start_matches("# ").split_once(": ").ok_or_else(|| format!("no directive: {comment}"))?;
        let number = |text: &str| text.parse::<u32>().map_err(|_| format!("no number: {comment}"));
        match word {
            "first" => before.times = number(rest.trim_end_matches(" times"))?,
            "clock" => before.seconds = number(rest)?,
            "break" if rest == "own-resource" => before.own_resource_lost = true,
            "token" => {
                let (client, more) = rest.split_once(' ').unwrap_or((rest, ""));
                before.token = Some((client.to_owned(), more.to_owned()));
            }
            _ => return Err(format!("there is no directive {comment}")),
        }
    }
    Ok(before)
}

/// Headers and body: what is before and after the first empty line. A message without a body ends with that line.
fn split_head(message: &str) -> Result<(&str, &str), String> {
    let split = message.split_once("\n\n").or_else(|| message.strip_suffix('\n').map(|head| (head, "")));
    split.ok_or_else(|| format!("no empty line after the headers: {message:?}"))
}

impl AnswerHead {
    fn parse(text: &str) -> Result<Self, String> {
        let mut lines = text.lines();
        let status = lines.next().unwrap_or_default();
        let status = status.parse().map_err(|_| format!("expected a status, found {status:?}"))?;
        let mut head = Self { status, headers: Vec::new(), absent: Vec::new() };
        for line in lines {
            match (line.strip_prefix('!'), line.split_once(": ")) {
                (Some(name), _) => head.absent.push(name.to_owned()),
                (None, Some((name, value))) if name == name.to_ascii_lowercase() => {
                    head.headers.push((name.to_owned(), value.to_owned()));
                }
                _ => return Err(format!("expected `name: value` or `!name`, found {line:?}")),
            }
        }
        Ok(head)
    }
}

fn parse_token(text: &str) -> Result<(Value, Value), String> {
    let mut documents = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    match (documents.next(), documents.next(), documents.next()) {
        (Some(Ok(header)), Some(Ok(claims)), None) => Ok((header, claims)),
        _ => Err(format!("expected a header and claims, found {text:?}")),
    }
}

/// Takes the environment's own resource away, past all rules: a mistake that only we can make.
async fn lose_own_resource(server: &TestServer) {
    let store = &server.registry.store;
    let record =
        store.environments().await.unwrap().value.into_iter().find(|record| record.environment.name.as_str() == "sandbox");
    let own = record.unwrap().resources.into_iter().find(|resource| resource.uri.as_str() == issuer("sandbox"));
    let mut own = own.unwrap();
    own.uri = "https://elsewhere.mintmark.example".parse().unwrap();
    own.version += 1;
    let subject = Subject::Resource { environment: own.environment.clone(), id: own.id };
    let audit = AuditEntry::local(own.created_at, "test", "test.lose", subject);
    store.commit(&Change { writes: vec![Write::UpdateResource(own)], audit }).await.unwrap();
    server.poll().await;
}
