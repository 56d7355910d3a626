//! What each reason means and what to do about it, in words for whoever runs the client. `docs/errors.md` says the same at more
//! length; a test holds the two together.

/// What is known of a reason from its word alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CatalogueEntry {
    /// The word.
    pub code: &'static str,
    /// What happened.
    pub what: &'static str,
    /// What to do about it.
    pub fix: &'static str,
    /// Where to read more, from the root of the documentation.
    pub link: &'static str,
}

macro_rules! catalogue {
    ($($code:literal: $what:literal, $fix:literal;)+) => {
        /// All reasons, in the order in which a request meets them.
        pub const CATALOGUE: &[CatalogueEntry] = &[$(CatalogueEntry {
            code: $code,
            what: $what,
            fix: $fix,
            link: concat!("docs/errors.md#", $code),
        }),+];
    };
}

/// The entry of a word.
pub fn catalogue_entry(code: &str) -> Option<&'static CatalogueEntry> {
    CATALOGUE.iter().find(|entry| entry.code == code)
}

catalogue! {
    "route_unknown":
        "The path is none that the server serves.",
        "Compare the URL with the token endpoint that you were given, or with `token_endpoint` in the server's metadata.";
    "method_refused":
        "The token endpoint was called with another HTTP method than it takes.",
        "Send a POST. If you did, look for a redirect on the way: most HTTP clients follow one with a GET.";
    "body_incomplete":
        "The request's body broke off, or did not arrive in time.",
        "Send the request again. If it keeps happening, compare Content-Length with what is sent, and look for a proxy that cuts bodies off.";
    "query_refused":
        "The URL has a query string, and this endpoint takes none.",
        "Move the parameters from the URL into the body. Secrets in URLs end up in logs: replace one that was there.";
    "payload_refused":
        "The body is too large, of another content type than the endpoint takes, or cannot be read.",
        "Send `Content-Type: application/x-www-form-urlencoded`, or JSON where the endpoint takes that, with no fields but the documented ones.";
    "encoding_malformed":
        "The body has a percent sign that begins no escape, or bytes that are not UTF-8.",
        "Let a library encode the form. By hand: encode each name and value as UTF-8, then percent-encode it.";
    "parameter_missing":
        "A parameter that the endpoint needs is missing or empty.",
        "Add the parameter that is named. Check its spelling, and that the body reaches the server as it was written.";
    "parameter_repeated":
        "A parameter is there more than once.",
        "Send each parameter once. Look for one that is both in the body and added by a library or a proxy.";
    "parameter_too_long":
        "A parameter, or a header that the answer repeats, is longer than the endpoint takes.",
        "Shorten it. Often something else was pasted into it.";
    "grant_unsupported":
        "`grant_type` is none that the endpoint takes.",
        "Send `grant_type=client_credentials`: the server issues tokens to programs, and to nobody else.";
    "lifetime_malformed":
        "The lifetime that was asked for is no whole number of seconds.",
        "Send digits alone, such as 3600, or leave the parameter out.";
    "lifetime_too_small":
        "The lifetime that was asked for is less than one second.",
        "Ask for at least one second, or leave the parameter out.";
    "scope_malformed":
        "The scope is not of the form that RFC 6749 gives it.",
        "Write scopes with one space between them, in visible ASCII without quotes and backslashes.";
    "resource_malformed":
        "A resource is no absolute URI, or has a fragment.",
        "Send the whole URI, with its scheme and without `#`, such as https://api.example.com.";
    "request_malformed":
        "The request is not of the form that the endpoint takes.",
        "Compare it with the example of the endpoint: `mintmark dialect show NAME` prints one.";
    "credentials_absent":
        "Nothing in the request proves who is calling.",
        "Send the client's credential in the way that the endpoint takes: the Authorization header, the body's parameters, an assertion, or a TLS certificate. Proxies and redirects often drop the Authorization header.";
    "credentials_malformed":
        "The Authorization header, or the assertion's parameters, cannot be read.",
        "For Basic: base64 of client_id, a colon and the secret, both percent-encoded first. For an assertion: `client_assertion_type` must be urn:ietf:params:oauth:client-assertion-type:jwt-bearer.";
    "credentials_repeated":
        "The request has more than one credential, or two places name different clients.",
        "Send one credential, in one place. Libraries often add a Basic header beside parameters that were set by hand.";
    "source_limited":
        "Too many refused requests came from one network address within a minute.",
        "Stop, and find out what they were refused for: that has to be mended first. Wait as long as Retry-After says, and retry with growing pauses.";
    "dpop_header_malformed":
        "The request has more than one DPoP header, or one that is too long.",
        "Send one DPoP header with one proof.";
    "dpop_malformed":
        "The DPoP proof is no JWS of the right form, or its signature is not of the key in its header.",
        "Make a new proof for each request, with the public key as `jwk` in the header, signed with its private key (RFC 9449 section 4.2).";
    "dpop_type_wrong":
        "The DPoP proof's `typ` is another.",
        "Set the header's `typ` to dpop+jwt.";
    "dpop_algorithm_not_allowed":
        "The DPoP proof is signed with an algorithm that is not taken.",
        "Use ES256, EdDSA or PS256. Symmetric algorithms and `none` are never taken, and RS256 not from clients of the FAPI 2.0 profile.";
    "dpop_claim_missing":
        "The DPoP proof lacks a claim.",
        "A proof needs jti, htm, htu and iat.";
    "dpop_claim_malformed":
        "A claim of the DPoP proof is empty or of another type.",
        "`iat` is a whole number of seconds, `htu` an absolute URI, all others are texts.";
    "dpop_claim_too_long":
        "A claim of the DPoP proof is longer than 256 bytes.",
        "Use a short random jti, such as 16 bytes in base64url.";
    "dpop_method_wrong":
        "The DPoP proof was made for another HTTP method.",
        "Set htm to the method of this very request: POST at the token endpoint.";
    "dpop_uri_wrong":
        "The DPoP proof was made for another URI.",
        "Set htu to the token endpoint's public URL as the metadata gives it, without query and fragment; not to an address behind a proxy.";
    "dpop_too_old":
        "The DPoP proof was made more than 60 seconds ago.",
        "Make a new proof for each try, also when a library retries. If it is new, the client's clock is behind: synchronise it (NTP).";
    "dpop_not_yet_valid":
        "The DPoP proof says that it was made in the future.",
        "The client's clock is ahead: synchronise it (NTP).";
    "dpop_access_token_wrong":
        "The DPoP proof was made for another access token.",
        "Set ath to the hash of the token that goes with the request (RFC 9449 section 4.2).";
    "dpop_refused":
        "The DPoP proof is refused.",
        "Compare it with RFC 9449 section 4.3, which lists what is checked.";
    "dpop_nonce_needed":
        "The DPoP proof needs a nonce of this server, or has one that is over.",
        "Take the nonce from the answer's DPoP-Nonce header, make a new proof with it, and send the request again. Use the nonce until the next answer brings another.";
    "dpop_used":
        "The DPoP proof was used before.",
        "Make a new proof, with a new jti, for each request; also for a retry.";
    "dpop_missing":
        "The client's tokens are bound to a key, and the request has no DPoP proof.",
        "Send a DPoP proof (RFC 9449), or have the client's token binding changed.";
    "client_unknown":
        "No client has this identifier in this environment.",
        "Check client_id, and that the URL is of the environment that the client was made in: sandbox and production have different clients.";
    "secret_mistyped":
        "The secret has the form of one of this server's, and its checksum is wrong: it was mistyped or cut off.",
        "Copy the secret again, whole, without spaces, quotes or a line end.";
    "secret_wrong":
        "The secret is none of the client's.",
        "Check that client and secret belong together, in this environment, and that the secret is percent-encoded where it goes into the Basic header. If it is lost, create another.";
    "credential_expired":
        "The secret, or other credential, was the client's and has expired.",
        "Create another credential for the client, put it in place, then remove the old one.";
    "credential_disabled":
        "The secret, or other credential, is the client's and was turned off.",
        "Find out why: it may have leaked. Then create another credential, or turn this one on again.";
    "credential_quarantined":
        "The secret, or other credential, is the client's, was reported as leaked, and is in quarantine.",
        "Give the client another credential: whoever found this one can use it too. If the report is wrong, release it, with a reason: `mintmark leak list`, or Leaks in the dashboard and the management API.";
    "credential_not_yet_valid":
        "The credential is the client's, and is not valid yet: it is limited to a time that has not come.",
        "Use another of the client's credentials until then, or have its limits changed.";
    "credential_source_not_allowed":
        "The credential is the client's, and may not be used from the address that the request came from.",
        "Send the request from one of the networks that the credential is limited to, or have the address added. Behind a proxy, the server must trust it to see the client's own address.";
    "client_disabled":
        "The client is turned off.",
        "Find out who turned it off and why: the audit log says so. Then turn it on.";
    "tenant_disabled":
        "The organisation that the client belongs to is turned off.",
        "Ask the operator of the server.";
    "authentication_method_not_allowed":
        "The client proved itself in a way that the endpoint, or the client's security profile, does not take.",
        "Use a method that both take: the metadata lists those of the endpoint, and the FAPI 2.0 profile takes private_key_jwt and certificates alone.";
    "certificate_refused":
        "The certificate of the connection is none of the client's, or is not valid now.",
        "Compare its name or fingerprint with the client's credential. After a renewal register the new certificate first; behind a proxy check that it passes the certificate on.";
    "assertion_malformed":
        "The client assertion is no signed JWT of the compact form.",
        "Send three base64url parts without padding, separated by dots. Encrypted and unsigned JWTs are not taken.";
    "assertion_type_wrong":
        "The client assertion's `typ` says that it is something else.",
        "Leave `typ` out, or set it to JWT or client-authentication+jwt. An access token or an ID token proves no client.";
    "assertion_algorithm_not_allowed":
        "The client assertion's `alg` is none that the client may use.",
        "Use the algorithm of the registered key: ES256, EdDSA, PS256 or RS256 (not RS256 for clients of the FAPI 2.0 profile); HS256 for a shared key.";
    "assertion_key_unknown":
        "No key of the client's is the one that the assertion names.",
        "Compare the header's `kid` and `alg` with the registered keys. After a rotation publish or register the new public key before signing with it.";
    "assertion_signature_wrong":
        "The client assertion was not signed by the key that it names.",
        "Sign with the private key that belongs to the registered public key, and sign the very bytes that are sent.";
    "assertion_issuer_unknown":
        "The client assertion is neither the client's own nor of an issuer that the client trusts.",
        "For an assertion of the client's own set iss and sub to client_id, both. For one of a platform add the platform's issuer, exactly as `iss` says it, to the client.";
    "assertion_client_not_named":
        "An assertion of another issuer came without `client_id`.",
        "Send the parameter client_id beside the assertion.";
    "assertion_audience_wrong":
        "The assertion's `aud` is not this server's issuer, or names others beside it.",
        "Set aud to the issuer alone, exactly as the metadata gives it: no path, no slash at the end, not the token endpoint's URL.";
    "assertion_time_malformed":
        "A time in the assertion is missing, or is no number of seconds.",
        "Set exp, and iat and nbf if they are there, to seconds since 1970 as numbers, not texts or milliseconds.";
    "assertion_expired":
        "The assertion has expired.",
        "Make a new assertion for each token request, good for a minute or so. If it is new, the client's clock is behind: synchronise it (NTP).";
    "assertion_not_yet_valid":
        "The assertion is not good yet: its iat or nbf is in the future.",
        "The client's clock is ahead: synchronise it (NTP).";
    "assertion_too_long_lived":
        "The assertion would be good for longer than is taken.",
        "Set exp to at most five minutes after now (one minute for clients of the FAPI 2.0 profile), and send iat.";
    "assertion_jti_missing":
        "The assertion has no `jti`, or an empty or very long one.",
        "Set jti to a new random text of at most 256 bytes for each assertion.";
    "assertion_used":
        "The assertion was used before.",
        "Make a new assertion, with a new jti, for each request; also for a retry.";
    "assertion_condition_unmet":
        "A claim of the platform's assertion is not what the client's condition says.",
        "Compare the claim with the condition on the client's credential: `mintmark credential test` shows them side by side.";
    "client_keys_unavailable":
        "The keys that would verify the client's assertion cannot be fetched.",
        "See that the client's jwks_uri, or the issuer's metadata, answers over https with a JWKS within seconds, from the public internet and without a redirect.";
    "client_limited":
        "The client sent more requests than the endpoint allows in a minute.",
        "Keep a token until shortly before it expires instead of fetching one for each call. Wait as long as Retry-After says.";
    "tenant_limited":
        "The clients of one organisation together sent more requests than the endpoint allows in a minute.",
        "Find the client that fetches too many tokens, and let it keep them until shortly before they expire.";
    "dialect_not_allowed":
        "The client may not use this endpoint.",
        "Call the endpoint that the client was registered for, or have this one added to the client.";
    "attribute_missing":
        "The client lacks an attribute that tokens of this endpoint carry.",
        "Have the attribute set on the client or its organisation.";
    "binding_certificate_missing":
        "The client's tokens are bound to its certificate, and the connection shows none.",
        "Connect with the client's TLS certificate, at the address that asks for one.";
    "binding_missing":
        "The client's tokens are bound to a key, and this endpoint reads no DPoP proof.",
        "Call an endpoint that reads DPoP proofs, or have the client's token binding changed.";
    "scope_not_granted":
        "A scope was asked for that the client is not granted for what it asked.",
        "Ask for fewer scopes, name the resource that has the scope, or have the scope granted to the client.";
    "scope_unknown":
        "A scope was asked for that no resource in this environment understands.",
        "Check the spelling, and the environment: sandbox and production may know different scopes.";
    "scope_outside_limits":
        "The client has the scope, and the credential that proved it is limited to others.",
        "Ask for fewer scopes, use another of the client's credentials, or have its limits changed.";
    "resource_not_granted":
        "A resource was asked for that does not exist in this environment, or that the client has no grant for.",
        "Compare the URI letter by letter, with its slash at the end, or have the client granted a scope there.";
    "resources_disagree":
        "The resources that were asked for want tokens of different algorithms or forms.",
        "Ask for one token for each of them.";
    "token_algorithm_not_allowed":
        "The token would be signed with an algorithm that the client's security profile does not take.",
        "Have the resource, or the environment, use ES256, EdDSA or PS256.";
    "business_unknown":
        "The client's organisation has no such business in this environment.",
        "Check the business's identifier, and that it was made in this environment.";
    "business_disabled":
        "The business is turned off.",
        "Have the business turned on, or ask for another.";
    "business_not_allowed":
        "The client may not act for this business.",
        "Have the business added to the client, or ask for one of the client's.";
    "business_outside_limits":
        "The client may act for this business, and the credential that proved it is limited to others.",
        "Ask for another business, use another of the client's credentials, or have its limits changed.";
    "business_not_named":
        "The client may act for some businesses alone, and the request names none.",
        "Name the business that the token is for.";
    "business_limited":
        "More tokens were asked for one business than the endpoint allows in a minute.",
        "Keep a token until shortly before it expires instead of fetching one for each call.";
    "client_quota_exceeded":
        "The client was given as many tokens in this minute, hour or day as its quota allows.",
        "Keep a token until shortly before it expires instead of fetching one for each call, and wait as long as Retry-After says. If the need is real, have the quota raised.";
    "tenant_quota_exceeded":
        "The clients of one organisation together were given as many tokens in this minute, hour or day as its quota allows.",
        "Find the client that fetches too many tokens, and let it keep them until shortly before they expire. If the need is real, have the quota raised.";
    "business_quota_exceeded":
        "As many tokens for one business were given in this minute, hour or day as its quota allows.",
        "Keep a token until shortly before it expires instead of fetching one for each call. If the need is real, have the quota raised.";
    "overloaded":
        "The server has as many requests in work as it can take.",
        "Send the request again as Retry-After says, with growing pauses.";
    "signer_busy":
        "Too many tokens wait for their signature.",
        "Send the request again after a second. Operators: ES256 is signed some hundred times faster than RS256.";
    "secret_check_busy":
        "The client was brought along from another server and has not called yet, and too many such clients call at once.",
        "Send the request again after a second. From its first token on the client waits for nothing.";
    "store_unavailable":
        "The server's database gave no answer.",
        "Send the request again in some seconds. Operators: see the log and the database's state.";
    "store_stale":
        "The server was cut off from its database for longer than it may decide alone.",
        "Send the request again in some seconds. Operators: see that the node reaches the database.";
    "store_unconfirmed":
        "The server's database was restored from a backup, and nobody has said yet what was revoked since.",
        "Operators: revoke what was revoked since the backup, then run `mintmark restore --confirm`.";
    "signing_key_missing":
        "The environment has no key that signs with the algorithm that the token needs.",
        "Operators: make one with `mintmark key`, or see in the log why the key cannot be used.";
    "environment_missing":
        "The environment that the listener serves is not in the database.",
        "Operators: make the environment, or correct the listener's configuration.";
    "internal":
        "The server failed in a way that it should not.",
        "Send the request again. Operators: the log has the cause beside the request id.";
}
