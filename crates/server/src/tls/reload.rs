//! Reading files again while serving: when told to, and when they have changed. What cannot be used leaves the old in force.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use super::TlsError;
use super::files::{Stamp, stamp};

/// How long between two looks at the files.
const LOOK_EVERY: Duration = Duration::from_mins(1);

/// What is made of files and can be made anew.
pub trait Reloadable: Send + Sync {
    /// What it is called in the log.
    fn name(&self) -> String;
    /// The files.
    fn paths(&self) -> Vec<PathBuf>;
    /// Makes it anew, or says what is wrong and leaves it as it is.
    fn reload(&self) -> Result<(), TlsError>;
    /// Something to do at every look.
    fn look(&self) {}
}

/// Something made of files, with the state of those that it was last made of, or could not be.
#[derive(Clone)]
pub struct Watched {
    item: Arc<dyn Reloadable>,
    seen: Arc<Mutex<Stamp>>,
}

impl std::fmt::Debug for Watched {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_tuple("Watched").field(&self.item.name()).finish()
    }
}

impl Watched {
    /// Begins with the files as they are now.
    pub fn new(item: Arc<dyn Reloadable>) -> Self {
        let seen = Arc::new(Mutex::new(stamp(&item.paths())));
        item.look();
        Self { item, seen }
    }

    /// Reads the files again, whether they changed or not.
    pub fn reload(&self) {
        // Before reading: what is written meanwhile is seen as a change the next time.
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = stamp(&self.item.paths());
        match self.item.reload() {
            Ok(()) => tracing::info!(files = self.item.name(), "files read again"),
            Err(error) => {
                tracing::error!(files = self.item.name(), %error, "files cannot be used: what was read before stays in force");
            }
        }
        self.item.look();
    }

    /// Reads the files again if they are others than those that were read last. Files that could not be used are tried again only
    /// once they have changed, so the log tells a mistake once.
    pub fn reload_if_changed(&self) {
        let has_changed = *self.seen.lock().unwrap_or_else(PoisonError::into_inner) != stamp(&self.item.paths());
        if has_changed {
            self.reload();
        } else {
            self.item.look();
        }
    }
}

/// Looks at the files every minute until `stop` says so.
pub async fn watch_files(watched: Vec<Watched>, mut stop: watch::Receiver<bool>) {
    while tokio::time::timeout(LOOK_EVERY, stop.wait_for(|stop| *stop)).await.is_err() {
        let watched = watched.clone();
        // Files may be on a network.
        let looked = tokio::task::spawn_blocking(move || watched.iter().for_each(Watched::reload_if_changed));
        if looked.await.is_err() {
            tracing::error!("looking at files for changes ended in a panic");
        }
    }
}
