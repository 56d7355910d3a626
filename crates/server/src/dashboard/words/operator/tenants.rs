pub(crate) const TITLE: &str = "Tenants";
pub(crate) const LEAD: &str = "Customer organisations. Each has its own clients, businesses and members, in every environment.";
pub(crate) const NEW: &str = "New tenant";
pub(crate) const NAME: &str = "Name";
pub(crate) const NAME_HINT: &str = "What people call the organisation, such as “Acme Ltd”.";
pub(crate) const ID: &str = "Tenant ID";
pub(crate) const STATUS: &str = "Status";
pub(crate) const ANY: &str = "Any";
pub(crate) const CREATED: &str = "Created";
pub(crate) const ATTRIBUTES: &str = "Attributes for tokens";
pub(crate) const CREATE: &str = "Create tenant";
pub(crate) const SEARCH: &str = "Name";
pub(crate) const EMPTY: &str = "No tenants yet";
pub(crate) const EMPTY_WHY: &str =
    "A tenant is an organisation that you serve. Clients belong to one, and its own members see nothing of the others.";
pub(crate) const NOTHING: &str = "No tenant fits";
pub(crate) const NOTHING_WHY: &str = "No tenant has such a name and status.";
pub(crate) const NOTHING_ACTION: &str = "Show all tenants";
pub(crate) const SEARCHING: &str = "So many tenants were looked through; there are more on the next page.";

pub(crate) const RENAME: &str = "Save name";
pub(crate) const CLIENTS: &str = "Clients";
pub(crate) const MEMBERS: &str = "Members";
pub(crate) const SEE_MEMBERS: &str = "See its members";
pub(crate) const DISABLE: &str = "Disable tenant";
pub(crate) const DISABLE_TITLE: &str = "Disable this tenant";
pub(crate) const DISABLE_MEANS: &str =
    "None of its clients gets a token, the tokens that they have are refused, and its members cannot sign in.";
pub(crate) const ENABLE: &str = "Enable tenant";
pub(crate) const DISABLED: &str = "This tenant is disabled";
pub(crate) const DISABLED_MEANS: &str = "Its clients get no tokens and its members cannot sign in. Enabled again, clients get new tokens with the credentials that they have; members sign in anew.";

pub(crate) const ENTITLEMENT: &str = "What it may give its clients";
pub(crate) const ENTITLEMENT_LEAD: &str = "Its owners and developers make clients themselves, with these scopes and dialects at most. This gives nobody a token, and what you take away here stays with the clients that have it.";
pub(crate) const NOT_SAID: &str = "Nothing yet";
pub(crate) const NOT_SAID_MEANS: &str = "Its members can make clients that speak the standard dialect and may ask for nothing. You give them more one by one, or say here what they may give.";
pub(crate) const SCOPES: &str = "Scopes";
pub(crate) const NO_RESOURCES: &str = "No resources here";
pub(crate) const NO_RESOURCES_WHY: &str =
    "Scopes belong to resources: the APIs that tokens are for. This environment has none with scopes yet.";
pub(crate) const DIALECTS: &str = "Dialects";
pub(crate) const STANDARD: &str = "Every tenant’s clients may speak this one.";
pub(crate) const GONE: &str = "There is no such dialect any more.";
pub(crate) const LIFETIME: &str = "Longest life of tokens, in seconds";
pub(crate) const LIFETIME_HINT: &str =
    "1 to 86400. A client that says nothing gets this. Left empty, what dialect and environment say counts.";
pub(crate) const CHANGED: &str = "Last changed";
pub(crate) const SAVE: &str = "Save entitlement";
pub(crate) const BEYOND: &str = "Clients with more than that";
pub(crate) const BEYOND_LEAD: &str =
    "They were given it by you, or when the tenant was still entitled to it, and keep it until somebody takes it away.";
pub(crate) const BEYOND_WHAT: &str = "Beyond the entitlement";
pub(crate) const LONGER: &str = "tokens that live longer";
pub(crate) const MORE: &str = "There are more; the API lists all.";

pub(crate) fn showing(count: usize) -> String {
    if count == 1 { "1 tenant".to_owned() } else { format!("{count} tenants") }
}

pub(crate) fn clients(count: usize, has_more: bool) -> String {
    match (count, has_more) {
        (_, true) => format!("{count} or more clients"),
        (1, false) => "1 client".to_owned(),
        _ => format!("{count} clients"),
    }
}

pub(crate) fn confirm_disable(name: &str) -> String {
    format!("Disable {name}?")
}

/// What turning a tenant off does, with the number of its clients.
pub(crate) fn effect(clients: &str) -> String {
    format!(
        "{clients} will get no tokens in any environment, and the tokens that they hold are refused from now on. Members are signed out \
         and cannot sign in; tokens of its management clients end for good. Nothing is deleted."
    )
}

pub(crate) fn saved_on(environment: &str) -> String {
    format!("Entitlement in {environment}")
}
