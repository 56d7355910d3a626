//! From a request and its times to spans.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use mintmark_core::token::{StepSpan, StepTimes};
use mintmark_core::usage::OutcomeClass;
use opentelemetry::trace::{Link, SpanContext, SpanId, SpanKind, Status};
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanLinks};

use super::{Trace, context};

/// What spans tell of a request: nothing that it said but what turned out to be a client's name (rule S10).
pub(crate) struct TracedRequest<'a> {
    pub(crate) environment: &'a str,
    pub(crate) dialect: &'a str,
    /// The dialect's path.
    pub(crate) route: &'a str,
    pub(crate) method: &'a str,
    pub(crate) request_id: &'a str,
    pub(crate) client_id: Option<&'a str>,
    pub(crate) status: u16,
    pub(crate) outcome: OutcomeClass,
    /// The reason to refuse.
    pub(crate) code: Option<&'static str>,
    pub(crate) times: &'a StepTimes,
    /// When the answer was made, on the boot-time clock in nanoseconds.
    pub(crate) end: u64,
}

/// The request's span, and one for each of its steps.
pub(super) fn spans(trace: &Trace, request: &TracedRequest<'_>, mut next_id: impl FnMut() -> SpanId) -> Vec<SpanData> {
    let scope = InstrumentationScope::builder("mintmark").with_version(env!("CARGO_PKG_VERSION")).build();
    let (wall, boot) = trace.start;
    let at = |moment: u64| UNIX_EPOCH + Duration::from_nanos(wall.saturating_add(moment.saturating_sub(boot)));
    let is_ours = request.outcome == OutcomeClass::Unavailable;
    let mut whole = span(
        (trace.span.clone(), trace.parent.as_ref()),
        (format!("{} {}", request.method, request.route), SpanKind::Server),
        (at(boot), at(request.end)),
        &scope,
    );
    whole.attributes = attributes(request);
    if is_ours {
        whole.status = Status::error(request.code.unwrap_or_default());
    }
    if let Some(link) = &trace.link {
        let mut links = SpanLinks::default();
        links.links.push(Link::new(link.clone(), Vec::new(), 0));
        whole.links = links;
    }
    let steps = request.times.spans(boot).into_iter().map(|StepSpan { step, start, end }| {
        let own = context::own(trace.span.trace_id(), next_id());
        let name = (step.as_str().to_owned(), SpanKind::Internal);
        span((own, Some(&trace.span)), name, (at(start), at(end)), &scope)
    });
    std::iter::once(whole).chain(steps).collect()
}

/// Names are those of OpenTelemetry's conventions for HTTP where there are any.
fn attributes(request: &TracedRequest<'_>) -> Vec<KeyValue> {
    let text = |key: &'static str, value: &str| KeyValue::new(key, value.to_owned());
    let mut all = vec![
        text("http.request.method", request.method),
        text("http.route", request.route),
        KeyValue::new("http.response.status_code", i64::from(request.status)),
        text("mintmark.environment", request.environment),
        text("mintmark.dialect", request.dialect),
        text("mintmark.request_id", request.request_id),
        text("mintmark.outcome", request.outcome.as_str()),
    ];
    all.extend(request.code.map(|code| text("mintmark.code", code)));
    all.extend(request.client_id.map(|client| text("mintmark.client_id", client)));
    all
}

fn span(
    (own, parent): (SpanContext, Option<&SpanContext>),
    (name, kind): (String, SpanKind),
    (start_time, end_time): (SystemTime, SystemTime),
    scope: &InstrumentationScope,
) -> SpanData {
    SpanData {
        span_context: own,
        parent_span_id: parent.map_or(SpanId::INVALID, SpanContext::span_id),
        parent_span_is_remote: parent.is_some_and(SpanContext::is_remote),
        span_kind: kind,
        name: name.into(),
        start_time,
        end_time,
        attributes: Vec::new(),
        dropped_attributes_count: 0,
        events: SpanEvents::default(),
        links: SpanLinks::default(),
        status: Status::Unset,
        instrumentation_scope: scope.clone(),
    }
}
