pub(crate) const TITLE: &str = "This node";
pub(crate) const LEAD: &str = "How the node that answers you and its database are. Other nodes tell of themselves: ask them.";
pub(crate) const READY: &str = "Ready: it gets requests";
pub(crate) const READY_MEANS: &str = "What it knows is fresh enough to decide from.";
pub(crate) const NOT_READY: &str = "Not ready: requests should go elsewhere";
pub(crate) const VERSION: &str = "Version";
pub(crate) const DATABASE: &str = "Database";
pub(crate) const ANSWERS: &str = "answers";
pub(crate) const SILENT: &str = "does not answer now";
pub(crate) const SILENT_MEANS: &str =
    "Tokens are issued from what the node holds, for as long as outage.max_staleness allows; nothing can be changed meanwhile.";
pub(crate) const HEAD: &str = "Changes in the database";
pub(crate) const POSITION: &str = "Changes that this node follows";
pub(crate) const STALE: &str = "none: heard of too long ago";
pub(crate) const AGE: &str = "Change feed last read";
pub(crate) const CLOCK: &str = "Clock, beside the database’s";
pub(crate) const CLIENTS: &str = "Clients in memory";
pub(crate) const BUSINESSES: &str = "Businesses in memory";
pub(crate) const BYTES: &str = "Memory they take";
pub(crate) const NAMES: &str = "Names of clients known";
pub(crate) const REVOCATIONS: &str = "Revocations held";
pub(crate) const DIALECTS: &str = "Dialects mounted";
pub(crate) const RELOAD: &str = "Dialects last read again";
pub(crate) const NEVER: &str = "not since it started";
pub(crate) const FAILED: &str = "with mistakes: the ones from before stay";
pub(crate) const UNKNOWN: &str = "not read yet";

pub(crate) fn behind(count: u64) -> String {
    match count {
        0 => "all of them".to_owned(),
        1 => "1 behind".to_owned(),
        _ => format!("{count} behind"),
    }
}

pub(crate) fn seconds_ago(seconds: u64) -> String {
    format!("{seconds} s ago")
}

pub(crate) fn ahead(seconds: i64) -> String {
    if seconds == 0 { "the same".to_owned() } else { format!("{seconds} s ahead") }
}

pub(crate) fn kibibytes(bytes: u64) -> String {
    format!("{} KiB", bytes / 1024)
}
