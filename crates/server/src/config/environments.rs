//! `[environments.NAME]`: where each environment listens. Its issuer and the rest of it are in the registry.

use std::net::SocketAddr;
use std::path::Path;

use mintmark_core::document::TableReader;
use mintmark_core::model::EnvironmentName;
use mintmark_core::token::HerdRules;

use super::section::{Setting, read_integer, variable_name};
use super::{PreviousSettings, ProxySettings, TlsSettings, Variables, previous, proxy, tls};

/// Where one environment listens.
#[derive(Clone, Debug)]
pub struct EnvironmentSettings {
    /// The environment.
    pub name: EnvironmentName,
    /// The address and port.
    pub listen: SocketAddr,
    /// The hosts that requests may name; any if there is none, since the listener already says which environment is meant.
    pub hosts: Vec<String>,
    /// Its TLS; plain HTTP without.
    pub tls: Option<TlsSettings>,
    /// The proxies before it.
    pub proxy: Option<ProxySettings>,
    /// What is done about clients that ask far too often.
    pub herd: HerdRules,
    /// The keys of the issuer before.
    pub previous: Option<PreviousSettings>,
}

/// The lines of the reference.
pub(super) fn settings() -> Vec<Setting> {
    [own_settings(), tls::settings("environments.NAME.tls"), proxy::settings(), previous::settings()].concat()
}

fn own_settings() -> Vec<Setting> {
    let section = "environments.NAME";
    vec![
        Setting {
            section,
            key: "listen",
            default: "(none; must be given)".to_owned(),
            doc: " The address and port that this environment is served at. The listener alone says which environment is meant.",
        },
        Setting {
            section,
            key: "hosts",
            default: "[]".to_owned(),
            doc: " The exact values of `Host` that are answered, such as `api.example.com`; others get 421. Any, where the list is \
                  empty. The variable takes them separated by commas.",
        },
        Setting {
            section,
            key: "expiry_jitter",
            default: "0".to_owned(),
            doc: " By how many percent, at most 50, a token's life is shortened at most, each by chance, so that clients that got theirs \
                  together do not come back together. `expires_in` says what the token has.",
        },
        Setting {
            section,
            key: "reuse",
            default: "0".to_owned(),
            doc: " For how many seconds, at most 3600, a token is given again to the same credential for the same request, while at \
                  least half of its life is left: see [herd.md](herd.md). 0 makes each token anew. Tokens that are bound to a key or \
                  certificate, and tokens that were revoked, are never given again.",
        },
    ]
}

pub(super) fn read(top: &TableReader<'_>, variables: &Variables, folder: &Path) -> Vec<EnvironmentSettings> {
    let Some(table) = top.required_table("environments") else { return Vec::new() };
    let mut environments: Vec<EnvironmentSettings> = Vec::new();
    for (key, node) in table.all() {
        let Some(entry) = TableReader::of(node, table.path_of(&key.name), table.diagnostics()) else { continue };
        let name = key.name.parse::<EnvironmentName>();
        if let Err(error) = &name {
            table.diagnostics().report(&key.place, format!("`environments`: {error}"));
        }
        let section = format!("environments.{}", key.name);
        let listen = read_listen(&entry, variables, &section);
        let hosts = match variables.take(&variable_name(&section, "hosts")) {
            Some(list) => read_host_list(&list, variables, &section),
            None => entry.texts("hosts").unwrap_or_default().into_iter().map(|(host, _)| host.to_owned()).collect(),
        };
        let tls = tls::read(Some(&entry), variables, &section);
        let proxy = proxy::read(&entry, variables, &section, folder);
        let previous = previous::read(&entry, variables, &section, folder);
        check_certificates(&entry, proxy.as_ref(), tls.as_ref());
        let percent = read_integer(Some(&entry), variables, (&section, "expiry_jitter"), 0, 0..=50);
        let seconds = read_integer(Some(&entry), variables, (&section, "reuse"), 0, 0..=3600);
        let herd = HerdRules { expiry_jitter: u32::try_from(percent).unwrap_or(0), reuse: u32::try_from(seconds).unwrap_or(0) };
        entry.also_known(&["hosts", "listen"]);
        if let (Ok(name), Some(listen)) = (name, listen) {
            if let Some(other) = environments.iter().find(|other| other.listen == listen && listen.port() != 0) {
                entry.report(format!("`{section}.listen`: {listen} is the listener of {} already", other.name));
            }
            environments.push(EnvironmentSettings { name, listen, hosts, tls, proxy, herd, previous });
        }
        entry.finish();
    }
    if table.all().next().is_none() {
        table.report("`environments`: expected at least one, such as [environments.production] with listen = \"0.0.0.0:8080\"");
    }
    environments
}

/// A proxy that proves itself with a certificate must be asked for one.
fn check_certificates(entry: &TableReader<'_>, proxy: Option<&ProxySettings>, tls: Option<&TlsSettings>) {
    let has_certificate = proxy.is_some_and(|proxy| !proxy.certificates.is_empty());
    if has_certificate && !tls.is_some_and(|tls| tls.client_certificates) {
        let path = entry.path_of("proxy.certificate_sha256");
        entry.report(format!("`{path}`: nobody is asked for a certificate: tls.client_certificates = true is missing"));
    }
}

/// Hosts separated by commas. An empty list is a mistake: it would take the check away that the file asks for.
fn read_host_list(list: &str, variables: &Variables, section: &str) -> Vec<String> {
    let hosts: Vec<String> = list.split(',').map(|host| host.trim().to_owned()).collect();
    if hosts.iter().any(String::is_empty) {
        variables.report(&variable_name(section, "hosts"), "expected hosts separated by commas, none of them empty");
    }
    hosts
}

fn read_listen(entry: &TableReader<'_>, variables: &Variables, section: &str) -> Option<SocketAddr> {
    let name = variable_name(section, "listen");
    if let Some(text) = variables.take(&name) {
        let parsed = text.parse().ok();
        if parsed.is_none() {
            variables.report(&name, "expected an address and a port, such as 0.0.0.0:8080");
        }
        return parsed;
    }
    let text = entry.required_text("listen")?;
    let parsed = text.parse().ok();
    if parsed.is_none()
        && let Some(node) = entry.node("listen")
    {
        let message = format!("`{section}.listen`: expected an address and a port, such as \"0.0.0.0:8080\"");
        entry.diagnostics().report(&node.place, message);
    }
    parsed
}
