use std::fmt;

use crate::model::SensitiveAction;
use crate::registry::RegistryError;
use crate::store::StoreError;

/// Why something about managing was not done.
#[derive(Debug)]
pub enum ManagementError {
    /// What was shown does not prove who it is: an unknown address, a wrong password, a wrong code, a link that is over. Which of them
    /// is not told, neither by this nor by the time it takes.
    Refused,
    /// There were too many tries. The seconds to wait.
    Limited(u32),
    /// Too many others are signing in at this moment.
    Busy,
    /// It is sensitive, and they have not shown lately, for this, who they are.
    StepUpNeeded(SensitiveAction),
    /// The registry refused it, or the store failed.
    Registry(RegistryError),
}

impl fmt::Display for ManagementError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ManagementError::Refused => out.write_str("that does not prove who you are"),
            ManagementError::Limited(seconds) => write!(out, "there were too many tries; try again in {seconds} seconds"),
            ManagementError::Busy => out.write_str("too many others are signing in at this moment; try again"),
            ManagementError::StepUpNeeded(action) => {
                write!(out, "show anew who you are: this changes {}", action.as_str())
            }
            ManagementError::Registry(error) => error.fmt(out),
        }
    }
}

impl std::error::Error for ManagementError {}

impl From<RegistryError> for ManagementError {
    fn from(error: RegistryError) -> Self {
        ManagementError::Registry(error)
    }
}

impl From<StoreError> for ManagementError {
    fn from(error: StoreError) -> Self {
        ManagementError::Registry(RegistryError::Store(error))
    }
}

/// Of what somebody shows to prove who they are, a refusal by the registry says no more than any other.
pub(super) fn refused(error: RegistryError) -> ManagementError {
    match error {
        RegistryError::NotAllowed(_) | RegistryError::NotFound(_) => ManagementError::Refused,
        other => ManagementError::Registry(other),
    }
}

/// What an operation gives back.
pub type Managed<T> = Result<T, ManagementError>;
