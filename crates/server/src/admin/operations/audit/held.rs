//! A stream that holds one of few slots, for a limited time however slowly it is taken.

use std::io;
use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::{self, BoxStream, Stream, StreamExt};
use tokio::sync::mpsc::{self, Receiver, Sender};

use crate::admin::trials::Running;

/// A part, or that there are no more.
type Part = Option<Result<Bytes, io::Error>>;

/// The parts as they are made, one ahead of whoever takes them. The slot is free when all are taken, when nobody takes them any more,
/// and when the time is over: then an error breaks the stream off, so that half of it does not look like the whole.
pub(in crate::admin::operations) fn held(
    parts: impl Stream<Item = Result<Bytes, io::Error>> + Send + 'static,
    running: Running,
    limit: Duration,
) -> BoxStream<'static, Result<Bytes, io::Error>> {
    let (sender, receiver) = mpsc::channel(1);
    tokio::spawn(async move {
        tokio::select! {
            () = sender.closed() => {}
            _ = tokio::time::timeout(limit, send(parts, &sender)) => {}
        }
        // Before the sender is, so that whoever sees the end finds the slot free.
        drop(running);
    });
    stream::unfold(Some(receiver), next).boxed()
}

async fn send(parts: impl Stream<Item = Result<Bytes, io::Error>>, sender: &Sender<Part>) {
    let mut parts = pin!(parts);
    while let Some(part) = parts.next().await {
        if sender.send(Some(part)).await.is_err() {
            return;
        }
    }
    // Nobody is left to be told where this fails.
    let _ = sender.send(None).await;
}

async fn next(receiver: Option<Receiver<Part>>) -> Option<(Result<Bytes, io::Error>, Option<Receiver<Part>>)> {
    let mut receiver = receiver?;
    match receiver.recv().await {
        Some(Some(part)) => {
            let goes_on = part.is_ok();
            Some((part, goes_on.then_some(receiver)))
        }
        Some(None) => None,
        None => Some((Err(io::Error::new(io::ErrorKind::TimedOut, "it took too long; ask for less at a time")), None)),
    }
}

#[cfg(test)]
mod tests {
    use mintmark_core::clock::Timestamp;
    use mintmark_core::management::{Principal, Reach};
    use mintmark_core::model::MemberId;

    use super::*;
    use crate::admin::trials::{Trial, Trials};

    const WHO: (Principal, Reach) = (Principal::Member(MemberId::none()), Reach::Operator);
    const LONG: Duration = Duration::from_hours(1);

    fn begin(trials: &Trials) -> Result<Running, u32> {
        trials.begin(WHO, Trial::Audit, Timestamp(0))
    }

    fn endless() -> impl Stream<Item = Result<Bytes, io::Error>> + Send {
        stream::repeat_with(|| Ok(Bytes::from_static(b"row")))
    }

    async fn until_free(trials: &Trials) {
        // A slot is asked for twelve times a minute at most, so the count of this minute is looked at only as often.
        while trials.is_running(WHO.0, Trial::Audit) {
            tokio::task::yield_now().await;
        }
        assert!(begin(trials).is_ok());
    }

    #[tokio::test]
    async fn whoever_takes_nothing_holds_a_slot_for_a_limited_time() {
        let trials = Trials::default();
        let running = begin(&trials).unwrap();
        let mut parts = held(endless(), running, Duration::from_millis(1));
        until_free(&trials).await;
        let mut last = None;
        while let Some(part) = parts.next().await {
            last = Some(part);
        }
        assert!(last.unwrap().is_err(), "what broke off does not look whole");
    }

    #[tokio::test]
    async fn whoever_goes_away_frees_the_slot() {
        let trials = Trials::default();
        let running = begin(&trials).unwrap();
        let mut parts = held(endless(), running, LONG);
        assert!(parts.next().await.unwrap().is_ok());
        drop(parts);
        until_free(&trials).await;
    }

    #[tokio::test]
    async fn what_is_taken_to_its_end_is_whole_and_an_error_is_the_last() {
        let trials = Trials::default();
        let running = begin(&trials).unwrap();
        let parts = held(endless().take(3), running, LONG);
        assert!(parts.map(Result::unwrap).collect::<Vec<_>>().await.len() == 3);
        until_free(&trials).await;
        let running = begin(&trials).unwrap();
        let failing = stream::iter([Ok(Bytes::new()), Err(io::Error::other("lost")), Ok(Bytes::new())]);
        let parts: Vec<_> = held(failing, running, LONG).collect().await;
        assert!(matches!(parts.as_slice(), [Ok(_), Err(_)]), "{parts:?}");
    }
}
