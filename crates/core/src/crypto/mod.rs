//! Secrets, sealing, signing. Everything here that is secret is a type that does not print and is wiped when dropped.

mod audit_chain;
mod hash_threads;
mod imported_hash;
mod opaque;
mod peppers;
mod resealing;
mod root_keys;
mod sealing;
mod secret;
mod signer_threads;
mod signing;
mod webhook_keys;

pub use audit_chain::{AuditKeys, ChainLink, ChainedRow, LinkError};
pub use hash_threads::{HashThreads, HashesBusy};
pub use imported_hash::{HashError, HashScheme, ImportedHash};
pub use opaque::{MANAGEMENT_PREFIX, OPAQUE_PREFIX};
pub use peppers::{PEPPER_SCHEME, Peppers, PresentedSecret, SecretOwner};
pub use resealing::SealedPlace;
pub use root_keys::{CheckError, RootKeys, RootKeysError};
pub use sealing::{Purpose, SealContext, Sealer, UnsealError, master_key_of, shared_key_context, shared_key_owner};
pub(crate) use sealing::{password_context, signing_key_context, totp_context};
pub use secret::{ClientSecret, SecretShape, SecretText};
pub use signer_threads::{SignerBusy, SignerStatistics, SignerThreads};
pub use signing::{KeyMaterial, KeyMaterialError, Signature, SigningKeyPair};
pub use webhook_keys::WebhookKey;
