//! Who holds a port, so that "address already in use" comes with an answer. Linux only; elsewhere, or for another user's
//! process, the message says so much less.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::path::Path;

/// Why an address could not be bound, who holds it, and what to do.
pub(super) fn explain_bind(address: SocketAddr, error: &std::io::Error, advice: &str) -> String {
    match error.kind() {
        ErrorKind::AddrInUse => {
            let holder = holder_of(address.port()).unwrap_or_else(|| "another process".to_owned());
            format!("port {} is in use by {holder}; {advice}", address.port())
        }
        ErrorKind::PermissionDenied => {
            format!("this user may not listen at port {}; {advice}, or give the program the right to", address.port())
        }
        _ => format!("{address} cannot be listened at: {error}; {advice}"),
    }
}

/// `name (pid N)` of the process that listens at a port.
fn holder_of(port: u16) -> Option<String> {
    let inode = ["/proc/net/tcp", "/proc/net/tcp6"].iter().find_map(|table| listening_inode(table, port))?;
    let link = format!("socket:[{inode}]");
    let processes = std::fs::read_dir("/proc").ok()?;
    for process in processes.flatten() {
        let path = process.path();
        // Beside the processes there are `self` and `thread-self`, which are no numbers.
        let is_process = process.file_name().to_string_lossy().bytes().all(|digit| digit.is_ascii_digit());
        if is_process && holds(&path, &link) {
            let name = std::fs::read_to_string(path.join("comm")).unwrap_or_default();
            return Some(format!("{} (pid {})", name.trim(), process.file_name().to_string_lossy()));
        }
    }
    None
}

/// The inode of the socket that listens at a port, by the kernel's table (proc(5)).
fn listening_inode(table: &str, port: u16) -> Option<String> {
    const LISTENING: &str = "0A";
    let text = std::fs::read_to_string(table).ok()?;
    text.lines().skip(1).find_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let (_, local_port) = fields.get(1)?.rsplit_once(':')?;
        let is_it = u16::from_str_radix(local_port, 16) == Ok(port) && *fields.get(3)? == LISTENING;
        if is_it { fields.get(9).map(|inode| (*inode).to_owned()) } else { None }
    })
}

fn holds(process: &Path, link: &str) -> bool {
    let Ok(descriptors) = std::fs::read_dir(process.join("fd")) else { return false };
    descriptors.flatten().any(|one| std::fs::read_link(one.path()).is_ok_and(|target| target.as_os_str() == link))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn names_the_process_that_holds_a_port() {
        let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = socket.local_addr().unwrap();
        let error = std::net::TcpListener::bind(address).unwrap_err();
        let message = explain_bind(address, &error, "try --port-base 9000");
        let expected = format!("(pid {}); try --port-base 9000", std::process::id());
        assert!(message.starts_with(&format!("port {} is in use by ", address.port())), "{message}");
        assert!(message.ends_with(&expected), "{message}");
    }
}
