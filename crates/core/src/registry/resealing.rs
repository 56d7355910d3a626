//! What rests sealed in the store, under the master key that seals now.

use super::secret::edit_draft;
use super::{Draft, Outcome, Registry, RegistryError, TRIES, audited};
use crate::crypto::{SealedPlace, UnsealError};
use crate::model::{
    ClientRecord, Credential, CredentialId, EnvironmentName, Member, MemberId, PasswordHash, Proof, SealedBytes, SigningKey,
};
use crate::store::{Store, Subject, Write};

/// A change to be made, nothing where nothing is to do, or why what rests there cannot be opened.
type Resealing = Result<Option<Draft>, UnsealError>;

impl<S: Store> Registry<S> {
    /// Seals what rests in a place under the master key that seals now. It is a change like any other: nodes that hold the value read it
    /// anew, and one that somebody changes at the same moment is read again. `false` where there is nothing to do any more.
    pub async fn reseal(&self, place: &SealedPlace) -> Outcome<Result<bool, UnsealError>> {
        for _ in 0..TRIES {
            let draft = match self.resealing(place).await? {
                Ok(Some(draft)) => draft,
                Ok(None) => return Ok(Ok(false)),
                Err(error) => return Ok(Err(error)),
            };
            if self.is_committed(draft).await? {
                return Ok(Ok(true));
            }
        }
        Err(RegistryError::Conflict)
    }

    async fn resealing(&self, place: &SealedPlace) -> Outcome<Resealing> {
        match place {
            SealedPlace::SigningKey { environment, kid, .. } => self.resealing_of_key(place, environment, kid).await,
            SealedPlace::SharedKey { environment, client_id, id } => {
                let record = self.existing_client(environment, client_id).await?;
                let credential = record.credentials.iter().find(|credential| credential.id == *id);
                let Some(Proof::SharedKey(sealed)) = credential.map(|credential| &credential.proof) else {
                    return Ok(Ok(None));
                };
                Ok(match self.anew(place, sealed) {
                    Ok(Some(anew)) => Ok(Some(self.resealed_credential(record, *id, &anew)?)),
                    Ok(None) => Ok(None),
                    Err(error) => Err(error),
                })
            }
            SealedPlace::Password(id) => {
                let password = |member: &mut Member, anew| member.password = Some(PasswordHash(anew));
                let sealed = |member: &Member| member.password.as_ref().map(|password| password.0.clone());
                self.resealing_of_member(place, *id, sealed, password).await
            }
            SealedPlace::TotpSecret(id) => {
                let totp = |member: &mut Member, anew| member.totp = Some(anew);
                self.resealing_of_member(place, *id, |member| member.totp.clone(), totp).await
            }
        }
    }

    async fn resealing_of_key(&self, place: &SealedPlace, environment: &EnvironmentName, kid: &str) -> Outcome<Resealing> {
        let keys = self.existing_environment(environment).await?.keys;
        let Some(before) = keys.into_iter().find(|key| key.kid == kid) else { return Ok(Ok(None)) };
        Ok(self.anew(place, &before.sealed).map(|anew| {
            let after = SigningKey { sealed: anew?, version: before.version + 1, ..before.clone() };
            let subject = Subject::SigningKey { environment: environment.clone(), kid: kid.to_owned() };
            let (before, told) = (audited(&before), audited(&after));
            let writes = vec![Write::UpdateSigningKey(after)];
            Some(Draft { tenant: None, action: "signing_key.reseal", subject, before, after: told, writes })
        }))
    }

    fn resealed_credential(&self, record: ClientRecord, id: CredentialId, anew: &SealedBytes) -> Outcome<Draft> {
        let edit = |credential: &mut Credential| {
            credential.proof = Proof::SharedKey(anew.clone());
            Ok(())
        };
        Ok(edit_draft("credential.reseal", record, (id, self.clock.now()), edit)?.0)
    }

    async fn resealing_of_member(
        &self,
        place: &SealedPlace,
        id: MemberId,
        sealed: impl Fn(&Member) -> Option<SealedBytes>,
        put: impl Fn(&mut Member, SealedBytes),
    ) -> Outcome<Resealing> {
        // One that was removed meanwhile has nothing left.
        let Some(before) = self.store.member(id).await? else { return Ok(Ok(None)) };
        let Some(sealed) = sealed(&before) else { return Ok(Ok(None)) };
        Ok(self.anew(place, &sealed).map(|anew| {
            let mut after = before.clone();
            put(&mut after, anew?);
            after.version += 1;
            let (tenant, told) = (before.tenant_id, audited(&after));
            let writes = vec![Write::UpdateMember(after)];
            let subject = Subject::Member { id };
            Some(Draft { tenant, action: "member.reseal", subject, before: audited(&before), after: told, writes })
        }))
    }

    /// The value under the key that seals now; nothing where it is under that one already, or is none: a revoked key has none.
    fn anew(&self, place: &SealedPlace, sealed: &SealedBytes) -> Result<Option<SealedBytes>, UnsealError> {
        let keys = &self.root_keys.sealer;
        if sealed.0.is_empty() || keys.is_current(&sealed.0) {
            return Ok(None);
        }
        place.seal_anew(keys, &sealed.0, &*self.random).map(|anew| Some(SealedBytes(anew)))
    }
}
