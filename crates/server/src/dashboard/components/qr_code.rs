use std::fmt::Write;

use askama::Template;
use qrcodegen::{QrCode as Modules, QrCodeEcc};

/// The white border that readers need, in modules (ISO/IEC 18004 section 5.3.8).
const QUIET: i32 = 4;

/// Text for a camera. Drawn here, so that the text goes to nobody else.
#[derive(Template)]
#[template(path = "components/qr_code.html")]
pub(crate) struct QrCode {
    label: &'static str,
    /// Modules on each side, the border included.
    side: i32,
    path: String,
}

impl QrCode {
    /// The code of a text; none for one that is too long for any.
    pub(crate) fn of(label: &'static str, text: &str) -> Option<Self> {
        let modules = Modules::encode_text(text, QrCodeEcc::Medium).ok()?;
        let mut path = String::new();
        for y in 0..modules.size() {
            for x in (0..modules.size()).filter(|x| modules.get_module(*x, y)) {
                // Writing to a string does not fail.
                let _ = write!(path, "M{} {}h1v1h-1z", x + QUIET, y + QUIET);
            }
        }
        Some(Self { label, side: modules.size() + 2 * QUIET, path })
    }
}
