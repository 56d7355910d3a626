//! A client as it was found, and what it needs to be one here.

use mintmark_core::clock::Timestamp;
use mintmark_core::crypto::{ImportedHash, SecretText};
use mintmark_core::model::{ClientId, Proof, ScopeToken, Status};
use mintmark_core::registry::{ClientToImport, CredentialToImport, LeftOut, ProofToImport};

use super::Assumed;

/// The most scopes of one client.
const MOST_SCOPES: usize = 500;
/// The longest name that the registry takes, in characters.
const LONGEST_NAME: usize = 200;

/// A client as it was found.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) id: String,
    pub(super) name: Option<String>,
    pub(super) is_disabled: bool,
    /// None where the file does not say.
    pub(super) scopes: Option<Vec<String>>,
    /// In seconds.
    pub(super) lifetime: Option<u64>,
    pub(super) credentials: Vec<CredentialToImport>,
    pub(super) left_out: Vec<LeftOut>,
}

impl Found {
    pub(super) fn of_id(id: String) -> Self {
        Self { id, ..Self::default() }
    }

    /// Notes that something has no place here.
    pub(super) fn leave_out(&mut self, what: impl Into<String>, why: impl Into<String>) {
        self.left_out.push(LeftOut { what: what.into(), why: why.into() });
    }

    /// Notes that a list or text has no place here, unless it is empty.
    pub(super) fn leave_out_unless_empty(&mut self, what: &str, is_empty: bool, why: &str) {
        if !is_empty {
            self.leave_out(what, why);
        }
    }

    pub(super) fn add_secret(&mut self, secret: String, expires_at: Option<Timestamp>) {
        let proof = ProofToImport::Secret(SecretText::new(secret));
        self.credentials.push(CredentialToImport { proof, expires_at });
    }

    pub(super) fn add_hash(&mut self, hash: ImportedHash, expires_at: Option<Timestamp>) {
        self.credentials.push(CredentialToImport { proof: ProofToImport::Hash(hash), expires_at });
    }

    pub(super) fn add_proof(&mut self, proof: Proof) {
        self.credentials.push(CredentialToImport { proof: ProofToImport::Other(proof), expires_at: None });
    }

    /// The client, or why it cannot be one, with what was left out.
    pub(super) fn into_client(self, assumed: &Assumed) -> (Result<ClientToImport, String>, Vec<LeftOut>) {
        let Self { id, name, is_disabled, scopes, lifetime, credentials, mut left_out } = self;
        let id: ClientId = match id.parse() {
            Ok(id) => id,
            Err(error) => return (Err(format!("client_id: {error}")), left_out),
        };
        let scopes = match scopes {
            Some(scopes) => read_scopes(&scopes, &mut left_out),
            None => Ok(assumed.scopes.iter().flat_map(|set| set.iter().cloned()).collect()),
        };
        let scopes = match scopes {
            Ok(scopes) => scopes,
            Err(why) => return (Err(why), left_out),
        };
        let name = name.map(|name| shortened(&name, &mut left_out));
        let status = if is_disabled { Status::Disabled } else { Status::Active };
        (Ok(ClientToImport { id, name, status, scopes, lifetime_max: lifetime, credentials }), left_out)
    }
}

fn read_scopes(scopes: &[String], left_out: &mut Vec<LeftOut>) -> Result<Vec<ScopeToken>, String> {
    if scopes.len() > MOST_SCOPES {
        return Err(format!("scopes: expected at most {MOST_SCOPES}, there are {}", scopes.len()));
    }
    let mut read = Vec::with_capacity(scopes.len());
    for scope in scopes {
        match scope.parse() {
            Ok(scope) => read.push(scope),
            Err(error) => {
                let why = format!("it is no scope: {error}");
                left_out.push(LeftOut { what: "scope".to_owned(), why });
            }
        }
    }
    Ok(read)
}

/// A name as the registry takes it: other servers let it be longer.
fn shortened(name: &str, left_out: &mut Vec<LeftOut>) -> String {
    let plain: String = name.trim().chars().filter(|character| !character.is_control()).take(LONGEST_NAME).collect();
    if plain != name.trim() {
        let why = format!("a name has at most {LONGEST_NAME} characters and no control characters");
        left_out.push(LeftOut { what: "a part of the name".to_owned(), why });
    }
    plain
}
