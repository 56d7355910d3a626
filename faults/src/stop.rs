//! Ctrl-C and SIGTERM: what runs ends in order, and tells what it found out.

use mintmark_bench::failure::Done;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// Whether this program is to end.
#[derive(Clone, Debug)]
pub(crate) struct Stop(watch::Receiver<bool>);

impl Stop {
    /// Begins to listen.
    pub(crate) fn listen() -> Done<Self> {
        let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        let (sender, receiver) = watch::channel(false);
        tokio::spawn(async move {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            // Nobody left to tell is no failure.
            let _ = sender.send(true);
        });
        Ok(Self(receiver))
    }

    /// Whether it is time.
    pub(crate) fn is_asked(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until it is time.
    pub(crate) async fn asked(&mut self) {
        if self.0.wait_for(|stop| *stop).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
