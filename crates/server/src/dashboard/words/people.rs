//! What the pages about people and signing in say.

pub(crate) mod sign_in {
    pub(crate) const TITLE: &str = "Sign in";
    pub(crate) const EMAIL: &str = "E-mail address";
    pub(crate) const PASSWORD: &str = "Password";
    pub(crate) const CODE: &str = "Code";
    pub(crate) const CODE_HINT: &str = "The six digits that your authenticator app shows.";
    pub(crate) const SUBMIT: &str = "Sign in";
    pub(crate) const INVITED: &str = "I have an invitation or set-up code";
    pub(crate) const WRONG: &str = "That did not match. Check address, password and code; each code works once.";
    pub(crate) const BUSY: &str = "Many others are signing in at this moment. Try again in a few seconds.";
    pub(crate) const TAKEN: &str = "Somebody has this address already. Sign in instead, or ask an owner.";

    pub(crate) fn limited(seconds: u32) -> String {
        format!("There were too many tries. Wait {seconds} seconds, then try again.")
    }

    pub(crate) fn invalid(field: &str, expected: &str) -> String {
        format!("The {field} does not fit: expected {expected}.")
    }
}

pub(crate) mod step_up {
    pub(crate) const TITLE: &str = "Confirm that it is you";
    pub(crate) const SUBMIT: &str = "Confirm and go on";
    pub(crate) const LEAVE: &str = "Leave it as it is";

    pub(crate) fn lead(action: &str) -> &'static str {
        match action {
            "credentials" => "Secrets and other credentials are about to change. This is asked again after ten minutes.",
            "keys" => "Signing keys are about to change. This is asked again after ten minutes.",
            _ => "Who has access is about to change. This is asked again after ten minutes.",
        }
    }
}

pub(crate) mod invitation {
    pub(crate) const CODE_TITLE: &str = "Enter your code";
    pub(crate) const CODE: &str = "Invitation or set-up code";
    pub(crate) const CODE_HINT: &str = "A new server prints its set-up code when it starts. It works once, for 30 minutes.";
    pub(crate) const CONTINUE: &str = "Continue";
    pub(crate) const OVER: &str = "This is not a code or link that still works. Ask for another.";
    pub(crate) const TITLE: &str = "Join";
    pub(crate) const SET_UP_TITLE: &str = "Set up this server";
    pub(crate) const NAME: &str = "Your name";
    pub(crate) const PASSWORD_HINT: &str = "At least twelve characters. A sentence that you remember is best.";
    pub(crate) const QR: &str = "QR code for your authenticator app; the key below it is the same";
    pub(crate) const SCAN: &str = "Scan this with an authenticator app, or type the key into it.";
    pub(crate) const KEY: &str = "Key";
    pub(crate) const FIRST_CODE: &str = "Code from the app";
    pub(crate) const JOIN: &str = "Finish and sign in";
    pub(crate) const WRONG_CODE: &str = "The code did not match, or the page is too old. Type the code that the app shows now.";

    pub(crate) fn lead(email: Option<&str>, role: &str) -> String {
        match email {
            Some(email) => format!("You were invited as {email}, with the role {role}."),
            None => "You are the first: you become this server’s admin.".to_owned(),
        }
    }
}

pub(crate) mod account {
    pub(crate) const TITLE: &str = "Your account";
    pub(crate) const NAME: &str = "Name";
    pub(crate) const ROLE: &str = "Role";
    pub(crate) const ORGANISATION: &str = "Organisation";
    pub(crate) const SESSIONS: &str = "Where you are signed in";
    pub(crate) const BROWSER: &str = "Browser";
    pub(crate) const BEGAN: &str = "Since";
    pub(crate) const LAST_SEEN: &str = "Last seen";
    pub(crate) const FROM: &str = "From";
    pub(crate) const THIS: &str = "This one";
    pub(crate) const UNKNOWN: &str = "Unknown browser";
    pub(crate) const END: &str = "End";
    pub(crate) const END_OTHERS: &str = "End all others";
    pub(crate) const ACTIONS: &str = "Action";
}
