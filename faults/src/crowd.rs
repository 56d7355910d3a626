//! The clients that ask for tokens: a file of lines `client_id client_secret`.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use mintmark_bench::failure::{Context, Done, Failure, fail};

/// A client, ready to ask.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) id: String,
    pub(crate) authorization: HeaderValue,
}

impl Caller {
    /// Identifier and secret are of Mintmark's own making, so that nothing in them needs an escape.
    pub(crate) fn new(id: &str, secret: &str) -> Done<Self> {
        let mut authorization = HeaderValue::try_from(format!("Basic {}", STANDARD.encode(format!("{id}:{secret}"))))?;
        authorization.set_sensitive(true);
        Ok(Self { id: id.to_owned(), authorization })
    }
}

/// Reads the clients of a file.
pub(crate) fn read(path: &Path) -> Done<Vec<Caller>> {
    let text = std::fs::read_to_string(path).context(|| path.display().to_string())?;
    let wrong = || Failure(format!("{}: expected lines of a client_id and its secret", path.display()));
    let parse = |line: &str| line.split_once(' ').ok_or_else(wrong).and_then(|(id, secret)| Caller::new(id, secret));
    let callers = text.lines().map(parse).collect::<Done<Vec<_>>>()?;
    if callers.is_empty() { fail!("{}: no client is in it", path.display()) } else { Ok(callers) }
}
