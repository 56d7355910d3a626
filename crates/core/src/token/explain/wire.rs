//! A client's request as the bytes that a listener would have read.

use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::dialect::{MAX_BODY, OutgoingRequest, RawBody, RawRequest};

/// Headers, query and body of a request.
pub(super) struct Wire {
    query: Option<String>,
    pub(super) headers: HeaderMap,
    body: String,
}

impl Wire {
    /// The bytes of a request. A header that HTTP cannot carry is left out, as no client could send it.
    pub(super) fn of(request: &OutgoingRequest) -> Self {
        let mut headers = HeaderMap::new();
        if let Some(value) = request.authorization().and_then(|value| HeaderValue::try_from(value).ok()) {
            headers.insert(AUTHORIZATION, value);
        }
        for (name, value) in &request.headers {
            if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
                headers.append(name, value);
            }
        }
        let body = request.body();
        if let Some((content_type, _)) = &body {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        }
        let query = request.target.split_once('?').map(|(_, query)| query.to_owned());
        Self { query, headers, body: body.map(|(_, body)| body).unwrap_or_default() }
    }

    /// As the dialect reads it.
    pub(super) fn raw(&self) -> RawRequest<'_> {
        let is_whole = self.body.len() <= MAX_BODY;
        let body = if is_whole { RawBody::Whole(self.body.as_bytes()) } else { RawBody::TooLarge };
        RawRequest { query: self.query.as_deref(), headers: &self.headers, body }
    }
}
