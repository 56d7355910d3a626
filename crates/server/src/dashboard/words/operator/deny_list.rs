pub(crate) const TITLE: &str = "Deny list";
pub(crate) const LEAD: &str = "Tokens that are refused though they have not expired. Entries leave by themselves when no such token can be valid any more.";
pub(crate) const WHAT: &str = "Whose tokens";
pub(crate) const KIND: &str = "Kind";
pub(crate) const ANY: &str = "Any";
pub(crate) const ENVIRONMENT: &str = "Environment";
pub(crate) const EVERYWHERE: &str = "all";
pub(crate) const SINCE: &str = "Refused since";
pub(crate) const BY: &str = "By";
pub(crate) const UNTIL: &str = "Kept until";
pub(crate) const UNKNOWN: &str = "unknown";
pub(crate) const EMPTY: &str = "Nothing is revoked now";
pub(crate) const EMPTY_WHY: &str =
    "What you end stands here: a token, or all tokens from before that moment of a credential, client, business or tenant.";
pub(crate) const NOTHING: &str = "Nothing of this kind is revoked now";
pub(crate) const NOTHING_ACTION: &str = "Show all";
pub(crate) const FILTER: &str = "Show";

pub(crate) const CREDENTIAL: &str = "Credential";
pub(crate) const CLIENT: &str = "Client";
pub(crate) const BUSINESS: &str = "Business";
pub(crate) const TENANT: &str = "Tenant";
pub(crate) const TOKEN: &str = "One token";

pub(crate) const REVOKE_TOKEN: &str = "Revoke one token";
pub(crate) const REVOKE_TOKEN_LEAD: &str =
    "Paste the token itself. Its signature is verified first; it is not kept, and this page does not show it again.";
pub(crate) const TOKEN_FIELD: &str = "Token";
pub(crate) const REVOKE: &str = "Revoke token";
pub(crate) const REVOKE_CLIENT: &str = "End all tokens of a client";
pub(crate) const REVOKE_CLIENT_LEAD: &str = "Those that it has now. It can obtain new ones: disable it to keep it out.";
pub(crate) const CLIENT_ID: &str = "Client ID";
pub(crate) const CREDENTIAL_ID: &str = "Credential ID";
pub(crate) const CREDENTIAL_HINT: &str = "To end only the tokens that this credential obtained.";
pub(crate) const REVOKE_TENANT: &str = "End all tokens of a tenant";
pub(crate) const REVOKE_TENANT_LEAD: &str = "Of all its clients, in every environment. They can obtain new ones.";
pub(crate) const TENANT_ID: &str = "Tenant ID";
pub(crate) const END: &str = "End tokens";

pub(crate) const NO_CLIENT: &str = "There is no such client in this environment.";
pub(crate) const NO_CREDENTIAL: &str = "This client has no such credential.";
pub(crate) const NO_TENANT: &str = "There is no such tenant.";
pub(crate) const MALFORMED: &str = "This is no token of this server.";
pub(crate) const INVALID: &str =
    "It says that it is of this server, and is not: changed, forged, or signed by a key that is gone.";
pub(crate) const FOREIGN: &str = "This token is of another issuer.";
pub(crate) const EXPIRED: &str = "This token has expired: it is refused already.";
pub(crate) const REVOKED: &str = "This token is revoked already.";
pub(crate) const NAMELESS: &str =
    "This token has no id (jti), so it cannot be revoked by itself. End all tokens of its client.";

pub(crate) fn showing(count: usize) -> String {
    if count == 1 { "1 entry".to_owned() } else { format!("{count} entries") }
}
