//! What rests sealed in the store, for sealing it anew under another master key.

use mintmark_core::crypto::SealedPlace;
use mintmark_core::model::MemberId;
use mintmark_core::store::Read;

use super::SqlStore;
use super::engine::{Row, WriteError};
use super::fields::Fields;
use super::statements::{
    MEMBER_RESEAL_PASSWORD, MEMBER_RESEAL_TOTP, MEMBERS_SEALED, SHARED_KEY_RESEAL, SHARED_KEYS_SEALED, SIGNING_KEY_RESEAL,
    SIGNING_KEYS_SEALED,
};

/// So many rows are read at once.
const PAGE: i64 = 500;

/// A sealed value and where it rests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedRow {
    /// Where.
    pub place: SealedPlace,
    /// The value.
    pub sealed: Vec<u8>,
}

impl SqlStore {
    /// What is sealed, of what `is_wanted` says of the value.
    pub async fn sealed(&self, is_wanted: impl Fn(&[u8]) -> bool) -> Read<Vec<SealedRow>> {
        let mut found = Vec::new();
        for row in self.engine.rows(SIGNING_KEYS_SEALED.query()).await? {
            found.push(signing_key(&row)?);
        }
        found.retain(|row| is_wanted(&row.sealed));
        let mut after = (String::new(), String::new());
        loop {
            let rows = self.engine.rows(SHARED_KEYS_SEALED.query().bind(after.0).bind(after.1).bind(PAGE)).await?;
            let Some(last) = rows.last() else { break };
            let fields = Fields::of(last, "credential", "id");
            after = (fields.text("environment")?, fields.text("id")?);
            for row in &rows {
                found.extend(Some(shared_key(row)?).filter(|row| is_wanted(&row.sealed)));
            }
        }
        let mut after = String::new();
        loop {
            let rows = self.engine.rows(MEMBERS_SEALED.query().bind(after).bind(PAGE)).await?;
            let Some(last) = rows.last() else { return Ok(found) };
            after = Fields::of(last, "member", "id").text("id")?;
            for row in &rows {
                found.extend(member(row)?.into_iter().filter(|row| is_wanted(&row.sealed)));
            }
        }
    }

    /// Puts a value that was sealed anew in the place of the one that was read. `false` where somebody has changed it meanwhile.
    pub async fn reseal(&self, row: &SealedRow, anew: &[u8]) -> Read<bool> {
        let (old, place) = (row.sealed.as_slice(), &row.place);
        let statement = match place {
            SealedPlace::SigningKey { .. } => SIGNING_KEY_RESEAL,
            SealedPlace::SharedKey { .. } => SHARED_KEY_RESEAL,
            SealedPlace::Password(_) => MEMBER_RESEAL_PASSWORD,
            SealedPlace::TotpSecret(_) => MEMBER_RESEAL_TOTP,
        };
        let write = async || {
            let query = match place {
                SealedPlace::SigningKey { environment, kid, .. } => {
                    statement.query().bind(old).bind(anew).bind(environment.as_str()).bind(kid.as_str())
                }
                SealedPlace::SharedKey { environment, id, .. } => {
                    statement.query().bind(old).bind(anew).bind(environment.as_str()).bind(id.to_string())
                }
                SealedPlace::Password(id) | SealedPlace::TotpSecret(id) => {
                    statement.query().bind(old).bind(anew).bind(id.to_string())
                }
            };
            let mut transaction = self.engine.begin_write().await?;
            let changed = query.execute(&mut transaction).await?;
            transaction.commit().await?;
            Ok(changed == 1)
        };
        self.engine.write(statement.name, write).await.map_err(WriteError::into_store_error)
    }
}

fn signing_key(row: &Row) -> Read<SealedRow> {
    let fields = Fields::of(row, "signing_key", "kid");
    let (environment, kid, algorithm) = (fields.parsed("environment")?, fields.text("kid")?, fields.parsed("algorithm")?);
    Ok(SealedRow { place: SealedPlace::SigningKey { environment, kid, algorithm }, sealed: fields.bytes("sealed")? })
}

fn shared_key(row: &Row) -> Read<SealedRow> {
    let fields = Fields::of(row, "credential", "id");
    let (environment, client_id, id) = (fields.parsed("environment")?, fields.parsed("client_id")?, fields.parsed("id")?);
    Ok(SealedRow { place: SealedPlace::SharedKey { environment, client_id, id }, sealed: fields.bytes("sealed")? })
}

fn member(row: &Row) -> Read<Vec<SealedRow>> {
    let fields = Fields::of(row, "member", "id");
    let id: MemberId = fields.parsed("id")?;
    let password = fields.optional_bytes("password")?.map(|sealed| SealedRow { place: SealedPlace::Password(id), sealed });
    let totp = fields.optional_bytes("totp")?.map(|sealed| SealedRow { place: SealedPlace::TotpSecret(id), sealed });
    Ok(password.into_iter().chain(totp).collect())
}
