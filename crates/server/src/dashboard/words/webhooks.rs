//! What the pages about webhooks say.

use mintmark_core::notice::NoticeKind;

pub(crate) const TITLE: &str = "Webhooks";
pub(crate) const LEAD: &str = "Endpoints of yours that are told what happens: a secret expires or leaks, a quota is used up. Each notice is a signed POST.";
pub(crate) const NEW: &str = "New endpoint";
pub(crate) const NEW_LEAD: &str = "It is told from the next event on.";
pub(crate) const ENDPOINT: &str = "Endpoint";
pub(crate) const ID: &str = "Endpoint ID";
pub(crate) const TOLD: &str = "Is told";
pub(crate) const EVERYTHING: &str = "everything";
pub(crate) const FILTER: &str = "Show";
pub(crate) const EMPTY: &str = "No endpoints yet";
pub(crate) const EMPTY_WHY: &str =
    "Add one, and your own systems hear that a secret expires or leaks before somebody has to look for it here.";
pub(crate) const NOTHING: &str = "This tenant has no endpoint here";
pub(crate) const NOTHING_WHY: &str = "Endpoints belong to one environment each.";
pub(crate) const SHOW_ALL: &str = "Show all endpoints";

pub(crate) const TENANT: &str = "Belongs to";
pub(crate) const OPERATORS: &str = "The operator";
pub(crate) const OPERATORS_HINT: &str = "An endpoint of the operator is told everything of the environment.";
pub(crate) const TENANT_HINT: &str =
    "A tenant’s ID. Leave it empty for an endpoint of the operator, which is told everything of the environment.";
pub(crate) const URL: &str = "URL";
pub(crate) const URL_HINT: &str = "It begins with https:// and leads to the public network. Redirects are not followed.";
pub(crate) const KINDS: &str = "What it is told";
pub(crate) const KINDS_HINT: &str = "With none chosen, everything, also what a later version tells.";
pub(crate) const SAVE: &str = "Save";

pub(crate) const TEST: &str = "Send a test notice";
pub(crate) const DELIVERIES: &str = "Deliveries";
pub(crate) const NO_DELIVERIES: &str = "Nothing was told yet. Send a test notice to see whether one arrives.";
pub(crate) const NO_DELIVERIES_OFF: &str = "Nothing was told yet.";
pub(crate) const NOTICE: &str = "Notice";
pub(crate) const STATE: &str = "State";
pub(crate) const TRIES: &str = "Tries";
pub(crate) const LAST_TRY: &str = "Last try";
pub(crate) const NEXT_TRY: &str = "Next try";
pub(crate) const DUE: &str = "any moment";
pub(crate) const WAITING: &str = "Waiting";
pub(crate) const AGAIN: &str = "Not taken yet";
pub(crate) const DELIVERED: &str = "Delivered";
pub(crate) const FAILED: &str = "Given up";
pub(crate) const NO_ANSWER: &str = "no answer";
pub(crate) const DROPPED: &str = "Notices were left out";
pub(crate) const OFF: &str = "This endpoint is turned off";
pub(crate) const OFF_MEANS: &str =
    "It is told nothing. Somebody turned it off, or it answered 410, by which an endpoint says that it is gone.";

pub(crate) const VERIFY: &str = "How its receiver verifies a notice";
pub(crate) const VERIFY_MEANS: &str = "Each notice is signed (HTTP Message Signatures, RFC 9421, Ed25519) under the label mintmark, with the tag mintmark-webhook, over method, target URI, content type and digest. There is no secret to share: fetch the public keys, keep them for five minutes, and compare environment and tenant with yours.";
pub(crate) const KEYS: &str = "The public keys of this environment";

pub(crate) const DISABLE: &str = "Turn off";
pub(crate) const DISABLE_TITLE: &str = "Turn this endpoint off";
pub(crate) const DISABLE_MEANS: &str =
    "It is told nothing any more. What waits for it is given up, also if it is turned on again.";
pub(crate) const CONFIRM_DISABLE: &str = "Turn this endpoint off?";
pub(crate) const ENABLE: &str = "Turn on";
pub(crate) const ENABLE_TITLE: &str = "Turn this endpoint on";
pub(crate) const ENABLE_MEANS: &str = "It is told what happens from now on; what happened meanwhile it is not told.";
pub(crate) const REMOVE: &str = "Remove";
pub(crate) const REMOVE_TITLE: &str = "Remove this endpoint";
pub(crate) const REMOVE_MEANS: &str = "It goes, and the list of its deliveries with it.";
pub(crate) const CONFIRM_REMOVE: &str = "Remove this endpoint?";
pub(crate) const NOT_CONFIRMED: &str = "What was typed is not the endpoint’s name. Type it exactly to confirm.";

/// What a kind of notice is about.
pub(crate) fn kind(kind: NoticeKind) -> &'static str {
    match kind {
        NoticeKind::SecretExpiring => "a credential expires in 30, 7 or 1 days",
        NoticeKind::SecretRotation => "a step of a secret’s rotation",
        NoticeKind::QuotaCrossed => "a part of a quota is used up",
        NoticeKind::LeakReported => "a secret is reported as leaked, and works on",
        NoticeKind::LeakQuarantined => "a secret is reported as leaked, and gives no tokens",
        NoticeKind::LeakReleased => "somebody let a leaked secret work again",
        NoticeKind::LeakRevoked => "a leaked secret is turned off for good",
        NoticeKind::ClientLockedOut => "an address is refused for trying a client’s name too often",
        NoticeKind::Test => "somebody tries the endpoint out",
    }
}

pub(crate) fn kinds(count: usize) -> String {
    match count {
        0 => EVERYTHING.to_owned(),
        1 => "1 kind of notice".to_owned(),
        _ => format!("{count} kinds of notices"),
    }
}

pub(crate) fn showing(count: usize) -> String {
    if count == 1 { "1 endpoint on this page".to_owned() } else { format!("{count} endpoints on this page") }
}

pub(crate) fn showing_deliveries(count: usize) -> String {
    if count == 1 { "1 delivery on this page".to_owned() } else { format!("{count} deliveries on this page") }
}

pub(crate) fn dropped(count: u64) -> String {
    let what = if count == 1 { "One notice was".to_owned() } else { format!("{count} notices were") };
    format!("{what} not told, because a thousand others waited for this endpoint. See to its receiver.")
}
