//! Who the caller is.

use mintmark_core::management::{Permission, Role};
use mintmark_core::model::TenantId;
use serde::Serialize;
use utoipa::ToSchema;

use crate::admin::{Desk, schema};

/// Who the caller is and what they may.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Me)]
pub struct MeView {
    /// The member's or management client's identifier.
    pub id: String,
    /// What they are.
    #[schema(value_type = schema::Role)]
    pub role: Role,
    /// The tenant whose objects they reach; nothing for the operator, who reaches all.
    #[schema(value_type = Option<schema::TenantId>, required)]
    pub tenant_id: Option<TenantId>,
    /// What they may do.
    pub permissions: Vec<PermissionView>,
}

macro_rules! permissions {
    ($($name:ident: $doc:literal),+ $(,)?) => {
        /// A kind of thing that operations do.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
        #[serde(rename_all = "snake_case")]
        #[schema(as = Permission)]
        pub enum PermissionView { $(#[doc = $doc] $name),+ }

        impl From<Permission> for PermissionView {
            fn from(permission: Permission) -> Self {
                match permission { $(Permission::$name => PermissionView::$name),+ }
            }
        }

        /// All permissions, with their words.
        pub const PERMISSIONS: &[Permission] = &[$(Permission::$name),+];
    };
}

permissions! {
    Read: "See what is within reach.",
    ReadAudit: "See the audit log within reach.",
    EditClients: "Change clients and their credentials, revoke their tokens.",
    EditBusinesses: "Change businesses.",
    EditMembers: "Invite, change and turn off members and management clients.",
    ReadOperator: "See what belongs to no tenant.",
    EditOperator: "Change it.",
}

/// Who the caller is. Everybody may know of themselves.
pub fn read(desk: &Desk) -> MeView {
    let authority = &desk.authority;
    MeView {
        id: authority.principal().to_string(),
        role: authority.role(),
        tenant_id: desk.only_tenant(),
        permissions: PERMISSIONS.iter().filter(|one| authority.permits(**one)).map(|one| (*one).into()).collect(),
    }
}
