//! What can be done: a file for each noun, a function for each operation. Each sees that the role permits it, that the object is
//! within reach, and leaves the rules to the registry. What it gives back holds no secret, but for a secret that was made just now.

pub mod audit;
pub mod businesses;
pub mod client_lists;
pub mod clients;
pub mod console;
pub mod credentials;
pub mod deny_list;
pub mod dialects;
mod entitlement;
pub mod entitlements;
pub mod environments;
pub mod explain;
pub mod herd;
pub mod inspect;
pub mod invitations;
pub mod keys;
pub mod leaks;
pub mod limits;
pub mod management_clients;
pub mod me;
pub mod members;
pub mod metered;
pub mod node;
mod page;
mod patch;
pub mod promotions;
pub mod quotas;
pub mod refusals;
pub mod resources;
pub mod revocations;
pub mod rotations;
mod shown;
pub mod tenants;
pub mod usage;
pub mod webhooks;

pub use page::{MAX_PAGE, Page};
pub use patch::Patch;
pub use shown::ShownSecret;

/// What has a version, which entity tags are made of (RFC 9110 section 8.8.3).
pub trait Versioned {
    /// Counts the changes.
    fn version(&self) -> u64;
}

macro_rules! versioned {
    ($($view:ty),+) => {
        $(impl Versioned for $view {
            fn version(&self) -> u64 {
                self.version
            }
        })+
    };
}

versioned!(
    tenants::TenantView,
    entitlements::EntitlementView,
    quotas::QuotaView,
    businesses::BusinessView,
    clients::ClientView,
    credentials::CredentialView,
    resources::ResourceView,
    environments::EnvironmentView,
    keys::KeyView,
    members::MemberView,
    invitations::InvitationView,
    management_clients::ManagementClientView,
    webhooks::WebhookView,
    leaks::LeakView
);

impl Versioned for clients::CreatedClientView {
    fn version(&self) -> u64 {
        self.client.version
    }
}

impl Versioned for credentials::CreatedCredentialView {
    fn version(&self) -> u64 {
        self.credential.version
    }
}

impl Versioned for invitations::CreatedInvitationView {
    fn version(&self) -> u64 {
        self.invitation.version
    }
}

impl Versioned for management_clients::CreatedManagementClientView {
    fn version(&self) -> u64 {
        self.management_client.version
    }
}

impl Versioned for rotations::StartedRotationView {
    fn version(&self) -> u64 {
        self.credential.version
    }
}
