pub(crate) const TITLE: &str = "Signing keys";
pub(crate) const LEAD: &str = "What tokens are signed with. For each algorithm one key signs, a next one is published before it does, and an old one stays published until its last token is over.";
pub(crate) const KEY: &str = "Signing key";
pub(crate) const KID: &str = "Key ID";
pub(crate) const ALGORITHM: &str = "Algorithm";
pub(crate) const STATE: &str = "State";
pub(crate) const SAFE: &str = "Next safe step";
pub(crate) const ALL: &str = "All keys";
pub(crate) const EMPTY: &str = "No keys here";
pub(crate) const EMPTY_WHY: &str = "An environment gets its first keys when the server starts with it.";
pub(crate) const ROTATE: &str = "Rotate now";
pub(crate) const REVOKE: &str = "Revoke key";
pub(crate) const REMOVE: &str = "Remove key";
pub(crate) const RESTORE: &str = "Publish again";
pub(crate) const LIFE: &str = "Life of this key";

pub(crate) const NEXT: &str = "Next";
pub(crate) const ACTIVE: &str = "Active";
pub(crate) const RETIRING: &str = "Retiring";
pub(crate) const REMOVED: &str = "Removed";
pub(crate) const REVOKED: &str = "Revoked";

pub(crate) const PUBLISHED: &str = "Published";
pub(crate) const PUBLISHED_MEANS: &str = "Verifiers read it from the JWKS from then on.";
pub(crate) const USABLE: &str = "May sign";
pub(crate) const USABLE_MEANS: &str = "The earliest safe time: verifiers know it by then.";
pub(crate) const SIGNS: &str = "Signs";
pub(crate) const SIGNS_MEANS: &str = "New tokens carry its id.";
pub(crate) const RETIRED: &str = "Signs no more";
pub(crate) const RETIRED_MEANS: &str = "It stays published for the tokens that it signed.";
pub(crate) const REMOVABLE: &str = "Can be removed";
pub(crate) const REMOVABLE_MEANS: &str = "The earliest safe time: none of its tokens can be valid any more.";
pub(crate) const WITHDRAWN: &str = "Removed";
pub(crate) const WITHDRAWN_MEANS: &str =
    "It is in the JWKS no more, and can be put back until its row is deleted, 30 days later.";
pub(crate) const ENDED: &str = "Revoked";
pub(crate) const ENDED_MEANS: &str = "Every token that it signed is refused, for ever.";

pub(crate) const REVOKE_TITLE: &str = "Emergency: revoke this key";
pub(crate) const REVOKE_MEANS: &str =
    "For a key that is in wrong hands, or may be. Every token that it signed is refused, and nothing brings it back.";
pub(crate) const REVOKE_EFFECT_ACTIVE: &str = "Every token that this key signed is refused as soon as verifiers hear of it. It is taken out of the JWKS for ever, another key signs at once, and clients have to obtain new tokens: until verifiers have read the new key, some refuse those too.";
pub(crate) const REVOKE_EFFECT: &str =
    "Every token that this key signed is refused as soon as verifiers hear of it. It is taken out of the JWKS for ever.";
pub(crate) const REMOVE_SAFE: &str = "No token that it signed can be valid any more: nobody will notice.";
pub(crate) const REMOVE_NEXT: &str = "It has signed nothing: nobody will notice. Another next key is made when the time comes.";
pub(crate) const RESTORE_EFFECT: &str =
    "It is in the JWKS again, as a retiring key: it signs nothing, and its tokens are valid where they still are.";

pub(crate) const ROTATE_READY: &str = "The next key signs from now on. This one retires: it stays published until its last token is over, and is removed by itself then.";
pub(crate) const ROTATE_PREPARE: &str = "There is no next key yet. One is made and published now, and this one goes on signing; rotate again when verifiers know it, 15 minutes from now.";

pub(crate) fn rotate_early(usable: &str) -> String {
    format!("The next key may sign from {usable} on: until then some verifiers do not know it, and nothing would be changed.")
}

pub(crate) fn rotate(algorithm: &str) -> String {
    format!("Rotate the {algorithm} key now?")
}

pub(crate) fn revoke(short: &str) -> String {
    format!("Revoke the key {short} for ever?")
}

pub(crate) fn remove(short: &str) -> String {
    format!("Remove the key {short}?")
}

pub(crate) fn restore(short: &str) -> String {
    format!("Publish the key {short} again?")
}

pub(crate) fn remove_early(until: &str) -> String {
    format!("Tokens that it signed may be valid until {until}. Without the key every verifier refuses them.")
}

pub(crate) fn usable_at(when: &str) -> String {
    format!("May sign from {when}")
}

pub(crate) fn signs_since(when: &str) -> String {
    format!("Signs since {when}")
}

pub(crate) fn removable_at(when: &str) -> String {
    format!("Can be removed from {when}")
}

pub(crate) fn kid(kid: &str, said: &str) -> String {
    format!("{kid} · {said}")
}
