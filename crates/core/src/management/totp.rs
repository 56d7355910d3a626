//! Codes of six digits that change every thirty seconds (RFC 6238), as all authenticator programs make them.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use zeroize::Zeroizing;

use super::texts::base32;
use crate::clock::Timestamp;
use crate::crypto::{Sealer, SecretText, totp_context};
use crate::model::{MemberId, SealedBytes};
use crate::random::Random;

/// The length of a secret: that of the MAC (RFC 4226 section 4).
pub(super) const SECRET: usize = 20;
/// How long a code is good, in seconds.
const STEP: i64 = 30;
const DIGITS: usize = 6;

/// A secret for codes.
pub(super) type TotpSecret = Zeroizing<[u8; SECRET]>;

/// A new secret, to be put into an authenticator program and confirmed with a code.
#[derive(Debug)]
pub struct TotpEnrolment {
    /// The secret for people to type, in base32.
    pub secret: SecretText,
    /// The same as an address for a QR code: `otpauth://totp/…`.
    pub uri: SecretText,
    /// What confirms it goes with: sealed, to be sent back as it is.
    pub handle: String,
}

pub(super) fn new_secret(random: &dyn Random) -> TotpSecret {
    let mut secret = Zeroizing::new([0; SECRET]);
    random.fill(&mut *secret);
    secret
}

/// What an authenticator program is given.
pub(super) fn enrolment(secret: &TotpSecret, name: &str, handle: String) -> TotpEnrolment {
    let text = Zeroizing::new(base32(&**secret));
    let name = utf8_percent_encode(name, NON_ALPHANUMERIC);
    let uri =
        format!("otpauth://totp/Mintmark:{name}?secret={}&issuer=Mintmark&algorithm=SHA1&digits=6&period=30", text.as_str());
    TotpEnrolment { secret: SecretText::new(text.as_str().to_owned()), uri: SecretText::new(uri), handle }
}

pub(super) fn seal(sealer: &Sealer, member: MemberId, secret: &TotpSecret, random: &dyn Random) -> Option<SealedBytes> {
    sealer.seal(totp_context(&member.to_text()), &**secret, random).map(SealedBytes)
}

pub(super) fn open(keys: &Sealer, member: MemberId, sealed: &SealedBytes) -> Option<TotpSecret> {
    let log = |error: &_| tracing::error!(%member, %error, "a code's secret cannot be read: nobody signs in with it");
    let secret = keys.unseal(totp_context(&member.to_text()), &sealed.0).inspect_err(log).ok()?;
    secret.as_slice().try_into().ok().map(Zeroizing::new)
}

/// The time step that a code is of: this one, the one before or the one after, since clocks differ. All three are compared whatever
/// the outcome.
pub(super) fn step_of(secret: &TotpSecret, code: &str, now: Timestamp) -> Option<u64> {
    let code = Zeroizing::new(code.chars().filter(|one| *one != ' ').take(DIGITS + 1).collect::<String>());
    let current = u64::try_from(now.0.div_euclid(STEP)).ok()?;
    let is_code = |step: u64| verify_slices_are_equal(code_at(secret, step).as_bytes(), code.as_bytes()).is_ok();
    let steps = [current.saturating_sub(1), current, current + 1];
    steps.into_iter().fold(None, |found, step| if is_code(step) { Some(step) } else { found })
}

/// The code of a time step (RFC 4226 section 5.3).
pub(super) fn code_at(secret: &TotpSecret, step: u64) -> Zeroizing<String> {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &**secret);
    let mac = hmac::sign(&key, &step.to_be_bytes());
    let mac = mac.as_ref();
    let offset = usize::from(mac.last().copied().unwrap_or(0) & 0xf);
    let part = mac.get(offset..).and_then(<[u8]>::first_chunk::<4>).copied().unwrap_or_default();
    let number = (u32::from_be_bytes(part) & 0x7fff_ffff) % 1_000_000;
    Zeroizing::new(format!("{number:06}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::RootKeys;
    use crate::random::SeededRandom;

    fn rfc_secret() -> TotpSecret {
        Zeroizing::new(*b"12345678901234567890")
    }

    #[test]
    fn the_codes_are_those_of_rfc_6238() {
        // Appendix B has eight digits; six are the last of them.
        for (time, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(code_at(&rfc_secret(), time / 30).as_str(), code);
            let step = step_of(&rfc_secret(), code, Timestamp(i64::try_from(time).unwrap()));
            assert_eq!(step, Some(time / 30));
        }
    }

    #[test]
    fn one_step_of_drift_is_allowed_and_no_more() {
        let code = code_at(&rfc_secret(), 100);
        for (now, expected) in [(2969, None), (2970, Some(100)), (3000, Some(100)), (3059, Some(100)), (3060, None)] {
            assert_eq!(step_of(&rfc_secret(), &code, Timestamp(now)), expected, "{now}");
        }
    }

    #[test]
    fn a_code_is_six_digits_with_or_without_a_space() {
        let code = code_at(&rfc_secret(), 100);
        let spaced = format!("{} {}", &code[..3], &code[3..]);
        assert_eq!(step_of(&rfc_secret(), &spaced, Timestamp(3000)), Some(100));
        for text in ["", &code[..5], &format!("{}0", &*code), "abcdef"] {
            assert_eq!(step_of(&rfc_secret(), text, Timestamp(3000)), None, "{text}");
        }
    }

    #[test]
    fn a_secret_opens_for_its_member_alone() {
        let random = SeededRandom::new(1);
        let keys = RootKeys::parse(&RootKeys::generate(&random)).unwrap();
        let (ann, bob) = (MemberId::generate(&random), MemberId::generate(&random));
        let sealed = seal(&keys.sealer, ann, &rfc_secret(), &random).unwrap();
        assert_eq!(open(&keys.sealer, ann, &sealed).unwrap(), rfc_secret());
        assert!(open(&keys.sealer, bob, &sealed).is_none());
    }

    #[test]
    fn an_authenticator_program_is_given_the_secret_and_nothing_prints_it() {
        let enrolment = enrolment(&rfc_secret(), "ann@example.org", String::new());
        assert_eq!(
            enrolment.uri.expose(),
            "otpauth://totp/Mintmark:ann%40example%2Eorg?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Mintmark\
             &algorithm=SHA1&digits=6&period=30"
        );
        assert!(!format!("{enrolment:?}").contains("GEZDGNBV"));
    }
}
