//! A secret that the request carries, compared in a time that tells nothing.

use std::sync::Arc;

use super::{Matched, check_method, check_standing};
use crate::crypto::{ClientSecret, Peppers, PresentedSecret, SecretOwner, SecretShape, SecretText};
use crate::dialect::AuthMethod;
use crate::directory::KnownClient;
use crate::model::ClientId;
use crate::registry::MAX_COMPARED_SECRETS;
use crate::store::Store;
use crate::token::{Caller, Denial, TokenEndpoint};

/// What comparing a secret with those that are stored under a pepper has shown.
pub(super) enum Compared {
    /// It is one of them.
    Is(Matched),
    /// It is none of them, and the client has others that were brought along as hashes.
    MayBeHashed(Arc<KnownClient>),
}

impl<S: Store> TokenEndpoint<S> {
    /// Whether the secret is the client's, if there is one of the name.
    pub(super) fn by_secret(
        &self,
        caller: &Caller<'_>,
        (client_id, found): (&ClientId, Option<Arc<KnownClient>>),
        secret: &SecretText,
    ) -> Result<Compared, Denial> {
        let Some(known) = found else {
            compare_with_nothing(&mut self.root_keys.peppers.present(caller.environment, client_id, secret), 0);
            return Err(Denial::UnknownClient);
        };
        let Some(at) = match_secret(&self.root_keys.peppers, &known, secret) else {
            let is_hashed = known.credentials().iter().any(|credential| credential.imported_hash().is_some());
            return if is_hashed { Ok(Compared::MayBeHashed(known)) } else { Err(Denial::WrongSecret) };
        };
        self.accept_secret(caller, &known, at)?;
        if !caller.is_rehearsal {
            self.renew_stored_secret(&known, at, secret);
        }
        Ok(Compared::Is(Matched { known, at }))
    }

    /// Whether a secret that was found to be the client's may be used here and now.
    pub(super) fn accept_secret(&self, caller: &Caller<'_>, known: &KnownClient, at: usize) -> Result<(), Denial> {
        check_standing(known, at, (self.clock.now(), caller.source))?;
        // Which of the two ways the secret came the dialect has decided: it reads no other.
        let method = AuthMethod::ClientSecretBasic;
        let by_either = Caller { methods: caller.methods.with(method), ..*caller };
        check_method(&by_either, known, method)
    }

    /// A secret that is stored under an older pepper is stored anew, now that it is known (rule S7): so a pepper that was
    /// replaced is needed no more once its clients have called.
    fn renew_stored_secret(&self, known: &Arc<KnownClient>, at: usize, secret: &SecretText) {
        let Some(credential) = known.credentials().get(at) else { return };
        let peppers = &self.root_keys.peppers;
        if credential.secret().is_none_or(|stored| peppers.is_current(stored)) {
            return;
        }
        let owner = SecretOwner { environment: &known.environment, client_id: &known.id, credential_id: credential.id };
        if let Some(stored) = peppers.store(owner, secret) {
            self.directory.note_renewed(known, at, stored);
        }
    }
}

/// The name of the client to be looked for. A checksum is no secret knowledge: anybody can tell a mistyped secret, so it may be refused
/// before.
pub(super) fn name_of<'a>(client_id: Option<&'a ClientId>, secret: &SecretText) -> Result<&'a ClientId, Denial> {
    if ClientSecret::shape_of(secret) == SecretShape::Mistyped {
        return Err(Denial::SecretMistyped);
    }
    client_id.ok_or(Denial::UnknownClient)
}

/// The credential that `secret` is. Every one is compared, and the work of [`MAX_COMPARED_SECRETS`] comparisons is done whatever
/// there is, so that the time of comparing tells neither whether a client exists nor how many secrets it has.
fn match_secret(peppers: &Peppers, client: &KnownClient, secret: &SecretText) -> Option<usize> {
    let credentials = client.credentials();
    let mut presented = peppers.present(&client.environment, &client.id, secret);
    let (mut matched, mut compared) = (None, 0);
    for (at, credential) in credentials.iter().enumerate() {
        let Some(secret) = credential.secret() else { continue };
        compared += 1;
        if presented.is(secret, credential.id) {
            matched = Some(at);
        }
    }
    compare_with_nothing(&mut presented, compared);
    matched
}

fn compare_with_nothing(presented: &mut PresentedSecret<'_>, done: usize) {
    for _ in done..MAX_COMPARED_SECRETS {
        presented.is_nothing();
    }
}
