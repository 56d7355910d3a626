//! `[metrics]`: where the node's metrics and health checks are served to whoever operates it.

use std::net::SocketAddr;
use std::path::PathBuf;

use mintmark_core::document::TableReader;

use super::section::{Setting, read_boolean, read_text, variable_name};
use super::{TlsSettings, Variables, tls};

const SECTION: &str = "metrics";

/// Where metrics are served.
#[derive(Clone, Debug)]
pub struct MetricsSettings {
    /// The address and port.
    pub listen: SocketAddr,
    /// A file with the bearer tokens of those who may read them; a relative path starts from the configuration file's folder.
    pub token_file: Option<PathBuf>,
    /// Its TLS; plain HTTP without.
    pub tls: Option<TlsSettings>,
}

/// The lines of the reference.
pub(super) fn settings() -> Vec<Setting> {
    let setting = |key, default: &str, doc| Setting { section: SECTION, key, default: default.to_owned(), doc };
    let own = vec![
        setting(
            "listen",
            "\"\"",
            "The address and port of `/metrics`, such as `127.0.0.1:9464`: see [observability.md](observability.md). They are not served \
             where it is empty. `/livez`, `/readyz` and `/startupz` are served there too, without a token. A loopback address is \
             answered to its own names alone; any other needs `token_file` or `anonymous`.",
        ),
        setting(
            "token_file",
            "\"\"",
            "A file with the bearer tokens of those who may read `/metrics`, one a line, each of 32 characters or more, readable by \
             the server alone. SIGHUP reads it again, and so does a change within a minute.",
        ),
        setting(
            "anonymous",
            "false",
            "Whether everybody who can connect may read `/metrics` at an address that is not loopback. Metrics name environments and \
             dialects, and tell how busy they are; no client, tenant or secret.",
        ),
    ];
    [own, tls::own_settings("metrics.tls")].concat()
}

/// Nothing where they are not served.
pub(super) fn read(top: &TableReader<'_>, variables: &Variables) -> Option<MetricsSettings> {
    let table = top.table(SECTION);
    let text = |key| read_text(table.as_ref(), variables, (SECTION, key), "");
    let (listen, token_file) = (text("listen"), text("token_file"));
    let anonymous = read_boolean(table.as_ref(), variables, (SECTION, "anonymous"), false);
    let report = |key, message: &str| match &table {
        Some(table) => table.report(format!("`{SECTION}.{key}`: {message}")),
        None => variables.report(&variable_name(SECTION, key), message),
    };
    let tls = tls::read_own(table.as_ref(), variables, SECTION);
    let address: Option<SocketAddr> = listen.parse().ok();
    if !listen.is_empty() && address.is_none() {
        report("listen", "expected an address and a port, such as \"127.0.0.1:9464\"");
    }
    let is_loopback = address.is_none_or(|address| address.ip().to_canonical().is_loopback());
    if !is_loopback && token_file.is_empty() && !anonymous {
        report("listen", "others can reach this address: name a token_file, or set anonymous = true if everybody may read it");
    }
    if anonymous && !token_file.is_empty() {
        report("anonymous", "there is a token_file already: take one of the two away");
    }
    if let Some(table) = table {
        table.finish();
    }
    let token_file = (!token_file.is_empty()).then(|| PathBuf::from(token_file));
    Some(MetricsSettings { listen: address?, token_file, tls })
}
