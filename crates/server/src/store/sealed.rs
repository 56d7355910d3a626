//! What rests sealed in the store, and under which master key.

use mintmark_core::crypto::{SealedPlace, master_key_of};
use mintmark_core::model::MemberId;
use mintmark_core::store::{Read, StoreError};

use super::SqlStore;
use super::engine::Row;
use super::fields::Fields;
use super::statements::{MEMBERS_SEALED, SHARED_KEYS_SEALED, SIGNING_KEYS_SEALED};

/// So many rows are read at once.
const PAGE: i64 = 500;

/// A sealed value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedRow {
    /// Where it rests.
    pub place: SealedPlace,
    /// The master key that it says it is sealed under; nothing where it is of no form that is known.
    pub master_key: Option<String>,
}

/// What rests sealed, of what was asked for.
#[derive(Debug, Default)]
pub struct Sealed {
    /// Each value.
    pub rows: Vec<SealedRow>,
    /// Rows that cannot be read, and why.
    pub damaged: Vec<String>,
}

impl Sealed {
    fn add(&mut self, is_wanted: &impl Fn(&[u8]) -> bool, found: Read<Vec<(SealedPlace, Vec<u8>)>>) -> Read<()> {
        match found {
            Ok(found) => {
                let wanted = found.into_iter().filter(|(_, sealed)| is_wanted(sealed));
                self.rows.extend(wanted.map(|(place, sealed)| {
                    let master_key = master_key_of(&sealed).map(str::to_owned);
                    SealedRow { place, master_key }
                }));
            }
            Err(error @ StoreError::Corrupt(_)) => self.damaged.push(error.to_string()),
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

impl SqlStore {
    /// What is sealed, of what `is_wanted` says of the value. One row that cannot be read hides no other.
    pub async fn sealed(&self, is_wanted: impl Fn(&[u8]) -> bool) -> Read<Sealed> {
        let mut found = Sealed::default();
        for row in self.engine.rows(SIGNING_KEYS_SEALED.query()).await? {
            found.add(&is_wanted, signing_key(&row))?;
        }
        let mut after = (String::new(), String::new());
        loop {
            let rows = self.engine.rows(SHARED_KEYS_SEALED.query().bind(after.0).bind(after.1).bind(PAGE)).await?;
            let Some(last) = rows.last() else { break };
            let fields = Fields::of(last, "credential", "id");
            after = (fields.text("environment")?, fields.text("id")?);
            for row in &rows {
                found.add(&is_wanted, shared_key(row))?;
            }
        }
        let mut after = String::new();
        loop {
            let rows = self.engine.rows(MEMBERS_SEALED.query().bind(after).bind(PAGE)).await?;
            let Some(last) = rows.last() else { return Ok(found) };
            after = Fields::of(last, "member", "id").text("id")?;
            for row in &rows {
                found.add(&is_wanted, member(row))?;
            }
        }
    }
}

fn signing_key(row: &Row) -> Read<Vec<(SealedPlace, Vec<u8>)>> {
    let fields = Fields::of(row, "signing_key", "kid");
    let (environment, kid, algorithm) = (fields.parsed("environment")?, fields.text("kid")?, fields.parsed("algorithm")?);
    Ok(vec![(SealedPlace::SigningKey { environment, kid, algorithm }, fields.bytes("sealed")?)])
}

fn shared_key(row: &Row) -> Read<Vec<(SealedPlace, Vec<u8>)>> {
    let fields = Fields::of(row, "credential", "id");
    let (environment, client_id, id) = (fields.parsed("environment")?, fields.parsed("client_id")?, fields.parsed("id")?);
    Ok(vec![(SealedPlace::SharedKey { environment, client_id, id }, fields.bytes("sealed")?)])
}

fn member(row: &Row) -> Read<Vec<(SealedPlace, Vec<u8>)>> {
    let fields = Fields::of(row, "member", "id");
    let id: MemberId = fields.parsed("id")?;
    let password = fields.optional_bytes("password")?.map(|sealed| (SealedPlace::Password(id), sealed));
    let totp = fields.optional_bytes("totp")?.map(|sealed| (SealedPlace::TotpSecret(id), sealed));
    Ok(password.into_iter().chain(totp).collect())
}
