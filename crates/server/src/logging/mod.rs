//! What is logged, and where: one line for each token request, at the boundary, to standard error.
//!
//! Events of libraries are logged from `warn` up whatever the level is, since they know nothing of what must not be logged.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use crate::config::{LogSettings, Variables};

/// Starts logging.
pub fn start(settings: &LogSettings) {
    let level = &settings.level;
    let filter = EnvFilter::new(format!("warn,mintmark={level},mintmark_core={level},mintmark_verify={level}"));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false);
    let coloured = std::io::stderr().is_terminal() && !Variables::no_color();
    let builder = builder.with_ansi(coloured);
    // A second start, as in tests, changes nothing.
    let _ = if settings.format == "json" { builder.json().try_init() } else { builder.try_init() };
}
