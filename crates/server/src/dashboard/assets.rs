//! Style, script and icons. A name holds a fingerprint of what is in the file, so browsers may keep it for ever.

use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use http::header::{ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, VARY};
use http::{HeaderMap, HeaderValue, StatusCode};

/// A file that is part of the program, as it is and compressed.
pub(crate) struct Asset {
    pub(crate) name: &'static str,
    pub(crate) path: &'static str,
    pub(crate) content_type: &'static str,
    pub(crate) plain: &'static [u8],
    pub(crate) gzip: &'static [u8],
    pub(crate) brotli: &'static [u8],
}

include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// Where browsers find an asset; nowhere if there is none of this name.
pub(crate) fn path(name: &str) -> &'static str {
    ASSETS.iter().find(|asset| asset.name == name).map_or("", |asset| asset.path)
}

impl Asset {
    /// The smallest form that the browser understands, and what that form is called.
    fn negotiate(&self, accepted: &str) -> (&'static [u8], Option<&'static str>) {
        if accepts(accepted, "br") {
            (self.brotli, Some("br"))
        } else if accepts(accepted, "gzip") {
            (self.gzip, Some("gzip"))
        } else {
            (self.plain, None)
        }
    }
}

/// Whether a browser that accepts these takes a coding.
pub(crate) fn accepts(accepted: &str, coding: &str) -> bool {
    accepted.split(',').any(|one| {
        let (name, weight) = one.split_once(';').unwrap_or((one, ""));
        name.trim().eq_ignore_ascii_case(coding) && !is_zero(weight)
    })
}

/// Whether a weight says "not acceptable" (RFC 9110 section 12.4.2).
fn is_zero(weight: &str) -> bool {
    weight.trim().strip_prefix("q=").is_some_and(|value| value.trim_end_matches(['0', '.']).is_empty())
}

/// `GET /assets/{file}`.
pub(crate) async fn serve(Path(file): Path<String>, headers: HeaderMap) -> Response {
    let Some(asset) = ASSETS.iter().find(|asset| asset.path.strip_prefix("/assets/") == Some(file.as_str())) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let accepted = headers.get(ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (bytes, coding) = asset.negotiate(accepted);
    let mut response = bytes.into_response();
    let answer = response.headers_mut();
    answer.insert(CONTENT_TYPE, HeaderValue::from_static(asset.content_type));
    answer.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
    answer.insert(VARY, HeaderValue::from_static("accept-encoding"));
    if let Some(coding) = coding {
        answer.insert(CONTENT_ENCODING, HeaderValue::from_static(coding));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_gets_the_smallest_form_that_it_understands() {
        let style = ASSETS.iter().find(|asset| asset.name == "style").unwrap();
        assert_eq!(style.negotiate("gzip, deflate, br").1, Some("br"));
        assert_eq!(style.negotiate("gzip;q=0.5").1, Some("gzip"));
        assert_eq!(style.negotiate("br;q=0, gzip;q=0.0").1, None);
        assert_eq!(style.negotiate("").0, style.plain);
        assert!(style.brotli.len() < style.gzip.len() && style.gzip.len() < style.plain.len());
    }

    #[test]
    fn every_name_is_different_and_found() {
        for name in ["style", "script", "icons", "favicon"] {
            let found = path(name);
            assert!(found.starts_with(&format!("/assets/{name}-")), "{found}");
        }
        assert_eq!(path("none"), "");
    }
}
