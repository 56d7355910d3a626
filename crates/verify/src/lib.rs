//! Verifies Mintmark's access tokens in a resource server.
//!
//! An access token is a JWT signed by the authorization server, in the form of [RFC 9068]. This crate takes the token
//! apart strictly, checks its signature with the issuer's published keys, checks its claims as RFC 9068 section 4
//! demands, and returns them. Without features it opens no connection, reads no clock and logs nothing: keys and time are
//! arguments.
//!
//! ```
//! use mintmark_verify::{JwkSet, KeySet, TokenError, Verifier};
//!
//! // The document at the issuer's `jwks_uri`, fetched by whatever HTTP client you use.
//! let jwks: JwkSet = serde_json::from_str(
//!     r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"2026-01","alg":"EdDSA","use":"sig",
//!         "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#,
//! )?;
//! let verifier = Verifier::new("https://auth.example", "https://api.example", KeySet::from(jwks));
//!
//! # let token = include_str!("example.jwt").trim();
//! let now = 1_800_000_000; // seconds since 1970
//! let claims = verifier.verify(token, now)?;
//! assert_eq!(claims.client_id, "acme-nightly-export");
//! assert!(claims.has_scope("business:read"));
//!
//! // Each cause is a variant of its own, so that a client can be told to fetch another token.
//! assert_eq!(verifier.verify(token, now + 3600), Err(TokenError::Expired));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What is refused
//!
//! * Everything that is not the compact serialization of [RFC 7515] section 7.1, in canonical base64url without padding,
//!   of at most 8 KiB; JSON in which an object has two members of one name.
//! * A header without `typ: at+jwt` (so that no ID token or client assertion passes for an access token), without a
//!   `kid` of at most 128 characters, or with `crit`, `b64`, `zip`, `enc`, or a key of its own (`jwk`, `jku`, `x5u`,
//!   `x5c`).
//! * An algorithm that is not allowed, or is not the one algorithm of the key that `kid` names. There is no `none`, and
//!   there are no shared secrets, so that no public key can be used as one.
//! * Another issuer, another audience, an expired or premature token; a missing or empty `jti`, `sub` or `client_id`.
//! * A token bound to a key or certificate (`cnf`, [RFC 7800]), which must not pass as a bearer token. The layer of the
//!   feature `tower` checks the proof of possession; whoever else does, with [`dpop::verify_proof`] for one, says so
//!   with [`Verifier::accept_sender_constrained`].
//! * What was revoked before it expired, where the verifier has a [list of revocations](revocations); every token while
//!   that list is too old to know.
//! * An opaque token, which only its issuer can read.
//!
//! # Features
//!
//! | Feature | Brings |
//! |---|---|
//! | `cache` | a verifier that remembers the tokens that it verified |
//! | `fetch` | the issuer's keys and revocations, kept up over HTTPS in the background, on tokio |
//! | `tower` | a layer that admits requests with good tokens, with `DPoP` and certificate binding |
//!
//! None is on from the start, and none brings a framework.
//!
//! # What it costs
//!
//! A signature, and little else: per token some 0.8 microseconds go into everything that is not the signature, where a
//! signature takes 15 (RS256) to 50 (ES256). `cargo bench -p mintmark-verify` compares the verifier with the bare
//! signature check on the machine at hand. A token whose claims are nested JSON, spaced, escaped or beyond ASCII takes
//! some microseconds more.
//!
//! With the feature `cache`, `Verifier::cached` makes a verifier that remembers a number of verified tokens. A token
//! that comes again then takes about one microsecond. It is for services that see the same tokens again and again;
//! where each token comes once, it is of no use.
//!
//! # Following an issuer
//!
//! With the feature `fetch`, `fetch::Issuer` reads the issuer's metadata and keeps up its keys and revocations, through
//! rotations and outages. No token waits for the network.
//!
//! # Two issuers during a change
//!
//! [`Verifier::accept_previous`] takes the tokens of another issuer besides, until a date: that of the token endpoint whose
//! place Mintmark takes. Each issuer's keys verify its own tokens alone. See [`PreviousIssuer`].
//!
//! # In a tower stack
//!
//! With the feature `tower`, `layer::VerifyLayer` admits requests with a good token, puts the claims into the
//! request's extensions as `Arc<Claims>`, and refuses the others with the challenges of [RFC 6750] section 3 and [RFC 9449]
//! section 7.1.
#![cfg_attr(
    feature = "tower",
    doc = r##"
```
use std::{convert::Infallible, sync::Arc};
use http::{Request, Response};
use mintmark_verify::{Claims, JwkSet, KeySet, Verifier, layer::VerifyLayer};
use tower::{Layer, service_fn};

# let jwks: JwkSet = serde_json::from_str(r#"{"keys":[]}"#)?;
let verifier = Verifier::new("https://auth.example", "https://api.example", KeySet::from(jwks));
let layer = VerifyLayer::new(Arc::new(verifier))
    .require_scope("business:read")
    .resource_metadata("https://api.example/.well-known/oauth-protected-resource");

let service = layer.layer(service_fn(async |request: Request<String>| {
    let claims = request.extensions().get::<Arc<Claims>>().map(|claims| claims.client_id.clone());
    Ok::<_, Infallible>(Response::new(claims.unwrap_or_default()))
}));
# let _ = service;
# Ok::<(), serde_json::Error>(())
```
"##
)]
//!
//! [RFC 6750]: https://www.rfc-editor.org/rfc/rfc6750
//! [RFC 7515]: https://www.rfc-editor.org/rfc/rfc7515
//! [RFC 7800]: https://www.rfc-editor.org/rfc/rfc7800
//! [RFC 9449]: https://www.rfc-editor.org/rfc/rfc9449
//! [RFC 9068]: https://www.rfc-editor.org/rfc/rfc9068

mod algorithm;
mod base64url;
#[cfg(feature = "cache")]
mod cache;
mod claims;
#[cfg(any(feature = "fetch", feature = "tower"))]
mod clock;
mod compact;
mod confirmation;
pub mod dpop;
mod error;
#[cfg(feature = "fetch")]
pub mod fetch;
mod header;
mod json;
mod jwk;
pub mod jws;
mod key;
#[cfg(feature = "tower")]
pub mod layer;
mod plain;
mod previous;
pub mod revocations;
mod verifier;

/// The examples of the page that introduces the crate.
#[cfg(all(doctest, feature = "fetch", feature = "tower"))]
#[doc = include_str!("../README.md")]
struct Readme;

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod kinds;

pub use algorithm::{Algorithm, UnknownAlgorithm};
#[cfg(feature = "cache")]
pub use cache::CachedVerifier;
pub use claims::{Audience, Claims, RESERVED_CLAIMS, TOKEN_TYPE};
pub use confirmation::Confirmation;
pub use error::{KeyError, Part, TokenError};
pub use header::Header;
pub use jwk::{Jwk, JwkSet};
pub use key::{KeySet, KeySource, VerifyingKey};
pub use previous::{PreviousIssuer, SameIssuer};
pub use verifier::{Verifier, danger_decode_without_verifying};
