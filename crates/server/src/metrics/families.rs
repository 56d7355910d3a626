//! Every metric there is. `docs/observability.md` lists them as [`reference()`] words them; a test compares the two, and another one
//! compares this with what dashboard and alerts ask for.

use std::fmt::Write;

/// What a metric is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It only grows, from 0 at the start of the process.
    Counter,
    /// It is as it is now.
    Gauge,
    /// Durations by size, in seconds.
    Histogram,
}

/// One metric.
#[derive(Clone, Copy, Debug)]
pub struct Family {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub kind: Kind,
    /// Its labels.
    pub labels: &'static [&'static str],
    /// What it says.
    pub help: &'static str,
}

macro_rules! families {
    ($($constant:ident: $kind:ident $name:literal [$($label:literal)*] $help:literal;)+) => {
        $(pub(super) const $constant: Family =
            Family { name: $name, kind: Kind::$kind, labels: &[$($label),*], help: $help };)+

        /// All metrics, in the order of the documentation.
        pub const FAMILIES: &[Family] = &[$($constant),+];
    };
}

families! {
    TOKEN_REQUESTS: Counter "mintmark_token_requests_total" ["environment" "dialect" "outcome" "code"]
        "Token requests that were answered. The code is the reason to refuse, none for tokens.";
    TOKENS_REUSED: Counter "mintmark_tokens_reused_total" ["environment" "dialect"]
        "Of the tokens those that had been given out before, for the same request of the same credential.";
    TOKEN_DURATION: Histogram "mintmark_token_request_duration_seconds" ["environment" "dialect" "result"]
        "Time from the whole token request to its answer, for tokens that were issued and for requests that were refused.";
    STEP_DURATION: Histogram "mintmark_token_step_duration_seconds" ["environment" "step"]
        "Time that a step of a token request took, of one in sixteen requests.";
    IN_FLIGHT: Gauge "mintmark_token_requests_in_flight" []
        "Token requests in work.";
    IN_FLIGHT_MAX: Gauge "mintmark_token_requests_in_flight_max" []
        "How many may be, limits.in_flight.";
    HTTP_REQUESTS: Counter "mintmark_http_requests_total" ["listener" "route" "status"]
        "Answers to requests that are for no token; the route is misdirected for hosts that are not served, unknown for paths of nobody's.";
    CONNECTIONS: Gauge "mintmark_connections" ["listener"]
        "Open connections.";
    CONNECTIONS_MAX: Gauge "mintmark_connections_max" ["listener"]
        "How many there may be, limits.connections.";
    CONNECTIONS_ACCEPTED: Counter "mintmark_connections_accepted_total" ["listener"]
        "Connections that were accepted.";
    CONNECTIONS_FAILED: Counter "mintmark_connections_failed_total" ["listener"]
        "Connections that could not be accepted, for want of file descriptors for example.";
    READY: Gauge "mintmark_ready" ["environment"]
        "Whether the node may decide for an environment that it serves: 1, or 0 with the reason in its log.";
    STORE_INFO: Gauge "mintmark_store_info" ["store"]
        "Always 1, for which history of a store the node follows: nodes of one store have one name, until it is restored.";
    CLOCK_OFFSET: Gauge "mintmark_clock_offset_seconds" []
        "How far this machine's clock is ahead of the database's.";
    CACHE_ENTRIES: Gauge "mintmark_cache_entries" ["cache"]
        "Objects held in memory.";
    CACHE_BYTES: Gauge "mintmark_cache_bytes" ["cache"]
        "The memory that they take.";
    CACHE_BYTES_MAX: Gauge "mintmark_cache_bytes_max" ["cache"]
        "The memory that they may take.";
    CACHE_LOOKUPS: Counter "mintmark_cache_lookups_total" ["cache" "result"]
        "Lookups: hit, miss (the store was read), absent (known not to exist), refused (taken for absent without a read).";
    CLIENT_NAMES: Gauge "mintmark_client_names" []
        "Names of clients that are known to exist, so that others cost no read.";
    FEED_POSITION: Gauge "mintmark_feed_position" []
        "The position of the change feed that is in force here.";
    FEED_HEAD: Gauge "mintmark_feed_head_position" []
        "The position of the newest change, as it was last read.";
    FEED_AGE: Gauge "mintmark_feed_age_seconds" []
        "Time since the last successful read of the change feed began.";
    FEED_AGE_MAX: Gauge "mintmark_feed_age_max_seconds" []
        "The age beyond which the node gives out no tokens, outage.max_staleness.";
    STORE_DURATION: Histogram "mintmark_store_duration_seconds" []
        "Time that statements and transactions took, the wait for a connection included.";
    STORE_STATEMENTS: Counter "mintmark_store_statements_total" ["statement"]
        "Statements and transactions, by name.";
    STORE_SECONDS: Counter "mintmark_store_statement_seconds_total" ["statement"]
        "Time that they took in all.";
    STORE_ERRORS: Counter "mintmark_store_errors_total" ["statement"]
        "Those that the database failed, and none that conflicted with another.";
    STORE_RETRIES: Counter "mintmark_store_retries_total" []
        "Transactions that were tried again because something passing was in their way.";
    STORE_CONNECTIONS: Gauge "mintmark_store_connections" ["pool" "state"]
        "Connections to the database, used and idle.";
    STORE_CONNECTIONS_MAX: Gauge "mintmark_store_connections_max" ["pool"]
        "How many there may be.";
    QUOTAS: Gauge "mintmark_quotas" []
        "Quotas that are in force here, those that only observe included.";
    QUOTA_EXCEEDED: Counter "mintmark_quota_exceeded_total" ["of" "window" "mode"]
        "Requests that came when the quota of their tenant, client or business was used up: refused (enforce), or not (observe).";
    QUOTA_HEARD: Gauge "mintmark_quota_exchange_age_seconds" []
        "Time since what other nodes gave of quotas was last read.";
    WEBHOOK_WAITING: Gauge "mintmark_webhook_waiting" ["kind"]
        "What endpoints are still to be told, as each node reads it every half a minute: notices that nobody has handed out yet, and deliveries that wait for their first or next try.";
    WEBHOOK_OLDEST: Gauge "mintmark_webhook_oldest_waiting_seconds" ["kind"]
        "The age of the oldest of them, 0 if there is none. A delivery to an endpoint that is down waits for a day.";
    WEBHOOK_OVERDUE: Gauge "mintmark_webhook_overdue_seconds" []
        "For how long the first of the deliveries has been due, 0 if none is.";
    NOTICES_UNREADABLE: Counter "mintmark_notices_unreadable_total" []
        "How often a notice was passed over that cannot be read: each one at each look of the node that tells endpoints, every two seconds.";
    KEYS: Gauge "mintmark_signing_keys" ["environment" "algorithm" "state"]
        "Signing keys by state: next, active, retired, removed, revoked.";
    KEY_ACTIVE_SINCE: Gauge "mintmark_signing_key_active_since_timestamp_seconds" ["environment" "algorithm"]
        "When the active key began to sign, in seconds since 1970.";
    KEYS_UNUSABLE: Gauge "mintmark_signing_keys_unusable" ["environment"]
        "Keys that should be published and cannot be opened.";
    KEY_ROTATION: Gauge "mintmark_signing_key_rotate_after_seconds" []
        "How long a key signs, keys.rotate_after; 0 if people alone rotate.";
    REVOCATIONS: Gauge "mintmark_revocations" ["environment" "kind"]
        "What ends tokens before they expire: single tokens, and marks. Marks of tenants are those of the environment _all.";
    SIGNER_WAITING: Gauge "mintmark_signer_queue_depth" []
        "RSA signatures that wait for a thread.";
    SIGNER_ROOM: Gauge "mintmark_signer_queue_max" []
        "How many may wait.";
    SIGNER_REFUSED: Counter "mintmark_signer_refused_total" []
        "RSA signatures that found no room, so that the request got the 503 of its dialect.";
    WAITING_WRITES: Gauge "mintmark_waiting_writes" ["kind"]
        "What waits to be written down: usage (rows of counts), uses (last uses of credentials), renewals (secrets under an older pepper).";
    LOG_LINES_LOST: Counter "mintmark_log_lines_lost_total" []
        "Lines of the log that could not be written.";
    TRACES: Counter "mintmark_traces_total" ["result"]
        "Token requests that were traced: exported, dropped (no room in the queue), failed (the collector did not take them).";
    BUILD: Gauge "mintmark_build_info" ["version"]
        "Always 1, for the version.";
    PROCESS_CPU: Counter "process_cpu_seconds_total" []
        "Processor time of the process.";
    PROCESS_FDS: Gauge "process_open_fds" []
        "Open file descriptors.";
    PROCESS_FDS_MAX: Gauge "process_max_fds" []
        "How many may be open.";
    PROCESS_RESIDENT: Gauge "process_resident_memory_bytes" []
        "Memory that the process has in RAM.";
    PROCESS_VIRTUAL: Gauge "process_virtual_memory_bytes" []
        "Memory that the process has addresses for.";
    PROCESS_THREADS: Gauge "process_threads" []
        "Threads.";
    PROCESS_START: Gauge "process_start_time_seconds" []
        "When the node started, in seconds since 1970.";
}

/// The table of `docs/observability.md`.
pub fn reference() -> String {
    let mut text = String::from("| Metric | Kind | Labels | Says |\n|---|---|---|---|\n");
    for Family { name, kind, labels, help } in FAMILIES {
        let kind = match kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        };
        let labels: Vec<String> = labels.iter().map(|label| format!("`{label}`")).collect();
        // Writing to a `String` cannot fail.
        let _ = writeln!(text, "| `{name}` | {kind} | {} | {help} |", labels.join(", "));
    }
    text
}
