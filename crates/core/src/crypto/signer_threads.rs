//! Threads that make slow signatures, so that RSA starves nothing else.
//!
//! One thread per core behind a bounded queue. A full queue is an answer, not a wait: the caller gets [`SignerBusy`] at once.
//!
//! Where signatures wait, a thread makes some of them before it answers any: each answer wakes a thread that serves requests, and
//! two changes between threads for each signature cost a tenth of what the signature does.

use std::collections::VecDeque;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use tokio::sync::oneshot;

use super::{KeyMaterialError, Signature, SigningKeyPair};

/// How many signatures may wait for each thread: some 45 ms of work.
const QUEUE_PER_THREAD: usize = 64;
/// How many a thread makes at most before it answers: some 5 ms of work.
const TOGETHER: usize = 8;

/// The queue is full, or the signature could not be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignerBusy {
    /// Try again a moment later.
    QueueFull,
    /// The key or the thread failed.
    Failed,
}

/// What signer threads have to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignerStatistics {
    /// How many threads there are.
    pub threads: usize,
    /// How many signatures may wait.
    pub room: usize,
    /// How many wait.
    pub waiting: usize,
    /// How many found no room.
    pub refused: u64,
}

struct Task {
    key: Arc<SigningKeyPair>,
    message: String,
    answer: oneshot::Sender<Signed>,
}

/// The message with its signature.
type Signed = Result<(String, Signature), KeyMaterialError>;

/// What waits for a signature.
#[derive(Debug)]
struct Queue {
    threads: usize,
    room: usize,
    refused: AtomicU64,
    state: Mutex<State>,
    filled: Condvar,
}

#[derive(Default)]
struct State {
    tasks: VecDeque<Task>,
    /// How many threads wait for a task.
    idle: usize,
    is_closed: bool,
}

impl std::fmt::Debug for State {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{} tasks", self.tasks.len())
    }
}

impl Queue {
    fn new(threads: usize, room: usize) -> Arc<Self> {
        Arc::new(Self { threads, room, refused: AtomicU64::new(0), state: Mutex::default(), filled: Condvar::new() })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, task: Task) -> Result<(), SignerBusy> {
        let mut state = self.lock();
        if state.tasks.len() >= self.room {
            self.refused.fetch_add(1, Ordering::Relaxed);
            return Err(SignerBusy::QueueFull);
        }
        state.tasks.push_back(task);
        if state.idle > 0 {
            self.filled.notify_one();
        }
        Ok(())
    }

    /// Waits for tasks and takes this thread's share of them; nothing once there will be no more.
    fn take(&self, taken: &mut Vec<Task>) {
        let mut state = self.lock();
        while state.tasks.is_empty() && !state.is_closed {
            state.idle += 1;
            state = self.filled.wait(state).unwrap_or_else(PoisonError::into_inner);
            state.idle -= 1;
        }
        let share = (state.tasks.len() / self.threads).clamp(1, TOGETHER).min(state.tasks.len());
        taken.extend(state.tasks.drain(..share));
    }
}

/// The signer threads of a process. They end when this is dropped.
#[derive(Debug)]
pub struct SignerThreads {
    queue: Arc<Queue>,
}

impl Drop for SignerThreads {
    fn drop(&mut self) {
        self.queue.lock().is_closed = true;
        self.queue.filled.notify_all();
    }
}

impl SignerThreads {
    /// Starts `threads` threads.
    pub fn start(threads: usize) -> io::Result<Self> {
        let threads = threads.max(1);
        let signers = Self { queue: Queue::new(threads, threads * QUEUE_PER_THREAD) };
        for number in 0..threads {
            let queue = Arc::clone(&signers.queue);
            thread::Builder::new().name(format!("signer-{number}")).spawn(move || work(&queue))?;
        }
        Ok(signers)
    }

    /// How much waits, and how often there was no room.
    pub fn statistics(&self) -> SignerStatistics {
        let Queue { threads, room, refused, .. } = &*self.queue;
        let waiting = self.queue.lock().tasks.len();
        SignerStatistics { threads: *threads, room: *room, waiting, refused: refused.load(Ordering::Relaxed) }
    }

    /// A queue that nobody works on and that has no room.
    #[cfg(test)]
    pub(crate) fn stuck() -> Self {
        Self { queue: Queue::new(1, 0) }
    }

    /// Signs `message` and gives it back: in place with a quick key, on a signer thread with a slow one.
    pub async fn sign(&self, key: &Arc<SigningKeyPair>, message: String) -> Result<(String, Signature), SignerBusy> {
        if !key.is_slow() {
            let signature = key.sign(message.as_bytes()).map_err(|_| SignerBusy::Failed)?;
            return Ok((message, signature));
        }
        let (answer, made) = oneshot::channel();
        self.queue.push(Task { key: Arc::clone(key), message, answer })?;
        made.await.map_err(|_| SignerBusy::Failed)?.map_err(|_| SignerBusy::Failed)
    }
}

fn work(queue: &Queue) {
    let (mut taken, mut made) = (Vec::with_capacity(TOGETHER), Vec::with_capacity(TOGETHER));
    loop {
        queue.take(&mut taken);
        if taken.is_empty() {
            return;
        }
        // A caller that went away needs no signature.
        for Task { key, message, answer } in taken.drain(..).filter(|task| !task.answer.is_closed()) {
            // A panic ends neither the thread nor what others wait for.
            let signed = catch_unwind(AssertUnwindSafe(|| key.sign(message.as_bytes()))).unwrap_or(Err(KeyMaterialError));
            made.push((answer, signed.map(|signature| (message, signature))));
        }
        for (answer, signed) in made.drain(..) {
            let _ = answer.send(signed);
        }
    }
}

#[cfg(test)]
mod tests {
    use mintmark_verify::{Algorithm, VerifyingKey};

    use super::*;
    use crate::crypto::KeyMaterial;

    fn pair(algorithm: Algorithm) -> Arc<SigningKeyPair> {
        Arc::new(SigningKeyPair::parse(algorithm, &KeyMaterial::generate(algorithm).unwrap()).unwrap())
    }

    #[tokio::test]
    async fn slow_and_quick_keys_sign_alike() {
        let threads = SignerThreads::start(2).unwrap();
        for key in [pair(Algorithm::Es256), pair(Algorithm::Rs256)] {
            let public = VerifyingKey::try_from(&key.public_jwk().unwrap()).unwrap();
            let (message, signature) = threads.sign(&key, "message".to_owned()).await.unwrap();
            public.verify(message.as_bytes(), signature.as_ref()).unwrap();
        }
    }

    #[tokio::test]
    async fn a_full_queue_is_reported_at_once() {
        let threads = SignerThreads::stuck();
        assert_eq!(threads.sign(&pair(Algorithm::Rs256), String::new()).await.err(), Some(SignerBusy::QueueFull));
        assert_eq!(threads.statistics(), SignerStatistics { threads: 1, room: 0, waiting: 0, refused: 1 });
    }

    #[tokio::test]
    async fn many_at_once_each_get_their_own_signature() {
        let threads = SignerThreads::start(2).unwrap();
        let key = pair(Algorithm::Rs256);
        let public = VerifyingKey::try_from(&key.public_jwk().unwrap()).unwrap();
        let all = (0..3 * TOGETHER).map(|number| threads.sign(&key, number.to_string()));
        for (number, signed) in futures_util::future::join_all(all).await.into_iter().enumerate() {
            let (message, signature) = signed.unwrap();
            assert_eq!(message, number.to_string());
            public.verify(message.as_bytes(), signature.as_ref()).unwrap();
        }
    }

    #[test]
    fn a_thread_takes_its_share_and_ends_when_nothing_is_left() {
        let queue = Queue::new(2, 100);
        let key = pair(Algorithm::Es256);
        for _ in 0..21 {
            let task = Task { key: Arc::clone(&key), message: String::new(), answer: oneshot::channel().0 };
            queue.push(task).unwrap();
        }
        queue.lock().is_closed = true;
        let mut shares = Vec::new();
        let mut taken = Vec::new();
        while shares.last() != Some(&0) {
            queue.take(&mut taken);
            shares.push(taken.len());
            taken.clear();
        }
        assert_eq!(shares, [8, 6, 3, 2, 1, 1, 0]);
    }
}
