//! What a change did, said once on the page that one comes to after it.
//!
//! The address says which of these sentences: nothing else can be put into somebody's page by a link.

use super::frame::{Flash, Tone};

/// The field of the query.
pub(crate) const FIELD: &str = "done";

/// Each word of an address, with its sentence.
const SENTENCES: &[(&str, &str)] = &[
    ("confirmed", "You confirmed that it is you."),
    (
        "done-before",
        "That form was sent before and did its work then. What it made was shown that one time, and nothing was made again.",
    ),
    ("unclear", "That form was sent before, and nobody knows what became of it. Look below before you fill it in again."),
    ("saved", "Saved."),
    ("tenant-created", "The tenant was created. Say below what it may give its clients, and invite its first member."),
    ("tenant-disabled", "The tenant is disabled: its clients get no tokens, and those that they held are refused."),
    ("tenant-enabled", "The tenant is enabled: its clients get tokens again."),
    ("entitlement-saved", "The entitlement is saved. Clients keep what they have."),
    ("quota-saved", "The quota is saved and in force within seconds."),
    ("quota-removed", "The quota is removed: any number of tokens may be given."),
    ("resource-created", "The resource was created. Grant its scopes to clients, or say which tenants may."),
    ("token-revoked", "The token is refused from now on."),
    ("client-tokens-ended", "The client’s tokens from before now are refused. It can obtain new ones."),
    ("credential-tokens-ended", "The tokens that this credential obtained before now are refused."),
    ("tenant-tokens-ended", "The tokens of the tenant’s clients from before now are refused. They can obtain new ones."),
    ("key-rotated", "The next key signs from now on. The one before stays published until its last token is over."),
    ("key-prepared", "A next key is published. Rotate again in 15 minutes, when verifiers know it."),
    ("key-too-early", "Nothing was changed: verifiers may not know the next key yet. See below from when on it may sign."),
    ("key-rotated-before", "Nothing was changed: another key signs already."),
    ("key-revoked", "The key is revoked: every token that it signed is refused."),
    ("key-removed", "The key is removed from the JWKS. It can be published again for 30 days."),
    ("key-restored", "The key is published again."),
    ("role-changed", "The role was changed; they are signed out everywhere."),
    ("member-disabled", "The member is disabled and signed out everywhere."),
    ("member-enabled", "The member can sign in again."),
    ("member-removed", "The member was removed; the address is free."),
    ("sessions-ended", "What you ended is over."),
    ("invitation-cancelled", "The invitation was taken back; its link is worth nothing."),
    ("program-disabled", "The program is disabled, and its tokens are worth nothing."),
    ("program-enabled", "The program can ask for tokens again."),
    ("password-changed", "You have a new password. Your other sessions are over."),
    ("authenticator-changed", "Codes of your new authenticator count from now on. Your other sessions are over."),
    ("passkey-added", "The passkey was added. You can sign in with it."),
    ("passkey-removed", "The passkey was removed. Your other sessions are over."),
    ("client-saved", "The client was changed."),
    ("client-disabled", "The client is disabled: it gets no more tokens, and those that it has end."),
    ("client-enabled", "The client may ask for tokens again."),
    ("client-revoked", "The client’s tokens end now."),
    ("client-promoted", "The client was brought to this environment."),
    ("credential-added", "The credential was added."),
    ("credential-saved", "The credential was changed."),
    ("credential-disabled", "The credential proves nothing any more."),
    ("credential-revoked", "The tokens that the credential got end now."),
    ("business-created", "The business was added."),
    ("business-saved", "The business was changed."),
    ("business-disabled", "The business is disabled: no token is scoped to it any more."),
    ("business-enabled", "Tokens may be scoped to the business again."),
    ("business-revoked", "The tokens that are scoped to the business end now."),
    ("webhook-created", "The endpoint is told from now on. Send it a test notice to see whether it arrives."),
    ("webhook-saved", "The endpoint was changed."),
    ("webhook-tested", "A test notice is on its way. What came of it stands under deliveries."),
    ("webhook-disabled", "The endpoint is told nothing any more, also nothing of what waited for it."),
    ("webhook-enabled", "The endpoint is told what happens from now on."),
    ("webhook-removed", "The endpoint was removed, with its deliveries."),
    ("leak-revoked", "The secret is turned off for good, and the tokens that it got end."),
    ("leak-released", "The leak is closed: the secret works. It is out there all the same, so rotate it soon."),
    ("rotation-completed", "The old secret has ended. The new one is in force."),
    ("rotation-cancelled", "The new secret has ended. The old one is in force as before."),
    ("rotation-extended", "The old secret works on for longer."),
];

/// The word of a query, if it is one of ours.
pub(crate) fn of(query: Option<&str>) -> Option<&'static str> {
    let word = query?.split('&').find_map(|pair| pair.strip_prefix(FIELD)?.strip_prefix('='))?;
    SENTENCES.iter().find(|(known, _)| *known == word).map(|(known, _)| *known)
}

/// The sentence of a word.
pub(crate) fn good(word: &'static str) -> Flash {
    let sentence = SENTENCES.iter().find(|(known, _)| *known == word).map_or("", |(_, sentence)| *sentence);
    Flash { tone: Tone::Good, message: sentence.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_says_our_own_sentences_alone() {
        assert_eq!(of(Some("a=b&done=confirmed")), Some("confirmed"));
        assert_eq!(of(Some("done=You+are+hacked")), None);
        assert_eq!(of(Some("done=")), None);
        assert_eq!(of(None), None);
    }

    #[test]
    fn no_word_is_there_twice() {
        for (number, (word, sentence)) in SENTENCES.iter().enumerate() {
            assert!(!sentence.is_empty() && SENTENCES.iter().skip(number + 1).all(|(other, _)| other != word), "{word}");
        }
    }
}
