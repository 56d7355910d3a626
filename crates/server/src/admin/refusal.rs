use std::fmt;

use http::StatusCode;
use mintmark_core::management::{ManagementError, Permission};
use mintmark_core::registry::RegistryError;
use mintmark_core::store::StoreError;

use super::api::Problem;

/// Why an operation was not done. Nothing was changed, but where [`RegistryError::Unknown`] says that nobody knows.
#[derive(Debug)]
pub enum Refusal {
    /// The role does not permit it, whatever the object.
    Forbidden(Permission),
    /// Only the operator may change this member so.
    OperatorOnly(&'static str),
    /// There is no such object within reach (rule S4).
    NotFound,
    /// A value is not of its form.
    Invalid {
        /// Which one.
        field: &'static str,
        /// What was expected.
        expected: String,
    },
    /// The object has another version than the caller saw.
    Changed,
    /// This machine's clock and the database's differ by so many seconds, and the change goes by the time.
    ClockOff(i64),
    /// They asked too often, and may again after so many seconds.
    Limited(u32),
    /// The registry's rules.
    Registry(RegistryError),
}

impl Refusal {
    /// For a change that was to be made to one version of an object only.
    pub(super) fn of_change(error: RegistryError, seen: Option<u64>) -> Self {
        match error {
            RegistryError::Conflict if seen.is_some() => Refusal::Changed,
            other => Refusal::Registry(other),
        }
    }

    /// For an object that was named: one that is not there, or out of reach, is not found (rule S4).
    pub(super) fn of_object(error: ManagementError) -> Self {
        match error {
            ManagementError::Registry(RegistryError::NotFound(_)) => Refusal::NotFound,
            other => other.into(),
        }
    }

    /// The same for a change that was to be made to one version of the object only.
    pub(super) fn of_object_change(error: ManagementError, seen: Option<u64>) -> Self {
        match Self::of_object(error) {
            Refusal::Registry(error) => Self::of_change(error, seen),
            other => other,
        }
    }

    /// What a page says, and the status that goes with it: the API's own.
    pub(crate) fn told(self) -> (StatusCode, String) {
        let problem = Problem::from(self);
        (problem.status(), problem.detail().to_owned())
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::Forbidden(_) => out.write_str("your role does not permit this"),
            Refusal::OperatorOnly(member) => {
                write!(out, "{member}: this is more than the tenant is entitled to give; only the operator may change it so")
            }
            Refusal::NotFound => out.write_str("there is no such object"),
            Refusal::Invalid { field, expected } => write!(out, "{field}: expected {expected}"),
            Refusal::Changed => out.write_str("somebody else has changed it since you read it; read it again"),
            Refusal::ClockOff(seconds) => {
                write!(out, "this machine's clock is {seconds} s ahead of the database's; nothing was changed")
            }
            Refusal::Limited(seconds) => write!(out, "too often; ask again in {seconds} s"),
            Refusal::Registry(error) => error.fmt(out),
        }
    }
}

impl std::error::Error for Refusal {}

impl From<RegistryError> for Refusal {
    fn from(error: RegistryError) -> Self {
        Refusal::Registry(error)
    }
}

impl From<ManagementError> for Refusal {
    fn from(error: ManagementError) -> Self {
        match error {
            ManagementError::Registry(error) => Refusal::Registry(error),
            // Operations ask nobody to prove who they are; what they came with was checked before.
            other => Refusal::Registry(RegistryError::NotAllowed(other.to_string())),
        }
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Refusal::Registry(RegistryError::Store(error))
    }
}
