//! Opaque tokens: claims sealed under a key of the token's own, so that no row is stored and nobody but this deployment reads them.
//!
//! The key is derived from the master key and 24 random bytes that stand in the token: two tokens with one key are not to be had at any
//! rate (rule S8), so the nonce can be constant. That a token opens is all that vouches for it, so none opens under a retired key.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::hkdf;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::Sealer;
use crate::model::EnvironmentName;
use crate::random::Random;

/// What every opaque token begins with.
pub const OPAQUE_PREFIX: &str = "mmt_";
/// What every token of the management API begins with.
pub const MANAGEMENT_PREFIX: &str = "mmg_";
/// The longest opaque token, in bytes.
const MAX_TOKEN: usize = 8 * 1024;
const VERSION: u8 = 1;
const SEED: usize = 24;

/// A kind of token. Each has keys of its own, so that none is ever taken for another.
struct Kind {
    prefix: &'static str,
    label: &'static [u8],
}

const ENVIRONMENT: Kind = Kind { prefix: OPAQUE_PREFIX, label: b"mintmark 1 opaque token" };
const MANAGEMENT: Kind = Kind { prefix: MANAGEMENT_PREFIX, label: b"mintmark 1 management token" };

impl Sealer {
    /// Seals claims into a token of an environment. None if no master key is loaded or the token would be longer than 8 KiB.
    pub fn seal_token(&self, environment: &EnvironmentName, claims: &[u8], random: &dyn Random) -> Option<String> {
        self.seal_as(&ENVIRONMENT, environment.as_str(), claims, random)
    }

    /// The claims in a token of an environment; none if it is no such token, was changed, or is another environment's.
    pub fn open_token(&self, environment: &EnvironmentName, token: &str) -> Option<Vec<u8>> {
        self.open_as(&ENVIRONMENT, environment.as_str(), token)
    }

    /// Seals claims into a token of the management API at an issuer, which no environment accepts (rule S1).
    pub fn seal_management_token(&self, issuer: &str, claims: &[u8], random: &dyn Random) -> Option<String> {
        self.seal_as(&MANAGEMENT, issuer, claims, random)
    }

    /// The claims in a token of the management API; none if it is no such token, was changed, or is another issuer's.
    pub fn open_management_token(&self, issuer: &str, token: &str) -> Option<Vec<u8>> {
        self.open_as(&MANAGEMENT, issuer, token)
    }

    fn seal_as(&self, kind: &Kind, place: &str, claims: &[u8], random: &dyn Random) -> Option<String> {
        let (master_id, master) = self.vouching().next()?;
        let mut seed = [0; SEED];
        random.fill(&mut seed);
        let key = token_key(kind, master, &seed)?;
        let mut sealed = vec![VERSION, u8::try_from(master_id.len()).ok()?];
        sealed.extend_from_slice(master_id.as_bytes());
        sealed.extend_from_slice(&seed);
        let mut text = claims.to_vec();
        let nonce = Nonce::assume_unique_for_key([0; NONCE_LEN]);
        let tag = key.seal_in_place_separate_tag(nonce, bound_to(place, master_id), &mut text).ok()?;
        sealed.extend_from_slice(&text);
        sealed.extend_from_slice(tag.as_ref());
        let mut token = kind.prefix.to_owned();
        URL_SAFE_NO_PAD.encode_string(&sealed, &mut token);
        (token.len() <= MAX_TOKEN).then_some(token)
    }

    fn open_as(&self, kind: &Kind, place: &str, token: &str) -> Option<Vec<u8>> {
        if token.len() > MAX_TOKEN {
            return None;
        }
        let sealed = URL_SAFE_NO_PAD.decode(token.strip_prefix(kind.prefix)?).ok()?;
        let (&[version, id_length], rest) = sealed.split_first_chunk::<2>()?;
        let (master_id, rest) = rest.split_at_checked(id_length.into())?;
        let (seed, text) = rest.split_first_chunk::<SEED>()?;
        let (known_id, master) = self.vouching().find(|(id, _)| id.as_bytes() == master_id)?;
        if version != VERSION {
            return None;
        }
        let key = token_key(kind, master, seed)?;
        let mut buffer = text.to_vec();
        let nonce = Nonce::assume_unique_for_key([0; NONCE_LEN]);
        let length = key.open_in_place(nonce, bound_to(place, known_id), &mut buffer).ok()?.len();
        buffer.truncate(length);
        Some(buffer)
    }
}

fn token_key(kind: &Kind, master: &hkdf::Prk, seed: &[u8; SEED]) -> Option<LessSafeKey> {
    let info = [kind.label, seed.as_slice()];
    let key: UnboundKey = master.expand(&info, &AES_256_GCM).ok()?.into();
    Some(LessSafeKey::new(key))
}

/// Each field behind its length.
fn bound_to(place: &str, master_id: &str) -> Aad<Vec<u8>> {
    let mut data = vec![VERSION];
    for field in [place, master_id] {
        data.extend_from_slice(&(field.len() as u64).to_be_bytes());
        data.extend_from_slice(field.as_bytes());
    }
    Aad::from(data)
}

#[cfg(test)]
mod tests {
    use crate::crypto::RootKeys;
    use crate::random::SeededRandom;

    const CLAIMS: &[u8] = br#"{"jti":"1"}"#;

    fn sealer(seed: u64) -> RootKeys {
        RootKeys::parse(&RootKeys::generate(&SeededRandom::new(seed))).unwrap()
    }

    #[test]
    fn s8_a_token_opens_in_its_environment_and_nowhere_else() {
        let (ours, theirs) = (sealer(1), sealer(2));
        let (sandbox, production) = ("sandbox".parse().unwrap(), "production".parse().unwrap());
        let token = ours.sealer.seal_token(&sandbox, CLAIMS, &SeededRandom::new(3)).unwrap();
        assert_eq!(ours.sealer.open_token(&sandbox, &token).as_deref(), Some(CLAIMS));
        assert_eq!(ours.sealer.open_token(&production, &token), None);
        assert_eq!(theirs.sealer.open_token(&sandbox, &token), None);
        let again = ours.sealer.seal_token(&sandbox, CLAIMS, &SeededRandom::new(4)).unwrap();
        assert_ne!(token, again);
    }

    #[test]
    fn s1_a_management_token_is_no_token_of_an_environment_nor_the_other_way_round() {
        let ours = sealer(1).sealer;
        let sandbox = "sandbox".parse().unwrap();
        let management = ours.seal_management_token("sandbox", CLAIMS, &SeededRandom::new(3)).unwrap();
        assert_eq!(ours.open_management_token("sandbox", &management).as_deref(), Some(CLAIMS));
        assert_eq!(ours.open_management_token("https://other.example", &management), None);
        let token = ours.seal_token(&sandbox, CLAIMS, &SeededRandom::new(3)).unwrap();
        // Of each kind under its own prefix, and passed off as the other one.
        let disguised = |text: &str, from: &str, to: &str| text.replacen(from, to, 1);
        for text in [management.clone(), disguised(&management, super::MANAGEMENT_PREFIX, super::OPAQUE_PREFIX)] {
            assert_eq!(ours.open_token(&sandbox, &text), None);
        }
        for text in [token.clone(), disguised(&token, super::OPAQUE_PREFIX, super::MANAGEMENT_PREFIX)] {
            assert_eq!(ours.open_management_token("sandbox", &text), None);
        }
    }

    #[test]
    fn a_changed_character_anywhere_is_noticed() {
        let ours = sealer(1);
        let sandbox = "sandbox".parse().unwrap();
        let token = ours.sealer.seal_token(&sandbox, CLAIMS, &SeededRandom::new(3)).unwrap();
        for at in 0..token.len() {
            let other = if &token[at..=at] == "A" { "B" } else { "A" };
            let changed = format!("{}{other}{}", &token[..at], &token[at + 1..]);
            assert_eq!(ours.sealer.open_token(&sandbox, &changed), None, "character {at}");
            assert_eq!(ours.sealer.open_token(&sandbox, &token[..at]), None, "cut at {at}");
        }
    }

    #[test]
    fn s8_no_token_opens_under_a_master_key_that_is_retired() {
        let sandbox = "sandbox".parse().unwrap();
        let (old, new) = (RootKeys::generate(&SeededRandom::new(1)), RootKeys::generate(&SeededRandom::new(2)));
        let stolen = RootKeys::parse(&old).unwrap().sealer;
        let token = stolen.seal_token(&sandbox, CLAIMS, &SeededRandom::new(3)).unwrap();
        let management = stolen.seal_management_token("issuer", CLAIMS, &SeededRandom::new(3)).unwrap();
        let (head, tail) = old.split_once("[[pepper]]").unwrap();
        let (front, _) = new.split_once("[[pepper]]").unwrap();
        for (mark, is_taken) in [("", true), ("retired = false\n", true), ("retired = true\n", false)] {
            let text = format!("{}{head}{mark}[[pepper]]{tail}", front.replace("m1", "m2"));
            let keys = RootKeys::parse(&text).unwrap().sealer;
            assert_eq!(keys.open_token(&sandbox, &token).is_some(), is_taken, "{mark:?}");
            assert_eq!(keys.open_management_token("issuer", &management).is_some(), is_taken, "{mark:?}");
            let own = keys.seal_token(&sandbox, CLAIMS, &SeededRandom::new(3)).unwrap();
            assert!(keys.open_token(&sandbox, &own).is_some(), "{mark:?}");
        }
    }

    #[test]
    fn a_token_that_nothing_could_carry_is_not_made() {
        let sandbox = "sandbox".parse().unwrap();
        assert_eq!(sealer(1).sealer.seal_token(&sandbox, &[b'a'; 7000], &SeededRandom::new(3)), None);
    }
}
