//! Which requests are for a token endpoint, however its path is spelled: servers read one path in many ways, and what one of them takes
//! for the token endpoint must not get past Mintmark's decision as something else.

use std::sync::Arc;

use mintmark_core::dialect::{Dialect, DialectSet, Routed};
use percent_encoding::percent_decode;

/// How often a path is decoded before nobody can say what it means.
const ROUNDS: usize = 8;

/// What a path is.
pub(super) enum Place {
    /// A token endpoint's.
    Token(Arc<Dialect>, Spelling),
    /// Something else.
    Other,
    /// Encoded so often that no two servers agree on it.
    Unreadable,
}

/// How a token endpoint's path is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spelling {
    /// As Mintmark answers it.
    Own,
    /// In another way, which Mintmark does not take for the endpoint.
    Other,
}

/// What a path is to the endpoint's server, whose URL may have a path of its own, `base`.
pub(super) fn place_of(dialects: &DialectSet, base: &str, path: &str) -> Place {
    if let Routed::Endpoint(dialect) = dialects.route(path) {
        return Place::Token(Arc::clone(dialect), Spelling::Own);
    }
    // Also joined with the base: `..` may lead out of it and back.
    let spelled = (segments(path), segments(&format!("{base}{path}")));
    let (Some(alone), Some(joined)) = spelled else { return Place::Unreadable };
    let is_meant = |dialect: &&Arc<Dialect>| {
        let own = &dialect.route.path;
        segments(own).is_some_and(|own| is_for(&alone, &own))
            || segments(&format!("{base}{own}")).is_some_and(|own| is_for(&joined, &own))
    };
    match dialects.iter().find(is_meant) {
        Some(dialect) => Place::Token(Arc::clone(dialect), Spelling::Other),
        None => Place::Other,
    }
}

/// Whether a path is for the endpoint. What comes behind the name of a script is told to the script, and some servers take what stands behind
/// a dot for the format of the answer.
fn is_for(path: &[String], own: &[String]) -> bool {
    let is_script = own.last().is_some_and(|last| last.contains('.'));
    let is_formatted = path.split_last().zip(own.split_last()).is_some_and(|((last, before), (own_last, own_before))| {
        before == own_before && last.strip_prefix(own_last.as_str()).is_some_and(|rest| rest.starts_with('.'))
    });
    path == own || is_formatted || (is_script && path.starts_with(own))
}

/// The segments of a path in one spelling: decoded, in lower case, without what servers leave out. Nothing where it is encoded too often.
fn segments(path: &str) -> Option<Vec<String>> {
    let mut bytes = path.as_bytes().to_vec();
    let mut rounds = 0;
    loop {
        let decoded: Vec<u8> = percent_decode(&bytes).collect();
        if decoded == bytes {
            break;
        }
        rounds += 1;
        if rounds > ROUNDS {
            return None;
        }
        bytes = decoded;
    }
    let text = String::from_utf8_lossy(&bytes).to_lowercase().replace('\\', "/");
    let mut segments: Vec<String> = Vec::new();
    for segment in text.split(['?', '#', '\0']).next()?.split('/') {
        // Parameters of a segment (RFC 3986 section 3.3), which some servers take off; spaces and dots at the end, which others do.
        let bare: String = segment.split(';').next()?.chars().filter(|one| !one.is_control() && *one != ' ').collect();
        match bare.as_str() {
            ".." => drop(segments.pop()),
            bare => segments.push(bare.trim_end_matches('.').to_owned()),
        }
        segments.pop_if(|last| last.is_empty());
    }
    Some(segments)
}

#[cfg(test)]
mod tests {
    use mintmark_core::document::Source;

    use super::*;

    fn place(base: &str, path: &str) -> &'static str {
        let script = Source {
            name: "script.toml".to_owned(),
            text: "name = \"script\"\nextends = \"standard\"\n[route]\npath = \"/api/token.php\"\n".to_owned(),
        };
        let dialects = DialectSet::load(&[Arc::new(script)]).unwrap();
        match place_of(&dialects, base, path) {
            Place::Token(_, Spelling::Own) => "own",
            Place::Token(_, Spelling::Other) => "other spelling",
            Place::Other => "other",
            Place::Unreadable => "unreadable",
        }
    }

    #[test]
    fn every_spelling_of_a_token_endpoints_path_is_known() {
        assert_eq!(place("", "/oauth/token"), "own");
        for path in [
            "/oauth/token/",
            "/oauth/token//",
            "//oauth/token",
            "/oauth//token",
            "/oauth/%74oken",
            "/oauth/%2574oken",
            "/oauth%2ftoken",
            "/oauth%5ctoken",
            "/oauth\\token",
            "/oauth/./token",
            "/oauth/%2e/token",
            "/x/../oauth/token",
            "/x/..;/oauth/token",
            "/oauth/x/%2e%2e/token",
            "/../oauth/token",
            "/oauth/token;jsessionid=1",
            "/oauth;a=b/token",
            "/OAuth/Token",
            "/oauth/token%20",
            "/oauth/token.",
            "/oauth/token.json",
            "/oauth/token.x/",
            "/oauth/token%00.png",
            "/oauth/token%3Fx",
            "/oauth/token%23x",
            "/oauth/token%0a",
            "/o/token",
            "/api/token.php/more",
        ] {
            assert_eq!(place("", path), "other spelling", "{path}");
        }
        for path in ["/", "/oauth", "/oauth/tokens", "/oauth/token/info", "/oauth/token/..", "/token", "/oauth/%zztoken"] {
            assert_eq!(place("", path), "other", "{path}");
        }
        let often = format!("/oauth/%{}74oken", "25".repeat(20));
        assert_eq!(place("", &often), "unreadable");
    }

    #[test]
    fn dots_lead_out_of_the_endpoints_base_and_back_in() {
        assert_eq!(place("/v1", "/../v1/oauth/token"), "other spelling");
        assert_eq!(place("/v1", "/../oauth/token"), "other spelling");
        assert_eq!(place("/v1", "/../v1/other"), "other");
    }
}
