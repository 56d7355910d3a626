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
    pub(crate) const LEAD: &str = "Three answers, then its first token.";
    pub(crate) const NAME: &str = "Name";
    pub(crate) const NAME_HINT: &str =
        "What the program is called where it runs, such as billing-worker. You can change it later.";
    pub(crate) const METHOD: &str = "How does it prove itself?";
    pub(crate) const SCOPES: &str = "What may it ask for?";
    pub(crate) const SCOPES_HINT: &str =
        "Only what it needs today. More is a change of seconds, less is one that somebody notices.";
    pub(crate) const NO_SCOPES: &str = "No API yet";
    pub(crate) const NO_SCOPES_WHY: &str =
        "The operator adds the APIs that tokens are for, with the scopes that they understand.";
    pub(crate) const EXPIRY: &str = "The credential expires";
    pub(crate) const REVIEW: &str = "Review";
    pub(crate) const REVIEW_TITLE: &str = "Is this right?";
    pub(crate) const CREATE: &str = "Create client";
    pub(crate) const CHANGE: &str = "Change something";
    pub(crate) const API: &str = "The same by API";
    pub(crate) const MAY_ASK: &str = "may ask for";
    pub(crate) const ON: &str = "on";
    pub(crate) const NOTHING: &str = "no scope yet";

    /// The last half of the sentence that sums a client up.
    pub(crate) fn lives(minutes: u32, method: &str, expires: &str) -> String {
        format!("Tokens live {minutes} min; {method} expires {expires}.")
    }
}

pub(crate) mod result {
    pub(crate) const DONE: &str = "The client can ask for tokens now.";
    pub(crate) const SECRET: &str = "Client secret";
    pub(crate) const SECRET_HINT: &str =
        "Shown this once. We keep only a fingerprint of it, so nobody can show it to you again.";
    pub(crate) const DOWNLOAD_ENV: &str = "Download .env";
    pub(crate) const DOWNLOAD_JSON: &str = "Download JSON";
    pub(crate) const NEXT: &str = "Get the first token";
    pub(crate) const STORED: &str = "I have stored the secret where it belongs";
    pub(crate) const FINISH: &str = "Go to the client";
    pub(crate) const GONE: &str = "The secret was shown once";
    pub(crate) const GONE_WHY: &str =
        "This page was loaded again, so the secret is no longer in it. If you did not store it, add another.";

    pub(crate) fn title(name: &str) -> String {
        format!("{name} is ready")
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
