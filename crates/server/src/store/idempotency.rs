//! Answers that are given again to a request that comes again.
//!
//! A request takes its row before it does anything, and writes its answer there when it is done. A second one with the same key finds
//! the row and does nothing. Rows hold no secrets.

use mintmark_core::clock::Timestamp;
use mintmark_core::store::Read;

use super::SqlStore;
use super::engine::WriteError;
use super::fields::Fields;
use super::statements::{IDEMPOTENCY_ANSWER, IDEMPOTENCY_EXPIRE, IDEMPOTENCY_READ, IDEMPOTENCY_RELEASE, IDEMPOTENCY_TAKE};

/// With each row that is added so many are forgotten whose time is over, so that there are never many of these.
const FORGOTTEN_AT_ONCE: i64 = 100;

/// A request, as the store knows it: hashes alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestDigest {
    /// The SHA-256 of the caller and its key.
    pub key: [u8; 32],
    /// The SHA-256 of what is asked.
    pub request: [u8; 32],
}

/// What is known of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Begun {
    /// It is the first one with its key.
    First,
    /// One with its key asked for something else.
    Other,
    /// It came before, and what became of it is not known: it is in work, or broke off.
    Unanswered,
    /// It came before and was answered, in the words that were given to [`SqlStore::note_answer`].
    Answered(String),
}

impl SqlStore {
    /// Takes the row of a request, until `expires_at`. Of all that ask with one key at once exactly one is told [`Begun::First`].
    pub async fn begin_request(&self, digest: &RequestDigest, now: Timestamp, expires_at: Timestamp) -> Read<Begun> {
        let take = async || {
            let mut transaction = self.engine.begin_write().await?;
            IDEMPOTENCY_EXPIRE.query().bind(now.0).bind(FORGOTTEN_AT_ONCE).execute(&mut transaction).await?;
            let query = IDEMPOTENCY_TAKE.query().bind(&digest.key[..]).bind(&digest.request[..]);
            let taken = query.bind(expires_at.0).bind(now.0).execute(&mut transaction).await?;
            transaction.commit().await?;
            Ok(taken == 1)
        };
        if self.engine.write(IDEMPOTENCY_TAKE.name, take).await.map_err(WriteError::into_store_error)? {
            return Ok(Begun::First);
        }
        // Gone again meanwhile: whoever had it did nothing, and the caller may come again.
        Ok(self.begun_request(digest).await?.unwrap_or(Begun::Unanswered))
    }

    /// What is known of a request that was begun; nothing if nobody has its row any more. It writes nothing.
    pub async fn begun_request(&self, digest: &RequestDigest) -> Read<Option<Begun>> {
        let row = self.engine.row(IDEMPOTENCY_READ.query().bind(&digest.key[..])).await?;
        let Some(row) = row else { return Ok(None) };
        let fields = Fields::of(&row, "idempotency", "digest");
        if fields.bytes("request")? != digest.request {
            return Ok(Some(Begun::Other));
        }
        Ok(Some(fields.optional_text("answer")?.map_or(Begun::Unanswered, Begun::Answered)))
    }

    /// Notes how a request was answered.
    pub async fn note_answer(&self, digest: &RequestDigest, answer: &str) -> Read<()> {
        let note = || self.engine.execute(IDEMPOTENCY_ANSWER.query().bind(&digest.key[..]).bind(answer));
        self.engine.write(IDEMPOTENCY_ANSWER.name, note).await.map(|_| ()).map_err(WriteError::into_store_error)
    }

    /// Gives the row of a request back that did nothing.
    pub async fn release_request(&self, digest: &RequestDigest) -> Read<()> {
        let release = || self.engine.execute(IDEMPOTENCY_RELEASE.query().bind(&digest.key[..]));
        self.engine.write(IDEMPOTENCY_RELEASE.name, release).await.map(|_| ()).map_err(WriteError::into_store_error)
    }
}
