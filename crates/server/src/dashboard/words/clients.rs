//! What the pages about clients say.

pub(crate) mod client {
    pub(crate) const SECRET: &str = "Secret";
    pub(crate) const SECRET_MEANS: &str = "Simple: one long random string that the client sends with each request.";
    pub(crate) const KEY_PAIR: &str = "Key pair";
    pub(crate) const KEY_PAIR_MEANS: &str =
        "The client signs with a key that never leaves it; nothing that could leak is sent.";
    pub(crate) const CERTIFICATE: &str = "Certificate";
    pub(crate) const CERTIFICATE_MEANS: &str =
        "The TLS connection proves the client, and tokens work on that connection’s key alone.";
    pub(crate) const SHARED_KEY: &str = "Shared key";
    pub(crate) const SHARED_KEY_MEANS: &str = "The client signs with a key that this server made and keeps sealed.";
    pub(crate) const FEDERATED: &str = "Federated";
    pub(crate) const FEDERATED_MEANS: &str = "Another issuer’s tokens about the client’s workload prove it.";
    pub(crate) const RECOMMENDED: &str = "Recommended";
    pub(crate) const TABS: &str = "Parts of this client";
    pub(crate) const TAB_OVERVIEW: &str = "Overview";
    pub(crate) const TAB_CREDENTIALS: &str = "Credentials";
    pub(crate) const TAB_SETTINGS: &str = "Settings";
    pub(crate) const TAB_PROMOTION: &str = "Promotion";
    pub(crate) const CLIENT_ID: &str = "Client ID";
    pub(crate) const PROVES_ITSELF: &str = "Proves itself with";
    pub(crate) const OWNER: &str = "Owner";
    pub(crate) const CREATED: &str = "Created";
    pub(crate) const LAST_USED: &str = "Last used";
    pub(crate) const TOKEN_LIFETIME: &str = "Tokens live";
    pub(crate) const ADD_CREDENTIAL: &str = "Add credential";
    pub(crate) const TRY: &str = "Try it";
    pub(crate) const CREDENTIALS: &str = "Credentials";
    pub(crate) const CREDENTIAL: &str = "Credential";
    pub(crate) const FROM: &str = "From";
    pub(crate) const EXPIRES: &str = "Expires";
    pub(crate) const STATUS: &str = "Status";
    pub(crate) const REQUESTS: &str = "Token requests, last 24 hours";
    pub(crate) const REFUSALS: &str = "Why requests were refused";
    pub(crate) const REFUSALS_NONE: &str = "No request was refused in the last 24 hours.";
    pub(crate) const COUNT: &str = "Times";
    pub(crate) const REASON: &str = "Reason and fix";
    pub(crate) const EXPLAIN: &str = "Explain";
    pub(crate) const MAY_ASK: &str = "May ask for";
    pub(crate) const ADD_MEANS: &str =
        "Those that it has stay in force: add the new one, move the program over, then end the old one.";
    pub(crate) const REVOKE: &str = "Revoke all tokens";
    pub(crate) const REVOKE_TITLE: &str = "Revoke all tokens";
    pub(crate) const REVOKE_MEANS: &str = "The tokens that it holds end now, where services ask this server or follow its revocations. It can get new ones at once.";
    pub(crate) const NOT_CONFIRMED: &str = "What was typed is not its name. Type it exactly to confirm.";
    pub(crate) const CONFIRM_REVOKE: &str = "Revoke all tokens now?";
    pub(crate) const DISABLE: &str = "Disable";
    pub(crate) const DISABLE_TITLE: &str = "Disable this client";
    pub(crate) const ENABLE: &str = "Enable";
    pub(crate) const ENABLE_TITLE: &str = "Enable this client";
    pub(crate) const ENABLE_MEANS: &str = "It may ask for tokens again. Those that ended stay ended.";
    pub(crate) const API: &str = "The same by API";

    pub(crate) fn confirm_disable(name: &str) -> String {
        format!("Disable {name}?")
    }

    /// What disabling a client does to the tokens that it holds.
    pub(crate) fn effect(tokens: u64, minutes: u32) -> String {
        let held = match tokens {
            0 => return "New requests are refused at once. It got no token in the last hour.".to_owned(),
            1 => "The one token that it got in the last hour ends".to_owned(),
            _ => format!("The {tokens} tokens that it got in the last hour end"),
        };
        format!(
            "New requests are refused at once. {held} too: services that only check signatures, and do not follow revocations, take \
             them up to {minutes} min more."
        )
    }
}

pub(crate) mod credential {
    pub(crate) const LIMITS: &str = "Limits";
    pub(crate) const NO_LIMITS: &str = "none of its own";
    pub(crate) const LIMITS_MEAN: &str =
        "Each narrows what the client may do, none adds to it. Tokens that it holds already live on.";
    pub(crate) const NETWORKS: &str = "Networks";
    pub(crate) const NETWORKS_HINT: &str =
        "It proves the client only from these, one a line, such as 192.0.2.0/24. Empty for everywhere.";
    pub(crate) const NOT_BEFORE: &str = "Not before";
    pub(crate) const NOT_BEFORE_HINT: &str = "In UTC, such as 2030-01-31T12:00:00Z. Empty for from now on.";
    pub(crate) const NOT_BEFORE_WRONG: &str = "This is not a moment such as 2030-01-31T12:00:00Z.";
    pub(crate) const SCOPES_HINT: &str =
        "Its tokens carry the chosen scopes at most. With none chosen, all that the client may have.";
    pub(crate) const SCOPES_WRONG: &str = "One of these is not a scope of the client.";
    pub(crate) const BUSINESSES_HINT: &str =
        "IDs of those that its tokens are scoped to, one a line. Empty for the client’s own.";
    pub(crate) const EXPIRY: &str = "Expiry";
    pub(crate) const NOTHING_CHANGED: &str = "Nothing was changed";
    pub(crate) const REVOKE_TITLE: &str = "Revoke its tokens";
    pub(crate) const REVOKE_MEANS: &str = "The tokens that this credential got end now, where services ask this server or follow its revocations. It can get new ones.";
    pub(crate) const DISABLE_TITLE: &str = "Disable this credential";
    pub(crate) const STILL_OTHERS: &str =
        "It proves nothing any more, for ever, and the tokens that it got end. The client’s other credentials stay in force.";
    pub(crate) const LAST_ONE: &str = "It proves nothing any more, for ever, and the tokens that it got end. The client has no other credential in force: it gets no tokens until you add one.";
    pub(crate) const NEVER_IS_NO_CHANGE: &str =
        "Name a day: an expiry is put off, not taken away. Add a credential that never expires instead.";

    pub(crate) fn confirm_disable(hint: &str) -> String {
        format!("Disable {hint} for good?")
    }

    pub(crate) fn networks(count: usize) -> String {
        if count == 1 { "1 network".to_owned() } else { format!("{count} networks") }
    }

    pub(crate) fn scopes(count: usize) -> String {
        if count == 1 { "1 scope".to_owned() } else { format!("{count} scopes") }
    }

    pub(crate) fn businesses(count: usize) -> String {
        if count == 1 { "1 business".to_owned() } else { format!("{count} businesses") }
    }

    pub(crate) fn from(day: &str) -> String {
        format!("from {day}")
    }

    pub(crate) fn limited_to(what: &[String]) -> String {
        if what.is_empty() { String::new() } else { format!("limited: {}", what.join(", ")) }
    }
}

pub(crate) mod rotation {
    use mintmark_core::clock::Timestamp;
    use mintmark_core::registry::Retirement;

    use crate::dashboard::components::When;

    pub(crate) const TITLE: &str = "Rotation";
    pub(crate) const MEANS: &str = "A new secret takes this one’s place, with the same limits. Both work until the grace is over, so that nothing stops meanwhile.";
    pub(crate) const GRACE: &str = "This secret works on for";
    pub(crate) const GRACE_HINT: &str = "Choose “not at all” for a secret that leaked: it ends at once, and so do its tokens.";
    pub(crate) const START: &str = "Rotate";
    pub(crate) const BOTH: &str = "Both secrets work.";
    pub(crate) const ENDS: &str = "ends";
    pub(crate) const OLD: &str = "Old";
    pub(crate) const NEW: &str = "New";
    pub(crate) const LATEST: &str = "used last";
    pub(crate) const SAFE: &str = "Safe to retire";
    pub(crate) const NOT_SAFE: &str = "Not safe to retire yet";
    pub(crate) const COMPLETE: &str = "Finish: end the old secret now";
    pub(crate) const CANCEL: &str = "Cancel: end the new secret";
    pub(crate) const EXTEND: &str = "Extend";
    pub(crate) const EXTEND_TO: &str = "The old secret works on, from now, for";
    pub(crate) const SEE_OLD: &str = "See the rotation";
    pub(crate) const UNDER_WAY: &str = "A secret is being rotated";
    pub(crate) const OVERDUE: &str = "The old secret is still in use";

    /// Whether the old secret can go.
    pub(crate) fn verdict(verdict: &Retirement, now: Timestamp) -> String {
        match verdict {
            Retirement::Safe { since_start: true } => {
                "The new secret is used, and the old one has not been since the rotation began.".to_owned()
            }
            Retirement::Safe { since_start: false } => {
                "The new secret is used, and the old one has not been for 24 hours.".to_owned()
            }
            Retirement::NewUnused => "Nobody has used the new secret yet. Move the program over first.".to_owned(),
            Retirement::OldInUse { last_used_at } => {
                let when = When::relative(Some(*last_used_at), now);
                format!("The old secret was used {}. Look from where, and move that program over.", when.said())
            }
        }
    }

    pub(crate) fn grace(word: &str) -> &'static str {
        match word {
            "now" => "not at all: it leaked",
            "1h" => "an hour",
            "24h" => "24 hours",
            "7d" => "7 days",
            _ => "30 days",
        }
    }

    pub(crate) fn successor(hint: &str) -> String {
        format!("This secret takes the place of {hint}, and both work.")
    }

    pub(crate) fn under_way(old: &str, new: &str, left: &str) -> String {
        format!("{old} and {new} both work; {old} ends {left}.")
    }
}

pub(crate) mod settings {
    pub(crate) const SAVE: &str = "Save";
    pub(crate) const NO_SCOPES: &str = "It has no scope. The operator gives scopes.";
    pub(crate) const SCOPES_HINT: &str = "What is not chosen it may not ask for. Tokens that it holds live on.";
    pub(crate) const LIFETIME: &str = "Longest life of its tokens, in seconds";
    pub(crate) const LIFETIME_HINT: &str =
        "Where it is to be shorter than the wire format’s and the environment’s. Empty for theirs.";
    pub(crate) const LIFETIME_WRONG: &str = "A number of seconds from 1 to 86400.";
    pub(crate) const LIFETIME_STAYS: &str =
        "A limit that was set is changed, not taken away: name the longest life that you want.";
    pub(crate) const BINDING: &str = "Tokens are bound to";
    pub(crate) const BINDING_HINT: &str = "A token that is bound is worth nothing to who steals it.";

    pub(crate) fn binding(word: &str) -> &'static str {
        match word {
            "dpop" => "a key: every request has a DPoP proof",
            "certificate" => "the client’s TLS certificate",
            "either" => "a key, or else a certificate",
            _ => "a key where the request has a DPoP proof, else to nobody",
        }
    }
}

pub(crate) mod promotion {
    pub(crate) const LEAD: &str = "Brings this client’s settings to another environment. Credentials stay where they are: what proves it here must prove nothing there.";
    pub(crate) const TO: &str = "To";
    pub(crate) const COMPARE: &str = "Compare";
    pub(crate) const FIELD: &str = "Setting";
    pub(crate) const BEFORE: &str = "Is";
    pub(crate) const AFTER: &str = "Shall be";
    pub(crate) const NOTHING: &str = "Nothing differs";
    pub(crate) const NOTHING_WHY: &str = "The client is there as it is here.";
    pub(crate) const BLOCKED: &str = "What stays behind";
    pub(crate) const REFUSED: &str = "It cannot be promoted as it is";
    pub(crate) const NOT_THERE: &str = "—";
    pub(crate) const DANGER: &str = "This is live: the change reaches your customers at once.";

    pub(crate) fn operator_only(member: &str) -> String {
        format!(
            "It would give the client more there than it has ({member}), which only the operator may. Ask the operator to promote it."
        )
    }

    pub(crate) fn differences(to: &str) -> String {
        format!("What changes in {to}")
    }

    pub(crate) fn creates(to: &str) -> String {
        format!("It is made in {to}, and gets tokens once you add a credential there.")
    }

    pub(crate) fn apply(to: &str) -> String {
        format!("Apply exactly this to {to}")
    }
}

pub(crate) mod list {
    pub(crate) const TITLE: &str = "Clients";
    pub(crate) const LEAD: &str = "Programs that may ask this environment for tokens.";
    pub(crate) const NEW: &str = "New client";
    pub(crate) const SEARCH: &str = "Search by name or client ID";
    pub(crate) const STATUS: &str = "Status";
    pub(crate) const ANY: &str = "Any status";
    pub(crate) const NAME: &str = "Name";
    pub(crate) const METHOD: &str = "Proves itself with";
    pub(crate) const SCOPES: &str = "Scopes";
    pub(crate) const OWNER: &str = "Owner";
    pub(crate) const NO_METHOD: &str = "nothing in force";
    pub(crate) const GO_ON: &str = "None so far; go on";
    pub(crate) const EMPTY: &str = "No clients yet";
    pub(crate) const EMPTY_WHY: &str = "A client is one program that calls your APIs: a billing worker, an importer, a partner’s server. Give each its own, so that \
         you can see, limit and end one without touching the others.";
    pub(crate) const EMPTY_ACTION: &str = "Create the first client";
    pub(crate) const NOTHING: &str = "No client matches";
    pub(crate) const NOTHING_WHY: &str =
        "Search looks at the beginning of names and at whole client IDs, in this environment only.";
    pub(crate) const NOTHING_ACTION: &str = "Show all clients";

    pub(crate) fn showing(count: usize) -> String {
        if count == 1 { "1 client on this page".to_owned() } else { format!("{count} clients on this page") }
    }
}

pub(crate) mod create {
    pub(crate) const TITLE: &str = "New client";
    pub(crate) const LEAD: &str = "A few answers, then its first token.";
    pub(crate) const NAME: &str = "Name";
    pub(crate) const NAME_HINT: &str =
        "What the program is called where it runs, such as billing-worker. You can change it later.";
    pub(crate) const NAME_MISSING: &str = "Give it a name.";
    pub(crate) const TENANT: &str = "Tenant";
    pub(crate) const TENANT_HINT: &str = "Whose client it is. This cannot be changed later.";
    pub(crate) const TENANT_ID: &str = "Tenant ID";
    pub(crate) const TENANT_WRONG: &str = "Choose the tenant that it is for.";
    pub(crate) const METHOD: &str = "How does it prove itself?";
    pub(crate) const PUBLIC_KEY: &str = "Public key";
    pub(crate) const PUBLIC_KEY_HINT: &str =
        "A JWK or PEM (BEGIN PUBLIC KEY): P-256, Ed25519 or RSA. The private key stays where the program runs.";
    pub(crate) const PUBLIC_KEY_WRONG: &str =
        "Paste one public key: a JWK, or PEM that begins with BEGIN PUBLIC KEY, of P-256, Ed25519 or RSA.";
    pub(crate) const CERTIFICATE: &str = "Certificate";
    pub(crate) const CERTIFICATE_HINT: &str =
        "The SHA-256 of one certificate, or the subject of those of a trusted authority, such as CN=billing,O=Example.";
    pub(crate) const CERTIFICATE_MISSING: &str = "Say which certificate: its SHA-256, or its subject.";
    pub(crate) const SCOPES: &str = "What may it ask for?";
    pub(crate) const SCOPES_HINT: &str =
        "Only what it needs today. More is a change of seconds, less is one that somebody notices.";
    pub(crate) const SCOPES_WRONG: &str = "One of these is not a scope of an API. Choose again.";
    pub(crate) const NO_SCOPES: &str = "No API to choose from";
    pub(crate) const NO_SCOPES_WHY: &str = "The operator decides which APIs and scopes your organisation’s clients may have. A client can be made without, and is given them later.";
    pub(crate) const BUSINESSES: &str = "Businesses";
    pub(crate) const BUSINESSES_HINT: &str = "IDs of those that it may act for, one a line. Empty for all of the tenant’s.";
    pub(crate) const BUSINESSES_WRONG: &str = "These are not all IDs of businesses. One a line, such as biz_….";
    pub(crate) const DIALECTS: &str = "Wire formats";
    pub(crate) const DIALECTS_HINT: &str = "The token endpoints that it may use. Most clients need standard alone.";
    pub(crate) const DIALECTS_WRONG: &str = "Choose at least one.";
    pub(crate) const EXPIRY: &str = "The credential expires";
    pub(crate) const EXPIRY_WRONG: &str = "Choose one of these.";
    pub(crate) const NEVER: &str = "never";
    pub(crate) const MORE: &str = "Businesses and wire formats";
    pub(crate) const NOTHING_MADE: &str = "Nothing was made yet";
    pub(crate) const REVIEW: &str = "Review";
    pub(crate) const REVIEW_TITLE: &str = "Is this right?";
    pub(crate) const CREATE: &str = "Create client";
    pub(crate) const CHANGE: &str = "Change something";
    pub(crate) const CONFIRM: &str = "Confirm that it is you";
    pub(crate) const API: &str = "The same by API";
    pub(crate) const OF: &str = "of";
    pub(crate) const MAY_ASK: &str = "may ask for";
    pub(crate) const ON: &str = "on";
    pub(crate) const FOR: &str = "It acts for";
    pub(crate) const SPEAKS: &str = "It speaks";
    pub(crate) const ALL_BUSINESSES: &str = "all businesses";
    pub(crate) const NOTHING: &str = "no scope yet";

    pub(crate) fn in_days(days: u16) -> String {
        match days {
            365 => "in a year".to_owned(),
            730 => "in two years".to_owned(),
            _ => format!("in {days} days"),
        }
    }

    /// The last half of the sentence that sums a client up.
    pub(crate) fn lives(minutes: u32, method: &str, expires: Option<&str>) -> String {
        match expires {
            Some(day) => format!("Tokens live {minutes} min; {method} expires {day}."),
            None => format!("Tokens live {minutes} min; {method} never expires."),
        }
    }

    pub(crate) fn businesses(count: usize) -> String {
        if count == 1 { "one business alone".to_owned() } else { format!("{count} businesses alone") }
    }
}

pub(crate) mod result {
    pub(crate) const DONE: &str = "The client can ask for tokens now.";
    pub(crate) const SECRET: &str = "Client secret";
    pub(crate) const SHARED_KEY: &str = "Shared key";
    pub(crate) const SECRET_HINT: &str =
        "Shown this once. We keep only a fingerprint of it, so nobody can show it to you again.";
    pub(crate) const SHARED_KEY_HINT: &str = "Shown this once. We keep it sealed, and never show it again.";
    pub(crate) const DOWNLOAD_ENV: &str = "Download .env";
    pub(crate) const DOWNLOAD_JSON: &str = "Download JSON";
    pub(crate) const NEXT: &str = "Get the first token";
    pub(crate) const NEXT_WHY: &str = "The command works as it is. The programs read CLIENT_SECRET from the environment.";
    pub(crate) const NEXT_KEY_WHY: &str =
        "The programs read the assertion, which your program signs with its private key, from CLIENT_ASSERTION.";
    pub(crate) const ASSERTION: &str = "The assertion’s claims";
    pub(crate) const ASSERTION_NOTE: &str = "A JWT signed with the client’s key; a new one for each request:";
    pub(crate) const NO_SNIPPETS: &str = "None of its wire formats takes this way to prove itself.";
    pub(crate) const STORED: &str = "I have stored the secret where it belongs";
    pub(crate) const FINISH: &str = "Go to the client";
    pub(crate) const GONE: &str = "The secret was shown once";
    pub(crate) const GONE_WHY: &str = "This form came twice: its button was pressed twice, or its page was loaded again. It did its work the first time, and nothing was made a second time. The secret was in the first answer alone. If you did not store it, make another in its place.";
    pub(crate) const ANOTHER: &str = "Go to the secret to rotate it";
    pub(crate) const UNCLEAR: &str = "This form was sent before";
    pub(crate) const UNCLEAR_WHY: &str = "It is still in work, or broke off. Nothing was done now. Look at the list whether it was done before you fill it in again.";

    pub(crate) fn title(name: &str) -> String {
        format!("{name} is ready")
    }

    pub(crate) fn made_title(name: &str) -> String {
        format!("{name} has a new credential")
    }

    pub(crate) fn secret_title(name: &str) -> String {
        format!("A new secret for {name}")
    }

    pub(crate) fn in_dialect(dialect: &str) -> String {
        format!("In the wire format {dialect}")
    }
}

pub(crate) mod overview {
    pub(crate) const TITLE: &str = "Overview";
    pub(crate) const REQUESTS: &str = "Token requests, last 24 hours";
    pub(crate) const ISSUED: &str = "Tokens issued";
    pub(crate) const REFUSED: &str = "Requests refused";
    pub(crate) const SUCCEEDED: &str = "Succeeded";
    pub(crate) const OF_REQUESTS: &str = "% of requests";
    pub(crate) const REFUSED_CLIENTS: &str = "Clients that were refused";
    pub(crate) const LAST_DAY: &str = "last 24 hours";
    pub(crate) const ATTENTION: &str = "Needs a look";
    pub(crate) const ATTENTION_NONE: &str =
        "Nothing needs a look: no client was refused in the last 24 hours, and no credential expires within two weeks.";
    pub(crate) const EXPLAIN: &str = "Explain";
    pub(crate) const OPEN: &str = "Open the client";

    pub(crate) fn expires(name: &str) -> String {
        format!("A credential of {name} expires soon")
    }

    pub(crate) fn expires_why(hint: &str, when: &str) -> String {
        format!("The credential {hint} expires on {when}. Add another or rotate it before; both work meanwhile.")
    }

    pub(crate) const NODE_READY: &str = "This node is ready, and follows the database";
    pub(crate) const NODE_NOT_READY: &str = "This node should get no requests";
    pub(crate) const NODE_DETAILS: &str = "Details";

    pub(crate) fn refused(name: &str, count: usize) -> String {
        if count == 1 { format!("{name} was refused once lately") } else { format!("{name} was refused {count} times lately") }
    }

    pub(crate) fn node(version: &str, position: &str, clients: &str) -> String {
        format!("Version {version}; changes up to {position} are in force; clients held in memory: {clients}.")
    }
    pub(crate) const START: &str = "Get your first token";
    pub(crate) const START_WHY: &str =
        "Create a client, copy its secret, run one command. It takes about a minute, and the sandbox cannot reach a customer.";
}
