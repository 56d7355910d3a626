//! The one file in which new secrets are handed over.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use mintmark_core::model::EnvironmentName;
use mintmark_core::registry::NewSecret;
use zeroize::Zeroizing;

use crate::cli::Failure;

/// Writes secrets to a file that only its owner can read and that was not there, as JSON. Returns when it is durable.
pub(super) fn write(path: &Path, environment: &EnvironmentName, secrets: &[NewSecret]) -> Result<PathBuf, Failure> {
    let failed = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => Failure(format!(
            "{}: it exists already, and secrets are never written over anything; name a new file",
            path.display()
        )),
        _ => Failure(format!("{}: {error}", path.display())),
    };
    let mut file = File::options().write(true).create_new(true).mode(0o600).open(path).map_err(failed)?;
    let written = file.write_all(json(environment, secrets).as_bytes()).and_then(|()| file.sync_all());
    if let Err(error) = written {
        let _ = fs::remove_file(path);
        return Err(failed(error));
    }
    // The folder too, so that the file is found after a power cut.
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)?;
    Ok(path.to_owned())
}

/// One line for each secret, in a buffer that is wiped. Identifiers and secrets hold nothing that JSON would escape but for those that
/// clients bring along.
fn json(environment: &EnvironmentName, secrets: &[NewSecret]) -> Zeroizing<String> {
    let longest = secrets.len().saturating_mul(1024).saturating_add(256);
    let mut text = Zeroizing::new(String::with_capacity(longest));
    text.push_str("{\"environment\":");
    text.push_str(&serde_json::Value::from(environment.as_str()).to_string());
    text.push_str(",\"secrets\":[");
    for (at, one) in secrets.iter().enumerate() {
        text.push_str(if at == 0 { "\n" } else { ",\n" });
        let client = serde_json::Value::from(one.client_id.as_str());
        // Writing to a `String` cannot fail.
        let _ = write!(
            text,
            "{{\"client_id\":{client},\"credential_id\":\"{}\",\"kind\":\"{}\",\"client_secret\":\"{}\"}}",
            one.credential_id,
            one.kind.as_str(),
            one.secret.text().expose()
        );
    }
    text.push_str("\n]}\n");
    text
}
