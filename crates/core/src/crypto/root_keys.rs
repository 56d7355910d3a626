//! The keys that must not be in the database: master keys, which seal, and peppers, which hash client secrets.
//!
//! They come as a small TOML text, from a file or an environment variable:
//!
//! ```toml
//! [[master_key]]
//! id = "m1"
//! key = "…43 base64url characters, 32 bytes…"
//!
//! [[pepper]]
//! id = "p1"
//! key = "…"
//! ```
//!
//! The first of each is used for what is new; the others still open and verify what is old, so that either can be replaced
//! while serving. A master key with `retired = true` only opens what rests in the store and verifies the audit log: nothing that
//! somebody brings is believed because it was made under it. Losing the master keys loses every signing key; losing the peppers makes
//! every stored secret worthless.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use zeroize::{Zeroize, Zeroizing};

use super::sealing::{MasterKey, master_key_of};
use super::{AuditKeys, Peppers, Purpose, SealContext, Sealer, UnsealError};
use crate::random::Random;

const CHECK: SealContext<'static> = SealContext { purpose: Purpose::RootKeyCheck, environment: "", id: "store", algorithm: "" };

/// Why a text holds no usable root keys. It never quotes the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RootKeysError(String);

impl fmt::Display for RootKeysError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl std::error::Error for RootKeysError {}

/// Why these are not the keys of a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CheckError {
    /// The master key is not the one.
    MasterKey(UnsealError),
    /// The pepper of this id is another than the store's.
    Pepper(String),
}

/// The root keys of one deployment.
#[derive(Debug)]
pub struct RootKeys {
    /// Seals and opens private keys.
    pub sealer: Sealer,
    /// Stores and verifies client secrets.
    pub peppers: Peppers,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    master_key: Vec<Entry>,
    pepper: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    id: String,
    key: String,
    /// Of master keys alone.
    retired: Option<bool>,
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.key.zeroize();
    }
}

impl RootKeys {
    /// The text of new root keys, for a file that only the server can read.
    pub fn generate(random: &dyn Random) -> Zeroizing<String> {
        let key = || {
            let mut bytes = Zeroizing::new([0_u8; 32]);
            random.fill(&mut *bytes);
            Zeroizing::new(URL_SAFE_NO_PAD.encode(bytes.as_slice()))
        };
        let (master, pepper) = (key(), key());
        Zeroizing::new(format!(
            "# Mintmark's root keys. Keep a copy apart from the database's backups, and let nobody read either.\n\
             # Without the master key every signing key is lost; without the pepper every client secret is.\n\n\
             [[master_key]]\nid = \"m1\"\nkey = \"{}\"\n\n[[pepper]]\nid = \"p1\"\nkey = \"{}\"\n",
            master.as_str(),
            pepper.as_str()
        ))
    }

    /// Reads root keys.
    pub fn parse(text: &str) -> Result<Self, RootKeysError> {
        // The parser's message shows the line it stumbled over, which may hold a key: only its place is told.
        let file: File = toml::from_str(text).map_err(|error| {
            let line = error.span().map_or(1, |span| text.get(..span.start).unwrap_or_default().lines().count().max(1));
            RootKeysError(format!(
                "root keys: line {line} is not of the expected form: tables [[master_key]] and [[pepper]], each with id and key, \
                 and retired = true where a master key only opens what is old"
            ))
        })?;
        let masters = decode("master_key", &file.master_key)?;
        let peppers = decode("pepper", &file.pepper)?;
        check_retired(&file)?;
        let retired = file.master_key.iter().map(|entry| entry.retired == Some(true));
        let masters = masters.into_iter().zip(retired).map(|((id, key), retired)| MasterKey { id, key, retired });
        Ok(Self { sealer: Sealer::new(masters), peppers: Peppers::new(peppers.into_iter()) })
    }

    /// The keys of the audit chain.
    pub fn audit_keys(&self) -> AuditKeys {
        AuditKeys::new(&self.sealer)
    }

    /// A sealed value to keep in the store, by which [`RootKeys::check`] recognises these keys: for each pepper, what it makes of
    /// a known text.
    pub fn seal_check(&self, random: &dyn Random) -> Option<Vec<u8>> {
        self.seal_marks(&self.peppers.marks().into_iter().collect(), random)
    }

    /// Whether these are the keys of the store. Peppers may have come and gone since; one of the same id must be the same. What it
    /// answers with is to be kept in the store instead: the same with the peppers that were added, under the master key that seals now
    /// where the one before is retired. Without that, the key that the store was made with could never be taken out.
    pub fn check(&self, sealed: &[u8], random: &dyn Random) -> Result<Option<Vec<u8>>, CheckError> {
        let text = self.sealer.unseal(CHECK, sealed).map_err(CheckError::MasterKey)?;
        let mut marks: BTreeMap<String, String> =
            serde_json::from_slice(&text).map_err(|_| CheckError::MasterKey(UnsealError::Malformed))?;
        let known = marks.len();
        for (id, mark) in self.peppers.marks() {
            if marks.get(&id).is_some_and(|known| *known != mark) {
                return Err(CheckError::Pepper(id));
            }
            marks.insert(id, mark);
        }
        // Only one that is retired here is left: while keys are changed over, one machine has another one first than the next, and what it
        // noted under the newer one would keep those out that do not have it yet.
        let under = master_key_of(sealed);
        let is_settled = !self.sealer.retired().any(|id| Some(id) == under) && marks.len() == known;
        Ok(if is_settled { None } else { self.seal_marks(&marks, random) })
    }

    fn seal_marks(&self, marks: &BTreeMap<String, String>, random: &dyn Random) -> Option<Vec<u8>> {
        self.sealer.seal(CHECK, &serde_json::to_vec(marks).ok()?, random)
    }
}

/// The first master key seals, so it is none that is retired.
fn check_retired(file: &File) -> Result<(), RootKeysError> {
    if let Some(entry) = file.pepper.iter().find(|entry| entry.retired.is_some()) {
        let id = &entry.id;
        return Err(RootKeysError(format!(
            "root keys: [[pepper]] {id:?}: only a [[master_key]] can be retired; take the line out"
        )));
    }
    match file.master_key.first() {
        Some(entry) if entry.retired == Some(true) => Err(RootKeysError(format!(
            "root keys: [[master_key]] {:?} stands first, so it seals, and it is retired: put the master key that is to seal before \
             it, or take its `retired` out",
            entry.id
        ))),
        _ => Ok(()),
    }
}

fn decode(table: &str, entries: &[Entry]) -> Result<Vec<(String, [u8; 32])>, RootKeysError> {
    if entries.is_empty() {
        return Err(RootKeysError(format!("root keys: expected at least one [[{table}]]")));
    }
    let mut keys: Vec<(String, [u8; 32])> = Vec::with_capacity(entries.len());
    for entry in entries {
        let id = &entry.id;
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        if id.is_empty() || id.len() > 32 || !id.bytes().all(is_plain) || keys.iter().any(|(known, _)| known == id) {
            return Err(RootKeysError(format!(
                "root keys: each [[{table}]] needs an id of its own, 1 to 32 letters, digits and hyphens"
            )));
        }
        let bytes = Zeroizing::new(URL_SAFE_NO_PAD.decode(entry.key.as_bytes()).unwrap_or_default());
        let key = bytes.as_slice().try_into().map_err(|_| {
            RootKeysError(format!("root keys: the key of [[{table}]] {id:?} is not 32 bytes in base64url without padding"))
        })?;
        keys.push((id.clone(), key));
    }
    Ok(keys)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SeededRandom;

    #[test]
    fn generated_keys_are_read_and_recognised() {
        let random = SeededRandom::new(1);
        let keys = RootKeys::parse(&RootKeys::generate(&random)).unwrap();
        let check = keys.seal_check(&random).unwrap();
        assert_eq!(keys.check(&check, &random), Ok(None));
        let others = RootKeys::parse(&RootKeys::generate(&random)).unwrap();
        assert_eq!(others.check(&check, &random), Err(CheckError::MasterKey(UnsealError::NotAuthentic)));
    }

    #[test]
    fn another_pepper_of_the_same_id_is_noticed_and_one_more_is_fine() {
        let random = SeededRandom::new(1);
        let text = RootKeys::generate(&random);
        let check = RootKeys::parse(&text).unwrap().seal_check(&random).unwrap();
        let pepper = text.rsplit('"').nth(1).unwrap();
        let other = RootKeys::parse(&text.replace(pepper, &pepper.replace(&pepper[..1], "_"))).unwrap();
        assert_eq!(other.check(&check, &random), Err(CheckError::Pepper("p1".to_owned())));
        let more = format!("{}\n[[pepper]]\nid = \"p2\"\nkey = \"{pepper}\"\n", text.as_str());
        let more = RootKeys::parse(&more).unwrap();
        let renewed = more.check(&check, &random).unwrap().expect("the new pepper is to be known from now on");
        assert_eq!(more.check(&renewed, &random), Ok(None));
    }

    #[test]
    fn the_master_key_that_a_store_was_made_with_can_be_taken_out() {
        let random = SeededRandom::new(1);
        let (old, new) = (RootKeys::generate(&random), RootKeys::generate(&random).replace("\"m1\"", "\"m2\""));
        let check = RootKeys::parse(&old).unwrap().seal_check(&random).unwrap();
        let (head, tail) = old.split_once("[[pepper]]").unwrap();
        let (front, _) = new.split_once("[[pepper]]").unwrap();
        let changing_over = RootKeys::parse(&format!("{front}{head}[[pepper]]{tail}")).unwrap();
        assert_eq!(changing_over.check(&check, &random), Ok(None), "others may not have the newer one in front yet");
        let both = RootKeys::parse(&format!("{front}{head}retired = true\n[[pepper]]{tail}")).unwrap();
        let alone = RootKeys::parse(&format!("{front}[[pepper]]{tail}")).unwrap();
        let unknown = Err(CheckError::MasterKey(UnsealError::MasterKeyUnknown("m1".to_owned())));
        assert_eq!(alone.check(&check, &random), unknown);
        let renewed = both.check(&check, &random).unwrap().unwrap();
        assert_eq!(both.check(&renewed, &random), Ok(None));
        assert_eq!(alone.check(&renewed, &random), Ok(None));
    }

    #[test]
    fn the_master_key_that_seals_is_not_retired_and_no_pepper_is() {
        let good = RootKeys::generate(&SeededRandom::new(1)).to_string();
        let first = good.replace("[[pepper]]", "retired = true\n[[pepper]]");
        let pepper = format!("{good}retired = false\n");
        for (text, expected) in [
            (
                first,
                "[[master_key]] \"m1\" stands first, so it seals, and it is retired: put the master key that is to seal before it",
            ),
            (pepper, "[[pepper]] \"p1\": only a [[master_key]] can be retired"),
        ] {
            let error = RootKeys::parse(&text).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn a_mistake_is_placed_but_never_quoted() {
        let good = RootKeys::generate(&SeededRandom::new(1)).to_string();
        let key = good.split('"').nth(3).unwrap();
        let cases = [
            String::new(),
            good.replace("[[pepper]]", "[[peper]]"),
            good.replace("id = \"m1\"", "id = \"\""),
            good.replace(key, &key[1..]),
            good.replace(&format!("\"{key}\""), &format!("\"{key}")),
        ];
        for text in cases {
            let error = RootKeys::parse(&text).unwrap_err().to_string();
            assert!(error.starts_with("root keys:"), "{error}");
            assert!(!error.contains(&key[1..]), "{error}");
        }
    }
}
