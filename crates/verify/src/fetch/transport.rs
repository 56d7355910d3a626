//! One GET request: what is asked of a transport, and what is checked whatever the transport is.

use std::{future::Future, pin::Pin, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, StatusCode, Uri, header::CONTENT_ENCODING};
use tokio::time::timeout;

use super::{FetchError, address};

/// A GET request that is to be made.
#[derive(Clone, Debug)]
pub struct Get {
    /// Absolute, checked already.
    pub uri: Uri,
    /// Headers to send, besides `Host`.
    pub headers: HeaderMap,
    /// Stop reading a body that is longer than this, in bytes, and fail with [`FetchError::TooLong`].
    pub max_body: usize,
}

/// An answer, whatever its status.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Bytes,
}

/// Makes HTTP requests. Implement it to go through a client or a proxy of your own.
///
/// An implementation does not follow redirects, which would let an answer choose the address, and stops reading at
/// [`Get::max_body`]. It need not limit the time: the future is dropped when it takes too long.
pub trait Transport: Send + Sync + 'static {
    /// Makes one request.
    fn get(&self, get: Get) -> Pin<Box<dyn Future<Output = Result<Answer, FetchError>> + Send + '_>>;
}

/// A transport and the rules for its use.
#[derive(Clone)]
pub(super) struct Fetcher {
    pub(super) transport: Arc<dyn Transport>,
    pub(super) allows_loopback_http: bool,
}

impl Fetcher {
    /// An answer of status 200 or 304, within limits, to a request to an address that is allowed.
    pub(super) async fn get(&self, get: Get, time_limit: Duration) -> Result<Answer, FetchError> {
        address::check(&get.uri, self.allows_loopback_http)?;
        let max_body = get.max_body;
        let answer = timeout(time_limit, self.transport.get(get)).await.map_err(|_| FetchError::Timeout)??;
        if !matches!(answer.status, StatusCode::OK | StatusCode::NOT_MODIFIED) {
            return Err(FetchError::Status(answer.status.as_u16()));
        }
        if answer.body.len() > max_body {
            return Err(FetchError::TooLong(max_body));
        }
        let is_plain = answer.headers.get(CONTENT_ENCODING).is_none_or(|encoding| encoding == "identity");
        if is_plain { Ok(answer) } else { Err(FetchError::Encoded) }
    }
}
