//! Who is calling? The only way to an [`Authenticated`].

use std::sync::Arc;

use super::{Caller, Denial, Presented, Refused, TokenEndpoint};
use crate::clock::Timestamp;
use crate::crypto::{ClientSecret, Peppers, PresentedSecret, SecretOwner, SecretShape, SecretText};
use crate::directory::{Directory, KnownClient};
use crate::model::{CredentialId, Position, Status};
use crate::registry::MAX_COMPARED_SECRETS;
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

impl Authenticated {
    /// The client with its tenant's standing.
    pub(super) fn client(&self) -> &KnownClient {
        &self.known
    }

    /// What proved it.
    pub(super) fn credential_id(&self) -> CredentialId {
        self.credential_id
    }

    /// The feed position that this node had applied when it read the client (rule S11).
    pub(super) fn position(&self) -> Position {
        self.position
    }

    /// Notes that the credential was used.
    pub(super) fn note_use<S: Store>(&self, directory: &Directory<S>, now: Timestamp) {
        directory.note_use(&self.known, self.credential, now);
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
        let client_id = presented.client_id();
        self.identify(caller, presented, position).await.map_err(|denial| {
            if denial.is_ours() {
                return denial.into();
            }
            match self.limits.count_refused(caller.source, client_id, self.clock.now()) {
                None => denial.into(),
                Some(retry_after) => Denial::SourceLimited { retry_after, refused_for: Box::new(denial) }.into(),
            }
        })
    }

    async fn identify(&self, caller: &Caller<'_>, presented: &Presented, position: Position) -> Result<Authenticated, Denial> {
        let (client_id, secret) = match presented {
            Presented::Absent => return Err(Denial::CredentialsAbsent),
            Presented::Malformed => return Err(Denial::CredentialsMalformed),
            Presented::Repeated => return Err(Denial::CredentialsRepeated),
            Presented::Secret { client_id, secret } => (client_id, secret),
        };
        // A checksum is no secret knowledge: anybody can tell a mistyped secret, so it may be refused early.
        if ClientSecret::shape_of(secret) == SecretShape::Mistyped {
            return Err(Denial::SecretMistyped);
        }
        let Some(client_id) = client_id else { return Err(Denial::UnknownClient) };
        let found = self.directory.client(caller.environment, client_id).await?;
        let Some(known) = found else {
            compare_with_nothing(&mut self.root_keys.peppers.present(caller.environment, client_id, secret), 0);
            return Err(Denial::UnknownClient);
        };
        let matched = match_secret(&self.root_keys.peppers, &known, secret);
        let (credential, credential_id) = check_standing(&known, matched, self.clock.now())?;
        self.renew_stored_secret(&known, credential, secret);
        Ok(Authenticated { known, credential, credential_id, position })
    }

    /// A secret that is stored under an older pepper is stored anew, now that it is known (rule S7): so a pepper that was
    /// replaced is needed no more once its clients have called.
    fn renew_stored_secret(&self, known: &Arc<KnownClient>, at: usize, secret: &SecretText) {
        let Some(credential) = known.credentials().get(at) else { return };
        let peppers = &self.root_keys.peppers;
        if peppers.is_current(&credential.secret) {
            return;
        }
        let owner = SecretOwner { environment: &known.environment, client_id: &known.id, credential_id: credential.id };
        if let Some(stored) = peppers.store(owner, secret) {
            self.directory.note_renewed(known, at, stored);
        }
    }
}

/// The credential that `secret` is. Every one is compared, and the work of [`MAX_COMPARED_SECRETS`] comparisons is done whatever
/// there is, so that the time of comparing tells neither whether a client exists nor how many secrets it has.
fn match_secret(peppers: &Peppers, client: &KnownClient, secret: &SecretText) -> Option<usize> {
    let credentials = client.credentials();
    let mut presented = peppers.present(&client.environment, &client.id, secret);
    let mut matched = None;
    for (at, credential) in credentials.iter().enumerate() {
        if presented.is(&credential.secret, credential.id) {
            matched = Some(at);
        }
    }
    compare_with_nothing(&mut presented, credentials.len());
    matched
}

fn compare_with_nothing(presented: &mut PresentedSecret<'_>, done: usize) {
    for _ in done..MAX_COMPARED_SECRETS {
        presented.is_nothing();
    }
}

/// Whether the matched credential, its client and its tenant are in force.
fn check_standing(client: &KnownClient, matched: Option<usize>, now: Timestamp) -> Result<(usize, CredentialId), Denial> {
    let at = matched.ok_or(Denial::WrongSecret)?;
    let credential = client.credentials().get(at).ok_or(Denial::WrongSecret)?;
    if credential.status != Status::Active {
        return Err(Denial::SecretDisabled);
    }
    if credential.is_expired(now) {
        return Err(Denial::SecretExpired);
    }
    if client.status != Status::Active {
        return Err(Denial::ClientDisabled);
    }
    if client.tenant_status() != Status::Active {
        return Err(Denial::TenantDisabled);
    }
    Ok((at, credential.id))
}
