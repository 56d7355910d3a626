//! From finished requests to the collector: a bounded queue, and a task that sends what is in it. What finds no room, or is not taken, is
//! lost and counted; nothing waits for a collector.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use mintmark_core::random::Random;
use opentelemetry::KeyValue;
use opentelemetry_otlp::{Protocol, RetryPolicy, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SpanData, SpanExporter as _};
use tokio::sync::{mpsc, watch};

use super::transport::Transport;
use super::{PerSecond, TraceCounts, Traces};
use crate::config::TracingSettings;

/// How many requests go to the collector at once.
const TOGETHER: usize = 128;
/// How long requests wait at most for others to go with.
const EVERY: Duration = Duration::from_secs(2);
/// How long the collector may take for an answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often it is told at most that the collector takes nothing: once for so many failures.
const TOLD_ONCE_IN: u64 = 100;

/// Why there are no traces.
#[derive(Debug)]
pub struct TraceError(pub(super) String);

impl std::fmt::Display for TraceError {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "tracing: {}", self.0)
    }
}

impl std::error::Error for TraceError {}

/// Sends traces to the collector.
pub struct Exporter {
    spans: SpanExporter,
    queue: mpsc::Receiver<Vec<SpanData>>,
    counts: Arc<TraceCounts>,
}

impl std::fmt::Debug for Exporter {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Exporter")
    }
}

impl Traces {
    /// What the settings ask for, if they name a collector.
    pub fn open(
        settings: &TracingSettings,
        folder: &std::path::Path,
        random: Arc<dyn Random>,
    ) -> Result<Option<(Self, Exporter)>, TraceError> {
        if settings.endpoint.is_empty() {
            return Ok(None);
        }
        let transport = Transport::open(settings, folder)?;
        let built = SpanExporter::builder()
            .with_http()
            .with_http_client(transport)
            .with_endpoint(&settings.endpoint)
            .with_protocol(Protocol::HttpBinary)
            .with_timeout(PATIENCE)
            // Between tries it would put a thread of the server to sleep; and nothing is sent twice.
            .with_retry_policy(RetryPolicy::disabled())
            .build();
        let mut spans = built.map_err(|error| TraceError(error.to_string()))?;
        spans.set_resource(&resource(&*random));
        let (sender, queue) = mpsc::channel(usize::try_from(settings.queue).unwrap_or(usize::MAX));
        let counts = Arc::new(TraceCounts::default());
        let proxied = PerSecond::of(settings.proxied_per_second);
        let traces = Self { one_in: settings.one_in, proxied, random, queue: sender, counts: Arc::clone(&counts) };
        Ok(Some((traces, Exporter { spans, queue, counts })))
    }
}

/// What all spans of this process have in common. No name of the machine: who wants it, adds it at the collector.
fn resource(random: &dyn Random) -> Resource {
    let mut instance = [0; 16];
    random.fill(&mut instance);
    Resource::builder_empty()
        .with_attributes([
            KeyValue::new("service.name", "mintmark"),
            KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
            KeyValue::new("service.instance.id", format!("{:032x}", u128::from_be_bytes(instance))),
        ])
        .build()
}

impl Exporter {
    /// Sends until `stop` says so, and then what is left, once.
    pub async fn run(mut self, mut stop: watch::Receiver<bool>) {
        let mut waiting = Vec::new();
        loop {
            let room = TOGETHER.saturating_sub(waiting.len());
            let is_over = tokio::select! {
                taken = self.queue.recv_many(&mut waiting, room.max(1)) => taken == 0,
                _ = stop.wait_for(|stop| *stop) => true,
            };
            if is_over {
                while let Ok(trace) = self.queue.try_recv() {
                    waiting.push(trace);
                }
                self.send(std::mem::take(&mut waiting)).await;
                return;
            }
            if waiting.len() >= TOGETHER || self.gather(&mut waiting, &mut stop).await {
                self.send(std::mem::take(&mut waiting)).await;
            }
        }
    }

    /// Waits for more to send, for a while or until there is enough.
    async fn gather(&mut self, waiting: &mut Vec<Vec<SpanData>>, stop: &mut watch::Receiver<bool>) -> bool {
        let more = async {
            while waiting.len() < TOGETHER {
                let room = TOGETHER - waiting.len();
                if self.queue.recv_many(waiting, room).await == 0 {
                    return;
                }
            }
        };
        tokio::select! {
            _ = tokio::time::timeout(EVERY, more) => true,
            _ = stop.wait_for(|stop| *stop) => false,
        }
    }

    async fn send(&self, traces: Vec<Vec<SpanData>>) {
        let requests = traces.len() as u64;
        if requests == 0 {
            return;
        }
        let spans = traces.into_iter().flatten().collect();
        match self.spans.export(spans).await {
            Ok(()) => {
                self.counts.exported.fetch_add(requests, Ordering::Relaxed);
            }
            Err(error) => {
                let before = self.counts.failed.fetch_add(requests, Ordering::Relaxed);
                if before / TOLD_ONCE_IN != (before + requests) / TOLD_ONCE_IN || before == 0 {
                    tracing::warn!(%error, failed = before + requests, "the collector takes no traces");
                }
            }
        }
    }
}
