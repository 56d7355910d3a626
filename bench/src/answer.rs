//! Reads HTTP/1 answers, strictly: whatever is not understood is an error, not a token.

use std::borrow::Cow;
use std::fmt;

/// The largest answer that is read.
const MAX: usize = 1024 * 1024;

/// One whole answer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer<'a> {
    pub(crate) status: u16,
    pub(crate) body: Cow<'a, [u8]>,
    /// How many bytes it took, head and body.
    pub(crate) length: usize,
    /// Whether the server closes the connection after it.
    pub(crate) close: bool,
}

/// Why bytes are no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Malformed(&'static str);

impl fmt::Display for Malformed {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "the answer is not HTTP/1: {}", self.0)
    }
}

impl std::error::Error for Malformed {}

struct Head {
    status: u16,
    framing: Framing,
    close: bool,
}

enum Framing {
    Length(usize),
    Chunked,
}

/// The answer that `bytes` begin with; nothing if it is not there whole yet.
pub(crate) fn parse(bytes: &[u8]) -> Result<Option<Answer<'_>>, Malformed> {
    let Some(end) = find(bytes, b"\r\n\r\n") else {
        return if bytes.len() > MAX { Err(Malformed("the head is too long")) } else { Ok(None) };
    };
    let (head, rest) = bytes.split_at_checked(end + 4).unwrap_or((bytes, &[]));
    let head = read_head(head)?;
    let (body, length) = match head.framing {
        Framing::Length(length) if length > MAX => return Err(Malformed("the body is too long")),
        Framing::Length(length) => match rest.get(..length) {
            Some(body) => (Cow::Borrowed(body), length),
            None => return Ok(None),
        },
        Framing::Chunked => match read_chunks(rest)? {
            Some((body, length)) => (Cow::Owned(body), length),
            None => return Ok(None),
        },
    };
    Ok(Some(Answer { status: head.status, body, length: end + 4 + length, close: head.close }))
}

fn read_head(head: &[u8]) -> Result<Head, Malformed> {
    let mut lines = head.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let first = lines.next().unwrap_or_default();
    let (status, mut close) = read_status(first)?;
    let mut length = matches!(status, 204 | 304).then_some(0);
    let mut chunked = false;
    for line in lines.filter(|line| !line.is_empty()) {
        let colon = line.iter().position(|byte| *byte == b':').ok_or(Malformed("a header without a colon"))?;
        let (name, value) = line.split_at_checked(colon).ok_or(Malformed("a header without a colon"))?;
        let value = value.get(1..).unwrap_or_default().trim_ascii();
        if name.eq_ignore_ascii_case(b"content-length") {
            let number = std::str::from_utf8(value).ok().and_then(|text| text.parse().ok());
            length = Some(number.ok_or(Malformed("content-length is no number"))?);
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            chunked = value.eq_ignore_ascii_case(b"chunked");
        } else if name.eq_ignore_ascii_case(b"connection") {
            close = !value.eq_ignore_ascii_case(b"keep-alive") && (close || value.eq_ignore_ascii_case(b"close"));
        }
    }
    let framing = match (chunked, length) {
        (true, _) => Framing::Chunked,
        (false, Some(length)) => Framing::Length(length),
        (false, None) => return Err(Malformed("neither content-length nor chunked")),
    };
    Ok(Head { status, framing, close })
}

/// The status, and whether the version closes by default.
fn read_status(line: &[u8]) -> Result<(u16, bool), Malformed> {
    let rest = line.strip_prefix(b"HTTP/1.").ok_or(Malformed("the first line"))?;
    let (close, rest) = match rest {
        [b'1', b' ', rest @ ..] => (false, rest),
        [b'0', b' ', rest @ ..] => (true, rest),
        _ => return Err(Malformed("the version")),
    };
    let digits = rest.get(..3).and_then(|digits| std::str::from_utf8(digits).ok());
    let status = digits.and_then(|digits| digits.parse().ok()).filter(|status| (200..600).contains(status));
    Ok((status.ok_or(Malformed("the status"))?, close))
}

fn read_chunks(bytes: &[u8]) -> Result<Option<(Vec<u8>, usize)>, Malformed> {
    let mut body = Vec::new();
    let mut at = 0;
    loop {
        let rest = bytes.get(at..).unwrap_or_default();
        let Some(end) = find(rest, b"\r\n") else { return Ok(None) };
        let line = rest.get(..end).unwrap_or_default();
        let size = line.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
        let size = std::str::from_utf8(size).ok().and_then(|text| usize::from_str_radix(text, 16).ok());
        let size = size.filter(|size| *size <= MAX).ok_or(Malformed("the size of a chunk"))?;
        let start = end + 2;
        match rest.get(start..start + size + 2) {
            None => return Ok(None),
            Some([chunk @ .., b'\r', b'\n']) => body.extend_from_slice(chunk),
            Some(_) => return Err(Malformed("a chunk does not end where it should")),
        }
        at += start + size + 2;
        if size == 0 {
            return Ok(Some((body, at)));
        }
    }
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

/// Whether `wanted` stands somewhere in `bytes`.
pub(crate) fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    find(bytes, wanted).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(text: &str) -> Answer<'_> {
        parse(text.as_bytes()).unwrap().unwrap()
    }

    #[test]
    fn reads_an_answer_and_leaves_what_follows() {
        let answer = whole("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX: y\r\n\r\nhelloHTTP/1.1 4");
        assert_eq!((answer.status, &*answer.body, answer.length, answer.close), (200, &b"hello"[..], 49, false));
    }

    #[test]
    fn an_answer_is_not_there_before_its_last_byte() {
        for text in [
            "HTTP/1.1 401 U\r\ncontent-length: 3\r\n\r\nabc",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n",
        ] {
            for end in 0..text.len() {
                assert_eq!(parse(&text.as_bytes()[..end]), Ok(None), "{end} of {text:?}");
            }
            assert_eq!(whole(text).length, text.len());
        }
    }

    #[test]
    fn chunks_are_put_together() {
        let answer =
            whole("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4;x=y\r\nWiki\r\nA\r\n0123456789\r\n0\r\n\r\nrest");
        assert_eq!(&*answer.body, b"Wiki0123456789");
    }

    #[test]
    fn knows_when_the_connection_ends() {
        let close = |head: &str| whole(&format!("{head}\r\ncontent-length: 0\r\n\r\n")).close;
        assert!(close("HTTP/1.1 200 OK\r\nConnection: Close"));
        assert!(close("HTTP/1.0 200 OK"));
        assert!(!close("HTTP/1.0 200 OK\r\nconnection: keep-alive"));
        assert!(!close("HTTP/1.1 200 OK"));
    }

    #[test]
    fn refuses_what_it_does_not_understand() {
        for text in [
            "HTTP/2 200 OK\r\n\r\n",
            "HTTP/1.1 100 Continue\r\ncontent-length: 0\r\n\r\n",
            "HTTP/1.1 2x0 OK\r\ncontent-length: 0\r\n\r\n",
            "HTTP/1.1 200 OK\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n",
            "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: 9999999\r\n\r\n",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nabc",
        ] {
            assert!(parse(text.as_bytes()).is_err(), "{text:?}");
        }
    }
}
