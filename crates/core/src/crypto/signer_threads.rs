//! Threads that make slow signatures, so that RSA starves nothing else.
//!
//! One thread per core behind a bounded queue. A full queue is an answer, not a wait: the caller gets [`SignerBusy`] at once.

use std::io;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use tokio::sync::oneshot;

use super::{KeyMaterialError, Signature, SigningKeyPair};

/// How many signatures may wait for each thread: some 45 ms of work.
const QUEUE_PER_THREAD: usize = 64;

/// The queue is full, or the signature could not be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignerBusy {
    /// Try again a moment later.
    QueueFull,
    /// The key or the thread failed.
    Failed,
}

struct Task {
    key: Arc<SigningKeyPair>,
    message: String,
    answer: oneshot::Sender<Result<(String, Signature), KeyMaterialError>>,
}

/// The signer threads of a process. They end when this is dropped.
#[derive(Debug)]
pub struct SignerThreads {
    queue: SyncSender<Task>,
}

impl SignerThreads {
    /// Starts `threads` threads.
    pub fn start(threads: usize) -> io::Result<Self> {
        let threads = threads.max(1);
        let (queue, tasks) = sync_channel(threads * QUEUE_PER_THREAD);
        let tasks = Arc::new(Mutex::new(tasks));
        for number in 0..threads {
            let tasks = Arc::clone(&tasks);
            thread::Builder::new().name(format!("signer-{number}")).spawn(move || work(&tasks))?;
        }
        Ok(Self { queue })
    }

    /// A queue that nobody works on and that has no room.
    #[cfg(test)]
    pub(crate) fn stuck() -> (Self, impl Sized) {
        let (queue, tasks) = sync_channel(0);
        (Self { queue }, tasks)
    }

    /// Signs `message` and gives it back: in place with a quick key, on a signer thread with a slow one.
    pub async fn sign(&self, key: &Arc<SigningKeyPair>, message: String) -> Result<(String, Signature), SignerBusy> {
        if !key.is_slow() {
            let signature = key.sign(message.as_bytes()).map_err(|_| SignerBusy::Failed)?;
            return Ok((message, signature));
        }
        let (answer, made) = oneshot::channel();
        self.queue.try_send(Task { key: Arc::clone(key), message, answer }).map_err(|error| match error {
            TrySendError::Full(_) => SignerBusy::QueueFull,
            TrySendError::Disconnected(_) => SignerBusy::Failed,
        })?;
        made.await.map_err(|_| SignerBusy::Failed)?.map_err(|_| SignerBusy::Failed)
    }
}

fn work(tasks: &Mutex<Receiver<Task>>) {
    loop {
        // The lock is held while waiting for a task, and let go of before the signature is made.
        let task = tasks.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(task) = task else { return };
        // A caller that went away needs no signature.
        if !task.answer.is_closed() {
            let made = task.key.sign(task.message.as_bytes());
            let _ = task.answer.send(made.map(|signature| (task.message, signature)));
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
        let (threads, _tasks) = SignerThreads::stuck();
        assert_eq!(threads.sign(&pair(Algorithm::Rs256), String::new()).await.err(), Some(SignerBusy::QueueFull));
    }
}
