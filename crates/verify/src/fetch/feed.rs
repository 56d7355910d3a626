//! The task that keeps the list of revocations up.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use http::{
    HeaderMap, HeaderName, HeaderValue, StatusCode, Uri,
    header::{ACCEPT, IF_NONE_MATCH},
};
use tokio::time::{Instant, sleep, sleep_until};

use super::{FetchError, Get, keys::HeldKeys, timing::backoff, transport::Fetcher};
use crate::revocations::{Applied, FeedError, MAX_DOCUMENT_LENGTH, RevocationList};

/// For how long the issuer is asked to hold the request open (RFC 7240 section 4.3), and how long it may take in all.
const HOLD: HeaderValue = HeaderValue::from_static("wait=25");
const TIME_LIMIT: Duration = Duration::from_secs(35);
/// Time between two requests: with an issuer that does not hold them open, and with one that always has news.
const INTERVAL: Duration = Duration::from_secs(1);
const INTERVAL_OF_NEWS: Duration = Duration::from_millis(200);
const FIRST_RETRY: Duration = Duration::from_millis(500);
const LONGEST_RETRY: Duration = Duration::from_secs(15);

/// What a clock says, in seconds since 1970.
pub(super) type Clock = Arc<dyn Fn() -> i64 + Send + Sync>;

/// One issuer's feed, its reader, and the list that is kept up.
pub(super) struct Follower {
    pub(super) fetcher: Fetcher,
    pub(super) uri: Uri,
    pub(super) list: Arc<RevocationList>,
    pub(super) keys: Arc<HeldKeys>,
    pub(super) clock: Clock,
    pub(super) grace: Duration,
    /// Why the last request failed, if it did.
    pub(super) error: Arc<Mutex<Option<FetchError>>>,
}

/// What is asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Ask {
    /// A complete document, at once.
    Complete,
    /// What came after what is held, as soon as there is something.
    Next,
}

impl Follower {
    /// Asks again, for ever. Each failure is followed by a request for a complete document, whatever it was.
    ///
    /// The list knows its age by a clock that can be set back. This task knows it by one that cannot.
    pub(super) async fn run(self) {
        let (mut ask, mut failures, mut good_at) = (Ask::Next, 0, Instant::now());
        loop {
            let asked_at = Instant::now();
            if let Ok(applied) = self.fetch(ask).await {
                (ask, failures, good_at) = (Ask::Next, 0, asked_at);
                let interval = if applied.is_news { INTERVAL_OF_NEWS } else { INTERVAL };
                sleep_until(asked_at + interval).await;
            } else {
                (ask, failures) = (Ask::Complete, failures + 1);
                if good_at.elapsed() > self.grace {
                    self.list.suspend();
                }
                sleep(backoff(failures, FIRST_RETRY, LONGEST_RETRY)).await;
            }
        }
    }

    /// Makes one request and takes its answer in.
    pub(super) async fn fetch(&self, ask: Ask) -> Result<Applied, FetchError> {
        let outcome = self.request(ask).await;
        *self.error.lock().unwrap_or_else(PoisonError::into_inner) = outcome.as_ref().err().cloned();
        outcome
    }

    async fn request(&self, ask: Ask) -> Result<Applied, FetchError> {
        let get = Get { uri: self.uri.clone(), headers: self.headers(ask), max_body: MAX_DOCUMENT_LENGTH };
        let answer = self.fetcher.get(get, TIME_LIMIT).await?;
        if answer.status != StatusCode::OK {
            return Err(FetchError::Status(answer.status.as_u16()));
        }
        let document = str::from_utf8(&answer.body).map_err(|_| FeedError::Malformed)?;
        Ok(self.list.apply(document.trim_ascii_end(), &*self.keys, (self.clock)())?)
    }

    fn headers(&self, ask: Ask) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/jwt"));
        let tag = self.list.etag().and_then(|tag| HeaderValue::try_from(tag).ok());
        if let (Ask::Next, Some(tag)) = (ask, tag) {
            headers.insert(IF_NONE_MATCH, tag);
            headers.insert(HeaderName::from_static("prefer"), HOLD);
        }
        headers
    }
}

#[cfg(test)]
mod tests;
