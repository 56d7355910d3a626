//! What the header `traceparent` says (W3C Trace Context, section 3.2), and who may say it.

use http::HeaderMap;
use opentelemetry::Context;
use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState};
use opentelemetry_http::HeaderExtractor;
use opentelemetry_sdk::propagation::TraceContextPropagator;

const TRACEPARENT: &str = "traceparent";

/// Who sent a request's headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asker {
    /// A configured proxy that proved itself.
    Proxy,
    /// Anybody else.
    Stranger,
}

/// The span that sent the request, if the headers name exactly one. `tracestate` is left out: it may hold anything.
pub(super) fn parent(headers: &HeaderMap) -> Option<SpanContext> {
    let mut values = headers.get_all(TRACEPARENT).iter();
    let (Some(_), None) = (values.next(), values.next()) else { return None };
    let read = TraceContextPropagator::new().extract_with_context(&Context::new(), &HeaderExtractor(headers));
    let span = read.span().span_context().clone();
    let (trace_id, span_id, flags) = (span.trace_id(), span.span_id(), span.trace_flags());
    span.is_valid().then(|| SpanContext::new(trace_id, span_id, flags, true, TraceState::default()))
}

/// A span of our own.
pub(super) fn own(trace_id: TraceId, span_id: SpanId) -> SpanContext {
    SpanContext::new(trace_id, span_id, TraceFlags::SAMPLED, false, TraceState::default())
}
