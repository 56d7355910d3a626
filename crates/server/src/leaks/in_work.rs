//! Reports of strangers that are being looked into: so many at once, and none of them lost when the server stops.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

/// How many reports of strangers are looked into at once; one more is asked to come again.
const AT_ONCE: u32 = 16;

/// Reports that were received and are not done.
#[derive(Debug)]
pub(crate) struct InWork {
    room: Arc<Semaphore>,
    stop: watch::Sender<bool>,
}

impl Default for InWork {
    fn default() -> Self {
        Self { room: Arc::new(Semaphore::new(AT_ONCE as usize)), stop: watch::Sender::new(false) }
    }
}

impl InWork {
    /// Room for one, until what is given is dropped; none while there are too many.
    pub(crate) fn begin(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.room).try_acquire_owned().ok()
    }

    /// Waits before another try; `true` if the server stops, so that the next try is the last.
    pub(crate) async fn stops_within(&self, pause: Duration) -> bool {
        let mut stopping = self.stop.subscribe();
        tokio::time::timeout(pause, stopping.wait_for(|stop| *stop)).await.is_ok()
    }

    /// Has those that wait for another try make it now, and waits until all are done, for so long at most. `false` if some are not.
    pub(crate) async fn finish(&self, most: Duration) -> bool {
        self.stop.send_replace(true);
        tokio::time::timeout(most, self.room.acquire_many(AT_ONCE)).await.is_ok()
    }
}
