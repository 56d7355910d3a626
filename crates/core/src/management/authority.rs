use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::model::{IdError, ManagementClientId, MemberId, TenantId};

/// What somebody is to the operator or to a tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The operator's: everything, in all tenants.
    Admin,
    /// The operator's: sees everything, changes nothing.
    Auditor,
    /// A tenant's: everything of the tenant's own, its members included.
    Owner,
    /// A tenant's: its clients, their credentials, and its businesses.
    Developer,
    /// A tenant's: sees what is the tenant's own, changes nothing.
    Viewer,
}

impl Role {
    /// All roles, the operator's first.
    pub const ALL: [Role; 5] = [Role::Admin, Role::Auditor, Role::Owner, Role::Developer, Role::Viewer];

    /// The word that the store, the wire and people use.
    pub fn as_str(self) -> &'static str {
        match self {
            Role::Admin => "admin",
            Role::Auditor => "auditor",
            Role::Owner => "owner",
            Role::Developer => "developer",
            Role::Viewer => "viewer",
        }
    }

    /// The role that a word names.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == word)
    }

    /// Whether it is a role at the operator; the others are roles at a tenant.
    pub fn is_of_operator(self) -> bool {
        matches!(self, Role::Admin | Role::Auditor)
    }

    /// What it permits, within its reach.
    pub fn permits(self, permission: Permission) -> bool {
        match permission {
            Permission::Read => true,
            Permission::ReadAudit => self != Role::Viewer,
            Permission::EditClients | Permission::EditBusinesses => {
                matches!(self, Role::Admin | Role::Owner | Role::Developer)
            }
            Permission::EditMembers => matches!(self, Role::Admin | Role::Owner),
            Permission::ReadOperator => self.is_of_operator(),
            Permission::EditOperator => self == Role::Admin,
        }
    }

    /// Whether somebody of this role may give another: nobody grants what they do not hold (rule S1). At a tenant, that tenant's
    /// roles; an admin gives every role.
    pub fn may_give(self, given: Role) -> bool {
        match self {
            Role::Admin => true,
            Role::Owner => !given.is_of_operator(),
            Role::Auditor | Role::Developer | Role::Viewer => false,
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

/// A kind of thing that a management operation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Permission {
    /// See what is within reach: clients, credentials without secrets, businesses, usage, refusals.
    Read,
    /// See the audit log within reach.
    ReadAudit,
    /// Change clients and their credentials, revoke their tokens.
    EditClients,
    /// Change businesses.
    EditBusinesses,
    /// Invite, change and turn off members and management clients.
    EditMembers,
    /// See what belongs to no tenant: all tenants, keys, dialects, nodes.
    ReadOperator,
    /// Change it.
    EditOperator,
}

/// Whose objects somebody may see and change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    /// Everything.
    Operator,
    /// One tenant's. Others' are as if they did not exist (rule S4).
    Tenant(TenantId),
}

/// Who acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Principal {
    /// A person.
    Member(MemberId),
    /// A program.
    Client(ManagementClientId),
}

impl fmt::Display for Principal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Principal::Member(id) => id.fmt(out),
            Principal::Client(id) => id.fmt(out),
        }
    }
}

impl FromStr for Principal {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        text.parse().map(Principal::Member).or_else(|_| text.parse().map(Principal::Client))
    }
}

impl Serialize for Principal {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// What somebody may do right now, as the store says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Authority {
    principal: Principal,
    role: Role,
    reach: Reach,
}

impl Authority {
    /// The authority of a role at the operator, or at a tenant; none if the two do not go together.
    pub fn new(principal: Principal, role: Role, reach: Reach) -> Option<Self> {
        (role.is_of_operator() == (reach == Reach::Operator)).then_some(Self { principal, role, reach })
    }

    /// Who acts.
    pub fn principal(&self) -> Principal {
        self.principal
    }

    /// As what.
    pub fn role(&self) -> Role {
        self.role
    }

    /// Whose objects.
    pub fn reach(&self) -> Reach {
        self.reach
    }

    /// Whether something is permitted, within reach.
    pub fn permits(&self, permission: Permission) -> bool {
        self.role.permits(permission)
    }

    /// Whether somebody of it may give a role to a person or program of a tenant, or of the operator: nobody grants what they do
    /// not hold, nor beyond their reach (rules S1 and S24).
    pub fn may_invite(&self, role: Role, tenant: Option<TenantId>) -> bool {
        let is_within = tenant.map_or(self.reach == Reach::Operator, |tenant| self.reaches(tenant));
        is_within && self.permits(Permission::EditMembers) && self.role.may_give(role)
    }

    /// The reach of whoever looks at one tenant alone, or at all that they may; none if that tenant is out of reach.
    pub fn narrowed_to(&self, tenant: Option<TenantId>) -> Option<Reach> {
        match tenant {
            None => Some(self.reach),
            Some(tenant) => self.reaches(tenant).then_some(Reach::Tenant(tenant)),
        }
    }

    /// Whether a tenant's objects are within reach.
    pub fn reaches(&self, tenant: TenantId) -> bool {
        match self.reach {
            Reach::Operator => true,
            Reach::Tenant(own) => own == tenant,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SeededRandom;

    fn somebody(role: Role, reach: Reach) -> Option<Authority> {
        Authority::new(Principal::Member(MemberId::none()), role, reach)
    }

    #[test]
    fn s1_a_tenants_role_never_has_the_operators_reach_nor_the_other_way_round() {
        let tenant = Reach::Tenant(TenantId::generate(&SeededRandom::new(1)));
        for role in Role::ALL {
            assert_eq!(somebody(role, Reach::Operator).is_some(), role.is_of_operator(), "{role}");
            assert_eq!(somebody(role, tenant).is_some(), !role.is_of_operator(), "{role}");
        }
    }

    #[test]
    fn s4_another_tenant_is_out_of_reach() {
        let random = SeededRandom::new(1);
        let (own, other) = (TenantId::generate(&random), TenantId::generate(&random));
        let owner = somebody(Role::Owner, Reach::Tenant(own)).unwrap();
        assert!(owner.reaches(own));
        assert!(!owner.reaches(other));
        assert_eq!(owner.narrowed_to(None), Some(Reach::Tenant(own)));
        assert_eq!((owner.narrowed_to(Some(own)), owner.narrowed_to(Some(other))), (Some(Reach::Tenant(own)), None));
        let admin = somebody(Role::Admin, Reach::Operator).unwrap();
        assert_eq!((admin.narrowed_to(None), admin.narrowed_to(Some(own))), (Some(Reach::Operator), Some(Reach::Tenant(own))));
        assert!(somebody(Role::Auditor, Reach::Operator).unwrap().reaches(other));
    }

    #[test]
    fn s1_nobody_gives_a_role_that_permits_what_their_own_does_not() {
        let all = [
            Permission::Read,
            Permission::ReadAudit,
            Permission::EditClients,
            Permission::EditBusinesses,
            Permission::EditMembers,
            Permission::ReadOperator,
            Permission::EditOperator,
        ];
        for giver in Role::ALL {
            for given in Role::ALL.into_iter().filter(|given| giver.may_give(*given)) {
                assert!(all.into_iter().all(|one| giver.permits(one) || !given.permits(one)), "{giver} gives {given}");
                assert!(giver.permits(Permission::EditMembers), "{giver} gives {given}");
            }
        }
    }

    #[test]
    fn who_only_looks_changes_nothing() {
        for role in [Role::Auditor, Role::Viewer] {
            for change in
                [Permission::EditClients, Permission::EditBusinesses, Permission::EditMembers, Permission::EditOperator]
            {
                assert!(!role.permits(change), "{role} {change:?}");
            }
        }
    }

    #[test]
    fn every_role_is_named_by_its_word() {
        for role in Role::ALL {
            assert_eq!(Role::from_word(role.as_str()), Some(role));
            assert_eq!(serde_json::to_value(role).unwrap(), role.as_str());
        }
    }
}
