pub(crate) const TITLE: &str = "Resources";
pub(crate) const LEAD: &str = "The APIs that tokens are for. Each has a URI, which tokens carry as aud, and a catalogue of the scopes that it understands.";
pub(crate) const NEW: &str = "New resource";
pub(crate) const NEW_LEAD: &str = "Clients get tokens for it as soon as they are granted scopes of it.";
pub(crate) const CREATE: &str = "Create resource";
pub(crate) const SAVE: &str = "Save resource";
pub(crate) const EDIT: &str = "Change it";
pub(crate) const NAME: &str = "Name";
pub(crate) const NAME_HINT: &str = "What people call it, such as “Ledger API”.";
pub(crate) const URI: &str = "URI";
pub(crate) const URI_HINT: &str = "Absolute, without a fragment, such as https://api.example.com. It stays as it is.";
pub(crate) const SCOPES: &str = "Scopes";
pub(crate) const SCOPE: &str = "Scope";
pub(crate) const MEANS: &str = "What it allows";
pub(crate) const SCOPES_HINT: &str = "One a line: the scope, a space, and what it allows, for people. A line that you take away is a scope that nobody gets any more, whatever was granted.";
pub(crate) const SCOPES_NEW_HINT: &str =
    "One a line: the scope, a space, and what it allows, for people. You can add more later.";
pub(crate) const SCOPE_TWICE: &str = "Each scope on one line.";
pub(crate) const FORMAT: &str = "Form of tokens";
pub(crate) const FORMAT_DEFAULT: &str = "As the dialect says";
pub(crate) const JWT: &str = "JWT: verified without asking";
pub(crate) const OPAQUE: &str = "Opaque: asked about at the introspection endpoint";
pub(crate) const ALGORITHM: &str = "Algorithm";
pub(crate) const ALGORITHM_DEFAULT: &str = "As the dialect or environment says";
pub(crate) const CREATED: &str = "Created";
pub(crate) const ID: &str = "Resource ID";
pub(crate) const EMPTY: &str = "No resources here";
pub(crate) const EMPTY_WHY: &str =
    "A resource is an API that takes tokens. Make one, with its scopes, and clients can be granted them.";
pub(crate) const NO_SCOPES: &str = "It understands no scopes yet.";
pub(crate) const HOLDERS: &str = "Who has them";
pub(crate) const HOLDERS_NONE: &str = "No client may ask for this resource.";
pub(crate) const HOLDERS_UNSEEN: &str = "None of the first clients; there are more on the next page.";
pub(crate) const CLIENT: &str = "Client";
pub(crate) const SERVES: &str = "serves it";

pub(crate) fn bad_line(line: usize) -> String {
    format!("Line {line}: expected a scope of printable ASCII without spaces, quotes and backslashes, then what it allows.")
}

pub(crate) fn showing(count: usize) -> String {
    if count == 1 { "1 client".to_owned() } else { format!("{count} clients") }
}
