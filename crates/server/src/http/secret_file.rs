//! A file of secrets that other programs of the operator prove themselves with: proxies, and who reads metrics.

use std::fmt;
use std::path::{Path, PathBuf};

use arc_swap::ArcSwap;
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};

use crate::tls::{Reloadable, TlsError, read_private};

/// The shortest secret, in bytes.
const MIN: usize = 32;
/// The longest; a longer header is not even hashed.
const MAX: usize = 1024;

/// The secrets of one file, kept as digests.
pub struct SecretFile {
    /// What the secrets are, in words.
    what: &'static str,
    path: PathBuf,
    digests: ArcSwap<Vec<[u8; 32]>>,
}

impl fmt::Debug for SecretFile {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("SecretFile").field("path", &self.path).finish_non_exhaustive()
    }
}

impl SecretFile {
    /// Reads the file; `what` is what its secrets are called in messages.
    pub fn open(path: &Path, what: &'static str) -> Result<Self, TlsError> {
        Ok(Self { what, path: path.to_owned(), digests: ArcSwap::from_pointee(read(path, what)?) })
    }

    /// Whether this is one of them. Every one is compared, and each in constant time.
    pub(crate) fn has(&self, secret: &[u8]) -> bool {
        if secret.len() > MAX {
            return false;
        }
        let given = sha256(secret);
        let matches = self.digests.load().iter().filter(|known| verify_slices_are_equal(*known, &given).is_ok()).count();
        matches > 0
    }
}

impl Reloadable for SecretFile {
    fn name(&self) -> String {
        self.what.to_owned()
    }

    fn paths(&self) -> Vec<PathBuf> {
        vec![self.path.clone()]
    }

    fn reload(&self) -> Result<(), TlsError> {
        self.digests.store(read(&self.path, self.what)?.into());
        Ok(())
    }
}

fn read(path: &Path, what: &str) -> Result<Vec<[u8; 32]>, TlsError> {
    let text = read_private(path, what)?;
    let secrets: Vec<&[u8]> =
        text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty()).collect();
    let is_good = |secret: &&[u8]| (MIN..=MAX).contains(&secret.len()) && secret.iter().all(u8::is_ascii_graphic);
    if secrets.is_empty() || secrets.len() > 16 || !secrets.iter().all(is_good) {
        return Err(TlsError(format!(
            "{}: expected 1 to 16 secrets, one a line, each of {MIN} to {MAX} printable ASCII characters without spaces; make one: \
             openssl rand -hex 32",
            path.display()
        )));
    }
    Ok(secrets.into_iter().map(sha256).collect())
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, bytes).as_ref());
    hash
}
