//! What is logged, and where: one line for each token request, at the boundary, to standard error.
//!
//! A line is formatted into a buffer of its own thread, without a lock that threads share, and written by a thread of its own
//! within [`sink::WRITTEN_WITHIN`]; lines of different threads may be out of order by as much. So neither a slow disk nor a reader
//! that stopped reading holds up a token. Lines that find no room or cannot be written are counted, and the count is logged once
//! lines get through again.
//!
//! Events of libraries are logged from `warn` up whatever the level is, since they know nothing of what must not be logged.

mod format;
mod sink;

use std::io::IsTerminal;

use tracing::level_filters::LevelFilter;
use tracing::{Event, Subscriber};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::{LogSettings, Variables};
use format::Format;

/// Lines that are not written yet are, when this is dropped.
#[derive(Debug)]
#[must_use = "the last lines are written when this is dropped"]
pub struct Logging(());

impl Drop for Logging {
    fn drop(&mut self) {
        sink::flush();
    }
}

/// How many lines could not be written since the start.
pub(crate) fn lines_lost() -> u64 {
    sink::lines_lost()
}

/// Starts logging.
pub fn start(settings: &LogSettings) -> std::io::Result<Logging> {
    let level = settings.level.parse().unwrap_or(LevelFilter::INFO);
    let filter = Targets::new().with_default(LevelFilter::WARN).with_target("mintmark", level);
    let format = match settings.format.as_str() {
        "json" => Format::Json,
        _ if std::io::stderr().is_terminal() && !Variables::no_color() => Format::Coloured,
        _ => Format::Text,
    };
    sink::start()?;
    // A second start, as in tests, changes nothing.
    let _ = tracing_subscriber::registry().with(Lines(format).with_filter(filter)).try_init();
    Ok(Logging(()))
}

/// Turns each event into a line.
struct Lines(Format);

impl<S: Subscriber> Layer<S> for Lines {
    #[expect(clippy::disallowed_methods, reason = "the time of a line is the machine's, whatever clock the rules go by")]
    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        let now = std::time::SystemTime::now();
        sink::append(|line| self.0.write(event, now, line));
    }
}
