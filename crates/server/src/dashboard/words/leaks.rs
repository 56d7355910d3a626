//! What the pages about leaks say.

pub(crate) const TITLE: &str = "Leaks";
pub(crate) const LEAD: &str =
    "Secrets that were reported as lying where others can read them, and what was decided about each.";
pub(crate) const SECRET: &str = "Secret";
pub(crate) const STATE: &str = "State";
pub(crate) const ANY: &str = "Any";
pub(crate) const REPORTED: &str = "Reported";
pub(crate) const REPORTED_AT: &str = "Last reported";
pub(crate) const QUARANTINED: &str = "In quarantine";
pub(crate) const RELEASED: &str = "Released";
pub(crate) const REVOKED: &str = "Turned off";
pub(crate) const OFF_AT: &str = "Turned off for good";
pub(crate) const FILTER: &str = "Show";
pub(crate) const EMPTY: &str = "No secret was reported";
pub(crate) const EMPTY_WHY: &str = "Scanners know how secrets of this server look and report those that they find. What they report stands here, for you to decide about.";
pub(crate) const NOTHING: &str = "No leak matches";
pub(crate) const NOTHING_WHY: &str = "Leaks are listed by environment, and by where the answer to them stands.";
pub(crate) const SHOW_ALL: &str = "Show all leaks";
pub(crate) const GO_ON: &str = "None so far; go on";

pub(crate) const CLIENT: &str = "Client";
pub(crate) const FOUND_AT: &str = "Found at";
pub(crate) const FOUND_NOWHERE: &str = "not said";
pub(crate) const FOUND_MEANS: &str = "A stranger wrote this. Look before you follow it.";
pub(crate) const REPORTER: &str = "Reported by";
pub(crate) const HOLDER: &str = "somebody who holds it";
pub(crate) const DECIDED: &str = "Decided";
pub(crate) const REASON: &str = "Reason";

pub(crate) const QUARANTINED_TITLE: &str = "This secret gives no tokens";
pub(crate) const REPORTED_TITLE: &str = "This secret still works";
pub(crate) const REPORTED_MEANS: &str =
    "This environment only watches for leaks: whoever found the secret can use it, and nothing ends by itself.";
pub(crate) const RELEASED_TITLE: &str = "This secret was released";
pub(crate) const RELEASED_MEANS: &str =
    "It works, unless it was turned off since. If it is reported again it counts as leaked again, so rotate it soon.";
pub(crate) const REVOKED_TITLE: &str = "This secret is turned off for good";
pub(crate) const REVOKED_MEANS: &str = "It gives no tokens any more, and those that it got ended.";

pub(crate) const NEXT: &str = "What to do";
pub(crate) const NEXT_STEPS: [&str; 3] = [
    "Add another secret to the client. The leaked one does not count towards the five that it may have.",
    "Put it in the leaked one’s place, and look that the client gets tokens.",
    "Turn the leaked one off.",
];
pub(crate) const ADD: &str = "Add another secret";

pub(crate) const REVOKE: &str = "Turn off for good";
pub(crate) const REVOKE_TITLE: &str = "Turn it off for good, now";
pub(crate) const REVOKE_MEANS: &str = "It never gives a token again, and those that it got end now, where services ask this server or follow its revocations. The client’s other credentials stay in force.";
pub(crate) const RELEASE: &str = "Release";
pub(crate) const RELEASE_TITLE: &str = "Release it";
pub(crate) const RELEASE_MEANS: &str = "For a report that is wrong: the secret works again at once, also for whoever found it.";
pub(crate) const CLOSE_MEANS: &str = "For a report that is wrong: the leak is closed, and the secret works on.";
pub(crate) const RELEASE_REASON: &str = "Why it may be used";
pub(crate) const RELEASE_REASON_HINT: &str =
    "For the audit log and for those who ask later, such as: an example in our documentation.";
pub(crate) const NOT_CONFIRMED: &str = "What was typed is not the end of this secret. Type it exactly to confirm.";
pub(crate) const SEE: &str = "See the leak";

pub(crate) fn title(hint: &str) -> String {
    format!("Leaked secret …{hint}")
}

pub(crate) fn confirm_revoke(hint: &str) -> String {
    format!("Turn …{hint} off for good?")
}

/// When a secret in quarantine is turned off: how far away that is, and the moment.
pub(crate) fn ends(left: &str, exact: &str) -> String {
    format!("It is turned off for good {left} ({exact}), unless somebody decides before.")
}

/// What the client's pages say of a secret in quarantine.
pub(crate) fn quarantined(hint: &str, left: &str) -> (String, String) {
    let text = format!("It gives no tokens, and is turned off for good {left}. Put another one in its place.");
    (format!("The secret …{hint} was reported as leaked"), text)
}

/// What they say of one that works on.
pub(crate) fn reported(hint: &str) -> (String, String) {
    let text = "It works on, also for whoever found it. Put another one in its place.".to_owned();
    (format!("The secret …{hint} was reported as leaked"), text)
}

pub(crate) fn showing(count: usize) -> String {
    if count == 1 { "1 leak on this page".to_owned() } else { format!("{count} leaks on this page") }
}
