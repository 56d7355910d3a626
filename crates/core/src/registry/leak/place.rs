//! Where a secret was found, as it is kept: a text of a stranger's, in which the secret may stand as well.

use percent_encoding::percent_decode_str;

use crate::crypto::SecretText;
use crate::notice::clean_text;

/// What every secret begins with.
const PREFIX: &str = "mms_";
/// What stands in the place of one.
const HIDDEN: &str = "[secret]";
/// How often a place may be percent-encoded. Of one that is encoded more often nothing is kept but its host.
const ENCODINGS: usize = 3;

/// The place without any secret, whoever's it is. Where one is percent-encoded, in whole or in part, scheme and host are all that is
/// kept: what is to be cut out would have to be found in a text that says it in another way.
pub(super) fn place(found_at: &str, secret: &SecretText) -> String {
    let secret = secret.expose();
    // What is random in it: with that alone anybody knows the rest.
    let tail = secret.rsplit('_').next().unwrap_or(secret);
    let hidden = hide(&without_controls(found_at).replace(secret, HIDDEN));
    let mut read = hidden.clone();
    for _ in 0..=ENCODINGS {
        if read.contains(PREFIX) || read.contains(tail) {
            break;
        }
        let decoded = without_controls(&percent_decode_str(&read).decode_utf8_lossy());
        if decoded == read {
            return clean_text(&hidden);
        }
        read = decoded;
    }
    let origin = origin(&hidden, tail).unwrap_or_default();
    clean_text(&format!("{origin}{HIDDEN}"))
}

/// A text without what begins as a secret does, and without what follows, some of which may be percent-encoded.
fn hide(text: &str) -> String {
    let mut parts = text.split(PREFIX);
    let mut hidden = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        hidden.push_str(HIDDEN);
        hidden.push_str(
            part.trim_start_matches(|character: char| character.is_ascii_alphanumeric() || "_-%".contains(character)),
        );
    }
    hidden
}

fn without_controls(text: &str) -> String {
    text.chars().filter(|character| !character.is_control()).collect()
}

/// Scheme and host of a URL, if they are plain and hold no secret. A name of a host has no capital letters for some who write it down.
fn origin(url: &str, tail: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?', '#', '\\']).next()?;
    let host = authority.rsplit('@').next()?;
    let is_plain = |text: &str, others: &str| {
        !text.is_empty() && text.chars().all(|character| character.is_ascii_alphanumeric() || others.contains(character))
    };
    let origin = format!("{scheme}://{host}/");
    let is_safe =
        is_plain(scheme, "+-.") && is_plain(host, "-.:[]") && !origin.to_ascii_lowercase().contains(&tail.to_ascii_lowercase());
    is_safe.then_some(origin)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::crypto::ClientSecret;
    use crate::random::SeededRandom;

    fn secret(seed: u64) -> SecretText {
        ClientSecret::generate(&"sandbox".parse().unwrap(), &SeededRandom::new(seed)).text().clone()
    }

    /// A text in which the characters that are chosen are percent-encoded, and those that would be mistaken for an encoding.
    fn encoded(text: &str, choice: &[bool]) -> String {
        let mut chosen = choice.iter().cycle();
        let each = text.bytes().map(|byte| match byte {
            b'%' => "%25".to_owned(),
            _ if chosen.next().is_some_and(|chosen| *chosen) => format!("%{byte:02x}"),
            _ => char::from(byte).to_string(),
        });
        each.collect()
    }

    /// All that somebody reads who decodes a text again and again.
    fn readings(text: &str) -> Vec<String> {
        let mut all = vec![text.to_owned()];
        for _ in 0..8 {
            all.push(percent_decode_str(all.last().unwrap()).decode_utf8_lossy().into_owned());
        }
        all
    }

    #[test]
    fn a_secret_in_a_place_is_found_however_it_is_written() {
        let secret = secret(1);
        let (whole, tail) = (secret.expose(), secret.expose().rsplit('_').next().unwrap());
        let all = [true];
        let once = encoded(whole, &all);
        for (found_at, kept) in [
            (format!("https://x.example/?a={whole}&b=1"), "https://x.example/?a=[secret]&b=1"),
            (format!("https://x.example/?a={once}&b=1"), "https://x.example/[secret]"),
            (format!("https://x.example/?a={}", encoded(&once, &all)), "https://x.example/[secret]"),
            (format!("https://x.example/?a={}", whole.replace('_', "%5F")), "https://x.example/[secret]"),
            (format!("https://x.example/?a={}", whole.replacen("mms", "%6dms", 1)), "https://x.example/[secret]"),
            (format!("https://x.example/?a={tail}"), "https://x.example/[secret]"),
            (format!("https://x.example/?a=mms%0A_sandbox_{tail}"), "https://x.example/[secret]"),
            (format!("https://user:{once}@x.example:8443/a"), "https://x.example:8443/[secret]"),
            (format!("https://{tail}.example/a"), "[secret]"),
            (format!("https://{once}/"), "[secret]"),
            (format!("https://x.example/?a={}{}", &whole[..20], encoded(&whole[20..], &all)), "https://x.example/?a=[secret]"),
            (format!("{once} in a log"), "[secret]"),
        ] {
            assert_eq!(place(&found_at, &secret), kept, "{found_at}");
        }
    }

    #[test]
    fn a_place_without_a_secret_is_kept_as_it_is_encoded_or_not() {
        for found_at in ["", "https://x.example/a%20b?c=%252F#d", "https://x.example/100%", "a paste of yesterday", "%FF%zz"] {
            assert_eq!(place(found_at, &secret(1)), found_at);
        }
    }

    proptest! {
        #[test]
        fn no_number_of_encodings_hides_a_secret(
            seed in 0_u64..50,
            others in any::<bool>(),
            choices in prop::collection::vec(prop::collection::vec(any::<bool>(), 1..70), 0..7),
        ) {
            let reported = secret(seed);
            let written = if others { secret(seed + 1) } else { reported.clone() };
            let text = choices.iter().fold(written.expose().to_owned(), |text, choice| encoded(&text, choice));
            let kept = place(&format!("https://x.example/a?b={text}&c"), &reported);
            prop_assert!(kept.starts_with("https://x.example/"), "{kept}");
            let tail = written.expose().rsplit('_').next().unwrap();
            let parts: Vec<&str> = (0..tail.len() - 8).map(|at| &tail[at..at + 8]).collect();
            for reading in readings(&kept) {
                prop_assert!(!reading.contains("mms_") && !parts.iter().any(|part| reading.contains(part)), "{kept}");
            }
        }
    }
}
