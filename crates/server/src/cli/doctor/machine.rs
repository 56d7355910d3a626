//! What lies on this machine: root keys, certificates, space.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::Finding;
use crate::cli::Failure;
use crate::cli::place::Files;
use crate::cli::serve::{Secrets, management_tls};
use crate::config::Config;
use crate::tls::ServerTls;

/// Certificates are to be seen to so many days before their end.
const DAYS: i64 = 30;
/// Below so many bytes there is little room, and below so many next to none.
const LITTLE: u64 = 1024 * 1024 * 1024;
const NOTHING: u64 = 64 * 1024 * 1024;

/// Master keys and peppers: whether they can be read, and by whom else.
pub(super) fn examine_root_keys(files: &Files, findings: &mut Vec<Finding>) {
    const WHAT: &str = "root keys";
    let path = files.root_keys.display();
    findings.push(match files.read_root_keys() {
        Ok(_) if files.root_keys_text.is_some() => Finding::ok(WHAT, "readable, from a variable"),
        Ok(_) => Finding::ok(WHAT, format!("{path} is readable, and for its owner alone")),
        Err(Failure(message)) => {
            Finding::fail(WHAT, message, "without them no key opens and no secret is recognized; put the file back")
        }
    });
    let folder = Some(files.folder()).filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    if files.root_keys_text.is_none() && std::fs::metadata(folder).is_ok_and(|found| found.mode() & 0o022 != 0) {
        let folder = folder.display();
        let found = format!("others may write into {folder}, and so put another file in its place");
        findings.push(Finding::warn("folder of the root keys", found, format!("chmod go-w {folder}")));
    }
}

/// The certificates of listeners.
pub(super) fn examine_certificates(config: &Config, findings: &mut Vec<Finding>) {
    for environment in config.environments.iter().filter(|one| one.tls.is_some() || one.proxy.is_some()) {
        let read = Secrets::read(environment, &config.folder);
        let what = format!("TLS of {}", environment.name);
        findings.push(match read {
            Ok(Secrets { tls: Some(tls), .. }) => certificate(what, &tls),
            Ok(_) => Finding::ok(format!("proxies of {}", environment.name), "their secrets are readable"),
            Err(Failure(message)) => Finding::fail(what, message, "correct the files that the configuration names"),
        });
    }
    if let Some(admin) = config.admin.as_ref().filter(|admin| admin.tls.is_some()) {
        let what = "TLS of the management side".to_owned();
        match management_tls(admin, &config.folder) {
            Ok(tls) => findings.extend(tls.map(|tls| certificate(what, &tls))),
            Err(Failure(message)) => {
                findings.push(Finding::fail(what, message, "correct the files that the configuration names"));
            }
        }
    }
}

fn certificate(what: String, tls: &ServerTls) -> Finding {
    let days = tls.days_left();
    if days < 0 {
        return Finding::fail(what, "the certificate has expired", "renew it, then send the server SIGHUP");
    }
    let found = format!("the certificate is good for {days} days");
    if days < DAYS { Finding::warn(what, found, "renew it, then send the server SIGHUP") } else { Finding::ok(what, found) }
}

/// Room where the database file and the snapshot are.
pub(super) fn examine_space(files: &Files, config: Option<&Config>, findings: &mut Vec<Finding>) {
    let database = files.store.path().map(|file| file.parent().unwrap_or(Path::new("")).to_owned());
    let snapshot = config.and_then(Config::snapshot_path);
    for (what, folder) in [("space for the database", database), ("space for the snapshot", snapshot)] {
        findings.extend(folder.map(|folder| space(what, &folder)));
    }
}

fn space(what: &str, folder: &Path) -> Finding {
    // A folder that is made later is where the nearest one is that is there.
    let there = folder.ancestors().map(Path::to_owned).find(|one| one.exists());
    let there = there.filter(|one| !one.as_os_str().is_empty()).unwrap_or_else(|| PathBuf::from("."));
    let free = match rustix::fs::statvfs(&there) {
        Ok(found) => found.f_bavail.saturating_mul(found.f_frsize),
        Err(error) => {
            let found = format!("{}: {error}", there.display());
            return Finding::warn(what, found, "look whether the folder can be reached");
        }
    };
    let found = format!("{} MiB free at {}", free / (1024 * 1024), there.display());
    match free {
        ..NOTHING => Finding::fail(what, found, "make room: without it nothing can be changed"),
        NOTHING..LITTLE => Finding::warn(what, found, "make room before it is used up"),
        LITTLE.. => Finding::ok(what, found),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::doctor::Standing;

    #[test]
    fn space_is_found_also_where_the_folder_is_not_made_yet() {
        let folder = tempfile::tempdir().unwrap();
        let found = space("space", &folder.path().join("a/b"));
        assert!(found.found.contains(&format!("MiB free at {}", folder.path().display())), "{found:?}");
        assert_ne!(space("space", Path::new("")).found, "");
        assert_eq!(space("space", Path::new("/proc/self")).standing, Standing::Fail, "there is none at all");
    }
}
