//! Who is calling? The only way to an [`Authenticated`]. A file for each kind of proof.

mod assertion;
mod certificate;
mod federated;
mod imported;
mod secret;
mod supposed;

use std::net::IpAddr;
use std::sync::Arc;

pub(super) use assertion::use_digest;
pub use assertion::{ASSERTION_LIFE, AssertionFault};
pub use federated::{FederationCheck, check_federation};
pub use imported::ImportedSecrets;
use secret::Compared;

use super::limits::{Tally, network_of};
use super::{Caller, Denial, Presented, Refused, TokenEndpoint};
use crate::clock::Timestamp;
use crate::dialect::AuthMethod;
use crate::directory::{Directory, KnownClient};
use crate::model::{ClientId, CredentialId, CredentialLimits, Position, Profile, Status};
use crate::store::Store;

/// Refused tries a minute by default: from one address in all, and from one address for one client.
pub const REFUSED_TRIES_PER_MINUTE: (u32, u32) = (600, 60);

/// A client that proved itself.
pub(super) struct Authenticated {
    known: Arc<KnownClient>,
    credential: usize,
    credential_id: CredentialId,
    position: Position,
}

/// A client and which of its credentials was found to prove it.
struct Matched {
    known: Arc<KnownClient>,
    at: usize,
}

impl Authenticated {
    /// The client with its tenant's standing.
    pub(super) fn client(&self) -> &KnownClient {
        &self.known
    }

    /// What proved it.
    pub(super) fn credential_id(&self) -> CredentialId {
        self.credential_id
    }

    /// What the credential may be used for, where that is less than what the client may do.
    pub(super) fn limits(&self) -> Option<&CredentialLimits> {
        self.known.credentials().get(self.credential)?.limits()
    }

    /// The feed position that this node had applied when it read the client (rule S11).
    pub(super) fn position(&self) -> Position {
        self.position
    }

    /// Notes that the credential was used, when and from where.
    pub(super) fn note_use<S: Store>(&self, directory: &Directory<S>, at: (Timestamp, IpAddr)) {
        directory.note_use(&self.known, self.credential, at);
    }
}

impl<S: Store> TokenEndpoint<S> {
    /// Finds out who is calling. A refused try is counted against its address.
    pub(super) async fn authenticate(
        &self,
        caller: &Caller<'_>,
        presented: &Presented,
        position: Position,
    ) -> Result<Authenticated, Refused> {
        self.identify(caller, presented, position).await.map_err(|denial| self.refused_try(caller, presented, denial))
    }

    /// Counts a try that was refused for what the caller sent. So is being told a nonce: each client needs one now and then, and
    /// nobody many.
    pub(super) fn refused_try(&self, caller: &Caller<'_>, presented: &Presented, denial: Denial) -> Refused {
        if denial.is_ours() && !matches!(denial, Denial::KeysUnavailable(_)) {
            return denial.into();
        }
        let tally = Tally::of(caller);
        match self.limits.count_refused(caller.source, presented.client_id(), self.clock.now(), tally) {
            None => denial.into(),
            Some(retry_after) => {
                self.note_lock_out(caller, (presented, &denial), retry_after);
                Denial::SourceLimited { retry_after, refused_for: Box::new(denial) }.into()
            }
        }
    }

    /// For the owner of the client whose name was tried.
    fn note_lock_out(&self, caller: &Caller<'_>, (presented, denial): (&Presented, &Denial), retry_after: u32) {
        let is_real = !caller.is_rehearsal && !matches!(denial, Denial::UnknownClient);
        if let Some(client) = presented.client_id().filter(|_| is_real) {
            self.limits.lock_outs().note(caller.environment, client, network_of(caller.source), retry_after);
        }
    }

    async fn identify(&self, caller: &Caller<'_>, presented: &Presented, position: Position) -> Result<Authenticated, Denial> {
        let matched = match presented {
            Presented::Absent => return Err(Denial::CredentialsAbsent),
            Presented::Malformed => return Err(Denial::CredentialsMalformed),
            Presented::Repeated => return Err(Denial::CredentialsRepeated),
            Presented::Secret { client_id, secret } => {
                let client_id = secret::name_of(client_id.as_ref(), secret)?;
                let found = self.directory.client(caller.environment, client_id).await?;
                match self.by_secret(caller, (client_id, found), secret)? {
                    Compared::Is(matched) => matched,
                    // Rare, and slow anyway.
                    Compared::MayBeHashed(known) => Box::pin(self.by_imported_hash(caller, &known, secret)).await?,
                }
            }
            // In boxes: these futures are larger than that of a secret, which every request would make room for.
            Presented::Assertion(assertion) => Box::pin(self.by_assertion(caller, assertion)).await?,
            Presented::Named { client_id } => Box::pin(self.by_certificate(caller, client_id.as_ref())).await?,
        };
        let Matched { known, at } = matched;
        let (credential, credential_id) = check_standing(&known, at, (self.clock.now(), caller.source))?;
        Ok(Authenticated { known, credential, credential_id, position })
    }

    /// The client of a name, to be proved by anything but a secret.
    async fn named_client(&self, caller: &Caller<'_>, client_id: Option<&ClientId>) -> Result<Arc<KnownClient>, Denial> {
        let Some(client_id) = client_id else { return Err(Denial::UnknownClient) };
        self.directory.client(caller.environment, client_id).await?.ok_or(Denial::UnknownClient)
    }
}

/// Whether the dialect and the client's profile take a method (rule S2).
fn check_method(caller: &Caller<'_>, client: &KnownClient, method: AuthMethod) -> Result<(), Denial> {
    let profile_takes =
        client.profile() != Some(Profile::Fapi2) || method == AuthMethod::PrivateKeyJwt || method.is_certificate();
    if caller.methods.contains(method) && profile_takes { Ok(()) } else { Err(Denial::MethodNotAllowed(method)) }
}

/// Whether the matched credential, its client and its tenant are in force. It comes after the proof, and each refusal is answered as a
/// wrong secret is: nobody learns in the wrong place, or before its time, that a secret is right.
fn check_standing(
    client: &KnownClient,
    at: usize,
    (now, source): (Timestamp, IpAddr),
) -> Result<(usize, CredentialId), Denial> {
    let credential = client.credentials().get(at).ok_or(Denial::WrongSecret)?;
    if credential.is_quarantined {
        return Err(Denial::SecretQuarantined);
    }
    if credential.status != Status::Active {
        return Err(Denial::SecretDisabled);
    }
    if credential.is_expired(now) {
        return Err(Denial::SecretExpired);
    }
    if let Some(limits) = credential.limits() {
        check_limits(limits, now, source)?;
    }
    if client.status != Status::Active {
        return Err(Denial::ClientDisabled);
    }
    if client.tenant_status() != Status::Active {
        return Err(Denial::TenantDisabled);
    }
    Ok((at, credential.id))
}

/// Whether a credential's own limits let it prove its client here and now.
fn check_limits(limits: &CredentialLimits, now: Timestamp, source: IpAddr) -> Result<(), Denial> {
    if !limits.has_begun(now) {
        return Err(Denial::SecretNotYetValid);
    }
    if limits.permits_source(source) { Ok(()) } else { Err(Denial::SourceNotAllowed(source)) }
}
