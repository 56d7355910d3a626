//! Bodies that nobody reads to their end. In HTTP/2 letting go of one takes the stream back from a client that is still sending, and
//! some then lose the answer, which is there already. So the rest is read and thrown away, within limits.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio::runtime::Handle;

/// How much of a rest is read, in bytes.
const MAX_REST: usize = 1024 * 1024;

/// A body that is read to its end when nobody wants it any more.
pub(super) struct Drained {
    body: Option<Incoming>,
    /// How long that may take.
    time: Duration,
}

impl Drained {
    pub(super) fn new(body: Incoming, time: Duration) -> Self {
        Self { body: Some(body), time }
    }
}

impl Body for Drained {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        match &mut self.body {
            Some(body) => Pin::new(body).poll_frame(context),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}

impl Drop for Drained {
    fn drop(&mut self) {
        let rest = self.body.take().filter(|body| !body.is_end_stream());
        // As many at once as there may be streams: one is open until its body is at an end.
        if let (Some(rest), Ok(runtime)) = (rest, Handle::try_current()) {
            runtime.spawn(tokio::time::timeout(self.time, drain(rest)));
        }
    }
}

async fn drain(mut rest: Incoming) {
    let mut read = 0;
    while let Some(Ok(frame)) = rest.frame().await {
        read += frame.data_ref().map_or(0, Bytes::len);
        if read > MAX_REST {
            return;
        }
    }
}
