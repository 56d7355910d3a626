//! The bytes of requests: fixed ones, and those of a crowd of clients, made up as they are sent.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::identity::Identities;
use crate::rng::Rng;
use crate::url::Url;

/// The scope that every token request asks for.
pub(crate) const SCOPE: &str = "ledger:read";

/// Makes requests, one after another.
pub(crate) trait Source {
    /// Appends the next request.
    fn push_next(&mut self, out: &mut Vec<u8>);
}

/// The same request each time.
#[derive(Clone, Debug)]
pub(crate) struct Fixed(pub(crate) Vec<u8>);

impl Source for Fixed {
    fn push_next(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.0);
    }
}

/// Who of the crowd asks next.
#[derive(Clone, Debug)]
pub(crate) enum Turn {
    /// Anybody among so many.
    Random { rng: Rng, among: u64 },
    /// Each in turn.
    Each { next: u64, among: u64 },
}

impl Turn {
    fn next(&mut self) -> u64 {
        match self {
            Turn::Random { rng, among } => rng.below(*among),
            Turn::Each { next, among } => {
                let this = *next;
                *next = (this + 1) % (*among).max(1);
                this
            }
        }
    }
}

/// Token requests of many clients, by HTTP Basic.
#[derive(Debug)]
pub(crate) struct Crowd {
    identities: Identities,
    turn: Turn,
    before: Vec<u8>,
    after: Vec<u8>,
    pair: Vec<u8>,
}

impl Crowd {
    pub(crate) fn new(url: &Url, identities: Identities, turn: Turn) -> Self {
        let mark = "CREDENTIALS";
        let request = post(url, &url.path, Some(&format!("Basic {mark}")), &standard_body());
        let (before, after) = request.split_once(mark).unwrap_or((&request, ""));
        Self { identities, turn, before: before.into(), after: after.into(), pair: Vec::new() }
    }
}

impl Source for Crowd {
    fn push_next(&mut self, out: &mut Vec<u8>) {
        let number = self.turn.next();
        self.pair.clear();
        self.identities.push_id(number, &mut self.pair);
        self.pair.push(b':');
        self.identities.push_secret(number, &mut self.pair);
        out.extend_from_slice(&self.before);
        let start = out.len();
        out.resize(start + self.pair.len().div_ceil(3) * 4, 0);
        // The slice is as long as the result.
        let _ = STANDARD.encode_slice(&self.pair, out.get_mut(start..).unwrap_or_default());
        out.extend_from_slice(&self.after);
    }
}

/// How a token endpoint is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// Credentials by HTTP Basic, scope in the form.
    Basic,
    /// Everything in the form.
    Post,
    /// Credentials by HTTP Basic, scope in the query.
    Query,
}

/// A token request of a client of Mintmark's.
pub(crate) fn token(url: &Url, form: Form, id: &str, secret: &str) -> Fixed {
    let basic = format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")));
    let text = match form {
        Form::Basic => post(url, &url.path, Some(&basic), &standard_body()),
        Form::Post => post(url, &url.path, None, &format!("client_id={id}&client_secret={secret}&{}", standard_body())),
        Form::Query => post(url, &format!("{}?scope={SCOPE}", url.path), Some(&basic), "grant_type=client_credentials"),
    };
    Fixed(text.into_bytes())
}

fn standard_body() -> String {
    format!("grant_type=client_credentials&scope={}", SCOPE.replace(':', "%3A"))
}

/// A form, sent by POST.
pub(crate) fn post(url: &Url, target: &str, authorization: Option<&str>, body: &str) -> String {
    let authorization = authorization.map(|value| format!("Authorization: {value}\r\n")).unwrap_or_default();
    format!(
        "POST {target} HTTP/1.1\r\nHost: {}\r\nUser-Agent: mintmark-bench\r\nAccept: application/json\r\n{authorization}\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
        url.host,
        body.len()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url() -> Url {
        "http://127.0.0.1:8080/oauth/token".parse().unwrap()
    }

    fn next(source: &mut dyn Source) -> String {
        let mut out = Vec::new();
        source.push_next(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_client_of_the_crowd_asks_as_a_single_one_does() {
        let clients = Identities::of("es256");
        let mut crowd = Crowd::new(&url(), clients.clone(), Turn::Each { next: 5, among: 6 });
        for number in [5, 0, 1] {
            let mut single = token(&url(), Form::Basic, &clients.id(number), &clients.secret(number));
            assert_eq!(next(&mut crowd), next(&mut single));
        }
    }

    #[test]
    fn a_random_turn_reaches_everybody() {
        let mut turn = Turn::Random { rng: Rng::new(1), among: 20 };
        let mut seen = [false; 20];
        (0..500).for_each(|_| seen[usize::try_from(turn.next()).unwrap()] = true);
        assert!(seen.iter().all(|seen| *seen));
    }

    #[test]
    fn the_length_is_that_of_the_body() {
        for form in [Form::Basic, Form::Post, Form::Query] {
            let text = next(&mut token(&url(), form, "cli_x", "mms_y"));
            let (head, body) = text.split_once("\r\n\r\n").unwrap();
            assert!(head.contains(&format!("Content-Length: {}", body.len())), "{text}");
            assert_eq!(head.contains("?scope=ledger:read "), form == Form::Query);
            assert_eq!(head.contains("Authorization: Basic "), form != Form::Post);
        }
    }
}
