//! Threads that verify imported hashes, which take a tenth of a second and more, so that they starve nothing else (rule S9).
//!
//! Like the [signer threads](super::SignerThreads): a bounded queue, and a full one is an answer, not a wait.

use std::collections::VecDeque;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use tokio::sync::oneshot;

use super::{ImportedHash, SecretText};

/// How many verifications may wait for each thread: seconds of work, since a burst of clients that were all brought along is better
/// answered late than refused.
const QUEUE_PER_THREAD: usize = 128;

/// The queue is full, or the thread failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HashesBusy;

/// Work, with what is held until it is done.
struct Task {
    hashes: Vec<ImportedHash>,
    secret: SecretText,
    answer: oneshot::Sender<Option<usize>>,
    /// Kept until the work is done, also where nobody waits for it any more.
    held: Box<dyn Send>,
}

#[derive(Default)]
struct State {
    tasks: VecDeque<Task>,
    is_closed: bool,
}

struct Queue {
    room: usize,
    state: Mutex<State>,
    filled: Condvar,
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a task; nothing once there will be no more.
    fn take(&self) -> Option<Task> {
        let mut state = self.lock();
        loop {
            match state.tasks.pop_front() {
                Some(task) => return Some(task),
                None if state.is_closed => return None,
                None => state = self.filled.wait(state).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }
}

/// The threads of a process that verify imported hashes. They end when this is dropped.
pub struct HashThreads {
    queue: Arc<Queue>,
}

impl std::fmt::Debug for HashThreads {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "HashThreads({} waiting)", self.waiting())
    }
}

impl Drop for HashThreads {
    fn drop(&mut self) {
        self.queue.lock().is_closed = true;
        self.queue.filled.notify_all();
    }
}

impl HashThreads {
    /// Starts `threads` threads.
    pub fn start(threads: usize) -> io::Result<Self> {
        let threads = threads.max(1);
        let queue = Queue { room: threads * QUEUE_PER_THREAD, state: Mutex::default(), filled: Condvar::new() };
        let started = Self { queue: Arc::new(queue) };
        for number in 0..threads {
            let queue = Arc::clone(&started.queue);
            thread::Builder::new().name(format!("hash-{number}")).spawn(move || work(&queue))?;
        }
        Ok(started)
    }

    /// A queue that nobody works on.
    #[cfg(test)]
    pub(crate) fn stuck(room: usize) -> Self {
        Self { queue: Arc::new(Queue { room, state: Mutex::default(), filled: Condvar::new() }) }
    }

    /// How many verifications may wait.
    pub fn room(&self) -> usize {
        self.queue.room
    }

    /// How many verifications wait.
    pub fn waiting(&self) -> usize {
        self.queue.lock().tasks.len()
    }

    /// Which of some hashes is of a secret, the first of them. `held` is dropped once the work is done, whether or not anybody waits
    /// for it.
    pub async fn find(
        &self,
        hashes: Vec<ImportedHash>,
        secret: SecretText,
        held: impl Send + 'static,
    ) -> Result<Option<usize>, HashesBusy> {
        let (answer, found) = oneshot::channel();
        {
            let mut state = self.queue.lock();
            if state.tasks.len() >= self.queue.room {
                return Err(HashesBusy);
            }
            state.tasks.push_back(Task { hashes, secret, answer, held: Box::new(held) });
        }
        self.queue.filled.notify_one();
        found.await.map_err(|_| HashesBusy)
    }
}

fn work(queue: &Queue) {
    while let Some(Task { hashes, secret, answer, held }) = queue.take() {
        // A caller that went away needs no answer.
        if answer.is_closed() {
            continue;
        }
        // A panic ends neither the thread nor what others wait for.
        let find = AssertUnwindSafe(|| hashes.iter().position(|hash| hash.is_of(&secret)));
        if let Ok(found) = catch_unwind(find) {
            drop(held);
            let _ = answer.send(found);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quick(secret: &str) -> ImportedHash {
        use aws_lc_rs::pbkdf2::{PBKDF2_HMAC_SHA256, derive};
        let mut key = [0; 32];
        derive(PBKDF2_HMAC_SHA256, std::num::NonZeroU32::MIN, b"salt", secret.as_bytes(), &mut key);
        ImportedHash::pbkdf2(super::super::HashScheme::Pbkdf2Sha256, 1, b"salt", &key).unwrap()
    }

    #[tokio::test]
    async fn the_first_hash_that_fits_is_found_off_the_async_threads() {
        let threads = HashThreads::start(2).unwrap();
        let secret = |text: &str| SecretText::new(text.to_owned());
        assert_eq!(threads.find(vec![quick("a"), quick("b")], secret("b"), ()).await, Ok(Some(1)));
        assert_eq!(threads.find(vec![quick("a")], secret("c"), ()).await, Ok(None));
    }

    #[tokio::test]
    async fn a_full_queue_is_reported_at_once() {
        let threads = HashThreads::stuck(0);
        assert_eq!(threads.find(vec![], SecretText::new(String::new()), ()).await, Err(HashesBusy));
    }

    #[tokio::test]
    async fn what_is_held_is_let_go_when_the_work_is_done_and_not_when_the_caller_goes() {
        let threads = HashThreads::stuck(1);
        let held = Arc::new(());
        let waiting = threads.find(vec![quick("a")], SecretText::new("a".to_owned()), Arc::clone(&held));
        let mut waiting = Box::pin(waiting);
        let is_pending =
            std::future::poll_fn(|context| std::task::Poll::Ready(waiting.as_mut().poll(context).is_pending())).await;
        assert!(is_pending);
        drop(waiting);
        assert_eq!(Arc::strong_count(&held), 2, "it waits in the queue");
        threads.queue.lock().is_closed = true;
        work(&threads.queue);
        assert_eq!(Arc::strong_count(&held), 1);
    }
}
