//! The sections, in the order of the reference.

use super::section::settings;

settings! {
    /// The database.
    StoreSettings in "store" {
        /// The SQLite file; a relative path starts from the configuration file's folder.
        path: text = "mintmark.db";
        /// A PostgreSQL database instead of the file, for any number of nodes:
        /// `postgres://mintmark@db.example.com/mintmark?sslmode=verify-full`.
        url: secret = "";
        /// A file with the password of the database, where the URL has none; without either, the variable `PGPASSWORD` counts.
        password_file: text = "";
        /// Connections to the database that this node makes at most.
        connections: integer = 8, (2..=1000);
        /// Whether statements are `kept` prepared on a connection. A pooler that gives each transaction another one needs `none`.
        prepared_statements: choice = "kept", ["kept", "none"];
    }
}

settings! {
    /// Master keys and peppers, which must not be in the database.
    RootKeySettings in "root_keys" {
        /// The file that holds them, readable by the server alone. The variable `MINTMARK_ROOT_KEYS` can hold its text instead. The first
        /// `[[master_key]]` seals; one with `retired = true` only opens what is old: see
        /// [operating.md](operating.md#other-root-keys).
        file: text = "root-keys.toml";
    }
}

settings! {
    /// The operator's dialects.
    DialectSettings in "dialects" {
        /// A folder whose `*.toml` files are dialects. It need not exist. SIGHUP reads it again.
        folder: text = "dialects";
    }
}

settings! {
    /// Limits of requests and connections, for each listener or the node as said.
    LimitSettings in "limits" {
        /// Token requests in work at once on this node; one more gets the dialect's 503.
        in_flight: integer = 4096, (1..=1_000_000);
        /// Open connections of each listener; one more waits to be accepted.
        connections: integer = 10_000, (1..=1_000_000);
        /// Seconds for the header of a request to arrive, for a client to read what it is sent, and an idle connection's life.
        header_timeout: integer = 15, (1..=600);
        /// Seconds for the body of a request to arrive.
        body_timeout: integer = 10, (1..=600);
        /// Refused tries a minute from one address (IPv6: one /64 network) before further ones get 429.
        refused_per_source: integer = 600, (1..=1_000_000_000);
        /// Refused tries a minute from one address for one client before further ones get 429.
        refused_per_client: integer = 60, (1..=1_000_000_000);
        /// Seconds for which requests are still taken after SIGTERM, while `/readyz` says 503, so that a load balancer turns away
        /// first. Set it to twice the time between two of its looks.
        drain: integer = 0, (0..=3600);
        /// Seconds for requests in work to finish when the server stops.
        shutdown_grace: integer = 30, (0..=3600);
    }
}

settings! {
    /// How much of the registry is held in memory.
    CacheSettings in "cache" {
        /// MiB of memory for clients, of which a typical one takes 480 bytes. Each client beyond it costs a read of the store when
        /// it comes back.
        clients_mebibytes: integer = 256, (1..=1_048_576);
        /// MiB of memory for businesses, of which each takes 150 bytes.
        businesses_mebibytes: integer = 16, (1..=1_048_576);
    }
}

settings! {
    /// What is done without the store.
    OutageSettings in "outage" {
        /// Seconds after the last successful read of the change feed for which tokens are still given out. A client disabled
        /// during an outage can get tokens for that long.
        max_staleness: integer = 240, (1..=86_400);
        /// A folder for the sealed snapshot that a node starts from while the database is away; each node needs one of its own.
        /// Nothing is kept where it is empty, nor for an SQLite file.
        snapshot: text = "snapshot";
    }
}

settings! {
    /// How the change feed is followed.
    FeedSettings in "feed" {
        /// Milliseconds between two polls: how soon a change made elsewhere is in force here.
        poll_milliseconds: integer = 500, (50..=10_000);
        /// Milliseconds between two times that counts of requests and last uses of credentials are written down. Each node writes a credential's at most once in ten minutes.
        flush_milliseconds: integer = 3000, (100..=60_000);
    }
}

settings! {
    /// Signing keys: see [keys.md](keys.md).
    KeySettings in "keys" {
        /// Seconds after which the next signing key takes the place of the active one; 0 leaves that to `mintmark key rotate`. Keys
        /// are published before they sign, so one signs for 15 minutes at least.
        rotate_after: integer = 2_592_000, (0..=315_360_000);
    }
}

impl KeySettings {
    /// The period as the schedule takes it.
    pub fn rotate_after(&self) -> u32 {
        u32::try_from(self.rotate_after).unwrap_or(u32::MAX)
    }
}

settings! {
    /// Threads for RSA signatures.
    SignerSettings in "signers" {
        /// How many; 0 is one for each core.
        threads: integer = 0, (0..=1024);
    }
}

settings! {
    /// Requests that the server makes itself: for the keys that clients and other issuers publish.
    OutgoingSettings in "outgoing" {
        /// Hosts with their ports, as in `keys.internal:8443`, that may be at any address, also at one of this machine. Others are
        /// fetched from only where all their addresses are public. It holds for what the operator names, and not for the endpoints of
        /// tenants.
        allow: list = "[]";
        /// The same for the endpoints that tenants have their notices sent to, whose URLs they choose themselves. Without it they are told
        /// at public addresses alone, whatever `allow` and `refuse_private` say: any tenant can have what stands here asked.
        allow_tenant_webhooks: list = "[]";
        /// Ports besides 443 at other hosts.
        ports: list = "[]";
        /// A PEM file of authorities that count besides the system's.
        ca_file: text = "";
        /// Whether private networks (10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, `fc00::/7`) are refused too. Loopback, link-local
        /// and the like always are, and private networks to endpoints of tenants.
        refuse_private: boolean = true;
    }
}

settings! {
    /// Credentials that leak: see [leaks.md](leaks.md).
    LeakSettings in "leaks" {
        /// What a report of a leaked secret does: `quarantine` has it give no tokens until somebody decides or `revoke_after` is over;
        /// `observe` only tells its owner.
        policy: choice = "quarantine", ["quarantine", "observe"];
        /// Environments that only observe, whatever `policy` says.
        observe: list = "[]";
        /// Hours of quarantine after which a secret is turned off for ever.
        revoke_after: integer = 72, (1..=8760);
        /// Whether the tokens of a secret end when it is put in quarantine; otherwise they live out their time, or end when it is turned
        /// off.
        end_tokens: boolean = false;
        /// A JSON file with the public keys of secret scanners, as GitHub publishes its own. Their signed reports name many secrets at
        /// once and are answered with what each was. Without it anybody may report a secret that they hold, one at a time.
        reporters_file: text = "";
    }
}

settings! {
    /// Traces of token requests: see [observability.md](observability.md).
    TracingSettings in "tracing" {
        /// The collector's address for OTLP over HTTP with protobuf, whole: `http://127.0.0.1:4318/v1/traces`. Nothing is traced where it
        /// is empty.
        endpoint: text = "";
        /// Of how many token requests one is traced, by chance. Those that a configured proxy traces are traced besides, where its
        /// `traceparent` counts.
        one_in: integer = 100, (1..=1_000_000);
        /// How many requests are traced in a second, at most, because a proxy says so; the others by chance, as if it had said nothing.
        proxied_per_second: integer = 20, (0..=100_000);
        /// Traced requests that wait for the collector at most; one more is dropped, and counted.
        queue: integer = 1024, (1..=65_536);
        /// A file with headers for the collector, such as its key: `name: value` in each line, readable by the server alone.
        headers_file: text = "";
    }
}

settings! {
    /// What is logged. Secrets, tokens and keys never are, at any level.
    LogSettings in "log" {
        /// `error`, `warn`, `info`, `debug` or `trace`, for Mintmark's own events.
        level: choice = "info", ["error", "warn", "info", "debug", "trace"];
        /// `text` or `json`.
        format: choice = "text", ["text", "json"];
    }
}
