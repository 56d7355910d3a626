//! `[admin]`: where the management side is served, the management API and the dashboard.

use std::net::SocketAddr;

use mintmark_core::document::TableReader;
use mintmark_core::management::Origin;

use super::section::{Setting, read_text, variable_name};
use super::{TlsSettings, Variables, tls};

const SECTION: &str = "admin";

/// Where the management side is served.
#[derive(Clone, Debug)]
pub struct AdminSettings {
    /// The address and port.
    pub listen: SocketAddr,
    /// The origin that browsers see, without a slash at the end. Requests must name its host.
    pub origin: String,
    /// Its TLS; plain HTTP without.
    pub tls: Option<TlsSettings>,
}

/// The lines of the reference.
pub(super) fn settings() -> Vec<Setting> {
    let setting = |key, doc| Setting { section: SECTION, key, default: "\"\"".to_owned(), doc };
    let own = vec![
        setting(
            "listen",
            "The address and port of the management API and the dashboard: see [management-api.md](management-api.md). They are not \
             served where it is empty.",
        ),
        setting(
            "origin",
            "Where people and programs reach it, such as `https://admin.example.com`; `http` is for loopback addresses only. Requests \
             that name another host get 421.",
        ),
    ];
    [own, tls::settings("admin.tls")].concat()
}

/// Nothing where it is not served.
pub(super) fn read(top: &TableReader<'_>, variables: &Variables) -> Option<AdminSettings> {
    let table = top.table(SECTION);
    let text = |key| read_text(table.as_ref(), variables, (SECTION, key), "");
    let (listen, origin) = (text("listen"), text("origin"));
    let report = |key, message: &str| match &table {
        Some(table) => table.report(format!("`{SECTION}.{key}`: {message}")),
        None => variables.report(&variable_name(SECTION, key), message),
    };
    let tls = tls::read(table.as_ref(), variables, SECTION);
    let address = listen.parse().ok();
    if !listen.is_empty() && address.is_none() {
        report("listen", "expected an address and a port, such as \"127.0.0.1:8090\"");
    }
    if listen.is_empty() != origin.is_empty() {
        report("origin", "expected both listen and origin, or neither");
    }
    if let Some(error) = Origin::parse(&origin).err().filter(|_| !origin.is_empty()) {
        report("origin", &error.to_string());
    }
    if let Some(table) = table {
        table.finish();
    }
    Some(AdminSettings { listen: address?, origin, tls })
}
