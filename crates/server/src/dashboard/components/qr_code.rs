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
            for (x, length) in runs(&modules, y) {
                // Writing to a string does not fail.
                let _ = write!(path, "M{} {}h{length}v1h-{length}z", x + QUIET, y + QUIET);
            }
        }
        Some(Self { label, side: modules.size() + 2 * QUIET, path })
    }
}

/// Where dark modules begin in a row, and how many there are side by side.
fn runs(modules: &Modules, y: i32) -> Vec<(i32, i32)> {
    let mut runs: Vec<(i32, i32)> = Vec::new();
    for x in (0..modules.size()).filter(|x| modules.get_module(*x, y)) {
        match runs.last_mut() {
            Some((start, length)) if *start + *length == x => *length += 1,
            _ => runs.push((x, 1)),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_side_by_side_are_drawn_as_one() {
        let modules = Modules::encode_text("otpauth://totp/Mintmark", QrCodeEcc::Medium).unwrap();
        for y in 0..modules.size() {
            let runs = runs(&modules, y);
            let drawn: Vec<i32> = runs.iter().flat_map(|(start, length)| *start..start + length).collect();
            let dark: Vec<i32> = (0..modules.size()).filter(|x| modules.get_module(*x, y)).collect();
            assert_eq!(drawn, dark);
            assert!(runs.windows(2).all(|pair| pair[0].0 + pair[0].1 < pair[1].0), "{runs:?}");
        }
    }
}
