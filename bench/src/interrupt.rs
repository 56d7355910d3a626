//! Ctrl-C and SIGTERM: noted here, asked for wherever something takes time, so that everything unwinds and no server is left behind.

use std::sync::atomic::{AtomicBool, Ordering};

use tokio::signal::unix::{SignalKind, signal};

use crate::failure::{Done, fail};

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Begins to listen, on a thread of its own that does nothing else.
pub(crate) fn listen() -> Done<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let signals = {
        let _context = runtime.enter();
        [signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?]
    };
    std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
        let [mut interrupt, mut terminate] = signals;
        runtime.block_on(async {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
        });
        INTERRUPTED.store(true, Ordering::Relaxed);
    })?;
    Ok(())
}

/// An error once somebody wants this program to end.
pub(crate) fn check() -> Done<()> {
    if INTERRUPTED.load(Ordering::Relaxed) { fail!("interrupted; nothing of this run was written") } else { Ok(()) }
}
