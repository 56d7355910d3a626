//! Light, dark, or as the system has it. Kept in a cookie, so that a page comes in the right colours at once and without scripts.

use axum::Extension;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::{LOCATION, SET_COOKIE};
use http::{HeaderMap, StatusCode};

use super::forms::Fields;
use super::{AdminApp, cookies};

const COOKIE: &str = "mintmark_theme";
/// A year, in seconds.
const KEPT: u32 = 365 * 24 * 60 * 60;

/// What somebody chose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Theme {
    /// As the system has it.
    #[default]
    System,
    Light,
    Dark,
}

impl Theme {
    pub(crate) const ALL: [Theme; 3] = [Theme::System, Theme::Light, Theme::Dark];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Theme::System => "system",
            Theme::Light => "light",
            Theme::Dark => "dark",
        }
    }

    /// The choice that a browser's cookie holds.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        cookies::value(headers, COOKIE).and_then(Self::from_word).unwrap_or_default()
    }

    fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|theme| theme.as_str() == word)
    }
}

/// `POST /theme`: keeps the choice and goes back to the page that it was made on.
pub(crate) async fn choose(State(app): State<AdminApp>, Extension(fields): Extension<Fields>) -> Response {
    let theme = fields.one("theme").and_then(Theme::from_word).unwrap_or_default();
    let secure = if app.is_secure() { "; Secure" } else { "" };
    let cookie = format!("{COOKIE}={}; Path=/; Max-Age={KEPT}; SameSite=Lax; HttpOnly{secure}", theme.as_str());
    let back = fields.one("back").filter(|path| is_own_path(path)).unwrap_or("/");
    (StatusCode::SEE_OTHER, [(SET_COOKIE, cookie), (LOCATION, back.to_owned())]).into_response()
}

/// Whether a path stays here. Browsers read `//host` and `/\host` as another host, and drop tabs and line ends.
pub(crate) fn is_own_path(path: &str) -> bool {
    path.starts_with('/')
        && !path.starts_with("//")
        && path.len() <= 1024
        && path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn goes_back_to_our_own_pages_only() {
        for path in ["/", "/sandbox/clients?after=x&status=active", "/a%20b"] {
            assert!(is_own_path(path), "{path}");
        }
        for path in
            ["", "https://evil.example", "//evil.example", "/\\evil.example", "/\t/evil.example", "/a\r\nSet-Cookie: x", "a"]
        {
            assert!(!is_own_path(path), "{path:?}");
        }
    }
}
