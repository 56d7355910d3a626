//! Who manages the server: people and programs, how they prove who they are, and what they may do.
//!
//! Whoever manages has an [`Authority`], read from the store at each call and never taken from a claim (rule S1). [`Management`] is
//! what the management API and the dashboard call. The changes themselves are the registry's, with their audit rows; what is decided
//! here is who may make them.
//!
//! | File | Owns |
//! |---|---|
//! | `authority` | roles, what they permit, and within whose reach |
//! | `sessions` | who is signed in: reading, listing and ending sessions, signing out |
//! | `sign_in`, `step_up` | by password and code: signing in, and showing anew who one is |
//! | `passkeys`, `webauthn` | by passkey: the procedures, and the checks of what a device sent |
//! | `passwords`, `totp` | Argon2id, and codes of RFC 6238 |
//! | `ceremony` | what is begun in one request and finished in another |
//! | `invitations` | the first admin, inviting, accepting |
//! | `members`, `clients` | changes to members and management clients |
//! | `tokens` | the tokens of management clients |
//! | `attempts`, `pace` | how often somebody may try, and how much somebody who is known may ask |

mod attempts;
mod authority;
mod ceremony;
mod clients;
mod error;
mod invitations;
mod members;
mod origin;
mod pace;
mod passkeys;
mod passwords;
mod sessions;
mod sign_in;
mod step_up;
mod texts;
mod tokens;
mod totp;
mod webauthn;

use std::net::IpAddr;
use std::sync::Arc;

pub use authority::{Authority, Permission, Principal, Reach, Role};
pub use error::{Managed, ManagementError};
pub use invitations::{Acceptance, AcceptanceMeans, INVITATION_PATH, InvitationView};
pub use origin::{Origin, OriginError};
pub use pace::{CALLS_OF_TENANT_PER_MINUTE, CALLS_PER_MINUTE};
pub use passkeys::PasskeyChallenge;
pub use passwords::PasswordCost;
pub use sessions::{NewSession, SignedIn};
pub use step_up::{NextToken, StepUpProof};
pub use tokens::{IssuedToken, TOKEN_LIFETIME};
pub use totp::TotpEnrolment;
pub use webauthn::{PasskeyAssertion, PasskeyAttestation, WebAuthnError};

pub(crate) use texts::{new_code, new_token};

use self::attempts::Attempts;
use self::pace::Pace;
use self::passwords::Passwords;
use crate::registry::{Actor, Registry};

/// Who sends a request, as far as that is known before they have proved it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Visitor<'a> {
    /// From where.
    pub source: Option<IpAddr>,
    /// What their browser calls itself.
    pub user_agent: &'a str,
}

/// Managing a server: the rules for whoever comes by the network.
pub struct Management<S> {
    /// The rules for changes.
    pub registry: Registry<S>,
    /// Where the dashboard and the management API are: passkeys belong to it, and it issues the management API's tokens.
    pub origin: Origin,
    attempts: Arc<Attempts>,
    pace: Arc<Pace>,
    passwords: Arc<Passwords>,
}

impl<S> Management<S> {
    /// Managing the registry's server at an origin.
    pub fn new(registry: Registry<S>, origin: Origin) -> Self {
        Self::with_password_cost(registry, origin, PasswordCost::default())
    }

    /// The same with another cost of new password hashes.
    pub fn with_password_cost(registry: Registry<S>, origin: Origin, cost: PasswordCost) -> Self {
        let (attempts, pace) = (Arc::new(Attempts::new()), Arc::new(Pace::new()));
        Self { registry, origin, attempts, pace, passwords: Arc::new(Passwords::new(cost)) }
    }

    /// The same for somebody else, with the same counters.
    #[must_use]
    pub fn acting_as(&self, actor: Actor) -> Self {
        Self {
            registry: self.registry.acting_as(actor),
            origin: self.origin.clone(),
            attempts: Arc::clone(&self.attempts),
            pace: Arc::clone(&self.pace),
            passwords: Arc::clone(&self.passwords),
        }
    }
}

#[cfg(test)]
mod tests;
