//! What the pages about usage, refusals, tokens and the audit say.

pub(crate) mod usage {
    pub(crate) const TITLE: &str = "Usage";
    pub(crate) const LEAD: &str =
        "Token requests by what became of them. A request is in the figures a few seconds after its answer.";
    pub(crate) const RANGES: &str = "Time";
    pub(crate) const HOUR: &str = "Last hour";
    pub(crate) const DAY: &str = "Last 24 hours";
    pub(crate) const WEEK: &str = "Last 7 days";
    pub(crate) const MONTH: &str = "Last 30 days";
    pub(crate) const REQUESTS: &str = "Token requests";
    pub(crate) const BY: &str = "Tell apart";
    pub(crate) const CLIENT: &str = "Client";
    pub(crate) const CLIENTS: &str = "Clients";
    pub(crate) const BUSINESS: &str = "Business";
    pub(crate) const BUSINESSES: &str = "Businesses";
    pub(crate) const CREDENTIAL: &str = "Credential";
    pub(crate) const CREDENTIALS: &str = "Credentials";
    pub(crate) const TENANT: &str = "Tenant";
    pub(crate) const TENANTS: &str = "Tenants";
    pub(crate) const REASON: &str = "Reason";
    pub(crate) const REASONS: &str = "Reasons for refusals";
    pub(crate) const OF_CLIENT: &str = "Of one client alone";
    pub(crate) const SHOW: &str = "Show";
    pub(crate) const NO_BUSINESS: &str = "no business named";
    pub(crate) const NOBODY: &str = "nobody known";
    pub(crate) const NOTHING: &str = "No requests in this time";
    pub(crate) const NOTHING_WHY: &str = "As soon as a client asks for a token, you see here how it went.";
    pub(crate) const CUT: &str = "Not all of it is here";
    pub(crate) const CUT_WHY: &str = "There is more in this time than one page adds up: the smallest sums are left out. Choose a shorter time, or one client.";
    pub(crate) const INVALID: &str = "This cannot be shown";

    pub(crate) fn most(count: usize) -> String {
        format!("The {count} with the most requests.")
    }
}

pub(crate) mod quotas {
    pub(crate) const TITLE: &str = "Quota";
    pub(crate) const OF_CLIENT: &str = "Quota of the client";
    pub(crate) const OF_TENANT: &str = "Quota of the tenant";
    pub(crate) const OF_BUSINESS: &str = "Quota of the business";
    pub(crate) const LEAD: &str = "How many tokens may be given in a minute, an hour and a day of UTC.";
    pub(crate) const NONE: &str = "No quota";
    pub(crate) const NONE_MEANS: &str = "Any number of tokens may be given.";
    pub(crate) const USED: &str = "Used";
    pub(crate) const WINDOW: &str = "Window";
    pub(crate) const TOKENS: &str = "Tokens";
    pub(crate) const SHARE: &str = "Share";
    pub(crate) const MINUTE: &str = "This minute";
    pub(crate) const HOUR: &str = "This hour";
    pub(crate) const DAY: &str = "Today (UTC)";
    pub(crate) const OBSERVES: &str = "This quota observes: nothing is refused when it is used up.";
    pub(crate) const SEE: &str = "See the quota";
    pub(crate) const SET: &str = "Set the quota";
    pub(crate) const SET_LEAD: &str =
        "An empty field is no limit. A quota without any limit is removed. It is in force within seconds.";
    pub(crate) const PER_MINUTE: &str = "Tokens in a minute";
    pub(crate) const PER_HOUR: &str = "Tokens in an hour";
    pub(crate) const PER_DAY: &str = "Tokens in a day";
    pub(crate) const LIMITS_HINT: &str = "No more in a shorter window than in a longer one.";
    pub(crate) const MODE: &str = "When it is used up";
    pub(crate) const ENFORCE: &str = "refuse for that window";
    pub(crate) const OBSERVE: &str = "only observe";
    pub(crate) const HEADERS: &str = "Tell clients what is left, in RateLimit headers";
    pub(crate) const SAVE: &str = "Save quota";
    pub(crate) const ID: &str = "Of";
    pub(crate) const CHANGED: &str = "Last changed";
    pub(crate) const EXPECTED: &str = "whole numbers of tokens from 1, or nothing";

    pub(crate) fn of(used: &str, limit: &str) -> String {
        format!("{used} of {limit}")
    }
}

pub(crate) mod explain {
    pub(crate) const TITLE: &str = "Explain";
    pub(crate) const LEAD: &str = "Why a request was refused, what a request would get, and what a token is worth.";
    pub(crate) const TABS: &str = "Ways to find out";
    pub(crate) const TAB_REFUSALS: &str = "Refusals";
    pub(crate) const TAB_DRY_RUN: &str = "Dry run";
    pub(crate) const TAB_TOKEN: &str = "Token debugger";
    pub(crate) const SEARCH: &str = "Request ID or client ID";
    pub(crate) const REASON: &str = "Reason";
    pub(crate) const ANY_REASON: &str = "Any reason";
    pub(crate) const LATEST: &str = "Latest refusals";
    pub(crate) const WHEN: &str = "When";
    pub(crate) const CLIENT: &str = "Client";
    pub(crate) const FROM: &str = "From";
    pub(crate) const ENDPOINT: &str = "Endpoint";
    pub(crate) const REQUEST: &str = "Request ID";
    pub(crate) const CREDENTIAL: &str = "Credential";
    pub(crate) const BUSINESS: &str = "Business";
    pub(crate) const NOBODY: &str = "no client of this name";
    pub(crate) const EMPTY: &str = "No request was refused lately";
    pub(crate) const EMPTY_WHY: &str = "When one is, it stands here with the reason and the fix: of each client the last twenty for each \
                                        reason. The answer’s X-Request-Id header leads to it.";
    pub(crate) const NOTHING: &str = "No refusal matches";
    pub(crate) const NOTHING_WHY: &str =
        "Either it was not refused, or it is too long ago to be kept, or it belongs to somebody else.";
    pub(crate) const NOTHING_ACTION: &str = "Show all refusals";
    pub(crate) const WHAT: &str = "What happened";
    pub(crate) const FIX: &str = "What to do";
    pub(crate) const MORE: &str = "More about this reason";
    pub(crate) const DETAIL: &str = "As the log has it";
    pub(crate) const TRY_AGAIN: &str = "Dry run as this client";
    pub(crate) const LIKE_IT: &str = "Others of this client";
    pub(crate) const WIRE: &str =
        "The caller was told less than this page says, so that nobody learns about clients by trying.";

    pub(crate) fn showing(count: usize) -> String {
        if count == 1 { "1 refusal on this page".to_owned() } else { format!("{count} refusals on this page") }
    }
}

pub(crate) mod dry_run {
    pub(crate) const TITLE: &str = "Dry run";
    pub(crate) const LEAD: &str = "Every step of a token request, decided and not done: no token is made, nothing is counted. The secret is \
                                   not asked for; that the client proves itself is supposed.";
    pub(crate) const CLIENT: &str = "Client ID";
    pub(crate) const DIALECT: &str = "Dialect";
    pub(crate) const DIALECT_HINT: &str = "The wire format of the endpoint that the client calls.";
    pub(crate) const SCOPE: &str = "Scopes";
    pub(crate) const SCOPE_HINT: &str =
        "With spaces between them. Empty for all that are granted, where the dialect allows that.";
    pub(crate) const RESOURCE: &str = "Resource";
    pub(crate) const RESOURCE_HINT: &str = "The URI of the API.";
    pub(crate) const BUSINESS: &str = "Business";
    pub(crate) const SOURCE: &str = "From address";
    pub(crate) const SOURCE_HINT: &str = "For credentials that work from some networks alone. Empty for yours.";
    pub(crate) const SOURCE_WRONG: &str = "Expected an IP address, such as 192.0.2.14 or 2001:db8::7.";
    pub(crate) const SHOWS: &str = "The request shows";
    pub(crate) const NOTHING: &str = "nothing to bind a token to";
    pub(crate) const DPOP: &str = "a DPoP proof";
    pub(crate) const CERTIFICATE: &str = "a client certificate";
    pub(crate) const SUBMIT: &str = "Go through the steps";
    pub(crate) const PASSED: &str = "There would be a token";
    pub(crate) const REFUSED: &str = "There would be no token";
    pub(crate) const STEPS: &str = "Steps";
    pub(crate) const STEP: &str = "Step";
    pub(crate) const VERDICT: &str = "Verdict";
    pub(crate) const CLAIMS: &str = "Its claims, but for the random jti";
    pub(crate) const UNKNOWN_CLIENT: &str = "There is no such client here, or it is somebody else’s.";
    pub(crate) const STEP_PASSED: &str = "Passed";
    pub(crate) const STEP_FAILED: &str = "Failed";
    pub(crate) const STEP_NOT_REACHED: &str = "Not reached";
    pub(crate) const READ_ONLY: &str = "Your role only looks";
    pub(crate) const READ_ONLY_WHY: &str = "Dry runs are for who may change clients.";

    pub(crate) fn token(lifetime: u32, scope: &str) -> String {
        let scope = if scope.is_empty() { "without scopes".to_owned() } else { format!("with the scopes {scope}") };
        format!("Good for {lifetime} s, {scope}.")
    }

    pub(crate) fn told(word: &str) -> String {
        format!("On the wire this is the fault {word}.")
    }
}

pub(crate) mod token {
    pub(crate) const TITLE: &str = "Token debugger";
    pub(crate) const LEAD: &str =
        "Decodes a token and checks it line by line. The token goes with this form alone and is not shown or kept.";
    pub(crate) const TOKEN: &str = "Access token";
    pub(crate) const TOKEN_HINT: &str = "A JWT, or an opaque token of this server.";
    pub(crate) const SUBMIT: &str = "Look into it";
    pub(crate) const MISSING: &str = "Paste a token.";
    pub(crate) const CHECKS: &str = "Checks";
    pub(crate) const CHECK: &str = "Check";
    pub(crate) const VERDICT: &str = "Verdict";
    pub(crate) const PASSED: &str = "Passed";
    pub(crate) const FAILED: &str = "Failed";
    pub(crate) const NOTE: &str = "To know";
    pub(crate) const NOT_CHECKED: &str = "Not checked";
    pub(crate) const HEADER: &str = "Header";
    pub(crate) const CLAIMS: &str = "Claims";
    pub(crate) const ENVIRONMENT: &str = "Environment";
    pub(crate) const LIVE: &str = "This token is live";
    pub(crate) const EXPIRED: &str = "This token has expired";
    pub(crate) const REVOKED: &str = "This token was revoked";
    pub(crate) const EARLY: &str = "This token is not good yet";
    pub(crate) const INVALID: &str = "This token is not genuine";
    pub(crate) const INVALID_WHY: &str = "It says that it is of this server, and a check below shows that it is not.";
    pub(crate) const FOREIGN: &str = "This token is not yours to see";
    pub(crate) const FOREIGN_WHY: &str =
        "It is of another issuer, or of somebody whose tokens you do not see. What stands below is what everybody can decode.";
    pub(crate) const MALFORMED: &str = "This is no token";
    pub(crate) const MALFORMED_WHY: &str = "Copy it whole, without quotation marks and without the word Bearer.";

    pub(crate) fn left(seconds: i64) -> String {
        format!("Services take it for {} more.", duration(seconds))
    }

    pub(crate) fn ago(seconds: i64) -> String {
        format!("It ended {} ago. Ask for a new one.", duration(seconds))
    }

    pub(crate) fn early(seconds: i64) -> String {
        format!("It is good in {}: the clock of whoever made it is ahead.", duration(seconds))
    }

    pub(crate) fn revoked(by: &str) -> String {
        match by {
            "token" => "The token itself was revoked.".to_owned(),
            "restore" => "It is from before the store was restored from a backup.".to_owned(),
            by => format!("It ended with its {by}, which was turned off, or whose tokens were revoked."),
        }
    }

    fn duration(seconds: i64) -> String {
        match seconds {
            0..120 => format!("{seconds} s"),
            120..7200 => format!("{} min", seconds / 60),
            7200..172_800 => format!("{} h", seconds / 3600),
            _ => format!("{} days", seconds / 86_400),
        }
    }
}

pub(crate) mod console {
    pub(crate) const TITLE: &str = "Test console";
    pub(crate) const LEAD: &str =
        "Sends a real token request, as the client would. The token is good, it is counted, and it is shown this once.";
    pub(crate) const CLIENT: &str = "Client ID";
    pub(crate) const SECRET: &str = "Client secret";
    pub(crate) const SECRET_HINT: &str = "It goes with this form alone, and is neither shown again nor kept.";
    pub(crate) const SUBMIT: &str = "Send the request";
    pub(crate) const AGAIN: &str = "Send another";
    pub(crate) const REQUEST: &str = "Request";
    pub(crate) const ANSWER: &str = "Answer";
    pub(crate) const ISSUED: &str = "A token was issued";
    pub(crate) const REFUSED: &str = "The request was refused";
    pub(crate) const LIVE_WARNING: &str = "This environment is live";
    pub(crate) const LIVE_WARNING_WHY: &str =
        "A token from here works on the APIs that your customers use. Do not leave it lying about.";
    pub(crate) const READ_ONLY: &str = "Your role only looks";
    pub(crate) const READ_ONLY_WHY: &str =
        "A token of the console is a real one. Sending requests is for who may change clients.";
    pub(crate) const SECRETS_ONLY: &str = "Clients with a key pair or a certificate prove themselves with something that never leaves them: try them with a dry run.";

    pub(crate) fn status(status: u16) -> String {
        format!("The endpoint answered {status}.")
    }
}

pub(crate) mod reasons {
    pub(crate) const TITLE: &str = "Reasons for refusals";
    pub(crate) const LEAD: &str =
        "Each reason has a word that never changes: in the log, in the API and here. docs/errors.md says the same.";
}

pub(crate) mod audit {
    pub(crate) const TITLE: &str = "Audit log";
    pub(crate) const LEAD: &str = "Who changed what, when, and from where. Nothing in it is ever changed or removed.";
    pub(crate) const WHO: &str = "Who";
    pub(crate) const WHO_HINT: &str = "An id, exactly.";
    pub(crate) const ACTION: &str = "Action";
    pub(crate) const ACTION_HINT: &str = "How it begins, such as client.";
    pub(crate) const KIND: &str = "About a";
    pub(crate) const ANY_KIND: &str = "Anything";
    pub(crate) const ID: &str = "Object’s id";
    pub(crate) const ENVIRONMENT: &str = "Environment";
    pub(crate) const ANY_ENVIRONMENT: &str = "Any environment";
    pub(crate) const FROM: &str = "From";
    pub(crate) const TO: &str = "To";
    pub(crate) const CHAIN: &str = "Organisation";
    pub(crate) const CHAIN_HINT: &str = "A tenant’s id, or operator.";
    pub(crate) const MOMENT_WRONG: &str = "Expected a date such as 2027-01-15, or a moment such as 2027-01-15T09:30:00Z.";
    pub(crate) const FILTER: &str = "Show";
    pub(crate) const FILTERS: &str = "Filters";
    pub(crate) const EXPORT_CSV: &str = "Export CSV";
    pub(crate) const EXPORT_NDJSON: &str = "Export NDJSON";
    pub(crate) const VERIFY: &str = "Verify the chain";
    pub(crate) const CHANGES: &str = "Changes";
    pub(crate) const WHEN: &str = "When";
    pub(crate) const WHAT: &str = "What";
    pub(crate) const SOURCE: &str = "From where";
    pub(crate) const REQUEST: &str = "Request ID";
    pub(crate) const ROW: &str = "Row of its chain";
    pub(crate) const DETAILS: &str = "What changed";
    pub(crate) const BEFORE: &str = "Before";
    pub(crate) const AFTER: &str = "After";
    pub(crate) const SAME: &str = "No field is told.";
    pub(crate) const EMPTY: &str = "Nothing was changed yet";
    pub(crate) const EMPTY_WHY: &str = "Every change by a person, a program or the server itself stands here.";
    pub(crate) const NOTHING: &str = "No change matches";
    pub(crate) const NOTHING_WHY: &str = "Names and ids are compared exactly; an action by how it begins.";
    pub(crate) const NOTHING_ACTION: &str = "Show all changes";
    pub(crate) const VERIFIED: &str = "Chain verified";
    pub(crate) const BROKEN: &str = "The chain is broken";
    pub(crate) const OPERATOR: &str = "the operator";
    pub(crate) const LOCAL: &str = "on the machine";

    pub(crate) fn showing(count: usize) -> String {
        if count == 1 { "1 change on this page".to_owned() } else { format!("{count} changes on this page") }
    }

    pub(crate) fn intact(rows: &str, chain: &str) -> String {
        format!(
            "All {rows} rows of the chain {chain}, from the first to the last, are as they were written, and none is missing."
        )
    }

    pub(crate) fn fault(rows: &str, chain: &str, what: &str) -> String {
        format!("Of the chain {chain} the first {rows} rows are as they were written. Then: {what}.")
    }

    /// The words for an object's kind.
    pub(crate) fn kind(word: &str) -> &'static str {
        match word {
            "client" => "Client",
            "business" => "Business",
            "tenant" => "Tenant",
            "member" => "Member",
            "invitation" => "Invitation",
            "management_client" => "Management client",
            "token" => "Token",
            "resource" => "Resource",
            "signing_key" => "Signing key",
            "environment" => "Environment",
            _ => "The store",
        }
    }
}
