//! Every table and column, for what copies whole stores.

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Integer,
    Text,
    Bytes,
}

/// A table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Table {
    pub(crate) name: &'static str,
    /// The first columns, by which rows are ordered, and how many they are.
    pub(crate) key: usize,
    pub(crate) columns: &'static [(&'static str, Kind)],
}

macro_rules! tables {
    ($($name:literal by $key:literal { $($column:ident: $kind:ident),+ $(,)? })+) => {
        &[$(Table { name: $name, key: $key, columns: &[$((stringify!($column), Kind::$kind)),+] }),+]
    };
}

/// The store's own row. It comes last, so that a copy without it is known to be unfinished.
pub(crate) const STORE_TABLE: &Table = &Table {
    name: "store",
    key: 1,
    columns: &[
        ("id", Kind::Integer),
        ("incarnation", Kind::Text),
        ("kind", Kind::Text),
        ("position", Kind::Integer),
        ("created_at", Kind::Integer),
        ("root_key_check", Kind::Bytes),
        ("usable_from", Kind::Integer),
        ("first_position", Kind::Integer),
        ("unconfirmed", Kind::Integer),
        ("mark", Kind::Integer),
    ],
};

/// The others, each after those that its rows refer to. Leases are not copied: they are of programs that run; nor are
/// sessions: one that was ended since the copy was made must not come back with it; for the same reason a restore ends open invitations.
pub(crate) const TABLES: &[Table] = tables! {
    "environment" by 1 {
        name: Text, issuer: Text, algorithm: Text, lifetime_max: Integer, created_at: Integer, version: Integer,
    }
    "tenant" by 1 { id: Text, name: Text, status: Text, created_at: Integer, version: Integer, attributes: Text }
    "entitlement" by 2 {
        environment: Text, tenant_id: Text, grants: Text, dialects: Text, lifetime_max: Integer, changed_at: Integer, version: Integer,
    }
    "quota" by 3 {
        environment: Text, kind: Text, subject_id: Text, tenant_id: Text, limits: Text, mode: Text, headers: Integer,
        changed_at: Integer, version: Integer,
    }
    "business" by 2 {
        environment: Text, id: Text, tenant_id: Text, name: Text, external_id: Text, status: Text, created_at: Integer,
        version: Integer,
    }
    "client" by 2 {
        environment: Text, id: Text, tenant_id: Text, name: Text, status: Text, dialects: Text, grants: Text, businesses: Text,
        lifetime_max: Integer, attributes: Text, created_at: Integer, version: Integer, token_binding: Text,
        assertion_audience: Text, profile: Text, serves: Text,
    }
    "credential" by 2 {
        environment: Text, id: Text, client_id: Text, hint: Text, secret_scheme: Integer, secret_pepper_id: Text,
        secret_mac: Bytes, status: Text, created_at: Integer, created_position: Integer, expires_at: Integer,
        last_used_at: Integer, version: Integer, kind: Text, details: Text, sealed: Bytes, last_used_from: Text, limits: Text,
        rotation: Text, imported: Text, quarantined_at: Integer,
    }
    "resource" by 2 {
        environment: Text, id: Text, uri: Text, name: Text, scopes: Text, algorithm: Text, created_at: Integer,
        created_position: Integer, version: Integer, token_format: Text,
    }
    "signing_key" by 2 {
        environment: Text, kid: Text, algorithm: Text, state: Text, sealed: Bytes, created_at: Integer,
        created_position: Integer, version: Integer, activated_at: Integer, retired_at: Integer, withdrawn_at: Integer,
    }
    "feed" by 1 { position: Integer, subject_kind: Text, subject_environment: Text, subject_id: Text, mark: Integer }
    "audit" by 1 {
        position: Integer, made_at: Integer, actor: Text, action: Text, subject_kind: Text, subject_environment: Text,
        subject_id: Text, state_before: Text, state_after: Text, chain: Text, ordinal: Integer, source: Text, request_id: Text,
        key_id: Text, mac: Bytes,
    }
    "audit_head" by 1 { chain: Text, ordinal: Integer, position: Integer, key_id: Text, mac: Bytes }
    "revocation" by 3 {
        kind: Text, environment: Text, id: Text, position: Integer, expires_at: Integer, client_id: Text,
    }
    "member" by 1 {
        id: Text, tenant_id: Text, email: Text, name: Text, role: Text, status: Text, password: Bytes, totp: Bytes,
        totp_step: Integer, passkeys: Text, created_at: Integer, last_sign_in_at: Integer, version: Integer,
    }
    "invitation" by 1 {
        id: Text, kind: Text, digest: Bytes, tenant_id: Text, role: Text, email: Text, member_id: Text, invited_by: Text,
        created_at: Integer, expires_at: Integer, ended_at: Integer, version: Integer,
    }
    "management_client" by 1 {
        id: Text, tenant_id: Text, name: Text, role: Text, status: Text, secret_id: Text, secret_scheme: Integer,
        secret_pepper_id: Text, secret_mac: Bytes, hint: Text, created_at: Integer, version: Integer,
    }
    "single_use" by 1 { digest: Bytes, expires_at: Integer }
    "usage_key" by 1 {
        id: Integer, environment: Text, level: Integer, tenant_id: Text, client_id: Text, credential_id: Text, business_id: Text,
        outcome: Text, code: Text, seen: Integer, dialect: Text,
    }
    "usage_count" by 3 { key_id: Integer, step: Integer, period: Integer, requests: Integer }
    "usage_writer" by 1 { id: Bytes, last_batch: Integer, written_at: Integer }
    "quota_count" by 6 {
        step: Integer, period: Integer, environment: Text, kind: Text, subject_id: Text, writer: Bytes, tokens: Integer,
    }
    "refusal" by 1 {
        request_id: Text, refused_at: Integer, environment: Text, dialect: Text, client_id: Text, tenant_id: Text,
        credential_id: Text, business_id: Text, source: Text, code: Text, detail: Text,
    }
    "notice" by 1 {
        id: Text, environment: Text, tenant_id: Text, kind: Text, made_at: Integer, once: Text, event: Text, spread: Integer,
    }
    "webhook" by 2 {
        environment: Text, id: Text, tenant_id: Text, url: Text, kinds: Text, status: Text, created_at: Integer, dropped: Integer,
        version: Integer,
    }
    "delivery" by 2 {
        webhook_id: Text, notice_id: Text, environment: Text, state: Text, made_at: Integer, tries: Integer, next_at: Integer,
        last_at: Integer, answer: Integer,
    }
    "leak" by 2 {
        environment: Text, id: Text, tenant_id: Text, client_id: Text, credential_id: Text, hint: Text, state: Text,
        reporter: Text, found_at: Text, reported_at: Integer, revoke_at: Integer, ended_at: Integer, reason: Text,
        version: Integer,
    }
    "idempotency" by 1 { digest: Bytes, request: Bytes, answer: Text, expires_at: Integer }
};

impl Table {
    /// Reads rows in the order of the key: from the beginning, or after a key.
    pub(super) fn select(&self, is_first: bool) -> String {
        let names = self.names();
        let key = names.get(..self.key).unwrap_or_default().join(", ");
        let after = if is_first {
            String::new()
        } else {
            let places = (1..=self.key).map(|number| format!("${number}")).collect::<Vec<_>>().join(", ");
            format!(" WHERE ({key}) > ({places})")
        };
        let limit = if is_first { 1 } else { self.key + 1 };
        format!("SELECT {} FROM {}{after} ORDER BY {key} LIMIT ${limit}", names.join(", "), self.name)
    }

    /// Inserts so many rows of some of the columns.
    pub(super) fn insert(&self, columns: &[usize], rows: usize) -> String {
        let names: Vec<_> = columns.iter().filter_map(|at| self.columns.get(*at)).map(|(name, _)| *name).collect();
        let row = |number: usize| {
            let places = (1..=names.len()).map(|column| format!("${}", number * names.len() + column));
            format!("({})", places.collect::<Vec<_>>().join(", "))
        };
        let rows = (0..rows).map(row).collect::<Vec<_>>().join(", ");
        format!("INSERT INTO {} ({}) VALUES {rows}", self.name, names.join(", "))
    }

    /// Removes some rows.
    pub(super) fn delete_some(&self, rows: usize) -> String {
        let names = self.names();
        let key = names.get(..self.key).unwrap_or_default().join(", ");
        format!("DELETE FROM {0} WHERE ({key}) IN (SELECT {key} FROM {0} LIMIT {rows})", self.name)
    }

    fn names(&self) -> Vec<&'static str> {
        self.columns.iter().map(|(name, _)| *name).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn no_table_and_no_column_is_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("test.db");
        let place = crate::store::StorePlace::file(path.clone());
        let (clock, random) = (
            std::sync::Arc::new(mintmark_core::clock::FakeClock::at(0)),
            std::sync::Arc::new(mintmark_core::random::SystemRandom),
        );
        let options = crate::store::OpenOptions { create: true, kind: None, clock, random };
        crate::store::SqlStore::open(&place, options).await.unwrap().close().await;
        let mut connection =
            sqlx::ConnectOptions::connect(&sqlx::sqlite::SqliteConnectOptions::new().filename(path)).await.unwrap();
        let columns = "SELECT t.name, c.name, c.type FROM sqlite_schema t, pragma_table_info(t.name) c \
                       WHERE t.type = 'table' AND t.name NOT IN ('_sqlx_migrations', 'lease', 'session') ORDER BY t.name, c.name";
        let stored: Vec<(String, String, String)> = sqlx::query_as(columns).fetch_all(&mut connection).await.unwrap();
        let word = |kind: &Kind| match kind {
            Kind::Integer => "INTEGER",
            Kind::Text => "TEXT",
            Kind::Bytes => "BLOB",
        };
        let all = std::iter::once(STORE_TABLE).chain(TABLES).flat_map(|table| {
            table.columns.iter().map(move |(name, kind)| (table.name.to_owned(), (*name).to_owned(), word(kind).to_owned()))
        });
        let mut known: Vec<_> = all.collect();
        known.sort();
        assert_eq!(known, stored);
    }
}
