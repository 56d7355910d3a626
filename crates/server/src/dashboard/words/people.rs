//! What the pages about people and signing in say.

pub(crate) mod sign_in {
    pub(crate) const TITLE: &str = "Sign in";
    pub(crate) const EMAIL: &str = "E-mail address";
    pub(crate) const PASSWORD: &str = "Password";
    pub(crate) const SUBMIT: &str = "Sign in";
    pub(crate) const WRONG: &str =
        "That did not match. Check the address and the password, or ask an owner to invite you again.";
}

pub(crate) mod totp {
    pub(crate) const TITLE: &str = "Enter the code";
    pub(crate) const LEAD: &str = "The six digits that your authenticator app shows for Mintmark.";
    pub(crate) const CODE: &str = "Code";
    pub(crate) const SUBMIT: &str = "Continue";
}
