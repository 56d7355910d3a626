//! What can be wrong with a request, as the wire tells it, and when it is told.
//!
//! A fault is coarser than a [`Denial`](crate::token::Denial): many reasons to say no share one fault, since the wire must
//! not tell them apart. A dialect file gives every fault that it can reach exactly one answer.

use std::fmt;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$variant_doc])* $variant),+ }

        impl $name {
            /// All of them, in this order.
            pub const ALL: &'static [$name] = &[$($name::$variant),+];

            /// The words of dialect files with their meaning.
            pub const WORDS: &'static [(&'static str, $name)] = &[$(($word, $name::$variant)),+];

            /// The word for it in a dialect file.
            pub fn as_str(self) -> &'static str {
                match self { $($name::$variant => $word),+ }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.pad(self.as_str())
            }
        }
    };
}

words!(
    /// What is wrong, as far as the wire tells.
    Fault {
        /// No such path, below a prefix that the dialect owns.
        RouteUnknown = "route_unknown",
        /// Another method than the route's.
        MethodRefused = "method_refused",
        /// A query string where the dialect wants none.
        QueryRefused = "query_refused",
        /// The body is too large, of a refused type, has too many or unexpected fields, or cannot be read.
        PayloadRefused = "payload_refused",
        /// A malformed percent sign, or text that is not UTF-8.
        EncodingMalformed = "encoding_malformed",
        /// A required parameter is not there.
        ParameterMissing = "parameter_missing",
        /// A parameter is there twice.
        ParameterRepeated = "parameter_repeated",
        /// A parameter or an echoed header is longer than its limit.
        ParameterTooLong = "parameter_too_long",
        /// `grant_type` is none that the dialect takes.
        GrantUnsupported = "grant_unsupported",
        /// The lifetime asked for is no whole number.
        LifetimeMalformed = "lifetime_malformed",
        /// The lifetime asked for is below one second.
        LifetimeTooSmall = "lifetime_too_small",
        /// The scope is not of RFC 6749's grammar.
        ScopeMalformed = "scope_malformed",
        /// A resource is no absolute URI without a fragment.
        ResourceMalformed = "resource_malformed",
        /// Nothing proves who is calling.
        CredentialsAbsent = "credentials_absent",
        /// Two proofs, or two that differ.
        CredentialsRepeated = "credentials_repeated",
        /// The `Authorization` header or the assertion cannot be read.
        CredentialsMalformed = "credentials_malformed",
        /// Unknown client, wrong, expired or disabled secret, disabled client or tenant.
        ClientRefused = "client_refused",
        /// The `DPoP` proof is missing where one is needed, or wrong (RFC 9449 section 5).
        ProofRefused = "proof_refused",
        /// The `DPoP` proof lacks a nonce of this server's (RFC 9449 section 8).
        ProofNonceNeeded = "proof_nonce_needed",
        /// The client may not use this endpoint.
        ClientNotPermitted = "client_not_permitted",
        /// A scope outside the client's grant.
        ScopeRefused = "scope_refused",
        /// A resource outside the client's grant, or resources that no one token can serve.
        ResourceRefused = "resource_refused",
        /// No such business, or another tenant's.
        BusinessUnknown = "business_unknown",
        /// A business that this client may not act for, or none named where one must be.
        BusinessRefused = "business_refused",
        /// Too many requests.
        RateLimited = "rate_limited",
        /// It cannot be decided now.
        Unavailable = "unavailable",
        /// A mistake of ours.
        Internal = "internal",
        /// The business API: no access token, or a bad one.
        TokenRefused = "token_refused",
        /// The business API: an access token without the scope that is needed.
        TokenInsufficient = "token_insufficient",
        /// The business API: a page size or page token that cannot be used.
        PageMalformed = "page_malformed",
    }
);

words!(
    /// The checks of a token request, in the order that the dialect's `order` gives.
    Step {
        /// Is there a query string?
        Query = "query",
        /// Can the body be read?
        Payload = "payload",
        /// Are the parameters of their form?
        Parameters = "parameters",
        /// Is there anything that proves the client?
        Credentials = "credentials",
        /// Who is calling? Always after the four above.
        Client = "client",
        /// May the client use this endpoint?
        Permission = "permission",
        /// May it have these scopes?
        Scope = "scope",
        /// May it have tokens for these resources?
        Resource = "resource",
        /// May it act for this business?
        Business = "business",
    }
);

impl Fault {
    /// Whether the fault is one of named parameters, which some dialects list.
    pub fn names_parameters(self) -> bool {
        matches!(
            self,
            Fault::ParameterMissing
                | Fault::ParameterRepeated
                | Fault::ParameterTooLong
                | Fault::GrantUnsupported
                | Fault::LifetimeMalformed
                | Fault::LifetimeTooSmall
                | Fault::ScopeMalformed
                | Fault::ResourceMalformed
                | Fault::PageMalformed
        )
    }
}

impl Step {
    /// Whether the step needs to know the client.
    pub fn follows_client(self) -> bool {
        matches!(self, Step::Permission | Step::Scope | Step::Resource | Step::Business)
    }
}
