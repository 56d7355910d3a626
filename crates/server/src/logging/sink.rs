//! From the threads that log to standard error: a buffer for each thread, and a thread that writes them out.

use std::io::{self, Write};
use std::mem;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::{self, Thread};
use std::time::Duration;

/// How long a line waits at most, unless standard error takes no more.
pub(super) const WRITTEN_WITHIN: Duration = Duration::from_millis(10);
/// How many bytes of one thread may wait to be written.
const ROOM: usize = 1024 * 1024;

static SINK: OnceLock<Sink> = OnceLock::new();

thread_local! {
    static OWN: Arc<Buffer> = {
        let buffer = Arc::new(Buffer::default());
        if let Some(sink) = SINK.get() {
            lock(&sink.buffers).push(Arc::clone(&buffer));
        }
        buffer
    };
}

/// The lines of one thread. Nobody else takes the lock but the writer, once in a while.
#[derive(Default)]
struct Buffer {
    lines: Mutex<Vec<u8>>,
    lost: AtomicU64,
}

impl Buffer {
    fn append(&self, write: impl FnOnce(&mut Vec<u8>)) {
        let mut lines = lock(&self.lines);
        if lines.len() < ROOM {
            write(&mut lines);
        } else {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Moves the lines to `out`, and tells how many were lost since.
    fn drain(&self, out: &mut Vec<u8>) -> u64 {
        let taken = mem::take(&mut *lock(&self.lines));
        out.extend_from_slice(&taken);
        // The thread gets its memory back, unless there was unusually much of it.
        let mut lines = lock(&self.lines);
        if lines.is_empty() && lines.capacity() < taken.capacity() && taken.capacity() <= ROOM / 8 {
            *lines = taken;
            lines.clear();
        }
        self.lost.swap(0, Ordering::Relaxed)
    }
}

struct Sink {
    buffers: Mutex<Vec<Arc<Buffer>>>,
    writer: Thread,
    /// Whether the writer waits to be woken.
    asleep: AtomicBool,
    /// Held while lines are on their way out, so that they come out whole and in their order.
    writing: Mutex<()>,
}

/// Starts the thread that writes. A second start changes nothing.
pub(super) fn start() -> io::Result<()> {
    if SINK.get().is_some() {
        return Ok(());
    }
    let writer = thread::Builder::new().name("log".to_owned()).spawn(|| {
        // Until the sink is there.
        while SINK.get().is_none() {
            thread::park();
        }
        loop {
            work();
        }
    })?;
    let writer = writer.thread().clone();
    let woken = writer.clone();
    let _ = SINK.set(Sink { buffers: Mutex::default(), writer, asleep: AtomicBool::new(false), writing: Mutex::default() });
    woken.unpark();
    Ok(())
}

/// Adds a line, which `write` ends with a line feed.
pub(super) fn append(write: impl FnOnce(&mut Vec<u8>)) {
    // A thread that is about to end has no buffer any more: its last lines are lost.
    let _ = OWN.try_with(|buffer| buffer.append(write));
    if let Some(sink) = SINK.get()
        && sink.asleep.load(Ordering::SeqCst)
        && sink.asleep.swap(false, Ordering::SeqCst)
    {
        sink.writer.unpark();
    }
}

/// Writes out what waits.
pub(super) fn flush() {
    if let Some(sink) = SINK.get() {
        sink.write_out();
    }
}

/// One turn of the writer: writes what there is, then waits for more. A busy server is written out a hundred times a second
/// whatever it logs, an idle one wakes nobody.
fn work() {
    let Some(sink) = SINK.get() else { return };
    if sink.write_out() {
        gather();
        return;
    }
    sink.asleep.store(true, Ordering::SeqCst);
    // A line that came before that was seen by nobody.
    if sink.write_out() {
        sink.asleep.store(false, Ordering::SeqCst);
        return;
    }
    while sink.asleep.load(Ordering::SeqCst) {
        thread::park();
    }
    // The first line seldom comes alone.
    gather();
}

#[expect(clippy::disallowed_methods, reason = "lines gather meanwhile, so that many are written at once")]
fn gather() {
    thread::sleep(WRITTEN_WITHIN);
}

impl Sink {
    /// Whether there was anything to write.
    fn write_out(&self) -> bool {
        let _writing = lock(&self.writing);
        let buffers = lock(&self.buffers).clone();
        let mut out = Vec::new();
        let mut lost = 0;
        for buffer in &buffers {
            lost += buffer.drain(&mut out);
        }
        drop(buffers);
        // The buffer of a thread that has ended belongs to nobody else.
        lock(&self.buffers).retain(|buffer| Arc::strong_count(buffer) > 1 || !lock(&buffer.lines).is_empty());
        // There is nobody to tell that standard error cannot be written to.
        let _ = io::stderr().write_all(&out);
        if lost > 0 {
            tracing::warn!(lost, "lines of this log were lost: standard error is read too slowly");
        }
        !out.is_empty()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_gives_back_whole_lines_and_counts_what_found_no_room() {
        let buffer = Buffer::default();
        let line = [b"x".repeat(ROOM / 2), b"\n".to_vec()].concat();
        for _ in 0..5 {
            buffer.append(|out| out.extend_from_slice(&line));
        }
        let mut out = Vec::new();
        assert_eq!(buffer.drain(&mut out), 3);
        assert_eq!(out, line.repeat(2));
        buffer.append(|out| out.extend_from_slice(b"next\n"));
        out.clear();
        assert_eq!(buffer.drain(&mut out), 0);
        assert_eq!(out, b"next\n");
    }
}
