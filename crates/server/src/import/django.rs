//! django-oauth-toolkit: `manage.py dumpdata oauth2_provider.application`, or the table `oauth2_provider_application`.
//!
//! The toolkit gives scopes to nobody in particular: every client may ask for all that the server knows. So they are not in the file.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mintmark_core::crypto::{HashError, HashScheme, ImportedHash};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::found::Found;
use super::source::told;
use super::table::{self, Columns};
use super::{ImportError, Placed, Source, Unread};

/// What `dumpdata` calls the clients. A project may have a model of its own, whose name ends otherwise.
const MODEL: &str = "oauth2_provider.application";
const TABLE: &str = "oauth2_provider_application";
/// Hashers of Django that cannot be verified here, by how their hashes begin.
const UNVERIFIABLE: [&str; 8] =
    ["md5$", "sha1$", "crypt$", "unsalted_md5$", "unsalted_sha1$", "sha256$", "argon2$argon2d$", "pbkdf2_sha512$"];

/// An object of `dumpdata`.
#[derive(Deserialize)]
struct Dumped<'a> {
    model: String,
    #[serde(borrow)]
    fields: &'a RawValue,
}

/// A client of the toolkit.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Application {
    client_id: String,
    client_secret: String,
    client_type: String,
    authorization_grant_type: String,
    name: String,
    hash_client_secret: Option<bool>,
    redirect_uris: String,
    post_logout_redirect_uris: String,
    allowed_origins: String,
}

pub(super) fn read(source: &Source) -> Result<Vec<Placed>, ImportError> {
    if source.is_json() { read_dump(source) } else { read_table(source) }
}

fn read_dump(source: &Source) -> Result<Vec<Placed>, ImportError> {
    let list: Vec<&RawValue> = source.json("what `manage.py dumpdata oauth2_provider.application` writes")?;
    let mut placed = Vec::new();
    for (at, raw) in list.iter().enumerate() {
        let place = source.place(&format!("[{at}]"), raw);
        let found = match serde_json::from_str::<Dumped<'_>>(raw.get()) {
            Ok(dumped) if dumped.model != MODEL && !dumped.model.ends_with(".application") => continue,
            Ok(dumped) => match serde_json::from_str::<Application>(dumped.fields.get()) {
                Ok(application) => found(application),
                Err(error) => Err(Unread::bad(None, format!("expected the fields of an application: {}", told(&error)))),
            },
            Err(error) => Err(Unread::bad(None, format!("expected an object of dumpdata: {}", told(&error)))),
        };
        placed.push((place, found));
    }
    Ok(placed)
}

fn read_table(source: &Source) -> Result<Vec<Placed>, ImportError> {
    let wanted = ["client_id", "client_secret", "client_type", "authorization_grant_type"];
    let rows = table::rows(source, &[TABLE], &wanted)?;
    let read = |row: Result<Columns, String>| match row {
        Ok(columns) => of_columns(&columns).map_err(|why| Unread::bad(columns.text("client_id"), why)).and_then(found),
        Err(why) => Err(Unread::bad(None, why)),
    };
    Ok(rows.into_iter().map(|(place, row)| (place, read(row))).collect())
}

fn of_columns(columns: &Columns) -> Result<Application, String> {
    let text = |name: &str| columns.text(name).unwrap_or_default().to_owned();
    Ok(Application {
        client_id: text("client_id"),
        client_secret: text("client_secret"),
        client_type: text("client_type"),
        authorization_grant_type: text("authorization_grant_type"),
        name: text("name"),
        hash_client_secret: columns.flag("hash_client_secret")?,
        redirect_uris: text("redirect_uris"),
        post_logout_redirect_uris: text("post_logout_redirect_uris"),
        allowed_origins: text("allowed_origins"),
    })
}

fn found(application: Application) -> Result<Found, Unread> {
    let id = application.client_id.clone();
    if application.authorization_grant_type != "client-credentials" {
        return Err(Unread::skipped(&id, "its grant is not client-credentials"));
    }
    if application.client_type == "public" {
        return Err(Unread::skipped(&id, "it is a public client: nothing proves it"));
    }
    let mut found = Found::of_id(application.client_id);
    found.name = Some(application.name);
    let no_redirects = super::NO_REDIRECTS;
    found.leave_out_unless_empty("redirect_uris", application.redirect_uris.is_empty(), no_redirects);
    found.leave_out_unless_empty("post_logout_redirect_uris", application.post_logout_redirect_uris.is_empty(), no_redirects);
    found.leave_out_unless_empty("allowed_origins", application.allowed_origins.is_empty(), super::NO_BROWSERS);
    let secret = application.client_secret;
    if secret.is_empty() {
        return Err(Unread::bad(Some(&id), "client_secret: there is none"));
    }
    // Servers that were told not to hash have the secret itself, whatever it looks like.
    match hash_of(&secret) {
        _ if application.hash_client_secret == Some(false) => found.add_secret(secret, None),
        Ok(Some(hash)) => found.add_hash(hash, None),
        // Taken for a secret, a hash would let in whoever has the dump.
        Ok(None) if application.hash_client_secret == Some(true) => {
            return Err(Unread::bad(Some(&id), "client_secret: it is a hash of a kind that is not known here"));
        }
        Ok(None) => found.add_secret(secret, None),
        Err(error) => return Err(Unread::bad(Some(&id), format!("client_secret: {error}"))),
    }
    Ok(found)
}

/// A hash as Django's hashers write it; none where it is no hash, since servers of before version 2 kept secrets in clear.
fn hash_of(text: &str) -> Result<Option<ImportedHash>, HashError> {
    if UNVERIFIABLE.iter().any(|prefix| text.starts_with(prefix)) {
        return Err(HashError::Unknown);
    }
    let Some((algorithm, rest)) = text.split_once('$') else { return Ok(None) };
    match algorithm {
        "pbkdf2_sha256" => pbkdf2(HashScheme::Pbkdf2Sha256, rest),
        "pbkdf2_sha1" => pbkdf2(HashScheme::Pbkdf2Sha1, rest),
        // What follows is the library's own text.
        "argon2" => ImportedHash::parse(&format!("${rest}")),
        "bcrypt" => ImportedHash::parse(rest),
        "bcrypt_sha256" => ImportedHash::parse(&format!("$bcrypt-sha256{rest}")),
        "scrypt" => scrypt(rest),
        _ => return Ok(None),
    }
    .map(Some)
}

/// `ITERATIONS$SALT$HASH`, the salt as it is.
fn pbkdf2(scheme: HashScheme, text: &str) -> Result<ImportedHash, HashError> {
    let malformed = HashError::Malformed("ITERATIONS$SALT$HASH");
    let mut fields = text.split('$');
    let (Some(iterations), Some(salt), Some(key), None) = (fields.next(), fields.next(), fields.next(), fields.next()) else {
        return Err(malformed);
    };
    let (Ok(iterations), Ok(key)) = (iterations.parse(), STANDARD.decode(key)) else { return Err(malformed) };
    ImportedHash::pbkdf2(scheme, iterations, salt.as_bytes(), &key)
}

/// `N$SALT$R$P$HASH`, the salt as it is.
fn scrypt(text: &str) -> Result<ImportedHash, HashError> {
    let malformed = HashError::Malformed("N$SALT$R$P$HASH");
    let fields: Vec<&str> = text.split('$').collect();
    let [n, salt, r, p, key] = fields.as_slice() else { return Err(malformed) };
    let (Ok(n), Ok(r), Ok(p), Ok(key)) = (n.parse(), r.parse(), p.parse(), STANDARD.decode(key)) else { return Err(malformed) };
    ImportedHash::scrypt(n, r, p, salt.as_bytes(), &key)
}
