//! From the threads that log to standard error: a buffer for each thread, and a thread that writes them out.

use std::cell::RefCell;
use std::io::{self, Write};
use std::mem;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, TryLockError};
use std::thread::{self, Thread};
use std::time::Duration;

/// How long a line waits at most, unless standard error takes no more.
pub(super) const WRITTEN_WITHIN: Duration = Duration::from_millis(10);
/// How many bytes of one thread may wait to be written.
const ROOM: usize = 1024 * 1024;
/// How often the end of the program asks whether standard error takes lines again, once in [`WRITTEN_WITHIN`].
const FLUSH_TRIES: u32 = 200;

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
    fn append(&self, line: &[u8]) {
        let mut lines = lock(&self.lines);
        if lines.len() < ROOM {
            lines.extend_from_slice(line);
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
    writing: Mutex<End>,
    /// Lines that were lost and not told of yet.
    lost: AtomicU64,
    /// Lines that were lost, ever.
    lost_in_all: AtomicU64,
}

/// How many lines could not be written.
pub(super) fn lines_lost() -> u64 {
    SINK.get().map_or(0, |sink| sink.lost_in_all.load(Ordering::Relaxed))
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
    let _ = SINK.set(Sink {
        buffers: Mutex::default(),
        writer,
        asleep: AtomicBool::new(false),
        writing: Mutex::default(),
        lost: AtomicU64::new(0),
        lost_in_all: AtomicU64::new(0),
    });
    woken.unpark();
    Ok(())
}

thread_local! {
    static LINE: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Adds a line, which `write` ends with a line feed. No lock is held while it writes, since it prints values, and what a value does
/// when it prints itself, such as logging, is its own affair.
pub(super) fn append(write: impl FnOnce(&mut Vec<u8>)) {
    let _ = LINE.try_with(|line| {
        if let Ok(mut line) = line.try_borrow_mut() {
            // What a value that panicked left behind is no line.
            line.clear();
            write(&mut line);
            add(&line);
        } else {
            // The line of a value that logs while it prints itself.
            let mut line = Vec::new();
            write(&mut line);
            add(&line);
        }
    });
}

fn add(line: &[u8]) {
    // A thread that is about to end has no buffer any more: its last lines are lost.
    let _ = OWN.try_with(|buffer| buffer.append(line));
    if let Some(sink) = SINK.get()
        && sink.asleep.load(Ordering::SeqCst)
        && sink.asleep.swap(false, Ordering::SeqCst)
    {
        sink.writer.unpark();
    }
}

/// Writes out what waits, unless standard error takes nothing for a while: a reader that stopped must not keep the program from
/// ending.
pub(super) fn flush() {
    let Some(sink) = SINK.get() else { return };
    for _ in 0..FLUSH_TRIES {
        match sink.writing.try_lock() {
            Ok(mut end) => {
                // Once more, for the line that tells of lost ones.
                while sink.write_out(&mut end) {}
                return;
            }
            Err(TryLockError::Poisoned(_)) => return,
            Err(TryLockError::WouldBlock) => gather(),
        }
    }
}

/// One turn of the writer: writes what there is, then waits for more. A busy server is written out a hundred times a second
/// whatever it logs, an idle one wakes nobody.
fn work() {
    let Some(sink) = SINK.get() else { return };
    if sink.write_out(&mut lock(&sink.writing)) {
        gather();
        return;
    }
    sink.asleep.store(true, Ordering::SeqCst);
    // A line that came before that was seen by nobody.
    if sink.write_out(&mut lock(&sink.writing)) {
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
    fn write_out(&self, end: &mut End) -> bool {
        let buffers = lock(&self.buffers).clone();
        let mut out = Vec::new();
        let mut lost = 0;
        for buffer in &buffers {
            lost += buffer.drain(&mut out);
        }
        drop(buffers);
        // The buffer of a thread that has ended belongs to nobody else.
        lock(&self.buffers).retain(|buffer| Arc::strong_count(buffer) > 1 || !lock(&buffer.lines).is_empty());
        lost += end.write(&mut io::stderr(), &out);
        if lost > 0 {
            self.lost.fetch_add(lost, Ordering::Relaxed);
            self.lost_in_all.fetch_add(lost, Ordering::Relaxed);
        } else if !out.is_empty() {
            // Told once lines get through again.
            let lost = self.lost.swap(0, Ordering::Relaxed);
            if lost > 0 {
                tracing::warn!(
                    lost,
                    "lines of this log were lost: standard error could not be written to, or not quickly enough"
                );
            }
        }
        !out.is_empty()
    }
}

/// Where the last write ended.
#[derive(Default)]
struct End {
    /// In the middle of a line.
    is_torn: bool,
}

impl End {
    /// Writes lines. Returns how many were not written in full.
    fn write(&mut self, to: &mut dyn Write, lines: &[u8]) -> u64 {
        let mut rest = lines;
        if self.is_torn && !rest.is_empty() {
            // The next line shall not look like the end of the torn one.
            match to.write(b"\n") {
                Ok(1..) => self.is_torn = false,
                _ => return count_lines(rest),
            }
        }
        while !rest.is_empty() {
            match to.write(rest) {
                Ok(0) => break,
                Ok(written) => {
                    let (done, left) = rest.split_at(written.min(rest.len()));
                    self.is_torn = done.last() != Some(&b'\n');
                    rest = left;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // Somebody else made it non-blocking; whoever reads it needs a moment.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => gather(),
                Err(_) => break,
            }
        }
        count_lines(rest)
    }
}

fn count_lines(bytes: &[u8]) -> u64 {
    bytes.split(|byte| *byte == b'\n').skip(1).count() as u64
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
            buffer.append(&line);
        }
        let mut out = Vec::new();
        assert_eq!(buffer.drain(&mut out), 3);
        assert_eq!(out, line.repeat(2));
        buffer.append(b"next\n");
        out.clear();
        assert_eq!(buffer.drain(&mut out), 0);
        assert_eq!(out, b"next\n");
    }

    /// Takes so many bytes, a few at a time, and then no more.
    struct Full(Vec<u8>, usize);

    impl Write for Full {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let taken = bytes.len().min(3).min(self.1 - self.0.len());
            self.0.extend_from_slice(&bytes[..taken]);
            if taken == 0 { Err(io::ErrorKind::StorageFull.into()) } else { Ok(taken) }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn lines_that_could_not_be_written_are_counted_and_the_next_one_begins_anew() {
        let (mut end, mut file) = (End::default(), Full(Vec::new(), 7));
        assert_eq!(end.write(&mut file, b"one\ntwo\nthree\n"), 2, "the second is torn, the third missing");
        assert_eq!(file.0, b"one\ntwo");
        assert_eq!(end.write(&mut file, b"four\n"), 1);
        file.1 = 100;
        assert_eq!(end.write(&mut file, b"five\n"), 0);
        assert_eq!(file.0, b"one\ntwo\nfive\n");
    }

    #[test]
    fn a_line_may_be_added_while_another_one_is_written() {
        append(|line| {
            append(|inner| inner.extend_from_slice(b"inner\n"));
            line.extend_from_slice(b"outer\n");
        });
        let mut out = Vec::new();
        OWN.with(|buffer| buffer.drain(&mut out));
        assert_eq!(out, b"inner\nouter\n");
    }
}
