use std::sync::Arc;
use std::sync::atomic::Ordering;

use http::{HeaderMap, HeaderValue};
use mintmark_core::random::SeededRandom;
use mintmark_core::token::StepTimes;
use mintmark_core::usage::OutcomeClass;
use opentelemetry::trace::{SpanId, SpanKind, Status};
use opentelemetry_sdk::trace::SpanData;
use tokio::sync::mpsc;

use super::{Asker, PerSecond, TraceCounts, TracedRequest, Traces};

const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const UNSAMPLED: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";
const START: (u64, u64) = (1_790_000_000_000_000_000, 5_000);

fn traces(one_in: u64, room: usize) -> (Traces, mpsc::Receiver<Vec<SpanData>>) {
    let (queue, spans) = mpsc::channel(room);
    let (random, proxied) = (Arc::new(SeededRandom::new(7)), PerSecond::of(3));
    (Traces { one_in, proxied, random, queue, counts: Arc::new(TraceCounts::default()) }, spans)
}

fn headers(parents: &[&'static str]) -> HeaderMap {
    parents.iter().map(|parent| ("traceparent".parse().unwrap(), HeaderValue::from_static(parent))).collect()
}

fn request(times: &StepTimes, outcome: OutcomeClass) -> TracedRequest<'_> {
    TracedRequest {
        environment: "production",
        dialect: "standard",
        route: "/oauth/token",
        method: "POST",
        request_id: "req_1",
        client_id: None,
        status: 503,
        outcome,
        code: Some("store_stale"),
        times,
        end: 9_000,
    }
}

#[test]
fn a_request_is_a_span_with_its_steps_below_it() {
    let (traces, mut spans) = traces(1, 1);
    let trace = traces.begin(&HeaderMap::new(), Asker::Stranger, START).unwrap();
    traces.finish(&trace, &request(&StepTimes::default(), OutcomeClass::Unavailable));
    let [whole] = &spans.try_recv().unwrap()[..] else { panic!("one span: no step was noted") };
    assert_eq!((whole.name.as_ref(), &whole.span_kind), ("POST /oauth/token", &SpanKind::Server));
    assert_eq!(whole.parent_span_id, SpanId::INVALID);
    assert_eq!(whole.end_time.duration_since(whole.start_time).unwrap().as_nanos(), 4_000);
    assert_eq!(whole.status, Status::error("store_stale"));
    assert_eq!(trace.id(), whole.span_context.trace_id().to_string());
}

#[test]
fn a_proxys_trace_goes_on_and_a_strangers_is_a_link_alone() {
    let (traces, mut spans) = traces(1, 2);
    for asker in [Asker::Proxy, Asker::Stranger] {
        let trace = traces.begin(&headers(&[PARENT]), asker, START).unwrap();
        traces.finish(&trace, &request(&StepTimes::default(), OutcomeClass::Issued));
    }
    let ours = spans.try_recv().unwrap().remove(0);
    assert_eq!(ours.span_context.trace_id().to_string(), "4bf92f3577b34da6a3ce929d0e0e4736");
    assert_eq!((ours.parent_span_id.to_string().as_str(), ours.parent_span_is_remote), ("00f067aa0ba902b7", true));
    assert!(ours.links.links.is_empty());
    let strangers = spans.try_recv().unwrap().remove(0);
    assert_ne!(strangers.span_context.trace_id().to_string(), "4bf92f3577b34da6a3ce929d0e0e4736");
    assert_eq!(strangers.parent_span_id, SpanId::INVALID);
    assert_eq!(strangers.links.links[0].span_context.span_id().to_string(), "00f067aa0ba902b7");
}

#[test]
fn s19_a_stranger_cannot_have_a_request_traced() {
    let (traces, _spans) = traces(u64::MAX, 1);
    assert!(traces.begin(&headers(&[PARENT]), Asker::Stranger, START).is_none());
    assert!(traces.begin(&headers(&[PARENT]), Asker::Proxy, START).is_some());
    assert!(traces.begin(&headers(&[UNSAMPLED]), Asker::Proxy, START).is_none());
    assert!(traces.begin(&headers(&[PARENT, PARENT]), Asker::Proxy, START).is_none(), "two of them are nobody's word");
    assert!(traces.begin(&headers(&["00-xyz"]), Asker::Proxy, START).is_none());
}

#[test]
fn s19_a_proxy_that_hands_on_what_strangers_send_has_few_requests_traced() {
    let (traces, _spans) = traces(u64::MAX, 1);
    let begun = |start| (0..100).filter(|_| traces.begin(&headers(&[PARENT]), Asker::Proxy, start).is_some()).count();
    assert_eq!(begun(START), 3);
    assert_eq!(begun((START.0, START.1 + 1_000_000_000)), 3, "and as many in the next second");
}

#[test]
fn one_request_in_so_many_is_traced() {
    let (traces, _spans) = traces(10, 1);
    let begun = (0..1000).filter(|_| traces.begin(&HeaderMap::new(), Asker::Stranger, START).is_some()).count();
    assert!((60..150).contains(&begun), "{begun}");
}

#[test]
fn what_finds_no_room_is_counted_and_waits_for_nobody() {
    let (traces, _spans) = traces(1, 2);
    for _ in 0..5 {
        let trace = traces.begin(&HeaderMap::new(), Asker::Stranger, START).unwrap();
        traces.finish(&trace, &request(&StepTimes::default(), OutcomeClass::Issued));
    }
    assert_eq!(traces.counts().dropped.load(Ordering::Relaxed), 3);
}
