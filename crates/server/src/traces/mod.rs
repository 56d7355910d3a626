//! Traces: a few token requests, step by step, for a collector that speaks OTLP over HTTP. Off unless a collector is configured; then a
//! request that is not traced costs one number drawn by chance, and while it is off, one branch.
//!
//! The token path itself knows nothing of traces. It notes when its steps ended (`mintmark_core::token::StepTimes`), and the spans are
//! made of that once the answer is there. Nothing secret is in them: names, the request's id, the outcome and the client that proved itself.
//!
//! Whose trace a request belongs to, only a proxy may say that proved itself and of which the operator says that the word is its own
//! (rule S19): most hand on what clients sent. What anybody else says is kept as a link, which decides nothing: a stranger can neither have
//! requests traced nor write into another trace. Of the requests that proxies have traced there are so many in a second and no more,
//! so that a proxy that is taken in costs little.
//!
//! | File | Owns |
//! |---|---|
//! | `context` | what the header `traceparent` says, and who may say it |
//! | `per_second` | how many requests are traced because a proxy says so |
//! | `spans` | from a request and its times to spans |
//! | `export` | the queue, and the way to the collector |
//! | `transport` | HTTP to the collector |

mod context;
mod export;
mod per_second;
mod spans;
mod transport;

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use http::HeaderMap;
use mintmark_core::random::Random;
use opentelemetry::trace::{SpanContext, SpanId, TraceId};
use opentelemetry_sdk::trace::SpanData;
use tokio::sync::mpsc;

pub(crate) use context::Asker;
pub use export::{Exporter, TraceError};
use per_second::PerSecond;
pub(crate) use spans::TracedRequest;

/// Which requests are traced, and where their spans go.
pub struct Traces {
    /// Of how many requests one is traced.
    one_in: u64,
    /// How many are because a proxy says so.
    proxied: PerSecond,
    random: Arc<dyn Random>,
    queue: mpsc::Sender<Vec<SpanData>>,
    counts: Arc<TraceCounts>,
}

impl std::fmt::Debug for Traces {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Traces").field("one_in", &self.one_in).field("counts", &self.counts).finish_non_exhaustive()
    }
}

/// What became of traces.
#[derive(Debug, Default)]
pub(crate) struct TraceCounts {
    /// The collector took them.
    pub(crate) exported: AtomicU64,
    /// There was no room in the queue.
    pub(crate) dropped: AtomicU64,
    /// The collector did not take them.
    pub(crate) failed: AtomicU64,
}

/// A request that is traced.
#[derive(Debug)]
pub(crate) struct Trace {
    /// The request's own span.
    span: SpanContext,
    /// The span that it is a part of.
    parent: Option<SpanContext>,
    /// What a stranger says it belongs to.
    link: Option<SpanContext>,
    /// When it began, in nanoseconds since 1970 and on the boot-time clock.
    start: (u64, u64),
}

impl Traces {
    /// Whether the request that comes now is traced; decided before anything of it is known but its headers.
    pub(crate) fn begin(&self, headers: &HeaderMap, asker: Asker, start: (u64, u64)) -> Option<Box<Trace>> {
        let parent = if asker == Asker::Proxy { context::parent(headers) } else { None };
        // A proxy that traces its request has decided for this one, as far as it goes; one that does not leaves it to us.
        let is_asked_for = || parent.as_ref().is_some_and(SpanContext::is_sampled) && self.proxied.take(start.1);
        if !is_asked_for() && !self.is_due() {
            return None;
        }
        let link = if asker == Asker::Stranger { context::parent(headers) } else { None };
        let parent = parent.filter(SpanContext::is_sampled);
        let trace_id = parent.as_ref().map_or_else(|| TraceId::from_bytes(self.draw()), SpanContext::trace_id);
        let span = context::own(trace_id, SpanId::from_bytes(self.draw()));
        Some(Box::new(Trace { span, parent, link, start }))
    }

    /// Hands the spans of a request to the exporter, if it has room for them.
    pub(crate) fn finish(&self, trace: &Trace, request: &TracedRequest<'_>) {
        let spans = spans::spans(trace, request, || SpanId::from_bytes(self.draw()));
        if self.queue.try_send(spans).is_err() {
            self.counts.dropped.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        }
    }

    /// What became of traces so far.
    pub(crate) fn counts(&self) -> &TraceCounts {
        &self.counts
    }

    fn is_due(&self) -> bool {
        self.one_in <= 1 || u64::from_be_bytes(self.draw()).is_multiple_of(self.one_in)
    }

    /// Bytes by chance; ids of zeros would be none.
    fn draw<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.random.fill(&mut bytes);
        if bytes.iter().all(|byte| *byte == 0)
            && let Some(last) = bytes.last_mut()
        {
            *last = 1;
        }
        bytes
    }
}

impl Trace {
    /// The trace's id, as logs and collectors write it.
    pub(crate) fn id(&self) -> String {
        self.span.trace_id().to_string()
    }
}

#[cfg(test)]
mod tests;
