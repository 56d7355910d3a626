//! What every page says.

pub(crate) mod layout {
    pub(crate) const PRODUCT: &str = "Mintmark";
    pub(crate) const SKIP: &str = "Skip to content";
    pub(crate) const MENU: &str = "Menu";
    pub(crate) const MAIN_NAVIGATION: &str = "Main";
    pub(crate) const BREADCRUMBS: &str = "Breadcrumbs";
    pub(crate) const ENVIRONMENT: &str = "Environment";
    pub(crate) const PRODUCTION_MEANS: &str = "Live: changes reach your customers";
    pub(crate) const SANDBOX_MEANS: &str = "For testing: nothing here reaches a customer";
    pub(crate) const ACCOUNT: &str = "Your account";
    pub(crate) const SIGN_OUT: &str = "Sign out";
    pub(crate) const CLOSE: &str = "Close";
    pub(crate) const SHORTCUTS: &str = "Keyboard shortcuts";
    pub(crate) const SHORTCUTS_OFF: &str = "Turn single-key shortcuts off in this browser";
    pub(crate) const SHORTCUT_SEARCH: &str = "Search this page’s list";
    pub(crate) const SHORTCUT_HELP: &str = "Show these shortcuts";
    pub(crate) const SHORTCUT_CLIENTS: &str = "Go to clients";
    pub(crate) const SHORTCUT_NEW: &str = "New, where something can be made";
    pub(crate) const SHORTCUT_ESCAPE: &str = "Close, or leave the search field";
}

pub(crate) mod navigation {
    pub(crate) const OVERVIEW: &str = "Overview";
    pub(crate) const CLIENTS: &str = "Clients";
    pub(crate) const BUSINESSES: &str = "Businesses";
    pub(crate) const USAGE: &str = "Usage";
    pub(crate) const EXPLAIN: &str = "Explain";
    pub(crate) const CONSOLE: &str = "Test console";
    pub(crate) const LEAKS: &str = "Leaks";
    pub(crate) const WEBHOOKS: &str = "Webhooks";
    pub(crate) const ORGANISATION: &str = "Organisation";
    pub(crate) const MEMBERS: &str = "Members";
    pub(crate) const AUDIT: &str = "Audit log";
    pub(crate) const OPERATOR: &str = "Operator";
    pub(crate) const TENANTS: &str = "Tenants";
    pub(crate) const RESOURCES: &str = "Resources";
    pub(crate) const DIALECTS: &str = "Dialects";
    pub(crate) const KEYS: &str = "Signing keys";
    pub(crate) const REVOCATIONS: &str = "Deny list";
    pub(crate) const NODE: &str = "Node";
}

pub(crate) mod theme {
    pub(crate) const LABEL: &str = "Theme";
    pub(crate) const SYSTEM: &str = "System";
    pub(crate) const LIGHT: &str = "Light";
    pub(crate) const DARK: &str = "Dark";
}

pub(crate) mod tone {
    pub(crate) const GOOD: &str = "Done";
    pub(crate) const NOTE: &str = "Note";
    pub(crate) const WARNING: &str = "Warning";
    pub(crate) const BAD: &str = "Problem";
}

pub(crate) mod status {
    pub(crate) const ACTIVE: &str = "Active";
    pub(crate) const DISABLED: &str = "Disabled";
    pub(crate) const EXPIRED: &str = "Expired";
    pub(crate) const EXPIRING: &str = "Expires soon";
    pub(crate) const REVOKED: &str = "Revoked";
    pub(crate) const RETIRING: &str = "Retiring";
    pub(crate) const NEXT: &str = "Next";
    pub(crate) const INVITED: &str = "Invited";
    pub(crate) const QUARANTINED: &str = "In quarantine";
}

pub(crate) mod action {
    pub(crate) const COPY: &str = "Copy";
    pub(crate) const COPIED: &str = "Copied to the clipboard";
    pub(crate) const COPY_FAILED: &str = "Your browser did not allow copying; select the text instead";
    pub(crate) const CANCEL: &str = "Cancel";
    pub(crate) const NEWER: &str = "First page";
    pub(crate) const OLDER: &str = "Next page";
    pub(crate) const PAGES: &str = "Pages";
    pub(crate) const OPTIONAL: &str = "optional";
    pub(crate) const AS_TABLE: &str = "The same as a table";
    pub(crate) const DANGER_ZONE: &str = "Danger zone";
    pub(crate) const SEARCH: &str = "Search";

    pub(crate) fn type_to_confirm(name: &str) -> String {
        format!("Type {name} to confirm")
    }
}

pub(crate) mod time {
    pub(crate) const NEVER: &str = "never";
    pub(crate) const NOW: &str = "just now";

    pub(crate) fn ago(count: i64, unit: &str) -> String {
        format!("{count} {unit} ago")
    }

    pub(crate) fn ahead(count: i64, unit: &str) -> String {
        format!("in {count} {unit}")
    }

    /// A unit's word after a number.
    pub(crate) fn unit(unit: super::super::super::components::Unit, count: i64) -> &'static str {
        use super::super::super::components::Unit;
        match (unit, count) {
            (Unit::Minute, _) => "min",
            (Unit::Hour, _) => "h",
            (Unit::Day, 1) => "day",
            (Unit::Day, _) => "days",
        }
    }
}

pub(crate) mod chart {
    pub(crate) const ISSUED: &str = "Issued";
    pub(crate) const CREDENTIALS: &str = "Credentials refused";
    pub(crate) const REQUEST: &str = "Request faulty";
    pub(crate) const RIGHTS: &str = "No right to it";
    pub(crate) const LIMITED: &str = "Rate limited";
    pub(crate) const UNAVAILABLE: &str = "Unavailable";
    pub(crate) const TIME: &str = "Time (UTC)";
    pub(crate) const TOTAL: &str = "All";
    pub(crate) const NOTHING: &str = "No requests in this time.";

    pub(crate) fn summary(title: &str, columns: usize, total: &str) -> String {
        format!("{title}: {total} requests in {columns} intervals; the table below has the figures.")
    }
}

pub(crate) mod problem {
    pub(crate) const BACK: &str = "Back to the start";
    pub(crate) const NOT_FOUND: &str = "There is nothing here";
    pub(crate) const NOT_FOUND_WHY: &str = "The address is mistyped, the thing was removed, or it belongs to somebody else.";
    pub(crate) const FAILED: &str = "That did not work";
    pub(crate) const NOT_ALLOWED_WHY: &str = "Your role does not allow this. Nothing was changed.";
    pub(crate) const STORE_WHY: &str =
        "The database did not answer. Nothing is known to be changed; tokens are issued all the same. Try again in a moment.";
    pub(crate) const FOREIGN: &str = "This came from another site";
    pub(crate) const FOREIGN_WHY: &str =
        "Changes are made from the dashboard’s own pages. Nothing was changed. Open the dashboard and try again there.";
    pub(crate) const TOKEN: &str = "This page is out of date";
    pub(crate) const TOKEN_WHY: &str = "You have signed in or confirmed who you are since it was loaded. This request changed nothing; one before it may have: look before you repeat the change.";
    pub(crate) const NOT_A_FORM: &str = "This could not be read";
    pub(crate) const NOT_A_FORM_WHY: &str =
        "The dashboard takes forms in UTF-8, without control characters. Nothing was changed.";
    pub(crate) const INCOMPLETE: &str = "Not all of it arrived";
    pub(crate) const INCOMPLETE_WHY: &str = "The connection was too slow or broke off. Nothing was changed. Try again.";
    pub(crate) const TOO_LARGE: &str = "This is too long";
    pub(crate) const TOO_LARGE_WHY: &str = "A form may have 32 KiB. Nothing was changed.";
}

pub(crate) mod scopes {
    pub(crate) const TOO_MANY: &str = "Too many scopes for one form";
    pub(crate) const TOO_MANY_MEANS: &str = "This environment has more scopes than fit into a form. They stay as they are here; change them by the API or the command line.";
}

pub(crate) mod mistake {
    pub(crate) const OPERATOR_ONLY: &str =
        "Only the operator may give this. Your role takes away and narrows; ask the operator for more.";
    pub(crate) const CHANGED: &str =
        "Somebody else changed it since you loaded this page. Below is how it is now; make your change again.";

    pub(crate) fn expected(what: &str) -> String {
        format!("Expected: {}.", what.trim_end_matches('.'))
    }

    /// What a rule said, as a sentence.
    pub(crate) fn sentence(text: &str) -> String {
        let mut letters = text.chars();
        let first = letters.next().map(|letter| letter.to_uppercase().collect::<String>()).unwrap_or_default();
        format!("{first}{}.", letters.as_str().trim_end_matches('.'))
    }
}
