use super::{Draft, Outcome, Registry, audited};
use crate::model::SigningKey;
use crate::store::{Store, Subject, Write};

impl<S: Store> Registry<S> {
    /// Adds a signing key made by [`new_signing_key`](crate::keys::new_signing_key). There is at most one active key for each
    /// environment and algorithm: of several nodes that try at once, one succeeds and the others hear that it exists.
    pub async fn add_signing_key(&self, key: SigningKey) -> Outcome<SigningKey> {
        self.existing_environment(&key.environment).await?;
        let draft = Draft {
            action: "signing_key.create",
            subject: Subject::SigningKey { environment: key.environment.clone(), kid: key.kid.clone() },
            before: None,
            after: audited(&key),
            writes: vec![Write::InsertSigningKey(key.clone())],
        };
        self.insert(draft, || format!("an active {} key in {}", key.algorithm, key.environment)).await?;
        Ok(key)
    }
}
