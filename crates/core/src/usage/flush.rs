//! From memory to the store. What was taken out of memory is cut into batches with numbers; a batch stays as it is until the store
//! has it, and the store adds each number of a writer once. So a flush that fails loses nothing and counts nothing twice.

use std::collections::VecDeque;

use super::metered::date_late_counts;
use super::noted::Taken;
use super::{Refusal, Usage, UsageCount};
use crate::clock::Timestamp;
use crate::store::{Read, Store};

/// Up to how many rows a flush writes at once. More of them wait until their minute is over, so that a crowd of clients is written
/// once a minute and not every few seconds.
const PROMPT_ROWS: usize = 2000;
/// How many rows of counts are in a batch, and how many refusals: what one transaction writes.
const BATCH_ROWS: usize = 500;
const BATCH_REFUSALS: usize = 100;

/// Who counts: a process of its own name, chosen by chance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WriterId(pub [u8; 16]);

/// What is added to the store in one transaction, once.
#[derive(Clone, Debug)]
pub struct UsageBatch {
    /// Whose batch it is.
    pub writer: WriterId,
    /// Grows with each batch of the writer: the store adds no batch that is not after the last one added.
    pub sequence: u64,
    /// When it was made.
    pub at: Timestamp,
    /// The counts, sorted, no two of one kind.
    pub counts: Vec<UsageCount>,
    /// Refusals to keep.
    pub refusals: Vec<Refusal>,
}

/// Batches that the store does not have yet, or is not known to have.
#[derive(Debug)]
pub(super) struct Unsent {
    writer: WriterId,
    sequence: u64,
    batches: VecDeque<UsageBatch>,
    /// The minute of the last flush.
    minute: i64,
}

impl Unsent {
    pub(super) fn new(writer: WriterId) -> Self {
        Self { writer, sequence: 0, batches: VecDeque::new(), minute: i64::MIN }
    }

    fn add(&mut self, Taken { counts, refusals }: Taken, at: Timestamp) {
        let mut counts = counts.chunks(BATCH_ROWS);
        let mut refusals = refusals.chunks(BATCH_REFUSALS);
        loop {
            let (counts, refusals) = (counts.next(), refusals.next());
            if counts.is_none() && refusals.is_none() {
                return;
            }
            self.sequence += 1;
            let (counts, refusals) = (counts.unwrap_or_default().to_vec(), refusals.unwrap_or_default().to_vec());
            self.batches.push_back(UsageBatch { writer: self.writer, sequence: self.sequence, at, counts, refusals });
        }
    }

    /// The refusal of a request, among what the store does not have yet.
    pub(super) fn refusal(&self, request_id: &str) -> Option<&Refusal> {
        self.batches.iter().flat_map(|batch| &batch.refusals).find(|refusal| refusal.request_id == request_id)
    }

    /// Sends what there is, in order.
    async fn send<S: Store>(&mut self, store: &S, now: Timestamp) -> Read<()> {
        while let Some(batch) = self.batches.front_mut() {
            // A batch that the store has already it does not add again, whatever is in it.
            date_late_counts(&mut batch.counts, now);
            store.record_usage(batch).await?;
            self.batches.pop_front();
        }
        Ok(())
    }
}

impl Usage {
    /// Writes down what was noted, unless there is so much of it that it waits for the end of the minute. What could not be written
    /// is kept for the next flush; until it is written, nothing more is taken out of memory, whose bounds hold.
    pub async fn flush<S: Store>(&self, store: &S, now: Timestamp) -> Read<()> {
        let mut unsent = self.unsent.lock().await;
        unsent.send(store, now).await?;
        let minute = now.0.div_euclid(60);
        if self.rows() > PROMPT_ROWS && unsent.minute == minute {
            return Ok(());
        }
        unsent.minute = minute;
        unsent.add(self.take(), now);
        unsent.send(store, now).await
    }

    /// Writes down all that was noted, for the end of the process.
    pub async fn flush_all<S: Store>(&self, store: &S, now: Timestamp) -> Read<()> {
        let mut unsent = self.unsent.lock().await;
        unsent.send(store, now).await?;
        unsent.add(self.take(), now);
        unsent.send(store, now).await
    }
}
