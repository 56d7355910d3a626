//! What the pages about members, invitations and programs that manage say.

pub(crate) mod members {
    pub(crate) const TITLE: &str = "Members";
    pub(crate) const LEAD: &str = "People who sign in here, and what they may do.";
    pub(crate) const VIEWS: &str = "People and programs";
    pub(crate) const PEOPLE: &str = "Members";
    pub(crate) const NAME: &str = "Name";
    pub(crate) const EMAIL: &str = "E-mail address";
    pub(crate) const ROLE: &str = "Role";
    pub(crate) const STATUS: &str = "Status";
    pub(crate) const ANY_STATUS: &str = "Any status";
    pub(crate) const ORGANISATION: &str = "Organisation";
    pub(crate) const ANY_ORGANISATION: &str = "All organisations";
    pub(crate) const ORGANISATION_ID: &str = "Tenant ID";
    pub(crate) const LAST_SIGN_IN: &str = "Last signed in";
    pub(crate) const SINCE: &str = "Member since";
    pub(crate) const MEANS: &str = "Signs in by";
    pub(crate) const PASSWORD: &str = "password and code";
    pub(crate) const NO_MEANS: &str = "nothing yet";
    pub(crate) const ID: &str = "Member ID";
    pub(crate) const YOU: &str = "You";
    pub(crate) const YOURSELF: &str = "This is you. Your password, codes and passkeys are on your account page.";
    pub(crate) const YOUR_ACCOUNT: &str = "Go to your account";
    pub(crate) const SHOW: &str = "Show";
    pub(crate) const NOTHING: &str = "No member matches";
    pub(crate) const NOTHING_WHY: &str = "Nobody here has what you asked for.";
    pub(crate) const SHOW_ALL: &str = "Show all members";
    pub(crate) const CHANGE_ROLE: &str = "Change role";
    pub(crate) const CHANGE_ROLE_MEANS: &str = "Another role is in force at once; they are signed out everywhere.";
    pub(crate) const SESSIONS: &str = "Where they are signed in";
    pub(crate) const NO_SESSIONS: &str = "They are signed in nowhere.";
    pub(crate) const END_ALL: &str = "End all sessions";
    pub(crate) const ACCESS: &str = "Access";
    pub(crate) const RECOVER: &str = "Make a recovery link";
    pub(crate) const RECOVER_TITLE: &str = "They cannot sign in";
    pub(crate) const RECOVER_MEANS: &str =
        "A link by which they set password, codes and passkeys anew. What they have now is good until it is used.";
    pub(crate) const DISABLE: &str = "Disable";
    pub(crate) const DISABLE_TITLE: &str = "Disable this member";
    pub(crate) const DISABLE_MEANS: &str =
        "They are signed out everywhere and cannot sign in. What they have invited is over for good; all else can be undone.";
    pub(crate) const REMOVE: &str = "Remove";
    pub(crate) const REMOVE_TITLE: &str = "Remove this member";
    pub(crate) const REMOVE_MEANS: &str =
        "There is no way back: the address is free for whoever is invited next. The audit log keeps what they did.";
    pub(crate) const ENABLE: &str = "Enable";
    pub(crate) const ENABLE_TITLE: &str = "Enable this member";
    pub(crate) const ENABLE_MEANS: &str = "They can sign in again, with what they had.";

    pub(crate) fn showing(count: usize) -> String {
        if count == 1 { "1 member on this page".to_owned() } else { format!("{count} members on this page") }
    }

    pub(crate) fn passkeys(count: usize) -> String {
        if count == 1 { "passkey".to_owned() } else { format!("{count} passkeys") }
    }

    /// What a role may, in a few words.
    pub(crate) fn role(role: mintmark_core::management::Role) -> &'static str {
        use mintmark_core::management::Role;
        match role {
            Role::Admin => "admin: everything, in all tenants",
            Role::Auditor => "auditor: sees everything, changes nothing",
            Role::Owner => "owner: everything of the tenant’s, its members included",
            Role::Developer => "developer: the tenant’s clients and businesses",
            Role::Viewer => "viewer: sees what is the tenant’s, changes nothing",
        }
    }
}

pub(crate) mod invitations {
    pub(crate) const TITLE: &str = "Invitations";
    pub(crate) const LEAD: &str = "Links that nobody has used yet. Each works once, for 72 hours.";
    pub(crate) const INVITE: &str = "Invite";
    pub(crate) const FORM_TITLE: &str = "Invite somebody";
    pub(crate) const FORM_LEAD: &str = "You get a link to hand over. No mail is sent.";
    pub(crate) const EMAIL_HINT: &str = "What they will sign in with. It cannot be changed later.";
    pub(crate) const OPERATOR: &str = "The operator’s own";
    pub(crate) const TENANT_HINT: &str = "Leave it empty for the operator’s own people.";
    pub(crate) const SUBMIT: &str = "Make the link";
    pub(crate) const BY: &str = "Invited by";
    pub(crate) const EXPIRES: &str = "Works until";
    pub(crate) const KIND: &str = "For";
    pub(crate) const CANCEL: &str = "Take back";
    pub(crate) const NONE: &str = "No open invitations";
    pub(crate) const NONE_WHY: &str = "Invite somebody by a link: it fixes address and role, and works once.";
    pub(crate) const LINK: &str = "Link";
    pub(crate) const LINK_HINT: &str =
        "Shown this once. Hand it over where only its reader sees it: whoever opens it becomes this member.";
    pub(crate) const STORED: &str = "I have copied the link";
    pub(crate) const FINISH: &str = "Done";
    pub(crate) const MACHINE: &str = "the command line";

    pub(crate) fn showing(count: usize) -> String {
        if count == 1 { "1 invitation on this page".to_owned() } else { format!("{count} invitations on this page") }
    }

    pub(crate) fn kind(kind: mintmark_core::model::InvitationKind, is_back: bool) -> &'static str {
        use mintmark_core::model::InvitationKind;
        match kind {
            InvitationKind::Invite if is_back => "recovery",
            InvitationKind::Invite => "a new member",
            InvitationKind::SetUp => "the first admin",
            InvitationKind::BreakGlass => "break-glass",
        }
    }

    pub(crate) fn link_title(email: &str) -> String {
        format!("A link for {email}")
    }

    pub(crate) fn link_lead(role: &str) -> String {
        format!("Whoever opens it signs in with the role {role}.")
    }
}

pub(crate) mod programs {
    pub(crate) const TITLE: &str = "Programs";
    pub(crate) const LEAD: &str = "Programs that use the management API. They are no clients of an environment.";
    pub(crate) const NEW: &str = "New program";
    pub(crate) const FORM_LEAD: &str = "You get a secret for it, once.";
    pub(crate) const NAME_HINT: &str = "What people call it, such as terraform.";
    pub(crate) const SUBMIT: &str = "Make the program";
    pub(crate) const ID: &str = "Client ID";
    pub(crate) const HINT: &str = "Secret ends in";
    pub(crate) const CREATED: &str = "Created";
    pub(crate) const NONE: &str = "No programs yet";
    pub(crate) const NONE_WHY: &str = "What you do on these pages a program can do too, with a role of its own.";
    pub(crate) const SECRET: &str = "Secret";
    pub(crate) const SECRET_HINT: &str =
        "Shown this once. We keep only a fingerprint of it, so nobody can show it to you again.";
    pub(crate) const STORED: &str = "I have stored the secret where it belongs";
    pub(crate) const FINISH: &str = "Go to the program";
    pub(crate) const TOKEN: &str = "Get a token for the management API";
    pub(crate) const ROTATE: &str = "New secret";
    pub(crate) const ROTATE_MEANS: &str =
        "It gets another secret. The one from before, and its tokens, are worth nothing at once.";
    pub(crate) const DISABLE: &str = "Disable";
    pub(crate) const DISABLE_TITLE: &str = "Disable this program";
    pub(crate) const DISABLE_MEANS: &str =
        "It gets no tokens, and those that it has are worth nothing, for good. What it has invited is over too.";
    pub(crate) const ENABLE: &str = "Enable";
    pub(crate) const ENABLE_TITLE: &str = "Enable this program";
    pub(crate) const ENABLE_MEANS: &str = "It can ask for tokens again, with the same secret.";

    pub(crate) fn showing(count: usize) -> String {
        if count == 1 { "1 program on this page".to_owned() } else { format!("{count} programs on this page") }
    }

    pub(crate) fn result_title(name: &str) -> String {
        format!("The secret of {name}")
    }

    pub(crate) fn rotate_title(name: &str) -> String {
        format!("Give {name} a new secret?")
    }

    pub(crate) fn disable_title(name: &str) -> String {
        format!("Disable {name}?")
    }
}
