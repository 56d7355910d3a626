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
            "credentials" => {
                "Credentials, or what a client may do, are about to change. This is asked again after ten minutes."
            }
            "keys" => "Signing keys are about to change. This is asked again after ten minutes.",
            _ => "Who has access, to what, or who is told of it, is about to change. This is asked again after ten minutes.",
        }
    }
}

pub(crate) mod passkey {
    pub(crate) const SIGN_IN: &str = "Sign in with a passkey";
    pub(crate) const CONFIRM: &str = "Confirm with a passkey";
    pub(crate) const JOIN: &str = "Join with a passkey instead";
    pub(crate) const FIRST: &str = "First passkey";
    pub(crate) const NEW: &str = "Add a passkey";
    pub(crate) const NEW_LEAD: &str = "Your device keeps a key and shows it to nobody; it asks for your finger, face or PIN.";
    pub(crate) const NAME: &str = "Name";
    pub(crate) const NAME_HINT: &str = "What you tell it from others by, such as the device that keeps it.";
    pub(crate) const REGISTER: &str = "Make the passkey";
    pub(crate) const FAILED: &str = "There was no passkey, or it was not confirmed. Nothing was sent.";
    pub(crate) const WRONG: &str =
        "That passkey was not accepted, or this page was open for more than five minutes. Try again.";
    pub(crate) const EXISTS: &str = "You have this passkey already.";
    pub(crate) const MISSING: &str = "This browser has no passkeys, or not at this address.";
    pub(crate) const NO_SCRIPTS: &str = "Passkeys need scripts, which are off in this browser.";
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
    pub(crate) const PASSKEYS: &str = "Passkeys";
    pub(crate) const NO_PASSKEYS: &str = "A passkey signs you in by your device, without a password or code to type.";
    pub(crate) const ADD_PASSKEY: &str = "Add a passkey";
    pub(crate) const ADDED: &str = "Added";
    pub(crate) const LAST_USED: &str = "Last used";
    pub(crate) const REMOVE: &str = "Remove";
    pub(crate) const PASSWORD: &str = "Password and codes";
    pub(crate) const HAS_PASSWORD: &str = "You can sign in by password and a code of your authenticator app.";
    pub(crate) const HAS_NO_PASSWORD: &str =
        "You sign in by passkey alone. Password and codes are another way in; it takes both.";
    pub(crate) const CHANGE_PASSWORD: &str = "Set a new password";
    pub(crate) const CHANGE_AUTHENTICATOR: &str = "Set a new authenticator";
    pub(crate) const PASSWORD_LEAD: &str = "Your other sessions end, and recovery links are over.";
    pub(crate) const AUTHENTICATOR_LEAD: &str =
        "Codes of the app that you had so far are worth nothing then. Your other sessions end.";
    pub(crate) const NEW_PASSWORD: &str = "New password";
    pub(crate) const AGAIN: &str = "The same again";
    pub(crate) const NOT_THE_SAME: &str = "The two are not the same. Type both again.";
    pub(crate) const NO_CODES: &str = "You have no authenticator app yet";
    pub(crate) const NO_CODES_WHY: &str = "A password signs you in only with a code. Set both.";
    pub(crate) const END: &str = "End";
    pub(crate) const END_OTHERS: &str = "End all others";
    pub(crate) const ACTIONS: &str = "Action";
}
