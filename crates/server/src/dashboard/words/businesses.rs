//! What the pages about businesses say.

pub(crate) const TITLE: &str = "Businesses";
pub(crate) const LEAD: &str = "Companies that a tenant acts for. A token can be scoped to one of them.";
pub(crate) const NEW: &str = "New business";
pub(crate) const ID: &str = "Business ID";
pub(crate) const SEARCH: &str = "Search by a part of the name";
pub(crate) const EXTERNAL: &str = "Your own ID for it";
pub(crate) const EXTERNAL_HINT: &str =
    "What your own systems call it. Clients are brought to other environments by it: give both the same one.";
pub(crate) const EXTERNAL_STAYS: &str = "One that was given is changed, not taken away.";
pub(crate) const EMPTY: &str = "No businesses yet";
pub(crate) const EMPTY_WHY: &str = "Add the companies that you act for, and limit clients and tokens to them, so that one company’s token never opens another’s data.";
pub(crate) const NOTHING: &str = "No business matches";
pub(crate) const NOTHING_WHY: &str = "Search looks at names, in this environment only.";
pub(crate) const NOTHING_ACTION: &str = "Show all businesses";
pub(crate) const DISABLE_TITLE: &str = "Disable this business";
pub(crate) const DISABLE_MEANS: &str =
    "No token is scoped to it any more, and those that are end, where services ask this server or follow its revocations.";
pub(crate) const ENABLE_TITLE: &str = "Enable this business";
pub(crate) const ENABLE_MEANS: &str = "Tokens may be scoped to it again. Those that ended stay ended.";
pub(crate) const REVOKE_MEANS: &str = "The tokens that are scoped to it end now, where services ask this server or follow its revocations. Clients can get new ones.";
pub(crate) const GO_ON: &str = "None so far; go on";

pub(crate) fn showing(count: usize) -> String {
    if count == 1 { "1 business on this page".to_owned() } else { format!("{count} businesses on this page") }
}
