//! Nobody proves anything: a dry run supposes that a client did, with one of its credentials.

use super::{Authenticated, check_method, check_standing};
use crate::clock::Timestamp;
use crate::dialect::AuthMethod;
use crate::directory::{KnownClient, KnownCredential};
use crate::model::{CredentialId, Position, Proof};
use crate::store::Store;
use crate::token::explain::Supposed;
use crate::token::{Caller, Denial, TokenEndpoint};

impl<S: Store> TokenEndpoint<S> {
    /// The client as if it had proved itself. Everything else is checked: the method, and what is in force.
    pub(in crate::token) async fn suppose(
        &self,
        caller: &Caller<'_>,
        supposed: &Supposed,
        position: Position,
    ) -> Result<Authenticated, Denial> {
        if !caller.is_rehearsal {
            return Err(Denial::Internal("a client that proved nothing"));
        }
        let known = self.named_client(caller, Some(&supposed.client_id)).await?;
        let now = self.clock.now();
        let at = match supposed.credential_id {
            Some(id) => known.credentials().iter().position(|own| own.id == id).ok_or(Denial::WrongSecret)?,
            None => best(caller, &known, now),
        };
        let credential = known.credentials().get(at).ok_or(Denial::WrongSecret)?;
        check(caller, &known, credential)?;
        let (credential, credential_id): (usize, CredentialId) = check_standing(&known, at, (now, caller.source))?;
        Ok(Authenticated { known, credential, credential_id, position })
    }
}

/// The first credential that would be taken, else the first there is.
fn best(caller: &Caller<'_>, known: &KnownClient, now: Timestamp) -> usize {
    let is_taken = |own: &KnownCredential| own.is_in_force(now) && check(caller, known, own).is_ok();
    known.credentials().iter().position(is_taken).unwrap_or(0)
}

/// Whether a client may prove itself by a credential of this kind.
fn check(caller: &Caller<'_>, known: &KnownClient, credential: &KnownCredential) -> Result<(), Denial> {
    let method = match credential.other().map(|other| &other.proof) {
        None | Some(Proof::Secret(_)) if caller.methods.contains(AuthMethod::ClientSecretBasic) => {
            AuthMethod::ClientSecretBasic
        }
        None | Some(Proof::Secret(_)) => AuthMethod::ClientSecretPost,
        Some(Proof::SharedKey(_)) => AuthMethod::ClientSecretJwt,
        Some(Proof::PublicKey(_) | Proof::KeySet(_)) => AuthMethod::PrivateKeyJwt,
        Some(Proof::CertificateName(_)) => AuthMethod::TlsClientAuth,
        Some(Proof::Certificate(_)) => AuthMethod::SelfSignedTlsClientAuth,
        Some(Proof::Federated(_)) => AuthMethod::FederatedJwt,
    };
    check_method(caller, known, method)
}
