//! What looks like a secret and is not written into a draft, wherever a document or a recording has it.

/// Names of keys whose values are never copied.
const SECRET_NAMES: &[&str] = &[
    "secret",
    "password",
    "passwd",
    "token",
    "apikey",
    "assertion",
    "authorization",
    "credential",
    "cookie",
    "session",
    "jwt",
];
/// So long a run of letters and digits without a word in it is a key or a token rather than prose.
const LONG_RUN: usize = 20;

/// Whether a key's name says that its value is a secret. `token_type` is none, and neither is a description of an error.
pub(super) fn is_secret_name(name: &str) -> bool {
    let plain = super::meaning::plain(name);
    plain != "tokentype" && SECRET_NAMES.iter().any(|word| plain.contains(word))
}

/// Whether a text could be a secret, a token or a key: it holds one long unbroken run of mixed characters.
pub(crate) fn looks_secret(text: &str) -> bool {
    text.split(|character: char| !(character.is_ascii_alphanumeric() || "-_+/=.~".contains(character))).any(is_random)
}

fn is_random(run: &str) -> bool {
    if run.len() < LONG_RUN {
        return false;
    }
    let has = |test: fn(&u8) -> bool| run.as_bytes().iter().any(test);
    let is_mixed = has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic);
    let is_mixed_case = has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase);
    // A path, a host or an OAuth error code is long too, but made of words.
    let is_words = run.split(['-', '_', '.', '/']).all(|word| word.len() < 16 && !has_digit_inside(word));
    (is_mixed || is_mixed_case) && !is_words
}

fn has_digit_inside(word: &str) -> bool {
    word.bytes().any(|byte| byte.is_ascii_digit()) && word.bytes().any(|byte| byte.is_ascii_alphabetic()) && word.len() > 8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_and_keys_look_secret_and_prose_does_not() {
        for secret in [
            "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln",
            "Bearer 0123456789abcdef0123456789abcdef",
            "sk_live_51H8a9bK2eZvKYlo2C",
            "Y2xpZW50OnNlY3JldHNlY3JldA==",
        ] {
            assert!(looks_secret(secret), "{secret}");
        }
        for prose in [
            "invalid_client",
            "unsupported_grant_type",
            "Client authentication failed.",
            "https://api.example.com/v1/oauth/errors/unauthorized",
            "GENERAL.UNAUTHORIZED.CLIENT",
            "2026-05-01T16:39:28Z",
            "read write",
        ] {
            assert!(!looks_secret(prose), "{prose}");
        }
    }

    #[test]
    fn names_of_secrets_are_known_in_any_spelling() {
        for name in ["client_secret", "clientSecret", "Access-Token", "refresh_token", "X-Api-Key"] {
            assert!(is_secret_name(name), "{name}");
        }
        for name in ["token_type", "tokenType", "error", "scope", "expires_in"] {
            assert!(!is_secret_name(name), "{name}");
        }
    }
}
