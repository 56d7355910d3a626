//! The links of the audit chain (rule S25): a MAC over each audit row and the MAC before it, under a key that is not in the database.
//!
//! Whoever can write to the database, and has no master key, can make no row, and can change or move none without that being seen. What
//! is cut off at the end is seen by the chain's head, and where that was taken back too, by a head that was exported earlier:
//! [`crate::audit`] looks for all of it.

use std::fmt;

use aws_lc_rs::{hkdf, hmac};

use super::{Purpose, Sealer};

/// What a row of the audit log says, as the database holds it: text for text, so that nothing has to be read before it is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChainedRow<'a> {
    /// Whose chain: a tenant's id, or `operator`.
    pub chain: &'a str,
    /// Which row of the chain, from 1.
    pub sequence: i64,
    /// The change's position in the feed.
    pub position: i64,
    /// When, in seconds since 1970.
    pub at: i64,
    /// Who.
    pub actor: &'a str,
    /// From where on the network.
    pub source: Option<&'a str>,
    /// By which request.
    pub request_id: Option<&'a str>,
    /// What was done.
    pub action: &'a str,
    /// To what kind of object.
    pub subject_kind: &'a str,
    /// Of which environment.
    pub subject_environment: Option<&'a str>,
    /// To which object.
    pub subject_id: &'a str,
    /// The object before, as JSON.
    pub before: Option<&'a str>,
    /// The object after, as JSON.
    pub after: Option<&'a str>,
}

/// What ties a row to the one before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainLink {
    /// The id of the master key that it was made under.
    pub key_id: String,
    /// The MAC: HMAC-SHA-256, 32 bytes.
    pub mac: Vec<u8>,
}

/// Why a link does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkError {
    /// It was made under a master key that is not loaded.
    KeyUnknown,
    /// The row is not the one that was written there, or does not follow the one before.
    NotAuthentic,
}

/// The keys of the audit chain, one of each master key. The first one makes links, all check them.
pub struct AuditKeys {
    keys: Vec<AuditKey>,
}

struct AuditKey {
    id: String,
    rows: hmac::Key,
    heads: hmac::Key,
}

impl fmt::Debug for AuditKeys {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_list().entries(self.keys.iter().map(|key| &key.id)).finish()
    }
}

impl AuditKeys {
    /// Derives the keys from the master keys.
    pub fn new(sealer: &Sealer) -> Self {
        let derive = |(id, master): (&str, &hkdf::Prk)| {
            let rows = Sealer::mac_key(master, Purpose::AuditChain)?;
            Some(AuditKey { id: id.to_owned(), rows, heads: Sealer::mac_key(master, Purpose::AuditHead)? })
        };
        Self { keys: sealer.masters().filter_map(derive).collect() }
    }

    /// Links a row to the MAC of the row before, which is empty for the first. None if no master key is loaded.
    pub fn link(&self, previous: &[u8], row: &ChainedRow<'_>) -> Option<ChainLink> {
        let key = self.keys.first()?;
        let mac = row_mac(key, previous, row).sign().as_ref().to_vec();
        Some(ChainLink { key_id: key.id.clone(), mac })
    }

    /// Whether a link is the one that was made for this row, behind a row of that MAC.
    pub fn check(&self, previous: &[u8], row: &ChainedRow<'_>, link: &ChainLink) -> Result<(), LinkError> {
        let key = self.key(&link.key_id)?;
        equal(row_mac(key, previous, row), &link.mac)
    }

    /// A MAC over something else that is told of chains, such as exported heads. None if no master key is loaded.
    pub(crate) fn mac_of_heads<'a>(&self, fields: impl Iterator<Item = &'a [u8]>) -> Option<ChainLink> {
        let key = self.keys.first()?;
        Some(ChainLink { key_id: key.id.clone(), mac: heads_mac(key, fields).sign().as_ref().to_vec() })
    }

    /// Whether such a MAC is the one that was made.
    pub(crate) fn check_heads<'a>(&self, fields: impl Iterator<Item = &'a [u8]>, made: &ChainLink) -> Result<(), LinkError> {
        equal(heads_mac(self.key(&made.key_id)?, fields), &made.mac)
    }

    fn key(&self, id: &str) -> Result<&AuditKey, LinkError> {
        self.keys.iter().find(|key| key.id == id).ok_or(LinkError::KeyUnknown)
    }
}

fn equal(mac: hmac::Context, expected: &[u8]) -> Result<(), LinkError> {
    let found = mac.sign();
    let equal = aws_lc_rs::constant_time::verify_slices_are_equal(found.as_ref(), expected);
    equal.map_err(|_| LinkError::NotAuthentic)
}

fn heads_mac<'a>(key: &AuditKey, fields: impl Iterator<Item = &'a [u8]>) -> hmac::Context {
    let mut mac = hmac::Context::with_key(&key.heads);
    put(&mut mac, key.id.as_bytes());
    fields.for_each(|field| put(&mut mac, field));
    mac
}

fn row_mac(key: &AuditKey, previous: &[u8], row: &ChainedRow<'_>) -> hmac::Context {
    let mut mac = hmac::Context::with_key(&key.rows);
    put(&mut mac, key.id.as_bytes());
    put(&mut mac, previous);
    put(&mut mac, row.chain.as_bytes());
    for number in [row.sequence, row.position, row.at] {
        put(&mut mac, &number.to_be_bytes());
    }
    put(&mut mac, row.actor.as_bytes());
    put_optional(&mut mac, row.source);
    put_optional(&mut mac, row.request_id);
    put(&mut mac, row.action.as_bytes());
    put(&mut mac, row.subject_kind.as_bytes());
    put_optional(&mut mac, row.subject_environment);
    put(&mut mac, row.subject_id.as_bytes());
    put_optional(&mut mac, row.before);
    put_optional(&mut mac, row.after);
    mac
}

/// A field behind its length, so that no two rows give the same bytes.
fn put(mac: &mut hmac::Context, field: &[u8]) {
    mac.update(&(field.len() as u64).to_be_bytes());
    mac.update(field);
}

/// A field that may be missing, which is another thing than an empty one.
fn put_optional(mac: &mut hmac::Context, field: Option<&str>) {
    mac.update(&[u8::from(field.is_some())]);
    put(mac, field.unwrap_or_default().as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::RootKeys;
    use crate::random::SeededRandom;

    const ROW: ChainedRow<'static> = ChainedRow {
        chain: "operator",
        sequence: 1,
        position: 7,
        at: 1_800_000_000,
        actor: "cli uid 0",
        source: Some("192.0.2.1"),
        request_id: None,
        action: "tenant.create",
        subject_kind: "tenant",
        subject_environment: None,
        subject_id: "ten_1",
        before: None,
        after: Some("{}"),
    };

    fn keys(seed: u64) -> AuditKeys {
        let random = SeededRandom::new(seed);
        AuditKeys::new(&RootKeys::parse(&RootKeys::generate(&random)).unwrap().sealer)
    }

    #[test]
    fn s25_a_link_holds_for_its_row_behind_its_predecessor_and_for_no_other() {
        let keys = keys(1);
        let link = keys.link(b"before", &ROW).unwrap();
        assert_eq!(keys.check(b"before", &ROW, &link), Ok(()));
        assert_eq!(keys.check(b"", &ROW, &link), Err(LinkError::NotAuthentic));
        let others = [
            ChainedRow { chain: "ten_1", ..ROW },
            ChainedRow { sequence: 2, ..ROW },
            ChainedRow { position: 8, ..ROW },
            ChainedRow { at: 1_800_000_001, ..ROW },
            ChainedRow { actor: "cli uid 1", ..ROW },
            ChainedRow { source: None, ..ROW },
            ChainedRow { request_id: Some(""), ..ROW },
            ChainedRow { action: "tenant.edit", ..ROW },
            ChainedRow { subject_kind: "client", ..ROW },
            ChainedRow { subject_environment: Some(""), ..ROW },
            ChainedRow { subject_id: "ten_2", ..ROW },
            ChainedRow { before: Some("{}"), after: None, ..ROW },
            ChainedRow { after: Some("{ }"), ..ROW },
            // The same bytes, cut elsewhere.
            ChainedRow { action: "tenant.createt", subject_kind: "enant", ..ROW },
        ];
        for other in others {
            assert_eq!(keys.check(b"before", &other, &link), Err(LinkError::NotAuthentic), "{other:?}");
        }
    }

    #[test]
    fn s25_without_the_master_key_no_link_is_made_or_found_good() {
        let link = keys(1).link(&[], &ROW).unwrap();
        assert_eq!(keys(2).check(&[], &ROW, &link), Err(LinkError::NotAuthentic), "another key of the same id");
        let unknown = ChainLink { key_id: "m9".to_owned(), ..link };
        assert_eq!(keys(1).check(&[], &ROW, &unknown), Err(LinkError::KeyUnknown));
    }

    #[test]
    fn links_of_an_earlier_master_key_hold_and_new_ones_name_the_new_key() {
        let random = SeededRandom::new(1);
        let old = RootKeys::generate(&random).to_string();
        let (head, tail) = old.split_once("[[master_key]]").unwrap();
        let other = RootKeys::generate(&random).to_string();
        let added = other.split("[[master_key]]").nth(1).unwrap().split("[[pepper]]").next().unwrap();
        let both = format!("{head}[[master_key]]{}[[master_key]]{tail}", added.replace("m1", "m2"));
        let keys_of = |text: &str| AuditKeys::new(&RootKeys::parse(text).unwrap().sealer);
        let first = keys_of(&old).link(&[], &ROW).unwrap();
        let keys = keys_of(&both);
        assert_eq!(keys.check(&[], &ROW, &first), Ok(()));
        assert_eq!((first.key_id.as_str(), keys.link(&first.mac, &ROW).unwrap().key_id.as_str()), ("m1", "m2"));
    }
}
