use super::{Draft, Outcome, Registry, RegistryError};
use crate::store::{CommitError, Store, Subject, Write};

impl<S: Store> Registry<S> {
    /// Notes that somebody has said, after a restore, what was revoked since the backup was made; from then on tokens are given out
    /// (rule S15). `false` if there was nothing to confirm.
    pub async fn confirm_restore(&self) -> Outcome<bool> {
        let draft = Draft {
            tenant: None,
            action: "store.confirm_restore",
            subject: Subject::Store,
            before: None,
            after: None,
            writes: vec![Write::ConfirmRestore],
        };
        match self.commit(draft).await {
            Ok(()) => Ok(true),
            Err(CommitError::Conflict | CommitError::Exists) => Ok(false),
            Err(CommitError::Store(error)) => Err(RegistryError::Store(error)),
            Err(CommitError::Unknown(cause)) => Err(RegistryError::Unknown(cause)),
        }
    }
}
