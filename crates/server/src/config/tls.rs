//! `[environments.NAME.tls]`: TLS of one listener.

use std::path::Path;

use mintmark_core::document::TableReader;

use super::Variables;
use super::section::{Setting, read_boolean, read_text, variable_name};
use crate::tls::TlsFiles;

/// TLS of one listener.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsSettings {
    certificate: String,
    key: String,
    client_ca: String,
    /// Whether clients are asked for a certificate.
    pub client_certificates: bool,
}

impl TlsSettings {
    /// The files; relative paths start from `folder`.
    pub fn files(&self, folder: &Path) -> TlsFiles {
        TlsFiles {
            certificate: folder.join(&self.certificate),
            key: folder.join(&self.key),
            client_ca: (!self.client_ca.is_empty()).then(|| folder.join(&self.client_ca)),
            asks_clients: self.client_certificates,
        }
    }
}

/// The lines of the reference, for the listener of a section.
pub(super) fn settings(section: &'static str) -> Vec<Setting> {
    let setting = |key, default: &str, doc| Setting { section, key, default: default.to_owned(), doc };
    vec![
        setting(
            "certificate",
            "\"\"",
            "The server's certificate and those between it and its authority, a PEM file. Without it the listener speaks plain HTTP. \
             SIGHUP reads the files of this section again, and so does a change of one within a minute.",
        ),
        setting("key", "\"\"", "The certificate's private key, a PEM file, readable by the server alone."),
        setting(
            "client_certificates",
            "false",
            "Whether clients are asked for a certificate, as `tls_client_auth` and `self_signed_tls_client_auth` need it. One that \
             has none is served all the same. Browsers ask their users.",
        ),
        setting(
            "client_ca",
            "\"\"",
            "The authorities that vouch for clients of `tls_client_auth`, a PEM file. The system's are never asked.",
        ),
    ]
}

/// Nothing where TLS is not configured.
pub(super) fn read(entry: Option<&TableReader<'_>>, variables: &Variables, section: &str) -> Option<TlsSettings> {
    let table = entry.and_then(|entry| entry.table("tls"));
    let section = format!("{section}.tls");
    let text = |key| read_text(table.as_ref(), variables, (&section, key), "");
    let settings = TlsSettings {
        certificate: text("certificate"),
        key: text("key"),
        client_ca: text("client_ca"),
        client_certificates: read_boolean(table.as_ref(), variables, (&section, "client_certificates"), false),
    };
    let report = |key, message: &str| match &table {
        Some(table) => table.report(format!("`{section}.{key}`: {message}")),
        None => variables.report(&variable_name(&section, key), message),
    };
    if settings.certificate.is_empty() != settings.key.is_empty() {
        report("certificate", "a certificate needs its key, and the other way round");
    }
    if !settings.client_ca.is_empty() && !settings.client_certificates {
        report("client_ca", "nobody is asked for a certificate: add client_certificates = true");
    }
    if settings.certificate.is_empty() && settings.client_certificates {
        report("client_certificates", "without a certificate of its own the listener speaks plain HTTP");
    }
    if let Some(table) = table {
        table.finish();
    }
    (!settings.certificate.is_empty()).then_some(settings)
}
