//! Where one can go, by role and environment.

use mintmark_core::management::{Permission, Role};

use super::words;

/// A part of the dashboard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Section {
    Overview,
    Clients,
    Businesses,
    Usage,
    Explain,
    Console,
    Leaks,
    Webhooks,
    Members,
    Audit,
    Tenants,
    Resources,
    Dialects,
    Keys,
    Revocations,
    Node,
}

/// Sections that belong together.
pub(crate) struct Group {
    /// What they have in common; nothing for the first ones.
    pub(crate) title: &'static str,
    pub(crate) links: Vec<Link>,
}

/// A way to a section.
pub(crate) struct Link {
    pub(crate) label: &'static str,
    pub(crate) icon: &'static str,
    pub(crate) href: String,
    pub(crate) current: bool,
    /// The keys that lead there; none for most.
    pub(crate) keys: &'static str,
}

const ENVIRONMENT: [Section; 8] = [
    Section::Overview,
    Section::Clients,
    Section::Businesses,
    Section::Usage,
    Section::Explain,
    Section::Console,
    Section::Leaks,
    Section::Webhooks,
];
const PEOPLE: [Section; 2] = [Section::Members, Section::Audit];
const OPERATOR: [Section; 6] =
    [Section::Tenants, Section::Resources, Section::Dialects, Section::Keys, Section::Revocations, Section::Node];

impl Section {
    fn label(self) -> &'static str {
        match self {
            Section::Overview => words::navigation::OVERVIEW,
            Section::Clients => words::navigation::CLIENTS,
            Section::Businesses => words::navigation::BUSINESSES,
            Section::Usage => words::navigation::USAGE,
            Section::Explain => words::navigation::EXPLAIN,
            Section::Console => words::navigation::CONSOLE,
            Section::Leaks => words::navigation::LEAKS,
            Section::Webhooks => words::navigation::WEBHOOKS,
            Section::Members => words::navigation::MEMBERS,
            Section::Audit => words::navigation::AUDIT,
            Section::Tenants => words::navigation::TENANTS,
            Section::Resources => words::navigation::RESOURCES,
            Section::Dialects => words::navigation::DIALECTS,
            Section::Keys => words::navigation::KEYS,
            Section::Revocations => words::navigation::REVOCATIONS,
            Section::Node => words::navigation::NODE,
        }
    }

    /// The name that its icon and its address have.
    fn word(self) -> &'static str {
        match self {
            Section::Overview => "overview",
            Section::Clients => "clients",
            Section::Businesses => "businesses",
            Section::Usage => "usage",
            Section::Explain => "explain",
            Section::Console => "console",
            Section::Leaks => "leaks",
            Section::Webhooks => "webhooks",
            Section::Members => "members",
            Section::Audit => "audit",
            Section::Tenants => "tenants",
            Section::Resources => "resources",
            Section::Dialects => "dialects",
            Section::Keys => "keys",
            Section::Revocations => "revocations",
            Section::Node => "node",
        }
    }

    /// What one needs to see it.
    fn needs(self) -> Permission {
        match self {
            Section::Audit => Permission::ReadAudit,
            Section::Members => Permission::EditMembers,
            Section::Tenants
            | Section::Resources
            | Section::Dialects
            | Section::Keys
            | Section::Revocations
            | Section::Node => Permission::ReadOperator,
            _ => Permission::Read,
        }
    }

    /// Its address, in an environment if it belongs to one.
    pub(crate) fn href(self, environment: &str) -> String {
        match self {
            Section::Overview => format!("/{environment}"),
            _ if ENVIRONMENT.contains(&self) => format!("/{environment}/{}", self.word()),
            _ => format!("/{}", self.word()),
        }
    }
}

/// What somebody of a role sees beside each page, in an environment, with the section that they are in marked.
pub(crate) fn groups(role: Role, environment: &str, current: Option<Section>) -> Vec<Group> {
    [("", ENVIRONMENT.as_slice()), (words::navigation::ORGANISATION, &PEOPLE), (words::navigation::OPERATOR, &OPERATOR)]
        .into_iter()
        .map(|(title, sections)| Group { title, links: links(sections, role, environment, current) })
        .filter(|group| !group.links.is_empty())
        .collect()
}

fn links(sections: &[Section], role: Role, environment: &str, current: Option<Section>) -> Vec<Link> {
    // Without an environment there is nowhere to go for what belongs to one.
    let is_there = |section: &&Section| !environment.is_empty() || !ENVIRONMENT.contains(section);
    let permitted = sections.iter().filter(|section| role.permits(section.needs())).filter(is_there);
    permitted
        .map(|section| Link {
            label: section.label(),
            icon: section.word(),
            href: section.href(environment),
            current: current == Some(*section),
            keys: if *section == Section::Clients { "g c" } else { "" },
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(role: Role) -> Vec<&'static str> {
        groups(role, "sandbox", None).into_iter().flat_map(|group| group.links).map(|link| link.label).collect()
    }

    #[test]
    fn a_tenant_sees_nothing_of_the_operators() {
        for role in [Role::Owner, Role::Developer, Role::Viewer] {
            assert!(!labels(role).contains(&words::navigation::KEYS), "{role}");
        }
        assert!(labels(Role::Auditor).contains(&words::navigation::KEYS));
        assert!(!labels(Role::Viewer).contains(&words::navigation::AUDIT));
    }

    #[test]
    fn without_an_environment_no_address_lacks_its_first_part() {
        let links = groups(Role::Admin, "", None).into_iter().flat_map(|group| group.links);
        let hrefs: Vec<_> = links.map(|link| link.href).collect();
        assert!(hrefs.contains(&"/keys".to_owned()) && hrefs.iter().all(|href| !href.starts_with("//")), "{hrefs:?}");
    }

    #[test]
    fn the_environment_is_in_the_address_of_what_belongs_to_it() {
        assert_eq!(Section::Clients.href("production"), "/production/clients");
        assert_eq!(Section::Overview.href("production"), "/production");
        assert_eq!(Section::Keys.href("production"), "/keys");
    }
}
