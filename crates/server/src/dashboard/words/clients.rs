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
    pub(crate) const TAB_ACCESS: &str = "Access";
    pub(crate) const TAB_TEST: &str = "Test";
    pub(crate) const TAB_AUDIT: &str = "Audit";
    pub(crate) const CLIENT_ID: &str = "Client ID";
    pub(crate) const PROVES_ITSELF: &str = "Proves itself with";
    pub(crate) const OWNER: &str = "Owner";
    pub(crate) const CREATED: &str = "Created";
    pub(crate) const LAST_USED: &str = "Last used";
    pub(crate) const TOKEN_LIFETIME: &str = "Tokens live";
    pub(crate) const ADD_CREDENTIAL: &str = "Add credential";
    pub(crate) const ROTATE: &str = "Rotate";
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
    pub(crate) const DISABLE: &str = "Disable";
    pub(crate) const DISABLE_TITLE: &str = "Disable this client";
    pub(crate) const DISABLE_MEANS: &str = "It gets no more tokens from this moment on. You can enable it again at any time.";
    pub(crate) const DELETE: &str = "Delete";
    pub(crate) const DELETE_TITLE: &str = "Delete this client";
    pub(crate) const DELETE_MEANS: &str =
        "Its credentials and settings are gone for good. Disable it first if you are not sure.";
    pub(crate) const REVOKE_TOO: &str = "Revoke the tokens that it holds too";
    pub(crate) const API: &str = "The same by API";

    pub(crate) fn confirm_disable(name: &str) -> String {
        format!("Disable {name}?")
    }

    pub(crate) fn confirm_delete(name: &str) -> String {
        format!("Delete {name} for good?")
    }

    /// What ending a client does to the tokens that it holds.
    pub(crate) fn effect(tokens: u64, minutes: u32) -> String {
        match tokens {
            0 => "It holds no live token. New requests are refused at once.".to_owned(),
            1 => format!("New requests are refused at once. One token that it holds stays valid up to {minutes} min."),
            _ => format!(
                "New requests are refused at once. {tokens} tokens issued in the last hour stay valid up to {minutes} min."
            ),
        }
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
    pub(crate) const GO_ON: &str = "None among the first 2000; go on";
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
    pub(crate) const GONE_WHY: &str = "This page was loaded again, so the secret is no longer in it, and nothing was made a second time. If you did not store it, add another.";
    pub(crate) const UNCLEAR: &str = "This form was sent before";
    pub(crate) const UNCLEAR_WHY: &str = "It is still in work, or broke off. Nothing was done now. Look at the list whether it was done before you fill it in again.";

    pub(crate) fn title(name: &str) -> String {
        format!("{name} is ready")
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
    pub(crate) const ATTENTION_NONE: &str = "Nothing needs a look: no client was refused in the last 24 hours.";
    pub(crate) const EXPLAIN: &str = "Explain";
    pub(crate) const NODE_READY: &str = "This node is ready, and follows the database";
    pub(crate) const NODE_NOT_READY: &str = "This node should get no requests";
    pub(crate) const NODE_DETAILS: &str = "Details";

    pub(crate) fn refused(name: &str, count: usize) -> String {
        if count == 1 { format!("{name} was refused once lately") } else { format!("{name} was refused {count} times lately") }
    }

    pub(crate) fn node(version: &str, position: &str, clients: &str) -> String {
        format!("Version {version}; changes up to {position} are in force; {clients} clients are held in memory.")
    }
    pub(crate) const START: &str = "Get your first token";
    pub(crate) const START_WHY: &str =
        "Create a client, copy its secret, run one command. It takes about a minute, and the sandbox cannot reach a customer.";
}
